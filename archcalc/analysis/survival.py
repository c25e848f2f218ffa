"""With which probability training computes each operator, where whole branches are dropped at random.

A branch ends in drop_path and is dropped with its rate, independently of every other. What is needed only for branches
that are dropped is not computed. Source: Huang et al. 2016, arXiv:1603.09382, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.decisions import ALWAYS, NEVER, Decisions
from archcalc.analysis.loops import around
from archcalc.errors import LimitError, UndecidedError, UsageError
from archcalc.limits import LIMITS
from archcalc.notation import write
from archcalc.ops.activation import DropPath
from archcalc.recorded import Recorded, is_free, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.graph import Graph, Node
    from archcalc.recorded import Quantity

INDEPENDENT = (
    "branches are dropped independently; FractalNet's drop-path, which keeps one at each join, is something else"
)


class Survival(NamedTuple):
    """The rates of branches by the node that ends each; for each node the event that it is computed, and its branch.

    `inside` is the innermost branch that every way from a node to an output leads through, as its drop_path, which is
    inside itself; None where there is none. `outer` is the branch around a branch.
    """

    rates: Mapping[int, Quantity]
    events: tuple[int, ...]
    inside: tuple[int | None, ...]
    outer: Mapping[int, int | None]
    decisions: Decisions

    def probability(self, node: int) -> Quantity:
        """The probability that training computes a node."""
        return self.decisions.probability(self.events[node])


def survival(graph: Graph) -> Survival:
    """The survival of every node of a graph; takes time linear in it where no operator is read by several branches.

    Raises UsageError for a rate that is no probability and where every way to an operator may be dropped at once,
    UndecidedError where one pass of a loop cannot stand for the others, LimitError.
    """
    rates = {node.index: _rate(node, node.op) for node in graph.nodes if isinstance(node.op, DropPath)}
    decisions = Decisions(graph.limits)
    for index, rate in rates.items():
        decisions.keep(index, 1 - rate)
    _check_ways(graph, {index for index, rate in rates.items() if is_free(rate) or rate != 0})
    if graph.loops:
        _check_loops(graph, rates)
    readers = _readers(graph)
    events = _events(graph, readers, decisions)
    for loop in graph.loops:
        if events[loop.start] != events[loop.stop]:
            message = f"a pass of the loop over {loop.name} is needed only where the next ones are kept"
            raise UndecidedError(message, hint="give the count of the loop a number with --set")
    return Survival(rates, tuple(events), *_inside(graph, readers), decisions)


def _rate(node: Node, op: DropPath) -> Quantity:
    if is_free(op.rate):
        return op.rate
    rate = known(op.rate)
    if not 0 <= rate <= 1:
        raise not_a_rate(node.path, rate)
    return rate


def not_a_rate(path: str, rate: Quantity) -> UsageError:
    """The error for a rate that is no probability."""
    said = write(rate) if isinstance(rate, Recorded) else rate
    return UsageError(f"{path} drops its branch with probability {said}", hint="a rate lies between 0 and 1")


def _check_ways(graph: Graph, droppable: set[int]) -> None:
    """Something flows into every merge and output, whatever is dropped."""
    safe: list[bool] = []
    for node in graph.nodes:
        way = not node.inputs or any(safe[i] for i in node.inputs)
        if not way and len(node.inputs) > 1:
            raise UsageError(f"every way from the input to {node.path} may be dropped at once", hint=INDEPENDENT)
        safe.append(way and node.index not in droppable)
    for name, index in graph.outputs:
        if not safe[index]:
            which = "the output" if len(graph.outputs) == 1 else f"the output {name}"
            raise UsageError(f"every way from the input to {which} may be dropped at once", hint=INDEPENDENT)


def _check_loops(graph: Graph, rates: Mapping[int, Quantity]) -> None:
    """The rates inside loops are polynomials in the number of the pass, which can be summed."""
    from archcalc.symbolic.bounds import degree

    loops = around(graph)
    for index, rate in rates.items():
        for loop in loops.get(index, ()):
            if degree(rate, loop.name) is None:
                message = f"the rate of {graph.nodes[index].path} is no polynomial in the number of the pass"
                raise UndecidedError(message, hint="give the count of the loop a number with --set")


def _readers(graph: Graph) -> list[list[int]]:
    """For each node those that read it, and for an output the number of nodes, which stands for what is outside."""
    readers: list[list[int]] = [[] for _ in graph.nodes]
    for node in graph.nodes:
        for index in dict.fromkeys(node.inputs):
            readers[index].append(node.index)
    for _, index in graph.outputs:
        readers[index].append(len(graph.nodes))
    return readers


def _events(graph: Graph, readers: list[list[int]], decisions: Decisions) -> list[int]:
    """For each node the event that a reader is computed and, at the end of a branch, that the branch is kept."""
    events = [NEVER] * len(graph.nodes) + [ALWAYS]
    for index in reversed(range(len(graph.nodes))):
        event = NEVER
        for reader in reversed(readers[index]):
            event = decisions.either(event, events[reader])
        events[index] = decisions.both(index, event) if index in decisions.keeps else event
    return events[:-1]


def _inside(graph: Graph, readers: list[list[int]]) -> tuple[tuple[int | None, ...], dict[int, int | None]]:
    """For each node the innermost branch that all its readers are inside, and for each branch the one around it."""
    inside: list[int | None] = [None] * (len(graph.nodes) + 1)
    outer: dict[int, int | None] = {}
    depth: dict[int | None, int] = {None: 0}
    for node in reversed(graph.nodes):
        first, *others = dict.fromkeys(inside[reader] for reader in readers[node.index]) or (None,)
        for other in others:
            first = _around_both(first, other, outer, depth)
        if isinstance(node.op, DropPath):
            if depth[first] >= LIMITS.recursion:
                raise LimitError(f"more than {LIMITS.recursion} branches inside one another end in drop_path")
            outer[node.index], depth[node.index] = first, depth[first] + 1
            first = node.index
        inside[node.index] = first
    return tuple(inside[:-1]), outer


def _around_both(
    one: int | None, other: int | None, outer: dict[int, int | None], depth: dict[int | None, int]
) -> int | None:
    """The innermost branch that both are inside, or are."""
    while one != other:
        if depth[one] < depth[other]:
            one, other = other, one
        assert one is not None
        one = outer[one]
    return one
