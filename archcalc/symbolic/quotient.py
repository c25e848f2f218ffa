"""Quotients as papers print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from archcalc.symbolic.form import CHOICES, normal
from archcalc.symbolic.text import simplified, text

if TYPE_CHECKING:
    from archcalc.recorded import Quantity

FEW_FRACTIONS = 4
"""A quotient is written as a sum of so many fractions, however long."""
REDUCED = 600
"""Where many quotients are asked for, one whose parts have more characters is not put in lowest terms: that is slow."""


def quotient(dividend: Quantity, divisor: Quantity) -> str | None:
    """dividend / divisor in lowest terms, in the language of specs; None where the divisor is 0.

    A sum of few fractions where that is possible, as papers print it: 1/N + 1/kernel**2.
    """
    above, below = normal(dividend), normal(divisor)
    if below == 0:
        return None
    names = {part: sympy.Dummy() for part in above.atoms(*CHOICES) | below.atoms(*CHOICES)}
    reduced = sympy.cancel(above.xreplace(names) / below.xreplace(names))
    above, below = sympy.fraction(reduced)
    ways = [sympy.factor(reduced)]
    if not below.has(sympy.Add):
        ways.insert(0, sympy.expand(reduced))
    elif len(below.free_symbols | above.free_symbols) == 1:
        ways.append(sympy.apart(reduced, *below.free_symbols))
    back = {dummy: part for part, dummy in names.items()}
    ways = [_positive(way.xreplace(back)) for way in ways]
    if len(sympy.Add.make_args(ways[0])) <= FEW_FRACTIONS:
        return text(ways[0])
    return min(map(text, ways), key=len)


def one_of_many(dividend: Quantity, divisor: Quantity) -> str | None:
    """The same, in lowest terms unless it is very long."""
    above, below = simplified([dividend, divisor])
    return f"({above})/({below})" if len(above + below) > REDUCED else quotient(dividend, divisor)


def _positive(quotient: Any) -> Any:
    """The same without factors that begin with a minus: (-a + b)*(-c + d) as (a - b)*(c - d)."""
    sign, factors = 1, []
    for factor in sympy.Mul.make_args(quotient):
        base, exponent = factor.as_base_exp()
        turned = base.is_Add and exponent.is_Integer and text(base).startswith("-")
        sign *= (-1) ** exponent if turned else 1
        factors.append((-base) ** exponent if turned else factor)
    return sign * sympy.Mul(*factors)
