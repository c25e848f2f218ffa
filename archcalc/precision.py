"""How many bits an element has, and how many bytes tensors take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcalc.errors import UsageError, did_you_mean
from archcalc.recorded import ceil_divide, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.recorded import Size

PRECISIONS = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "float8": 8,
    "int32": 32, "int16": 16, "int8": 8, "int4": 4,
}  # fmt: skip
"""Bits of an element, by the name of the precision."""
MIXED = "mixed"  # float16 with a float32 master copy of the weights
_WIDTH = re.compile("u?int([1-9][0-9]?)")


def bits(precision: str) -> int:
    """The bits of an element; whole numbers may have any width from 1 to 64, as int3. Raises UsageError."""
    said = str(precision)
    if said in PRECISIONS:
        return PRECISIONS[said]
    named = _WIDTH.fullmatch(said)
    if named is None or int(named[1]) > 64:
        raise UsageError(
            f"there is no precision '{said}'",
            hint=did_you_mean(said, PRECISIONS) or f"precisions: {', '.join(PRECISIONS)}",
        )
    return int(named[1])


def buffer_bits(precision: str) -> int:
    """The bits of a stored constant beside weights of a precision: float32 beside whole numbers."""
    return PRECISIONS["float32"] if precision.startswith(("int", "uint")) else bits(precision)


def tensor_bytes(elements: Size, bits: int) -> Size:
    """The bytes of one tensor: ceil(elements x bits / 8)."""
    return elements * (bits // 8) if bits % 8 == 0 else ceil_divide(elements * bits, 8)


def stored(tensors: Sequence[Size], bits: int, batch: Size) -> Size:
    """The bytes of tensors of so many elements per sample: of each, ceil(elements x batch x bits / 8)."""
    if bits % 8 == 0:
        return total(tensors) * batch * (bits // 8)
    return total([tensor_bytes(elements * batch, bits) for elements in tensors])
