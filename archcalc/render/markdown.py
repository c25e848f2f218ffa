"""A report as a Markdown document with a pipe table.

- paths, operators and formulas are code where they hold nothing that code cannot; other text has its marks escaped
- the last row holds the totals
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcalc.errors import printable
from archcalc.recorded import is_free
from archcalc.render.columns import PRINTED, SHARE, USUAL
from archcalc.render.facts import facts, flow, notes, numbers
from archcalc.render.rows import rows
from archcalc.render.units import TIMES, Exact, per_axis, percent, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcalc.recorded import Quantity, Size
    from archcalc.render.columns import Columns
    from archcalc.render.rows import Row
    from archcalc.report import Report

_MARKS = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~$"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_AT_START = re.compile(r"[#+=-]|\d+(?=[.)])")


def render(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> str:
    """The report as Markdown: the layers with their totals, and what there is to say of the whole."""
    shown = rows(report, levels=levels, expand=expand, columns=columns)
    exact = Exact(numbers(report, shown, columns))
    counts = columns.shown(PRINTED)
    heading = [f"# {escaped(report.name)}", escaped(report.cite or ""), escaped(flow(report, exact))]
    titles = [marks_escaped(columns.title(name)) for name in counts]
    table = [_line(("layer", "operators", "output", *titles, "RF")), "|:---|:---|" + "---:|" * (len(counts) + 2)]
    table += [_row(row, counts, report, exact) for row in shown]
    table.append(_totals(columns.totals(report), counts, report, exact))
    said = [f"- {label}: {escaped(text)}" for label, text in facts(report, exact, columns)]
    blocks = [*filter(None, heading), "\n".join(table), "\n".join(said), escaped(notes(report, shown, columns))]
    return "\n\n".join(blocks) + "\n"


def _row(row: Row, counts: Sequence[str], report: Report, exact: Exact) -> str:
    share = marks_escaped(percent(row.mult_adds, report.totals.mult_adds))
    numbers = [share if name == SHARE else _number(row.number(name), exact) for name in counts]
    seen = "" if row.receptive_field is None else _axes(per_axis(row.receptive_field.size, exact))
    path = _code(row.path) + (f" {TIMES}{row.times}" if row.times > 1 else "")
    return _line((path, _code(row.operators), _axes(shape(row.output_shape, exact)), *numbers, seen))


def _totals(totals: Mapping[str, Size], counts: Sequence[str], report: Report, exact: Exact) -> str:
    numbers = ["" if name == SHARE else f"**{_number(totals[name], exact)}**" for name in counts]
    field = report.totals.receptive_field
    return _line(("**total**", "", "", *numbers, "" if field is None else _axes(per_axis(field.size, exact))))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(number: Quantity, exact: Exact) -> str:
    return f"`{exact(number)}`" if is_free(number) else exact(number)


def _axes(text: str) -> str:
    return text if text.replace(TIMES, "").isalnum() else _code(text)


def _code(text: str) -> str:
    """Text as code, where code can hold it."""
    holds = text.isprintable() and text.strip() == text != "" and not any(mark in text for mark in "`|\\")
    return f"`{text}`" if holds else marks_escaped(text)


def escaped(text: str) -> str:
    """A paragraph that Markdown, and HTML inside it, shows as it is."""
    plain = marks_escaped(text)
    start = _AT_START.match(plain)
    if start is None:
        return plain
    # What would begin a heading, a list or a rule at the start of a line.
    return f"\\{plain}" if not start[0].isdigit() else f"{start[0]}\\{plain[start.end() :]}"


def marks_escaped(text: str) -> str:
    """Text inside a paragraph or a cell, shown as it is."""
    return printable(text).replace("\t", "\\t").translate(_MARKS)
