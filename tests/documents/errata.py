"""docs/errata.md, made from the audit of the published tables."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from archcalc import zoo
from archcalc.render.markdown import marks_escaped
from archcalc.render.tables import number
from archcalc.render.units import TIMES, half_up
from archcalc.spec.figure import UNITS
from archcalc.studies.audit import audit, counted
from archcalc.studies.tables import names

from .papers import linked, paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcalc.recorded import Number
    from archcalc.spec.figure import Figure
    from archcalc.studies.audit import AuditedRow, AuditedTable
    from archcalc.studies.tables import Audited

HOLDS = ("exact", "rounds to it", "cut to it")
INTRODUCTION = """\
# Errata of published tables

Made from the audit by `UPDATE=1 pytest tests/test_docs.py`; a test keeps the two equal.

archcalc has {tables} published tables of network sizes on record: parameters, mult-adds, shapes, memory, receptive
fields. For every figure it works out the exact number from a spec of the network, and says how far the figure follows
from it. This page lists the figures that do not follow: what is printed, what follows instead, and why, as far as we
know.

| tables with {figures} printed figures, transcription seen in its source | figures |
|:---|---:|
| hold: exact, rounded or cut | {holding} |
| [near](#near): off by one unit of the last digit | {near} |
| [round figures](#round-figures): hold to fewer digits than are printed | {rounded} |
| [errata](#errata): do not follow | {errata} |
| [no network](#no-network): what is counted is not published | {unbuilt} |

**What counts as an erratum.** A figure whose transcription was seen in its source, and which is more than one unit of
its last digit away from what the architecture gives, counted as the table itself counts. It need not be a mistake:
another convention in one row, an older version of the network, or a figure quoted from elsewhere do it too, and the
reason says so where it is known. Nothing here speaks against the results of a paper: measured accuracies and times are
not audited. A figure that stands in two of the tables stands here twice.

**What follows** is exact; a fraction with many digits is rounded, after *about*. In brackets stands the same number in the
unit of the printed one. {TIMES} stands between the axes of a shape, channels first.

**How to check one.** `archcalc tables NAME` prints the whole table, each printed figure beside the computed one, and
`archcalc report NAME` shows the network of a spec, layer by layer. Both names stand below each table here. The tables
are files in `archcalc/studies/tables`: a cell names a spec and a quantity, never a computed number. If a figure is
wronged here, by a spec or by a misreading, please open an issue with the place in the paper.
"""
NEAR = """\
These figures are off by one unit of their last digit, or by less but too much for rounding. They are listed because
they do not round or cut to what is printed, and for no other reason.
"""
ROUND = """\
These figures end in zeros that are no counted digits: 800K for 802,816. Rounded to their other digits, they hold. They
are listed because the audit takes every printed digit at its word, and are no errata.
"""
REMARKS = """\
These figures hold, but not in the way that one would expect at first: a row leaves the classifier out, or is of another
version of the network.
"""
NO_NETWORK = """\
These figures are of networks that their paper does not describe well enough to build them, or of no network at all.
Nothing was made up for them.
"""
UNVERIFIED = """\
The figures of these tables were written down from memory or from second hand, and were not compared with their source.
So what does not follow may be our transcription, and **none of it is called an erratum**. Whoever has the paper at hand
can help: compare the printed figure, and open an issue. Near and round figures, and those without a network, are in
the same lists.
"""
COUNTS = """\
All {tables} tables, with those whose transcription was not verified; *no figure* is a number that archcalc computes
beside the printed ones. `archcalc tables --all` ends with the same counts.
"""
HEADER = ("row", "figure", "printed", "what follows", "why")


@cache
def audited(name: str) -> AuditedTable:
    """The table of that name, worked out once for all tests."""
    return audit([name])[0]


def page() -> str:
    """The whole document."""
    return render([audited(name) for name in names()])


class Entry(NamedTuple):
    """A line: a figure with its row."""

    row: AuditedRow
    cell: Audited

    @property
    def kind(self) -> str:
        """The status; a figure that differs, but holds to its digits before the last zeros, is round."""
        figures, values = self.cell.cell.printed, self.cell.values
        if self.cell.status != "differs" or len(figures) != len(values):
            return self.cell.status
        return "round" if all(map(_holds_without_zeros, figures, values)) else "differs"


def render(tables: Sequence[AuditedTable]) -> str:
    """The errata of these tables as Markdown."""
    ordered = sorted(tables, key=lambda audited: (paper(audited.table.cite), audited.table.name))
    verified = [audited for audited in ordered if audited.table.verified]
    others = [audited for audited in ordered if not audited.table.verified]
    count = _kinds(verified)
    introduction = INTRODUCTION.format(
        TIMES=TIMES, tables=len(tables), figures=f"{sum(count.values()):,}",
        holding=f"{sum(count[status] for status in HOLDS):,}",
        near=count["near"], rounded=count["round"], errata=count["differs"], unbuilt=count["no network"],
    )  # fmt: skip
    blocks = [introduction]
    blocks += ["## Errata\n", *_by_paper(verified, lambda audited: _figures(audited, "differs"))]
    blocks += ["## Near\n", NEAR, *_flat(verified, "near")]
    blocks += ["## Round figures\n", ROUND, *_flat(verified, "round")]
    blocks += ["## Figures that hold, with a remark\n", REMARKS, *_remarks(verified)]
    blocks += ["## No network\n", NO_NETWORK, *_without_network(verified)]
    blocks += ["## Transcription not verified\n", UNVERIFIED]
    blocks += _by_paper(others, lambda audited: _figures(audited, "differs", "near", "round", "no network"))
    blocks += ["## The count of each status\n", COUNTS.format(tables=len(tables)), _table(
        ("status", "cells"), [(status, f"{amount:,}") for status, amount in counted(tables).items()]
    )]  # fmt: skip
    return "\n".join(blocks)


def _kinds(tables: Sequence[AuditedTable]) -> dict[str, int]:
    count = dict.fromkeys((*HOLDS, "near", "round", "differs", "no network"), 0)
    for audited in tables:
        for entry in _entries(audited):
            if entry.cell.cell.printed:
                count[entry.kind] += 1
    return count


def _entries(audited: AuditedTable) -> list[Entry]:
    return [Entry(row, cell) for row in audited.rows for cell in row.cells]


def _holds_without_zeros(figure: Figure, value: Number) -> bool:
    """Whether a figure holds when the zeros at its end are not taken for counted digits."""
    if figure.bound is not None or not figure.value:
        return False
    digit = Fraction(figure.last_digit)
    while Fraction(figure.value) % (10 * digit) == 0:
        digit *= 10
    return digit != figure.last_digit and 2 * abs(Fraction(value) - Fraction(figure.value)) <= digit


def _by_paper(tables: Sequence[AuditedTable], section: Callable[[AuditedTable], list[str]]) -> list[str]:
    """The sections of the tables that have one, below a heading per paper."""
    blocks, heading = [], None
    for audited in tables:
        parts = section(audited)
        if parts and paper(audited.table.cite).heading != heading:
            heading = paper(audited.table.cite).heading
            blocks.append(f"### {heading}\n")
        blocks += parts
    return blocks


def _figures(audited: AuditedTable, *kinds: str) -> list[str]:
    """One table: its title and place, the figures of these kinds, and how to see the whole."""
    entries = [entry for entry in _entries(audited) if entry.kind in kinds]
    entries = [entry for entry in entries if entry.cell.cell.printed or entry.kind == "no network"]
    if not entries:
        return []
    table = audited.table
    cite = f"{table.cite[:1].upper()}{table.cite[1:]}" if not table.cite.startswith("arXiv") else table.cite
    title = f"**{marks_escaped(table.title)}**. {linked(marks_escaped(cite))}."
    note = f" Counted: {marks_escaped(table.note)}." if table.note else ""
    lines = _merged(_line(audited, entry) for entry in entries)
    return [f"{title}{note}\n", _table(HEADER, lines), f"{_whole(audited, entries)}\n"]


def _whole(audited: AuditedTable, entries: Sequence[Entry]) -> str:
    """The commands and specs that an entry can be checked with."""
    known = zoo.specs()
    used = {
        network.spec: None
        for entry in entries
        for _, network in entry.cell.cell.networks
        if entry.kind != "no network" and network.spec in known
    }
    specs = ", ".join(f"[{spec}](../specs/{known[spec].parent.name}/{spec}.yaml)" for spec in used)
    return f"`archcalc tables {audited.table.name}`" + (
        f"; {'spec' if len(used) == 1 else 'specs'}: {specs}" * bool(used)
    )


def _flat(tables: Sequence[AuditedTable], kind: str) -> list[str]:
    """The figures of one kind in one list."""
    lines = []
    for audited in tables:
        found = [entry for entry in _entries(audited) if entry.kind == kind and entry.cell.cell.printed]
        lines += [(f"`{audited.table.name}`", *line) for line in _merged(_line(audited, entry) for entry in found)]
    return [_table(("table", *HEADER), lines)]


def _line(audited: AuditedTable, entry: Entry) -> tuple[str, ...]:
    cell = entry.cell.cell
    heading = dict(audited.table.columns)[cell.column]
    printed = TIMES.join(figure.text for figure in cell.printed)
    reason = cell.reason if entry.kind != "no network" else entry.row.row.unpublished
    texts = (entry.row.row.label, heading, printed, _follows(entry), reason or "")
    return tuple(map(marks_escaped, texts))


def _follows(entry: Entry) -> str:
    """The exact values; in brackets as the printed figure is written, where that is shorter."""
    figures, values = entry.cell.cell.printed, entry.cell.values
    if len(figures) != 1 or len(values) != 1:
        return TIMES.join(map(str, values))
    short = _as_printed(figures[0], values[0])
    return _exact(values[0]) if short is None else f"{_exact(values[0])} ({short})"


def _exact(value: Number) -> str:
    text = number(value)
    return text if Fraction(text.replace(",", "")) == value else f"about {text}"


def _as_printed(figure: Figure, value: Number) -> str | None:
    """A value with the unit and the decimals of a figure, and as many more as show two digits, and the difference."""
    match = re.fullmatch(r"[^.]*?(?:\.([0-9]+))?\s*([A-Za-z]*)", figure.text)
    assert match is not None
    if not match[2]:
        return None
    scale = UNITS[match[2]]
    for decimals in range(len(match[1] or ""), 9):
        digits = half_up(Fraction(value) / scale * 10**decimals)
        if digits >= 10 and Fraction(digits, 10**decimals) * scale != figure.value:
            break
    whole, rest = divmod(digits, 10**decimals)
    space = " " if " " in figure.text else ""
    return f"{whole:,}{f'.{rest:0{decimals}d}' if decimals else ''}{space}{match[2]}"


def _merged(lines: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The lines, with equal ones put together."""
    times: dict[tuple[str, ...], int] = {}
    for line in lines:
        times[line] = times.get(line, 0) + 1
    return [(f"{line[0]} ({times[line]} rows)" if times[line] > 1 else line[0], *line[1:]) for line in times]


def _remarks(tables: Sequence[AuditedTable]) -> list[str]:
    lines = []
    for audited in tables:
        for row in audited.rows:
            figures = [(cell.cell, cell.status) for cell in row.cells if cell.cell.printed]
            if figures and row.row.unpublished and all(status in HOLDS for _, status in figures):
                printed = ", ".join(TIMES.join(figure.text for figure in cell.printed) for cell, _ in figures)
                texts = (row.row.label, printed, row.row.unpublished)
                lines.append((f"`{audited.table.name}`", *map(marks_escaped, texts)))
    return [_table(("table", "row", "printed", "remark"), lines)]


def _without_network(tables: Sequence[AuditedTable]) -> list[str]:
    lines = []
    for audited in tables:
        for row in audited.rows:
            if row.row.unpublished and all(cell.status == "no network" for cell in row.cells):
                figures = ", ".join(TIMES.join(figure.text for figure in cell.cell.printed) for cell in row.cells)
                texts = (row.row.label, figures, row.row.unpublished)
                lines.append((f"`{audited.table.name}`", *map(marks_escaped, texts)))
    return [_table(("table", "row", "printed", "why"), lines)]


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    right = ("printed", "what follows", "cells")
    rule = f"|{'|'.join('---:' if heading in right else ':---' for heading in header)}|"
    return "\n".join([f"| {' | '.join(header)} |", rule, *(f"| {' | '.join(line)} |" for line in lines)]) + "\n"
