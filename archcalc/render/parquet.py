"""The rows of a sweep as a Parquet file, a row group a chunk; needs pyarrow, the extra archcalc[parquet].

- whole numbers are int64, decimals decimal128, truth values bool, everything else text of the language
- the quantities of what is no network are null
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc.errors import UsageError
from archcalc.studies.grid import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.studies.grid import Axis
    from archcalc.studies.structures import Rows
    from archcalc.studies.sweep import Sweep

DIGITS = 38
LARGEST = 2**63 - 1


def write(sweep: Sweep, chunks: Iterable[Rows], file: str) -> None:
    """Write a file; what stops it leaves a valid file.

    Raises UsageError where pyarrow is missing, the file cannot be written, or a quantity is not whole or too large.
    """
    arrow, parquet = _pyarrow()
    types = [_axis_type(arrow, axis) for axis in sweep.grid.axes]
    fields = list(zip(sweep.columns, [*types, *[arrow.int64() for _ in sweep.shown]], strict=True))
    schema = arrow.schema(fields)
    values = [
        arrow.array([_as(kind, arrow, item) for item in axis.items], kind)
        for axis, kind in zip(sweep.grid.axes, types, strict=True)
    ]
    try:
        writer = parquet.ParquetWriter(file, schema)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from None
    with writer:
        for rows in chunks:
            columns = [
                *[items.take(arrow.array(at)) for items, at in zip(values, rows.chosen.values(), strict=True)],
                *[arrow.array(_whole(name, rows), mask=~rows.known) for name in sweep.shown],
            ]
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow", hint="pip install 'archcalc[parquet]'") from None
    return pyarrow, parquet


def _axis_type(arrow: Any, axis: Axis) -> Any:
    """int64, bool or decimal128 where every value is one; else text."""
    if all(type(item) is bool for item in axis.items):
        return arrow.bool_()
    if axis.values is not None:
        if all(type(item) is int and abs(item) <= LARGEST for item in axis.items):
            return arrow.int64()
        texts = axis.texts
        if not any("/" in text for text in texts):
            places = max(len(text.partition(".")[2]) for text in texts)
            digits = max(len(text.partition(".")[0].lstrip("-")) for text in texts) + places
            if digits <= DIGITS:
                return arrow.decimal128(digits, places)
    return arrow.string()


def _as(kind: Any, arrow: Any, item: Any) -> Any:
    from decimal import Decimal

    if arrow.types.is_string(kind):
        return written(item)
    if arrow.types.is_decimal(kind):
        return Decimal(written(Fraction(item)))
    return item


def _whole(name: str, rows: Rows) -> Any:
    """A quantity as whole numbers of 64 bits."""
    quantity = rows.quantities[name]
    kept = quantity.at(rows.known)
    if not kept.whole.all() or kept.largest // kept.denominator > LARGEST:
        raise UsageError(
            f"some {name} is not whole, or past 64 bits, which Parquet has no column for",
            hint="--format csv and json write every number in full",
        )
    numerators = quantity.numerators // quantity.denominator
    return (numerators * rows.known).astype("int64")
