"""A report as CSV by RFC 4180, for spreadsheets and data frames.

- one row per layer unless `levels` says otherwise; there is no row of totals, the sums of the columns are the totals
- headers are the names of the JSON; shapes and axes are lists
- text that a spreadsheet would take for a formula gets an apostrophe before it
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from archcalc.errors import printable
from archcalc.render.columns import USUAL
from archcalc.render.rows import numbers, rows
from archcalc.render.units import Exact
from archcalc.report import COUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.recorded import Quantity
    from archcalc.render.columns import Columns
    from archcalc.render.rows import Row
    from archcalc.report import Report

FIELD = ("size", "stride", "start")
BEFORE = ("path", "times", "op", "layers", "output_shape")
BEHIND = (*(f"receptive_field.{name}" for name in FIELD), "shared_with")


def render(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> str:
    """The report as CSV; every layer unless `levels` is given."""
    shown = rows(report, levels=levels, expand=expand or levels is None, columns=columns)
    counts = columns.shown(COUNTS)
    exact = Exact((n for row in shown for n in numbers(row)) if report.symbolic else (), grouped=False)
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow((*BEFORE, *counts, *BEHIND))
    writer.writerows(_cells(row, counts, exact) for row in shown)
    return text.getvalue()


def _cells(row: Row, counts: Sequence[str], exact: Exact) -> list[str]:
    field = row.receptive_field
    return [
        guarded(row.path),
        str(row.times),
        guarded(" + ".join((row.op, *row.then)) if row.op else ""),
        str(row.layers),
        _list(row.output_shape, exact),
        *(_number(row.number(name), exact) for name in counts),
        *("" if field is None else _list(getattr(field, name), exact) for name in FIELD),
        guarded(row.shared_with or ""),
    ]


def guarded(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    text = printable(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _number(number: Quantity, exact: Exact) -> str:
    text = exact(number)
    return text if text.lstrip("-").isdigit() else guarded(text)


def _list(axes: Sequence[Quantity], exact: Exact) -> str:
    return f"[{', '.join(map(exact, axes))}]"
