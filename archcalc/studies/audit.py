"""The audit: every published table worked out, and the count of each status."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.studies.tables import STATUSES, Audit, Audited, Row, Table, names, table

if TYPE_CHECKING:
    from collections.abc import Iterable


class AuditedRow(NamedTuple):
    """A row with its cells worked out."""

    row: Row
    cells: tuple[Audited, ...]


class AuditedTable(NamedTuple):
    """A table with its cells worked out."""

    table: Table
    rows: tuple[AuditedRow, ...]

    @property
    def cells(self) -> tuple[Audited, ...]:
        """All cells, row by row."""
        return tuple(cell for row in self.rows for cell in row.cells)


def audit(wanted: Iterable[str] | None = None) -> list[AuditedTable]:
    """The tables of these names, or all; raises NotFoundError or SpecError."""
    work = Audit()
    result = []
    for name in names() if wanted is None else wanted:
        stated = table(name)
        rows = [AuditedRow(row, tuple(work.cell(cell) for cell in row.cells)) for row in stated.rows]
        result.append(AuditedTable(stated, tuple(rows)))
    return result


def counted(tables: Iterable[AuditedTable]) -> dict[str, int]:
    """How many cells have each status; a row without a network counts as one."""
    count = dict.fromkeys(STATUSES, 0)
    for audited in tables:
        for row in audited.rows:
            for cell in row.cells:
                count[cell.status] += 1
            if row.row.unpublished and not row.cells:
                count["no network"] += 1
    return count
