"""Forms as text: in the language of specs, and in LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from archcalc.symbolic.form import FloorDivide, floor_divide, normal

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

    def _print_Choose(self, expression: Any) -> str:
        rounded = divisible(expression)
        if rounded is not None:
            return f"make_divisible({self._print(rounded[0])}, {self._print(rounded[1])})"
        left, right, then, otherwise = map(self._print, expression.args)
        return f"({then} if {left} < {right} else {otherwise})"


def divisible(expression: Any) -> tuple[Any, Any] | None:
    """The value and the multiple of what make_divisible gives; None where a choice comes from elsewhere."""
    left, right, then, otherwise = expression.args
    multiple, value = then - otherwise, right * sympy.Rational(10, 9)
    nearest = multiple * floor_divide(value / multiple + sympy.Rational(1, 2), sympy.Integer(1))
    is_it = left == otherwise and multiple.is_Integer and sympy.Max(multiple, sympy.expand(nearest)) == otherwise
    return (value, multiple) if is_it else None


class _Python(_Written):
    """Expressions as Python computes them exactly."""

    def _print_Rational(self, expression: Any) -> str:
        return f"Fraction({expression.p}, {expression.q})"

    def _print_Mul(self, expression: Any) -> str:
        coefficient, rest = expression.as_coeff_Mul()
        if coefficient.is_Integer or not coefficient.is_Rational:
            return super()._print_Mul(expression)
        return f"{self._print_Rational(coefficient)}*{self._factor(rest)}"

    def _factor(self, expression: Any) -> str:
        written = str(self._print(expression))
        return f"({written})" if expression.is_Add or isinstance(expression, FloorDivide) else written


def python(expression: Any) -> str:
    """A normal form as a Python expression of integers and, where there are fractions, of Fraction."""
    return str(_Python({"order": "grlex"}).doprint(expression))


def text(expression: Any) -> str:
    """A normal form in the language of specs."""
    return str(_Written({"order": "grlex"}).doprint(expression))


def simplified(numbers: Iterable[Quantity]) -> list[str]:
    """Each number in normal form, in the language of specs."""
    return [text(normal(number)) for number in numbers]


def latex(number: Quantity) -> str:
    """The number in normal form, in LaTeX."""
    return latex_of(normal(number))


def latex_of(form: Any) -> str:
    """A form in LaTeX."""
    return str(_Latex({"order": "grlex"}).doprint(form))


class _Latex(LatexPrinter):  # type: ignore[misc]
    """Forms as a paper has them."""

    def _print_FloorDivide(self, expression: Any, exp: str | None = None) -> str:
        dividend, divisor = expression.args
        inside = self._print(dividend) if divisor == 1 else self._print(dividend / divisor)
        floored = rf"\left\lfloor{{{inside}}}\right\rfloor"
        return floored if exp is None else f"{floored}^{{{exp}}}"

    def _print_Choose(self, expression: Any, exp: str | None = None) -> str:
        rounded = divisible(expression)
        if rounded is not None:
            call = rf"\operatorname{{make\_divisible}}\left({self._print(rounded[0])}, {self._print(rounded[1])}\right)"
            return call if exp is None else f"{call}^{{{exp}}}"
        left, right, then, otherwise = map(self._print, expression.args)
        where = rf"{then} & \text{{for}}\: {left} < {right} \\{otherwise} & \text{{otherwise}}"
        cases = rf"\begin{{cases}} {where} \end{{cases}}"
        return cases if exp is None else rf"\left({cases}\right)^{{{exp}}}"
