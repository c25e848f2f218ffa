"""What must hold of free names, each said once and in its simplest form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from archcalc.recorded import Quantity, Recorded
from archcalc.symbolic.form import FloorDivide, normal
from archcalc.symbolic.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable


def condition_texts(conditions: Iterable[tuple[Quantity, str, Quantity]]) -> list[str]:
    """What must hold, each said once and in its simplest form; of bounds on one size only the strictest."""
    least: dict[Any, Any] = {}
    texts: list[str] = []
    for left, relation, right in conditions:
        difference = sympy.expand(normal(right) - normal(left))
        if relation == "<=":
            bound = _lower_bound(difference)
            if bound is not None:
                name, value = bound
                least[name] = max(least.get(name, value), value)
                continue
            low, high = _sides(difference)
            texts.append(f"{text(high)} >= {text(low)}")
        elif relation == "==" and isinstance(left, Recorded) and left.operator == "%" and right == 0:
            dividend, divisor = (normal(o) for o in left.operands)  # type: ignore[arg-type]
            texts.append(f"{_single(dividend)} % {_single(divisor)} == 0")
        else:
            low, high = _sides(difference)
            texts.append(f"{text(high)} {relation} {text(low)}")
    bounds_texts = [
        f"{text(name)} >= {text(value)}" for name, value in least.items() if value > 1 or not name.is_integer
    ]
    return list(dict.fromkeys([*bounds_texts, *texts]))


def _single(form: Any) -> str:
    """The text, in brackets unless it is one name or number."""
    return text(form) if form.is_Symbol or form.is_Integer else f"({text(form)})"


def _sides(difference: Any) -> tuple[Any, Any]:
    """The negative terms, turned positive, and the positive ones: 0 <= d as low <= high."""
    terms = sympy.Add.make_args(difference)
    negative = [term for term in terms if term.could_extract_minus_sign()]
    return sympy.Add(*(-term for term in negative)), sympy.Add(*(term for term in terms if term not in negative))


def _lower_bound(difference: Any) -> tuple[Any, Any] | None:
    """For 0 <= a*x + b, or a*((x + c) // d) + b: the name x and the least value it may have."""
    constant, rest = difference.as_coeff_Add()
    coefficient, rest = rest.as_coeff_Mul()
    if not (coefficient.is_Rational and coefficient > 0):
        return None
    least = sympy.ceiling(-constant / coefficient)
    while isinstance(rest, FloorDivide) and rest.args[1].is_Integer:
        dividend, divisor = rest.args
        constant, inner = dividend.as_coeff_Add()
        scale, rest = inner.as_coeff_Mul()
        if not (scale.is_Integer and scale > 0):
            return None
        least = sympy.ceiling((least * divisor - constant) / scale)
    if not rest.is_Symbol:
        return None
    return rest, least if rest.is_integer else -constant / coefficient
