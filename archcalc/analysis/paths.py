"""Paths from an input to an output: the most and the fewest weighted operators on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcalc.analysis.cost import Cost
    from archcalc.graph import Graph, Node


def depths(graph: Graph, costs: list[Cost]) -> tuple[int, int]:
    """The most and the fewest operators with both weights and mult-adds on one path from an input to an output."""
    most: list[int] = []
    fewest: list[int] = []
    for node, cost in zip(graph.nodes, costs, strict=True):
        inputs, weighted = node.inputs, cost.weighted
        if len(inputs) == 1:
            most.append(most[inputs[0]] + weighted)
            fewest.append(fewest[inputs[0]] + weighted)
        else:
            most.append(max([most[i] for i in inputs], default=0) + weighted)
            fewest.append(min([fewest[i] for i in inputs], default=0) + weighted)
    ends = [index for _, index in graph.outputs]
    return max([most[i] for i in ends], default=0), min([fewest[i] for i in ends], default=0)


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
