"""Dropping branches by brute force: random small networks, every way to drop branches, and what then remains.

Shares nothing with archcalc but the graph itself: the remaining operators are found by walking back from the outputs.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hypothesis.strategies import DrawFn

    from archcalc.graph import Graph

MOST = 6
RATES = ("1/2", "1/4", "2/3", "1", "0", "1/7")


def ways(graph: Graph) -> Iterator[tuple[Fraction, frozenset[int]]]:
    """Every choice of branches to drop, with its probability."""
    rates = {node.index: Fraction(node.op.rate) for node in graph.nodes if node.kind == "drop_path"}  # type: ignore[union-attr]
    for choice in product((False, True), repeat=len(rates)):
        probability = Fraction(1)
        for rate, drops in zip(rates.values(), choice, strict=True):
            probability *= rate if drops else 1 - rate
        yield probability, frozenset(index for index, drops in zip(rates, choice, strict=True) if drops)


def without(network: str, dropped: frozenset[int], ends: Sequence[int]) -> str:
    """The text of a network without the dropped branches, of which `ends` are the last nodes in order."""
    text = yaml.safe_load(network)
    left = iter(ends)

    def taken_out(steps: list[Any]) -> bool:
        """Take dropped branches out of steps; whether they end in a branch that is dropped."""
        last = False
        for step in steps:
            for merge in ("add", "mean") if isinstance(step, dict) else ():
                branches = step.get(merge, {})
                for name in [name for name, inside in branches.items() if taken_out(inside)]:
                    del branches[name]
            last = isinstance(step, dict) and "drop_path" in step and next(left) in dropped
        return last

    taken_out(text["layers"])
    return yaml.safe_dump(text, default_flow_style=True, width=10_000, sort_keys=False)


def remaining(graph: Graph, dropped: frozenset[int]) -> set[int]:
    """What still has to be computed: all that an output is made from, past no dropped branch."""
    found: set[int] = set()
    waiting = [index for _, index in graph.outputs]
    while waiting:
        index = waiting.pop()
        if index not in found and index not in dropped:
            found.add(index)
            waiting.extend(graph.nodes[index].inputs)
    return found


def longest(graph: Graph, left: set[int], weighted: list[bool]) -> int:
    """The most weighted operators on a path from an input to an output through what remains."""
    most: dict[int, int] = {}
    for node in graph.nodes:
        before = [most[i] for i in node.inputs if i in most]
        if node.index in left and (before or not node.inputs):
            most[node.index] = max(before, default=0) + weighted[node.index]
    return max(most[index] for _, index in graph.outputs)


class _Draft:
    """Steps drawn one after another; names are counted, branches bounded."""

    def __init__(self, draw: DrawFn, most: int, *, stems: bool) -> None:
        self.draw = draw
        self.stems = stems
        self.left = most
        self.names = 0

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def rate(self) -> object:
        self.left -= 1
        return {"drop_path": self.draw(st.sampled_from(RATES))}

    def name(self) -> str:
        self.names += 1
        return f"x{self.names}"

    def work(self) -> object:
        return self.draw(
            st.sampled_from(
                [{"conv": [4, 1]}, {"conv": {"out": 4, "kernel": 3, "padding": 1}}, "relu", "batch_norm", "dropout"]
            )
        )

    def steps(self, depth: int) -> list[object]:
        """One to three steps that keep the shape."""
        made: list[object] = []
        for _ in range(self.number(1, 3)):
            kind = self.number(0, 3)
            if kind == 0 or not depth or not self.left:
                made.append(self.work())
            elif kind == 3 and self.left > 1 and self.stems:
                made += self.shared(depth - 1)
            else:
                made.append(self.residual(depth - 1))
        return made

    def residual(self, depth: int) -> object:
        """A block with one or two branches that may be dropped, and one that may not."""
        ends = {"a": self.rate()}
        if self.left and self.number(0, 2) == 2:
            ends["b"] = self.rate()
        branches = {name: [*self.steps(depth), end] for name, end in ends.items()}
        branches["rest"] = self.draw(st.sampled_from([[], [{"conv": [4, 1]}]]))
        return {self.draw(st.sampled_from(["add", "mean"])): branches}

    def shared(self, depth: int) -> list[object]:
        """Two branches that may be dropped and read the same stem, beside what flows past all three."""
        before, stem = self.name(), self.name()
        one = [{"conv": [4, 1], "from": stem}, self.rate()]
        two = [{"from": stem}, "relu", self.rate()]
        rest = [{"from": before}]
        return [{"as": before}, *self.steps(0), {"as": stem}, {"add": {"a": one, "b": two, "rest": rest}}]


@st.composite
def networks(draw: DrawFn, most: int = MOST, *, stems: bool = True) -> str:
    """A spec with up to `most` branches that may be dropped, nested, side by side and, with `stems`, over one."""
    draft = _Draft(draw, most, stems=stems)
    layers = [*draft.steps(3), draft.residual(1) if draft.left else "relu", *draft.steps(1)]
    return yaml.safe_dump(
        {"input": [4, 5, 5], "layers": layers}, default_flow_style=True, width=10_000, sort_keys=False
    )
