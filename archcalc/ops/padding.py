"""How much of what a convolution reads lies inside its input, and not on the zeros of its padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.errors import LimitError, UndecidedError
from archcalc.limits import LIMITS
from archcalc.recorded import Shape, ceil_divide, divide, is_free, maximum, minimum, total

if TYPE_CHECKING:
    from archcalc.recorded import Size
    from archcalc.window import Window


def inside(windows: tuple[Window, ...], positions: Shape, sizes: Shape) -> Shape:
    """For each axis the pairs of a position of the window and a tap for which 0 <= where the tap lies < size.

    That is stride*position + dilation*tap - before. Raises UndecidedError where the kernel is free and is strided or
    dilated, LimitError where too many of its taps can lie on padding.
    """
    return tuple(map(_inside, windows, positions, sizes))


def _inside(window: Window, positions: Size, size: Size) -> Size:
    """All pairs, without those before the input and those behind it: none is both."""
    behind = (positions - 1) * window.stride + window.span - window.before - size  # by how much the last one hangs over
    left = _outside(window, positions, window.before, window.before)
    return positions * window.kernel - left - _outside(window, positions, behind, window.after)


def _outside(window: Window, positions: Size, amount: Size, most: Size) -> Size:
    """The pairs, counted from an end of the axis, with stride*position + dilation*tap < amount, which is <= most.

    There is at least one position, so that what is certainly fewer than two is no more than the positions.
    """
    kernel, stride, dilation = window.kernel, window.stride, window.dilation
    if stride == 1 and dilation == 1:
        # Those of a triangle, without those past the last position, past the last tap, and with those past both.
        both = _triangle(amount - positions - kernel, most - 1 - kernel)
        past = _triangle(amount - positions, most - 1), _triangle(amount - kernel, most - kernel)
        return _triangle(amount, most) + both - total(past)
    taps = kernel if is_free(most) else minimum(kernel, ceil_divide(most, dilation))
    if is_free(taps):
        raise UndecidedError(
            "what of a kernel lies on padding is not worked out where it is free, and strided or dilated"
        )
    if taps > LIMITS.taps:
        raise LimitError(f"more than {LIMITS.taps:,} taps of a kernel can lie on padding")
    found = []
    for tap in range(taps):
        count = maximum(0, ceil_divide(amount - dilation * tap, stride))
        at_most = ceil_divide(most - dilation * tap, stride)
        found.append(count if not is_free(at_most) and at_most <= 1 else minimum(positions, count))
    return total(found)


def _triangle(side: Size, most: Size) -> Size:
    """The pairs of whole numbers from 0 whose sum is below `side`, which is <= most."""
    if not is_free(most) and most <= 0:
        return 0
    above = maximum(side, 0)
    return divide(above * (above + 1), 2)  # type: ignore[return-value]  # one of two neighbours is even
