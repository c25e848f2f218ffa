"""Published tables as text: the printed figure, what was computed, a mark for the status, and the reasons below."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import printable
from archcalc.render.screen import NARROWEST, Cell, Column, Name, Screen, table, wrapped
from archcalc.render.units import TIMES, exact, half_up
from archcalc.studies.audit import counted
from archcalc.studies.tables import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.recorded import Number
    from archcalc.render.screen import Line
    from archcalc.studies.audit import AuditedTable
    from archcalc.studies.tables import Audited

FORMATS = ("table", "markdown", "latex", "json", "csv")
MARKS = {
    "exact": "=",
    "rounds to it": "≈",
    "cut to it": "<",
    "near": "~",
    "differs": "≠",
    "no figure": "",
    "no network": "-",
}
LEGEND = ", ".join(f"{mark} {status}" for status, mark in MARKS.items() if mark)


class Grid(NamedTuple):
    """A table as rows of text, with notes below."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def grid(audited: AuditedTable) -> Grid:
    """The paper's rows and columns; each cell as printed, computed and marked."""
    table = audited.table
    notes: list[str] = []
    rows = []
    for row in audited.rows:
        by_column = {cell.cell.column: cell for cell in row.cells}
        texts = [printable(row.row.label)]
        for column, _ in table.columns:
            texts.append(_text(by_column[column], notes) if column in by_column else "")
        if row.row.unpublished:
            notes.append(f"{row.row.label}: {row.row.unpublished}")
            texts[0] += f" [{len(notes)}]"
        rows.append(tuple(texts))
    verified = () if table.verified else ("The transcription of this table was not verified against its source.",)
    numbered = tuple(printable(f"[{i}] {note}") for i, note in enumerate(notes, 1))
    title = printable(f"{table.title} ({table.cite})")
    return Grid(title, ("", *(printable(h) for _, h in table.columns)), tuple(rows), (*numbered, *verified))


def _text(audited: Audited, notes: list[str]) -> str:
    cell = audited.cell
    printed = ", ".join(figure.text for figure in cell.printed)
    parts = [printed, TIMES.join(map(number, audited.values)), MARKS[audited.status]]
    if cell.reason:
        notes.append(cell.reason)
        parts.append(f"[{len(notes)}]")
    if not audited.as_recorded:
        parts.append(f"(on record: {cell.recorded})")
    return " ".join(part for part in parts if part)


def number(value: Number) -> str:
    """An exact number in full; a fraction with four digits after the point, half away from zero."""
    if isinstance(value, int):
        return exact(value)
    scaled = half_up(abs(value) * 10**4)
    text = f"{scaled // 10**4:,}.{scaled % 10**4:04d}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and scaled else text


def render(tables: Sequence[AuditedTable], form: str) -> str | Screen:
    """The tables in one of the FORMATS."""
    if form == "json":
        return json.dumps([as_data(audited) for audited in tables], indent=2)
    if form == "csv":
        return _csv(tables)
    if form == "markdown":
        return "\n".join(_markdown(grid(audited)) for audited in tables)
    if form == "latex":
        return _document([_latex(grid(audited)) for audited in tables])
    return Screen(
        lambda room: [line for audited in tables for line in _lines(grid(audited), room)] + [[(LEGEND, "dim")]]
    )


def summary(tables: Sequence[AuditedTable]) -> str:
    """The count of each status, and the cells whose status is not the one on record."""
    lines = [f"{audited.table.name}: {cell.cell.mark.place}: {cell.status}, on record: {cell.cell.recorded}"
             for audited in tables for cell in audited.cells if not cell.as_recorded]  # fmt: skip
    statuses = ", ".join(f"{amount} {status}" for status, amount in counted(tables).items())
    return "\n".join([*lines, f"{len(tables)} tables: {statuses}"])


def listing() -> str:
    """The names of the tables, one a line."""
    return "\n".join(names())


def as_data(audited: AuditedTable) -> dict[str, Any]:
    """A table as plain data; numbers that are not whole are text."""
    table = audited.table
    return {
        "table": table.name,
        "title": table.title,
        "cite": table.cite,
        "verified": table.verified,
        "rows": [
            {
                "label": row.row.label,
                "unpublished": row.row.unpublished,
                "cells": {
                    cell.cell.column: {
                        "printed": [figure.text for figure in cell.cell.printed],
                        "computed": [v if isinstance(v, int) else str(v) for v in cell.values],
                        "status": cell.status,
                        "as_recorded": cell.as_recorded,
                        "reason": cell.cell.reason,
                    }
                    for cell in row.cells
                },
            }
            for row in audited.rows
        ],
    }


def _csv(tables: Sequence[AuditedTable]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "row", "column", "printed", "computed", "status", "reason"])
    for audited in tables:
        for row in audited.rows:
            for cell in row.cells:
                printed = " ".join(figure.text for figure in cell.cell.printed)
                computed = " ".join(map(str, cell.values))
                line = [audited.table.name, row.row.label, cell.cell.column, printed, computed, cell.status]
                writer.writerow([_guarded(value) for value in [*line, cell.cell.reason or ""]])
    return text.getvalue()


def _guarded(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@") else text


def _markdown(shown: Grid) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rows = [f"### {shown.title}", "", line(shown.headings), line(["---"] * len(shown.headings))]
    rows += [line(row) for row in shown.rows]
    return "\n".join([*rows, "", *(f"- {note}" for note in shown.notes), ""])


def _document(tables: Sequence[str]) -> str:
    preamble = [r"\documentclass{article}", r"\usepackage{booktabs,longtable,pdflscape}", r"\usepackage[T1]{fontenc}"]
    head = [*preamble, r"\begin{document}\begin{landscape}\footnotesize"]
    return "\n".join([*head, *tables, r"\end{landscape}\end{document}"])


def _latex(shown: Grid) -> str:
    from archcalc.render.latex import escaped

    def line(cells: Sequence[str]) -> str:
        # A row that starts with a bracket would be taken for the space that \\ may be given.
        return "{}" + " & ".join(map(escaped, cells)) + r" \\"

    columns = "l" + "r" * (len(shown.headings) - 1)
    caption = rf"\caption{{{escaped(shown.title)}}}\\"
    body = [caption, r"\toprule", line(shown.headings), r"\midrule\endhead", *map(line, shown.rows), r"\bottomrule"]
    notes = [rf"\par {escaped(note)}" for note in shown.notes]
    return "\n".join([rf"\begin{{longtable}}{{{columns}}}", *body, r"\end{longtable}", *notes])


def _lines(shown: Grid, room: int) -> list[Line]:
    """The table side by side where it fits, else a line per cell; notes below."""
    lines: list[Line] = [[(text, "bold")] for text in wrapped(shown.title, room)]
    columns = [
        Column(heading, [Cell(row[position]) for row in shown.rows])
        for position, heading in enumerate(shown.headings[1:], 1)
    ]
    if sum(column.needs() + 2 for column in columns) + NARROWEST <= room:
        lines += table("", [Name(row[0]) for row in shown.rows], columns, room)
    else:
        for row in shown.rows:
            lines.append([(row[0], "bold")])
            for heading, cell in zip(shown.headings[1:], row[1:], strict=True):
                lines += [[(text, "")] for text in wrapped(f"  {heading}: {cell}", room)] if cell else []
    return [*lines, *([(text, "dim")] for note in shown.notes for text in wrapped(note, room)), []]
