"""Two networks side by side: their totals and layers, what lies between them, and the exact quotients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import ArchcalcError, LimitError, UsageError
from archcalc.limits import LIMITS
from archcalc.recorded import Quantity, Recorded, divide, is_free, known
from archcalc.report import COUNTS
from archcalc.spec.build import build

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.report import Condition, Layer, Report
    from archcalc.spec.load import Spec

TOTALS = (*COUNTS, "activation_bytes", "depth", "shortest_path")
TRIES = 10  # as many layers in all as so many networks with free names may have
FIELD = {"size": "receptive_field", "stride": "receptive_field_stride", "start": "receptive_field_start"}


class Pair(NamedTuple):
    """One quantity of two networks; None where a network has no such thing."""

    quantity: str
    a: Quantity | None
    b: Quantity | None

    @property
    def difference(self) -> Quantity | None:
        """A - B, exactly; None where one of them is missing."""
        return None if self.a is None or self.b is None else self.a - self.b

    @property
    def ratio(self) -> Quantity | None:
        """A / B, exactly; None where one of them is missing, where B is 0, and for positions."""
        if self.a is None or self.b is None or self.quantity.startswith(FIELD["start"]):
            return None
        return None if not is_free(self.b) and self.b == 0 else divide(self.a, self.b)

    @property
    def quotient(self) -> str | None:
        """The ratio in lowest terms, in the language of specs: 27/49, or 1/out + 1/kernel**2."""
        ratio = self.ratio
        if self.a is None or self.b is None or ratio is None:
            return None
        if is_free(ratio):
            from archcalc.symbolic.quotient import quotient

            return quotient(self.a, self.b)
        return str(known(ratio))


class Layers(NamedTuple):
    """The layers of both networks at one path; None where one has no layer there."""

    path: str
    a: Layer | None
    b: Layer | None

    @property
    def same(self) -> bool:
        """Whether both are there, with the same operator, output and counts."""
        return self.a is not None and self.b is not None and _facts(self.a) == _facts(self.b)


class Part(NamedTuple):
    """The layers of both networks at a path and inside it."""

    path: str
    a: tuple[Layer, ...]
    b: tuple[Layer, ...]


class Comparison(NamedTuple):
    """Two reports, their totals in pairs, and their layers matched by path."""

    a: Report
    b: Report
    totals: tuple[Pair, ...]
    layers: tuple[Layers, ...]

    def total(self, quantity: str) -> Pair:
        """The pair of this quantity; raises KeyError for an unknown one."""
        return {pair.quantity: pair for pair in self.totals}[quantity]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names that are free in either network."""
        return tuple(symbols(self.a) | symbols(self.b))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What must hold for both."""
        return (*self.a.conditions, *self.b.conditions)


def compare(a: Report, b: Report) -> Comparison:
    """The totals and layers of two reports side by side; raises UsageError where they cannot be compared."""
    if a.precision != b.precision:
        raise UsageError(f"one network is counted in {a.precision}, the other in {b.precision}")
    ours, theirs = symbols(a), symbols(b)
    for name in ours:
        if name in theirs and ours[name].integral != theirs[name].integral:
            raise UsageError(f"'{name}' is whole in one network and a fraction in the other")
    return Comparison(a, b, tuple(_totals(a, b)), tuple(_matched(a.layers, b.layers)))


def symbols(report: Report) -> dict[str, Recorded]:
    """The free names of a network, its batch among them."""
    values = (*report.hyperparameters.values(), report.batch)
    return {value.name: value for value in values if isinstance(value, Recorded) and value.operator == "name"}


def _totals(a: Report, b: Report) -> list[Pair]:
    pairs = [Pair(name, getattr(a.totals, name), getattr(b.totals, name)) for name in TOTALS]
    fields = a.totals.receptive_field, b.totals.receptive_field
    for axes, quantity in FIELD.items():
        ours, theirs = (_axes(field, axes) for field in fields)
        length = max(len(ours), len(theirs))
        if len(set(ours)) <= 1 and len(set(theirs)) <= 1:
            length = min(length, 1)
        pairs += [
            Pair(
                quantity if length == 1 else f"{quantity}[{axis}]",
                ours[axis] if axis < len(ours) else None,
                theirs[axis] if axis < len(theirs) else None,
            )
            for axis in range(length)
        ]
    return pairs


def _axes(field: ReceptiveField | None, axes: str) -> tuple[Quantity, ...]:
    return () if field is None else tuple(getattr(field, axes))


def _facts(layer: Layer) -> tuple[object, ...]:
    counts = [getattr(layer, name) for name in COUNTS]
    return (layer.op, layer.output_shape, *counts)


def _matched(a: Sequence[Layer], b: Sequence[Layer]) -> Iterator[Layers]:
    """Layers with equal paths together, in the order of A; what only B has follows what it follows there."""
    ours = {layer.path for layer in a}
    theirs = {layer.path: layer for layer in b}
    following: dict[str, list[Layers]] = {}
    last = ""
    for layer in b:
        if layer.path in ours:
            last = layer.path
        else:
            following.setdefault(last, []).append(Layers(layer.path, None, layer))
    yield from following.get("", [])
    for layer in a:
        yield Layers(layer.path, layer, theirs.get(layer.path))
        yield from following.get(layer.path, [])


def differing(comparison: Comparison, levels: int | None = None) -> list[Part]:
    """Where they differ: whole parts that only one has, else single layers, or parts of at most `levels` segments.

    Raises UsageError if `levels` is less than 1.
    """
    if levels is not None and levels < 1:
        raise UsageError(f"levels are a whole number, at least 1, not {levels}")
    return list(_differing(comparison.layers, 1, levels))


def _differing(layers: Sequence[Layers], depth: int, levels: int | None) -> Iterator[Part]:
    groups: dict[str, list[Layers]] = {}
    for layer in layers:
        groups.setdefault("/".join(layer.path.split("/")[:depth]), []).append(layer)
    for path, group in groups.items():
        if all(layer.same for layer in group):
            continue
        part = Part(path, tuple(m.a for m in group if m.a is not None), tuple(m.b for m in group if m.b is not None))
        if len(group) == 1 or depth == levels or not (part.a and part.b):
            yield part
        else:
            yield from _differing(group, depth + 1, levels)


def lent(spec: Spec, other: Spec) -> Spec:
    """The spec with those hyperparameters of the other that its own values name, as in kernel=n."""
    named = {name for value in spec.hyperparameters.values() for name in value.parsed.names}
    missing = {
        name: value
        for name, value in other.hyperparameters.items()
        if name in named and name not in spec.hyperparameters
    }
    return spec._replace(hyperparameters=spec.hyperparameters | missing)


def common_symbols(a: Spec, b: Spec, fixed: Collection[str] = (), **choices: Any) -> tuple[str, ...]:
    """The hyperparameters of both specs, those in `fixed` apart, that can be left free together.

    They are tried one after another, in the order of A; what an operator's presence hangs on stays a number.
    `choices` are those of `build`. Raises LimitError where there are too many to try.
    """
    structures = [_structure(spec, (), choices) for spec in (a, b)]
    left = LIMITS.free_layers * TRIES
    free: tuple[str, ...] = ()
    for name in a.hyperparameters:
        if name not in b.hyperparameters or name in fixed:
            continue
        left -= sum(map(len, structures))
        if left < 0:
            raise LimitError(
                "there are too many hyperparameters to try each for so many layers", hint="name some with --free"
            )
        wider = (*free, name)
        try:
            same = [_structure(spec, wider, choices) for spec in (a, b)] == structures
        except ArchcalcError:
            continue
        if same:
            free = wider
    return free


def _structure(spec: Spec, free: Collection[str], choices: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(node.path, node.kind) for node in build(spec, free=free, **choices).nodes]
