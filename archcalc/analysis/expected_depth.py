"""The depth of the network that is left when branches are dropped at random, as an expectation.

Between two operators that every path from an input to an output leads through, the longest way is worked out for each
choice of branches to drop; such stretches follow one another, so their expectations add up.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.decisions import added
from archcalc.analysis.loops import over_passes
from archcalc.recorded import maximum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from archcalc.analysis.cost import Cost
    from archcalc.analysis.survival import Survival
    from archcalc.graph import Graph, Loop
    from archcalc.recorded import Quantity, Size

OUTSIDE = -1


def expected_depth(graph: Graph, costs: Sequence[Cost], survival: Survival) -> Quantity | None:
    """The expectation of the most operators with both weights and mult-adds on one path that is left.

    None where too many branches lie side by side, or inside a loop with a free count that lies beside others.
    """
    expected: list[Quantity] = []
    left = graph.limits.decisions
    for before, stop in _stretches(graph):
        stretch = range(before + 1, stop)
        drops = [index for index in stretch if index in survival.rates]
        inner = [loop for loop in graph.loops if before < loop.start < stop - 1]
        if any(loop.start < index < loop.stop for loop in inner for index in drops):
            return None
        left -= len(stretch) << min(len(drops), 64) if drops else 0
        if left < 0:
            return None
        around = [loop for loop in graph.loops if loop.start <= before and stop - 1 <= loop.stop]
        longest = _Stretch(graph, costs, before, stretch, {loop.stop: loop for loop in inner})
        expected.append(over_passes(_expected(longest, survival, drops), around))
    return added(expected)


def _stretches(graph: Graph) -> Iterator[tuple[int, int]]:
    """The nodes behind each one that all paths lead through, up to the next such one: where they start and stop."""
    end = len(graph.nodes)
    last_reader = [0] * end
    for node in graph.nodes:
        for index in node.inputs:
            last_reader[index] = node.index
    for _, index in graph.outputs:
        last_reader[index] = end
    before, farthest = OUTSIDE, graph.inputs[-1] if graph.inputs else 0
    for index in range(end):
        if farthest <= index:
            yield before, index + 1
            before = index
        farthest = max(farthest, last_reader[index])
    if before < end - 1:
        yield before, end


class _Stretch(NamedTuple):
    """Nodes of a graph, the one before them that all paths lead through, and the loops between them by their stop."""

    graph: Graph
    costs: Sequence[Cost]
    before: int
    nodes: range
    loops: Mapping[int, Loop]

    def longest(self, dropped: Set[int]) -> Size:
        """The most weighted operators on a way through it that leads through nothing dropped."""
        most: dict[int, Size] = {} if self.before == OUTSIDE else {self.before: 0}
        nodes = self.graph.nodes
        for index in self.nodes:
            inputs = nodes[index].inputs
            ways = dict.fromkeys(most[i] for i in inputs if i in most)
            if index in dropped or not (ways or not inputs):
                continue
            longest = reduce(maximum, ways) if ways else 0
            if index in self.loops:
                loop = self.loops[index]
                longest = most[loop.start] + (longest - most[loop.start]) * loop.turns
            most[index] = longest + self.costs[index].weighted
        last = self.nodes[-1]
        ends = [index for _, index in self.graph.outputs if index in self.nodes] if last == len(nodes) - 1 else [last]
        return reduce(maximum, dict.fromkeys(most[index] for index in ends))


def _expected(stretch: _Stretch, survival: Survival, drops: Sequence[int]) -> Quantity:
    """The expectation over all choices of branches to drop."""
    expected: list[Quantity] = []
    keeps = survival.decisions.keeps
    for kept in product((True, False), repeat=len(drops)):
        chance: Quantity = stretch.longest({index for index, keep in zip(drops, kept, strict=True) if not keep})
        for index, keep in zip(drops, kept, strict=True):
            chance = chance * (keeps[index] if keep else 1 - keeps[index])
        expected.append(chance)
    return added(expected)
