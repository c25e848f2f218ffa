"""A rule as a sum of terms: what it adds for each element, parameter or multiply-accumulate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.notation import write
from archcalc.recorded import Recorded, divide

if TYPE_CHECKING:
    from archcalc.recorded import Number, Quantity

Sums = dict[tuple[str, ...], "Number"]


class Term(NamedTuple):
    """A coefficient and the names that are multiplied with it."""

    coefficient: Number
    names: tuple[str, ...]

    def __str__(self) -> str:
        size = "*".join(self.names)
        if not self.names:
            return str(self.coefficient)
        return size if self.coefficient == 1 else f"{self.coefficient}*{size}"


def terms(before: Quantity, after: Quantity) -> tuple[Term, ...]:
    """The terms of the difference of two recorded numbers; what is no sum or product is a name as a whole."""
    sums = _sums(after)
    for names, coefficient in _sums(before).items():
        sums[names] = sums.get(names, 0) - coefficient
    return tuple(Term(coefficient, names) for names, coefficient in sums.items() if coefficient != 0)


def _sums(number: Quantity) -> Sums:
    if not isinstance(number, Recorded):
        return {(): number}
    if number.operator in ("+", "-", "*", "/"):
        first, *others = [_sums(operand) for operand in number.operands]  # type: ignore[arg-type]
        for other in others:
            first = _COMBINED[number.operator](first, other)
        if number.operator != "/" or first:
            return first
    return {(write(number),): 1}


def _plus(left: Sums, right: Sums) -> Sums:
    return {names: left.get(names, 0) + right.get(names, 0) for names in {**left, **right}}


def _minus(left: Sums, right: Sums) -> Sums:
    return {names: left.get(names, 0) - right.get(names, 0) for names in {**left, **right}}


def _times(left: Sums, right: Sums) -> Sums:
    product: Sums = {}
    for names, coefficient in left.items():
        for others, factor in right.items():
            both = tuple(sorted((*names, *others)))
            product[both] = product.get(both, 0) + coefficient * factor
    return product


def _over(left: Sums, right: Sums) -> Sums:
    """Divided by a number; nothing where the divisor is more than that."""
    if right.keys() != {()}:
        return {}
    return {names: divide(coefficient, right[()]) for names, coefficient in left.items()}  # type: ignore[misc]


_COMBINED = {"+": _plus, "-": _minus, "*": _times, "/": _over}
