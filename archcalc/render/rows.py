"""A report as rows to show, the same for every format: layers, named parts with their sums, equal parts put together.

Nothing is lost on the way: every layer is in exactly one row, so the sums over the rows are the totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError
from archcalc.recorded import is_free, total
from archcalc.render.columns import USUAL
from archcalc.render.parts import Keys, Part, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.recorded import Shape, Size
    from archcalc.render.columns import Columns
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
    more: Mapping[str, Size]  # counts that layers do not carry, by name

    def number(self, name: str) -> Size:
        """A count by its name."""
        found: Size = self.more[name] if name in self.more else getattr(self, name)
        return found

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


def rows(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> list[Row]:
    """The rows to show: at most `levels` segments of every path; with `expand` nothing is put together.

    Without either, as much as fits on a screen. Raises UsageError if `levels` is less than 1.
    """
    if levels is not None and levels < 1:
        raise UsageError(f"levels are a whole number, at least 1, not {levels}")
    root, beside = tree(report.layers), columns.beside(report)
    if expand:
        drafts = _Shown(fold=_NOTHING, join=False, open_merges=True).inside(root, levels or -1)
    elif levels is not None:
        drafts = _Shown(_NUMBERED_PARTS, keys=Keys(report, beside)).inside(root, levels)
    else:
        drafts = _screenful(root, Keys(report, beside), small=len(report.layers) <= SMALL)
    names = [one.name for one in columns.more]
    return [draft.row(root, names, beside) for draft in drafts]


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
    yield from row.more.values()
    if row.receptive_field is not None:
        for axes in row.receptive_field[:3]:
            yield from axes


def _order(number: Size) -> tuple[int, int]:
    return (0, 0) if is_free(number) else (1, -int(number))


class _Draft:
    """A row in the making: the parts in it, and the way to the last of the equal ones that it stands for."""

    __slots__ = ("op", "parts", "path", "then", "times", "way")

    def __init__(self, path: str, op: str | None, part: Part) -> None:
        self.path = path
        self.times = 1
        self.op = op
        self.then: list[str] = []
        self.parts = [part]
        self.way: tuple[int, ...] = ()  # which child of which child of the part that is being opened

    def append(self, part: Part) -> None:
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

    def row(self, root: Part, names: Sequence[str], beside: Mapping[str, tuple[Size, ...]]) -> Row:
        """The row, with its sums, those of the counts `beside` under their names."""
        layers = [layer for part in self.parts for layer in part.layers()]
        counts = [(*layer[6:12], *beside.get(layer.path, ())) for layer in layers]
        params, trainable, buffers, mult_adds, flops, activations, *more = map(self._sum, zip(*counts, strict=True))
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
            more=dict(zip(names, more, strict=True)),
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
        keys: Keys | None = None,
        join: bool = True,
        open_merges: bool = True,
        limit: int | None = None,
    ) -> None:
        self.fold = fold
        self.keys = keys
        self.join = join
        self.open_merges = open_merges
        self.limit = limit

    def inside(self, part: Part, levels: int) -> list[_Draft]:
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

    def _unit(self, unit: list[Part], levels: int) -> list[_Draft]:
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

    def _part(self, part: Part, levels: int) -> list[_Draft]:
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

    def _period(self, part: Part, units: list[list[Part]], at: int) -> tuple[int, int]:
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


def _equal(units: list[list[Part]], keys: list[tuple[int, ...]], at: int, other: int, period: int) -> bool:
    """Whether the units at two places are the same but for the numbers at the ends of their names."""
    return keys[at : at + period] == keys[other : other + period] and all(
        _same_but_for_number(one[0].name, two[0].name)
        for one, two in zip(units[at : at + period], units[other : other + period], strict=True)
    )


def _same_but_for_number(one: str, other: str) -> bool:
    stem = one.rstrip(DIGITS)
    return stem != one and stem == other.rstrip(DIGITS)


def _screenful(root: Part, keys: Keys, *, small: bool) -> list[_Draft]:
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


def _fitting(way: _Shown, root: Part, levels: int) -> list[_Draft] | None:
    try:
        return way.inside(root, levels)
    except _TooManyError:
        return None


def _depth(root: Part) -> int:
    deepest, waiting = 0, [(root, 0)]
    while waiting:
        part, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((inner, level + 1) for inner in part.parts.values())
    return deepest
