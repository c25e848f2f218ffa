"""Paths from an input to an output: the most and the fewest weighted operators on one."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from archcalc.recorded import maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.analysis.cost import Cost
    from archcalc.graph import Graph, Node
    from archcalc.recorded import Size


def depths(graph: Graph, costs: list[Cost]) -> tuple[Size, Size]:
    """The most and the fewest operators with both weights and mult-adds on one path from an input to an output."""
    most: list[Size] = []
    fewest: list[Size] = []
    passed = {loop.stop: loop for loop in graph.loops}
    for node, cost in zip(graph.nodes, costs, strict=True):
        inputs, weighted = node.inputs, cost.weighted
        if node.index in passed:
            loop, (end,) = passed[node.index], inputs
            most.append(most[loop.start] + (most[end] - most[loop.start]) * loop.turns)
            fewest.append(fewest[loop.start] + (fewest[end] - fewest[loop.start]) * loop.turns)
        elif len(inputs) == 1:
            most.append(most[inputs[0]] + weighted)
            fewest.append(fewest[inputs[0]] + weighted)
        else:
            most.append(_joined(maximum, [most[i] for i in inputs]) + weighted)
            fewest.append(_joined(minimum, [fewest[i] for i in inputs]) + weighted)
    ends = [index for _, index in graph.outputs]
    return _joined(maximum, [most[i] for i in ends]), _joined(minimum, [fewest[i] for i in ends])


def _joined(choose: Callable[[Size, Size], Size], lengths: list[Size]) -> Size:
    """The longest or the shortest; of no lengths 0."""
    return reduce(choose, dict.fromkeys(lengths)) if lengths else 0


def longest_path(graph: Graph, costs: list[Cost]) -> list[Node]:
    """The nodes of a path with the most weighted operators."""
    return _path(graph, costs, 1)


def shortest_path(graph: Graph, costs: list[Cost]) -> list[Node]:
    """The nodes of a path with the fewest weighted operators."""
    return _path(graph, costs, -1)


def _path(graph: Graph, costs: list[Cost], sign: int) -> list[Node]:
    score: list[int] = []
    came_from: list[int | None] = []
    for node, cost in zip(graph.nodes, costs, strict=True):
        best = max(node.inputs, key=score.__getitem__, default=None)
        came_from.append(best)
        score.append((0 if best is None else score[best]) + sign * cost.weighted)
    last: int | None = max((index for _, index in graph.outputs), key=score.__getitem__)
    path = []
    while last is not None:
        path.append(graph.nodes[last])
        last = came_from[last]
    return path[::-1]
