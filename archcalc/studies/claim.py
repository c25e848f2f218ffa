"""Which convention, resolution and variant of a network give the figures that a paper or a tool states."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError
from archcalc.spec.figure import Figure, FigureError, read_figure
from archcalc.studies.conventions import merged, named, of_operations, of_tool, tools
from archcalc.studies.variants import CLASSES, RESOLUTION, siblings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.recorded import Number
    from archcalc.studies.conventions import Convention
    from archcalc.studies.variants import Change, Network, Source

MOST_DIGITS_CUT = 3
"""Figures of more digits are rounded: 3.8G is printed for 3.86G, but 3.857G not for 3.8579G."""
MOST_DEPARTURES = 2
"""Cut digits included."""
ALIKE = Fraction(11, 10)
"""From one resolution to another conventions keep their ratios within this."""
LEAST_DIGITS = 4
"""A figure of so many digits, not in full, is looked for only where papers and tools usually count."""
CUT = "cut to its digits, not rounded"


class Stated(NamedTuple):
    """What is claimed: at least one figure; `only_mult_adds` where a multiply-accumulate is certainly one."""

    params: Figure | None
    operations: Figure | None
    only_mult_adds: bool

    @property
    def most(self) -> int:
        """So many departures are looked at, cut digits apart: as many as figures, for more fit by chance."""
        return (self.params is not None) + (self.operations is not None)


class Reading(NamedTuple):
    """A network and a way to count each stated figure; `also` are other readings with the same numbers."""

    network: Network
    params: Convention | None
    operations: Convention | None
    cut: bool
    distance: Fraction  # relative, summed over the figures
    holds: bool
    also: tuple[Reading, ...] = ()

    @property
    def ways(self) -> list[Convention]:
        """How each stated figure counts."""
        return [way for way in (self.params, self.operations) if way is not None]

    @property
    def departures(self) -> frozenset[str]:
        """In what it departs from the spec as it is, counted as usual and rounded."""
        changed = [change.text for change in self.network.changes]
        return frozenset([*changed, *(way.name for way in self.ways if not way.plain), *([CUT] if self.cut else [])])

    @property
    def values(self) -> tuple[str, tuple[int, ...]]:
        """What makes two readings the same."""
        return self.network.name, tuple(way.value for way in self.ways)


class Claim(NamedTuple):
    """The readings of figures in specs by these names.

    `fits` give the figures, fewest departures first, then nearest; `further` do so too, with departures beside those
    of a fit. Where nothing fits, `nearest` are the readings that come nearest, each departing less than those before.
    """

    stated: Stated
    names: tuple[str, ...]
    fits: tuple[Reading, ...]
    further: tuple[Reading, ...]
    nearest: tuple[Reading, ...]


def read_stated(params: object = None, flops: object = None, mult_adds: object = None) -> Stated:
    """What is claimed, read from figures as printed; raises UsageError."""
    if params is None and flops is None and mult_adds is None:
        raise UsageError("a claim states at least one figure", hint="parameters, operations, or both: 25.5M, 3.8G")
    if flops is not None and mult_adds is not None:
        raise UsageError("a claim states operations once: as flops, or as mult-adds where that is certain")
    operations = flops if mult_adds is None else mult_adds
    return Stated(
        None if params is None else _claimed(params, "params"),
        None if operations is None else _claimed(operations, "flops" if mult_adds is None else "mult-adds"),
        mult_adds is not None,
    )


def _claimed(text: object, what: str) -> Figure:
    try:
        figure = read_figure(str(text))
    except FigureError as error:
        raise UsageError(f"{what}: {error.message}", hint="write it as printed: 25.5M, 3.8G or 25557032") from None
    if figure.bound is not None or figure.value <= 0:
        raise UsageError(f"{what}: a claim is one figure above 0, not '{figure.text[:60]}'")
    return figure


def claim(sources: Sequence[Source], stated: Stated) -> Claim:
    """All readings of what is stated in these specs; siblings in the zoo are looked at where the specs have none.

    Raises an ArchcalcError where a spec as it is gives no network.
    """
    if not sources:
        raise UsageError("a claim is about at least one network")
    readings = [reading for source in sources for reading in _Search(source, stated).readings()]
    names, nearest = [source.name for source in sources], _front(readings)
    if not any(reading.holds for reading in readings):
        for source in sources:
            for other in siblings(source, source.network()):
                if other.name not in names:
                    names.append(other.name)
                    readings += _Search(other, stated).readings()
    found = _ordered(reading for reading in readings if reading.holds)
    fits = [one for one in found if not any(_needless(one, other) for other in found)]
    further = [one for one in found if one not in fits]
    return Claim(stated, tuple(names), tuple(fits), tuple(further), () if fits else tuple(nearest))


def _needless(one: Reading, other: Reading) -> bool:
    """Whether a reading departs as another one of the same spec does, and further."""
    return one.network.name == other.network.name and other.departures < one.departures


class _Search:
    """The readings of one spec, with at most so many departures."""

    def __init__(self, source: Source, stated: Stated) -> None:
        self.source = source
        self.stated = stated
        self.base = source.network()
        self.ratios: dict[str, Fraction] = {}  # what conventions count over the mult-adds
        self.mult_adds: dict[int, int] = {}  # by resolution
        self.tools = tools(only_mult_adds=stated.only_mult_adds)
        self.sized: bool | None = None  # whether parameters depend on the resolution

    def readings(self) -> Iterator[Reading]:
        """Those of the spec as it is, then with one change, then with two."""
        yield from self._of(self.base)
        other_classes = self.stated.params is not None and not _precise(self.stated.params)
        changes = [change for change in self.source.changes() if change.kind != CLASSES or other_classes]
        changes.sort(key=self._expected)
        for number in range(1, self.stated.most + 1):
            for chosen in combinations(changes, number):
                yield from self._changed(chosen)

    def _changed(self, chosen: tuple[Change, ...]) -> Iterator[Reading]:
        if len({change.kind for change in chosen}) < len(chosen):
            return
        resolution = next((change for change in chosen if change.kind == RESOLUTION), None)
        if resolution is not None and not self._may_matter(resolution, alone=len(chosen) == 1):
            return
        network = self.source.tried(chosen)
        if network is None:
            return
        if resolution is not None and resolution.size is not None and len(chosen) == 1:
            self.mult_adds[resolution.size] = network.mult_adds
        yield from self._of(network)

    def _expected(self, change: Change) -> Number:
        """Resolutions in the order in which they are tried: from that where mult-adds, by area, are as stated."""
        figure, side = self.stated.operations, self.base.side
        if change.size is None or figure is None or side is None or not self.base.mult_adds:
            return 0
        return abs(Fraction(change.size, side) ** 2 - Fraction(figure.value) / self.base.mult_adds)

    def _may_matter(self, resolution: Change, *, alone: bool) -> bool:
        """Whether the figures may follow at this resolution: mult-adds grow with it, and conventions keep ratios."""
        figure, size = self.stated.operations, resolution.size
        if figure is None or size is None:
            return self._params_are_sized(resolution)
        if not alone:
            return _within(self.mult_adds.get(size, 0), figure, ALIKE)
        ratios = [Fraction(1), *self.ratios.values()]
        least, most = figure.value / max(ratios) / ALIKE, figure.value / min(ratios) * ALIKE
        return not any(
            (side <= size and known > most) or (side >= size and known < least)
            for side, known in self.mult_adds.items()
        )

    def _params_are_sized(self, resolution: Change) -> bool:
        """Whether parameters depend on the resolution, which one other resolution tells."""
        if self.sized is None:
            other = self.source.tried((resolution,))
            if other is None:
                return False
            self.sized = [way.value for way in other.params] != [way.value for way in self.base.params]
        return self.sized

    def _of(self, network: Network) -> Iterator[Reading]:
        """The readings of one network; where two things are changed, only as counted usually."""
        left = self.stated.most - len(network.changes)
        params = [None] if self.stated.params is None else self._params(network)
        operations = [None] if self.stated.operations is None else self._operations(network, left)
        for pair in product(params, operations):
            spent = sum(not way.plain for way in pair if way is not None)
            if spent <= left:
                spent += len(network.changes)
                yield _reading(network, pair, self.stated, may_be_cut=spent < MOST_DEPARTURES)

    def _params(self, network: Network) -> list[Convention]:
        """Parameters depart once: by other classes, or by what is counted."""
        other_classes = any(change.kind == CLASSES for change in network.changes)
        assert self.stated.params is not None
        return [way for way in _meant(network.params, self.stated.params) if way.plain or not other_classes]

    def _operations(self, network: Network, left: int) -> list[Convention]:
        stated = self.stated
        assert stated.operations is not None
        ways = of_operations(network.graph, training=network.training, only_mult_adds=stated.only_mult_adds)
        for name in self.tools if left else ():
            if network is self.base or self._near(name, network):
                ways += of_tool(network.graph, name, training=network.training)
        if network is self.base and network.mult_adds:
            self.ratios = {way.name: Fraction(way.value, network.mult_adds) for way in ways if way.value}
            self.mult_adds = {} if network.side is None else {network.side: network.mult_adds}
        return merged(_meant(ways, stated.operations))

    def _near(self, tool: str, network: Network) -> bool:
        """Whether the tool may print the figure, by what it printed of the spec as it is."""
        assert self.stated.operations is not None
        return _within(network.mult_adds * self.ratios.get(named(tool), 0), self.stated.operations, ALIKE)


def _within(estimate: Number, figure: Figure, factor: Fraction) -> bool:
    return figure.value <= estimate * factor and estimate <= figure.value * factor


def _reading(network: Network, pair: tuple[Convention | None, ...], stated: Stated, *, may_be_cut: bool) -> Reading:
    params, operations = pair
    told = list(_told(pair, stated))
    distance = sum((abs(way.value - Fraction(figure.value)) / figure.value for way, figure in told), Fraction(0))
    rounded = all(figure.holds(way.value) for way, figure in told)
    cut = not rounded and may_be_cut and all(_holds_cut(figure, way) for way, figure in told)
    return Reading(network, params, operations, cut, distance, rounded or cut)


def _told(pair: Iterable[Convention | None], stated: Stated) -> Iterator[tuple[Convention, Figure]]:
    """The ways to count with the figures that they are to give."""
    for way, figure in zip(pair, (stated.params, stated.operations), strict=True):
        if way is not None and figure is not None:
            yield way, figure


def _holds_cut(figure: Figure, way: Convention) -> bool:
    return figure.holds(way.value, cut=len(_digits(figure)) <= MOST_DIGITS_CUT)


def _meant(ways: list[Convention], figure: Figure) -> list[Convention]:
    """The ways that may be meant by a figure: of many digits, what is seldom meant would fit it by chance."""
    return [way for way in ways if not (way.rare and _precise(figure))]


def _precise(figure: Figure) -> bool:
    return len(_digits(figure)) >= LEAST_DIGITS and not figure.exact


def _digits(figure: Figure) -> str:
    """Those that say something: without zeros in front."""
    return figure.digits.replace(".", "").lstrip("0")


def _ordered(readings: Iterable[Reading]) -> list[Reading]:
    """Fewest departures first, then nearest; of the same numbers of a network those with the fewest departures."""
    kept: dict[object, Reading] = {}
    for reading in sorted(readings, key=lambda reading: (len(reading.departures), reading.distance)):
        first = kept.setdefault(reading.values, reading)
        if first is not reading and len(first.departures) == len(reading.departures):
            kept[reading.values] = first._replace(also=(*first.also, reading))
    return list(kept.values())


def _front(readings: Iterable[Reading]) -> list[Reading]:
    """Nearest first, each with fewer departures than all before."""
    front: list[Reading] = []
    for reading in sorted(_ordered(readings), key=lambda reading: (reading.distance, len(reading.departures))):
        if not front or len(reading.departures) < len(front[-1].departures):
            front.append(reading)
    return front
