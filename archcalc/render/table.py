"""A report as a table on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.recorded import is_free
from archcalc.render.facts import facts, flow, notes, numbers, settings, some_frozen
from archcalc.render.rows import kinds, rows
from archcalc.render.screen import Cell, Column, Name, Screen, cut, shown, table, width, wrapped
from archcalc.render.units import TIMES, Exact, count, per_axis, percent, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.recorded import Quantity
    from archcalc.render.rows import Row
    from archcalc.render.screen import Line
    from archcalc.report import Report

LEAST_NAME = 24
LABEL = 19
SHORT = 8  # what a number in short form may need
WIDE = 20  # of columns that may be left out
FORMULA = 18
FIELD = 11
ZERO = Cell("0", "dim")
EMPTY = Cell("")


def render(report: Report, *, levels: int | None = None, expand: bool = False) -> Screen:
    """The report as a table: what is shown of each row follows from the width of the screen."""
    shown_rows = rows(report, levels=levels, expand=expand)
    exact = Exact(numbers(report, shown_rows))
    parts = (_head, _rows, _kinds, _summary, _notes)

    def lay_out(room: int) -> Iterator[Line]:
        for i, part in enumerate(parts):
            if i:
                yield []
            yield from part(report, shown_rows, exact, room)

    return Screen(lay_out)


def _head(report: Report, shown_rows: Sequence[Row], exact: Exact, room: int) -> Iterator[Line]:
    for text, style in ((report.name, "bold"), (report.cite or "", "dim"), (flow(report, exact), "")):
        for line in wrapped(shown(text), room):
            yield [(line, style)]
    if report.hyperparameters:
        yield [(cut(shown(settings(report)), room), "dim")]


def _rows(report: Report, shown_rows: Sequence[Row], exact: Exact, room: int) -> list[Line]:
    totals = report.totals
    names = [_name(row) for row in shown_rows]

    def counts(header: str, field: str, rank: int = 0) -> Column:
        values = [getattr(row, field) for row in shown_rows] + [getattr(totals, field)]
        return Column(header, _cells(values, exact, caps[field]), rank=rank)

    def shares(field: str, rank: int) -> Column:
        whole = getattr(totals, field)
        return Column("%", [Cell(percent(getattr(row, field), whole)) for row in shown_rows] + [EMPTY], rank=rank)

    def axes(header: str, of: Callable[[ReceptiveField], Sequence[Quantity]], rank: int) -> Column:
        fields = [row.receptive_field for row in shown_rows] + [totals.receptive_field]
        texts = ["" if field is None else per_axis(of(field), exact) for field in fields]
        return Column(header, [Cell(cut(text, FIELD)) for text in texts], rank=rank)

    shapes = [shape(row.output_shape, exact) for row in shown_rows]
    caps = _caps(report, shown_rows, shapes, exact, room - 6 - min(max(map(len, names), default=0), LEAST_NAME))
    columns = [
        Column("output", [Cell(cut(text, caps["output_shape"])) for text in shapes] + [EMPTY], rank=1),
        counts("params", "params"),
        shares("params", 3),
        counts("buffers", "buffers", 6),
        counts("mult-adds", "mult_adds"),
        shares("mult_adds", 1),
        counts("flops", "flops", 5),
        counts("activations", "activations", 4),
        axes("RF", lambda field: field.size, 1),
        axes("stride", lambda field: field.stride, 7),
    ]
    if some_frozen(report, exact):
        columns.insert(3, counts("trainable", "trainable_params", 2))
    columns = [column for column in columns if any(cell.text.strip("0") for cell in column.cells)]
    return table("layer", [*names, Name("total")], columns, room, least=LEAST_NAME, totals=1)


def _caps(report: Report, shown_rows: Sequence[Row], shapes: list[str], exact: Exact, room: int) -> dict[str, int]:
    """How wide the columns may be, so that those always shown fit; only formulas are ever cut."""
    caps = {
        field: max(width(exact(getattr(row, field))) for row in (*shown_rows, report.totals))
        for field in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")
    }
    caps["output_shape"] = max(map(width, shapes), default=0)
    always = ("output_shape", "params", "mult_adds")
    if any(is_free(size) for row in shown_rows for size in (*row.output_shape, row.params, row.mult_adds)):
        caps |= _fitted({field: caps[field] for field in always}, room)
    elif caps["params"] + caps["mult_adds"] > room:
        caps["params"] = caps["mult_adds"] = SHORT
    return {field: cap if field in always else min(cap, WIDE) for field, cap in caps.items()}


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


def _kinds(report: Report, shown_rows: Sequence[Row], exact: Exact, room: int) -> list[Line]:
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


def _summary(report: Report, shown_rows: Sequence[Row], exact: Exact, room: int) -> Iterator[Line]:
    for label, text in facts(report, exact):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((label if i == 0 else "").ljust(LABEL), "bold"), (line, "")]


def _notes(report: Report, shown_rows: Sequence[Row], exact: Exact, room: int) -> Iterator[Line]:
    text = notes(report, shown_rows)
    if len(shown_rows) < len(report.layers):
        text += " --levels N and --expand show more rows."
    for line in wrapped(text, room):
        yield [(line, "dim")]
