"""How large the result of an operator can be, so that 64 bits are used only where they are enough.

A bound is the largest size of a numerator, and the denominator. None where it cannot be told, or where the operands,
brought to one denominator, could pass 64 bits on the way.
"""

from __future__ import annotations

from functools import reduce
from math import lcm
from operator import mul
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archcalc.program import Program
    from archcalc.recorded import Number

Bound: TypeAlias = "tuple[int, int]"
LARGEST = 2**63 - 1


def fits(program: Program, largest: Mapping[str, Bound]) -> bool:
    """Whether no intermediate can pass 64 bits, with the names as large as that."""
    bounds: list[Bound] = []
    for operator, operands in program.instructions:
        if operator == "name":
            bound: Bound | None = largest[operands[0]]
        elif operator == "number":
            bound = abs(operands[0].numerator), operands[0].denominator
        else:
            known = _known(program, operands[1]) if operator in ("**", "/", "//") else ()
            bound = _BOUNDS[operator](*[bounds[i] for i in operands], *known)
        if bound is None or max(bound) > LARGEST:
            return False
        bounds.append(bound)
    return True


def _known(program: Program, index: int) -> tuple[Number | None]:
    """The number that an instruction gives, whatever the names are."""
    operator, operands = program.instructions[index]
    return (operands[0] if operator == "number" else None,)


def scaled(*operands: Bound) -> tuple[list[int], int]:
    """The numerators over one denominator, and that."""
    denominator = lcm(*(d for _, d in operands))
    return [n * (denominator // d) for n, d in operands], denominator


def _sum_bound(*terms: Bound) -> Bound:
    sizes, denominator = scaled(*terms)
    return sum(sizes), denominator


def _product_bound(*factors: Bound) -> Bound:
    sizes, denominators = zip(*factors, strict=True)
    return reduce(mul, (max(size, 1) for size in sizes)), reduce(mul, denominators)


def _quotient_bound(left: Bound, right: Bound, divisor: Number | None) -> Bound | None:
    if divisor is None or divisor <= 0:
        return None
    return left[0] * divisor.denominator, left[1] * divisor.numerator


def _floor_bound(left: Bound, right: Bound, divisor: Number | None) -> Bound | None:
    """A divisor that is not zero is at least 1 over the denominator that both have."""
    (dividend, largest), denominator = scaled(left, right)
    if max(dividend, largest) > LARGEST:
        return None
    least = 1 if divisor is None else max(abs(int(divisor * denominator)), 1)
    return -(-dividend // least), 1


def _rest_bound(left: Bound, right: Bound) -> Bound | None:
    (dividend, divisor), denominator = scaled(left, right)
    return None if dividend > LARGEST else (max(divisor, 1), denominator)


def _largest_bound(*operands: Bound) -> Bound:
    sizes, denominator = scaled(*operands)
    return max(sizes), denominator


def _power_bound(base: Bound, exponent: Bound, times: Number | None) -> Bound | None:
    if not isinstance(times, int) or not 0 <= times <= LARGEST.bit_length():
        return None
    return max(base[0], 1) ** times, base[1] ** times


_BOUNDS: dict[str, Callable[..., Bound | None]] = {
    "+": _sum_bound,
    "-": _sum_bound,
    "*": _product_bound,
    "/": _quotient_bound,
    "//": _floor_bound,
    "%": _rest_bound,
    "**": _power_bound,
    "min": _largest_bound,
    "max": _largest_bound,
    "<": _largest_bound,
    "if": lambda condition, then, otherwise: _largest_bound(then, otherwise),
}
