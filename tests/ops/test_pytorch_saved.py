"""What every operator keeps for its backward pass against what PyTorch kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

import archcalc
from archcalc.ops import OPS
from archcalc.recorded import product
from archcalc.saved import INDEX, Own, Saved

if TYPE_CHECKING:
    from collections.abc import Callable

Case = dict[str, Any]
RECORDED: list[Case] = yaml.safe_load(Path(__file__).with_name("pytorch_saved.yaml").read_text("utf-8"))["saved"]

COMPOSED = {
    "radial_basis": "keeps the differences to the prototypes",
    "lp_pool": "keeps what each function of the composition needs",
    "l2_norm": "keeps the length before and after it is bounded from below",
    "local_response_norm": "keeps the padded squares and two tensors of sums",
    "highway_gate": "keeps 1 - t, and of each product the other factor alone",
    "capsule": "routes on detached predictions, and keeps a copy of the weights",
    "squash": "keeps factors of each vector",
    "lstm": "keeps a workspace of oneDNN, or without it the tanh of each state too",
    "gru": "keeps the operands of each product in each step",
}
"""Operators that PyTorch composes of functions, each of which keeps what it needs itself."""

ELSEWHERE: list[tuple[str, Callable[[Case], bool]]] = [
    (
        "the input is padded by a copy first, and that is kept",
        lambda c: "kernel: 4" in c["step"] or "[[0, 1]" in c["step"],
    ),
    ("the input is padded by a copy first, and that is kept", lambda c: c["op"] == "max_pool" and "same" in c["step"]),
    ("a convolution keeps its input though its weights are frozen", lambda c: "conv" in c["op"] and "frozen" in c),
    (
        "by running statistics there are none of the batch",
        lambda c: "evaluation" in c and "statistics" not in c["step"],
    ),
    ("the scale is repeated for each sample", lambda c: c["op"] == "instance_norm" and "scale: true" in c["step"]),
    ("out of place the input is kept", lambda c: c["op"] in {"leaky_relu", "elu", "selu"} and "in_place" not in c),
    ("the indices are a tensor", lambda c: c["op"] == "select"),
    ("three are merged two by two", lambda c: c["op"] in {"multiply", "max"} and "c" in c["input"]),
    ("keys and values of unequal width are not fused", lambda c: "value: 5" in c["step"] and "stored" not in c),
]
"""Why PyTorch keeps something else, and where."""


class Kept(NamedTuple):
    """Inputs and output by reference; elements of its own, of floating point or whole, per sample or of the batch."""

    refs: frozenset[str]
    floating: int = 0
    whole: int = 0
    per_batch: int = 0


def label(case: Case) -> str:
    how = [f"{name}={case[name]}" for name in case if name not in {"op", "step", "input", "saved", "made_of"}]
    return "-".join([case["step"], str(case["input"]), *how]).replace(" ", "")


def pytorch(case: Case) -> Kept:
    """A copy counts as what it is a copy of."""
    refs, floating, whole, per_batch = set(), 0, 0, 0
    for one in case["saved"]:
        if isinstance(one, str) or "copy_of" in one:
            refs.add((one if isinstance(one, str) else one["copy_of"]).removesuffix(" 0"))
            continue
        times = one.get("times", 1)
        per_batch += times * one.get("per_batch", 0)
        if one.get("dtype") == "int64":
            whole += times * one.get("per_sample", 0)
        else:
            floating += times * one.get("per_sample", 0)
    return Kept(frozenset(refs), floating, whole, per_batch)


def ours(case: Case) -> Kept:
    graph = archcalc.graph(f"{{input: {_written(case['input'])}, layers: [{case['step']}]}}")
    node = graph.nodes[-1]
    assert node.op is not None
    assert node.facts is not None
    shapes = graph.shapes(node)
    count = len(shapes)
    needs = case.get("needs", range(count))
    trained = not case.get("frozen", False) and any(weight.learned for weight in node.facts.weights.values())
    parts = node.op.parts(node.shape, *shapes, fused="stored" not in case)
    flows = [index in needs for index in range(count)]
    if not parts:
        wanted, own = needed(node.op.saved(node.shape, *shapes), tuple(range(count)), count, flows, trained=trained)
        return kept(wanted, own, [*shapes, node.shape], count)
    every, all_own = set(), []
    for index, part in enumerate(parts, start=count):
        learns = trained and part.weighted
        flows.append(learns or any(flows[i] for i in part.reads))
        wanted, own = needed(part.saved, part.reads, index, flows, trained=learns)
        every |= wanted
        all_own += own
    return kept(every, all_own, [*shapes, *(part.shape for part in parts)], count)


def _written(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).strip()


def needed(
    saved: Saved, reads: tuple[int, ...], output: int, flows: list[bool], *, trained: bool
) -> tuple[set[int], list[Own]]:
    """The tensors, by number, that a step needs; its own."""
    wanted = {reads[i] for i in saved.inputs}
    for i in saved.factors:
        if trained or any(flows[read] for j, read in enumerate(reads) if j != i):
            wanted.add(reads[i])
    return wanted | ({output} if saved.output else set()), [*saved.own]


def kept(wanted: set[int], own: list[Own], shapes: list[Any], count: int) -> Kept:
    last = len(shapes) - 1
    names = {index: f"input {index}" if index else "input" for index in range(count)} | {last: "output"}
    inside = [int(product(shapes[index])) for index in wanted if index not in names]
    floating = [int(o.elements) for o in own if o.kind != INDEX and o.per_sample]
    return Kept(
        frozenset(names[index] for index in wanted if index in names),
        sum(inside) + sum(floating),
        sum(int(o.elements) for o in own if o.kind == INDEX and o.per_sample),
        sum(int(o.elements) for o in own if not o.per_sample),
    )


def differs(case: Case) -> list[str]:
    """Why PyTorch keeps something else, where it does."""
    composed = [COMPOSED[case["op"]]] if case["op"] in COMPOSED else []
    return composed + [why for why, where in ELSEWHERE if where(case)]


@pytest.mark.parametrize("case", RECORDED, ids=label)
def test_pytorch(case: Case) -> None:
    assert (ours(case) == pytorch(case)) == (not differs(case))


def test_every_operator_is_recorded() -> None:
    assert {case["op"] for case in RECORDED} == set(OPS)
