"""The only door to sympy: recorded expressions in a normal form, compared, and written for people."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache
from math import comb
from typing import TYPE_CHECKING, Any

import sympy
from sympy.printing.str import StrPrinter

from archcalc.errors import LimitError
from archcalc.limits import LIMITS
from archcalc.recorded import Quantity, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterable


class FloorDivide(sympy.Function):  # type: ignore[misc]
    """floor(a/b) for whole a and b > 0, kept as it is: sympy's own floor would look for parts to take out."""

    is_integer = True
    nargs = 2

    @classmethod
    def eval(cls, dividend: Any, divisor: Any) -> Any:
        """The number, where both are numbers or the same."""
        if dividend == divisor:
            return sympy.Integer(1)
        if dividend.is_Rational and divisor.is_Rational:
            return sympy.floor(dividend / divisor)
        return None


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
        return str(super()._print_Pow(expression, rational))

    def _print_Min(self, expression: Any) -> str:
        return f"min({', '.join(self._print(a) for a in expression.args)})"

    def _print_Max(self, expression: Any) -> str:
        return f"max({', '.join(self._print(a) for a in expression.args)})"

    def _print_Piecewise(self, expression: Any) -> str:
        (then, condition), (otherwise, _) = expression.args
        return f"({self._print(then)} if {self._print(condition)} else {self._print(otherwise)})"


@cache
def symbol(name: str, *, integral: bool = True) -> Any:
    """A free name: positive, and whole unless it stands for a rational."""
    return sympy.Symbol(name, positive=True, integer=True if integral else None, rational=True)


def normal(number: Quantity) -> Any:
    """The expression in normal form: a polynomial, expanded, with one floor per chain of windows.

    Each shared part is worked out once and kept, without recursion: chains are as deep as networks.
    """
    if not isinstance(number, Recorded):
        return _number(number)
    waiting = [number]
    while waiting:
        top = waiting[-1]
        parts = [o for o in top.operands if isinstance(o, Recorded) and o.form is None]
        if parts and top.value is None:
            waiting.extend(parts)
            continue
        waiting.pop()
        if top.form is None:
            top.form = _form(top)
    return number.form


def _number(value: Any) -> Any:
    return sympy.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else sympy.Integer(value)


def _form(number: Recorded) -> Any:
    if number.value is not None:
        return _number(number.value)
    if number.operator == "name":
        return symbol(number.name, integral=number.integral)
    return _COMBINE[number.operator](*[o.form if isinstance(o, Recorded) else _number(o) for o in number.operands])


def _floor(dividend: Any, divisor: Any) -> Any:
    """floor(a/d): whole multiples of d taken out, and ((n // c) + a) // d made (n + a*c) // (c*d)."""
    if not (divisor.is_Integer and divisor > 0):
        quotient = sympy.cancel(dividend / divisor) if not dividend.has(FloorDivide) else None
        return quotient if quotient is not None and quotient.is_integer else FloorDivide(dividend, divisor)
    dividend = sympy.expand(dividend)
    outside, inside = [], []
    for term in sympy.Add.make_args(dividend):
        coefficient, rest = term.as_coeff_Mul()
        if rest.is_integer and coefficient.is_Rational:
            whole = sympy.floor(coefficient / divisor)
            outside.append(whole * rest)
            inside.append((coefficient - whole * divisor) * rest)
        else:
            inside.append(term)
    inside = [term for term in inside if term != 0]
    floors = [term for term in inside if isinstance(term, FloorDivide)]
    others = [term for term in inside if not isinstance(term, FloorDivide)]
    if len(floors) == 1 and all(term.is_Integer for term in others) and floors[0].args[1].is_Integer:
        dividend, inner = floors[0].args
        rest = _floor(dividend + sympy.Add(*others) * inner, inner * divisor)
    elif all(term.is_integer for term in inside) and divisor == 1:
        rest = sympy.Add(*inside)
    else:
        rest = _fraction_free(sympy.Add(*inside), divisor)
    return sympy.Add(*outside, rest)


def _fraction_free(dividend: Any, divisor: Any) -> Any:
    if dividend == 0:
        return sympy.Integer(0)
    content, primitive = dividend.as_content_primitive()
    shared = sympy.gcd(content, divisor) if content.is_Integer else sympy.Integer(1)
    return FloorDivide(sympy.expand(dividend / shared), divisor / shared) if primitive != 0 else sympy.Integer(0)


@lru_cache(maxsize=4096)
def _extent(form: Any) -> tuple[int, int, int]:
    """How many terms a form has, of how many bits its numbers are at the most, and of which degree it is."""
    terms = sympy.Add.make_args(form)
    bits = degree = 0
    for term in terms:
        number, rest = term.as_coeff_Mul()
        if number.is_Rational:
            bits = max(bits, number.p.bit_length(), number.q.bit_length())
        powers = [factor.exp if factor.is_Pow and factor.exp.is_Integer else 1 for factor in sympy.Mul.make_args(rest)]
        degree = max(degree, sum(abs(int(power)) for power in powers))
    return len(terms), bits, degree


def _allowed(terms: int, bits: int, degree: int) -> None:
    """Raises LimitError for a formula that is too large to be worked out."""
    for count, limit, what in (
        (terms, LIMITS.terms, "terms"),
        (bits, LIMITS.integer_bits, "bits in a number"),
        (degree, LIMITS.degree, "factors in a term"),
    ):
        if count > limit:
            raise LimitError(f"a formula has more than {limit:,} {what}", hint="leave fewer symbols free")


def _sum(*forms: Any) -> Any:
    added = sympy.Add(*forms)
    _allowed(len(sympy.Add.make_args(added)), 0, 0)
    return added


def _product(left: Any, right: Any) -> Any:
    (terms, bits, degree), (others, more_bits, more_degree) = _extent(left), _extent(right)
    _allowed(terms * others, bits + more_bits, degree + more_degree)
    return sympy.expand(left * right)


def _power(base: Any, exponent: Any) -> Any:
    """The power, expanded: of t terms it has at most C(t + exponent - 1, exponent)."""
    terms, bits, degree = _extent(base)
    times = int(exponent)
    _allowed(1, bits * times, degree * times)
    _allowed(comb(terms + times - 1, times), 0, 0)
    return sympy.expand(base**exponent)


_COMBINE: dict[str, Any] = {
    "+": _sum,
    "-": lambda a, b: _sum(a, -b),
    "*": _product,
    "/": lambda a, b: sympy.expand(a / b),
    "//": _floor,
    "%": lambda a, b: _sum(a, -_product(b, _floor(a, b))),
    "**": _power,
    "min": sympy.Min,
    "max": sympy.Max,
    "<": lambda a, b: a < b,
    "if": lambda condition, then, otherwise: sympy.Piecewise((then, condition), (otherwise, True)),
}


def certainly(left: Quantity, relation: str, right: Quantity) -> bool | None:
    """Whether left == right or left <= right holds for all values of the free names (whole names are at least 1).

    None where it depends on them.
    """
    if left is right:
        return True
    difference = sympy.expand(normal(right) - normal(left))
    low, high = bounds(difference)
    if relation == "==":
        return True if difference == 0 else False if low > 0 or high < 0 else None
    return True if low >= 0 else False if high < 0 else None


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
        factors = expression.args if expression.is_Mul else [expression.base] * int(expression.exp)
        parts = [bounds(factor) for factor in factors]
        negative = 0
        for low, high in parts:
            if (low < 0 and high > 0) or (low < 0 and high.is_infinite):
                return unbounded
            negative += bool(low < 0)
        small = sympy.Mul(*(min(abs(low), abs(high)) for low, high in parts))
        large = (
            sympy.oo
            if any(low.is_infinite or high.is_infinite for low, high in parts)
            else sympy.Mul(*(max(abs(low), abs(high)) for low, high in parts))
        )
        return (-large, -small) if negative % 2 else (small, large)
    if isinstance(expression, (sympy.Max, sympy.Min)):
        choose = max if isinstance(expression, sympy.Max) else min
        parts = [bounds(argument) for argument in expression.args]
        return choose(low for low, _ in parts), choose(high for _, high in parts)
    return unbounded


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
