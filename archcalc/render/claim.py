"""The readings of a claim, as text."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.render.screen import Screen, paragraph, shown, width, wrapped
from archcalc.render.units import TIMES, exact, ratio
from archcalc.studies.claim import CUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.spec.figure import Figure
    from archcalc.studies.claim import Claim, Reading, Stated
    from archcalc.studies.conventions import Convention

FORMATS = ("table", "json")
SCHEMA = "archcalc.claim/1"
LEAST = 20
"""The columns that words beside a number get."""


def render(found: Claim, form: str, *, every: bool = False) -> str | Screen:
    """The answer in one of the FORMATS; `every` shows the readings that depart further too."""
    if form == "json":
        return json.dumps(as_data(found), indent=2)
    return Screen(lambda room: _lines(found, room, every=every))


def _lines(found: Claim, room: int, *, every: bool) -> Iterator[Line]:
    yield from paragraph(f"{', '.join(found.names)}: {_claimed(found.stated)}", room, "bold")
    if not found.fits:
        yield []
        most = "one departure" if found.stated.most == 1 else "two departures"
        yield from paragraph(f"None fits, of all readings with at most {most} from the spec. Nearest:", room)
    for reading in [*(found.fits or found.nearest), *(found.further if every else ())]:
        yield []
        yield from _reading(reading, found.stated, room)
    if found.further and not every:
        yield []
        more = len(found.further)
        said = "1 more fits that departs" if more == 1 else f"{more:,} more fit that depart"
        yield from paragraph(f"{said} from one of these further; --all lists them.", room, "dim")


def _claimed(stated: Stated) -> str:
    unit = "mult-adds" if stated.only_mult_adds else "operations"
    figures = ((stated.params, "params"), (stated.operations, unit))
    return " and ".join(f"{figure.text} {what}" for figure, what in figures if figure is not None)


def _reading(reading: Reading, stated: Stated, room: int) -> Iterator[Line]:
    yield from paragraph(in_words(reading), room, "bold")
    for other in reading.also:
        counts = ", ".join(way.name for way in other.ways)
        yield from paragraph(f"or {in_words(other)}: {counts}", room)
    told = _told(reading, stated)
    wide = max(width(exact(way.value)) for way, _ in told)
    for way, figure in told:
        also = f" (also {', '.join(way.also)})" if way.also else ""
        words = wrapped(shown(f"{way.name}{also}, {_off(way.value, figure)}"), max(room - wide - 4, LEAST))
        for i, line in enumerate(words):
            yield [(f"  {exact(way.value) if i == 0 else '':>{wide}}  ", ""), (line, "")]


def _told(reading: Reading, stated: Stated) -> list[tuple[Convention, Figure]]:
    pairs = ((reading.params, stated.params), (reading.operations, stated.operations))
    return [(way, figure) for way, figure in pairs if way is not None and figure is not None]


def in_words(reading: Reading) -> str:
    """Which network it is, what is changed in it, and whether the figures are cut."""
    network = reading.network
    resized = any(change.size is not None for change in network.changes)
    usual = "" if resized or network.side is None else f" at {network.side} x {network.side}"
    texts = [change.text for change in sorted(network.changes, key=lambda change: change.size is None)]
    said = " ".join([f"{network.name}{usual}", *texts[:1]] if texts else [f"{network.name}{usual}"])
    said = ", ".join([said, *texts[1:], *([CUT] if reading.cut else [])])
    return said.replace(" x ", TIMES)


def _off(value: int, figure: Figure) -> str:
    """How far the figure is from the value."""
    difference = Fraction(value) - Fraction(figure.value)
    if not difference:
        return "exactly"
    share = ratio(abs(difference) * 100 / Fraction(figure.value))
    return f"{share}% {'above' if difference > 0 else 'below'} {figure.text}"


def as_data(found: Claim) -> dict[str, Any]:
    """The answer as plain data."""
    stated = found.stated
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "names": list(found.names),
        "params": stated.params and stated.params.text,
        "operations": stated.operations and stated.operations.text,
        "only_mult_adds": stated.only_mult_adds,
        "fits": _readings(found.fits),
        "further": _readings(found.further),
        "nearest": _readings(found.nearest),
    }


def _readings(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [{**_plain(reading), "also": [_plain(other) for other in reading.also]} for reading in readings]


def _plain(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.network.name,
        "changes": [change.text for change in reading.network.changes],
        "cut": reading.cut,
        "departures": len(reading.departures),
        "params": _way(reading.params),
        "operations": _way(reading.operations),
    }


def _way(way: Convention | None) -> dict[str, Any] | None:
    return None if way is None else {"value": way.value, "counts": way.name, "also": list(way.also)}
