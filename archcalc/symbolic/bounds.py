"""What certainly holds of forms, whatever their free names are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from archcalc.limits import LIMITS
from archcalc.symbolic.form import CHOICES, Choose, FloorDivide, normal

if TYPE_CHECKING:
    from archcalc.recorded import Quantity


def certainly(left: Quantity, relation: str, right: Quantity) -> bool | None:
    """Whether left == right or left <= right holds for all values of the free names (whole names are at least 1).

    None where it depends on them.
    """
    if left is right:
        return True
    difference = _whole_multiple(sympy.expand(normal(right) - normal(left)))
    low, high = bounds(difference)
    if relation == "==":
        return True if difference == 0 else False if low > 0 or high < 0 else None
    return True if low >= 0 else False if high < 0 else None


def _whole_multiple(difference: Any) -> Any:
    """The difference times the free names that it is divided by, which are above zero and keep its sign."""
    factor = sympy.Integer(1)
    for power in difference.atoms(sympy.Pow):
        if power.exp.is_negative:
            if not power.base.is_Symbol:
                return difference
            factor = sympy.lcm(factor, 1 / power)
    return difference if factor == 1 else sympy.expand(difference * factor)


def degree(number: Quantity, name: str) -> int | None:
    """The degree of a number as a polynomial in a free name; None where the name stands inside floors or choices."""
    form = normal(number)
    wanted = next((s for s in form.free_symbols if str(s) == name), None)
    if wanted is None:
        return 0
    if not form.is_polynomial(wanted) or any(wanted in part.free_symbols for part in form.atoms(*CHOICES)):
        return None
    return int(sympy.degree(form, wanted))


def bounds(expression: Any) -> tuple[Any, Any]:
    """Numbers that the expression certainly lies between."""
    unbounded = (-sympy.oo, sympy.oo)
    if expression.is_Rational:
        return expression, expression
    if expression.is_Symbol:
        return sympy.Integer(1 if expression.is_integer else 0), sympy.oo
    if isinstance(expression, FloorDivide) and expression.args[1].is_Rational:
        low, high = (
            bound if bound.is_infinite else sympy.floor(bound / expression.args[1])
            for bound in bounds(expression.args[0])
        )
        return low, high
    if expression.is_Add:
        parts = [bounds(term) for term in expression.args]
        return sympy.Add(*(low for low, _ in parts)), sympy.Add(*(high for _, high in parts))
    if expression.is_Mul or (expression.is_Pow and expression.exp.is_Integer and expression.exp > 0):
        parts = (
            [bounds(factor) for factor in expression.args]
            if expression.is_Mul
            else [bounds(expression.base)] * int(expression.exp)
        )
        negative = 0
        for low, high in parts:
            if (low < 0 and high > 0) or (low < 0 and high.is_infinite):
                return unbounded
            negative += bool(low < 0)
        small = _product([min(abs(low), abs(high)) for low, high in parts], sympy.Integer(0))
        large = _product([max(abs(low), abs(high)) for low, high in parts], sympy.oo)
        return (-large, -small) if negative % 2 else (small, large)
    if isinstance(expression, (sympy.Max, sympy.Min)):
        choose = max if isinstance(expression, sympy.Max) else min
        parts = [bounds(argument) for argument in expression.args]
        return choose(low for low, _ in parts), choose(high for _, high in parts)
    if isinstance(expression, Choose):
        parts = [bounds(value) for value in expression.args[2:]]
        return min(low for low, _ in parts), max(high for _, high in parts)
    return unbounded


def _product(numbers: list[Any], otherwise: Any) -> Any:
    """The product, or a coarser bound where a number is infinite or would be too long."""
    if any(number.is_infinite for number in numbers):
        return otherwise
    bits = sum(max(number.p.bit_length(), number.q.bit_length()) for number in numbers)
    return sympy.Mul(*numbers) if bits <= LIMITS.integer_bits else otherwise
