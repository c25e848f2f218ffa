"""The normal form of a recorded expression: a polynomial, expanded, with one floor per chain of windows."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache
from math import comb
from typing import TYPE_CHECKING, Any

import sympy

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


class Choose(sympy.Function):  # type: ignore[misc]
    """`then` where left < right, else `otherwise`, kept as it is."""

    nargs = 4

    @classmethod
    def eval(cls, left: Any, right: Any, then: Any, otherwise: Any) -> Any:
        """One of both, where that is settled."""
        if then == otherwise:
            return then
        if left.is_Rational and right.is_Rational:
            return then if left < right else otherwise
        return None

    def _eval_is_integer(self) -> bool | None:
        return True if all(value.is_integer for value in self.args[2:]) else None


CHOICES = (FloorDivide, Choose, sympy.Max, sympy.Min)  # what is no polynomial: in one, each stands for itself


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
    made = _COMBINE[number.operator](*[o.form if isinstance(o, Recorded) else _number(o) for o in number.operands])
    _allowed(zip(_written(made), (LIMITS.signs, LIMITS.choices), ("signs", "choices inside one another"), strict=True))
    return made


@lru_cache(maxsize=4096)
def _written(form: Any) -> tuple[int, int]:
    """With how many signs a form is written, and how deep floors and choices stand in one another."""
    signs, depth = 1, 0
    for part in form.args:
        more, deeper = _written(part)
        signs, depth = signs + more, max(depth, deeper)
    return signs, depth + isinstance(form, CHOICES)


def floor_divide(dividend: Any, divisor: Any) -> Any:
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
        rest = floor_divide(dividend + sympy.Add(*others) * inner, inner * divisor)
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


def _polynomial_allowed(terms: int, bits: int, degree: int) -> None:
    _allowed(
        (
            (terms, LIMITS.terms, "terms"),
            (bits, LIMITS.integer_bits, "bits in a number"),
            (degree, LIMITS.degree, "factors in a term"),
        )
    )


def _allowed(counts: Iterable[tuple[int, int, str]]) -> None:
    """Raises LimitError for a formula that is too large to be worked out."""
    for count, limit, what in counts:
        if count > limit:
            raise LimitError(f"a formula has more than {limit:,} {what}", hint="leave fewer symbols free")


def _sum(*forms: Any) -> Any:
    added = sympy.Add(*forms)
    _polynomial_allowed(len(sympy.Add.make_args(added)), 0, 0)
    return added


def _product(left: Any, right: Any) -> Any:
    (terms, bits, degree), (others, more_bits, more_degree) = _extent(left), _extent(right)
    _polynomial_allowed(terms * others, bits + more_bits, degree + more_degree)
    return sympy.expand(left * right)


def _power(base: Any, exponent: Any) -> Any:
    """The power, expanded: of t terms it has at most C(t + exponent - 1, exponent)."""
    terms, bits, degree = _extent(base)
    times = int(exponent)
    _polynomial_allowed(1, bits * times, degree * times)
    _polynomial_allowed(comb(terms + times - 1, times), 0, 0)
    return sympy.expand(base**exponent)


def _sides(condition: Any) -> tuple[Any, Any]:
    """The two that a condition, which is 1 or 0, compares."""
    return condition.args[:2] if isinstance(condition, Choose) else (sympy.Integer(0), condition)


def extreme(choose: Any, forms: Iterable[Any]) -> Any:
    """The least or greatest, without those that another certainly undercuts or reaches.

    sympy would look for parts that they share, which takes long for long ones.
    """
    from archcalc.symbolic.largest import undominated_forms

    given = list(forms)
    _allowed([(sum(_written(form)[0] for form in given), LIMITS.compared, "signs to compare")])
    flat = [part for form in given for part in (form.args if isinstance(form, choose) else (form,))]
    left = [flat[place] for place in undominated_forms(flat, 1 if choose is sympy.Max else -1)]
    return left[0] if len(left) == 1 else choose(*left, evaluate=False)


_COMBINE: dict[str, Any] = {
    "+": _sum,
    "-": lambda a, b: _sum(a, -b),
    "*": _product,
    "/": lambda a, b: sympy.expand(a / b),
    "//": floor_divide,
    "%": lambda a, b: _sum(a, -_product(b, floor_divide(a, b))),
    "**": _power,
    "min": lambda *forms: extreme(sympy.Min, forms),
    "max": lambda *forms: extreme(sympy.Max, forms),
    "<": lambda left, right: Choose(left, right, sympy.Integer(1), sympy.Integer(0)),
    "if": lambda condition, then, otherwise: Choose(*_sides(condition), then, otherwise),
}
