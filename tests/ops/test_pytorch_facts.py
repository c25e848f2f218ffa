"""Every operator against what PyTorch did with it, and `same` padding against TensorFlow's rule."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import archcalc

Case = dict[str, Any]
RECORDED: dict[str, list[Case]] = yaml.safe_load(Path(__file__).with_name("pytorch_facts.yaml").read_text("utf-8"))


def label(case: Case) -> str:
    arguments = ",".join(f"{name}={value}" for name, value in case["arguments"].items())
    return f"{case['op']}({arguments})-{case['input']}".replace(" ", "")


def analyzed(case: Case) -> archcalc.Report:
    step = {case["op"]: case["arguments"]} if case["arguments"] else case["op"]
    return archcalc.analyze(yaml.safe_dump({"input": case["input"], "layers": [step]}))


@pytest.mark.parametrize("case", RECORDED["facts"], ids=label)
def test_pytorch(case: Case) -> None:
    report = analyzed(case)
    totals = report.totals
    assert report.layers[-1].output_shape == tuple(case["output"])
    assert (totals.params, totals.buffers, totals.mult_adds) == (
        case["params"],
        case["buffers"],
        case.get("mult_adds", 0),
    )


@pytest.mark.parametrize("case", RECORDED["same_padding"], ids=label)
def test_same_padding(case: Case) -> None:
    layer = analyzed(case).layers[-1]
    assert layer.output_shape == tuple(case["output"])
    assert layer.receptive_field is not None
    # output 0 first sees the outermost padding before the input
    assert tuple(layer.receptive_field.start) == tuple(-before for before in case["before"])
