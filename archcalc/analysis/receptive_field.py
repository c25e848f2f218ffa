"""What each position sees of the network's input: the composition of reaches along every path.

Source of the laws: Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import LimitError, UndecidedError
from archcalc.ops.op import POINT
from archcalc.recorded import Quantity, Size, divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.graph import Facts, Graph, Node
    from archcalc.window import Reach


REMEMBERED = 1_000  # so many nodes are followed before what nobody reads any more is forgotten


class Seen(NamedTuple):
    """What the positions of one tensor see: a reach per space axis, or None where no window path is left.

    `whole_input` when some path on the way sees everything; `met` is the node where paths of unequal stride met first;
    `lost` when free symbols or limits leave open what is seen.
    """

    axes: tuple[Reach, ...] | None
    whole_input: bool = False
    met: int | None = None
    lost: bool = False


FORGOTTEN = Seen(None)


class ReceptiveField(NamedTuple):
    """Per axis the largest size, the stride and the first input position that output 0 sees; after `period` it repeats.

    Where paths of unequal stride have met it is not `aligned`, and there are no such numbers: `met` is the node.
    """

    size: tuple[Size, ...]
    stride: tuple[Quantity, ...]
    start: tuple[Size, ...]
    period: int
    whole_input: bool = False
    met: int | None = None

    @property
    def aligned(self) -> bool:
        """Whether all paths have the same stride."""
        return self.met is None


def receptive_fields(graph: Graph) -> tuple[list[ReceptiveField | None], int]:
    """The receptive field of every node, and the last node that any is known of: its field is that of the network.

    Of a long network, what nodes see is kept no longer than later nodes read it: it would be a third of all memory.
    """
    nodes, sight = graph.nodes, Sight(graph)
    result = sight.result
    last_readers = _last_readers(nodes) if len(nodes) > REMEMBERED else []
    fields: list[ReceptiveField | None] = []
    last = 0
    while len(fields) < len(nodes):
        sight.until(min(len(fields) + REMEMBERED, len(nodes)))
        followed = nodes[len(fields) : len(result)]
        for node in followed:
            sees, inputs = result[node.index], node.inputs
            same = len(inputs) == 1 and sees is result[inputs[0]]
            fields.append(fields[inputs[0]] if same else receptive_field(sees))
            if sees.axes or sees.met is not None or sees.lost:
                last = node.index
        if last_readers:
            for node in followed:
                for i in node.inputs:
                    if last_readers[i] == node.index:
                        result[i] = FORGOTTEN
    return fields, last


def _last_readers(nodes: list[Node]) -> list[int]:
    """For each node the last one that reads its tensor."""
    readers = [0] * len(nodes)
    for node in nodes:
        for i in node.inputs:
            readers[i] = node.index
    return readers


def seen(graph: Graph) -> list[Seen]:
    """What every node sees, in order."""
    return Sight(graph).all()


class Sight:
    """What the nodes see, as far as is known; the windows of repeating fields are counted."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.nodes
        self.result: list[Seen] = []
        self.left = graph.limits.windows
        self.axes: tuple[Reach, ...] | None = None
        self.loops = {loop.start: loop for loop in graph.loops}

    def all(self) -> list[Seen]:
        """What every node sees."""
        self.until(len(self.nodes))
        return self.result

    def until(self, stop: int) -> None:
        """Go on to the node before `stop`."""
        nodes, result = self.nodes, self.result
        while len(result) < stop:
            node = nodes[len(result)]
            facts, inputs = node.facts, node.inputs
            if facts is not None:
                # Most operators see a point of their one input.
                point = len(inputs) == 1 and facts.pointwise
                result.append(result[inputs[0]] if point else self._behind(facts, node))
            elif node.index in self.loops:
                from archcalc.analysis.passes import follow

                follow(self, self.loops[node.index])
            else:
                rank = len(node.shape) - 1
                result.append(Seen((POINT,) * rank if rank else None))

    def _behind(self, facts: Facts, node: Node) -> Seen:
        result = self.result
        try:
            if len(node.inputs) == 1:
                sees = _behind_one(facts, result[node.inputs[0]])
            else:
                sees = _behind_several(facts, [result[i] for i in node.inputs], node)
        except (UndecidedError, LimitError):
            return _lost(node, result)
        if sees.axes is not None and sees.axes is not self.axes:
            self.axes = sees.axes
            self.left -= sum([reach.period for reach in sees.axes if reach.period > 1])
            if self.left < 0:
                return _lost(node, result)
        return sees


def _lost(node: Node, seen: list[Seen]) -> Seen:
    return Seen(None, any(seen[i].whole_input for i in node.inputs), lost=True)


def _behind_one(facts: Facts, source: Seen) -> Seen:
    reach = facts.reach
    if reach is None:
        return Seen(None, source.whole_input or not facts.lost, lost=facts.lost)
    if source.axes is None:
        return source
    through = _through(source.axes, reach)
    return Seen(through, source.whole_input, lost=through is None)


def _behind_several(facts: Facts, inputs: list[Seen], node: Node) -> Seen:
    """The union over the inputs; a vector that is spread over all positions only tells that the whole input is seen."""
    whole = any(source.whole_input for source in inputs)
    met = next((source.met for source in inputs if source.met is not None), None)
    if facts.reach is None or met is not None:
        return Seen(None, whole or (facts.reach is None and not facts.lost), met, facts.lost)
    axes: tuple[Reach, ...] | None = None
    for source in inputs:
        if source.axes is None:
            if source.lost:
                return Seen(None, whole, lost=True)
            continue
        through = source.axes if facts.pointwise else _through(source.axes, facts.reach)
        if through is None:
            return Seen(None, whole, lost=True)
        axes = through if axes is None else _union(axes, through)
        if axes is None:
            return Seen(None, whole, node.index)
    return Seen(axes, whole)


def _union(left: tuple[Reach, ...], right: tuple[Reach, ...]) -> tuple[Reach, ...] | None:
    """What either sees, axis by axis; None where strides differ. Equal axes are worked out once."""
    if left is right:
        return left
    result: list[Reach] = []
    for i, (one, other) in enumerate(zip(left, right, strict=True)):
        if i and left[i - 1] is one and right[i - 1] is other:
            result.append(result[-1])
            continue
        joined = one.union(other)
        if joined is None:
            return None
        result.append(joined)
    joined_axes = tuple(result)
    return left if joined_axes == left else right if joined_axes == right else joined_axes


def _through(axes: tuple[Reach, ...], reach: Sequence[Reach]) -> tuple[Reach, ...] | None:
    """What is seen through one more operator, axis by axis; equal axes are worked out once."""
    result: list[Reach] = []
    for i, (before, local) in enumerate(zip(axes, reach, strict=True)):
        if local is POINT:
            result.append(before)
        elif i and axes[i - 1] is before and (reach[i - 1] is local or reach[i - 1] == local):
            result.append(result[-1])
        else:
            through = before.seen_through(local)
            if through is None:
                return None
            result.append(through)
    return tuple(result)


def receptive_field(seen: Seen) -> ReceptiveField | None:
    """The receptive field in numbers; None where no window path is left."""
    if seen.met is not None:
        return ReceptiveField((), (), (), 1, seen.whole_input, seen.met)
    axes = seen.axes
    if not axes:
        return None
    rank = len(axes)
    if axes[0].windows[0] is not None and axes[0].period == 1 and axes.count(axes[0]) == rank:
        size, stride, start = _numbers(axes[0])
        return ReceptiveField((size,) * rank, (stride,) * rank, (start,) * rank, 1, seen.whole_input)
    if not all(any(reach.windows) for reach in axes):  # all fall into holes
        return None
    numbers = [_numbers(axes[0])]
    for i in range(1, rank):
        numbers.append(numbers[-1] if axes[i] is axes[i - 1] else _numbers(axes[i]))
    sizes, strides, starts = zip(*numbers, strict=True)
    return ReceptiveField(sizes, strides, starts, lcm(*(reach.period for reach in axes)), seen.whole_input)


def _numbers(reach: Reach) -> tuple[Size, Quantity, Size]:
    """Size, stride and start; the start of the first output that sees anything where output 0 sees nothing."""
    step, windows, _ = reach
    if len(windows) == 1 and windows[0] is not None:
        low, high = windows[0]
        return high - low + 1, step, low
    start = next(window[0] for window in windows if window is not None)
    return reach.size, divide(step, reach.period), start
