"""A report as rows to show, the same for every format: layers, named parts with their sums, equal parts put together.

Nothing is lost on the way: every layer is in exactly one row, so the sums over the rows are the totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError
from archcalc.ops import OPS
from archcalc.ops.op import Pointwise, View
from archcalc.recorded import is_free, total
from archcalc.render.units import Exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.recorded import Shape, Size
    from archcalc.report import Layer, Report

SCREEN = 40
"""As many rows are shown where nothing else is asked for."""
SMALL = 40
"""With no more operators than this, the branches of merges are opened too."""
FEW = 5
"""No more rows than this tell too little: branches are opened to show more."""
PERIOD = 8
"""The longest run of siblings that is looked for as one that repeats."""

DIGITS = "0123456789"
_OTHERS = {"layer_norm", "group_norm", "instance_norm", "maxout"}


class Row(NamedTuple):
    """One line of a table; the counts are sums over all its layers, of all `times` equal parts."""

    path: str  # of equal parts a range: bottleneck2-6
    times: int
    op: str | None  # None for a part of several layers
    then: tuple[str, ...]  # operators that work element by element on what op writes, in the same row
    layers: int
    output_shape: Shape
    params: Size
    trainable_params: Size
    buffers: Size
    mult_adds: Size
    flops: Size
    activations: Size
    receptive_field: ReceptiveField | None  # of the last layer
    shared_with: str | None

    @property
    def operators(self) -> str:
        """What the row does: conv + relu; for a part, of how many layers it is made."""
        return " + ".join((self.op, *self.then)) if self.op else f"{self.layers} layers"


class Kind(NamedTuple):
    """All layers of one operator together."""

    op: str
    layers: int
    params: Size
    buffers: Size
    mult_adds: Size
    flops: Size
    activations: Size


def rows(report: Report, *, levels: int | None = None, expand: bool = False) -> list[Row]:
    """The rows to show: at most `levels` segments of every path; with `expand` nothing is put together.

    Without either, as much as fits on a screen. Raises UsageError if `levels` is less than 1.
    """
    if levels is not None and levels < 1:
        raise UsageError(f"levels are a whole number, at least 1, not {levels}")
    root = _tree(report.layers)
    if expand:
        return [
            draft.row(root) for draft in _Shown(fold=_NOTHING, join=False, open_merges=True).inside(root, levels or -1)
        ]
    keys = _Keys(report)
    if levels is not None:
        return [draft.row(root) for draft in _Shown(_NUMBERED_PARTS, keys=keys).inside(root, levels)]
    return [draft.row(root) for draft in _screenful(root, keys, small=len(report.layers) <= SMALL)]


def kinds(report: Report) -> list[Kind]:
    """What each operator has, those with most mult-adds, then with most params, first."""
    groups: dict[str, list[Layer]] = {}
    for layer in report.layers:
        groups.setdefault(layer.op, []).append(layer)
    found = [
        Kind(
            op,
            len(layers),
            total([layer.params for layer in layers]),
            total([layer.buffers for layer in layers]),
            total([layer.mult_adds for layer in layers]),
            total([layer.flops for layer in layers]),
            total([layer.activations for layer in layers]),
        )
        for op, layers in groups.items()
    ]
    return sorted(found, key=lambda kind: [_order(n) for n in (kind.mult_adds, kind.params, kind.activations)])


def numbers(row: Row) -> Iterator[object]:
    """Every number of a row, to be written together."""
    yield from row.output_shape
    yield from row[6:12]
    if row.receptive_field is not None:
        for axes in row.receptive_field[:3]:
            yield from axes


def _order(number: Size) -> tuple[int, int]:
    return (0, 0) if is_free(number) else (1, -int(number))


class _Part:
    """A segment of paths: a layer, a named part, or a merge with the branches inside."""

    __slots__ = ("inner", "joined", "key", "layer", "name", "parts", "path", "unit_keys")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.layer: Layer | None = None
        self.parts: dict[str, _Part] = {}
        self.key: int | None = None
        self.inner: list[_Part] | None = None
        self.joined: list[list[_Part]] | None = None
        self.unit_keys: list[tuple[int, ...]] | None = None

    def children(self) -> list[_Part]:
        """What is inside, in order; the layer of a merge comes last, as a part of its own."""
        if self.inner is None:
            self.inner = list(self.parts.values())
            if self.layer is not None and self.inner:
                merge = _Part(self.name, self.path)
                merge.layer = self.layer
                self.inner.append(merge)
        return self.inner

    def units(self) -> list[list[_Part]]:
        """What is inside, each part with the layers after it that work element by element on what it writes."""
        if self.joined is None:
            self.joined = _joined(self.children())
        return self.joined

    def is_one_row(self) -> bool:
        """Whether it is one layer, with what works element by element on its output."""
        return self.layer is None and not any(p.parts for p in self.parts.values()) and len(self.units()) == 1

    def layers(self) -> list[Layer]:
        """Every layer inside, in order."""
        found: list[Layer] = []
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if part.parts:
                waiting.extend(reversed(part.children()))
            elif part.layer is not None:
                found.append(part.layer)
        return found

    def last(self) -> Layer | None:
        """The layer whose output is that of the part."""
        part = self
        while part.layer is None and part.parts:
            part = next(reversed(part.parts.values()))
        return part.layer


def _tree(layers: Sequence[Layer]) -> _Part:
    root = _Part("", "")
    for layer in layers:
        part, path = root, ""
        for segment in layer.path.split("/"):
            path = f"{path}/{segment}" if path else segment
            inner = part.parts.get(segment)
            if inner is None:
                inner = part.parts[segment] = _Part(segment, path)
            part = inner
        part.layer = layer
    return root


class _Keys:
    """Equal numbers for parts that are the same but for their names."""

    def __init__(self, report: Report) -> None:
        self.known: dict[object, int] = {}
        self.exact: Exact | None = None
        if report.symbolic:
            # Equal formulas are seen in normal form only.
            self.exact = Exact(n for layer in report.layers for n in _facts(layer))

    def __call__(self, part: _Part) -> int:
        if part.key is None:
            own = None if part.layer is None else self._layer(part.layer)
            key = (own, *(self(inner) for inner in part.parts.values()))
            part.key = self.known.setdefault(key, len(self.known))
        return part.key

    def _layer(self, layer: Layer) -> object:
        facts = list(_facts(layer))
        if self.exact is not None:
            facts = [self.exact(n) if is_free(n) else n for n in facts]  # type: ignore[arg-type]
        return (layer.op, layer.shared_with, len(layer.input_shapes), *facts)


def _facts(layer: Layer) -> Iterator[object]:
    for shape in layer.input_shapes:
        yield from shape
    yield from layer.output_shape
    yield from layer[6:12]


class _Draft:
    """A row in the making: the parts in it, and the way to the last of the equal ones that it stands for."""

    __slots__ = ("op", "parts", "path", "then", "times", "way")

    def __init__(self, path: str, op: str | None, part: _Part) -> None:
        self.path = path
        self.times = 1
        self.op = op
        self.then: list[str] = []
        self.parts = [part]
        self.way: tuple[int, ...] = ()  # which child of which child of the part that is being opened

    def append(self, part: _Part) -> None:
        """Take in a layer that works on what this row writes."""
        assert part.layer is not None
        self.then.append(part.layer.op)
        self.parts.append(part)

    def repeat(self, times: int, depth: int, last: str) -> None:
        """Make this the row of several equal parts; the last has this name, at this depth of the path."""
        self.times *= times
        segments = self.path.split("/")
        stem = segments[depth].rstrip(DIGITS)
        segments[depth] += f"-{last[len(stem) :]}"
        self.path = "/".join(segments)

    def row(self, root: _Part) -> Row:
        """The row, with its sums."""
        layers = [layer for part in self.parts for layer in part.layers()]
        sums = [self._sum(counts) for counts in zip(*(layer[6:12] for layer in layers), strict=True)]
        params, trainable, buffers, mult_adds, flops, activations = sums
        last = self.parts[-1]
        if self.times > 1:
            last = root
            for child in self.way:
                last = last.children()[child]
        end = last.last()
        return Row(
            path=self.path,
            times=self.times,
            op=self.op,
            then=tuple(self.then),
            layers=len(layers) * self.times,
            output_shape=layers[-1].output_shape,
            params=params,
            trainable_params=trainable,
            buffers=buffers,
            mult_adds=mult_adds,
            flops=flops,
            activations=activations,
            receptive_field=end and end.receptive_field,
            shared_with=layers[0].shared_with if self.op else None,
        )

    def _sum(self, counts: tuple[Size, ...]) -> Size:
        one = counts[0] if len(counts) == 1 else total(counts)
        return one if self.times == 1 else self.times * one


class _TooManyError(Exception):
    """More rows than fit."""


_NOTHING, _NUMBERED_PARTS, _LAYERS_TOO = range(3)


class _Shown:
    """One way to show a network: what is put together, what is opened, and how many rows are allowed."""

    def __init__(
        self,
        fold: int,
        *,
        keys: _Keys | None = None,
        join: bool = True,
        open_merges: bool = True,
        limit: int | None = None,
    ) -> None:
        self.fold = fold
        self.keys = keys
        self.join = join
        self.open_merges = open_merges
        self.limit = limit

    def inside(self, part: _Part, levels: int) -> list[_Draft]:
        """The rows of what is inside a part, opened so many levels; raises _TooManyError beyond the limit."""
        units = part.units() if self.join else [[child] for child in part.children()]
        depth = part.path.count("/") + 1 if part.path else 0
        drafts: list[_Draft] = []
        at = child = 0
        while at < len(units):
            period, times = self._period(part, units, at)
            far = sum(map(len, units[at : at + period])) * (times - 1)  # children between the first and the last
            for i in range(at, at + period):
                for draft in self._unit(units[i], levels):
                    member, *rest = draft.way
                    draft.way = (child + member + far, *rest)
                    if times > 1:
                        draft.repeat(times, depth, units[i + period * (times - 1)][member].name)
                    drafts.append(draft)
                child += len(units[i])
            if self.limit is not None and len(drafts) > self.limit:
                raise _TooManyError
            child += far
            at += period * times
        return drafts

    def _unit(self, unit: list[_Part], levels: int) -> list[_Draft]:
        drafts = self._part(unit[0], levels)
        for draft in drafts:
            draft.way = (0, *draft.way)
        for member, follower in enumerate(unit[1:], 1):
            assert follower.layer is not None
            part_of_many = drafts[-1].op is None and unit[0].layer is None
            if part_of_many or drafts[-1].times > 1:
                drafts.append(_Draft(follower.path, follower.layer.op, follower))
            else:
                drafts[-1].append(follower)
            drafts[-1].way = (member,)
        return drafts

    def _part(self, part: _Part, levels: int) -> list[_Draft]:
        if not part.parts:
            assert part.layer is not None
            return [_Draft(part.path, part.layer.op, part)]
        closed = levels == 1 or (part.layer is not None and not self.open_merges)
        if closed and not (self.join and part.is_one_row()):
            return [_Draft(part.path, None, part)]
        drafts = self.inside(part, levels - 1)
        if self.join and len(drafts) == 1 and drafts[0].times == 1:
            drafts[0].path = part.path
            if drafts[0].op is None:
                drafts[0].then.clear()
        return drafts

    def _period(self, part: _Part, units: list[list[_Part]], at: int) -> tuple[int, int]:
        """How many units from here make what repeats, and how often they come: mostly one unit, once."""
        if self.fold == _NOTHING or self.keys is None:
            return 1, 1
        if part.unit_keys is None:
            part.unit_keys = [tuple(map(self.keys, unit)) for unit in units]
        keys = part.unit_keys
        best = (1, 1)
        for period in range(1, min(PERIOD, (len(units) - at) // 2) + 1):
            if keys[at : at + period] != keys[at + period : at + 2 * period]:
                continue
            layers_only = not any(member.parts for unit in units[at : at + period] for member in unit)
            if self.fold == _NUMBERED_PARTS and layers_only:
                continue
            times = 1
            while _equal(units, keys, at, at + period * times, period):
                times += 1
            if times > 1 and period * times > best[0] * best[1]:
                best = (period, times)
        return best


def _equal(units: list[list[_Part]], keys: list[tuple[int, ...]], at: int, other: int, period: int) -> bool:
    """Whether the units at two places are the same but for the numbers at the ends of their names."""
    return keys[at : at + period] == keys[other : other + period] and all(
        _same_but_for_number(one[0].name, two[0].name)
        for one, two in zip(units[at : at + period], units[other : other + period], strict=True)
    )


def _same_but_for_number(one: str, other: str) -> bool:
    stem = one.rstrip(DIGITS)
    return stem != one and stem == other.rstrip(DIGITS)


def _joined(parts: list[_Part]) -> list[list[_Part]]:
    units: list[list[_Part]] = []
    for part in parts:
        if units and not part.parts and part.layer is not None and _follows(part.layer, units[-1][-1].last()):
            units[-1].append(part)
        else:
            units.append([part])
    return units


def _follows(layer: Layer, before: Layer | None) -> bool:
    kind = OPS.get(layer.op)
    if before is None or kind is None or layer.inputs != (before.path,):
        return False
    before_kind = OPS.get(before.op)
    return (issubclass(kind, Pointwise) or layer.op in _OTHERS) and not (before_kind and issubclass(before_kind, View))


def _screenful(root: _Part, keys: _Keys, *, small: bool) -> list[_Draft]:
    """The most levels that fit on a screen; branches of merges stay closed, unless little else is there."""
    few: list[_Draft] | None = None
    for open_merges in (True,) if small else (False, True):
        for levels in range(_depth(root), 0, -1):
            drafts = _fitting(_Shown(_NUMBERED_PARTS, keys=keys, open_merges=open_merges, limit=SCREEN), root, levels)
            shorter = _fitting(_Shown(_LAYERS_TOO, keys=keys, open_merges=open_merges, limit=SCREEN), root, levels)
            if shorter is not None and (drafts is None or 2 * len(shorter) <= len(drafts)):
                drafts = shorter
            if drafts is not None:
                if open_merges or len(drafts) > FEW:
                    return drafts
                few = few or drafts
    return few or _Shown(_LAYERS_TOO, keys=keys).inside(root, 1)


def _fitting(way: _Shown, root: _Part, levels: int) -> list[_Draft] | None:
    try:
        return way.inside(root, levels)
    except _TooManyError:
        return None


def _depth(root: _Part) -> int:
    deepest, waiting = 0, [(root, 0)]
    while waiting:
        part, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((inner, level + 1) for inner in part.parts.values())
    return deepest
