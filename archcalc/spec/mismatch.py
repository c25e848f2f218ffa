"""An operator that refuses several tensors: what they are, and what would help."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcalc.errors import ArchcalcError
from archcalc.shape import features, space, written
from archcalc.spec.failure import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.graph import Node as GraphNode
    from archcalc.recorded import Shape
    from archcalc.spec.source import Node

SHOWN_TENSORS = 8


def mismatch(mark: Node, error: ArchcalcError, inputs: Sequence[GraphNode], labels: Sequence[str]) -> Failed:
    """An operator that refuses several tensors: each with its branch, path, shape and line, and what would help."""
    rows = [
        (label_of(labels, i), node.current_path(), written(node.shape), f"line {node.line}")
        for i, node in enumerate(inputs[:SHOWN_TENSORS])
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(inputs) > SHOWN_TENSORS:
        table.append(f"... and {len(inputs) - SHOWN_TENSORS} more")
    hint = error.hint or _advice([node.shape for node in inputs], labels)
    return Failed([mark.problem(ArchcalcError(error.message, hint=hint, details=table))])


def label_of(labels: Sequence[str], position: int) -> str:
    """The branch that a tensor comes from, or its number."""
    return labels[position] if position < len(labels) else f"tensor {position + 1}"


def _advice(shapes: Sequence[Shape], labels: Sequence[str]) -> str | None:
    """What the second of two maps lacks to match the first."""
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]):
        return None
    first, second = shapes
    if not all(isinstance(size, int) and size for size in (*first, *second)):
        return None
    ratios = {Fraction(int(m), int(n)) for m, n in zip(space(second), space(first), strict=True)}
    ratio = ratios.pop() if len(ratios) == 1 else Fraction(1, 2)
    if ratio.denominator != 1:
        return None
    needs = [f"stride {ratio}"] if ratio > 1 else []
    if features(first) != features(second):
        needs.append(f"{features(first)} channels")
    name = f"the {labels[1]}" if len(labels) > 1 else "the second"
    return f"{name} needs {' and '.join(needs)} to match" if needs else None
