"""The rows of a sweep as a table, as CSV and as JSON; the last two as they come, in bounded memory.

An interruption, or an error on the way, ends the text in due form and is then raised again.
"""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.errors import ArchcalcError
from archcalc.render.csv import guarded
from archcalc.render.screen import Cell, Column, Name, Screen, table
from archcalc.render.units import count
from archcalc.studies.grid import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcalc.render.screen import Line
    from archcalc.studies.structures import Rows
    from archcalc.studies.sweep import Sweep

FORMATS = ("table", "csv", "json", "parquet")
SCHEMA = "archcalc.sweep/1"
SHOWN_ROWS = 1_000
SHOWN_REASONS = 5
STOPS = (KeyboardInterrupt, ArchcalcError)


def as_csv(sweep: Sweep, chunks: Iterable[Rows]) -> Iterator[str]:
    """CSV by RFC 4180; the quantities of what is no network are empty."""
    yield _csv([sweep.columns])
    for rows in chunks:
        cells = [list(map(_csv_cell, column)) for column in sweep.cells(rows)]
        yield _csv(zip(*cells, strict=True))


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _csv_cell(value: Any) -> Any:
    if value is None or type(value) is int:
        return value
    text = written(value)
    return text if isinstance(value, Fraction) else guarded(text)


def as_json(sweep: Sweep, chunks: Iterable[Rows]) -> Iterator[str]:
    """One JSON object with a row a line, by the contract of docs/sweep.md."""
    head = {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": sweep.network.spec.name,
        "columns": sweep.columns,
    }
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "rows": ['
    stop: BaseException | None = None
    mark = "\n"
    try:
        for rows in chunks:
            cells = [list(map(_json_value, column)) for column in sweep.cells(rows)]
            lines = [
                json.dumps(dict(zip(sweep.columns, row, strict=True)), ensure_ascii=False)
                for row in zip(*cells, strict=True)
            ]
            if lines:
                yield mark + ",\n".join(lines)
                mark = ",\n"
    except STOPS as stopping:
        stop = stopping
    refused = [
        {"configurations": many, "first": example, "reason": said.partition("\n")[0]}
        for many, said, example in sweep.refused.values()
    ]
    yield f'\n], "refused": {json.dumps(refused, ensure_ascii=False)}, "complete": {json.dumps(stop is None)}}}\n'
    if stop is not None:
        raise stop


def _json_value(value: Any) -> Any:
    """Whole numbers, truth values and null as JSON has them; everything else as text of the language."""
    return value if value is None or isinstance(value, int) else written(value)


def as_table(sweep: Sweep, chunks: Iterable[Rows]) -> Screen:
    """The first rows as a table, with exact numbers where the screen is wide enough."""
    columns: list[list[Any]] = [[] for _ in sweep.columns]
    stopped = False
    try:
        for rows in chunks:
            for column, cells in zip(columns, sweep.cells(rows.at(slice(SHOWN_ROWS + 1))), strict=True):
                column.extend(cells)
            if len(columns[0]) > SHOWN_ROWS:
                break
    except KeyboardInterrupt:
        stopped = True
    more = len(columns[0]) > SHOWN_ROWS
    columns = [column[:SHOWN_ROWS] for column in columns]

    def lay_out(room: int) -> Iterator[Line]:
        if stopped:
            yield [("interrupted; until then:", "bold")]
        if not columns[0]:
            yield [("no configuration is left", "")]
            return
        first, *others = sweep.columns
        names = [Name(text) for text in map(written, columns[0])]
        exact = [Column(name, _cells(cells, short=False)) for name, cells in zip(others, columns[1:], strict=True)]
        used = max(map(len, [first, *names])) + sum(column.needs() + 2 for column in exact)
        short = [Column(name, _cells(cells, short=True)) for name, cells in zip(others, columns[1:], strict=True)]
        yield from table(first, names, exact if used <= room else short, room)
        if more:
            yield []
            yield [(f"the first {SHOWN_ROWS:,} rows; --format csv writes all, --sort and --top choose", "dim")]

    return Screen(lay_out)


def _cells(values: Iterable[Any], *, short: bool) -> list[Cell]:
    return [Cell(_text(value, short=short)) for value in values]


def _text(value: Any, *, short: bool) -> str:
    if value is None:
        return "-"
    if type(value) is int:
        return count(value) if short and abs(value) >= 10_000 else f"{value:,}"
    return written(value)


def refusals(sweep: Sweep) -> str:
    """What was no network and why, the most frequent reasons first; nothing where all are networks."""
    reasons = sorted(sweep.refused.values(), key=lambda refusal: -refusal.configurations)
    if not reasons:
        return ""
    all_refused = sum(refusal.configurations for refusal in reasons)
    plural = "configuration is" if all_refused == 1 else "configurations are"
    lines = [f"{all_refused:,} {plural} no network:"]
    for many, said, example in reasons[:SHOWN_REASONS]:
        lines.append(f"  {many:,}, the first {example}: {said.partition(chr(10))[0]}")
    if len(reasons) > SHOWN_REASONS:
        lines.append(f"  and {len(reasons) - SHOWN_REASONS:,} more reasons")
    return "\n".join(lines)
