"""Recorded arithmetic: numbers and names that remember how they were made.

A rule of an operator is written once, with + - * // % and the functions below. On integers it gives integers; on
recorded numbers it gives an expression that can be explained, simplified or compiled. Where all values are known,
nothing is simplified; where a name is free, constants are folded, so that a window which keeps the size gives back
the very size.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from archcalc.errors import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Number: TypeAlias = "int | Fraction"
Size: TypeAlias = "int | Recorded"
Quantity: TypeAlias = "int | Fraction | Recorded"
Shape: TypeAlias = "tuple[Size, ...]"


def divide(left: Quantity, right: Quantity) -> Quantity:
    """The exact quotient: an integer where it is one."""
    if isinstance(left, Recorded) or isinstance(right, Recorded):
        return _record("/", left, right)
    quotient = Fraction(left) / right
    return quotient.numerator if quotient.denominator == 1 else quotient


COMPUTE: dict[str, Callable[..., Quantity]] = {
    "+": lambda *terms: sum(terms),
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": lambda base, exponent: base**exponent if exponent >= 0 else divide(1, base**-exponent),
    "min": min,
    "max": max,
    "<": lambda left, right: int(left < right),
    "if": lambda condition, then, otherwise: then if condition else otherwise,
}
_SAME = {"-": 0, "%": 0, "/": 1, "//": 1}  # what it makes of a positive number and itself
_WHOLE = {"+", "-", "*", "%", "min", "max"}  # whole whenever the operands are


class Recorded:
    """A number, known or free, that remembers how it was made.

    `operator` is "name" for a leaf, whose one operand is its name, or a key of COMPUTE. `value` is None as long as a
    free name is inside. `integral` tells whether the value is certainly whole. `form` keeps the normal form that the
    symbolic room works out once.
    """

    __slots__ = ("form", "integral", "operands", "operator", "value")

    operator: str
    operands: tuple[object, ...]
    value: Number | None
    integral: bool
    form: Any

    def __init__(self, name: str, value: Number | None = None, *, integral: bool = True) -> None:
        self.operator = "name"
        self.operands = (name,)
        self.value = value
        self.form = None
        self.integral = integral if value is None else isinstance(value, int)

    @property
    def name(self) -> str:
        """The name of a leaf."""
        return str(self.operands[0])

    def __add__(self, other: Quantity) -> Recorded:
        return _record("+", self, other)

    def __radd__(self, other: Quantity) -> Recorded:
        return _record("+", other, self)

    def __sub__(self, other: Quantity) -> Recorded:
        return _record("-", self, other)

    def __rsub__(self, other: Quantity) -> Recorded:
        return _record("-", other, self)

    def __mul__(self, other: Quantity) -> Recorded:
        return _record("*", self, other)

    def __rmul__(self, other: Quantity) -> Recorded:
        return _record("*", other, self)

    def __truediv__(self, other: Quantity) -> Recorded:
        return _record("/", self, other)

    def __rtruediv__(self, other: Quantity) -> Recorded:
        return _record("/", other, self)

    def __floordiv__(self, other: Quantity) -> Recorded:
        return _record("//", self, other)

    def __rfloordiv__(self, other: Quantity) -> Recorded:
        return _record("//", other, self)

    def __mod__(self, other: Quantity) -> Recorded:
        return _record("%", self, other)

    def __rmod__(self, other: Quantity) -> Recorded:
        return _record("%", other, self)

    def __pow__(self, other: Quantity) -> Recorded:
        return _record("**", self, other)

    def __rpow__(self, other: Quantity) -> Recorded:
        return _record("**", other, self)

    def __neg__(self) -> Recorded:
        return _record("-", 0, self)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        theirs = other.value if isinstance(other, Recorded) else other
        return self.value is not None and self.value == theirs

    def __hash__(self) -> int:
        return id(self) if self.value is None else hash(self.value)

    def __lt__(self, other: Quantity) -> bool:
        return known(self) < known(other)

    def __le__(self, other: Quantity) -> bool:
        return known(self) <= known(other)

    def __gt__(self, other: Quantity) -> bool:
        return known(self) > known(other)

    def __ge__(self, other: Quantity) -> bool:
        return known(self) >= known(other)

    def __bool__(self) -> bool:
        return bool(known(self))

    def __index__(self) -> int:
        return operator.index(known(self))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        from archcalc.notation import write

        return write(self)


def _record(symbol: str, *operands: Quantity) -> Recorded:
    folded = _fold(symbol, operands) if len(operands) == 2 else None
    # x - x folds to a plain 0, which serves wherever a recorded number does.
    return _kept(symbol, *operands) if folded is None else cast("Recorded", folded)


def _fold(symbol: str, operands: tuple[Quantity, ...]) -> Quantity | None:
    """x + 0, x - 0, x*1, x/1 and whole x//1 are x; (x + a) + b is x + (a + b); x - x is 0 and x/x is 1; x is free."""
    left, right = operands
    if is_free(left) and isinstance(right, int):
        if symbol == "-":
            symbol, right = "+", -right
        if symbol == "+":
            return _plus(left, right)
        if right == 1 and (symbol in ("*", "/", "**") or (symbol == "//" and is_whole(left))):
            return left
    elif is_free(right) and isinstance(left, int):
        if symbol == "+":
            return _plus(right, left)
        if symbol == "*" and left == 1:
            return right
    elif left is right and is_free(left) and symbol in _SAME:
        return _SAME[symbol]
    return None


def _plus(term: Any, constant: int) -> Quantity:
    if term.operator == "+" and isinstance(term.operands[-1], int):
        *terms, last = term.operands
        constant += last
        if len(terms) == 1:
            return _plus(terms[0], constant)
        return _kept("+", *terms, constant) if constant else _kept("+", *terms)
    return _kept("+", term, constant) if constant else term


def _kept(symbol: str, *operands: Quantity) -> Recorded:
    made = Recorded.__new__(Recorded)
    made.operator = symbol
    made.operands = operands
    made.form = None
    values = [o.value if isinstance(o, Recorded) else o for o in operands]
    made.value = None if None in values else COMPUTE[symbol](*values)  # type: ignore[assignment]
    made.integral = (
        symbol in ("//", "<")
        or (symbol in _WHOLE and all(is_whole(o) for o in operands))
        or (symbol == "if" and all(is_whole(o) for o in operands[1:]))
        or (symbol == "**" and is_whole(operands[0]) and isinstance(operands[1], int) and operands[1] >= 0)
        or isinstance(made.value, int)
    )
    return made


def known(number: Quantity) -> Number:
    """The value; raises UndecidedError where a free name is inside."""
    if not isinstance(number, Recorded):
        return number
    if number.value is None:
        from archcalc.notation import write

        raise UndecidedError(f"{write(number)} is not known: {', '.join(free_names([number]))} is free")
    return number.value


def is_free(number: object) -> bool:
    """Whether a free name is inside."""
    return isinstance(number, Recorded) and number.value is None


def is_whole(number: Quantity) -> bool:
    """Whether the number is certainly whole."""
    return number.integral if isinstance(number, Recorded) else isinstance(number, int)


def minimum(left: Size, right: Size) -> Size:
    """The smaller of two."""
    if isinstance(left, Recorded) or isinstance(right, Recorded):
        return _record("min", left, right)
    return min(left, right)


def maximum(left: Size, right: Size) -> Size:
    """The larger of two."""
    if isinstance(left, Recorded) or isinstance(right, Recorded):
        return _record("max", left, right)
    return max(left, right)


def largest(numbers: Sequence[Size]) -> Size:
    """The largest of one or more numbers, as one flat expression."""
    if len(numbers) > 1 and any(isinstance(number, Recorded) for number in numbers):
        return _record("max", *numbers)
    return max(numbers)


def floor(number: Quantity) -> Size:
    """The largest whole number that is not above."""
    return number // 1


def ceil_divide(left: Size, right: Size) -> Size:
    """ceil(left / right), as one floor."""
    return (left + right - 1) // right


def choose(left: Quantity, right: Quantity, below: Quantity, otherwise: Quantity) -> Quantity:
    """`below` where left < right, else `otherwise`."""
    if isinstance(left, Recorded) or isinstance(right, Recorded):
        return _record("if", _record("<", left, right), below, otherwise)
    return below if left < right else otherwise


def product(factors: Sequence[Size]) -> Size:
    """The product, in the order of the factors; 1 when there is none."""
    return reduce(operator.mul, factors) if factors else 1


def total(terms: Sequence[Size]) -> Size:
    """The sum as one flat expression: numbers added up, recorded terms kept in order."""
    added = sum(terms)
    if not isinstance(added, Recorded):
        return added
    recorded = [term for term in terms if isinstance(term, Recorded)]
    known = sum(term for term in terms if not isinstance(term, Recorded))
    return _record("+", *recorded, *([known] if known else []))


def replaced(number: Quantity, name: str, value: Quantity) -> Quantity:
    """The number with a value for a free name."""
    if not is_free(number):
        return number
    made: dict[int, Quantity] = {}
    waiting: list[Any] = [number]
    while waiting:
        top = waiting[-1]
        parts = [o for o in top.operands if is_free(o) and id(o) not in made] if top.operator != "name" else []
        if parts:
            waiting.extend(parts)
            continue
        waiting.pop()
        if top.operator == "name":
            made[id(top)] = value if top.name == name else top
        else:
            operands = [made[id(o)] if is_free(o) else o for o in top.operands]
            changed = any(new is not old for new, old in zip(operands, top.operands, strict=True))
            made[id(top)] = _computed(top.operator, *operands) if changed else top
    return made[id(number)]


def _computed(symbol: str, *operands: Any) -> Quantity:
    """The operation on numbers, known or free: a plain number where all are."""
    if any(isinstance(operand, Recorded) for operand in operands):
        return _record(symbol, *operands)
    answer = COMPUTE[symbol](*operands)
    return answer.numerator if isinstance(answer, Fraction) and answer.denominator == 1 else answer


def free_names(numbers: Iterable[object]) -> list[str]:
    """The free names inside, sorted."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [n for n in numbers if is_free(n)]
    while waiting:
        number = waiting.pop()
        if not isinstance(number, Recorded) or id(number) in seen:
            continue
        seen.add(id(number))
        if number.operator == "name":
            names.add(number.name)
        else:
            waiting.extend(o for o in number.operands if is_free(o))
    return sorted(names)
