"""What training costs on average where branches are dropped at random: stochastic depth, drop-path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.cost import costs_once
from archcalc.analysis.decisions import added
from archcalc.analysis.expected_depth import expected_depth
from archcalc.analysis.expected_memory import saved_bytes, savings
from archcalc.analysis.loops import FIRST, around, over_passes, summed
from archcalc.analysis.survival import not_a_rate, survival
from archcalc.errors import LimitError, UsageError
from archcalc.recorded import Recorded, divide, is_free, replaced, total
from archcalc.report import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.analysis.setup import Setup
    from archcalc.analysis.survival import Survival
    from archcalc.graph import Graph
    from archcalc.recorded import Quantity, Size
    from archcalc.report import Report


class Expectation(NamedTuple):
    """A quantity of the whole network, and its mean over the networks that training draws."""

    full: Quantity
    expected: Quantity

    @property
    def ratio(self) -> Quantity | None:
        """The mean over the full quantity; None where that is 0."""
        return None if self.full == 0 else divide(self.expected, self.full)


class Branch(NamedTuple):
    """A branch that ends in drop_path: its rate, with which probability it is computed, what it costs if it is.

    In a loop whose count is free it stands for so many `passes`, and its counts are those of one.
    """

    path: str
    line: int
    rate: Quantity
    probability: Quantity
    mult_adds: Size
    passes: Size


class Part(NamedTuple):
    """A named part of the network: its branches and its mult-adds, those outside branches included."""

    path: str
    branches: Expectation
    mult_adds: Expectation


class Expected(NamedTuple):
    """A forward pass of training per sample, as it is on average, beside the one that drops nothing.

    `choices` counts the branches that are dropped in some passes and kept in others. `depth` is None where too many
    branches lie side by side to work it out, what is saved is None where the count of a loop is free, or where it
    hangs on too many branches whether a gradient flows.
    """

    report: Report
    conditions: tuple[Condition, ...]
    branches: Expectation
    choices: Size
    depth: Expectation | None
    mult_adds: Expectation
    flops: Expectation
    activations: Expectation
    saved_for_backward_bytes: Expectation | None
    saved_for_backward_integer_bytes: Expectation | None
    parts: tuple[Part, ...]
    dropped: tuple[Branch, ...]

    @property
    def subnetworks(self) -> int | None:
        """How many ways there are to choose the branches to drop, 2**choices; None where a free name decides."""
        return 2**self.choices if isinstance(self.choices, int) else None


def expected(report: Report) -> Expected:
    """The averages of the network that a report is of.

    Raises UsageError where it has no branch that may be dropped, and what `survival` raises.
    """
    graph = report.graph
    chances = survival(graph)
    if not chances.rates:
        message = f"{report.name} states no branch that training may drop"
        raise UsageError(message, hint="such a branch ends in drop_path: rate, and is dropped independently of others")
    conditions = (*report.conditions, *_conditions(graph, chances))
    once = costs_once(graph, training=True)
    sums = _Sums(graph, chances)
    every = range(len(graph.nodes))
    depth = expected_depth(graph, once, chances)
    saved, saved_integers = _saved(graph, report.setup, chances)
    mult_adds = [cost.work.multiply_accumulates for cost in once]
    return Expected(
        report=report,
        conditions=conditions,
        branches=sums.of(chances.rates),
        choices=sums.full([index for index, rate in chances.rates.items() if rate not in (0, 1)]),
        depth=None if depth is None else Expectation(report.totals.depth, depth),
        mult_adds=sums.of(every, mult_adds),
        flops=sums.of(every, [cost.flops for cost in once]),
        activations=sums.of(every, [cost.activations for cost in once]),
        saved_for_backward_bytes=saved,
        saved_for_backward_integer_bytes=saved_integers,
        parts=tuple(_parts(graph, sums, mult_adds)),
        dropped=tuple(_branches(graph, sums, mult_adds)),
    )


def _saved(graph: Graph, setup: Setup, chances: Survival) -> tuple[Expectation, Expectation] | tuple[None, None]:
    """Floating-point numbers and whole ones that are saved for the backward pass."""
    if graph.loops:
        return None, None
    try:
        found = savings(graph, setup, chances)
        floating, whole = (saved_bytes(found, chances.decisions, whole=whole) for whole in (False, True))
    except LimitError:
        return None, None
    return Expectation(*floating), Expectation(*whole)


def _conditions(graph: Graph, chances: Survival) -> Iterator[Condition]:
    """That rates are probabilities, where free names leave it open."""
    loops = around(graph) if graph.loops else {}
    for index, stated in chances.rates.items():
        path, rates = graph.nodes[index].path, [stated]
        for loop in loops.get(index, ()):  # what rises or falls steadily is least and most in the first and last pass
            rates = [replaced(rate, loop.name, turn) for rate in rates for turn in (FIRST, loop.turns + 1)]
        for rate in rates:
            if not isinstance(rate, Recorded) or not is_free(rate):
                continue
            bounds: tuple[tuple[Size, Size], ...] = ((0, rate), (rate, 1))
            for left, right in bounds:
                holds = _certainly(left, right)
                if holds is False:
                    raise not_a_rate(path, rate)
                if holds is None:
                    yield Condition(left, "<=", right, path)


def _certainly(left: Quantity, right: Quantity) -> bool | None:
    from archcalc.symbolic.bounds import certainly

    return certainly(left, "<=", right)


class _Sums:
    """Sums over nodes and all passes of their loops, in full and as an expectation."""

    def __init__(self, graph: Graph, chances: Survival) -> None:
        self.chances = chances
        self.loops = around(graph) if graph.loops else {}
        self.ones = [1] * len(graph.nodes)

    def full(self, nodes: Iterable[int], counts: Sequence[Size] | None = None) -> Size:
        """The sum of counts, by default of 1, as if every node were computed."""
        counts = self.ones if counts is None else counts
        return total([self.passes(index, counts[index]) for index in nodes if counts[index] != 0])

    def of(self, nodes: Iterable[int], counts: Sequence[Size] | None = None) -> Expectation:
        """The sum, and its expectation: that of nodes which are computed together is worked out together."""
        counts = self.ones if counts is None else counts
        listed = list(nodes)
        alike: dict[tuple[int, int | None], list[Size]] = {}
        for index in listed:
            if counts[index] != 0:
                alone = index if index in self.loops else None
                alike.setdefault((self.chances.events[index], alone), []).append(counts[index])
        means: list[Quantity] = []
        for (event, alone), some in alike.items():
            mean = self.chances.decisions.probability(event) * total(some)
            means.append(mean if alone is None else over_passes(mean, self.loops[alone]))
        return Expectation(self.full(listed, counts), added(means))

    def passes(self, node: int, count: Size, beside: int | None = None) -> Size:
        """The count of a node in all passes of its loops, but for those that another node is inside too."""
        loops = self.loops.get(node)
        if not loops:
            return count
        shared = self.loops.get(beside, []) if beside is not None else []
        return summed(count, [loop for loop in loops if loop not in shared])


def _parts(graph: Graph, sums: _Sums, mult_adds: Sequence[Size]) -> Iterator[Part]:
    """The parts at the top that do multiply-accumulates or have branches."""
    parts: dict[str, list[int]] = {}
    for node in graph.nodes:
        if node.op is not None:
            parts.setdefault(node.path.split("/", 1)[0], []).append(node.index)
    for path, nodes in parts.items():
        own = [index for index in nodes if index in sums.chances.rates]
        if own or any(mult_adds[index] != 0 for index in nodes):
            yield Part(path, sums.of(own), sums.of(nodes, mult_adds))


def _branches(graph: Graph, sums: _Sums, mult_adds: Sequence[Size]) -> Iterator[Branch]:
    """Each branch with what is inside it, branches inside it included."""
    chances = sums.chances
    own: dict[int, list[Size]] = {index: [] for index in chances.rates}
    for index, inside in enumerate(chances.inside):
        if inside is not None and mult_adds[index] != 0:
            own[inside].append(sums.passes(index, mult_adds[index], inside))
    for index, rate in chances.rates.items():  # what is inside a branch comes before its end
        count = total(own[index])
        around_it = chances.outer[index]
        if around_it is not None and count != 0:
            own[around_it].append(sums.passes(index, count, around_it))
        node = graph.nodes[index]
        yield Branch(node.path, node.line, rate, chances.probability(index), count, sums.passes(index, 1))
