"""The arithmetic of one operator, counted by kind; such counts add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcalc.recorded import Size


class Work(NamedTuple):
    """How often each kind of arithmetic is done, per sample."""

    multiply_accumulates: Size = 0
    multiplies: Size = 0
    adds: Size = 0
    compares: Size = 0
    divides: Size = 0
    elementary: Size = 0  # exp, log, tanh, square root, power

    @property
    def mult_adds(self) -> Size:
        """Multiply-accumulates of convolutions, linear layers and matrix products."""
        return self.multiply_accumulates

    @property
    def flops(self) -> Size:
        """Every operation as one, a multiply-accumulate as two."""
        if self is NO_WORK:
            return 0
        accumulates, *others = self
        count: Size = 0 if accumulates == 0 else 2 * accumulates
        for other in others:
            if other != 0:
                count = other if count == 0 else count + other
        return count


NO_WORK = Work()
