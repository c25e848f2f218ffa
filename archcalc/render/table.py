"""A report as a table on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.recorded import is_free
from archcalc.render.columns import USUAL
from archcalc.render.facts import facts, flow, notes, numbers, settings, some_frozen
from archcalc.render.rows import kinds, rows
from archcalc.render.screen import (
    GAP,
    NARROWEST,
    Cell,
    Column,
    Name,
    Screen,
    cut,
    paragraph,
    shown,
    table,
    width,
    wrapped,
)
from archcalc.render.units import TIMES, Exact, count, per_axis, percent, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.recorded import Quantity
    from archcalc.render.columns import Columns
    from archcalc.render.rows import Row
    from archcalc.render.screen import Line
    from archcalc.report import Report

LEAST_NAME = 24
LABEL = 19
SHORT = 8  # what a number in short form may need
WIDE = 20  # of columns that may be left out
FORMULA = 18
FIELD = 11
ALWAYS = ("params", "mult_adds")
ZERO = Cell("0", "dim")
EMPTY = Cell("")


def render(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> Screen:
    """The report as a table: what is shown of each row follows from the width of the screen."""
    shown_rows = rows(report, levels=levels, expand=expand, columns=columns)
    exact = Exact(numbers(report, shown_rows, columns))

    def lay_out(room: int) -> Iterator[Line]:
        yield from _head(report, exact, room)
        yield []
        yield from _rows(report, shown_rows, columns, exact, room)
        yield []
        yield from _kinds(report, room)
        yield []
        yield from _summary(report, columns, exact, room)
        yield []
        yield from _notes(report, shown_rows, columns, room)

    return Screen(lay_out)


def _head(report: Report, exact: Exact, room: int) -> Iterator[Line]:
    for text, style in ((report.name, "bold"), (report.cite or "", "dim"), (flow(report, exact), "")):
        yield from paragraph(text, room, style)
    if report.hyperparameters:
        yield [(cut(shown(settings(report)), room), "dim")]


def _rows(report: Report, shown_rows: Sequence[Row], columns: Columns, exact: Exact, room: int) -> Iterator[Line]:
    """One table; where more counts are asked for than fit side by side, one below the other."""
    names = [_name(row) for row in shown_rows]
    shapes = [shape(row.output_shape, exact) for row in shown_rows]
    longest = max(map(len, names), default=0)
    caps = _caps(report, shown_rows, columns, shapes, exact, room - min(longest, LEAST_NAME))
    made = _columns(report, shown_rows, columns, exact, caps)
    made.insert(0, Column("output", [Cell(cut(text, caps["output_shape"])) for text in shapes] + [EMPTY], rank=1))
    least = min(max(longest, NARROWEST), LEAST_NAME)
    tables = [made] if columns == USUAL else _side_by_side(made, room - least)
    for i, beside in enumerate(tables):
        if i:
            yield []
        yield from table("layer", [*names, Name("total")], beside, room, least=LEAST_NAME, totals=1)


def _columns(
    report: Report, shown_rows: Sequence[Row], columns: Columns, exact: Exact, caps: dict[str, int]
) -> list[Column]:
    """Those that are asked for; or the usual ones, as far as they are not empty, and what comes beside them."""
    totals = columns.totals(report)

    def counts(name: str, rank: int = 0) -> Column:
        values = [row.number(name) for row in shown_rows] + [totals[name]]
        return Column(columns.title(name), _cells(values, exact, caps[name]), rank=rank)

    def shares(name: str, rank: int) -> Column:
        cells = [Cell(percent(row.number(name), totals[name])) for row in shown_rows]
        return Column("%", [*cells, EMPTY], rank=rank)

    def axes(header: str, of: Callable[[ReceptiveField], Sequence[Quantity]], rank: int) -> Column:
        fields = [row.receptive_field for row in shown_rows] + [report.totals.receptive_field]
        texts = ["" if field is None else per_axis(of(field), exact) for field in fields]
        return Column(header, [Cell(cut(text, FIELD)) for text in texts], rank=rank)

    seen = axes("RF", lambda field: field.size, 1)
    if columns.only is not None:
        return [*map(counts, columns.only), *_filled([seen])]
    frozen = [counts("trainable_params", 2)] if some_frozen(report, exact) else []
    usual = [
        counts("params"),
        shares("params", 3),
        *frozen,
        counts("buffers", 6),
        counts("mult_adds"),
        shares("mult_adds", 1),
        counts("flops", 5),
        counts("activations", 4),
    ]
    more = [counts(one.name) for one in columns.more]
    return [*_filled(usual), *more, *_filled([seen, axes("stride", lambda field: field.stride, 7)])]


def _filled(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if any(cell.text.strip("0") for cell in column.cells)]


def _side_by_side(columns: Sequence[Column], room: int) -> list[list[Column]]:
    """The columns in as few tables as hold all that are always shown."""
    tables: list[list[Column]] = [[]]
    taken = 0
    for column in columns:
        needs = 0 if column.rank else column.needs() + len(GAP)
        if taken and taken + needs > room:
            tables.append([])
            taken = 0
        tables[-1].append(column)
        taken += needs
    return tables


def _caps(
    report: Report, shown_rows: Sequence[Row], columns: Columns, shapes: list[str], exact: Exact, room: int
) -> dict[str, int]:
    """How wide the columns may be, so that those always shown fit; only formulas are ever cut."""
    totals = columns.totals(report)
    caps = {
        name: max(width(exact(number)) for number in (*[row.number(name) for row in shown_rows], whole))
        for name, whole in totals.items()
    }
    caps["output_shape"] = max(map(width, shapes), default=0)
    counts = columns.shown(ALWAYS)
    always = ("output_shape", *counts)
    room -= len(GAP) * len(always)
    if any(is_free(n) for row in shown_rows for n in (*row.output_shape, *map(row.number, counts))):
        caps |= _fitted({name: caps[name] for name in always}, room)
    elif sum(caps[name] for name in counts) > room:
        caps |= dict.fromkeys(counts, SHORT)
    return {name: cap if name in always else min(cap, WIDE) for name, cap in caps.items()}


def _name(row: Row) -> Name:
    then = "".join(f" +{op}" for op in row.then) if row.op else ""
    return Name(shown(row.path), then, f" {TIMES}{row.times}" if row.times > 1 else "")


def _cells(values: Sequence[Quantity], exact: Exact, cap: int) -> list[Cell]:
    """Numbers in full, or all in short form where one is wider than the cap; formulas in as much as fits."""
    texts = [exact(value) for value in values]
    if any(width(text) > cap and not is_free(value) for text, value in zip(texts, values, strict=True)):
        texts = [text if is_free(value) else count(value) for text, value in zip(texts, values, strict=True)]
    return [ZERO if t == "0" else Cell(cut(t, cap) if is_free(v) else t) for t, v in zip(texts, values, strict=True)]


def _fitted(needs: dict[str, int], room: int) -> dict[str, int]:
    """The widest columns made equally narrow, until all fit together."""
    cap = max(needs.values())
    while cap > SHORT and sum(min(need, cap) for need in needs.values()) > room:
        cap -= 1
    return {field: min(need, cap) for field, need in needs.items()}


def _kinds(report: Report, room: int) -> list[Line]:
    totals, found = report.totals, kinds(report)
    columns = [Column("layers", [Cell(f"{kind.layers:,}") for kind in found], rank=2)]
    for header, values, whole, rank in (
        ("params", [kind.params for kind in found], totals.params, 0),
        ("mult-adds", [kind.mult_adds for kind in found], totals.mult_adds, 0),
        ("activations", [kind.activations for kind in found], totals.activations, 3),
    ):
        columns.append(Column(header, _cells(values, Exact(values), FORMULA if report.symbolic else 0), rank=rank))
        columns.append(Column("%", [Cell(percent(value, whole)) for value in values], rank=rank + 1))
    columns = [column for column in columns if any(cell.text for cell in column.cells)]
    return table("operator", [Name(kind.op) for kind in found], columns, room, least=12)


def _summary(report: Report, columns: Columns, exact: Exact, room: int) -> Iterator[Line]:
    for label, text in facts(report, exact, columns):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((label if i == 0 else "").ljust(LABEL), "bold"), (line, "")]


def _notes(report: Report, shown_rows: Sequence[Row], columns: Columns, room: int) -> Iterator[Line]:
    text = notes(report, shown_rows, columns)
    if len(shown_rows) < len(report.layers):
        text += " --levels N and --expand show more rows."
    yield from paragraph(text, room, "dim")
