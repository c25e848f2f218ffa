"""Sensitivities as a table of parts, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archcalc.render.screen import Cell, Column, Name, Screen, paragraph, shown, table
from archcalc.render.units import ratio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from archcalc.render.screen import Line
    from archcalc.studies.elasticity import Sensitivities

SCHEMA = "archcalc.elasticity/1"
FORMATS = ("text", "json")
EXPLAINED = "Each number: by how many percent the quantity of that part grows when the name grows by one percent."


def render(found: Sensitivities, form: str = "text") -> str | Screen:
    """The sensitivities in one of the FORMATS."""
    return _json(found) if form == "json" else Screen(lambda room: _lines(found, room))


def _lines(found: Sensitivities, room: int) -> Iterator[Line]:
    """For each free name a table: the parts that have some of the quantities, and the total."""
    yield from paragraph(found.network, room, "bold")
    for name, value in found.point.items():
        rows = [row for row in found.rows if row.name == name]
        quantities = list(dict.fromkeys(row.quantity for row in rows))
        values = {(row.path, row.quantity): row.value for row in rows}
        paths = [path for path in dict.fromkeys(row.path for row in rows) if path]
        parts = [path for path in paths if values.get((path, "mult_adds")) or values.get((path, "params"))]
        columns = [Column(q, [Cell(_written(values[path, q])) for path in (*parts, "")]) for q in quantities]
        yield []
        yield from table(f"{name} = {value}", [Name(shown(path)) for path in (*parts, "total")], columns, room)
    yield []
    yield from paragraph(EXPLAINED, room, "dim")


def _written(value: Fraction | None) -> str:
    return "" if value is None else ratio(value.numerator if value.denominator == 1 else value)


def _json(found: Sensitivities) -> str:
    data = {
        "schema": SCHEMA,
        "name": found.network,
        "at": {name: str(value) for name, value in found.point.items()},
        "elasticity": [
            {"path": path, "quantity": quantity, "of": name, "value": None if value is None else str(value)}
            for path, quantity, name, value in found.rows
        ],
    }
    return json.dumps(data, indent=2)
