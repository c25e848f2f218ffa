"""Which weights of one network can be loaded into another: bottom up by place, and what loading by name adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UndecidedError
from archcalc.recorded import free_names, is_free, total
from archcalc.shape import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.graph import Graph, Node
    from archcalc.ops.op import Weight
    from archcalc.recorded import Shape, Size

    Carried = tuple[int, str]  # a stored weight: the node that carries it, and its name


class Amount(NamedTuple):
    """So many layers, learned scalars and buffers; weights that steps share count once."""

    layers: int
    params: Size
    buffers: Size


class Side(NamedTuple):
    """One of the two networks: what it has, what of that is loaded by place, and what more is by name."""

    graph: Graph
    total: Amount
    loaded: Amount
    by_name: Amount


class Load(NamedTuple):
    """A layer of one network whose weights go into a layer of the other: paths, the operator there, names.

    `params` and `buffers` are the scalars filled that no layer before filled.
    """

    source: str
    target: str
    op: str
    weights: tuple[str, ...]
    params: Size
    buffers: Size


class Stop(NamedTuple):
    """The first two layers that do not fit, with their operators, and why.

    `reason` is "op" (operators differ), "weight" (only one has the weight of that name), "shape" (the shapes of that
    weight differ), "share" (it is the weight of an earlier layer, filled from elsewhere) or "end" (one network has no
    more layers with weights). What a network does not have is None.
    """

    reason: str
    source: str | None
    target: str | None
    source_op: str | None
    target_op: str | None
    weight: str | None = None
    source_shape: Shape | None = None
    target_shape: Shape | None = None


class Transfer(NamedTuple):
    """What of one network, the source, can be loaded into another, the target; no `stop` where all layers fit."""

    loaded: tuple[Load, ...]
    stop: Stop | None
    by_name: tuple[Load, ...]
    source: Side
    target: Side


def transfer(source: Graph, target: Graph) -> Transfer:
    """Which weights of the source can be loaded into the target.

    The n-th layer with weights goes into the n-th: it fits where the operator, the names of the weights and their
    shapes are the same. The first that does not fit ends it. By name means: of what lies beyond, the weights of equal
    path, name and shape. Raises UndecidedError where free names leave open whether shapes are equal, or how many layers
    there are.
    """
    ours, theirs = _Stored(source), _Stored(target)
    filled: dict[Carried, Carried] = {}
    places = zip(ours.layers, theirs.layers, strict=False)
    loaded: list[Load] = []
    stop = None
    for a, b in places:
        stop = _misfit(ours, a, theirs, b, filled)
        if stop is not None:
            break
        loaded.append(_load(ours, a, theirs, b, b.weights, filled))
    if stop is None:
        stop = _end(ours, theirs, len(loaded))
    place_used, place_filled = set(filled.values()), set(filled)
    by_name = _by_name(ours, theirs, len(loaded), filled)
    counts = len(loaded), len(by_name)
    return Transfer(
        tuple(loaded),
        stop,
        tuple(by_name),
        _side(ours, place_used, set(filled.values()), counts),
        _side(theirs, place_filled, set(filled), counts),
    )


class _Layer(NamedTuple):
    node: Node
    weights: Mapping[str, Weight]


class _Stored:
    """The layers of a network that have weights, in order, and where each weight is carried."""

    def __init__(self, graph: Graph) -> None:
        if graph.loops:
            names = ", ".join(free_names([loop.turns for loop in graph.loops]))
            raise UndecidedError(f"how many layers there are depends on {names}", hint="--set gives a name a number")
        self.graph = graph
        self.layers = [_Layer(node, node.facts.weights) for node in graph.nodes if node.facts and node.facts.weights]
        self.owners = graph.owners()
        self.stored = {
            self.carried(layer.node, name): weight
            for layer in reversed(self.layers)
            for name, weight in layer.weights.items()
        }

    def carried(self, node: Node, name: str) -> Carried:
        """The stored weight that this one of a layer is."""
        return self.owners.get((node.index, name), node.index), name

    def amount(self, layers: int, weights: Iterable[Carried]) -> Amount:
        """What these weights are."""
        found = [self.stored[carried] for carried in weights]
        return Amount(
            layers,
            total([weight.size for weight in found if weight.learned] or [0]),
            total([weight.size for weight in found if not weight.learned] or [0]),
        )


def _side(stored: _Stored, placed: set[Carried], moved: set[Carried], counts: tuple[int, int]) -> Side:
    """The three amounts of a network, each weight in the order of the layers."""
    by_place, by_name = counts
    return Side(
        stored.graph,
        stored.amount(len(stored.layers), stored.stored),
        stored.amount(by_place, [weight for weight in stored.stored if weight in placed]),
        stored.amount(by_name, [weight for weight in stored.stored if weight in moved and weight not in placed]),
    )


def _misfit(ours: _Stored, a: _Layer, theirs: _Stored, b: _Layer, filled: Mapping[Carried, Carried]) -> Stop | None:
    """Why layer a cannot be loaded into layer b, or None if it can."""
    here, there = a.node, b.node
    about = here.path, there.path, here.kind, there.kind
    if here.kind != there.kind:
        return Stop("op", *about)
    for name in dict.fromkeys((*a.weights, *b.weights)):
        shapes = tuple(layer.weights[name].shape if name in layer.weights else None for layer in (a, b))
        if None in shapes:
            return Stop("weight", *about, name, *shapes)
        if not _equal(shapes[0], shapes[1], f"{name} of {there.path}"):
            return Stop("shape", *about, name, *shapes)
        before = filled.get(theirs.carried(there, name))
        if before is not None and before != ours.carried(here, name):
            return Stop("share", *about, name, *shapes)
    return None


def _equal(ours: Shape | None, theirs: Shape | None, what: str) -> bool:
    """Whether two shapes are the same; raises UndecidedError where that depends on free names."""
    assert ours is not None
    assert theirs is not None
    if len(ours) != len(theirs):
        return False
    answers = [_same(here, there) for here, there in zip(ours, theirs, strict=True)]
    if False in answers:
        return False
    if None in answers:
        names = ", ".join(free_names((*ours, *theirs)))
        raise UndecidedError(
            f"whether {what} fits depends on {names}: {written(ours)} in one network, {written(theirs)} in the other",
            hint="--set gives a name a number",
        )
    return True


def _same(here: Size, there: Size) -> bool | None:
    if not is_free(here) and not is_free(there):
        return bool(here == there)
    from archcalc.symbolic.bounds import certainly

    return certainly(here, "==", there)


def _end(ours: _Stored, theirs: _Stored, place: int) -> Stop | None:
    """Where one network has no more layers, the next of the other."""
    (source, source_op), (target, target_op) = (
        (stored.layers[place].node.path, stored.layers[place].node.kind) if place < len(stored.layers) else (None, None)
        for stored in (ours, theirs)
    )
    return None if source is target is None else Stop("end", source, target, source_op, target_op)


def _load(
    ours: _Stored, a: _Layer, theirs: _Stored, b: _Layer, names: Iterable[str], filled: dict[Carried, Carried]
) -> Load:
    """Load these weights of a layer, and keep in `filled` where each that is filled comes from."""
    names = tuple(names)
    new = [weight for name in names if (weight := theirs.carried(b.node, name)) not in filled]
    filled.update({theirs.carried(b.node, name): ours.carried(a.node, name) for name in names})
    _, params, buffers = theirs.amount(1, new)
    return Load(a.node.path, b.node.path, b.node.kind, names, params, buffers)


def _by_name(ours: _Stored, theirs: _Stored, place: int, filled: dict[Carried, Carried]) -> list[Load]:
    """Load, of the layers from this place on, the weights of equal path, name and shape that are not filled yet."""
    sources = {layer.node.path: layer for layer in ours.layers[place:]}
    loads = []
    for b in theirs.layers[place:]:
        a = sources.get(b.node.path)
        if a is None:
            continue
        names = [
            name
            for name, weight in b.weights.items()
            if name in a.weights
            and theirs.carried(b.node, name) not in filled
            and _equal(a.weights[name].shape, weight.shape, f"{name} of {b.node.path}")
        ]
        if names:
            loads.append(_load(ours, a, theirs, b, names, filled))
    return loads
