"""How much a form answers to one of its names: d log f / d log x, where floors count as plain quotients."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from archcalc.symbolic.form import Choose, FloorDivide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.recorded import Number


def elasticity(form: Any, name: str, point: Mapping[str, Number]) -> Fraction | None:
    """x * f'(x) / f(x) at a point, exactly; None where f is 0 there.

    Of a minimum, a maximum and a choice, the part that counts at the point is taken.
    """
    values = {s: _number(point[str(s)]) for s in form.free_symbols}
    smooth = _smooth(form, values)
    symbol = next((s for s in form.free_symbols if str(s) == name), None)
    total = smooth.xreplace(values)
    if total == 0:
        return None
    slope = 0 if symbol is None else smooth.diff(symbol).xreplace(values) * values[symbol]
    answer = sympy.Rational(slope) / total
    return Fraction(int(answer.p), int(answer.q))


def _number(value: Number) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


def _smooth(form: Any, values: Mapping[Any, Any]) -> Any:
    """The form without steps, as it is near the point."""
    if not form.args:
        return form
    arguments = [_smooth(argument, values) for argument in form.args]
    at = [argument.xreplace(values) for argument in arguments]
    if isinstance(form, FloorDivide):
        return arguments[0] / arguments[1]
    if isinstance(form, sympy.Max):
        return arguments[at.index(max(at))]
    if isinstance(form, sympy.Min):
        return arguments[at.index(min(at))]
    if isinstance(form, Choose):
        return arguments[2] if form.args[0].xreplace(values) < form.args[1].xreplace(values) else arguments[3]
    return form.func(*arguments)
