"""The roofline of a machine: what memory and arithmetic let a layer do, and which of them is the limit.

Source: Williams, Waterman and Patterson 2009, Communications of the ACM 52(4), 65-76.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, gcd
from typing import TYPE_CHECKING, NamedTuple

from archcalc.recorded import divide, is_free, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.recorded import Quantity, Size
    from archcalc.studies.machine import Machine

MEMORY, COMPUTE = "memory", "compute"


class Demand(NamedTuple):
    """What a batch demands of a machine: flops, bytes of weights and buffers, and bytes of tensors."""

    flops: Size
    weight_bytes: Size
    activation_bytes: Size

    @property
    def bytes(self) -> Size:
        """All bytes that are moved."""
        return self.weight_bytes + self.activation_bytes

    @property
    def moves(self) -> bool:
        """Whether any bytes are moved."""
        return is_free(self.bytes) or self.bytes != 0

    @property
    def intensity(self) -> Quantity | None:
        """Arithmetic intensity: flops per byte moved, exactly; None where nothing is moved."""
        return divide(self.flops, self.bytes) if self.moves else None

    @property
    def intensity_text(self) -> str | None:
        """The same in the language of specs, in lowest terms unless it is very long."""
        return quotient_text(self.flops, self.bytes) if self.moves else None


def quotient_text(above: Size, below: Size) -> str | None:
    """The exact quotient in the language of specs, in lowest terms unless it is very long."""
    if is_free(above) or is_free(below):
        from archcalc.symbolic.quotient import one_of_many

        return one_of_many(above, below)
    return str(known(divide(above, below)))


class Bound(NamedTuple):
    """What the roofline says of a layer: its least time, what sets it, and the batch from which arithmetic does.

    `limited_by` is MEMORY where the intensity is below the ridge point of the machine, else COMPUTE. From the batch
    `compute_bound_from` on, for every larger one too, it is COMPUTE; None where there is no such batch.
    """

    seconds: Fraction
    limited_by: str
    compute_bound_from: int | None


def least_seconds(demand: Demand, machine: Machine) -> Fraction:
    """max(flops / flops per second, bytes / bandwidth)."""
    return max(_arithmetic(demand, machine), _traffic(demand, machine))


def limited_by(demand: Demand, machine: Machine) -> str:
    """What takes longer, memory or arithmetic; arithmetic where both take as long."""
    return MEMORY if _arithmetic(demand, machine) < _traffic(demand, machine) else COMPUTE


def _arithmetic(demand: Demand, machine: Machine) -> Fraction:
    return int(demand.flops) / machine.flops_per_second


def _traffic(demand: Demand, machine: Machine) -> Fraction:
    return int(demand.bytes) / machine.bandwidth


def compute_bound_from(
    flops: int, weight_bytes: int, tensors: Sequence[int], bits: int, machine: Machine
) -> int | None:
    """The least batch b from which on b*flops / (weight_bytes + bytes of b samples) >= ridge; None if there is none.

    `flops` and the elements of `tensors` are those of one sample. Of a tensor of the batch there are
    ceil(b*elements*bits / 8) bytes; where all are whole without rounding, b >= ridge*weight_bytes / (flops -
    ridge*bytes of a sample).
    """
    gain = flops - machine.ridge * Fraction(sum(tensors) * bits, 8)
    period = 8 // gcd(bits, 8)  # tensors of so many samples end with a whole byte
    needed = [machine.ridge * (weight_bytes + _filled(tensors, bits, rest)) for rest in range(period)]
    if gain <= 0:
        return 1 if gain == 0 and not any(needed) else None
    last = 0  # the largest batch that memory limits
    for rest, flops_ahead in enumerate(needed):
        below = ceil(flops_ahead / gain) - 1
        last = max(last, below - (below - rest) % period)
    return last + 1


def _filled(tensors: Sequence[int], bits: int, samples: int) -> Fraction:
    """The bytes that so many samples leave unused at the ends of tensors."""
    return sum((Fraction(-samples * size * bits % 8, 8) for size in tensors), Fraction(0))
