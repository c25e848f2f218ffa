"""Forms as text: in the language of specs, and in LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy
from sympy.printing.str import StrPrinter

from archcalc.symbolic.form import FloorDivide, normal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.recorded import Quantity


class _Written(StrPrinter):  # type: ignore[misc]
    """Expressions in the language of specs."""

    def _print_FloorDivide(self, expression: Any) -> str:
        dividend, divisor = expression.args
        if divisor == 1:
            return f"floor({self._print(dividend)})"
        return f"{self._wrapped(dividend)}//{self._wrapped(divisor)}"

    def _wrapped(self, expression: Any) -> str:
        text = str(self._print(expression))
        return text if expression.is_Symbol or (expression.is_Integer and expression >= 0) else f"({text})"

    def _print_Mul(self, expression: Any) -> str:
        # A quotient inside a product needs brackets: 2*(H//2) is not 2*H//2.
        held = {a: sympy.Dummy() for a in expression.args if isinstance(a, FloorDivide) and a.args[1] != 1}
        if not held:
            return str(super()._print_Mul(expression))
        text = str(super()._print_Mul(expression.xreplace(held)))
        for quotient, dummy in held.items():
            text = text.replace(str(self._print(dummy)), f"({self._print(quotient)})")
        return text

    def _print_Pow(self, expression: Any, rational: bool = False) -> str:
        base, exponent = expression.args
        if isinstance(base, FloorDivide) and base.args[1] != 1 and exponent.is_Integer and exponent > 0:
            return f"({self._print(base)})**{exponent}"
        if exponent.is_Integer and exponent < 0:
            below = base**-exponent
            bare = below.is_Symbol or below.is_Pow or (isinstance(below, FloorDivide) and below.args[1] == 1)
            return f"1/{self._print(below)}" if bare else f"1/({self._print(below)})"
        return str(super()._print_Pow(expression, rational))

    def _print_Min(self, expression: Any) -> str:
        return f"min({', '.join(self._print(a) for a in expression.args)})"

    def _print_Max(self, expression: Any) -> str:
        return f"max({', '.join(self._print(a) for a in expression.args)})"

    def _print_Piecewise(self, expression: Any) -> str:
        (then, condition), (otherwise, _) = expression.args
        return f"({self._print(then)} if {self._print(condition)} else {self._print(otherwise)})"


def text(expression: Any) -> str:
    """A normal form in the language of specs."""
    return str(_Written({"order": "grlex"}).doprint(expression))


def simplified(numbers: Iterable[Quantity]) -> list[str]:
    """Each number in normal form, in the language of specs."""
    return [text(normal(number)) for number in numbers]


def latex(number: Quantity) -> str:
    """The number in normal form, in LaTeX."""
    form = normal(number)
    return str(sympy.latex(form.replace(FloorDivide, lambda a, b: sympy.floor(a / b))))
