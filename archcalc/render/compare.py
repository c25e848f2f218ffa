"""Two networks side by side as text: totals and differing layers, or the exact quotients in their free symbols."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc import version
from archcalc.recorded import is_free, known
from archcalc.render.csv import guarded
from archcalc.render.facts import flow, other_settings
from archcalc.render.json import as_data as report_data
from archcalc.render.markdown import escaped, marks_escaped
from archcalc.render.rows import SCREEN
from archcalc.render.screen import Cell, Column, Name, Screen, paragraph, shown, table, wrapped
from archcalc.render.units import Exact, per_axis, ratio, shape, signed
from archcalc.report import COUNTS
from archcalc.studies.compare import differing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.recorded import Quantity
    from archcalc.render.screen import Line
    from archcalc.studies.compare import Comparison, Pair, Part

FORMATS = ("table", "json", "csv", "markdown")
SCHEMA = "archcalc.compare/1"
LABELS = {
    "trainable_params": "trainable",
    "mult_adds": "mult-adds",
    "activation_bytes": "activation bytes",
    "receptive_field_stride": "its stride",
    "receptive_field_start": "its start",
}
RANKS = {"activations": 1, "output": 2, "RF": 3}  # the first to be left out where there is no room
CHANGES = ("params", "mult_adds", "activations")
FORMULA = 13  # the width of a label beside a formula


class Grid(NamedTuple):
    """Rows of text under headings; the first column names the row."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def render(
    comparison: Comparison,
    form: str,
    *,
    symbolic: bool = False,
    levels: int | None = None,
    expand: bool = False,
) -> str | Screen:
    """The comparison in one of the FORMATS; with `symbolic`, and where symbols are free, as exact quotients.

    Layers that differ are shown by parts of at most `levels` segments of a path, each on its own with `expand`;
    without either, as deep as fits on a screen. Raises UsageError if `levels` is less than 1.
    """
    symbolic = symbolic or bool(comparison.symbols)
    if form == "json":
        return json.dumps(as_data(comparison), indent=2)
    if form == "csv":
        return _quotients_csv(comparison) if symbolic else _layers_csv(comparison)
    head = _head(comparison, symbolic=symbolic)
    grids = [_quotients(comparison)] if symbolic else [_totals(comparison), _layers(comparison, levels, expand=expand)]
    if form == "markdown":
        return _markdown(head, grids)
    return Screen(lambda room: _lines(head, grids, room))


def _head(comparison: Comparison, *, symbolic: bool) -> list[str]:
    a, b = comparison.a, comparison.b
    flows = ["" if symbolic else flow(report, Exact()) for report in (a, b)]
    equal = flows[0] == flows[1]
    own = [
        ", ".join(
            [
                f"{letter}: {report.name}",
                *other_settings(report.hyperparameters, other.hyperparameters),
                *([] if equal else [text]),
            ]
        )
        for letter, report, other, text in zip("AB", (a, b), (b, a), flows, strict=True)
    ]
    return [*own, flows[0]] if equal and not symbolic else own


def _totals(comparison: Comparison) -> Grid:
    exact = Exact()
    return Grid(
        ("", "A", "B", "A - B", "A / B"),
        tuple((_label(pair), *_numbers(pair, exact)) for pair in _telling(comparison)),
    )


def _telling(comparison: Comparison) -> list[Pair]:
    """The totals without those that say the same again."""
    pairs = {pair.quantity: pair for pair in comparison.totals}
    for quantity, again in (("trainable_params", "params"), ("shortest_path", "depth")):
        pair, other = pairs[quantity], pairs[again]
        if pair[1:] == other[1:] or (is_free(pair.b) and pair.quotient == other.quotient):
            del pairs[quantity]
    return list(pairs.values())


def _label(pair: Pair) -> str:
    return LABELS.get(pair.quantity, pair.quantity.replace("_", " "))


def _numbers(pair: Pair, exact: Exact) -> tuple[str, ...]:
    numbers = ["none" if number is None else exact(number) for number in pair[1:]]
    difference, quotient = pair.difference, pair.ratio
    numbers.append("" if difference is None else signed(difference, exact))
    return (*numbers, "" if quotient is None else ratio(known(quotient)))


def _quotients(comparison: Comparison) -> Grid:
    """The quotients of what the symbols may change, and what must hold."""
    from archcalc.symbolic.conditions import condition_texts

    lines = [(_label(pair), pair.quotient or "none: B has none") for pair in _telling(comparison) if _costs(pair)]
    lines += [("valid where", text) for text in condition_texts([c[:3] for c in comparison.conditions])]
    within = f"in {', '.join(comparison.symbols)}" if comparison.symbols else ""
    return Grid((within, "A / B"), tuple(lines))


def _costs(pair: Pair) -> bool:
    """Whether it is a count that either network has."""
    return pair.quantity in COUNTS and not (pair.a == 0 and pair.b == 0)


def _layers(comparison: Comparison, levels: int | None, *, expand: bool) -> Grid:
    exact = Exact()
    lines = tuple(_part(part, exact) for part in _shown(comparison, levels, expand=expand))
    headings = ("layers that differ", "only in", *(name.replace("mult_", "mult-") for name in CHANGES), "output", "RF")
    if any(line[1] for line in lines):
        return Grid(headings, lines)
    return Grid((headings[0], *headings[2:]), tuple((line[0], *line[2:]) for line in lines))


def _shown(comparison: Comparison, levels: int | None, *, expand: bool) -> list[Part]:
    """The parts that differ; where nothing else is asked for, the smallest of which a screen has room for all."""
    if expand or levels is not None:
        return differing(comparison, levels)
    deepest = max((layer.path.count("/") for layer in comparison.layers), default=0)
    found = differing(comparison)
    for depth in range(deepest, 0, -1):
        if len(found) <= SCREEN:
            break
        found = differing(comparison, depth)
    return found


def _part(part: Part, exact: Exact) -> tuple[str, ...]:
    """What A has more than B."""
    changes = [
        signed(sum(getattr(layer, name) for layer in part.a) - sum(getattr(layer, name) for layer in part.b), exact)
        for name in CHANGES
    ]
    last = [layers[-1] for layers in (part.a, part.b) if layers]
    shapes = [shape(layer.output_shape, exact) for layer in last]
    fields = [per_axis(layer.receptive_field.size, exact) for layer in last if layer.receptive_field]
    return (part.path, "" if part.a and part.b else "A" if part.a else "B", *changes, _either(shapes), _either(fields))


def _either(texts: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(texts))


def _lines(head: Sequence[str], grids: Sequence[Grid], room: int) -> Iterator[Line]:
    for text in head:
        yield from paragraph(text, room)
    for grid in grids:
        yield []
        if not grid.rows:
            yield [("no layer differs", "dim")]
        elif len(grid.headings) == 2:
            yield from _formulas(grid, room)
        else:
            names = [Name(shown(row[0])) for row in grid.rows]
            columns = [
                Column(heading, [Cell(shown(row[i])) for row in grid.rows], rank=RANKS.get(heading, 0))
                for i, heading in enumerate(grid.headings[1:], 1)
            ]
            yield from table(grid.headings[0], names, columns, room)


def _formulas(grid: Grid, room: int) -> Iterator[Line]:
    yield [(f"{grid.headings[1]} {grid.headings[0]}", "bold")]
    for label, formula in grid.rows:
        for i, line in enumerate(wrapped(formula, room - FORMULA)):
            yield [(f"{'' if i else label:<{FORMULA}}", "dim"), (line, "")]


def _markdown(head: Sequence[str], grids: Sequence[Grid]) -> str:
    blocks = ["  \n".join(map(escaped, head))]
    for grid in grids:
        formulas = len(grid.headings) == 2
        align = ":---|" + (":---|" if formulas else "---:|" * (len(grid.headings) - 1))
        lines = [_row(grid.headings), f"|{align}"]
        lines += [_row((row[0], *(f"`{cell}`" for cell in row[1:]))) if formulas else _row(row) for row in grid.rows]
        blocks.append("\n".join(lines) if grid.rows else "No layer differs.")
    return "\n\n".join(blocks) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell if cell[:1] == '`' else marks_escaped(cell) for cell in cells)} |"


def _layers_csv(comparison: Comparison) -> str:
    """A row per layer, with the counts of both."""
    names = ("op", "output_shape", *COUNTS)
    rows = [
        [
            guarded(path),
            *(guarded(_plain(getattr(layer, name))) if layer else "" for name in names for layer in (a, b)),
        ]
        for path, a, b in comparison.layers
    ]
    return _csv([["path", *(f"{letter}.{name}" for name in names for letter in "ab")], *rows])


def _quotients_csv(comparison: Comparison) -> str:
    """A row per total, with the quotient."""
    rows = [[pair.quantity, guarded(pair.quotient or "")] for pair in comparison.totals]
    return _csv([["quantity", "quotient"], *rows])


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _plain(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def as_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data; integers in full, everything that is no integer as text of the language."""
    a, b = (report_data(report) for report in (comparison.a, comparison.b))
    sides = [{layer["path"]: layer for layer in data["layers"]} for data in (a, b)]
    differences = [pair.difference for pair in comparison.totals]
    exact = Exact([n for pair in comparison.totals for n in pair[1:]] + differences, grouped=False)
    about = ("name", "cite", "hyperparameters", "mode", "batch", "precision")
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "a": {key: a[key] for key in about},
        "b": {key: b[key] for key in about},
        "symbols": list(comparison.symbols),
        "conditions": list(dict.fromkeys([*a["conditions"], *b["conditions"]])),
        "totals": {
            pair.quantity: {
                "a": _number(pair.a, exact),
                "b": _number(pair.b, exact),
                "difference": _number(difference, exact),
                "ratio": _whole(pair.quotient),
            }
            for pair, difference in zip(comparison.totals, differences, strict=True)
        },
        "layers": [
            {"path": path, "a": sides[0].get(path), "b": sides[1].get(path)} for path, _, _ in comparison.layers
        ],
    }


def _number(number: Quantity | None, exact: Exact) -> int | str | None:
    return None if number is None else _whole(exact(number))


def _whole(text: str | None) -> int | str | None:
    """A whole number as such, other text as it is."""
    return int(text) if text is not None and text.lstrip("-").isdigit() else text
