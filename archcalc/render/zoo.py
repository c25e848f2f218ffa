"""The list of specs, grouped by family, for the screen and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.render.screen import NARROWEST, Cell, Column, Name, Screen, cut, shown, table
from archcalc.render.units import Exact, count, exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.studies.listing import Entry

NAME, EXACT_FROM = 20, 110
SCHEMA = "archcalc.zoo/1"


def as_table(entries: Sequence[Entry]) -> Screen:
    """A line per spec: exact numbers where the screen is wide, else in short form."""

    def lay_out(room: int) -> Iterator[Line]:
        if not entries:
            yield [("no spec has such a name or family; 'archcalc zoo' lists all", "")]
            return
        written = exact if room >= EXACT_FROM else count
        columns = [
            Column("params", [Cell(written(entry.params)) for entry in entries]),
            Column("mult-adds", [Cell(written(entry.mult_adds)) for entry in entries]),
        ]
        names = [Name(f"  {shown(entry.name)}") for entry in entries]
        used = max(NARROWEST, *map(len, names)) + sum(column.needs() + 2 for column in columns)
        rest = room - used - 2
        texts = [
            f"{shown(entry.title)}; {shown(entry.cite)}" if entry.cite else shown(entry.title) for entry in entries
        ]
        if rest >= NAME:
            width = min(rest, max(map(len, texts)))
            columns.append(Column("network; source", [Cell(cut(text, width), "dim") for text in texts], left=True))
        lines = table("name", names, columns, room)
        yield from lines[:2]
        family = None
        for entry, line in zip(entries, lines[2:], strict=True):
            if entry.family != family:
                family = entry.family
                yield [(shown(family), "bold")]
            yield line
        yield []
        yield [(f"{len(entries)} specs; 'archcalc report NAME' shows one", "dim")]

    return Screen(lay_out)


def as_json(entries: Sequence[Entry]) -> str:
    """The same as data; integers in full."""
    import json

    plain = Exact((n for entry in entries for n in (entry.params, entry.mult_adds)), grouped=False)
    data = {
        "schema": SCHEMA,
        "specs": [
            {
                "name": entry.name,
                "family": entry.family,
                "title": entry.title,
                "params": entry.params if isinstance(entry.params, int) else plain(entry.params),
                "mult_adds": entry.mult_adds if isinstance(entry.mult_adds, int) else plain(entry.mult_adds),
                "cite": entry.cite,
            }
            for entry in entries
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)
