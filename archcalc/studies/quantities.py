"""What can be asked of a network as a whole, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.errors import UsageError, did_you_mean
from archcalc.recorded import total
from archcalc.shape import AXIS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.recorded import Quantity
    from archcalc.report import Report

USUAL = ("params", "mult_adds", "activations")
COUNTS = (
    "params", "trainable_params", "buffers", "params_and_buffers", "mult_adds", "flops", "activations",
    "activation_bytes", "depth", "shortest_path",
)  # fmt: skip
PER_AXIS = ("output_shape", "receptive_field", "receptive_field_stride", "receptive_field_start")
MEMORY = {
    "activations_total": "activations_total_bytes",
    "peak_inference": "peak_inference_bytes",
    "saved_for_backward": "saved_for_backward_bytes",
    "saved_for_backward_integer": "saved_for_backward_integer_bytes",
    "training_peak": "training_peak_bytes",
    "weights": "weights_bytes",
    "gradients": "gradients_bytes",
    "optimizer": "optimizer_bytes",
}
"""Quantities in bytes, and the names that they have in the answer about memory."""
QUANTITIES = (*COUNTS, *ARITHMETIC, *MEMORY, *PER_AXIS)


def quantities(report: Report, of: Iterable[str]) -> dict[str, Quantity | tuple[Quantity, ...]]:
    """The quantities of these names; those of axes are tuples. Raises UsageError for a name or a field there is not."""
    return {name: _quantity(report, name) for name in of}


def scalars(report: Report, of: Iterable[str]) -> dict[str, Quantity]:
    """The same with one number a name: what is of axes is told apart by theirs, as in output_height.

    Such a name can be asked for by itself. Raises UsageError.
    """
    flat: dict[str, Quantity] = {}
    for name in of:
        stem, axis = _axis(name)
        value = _quantity(report, stem)
        if not isinstance(value, tuple):
            flat[name] = value
            continue
        axes = AXIS_NAMES.get(len(value)) if stem == "output_shape" else _space(len(value))
        named = dict(zip(axes or map(str, range(len(value))), value, strict=True))
        if axis is not None and axis not in named:
            raise UsageError(f"{report.name} has no {name.replace('_', ' ')}", hint=f"its axes: {', '.join(named)}")
        prefix = stem.removesuffix("_shape")
        flat |= {f"{prefix}_{a}": size for a, size in named.items() if axis in (None, a)}
    return flat


def _axis(name: str) -> tuple[str, str | None]:
    """receptive_field_stride_height as receptive_field_stride, height."""
    stem, _, axis = name.rpartition("_")
    axes = {a for names in AXIS_NAMES.values() for a in names}
    stem = "output_shape" if stem == "output" else stem
    return (stem, axis) if stem in PER_AXIS and axis in axes else (name, None)


def _quantity(report: Report, name: str) -> Quantity | tuple[Quantity, ...]:
    if name in COUNTS:
        count: Quantity = getattr(report.totals, name)
        return count
    if name in ARITHMETIC:
        return total(report.counts(name))
    if name in MEMORY:
        size: Quantity = getattr(report.memory, MEMORY[name])
        return size
    if name == "output_shape":
        return report.outputs[0].shape
    if name not in PER_AXIS:
        listed = f"quantities: {', '.join(QUANTITIES)}"
        raise UsageError(f"there is no quantity '{name}'", hint=did_you_mean(name, QUANTITIES) or listed)
    field = report.totals.receptive_field
    if field is None or not field.size:
        raise UsageError(f"{report.name} has no {name.replace('_', ' ')} that could be given as a formula")
    part = name.removeprefix("receptive_field").removeprefix("_") or "size"
    numbers: tuple[Quantity, ...] = getattr(field, part)
    return numbers


def _space(rank: int) -> tuple[str, ...]:
    return ("length",) if rank == 1 else AXIS_NAMES[rank + 1][1:]
