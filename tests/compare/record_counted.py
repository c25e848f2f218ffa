"""Writes ../counting/torchvision_counted.yaml anew: python -m compare.record_counted, in tests/, with the tools installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from .classifiers import classifier
from .counters import PACKAGES, TOOLS, Counted, packaged

COUNTING = Path(__file__).parents[1] / "counting"
PLACE = COUNTING / "torchvision_counted.yaml"
TOTALS = Path(__file__).parents[1] / "torchvision_totals.yaml"
WITHOUT_HEADS: dict[str, dict[str, Any]] = {
    model: {"aux_logits": False, "init_weights": False} for model in ("googlenet", "inception_v3")
}

BATCHES = [("resnet50", 2), ("efficientnet_b0", 2), ("vit_b_16", 2)]


def header() -> str:
    """What the file holds, and how it was made."""
    versions = ", ".join(f"{tool} {packaged(tool)}" for tool in PACKAGES if tool not in ("ptflops-aten", *MACS))
    return f"""\
# What tools that count operations print of torchvision {packaged_torchvision()}'s own classification models, run by PyTorch {packaged("flop_counter")}
# on a CPU in evaluation mode: one sample (or a batch) of the size that their evaluation transform crops to, without the auxiliary
# heads of training. Each tool was called as its README says (compare/counters.py); none of these figures is made by archcalc.
#
# {versions}.
# ptflops, ptflops-aten: its two backends. calflops-macs, deepspeed-macs: the MACs that they print beside the FLOPs.
# thop: the original. flop_counter: torch.utils.flop_counter.FlopCounterMode.
#
# params: all parameters of the model, which is what the tools print unless other_params says otherwise.
# A text in place of a number is the error that the tool ends with.

models:
"""


MACS = ("calflops-macs", "deepspeed-macs")


def packaged_torchvision() -> str:
    """The version of torchvision."""
    from importlib.metadata import version

    return version("torchvision").partition("+")[0]


def cases() -> list[dict[str, Any]]:
    """The models, each with its size, and the batch where it is not 1."""
    totals = yaml.safe_load(TOTALS.read_text("utf-8"))
    sizes = {total["model"]: total["size"] for total in totals if not total.get("training")}
    plain = [{"model": model, "size": size} for model, size in sizes.items()]
    return [*plain, *({"model": model, "size": sizes[model], "batch": batch} for model, batch in BATCHES)]


def counted(case: dict[str, Any]) -> dict[str, Any]:
    """The case with what every tool says."""
    model = classifier(case["model"], **WITHOUT_HEADS.get(case["model"], {}))
    inputs = (torch.zeros(case.get("batch", 1), 3, case["size"], case["size"]),)
    found = {tool: count(model, inputs) for tool, count in TOOLS.items()}
    return {**case, **figures(sum(weight.numel() for weight in model.parameters()), found)}


def figures(params: int, found: dict[str, Counted]) -> dict[str, Any]:
    """The figures of all tools; params only once where they agree."""
    other = {tool: count.params for tool, count in found.items() if count.params != params}
    operations = {tool: count.reason or count.operations for tool, count in found.items()}
    return {"params": params, **({"other_params": other} if other else {}), "operations": operations}


def line(figures: dict[str, Any]) -> str:
    """The figures as a line of YAML."""
    return f"- {yaml.safe_dump(figures, default_flow_style=True, sort_keys=False, width=10_000)}"


def main() -> None:
    """Write the file, line by line."""
    text = header()
    for case in cases():
        text += line(counted(case))
        PLACE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
