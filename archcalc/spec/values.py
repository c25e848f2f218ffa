"""The values of expressions: numbers, truths, words, lists, tensors; how they are combined, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from archcalc.errors import ArchcalcError, LimitError
from archcalc.limits import LIMITS
from archcalc.ops.arguments import shown
from archcalc.recorded import Quantity, Recorded, divide

if TYPE_CHECKING:
    from collections.abc import Callable


class ExpressionError(ArchcalcError):
    """An expression is not of the grammar, or has no value."""


class Items:
    """How many items of lists, and of long expressions, may still be walked for one network."""

    __slots__ = ("left",)

    def __init__(self, left: int = LIMITS.items) -> None:
        self.left = left

    def walk(self, value: tuple[Any, ...]) -> None:
        """Count the items of a list and of the lists in it; raises LimitError when they are too many."""
        waiting = [value]
        while waiting:
            inner = waiting.pop()
            self.count(len(inner))
            waiting.extend([item for item in inner if type(item) is tuple])

    def count(self, items: int) -> None:
        """Count so many items; raises LimitError when they are too many."""
        self.left -= items
        if self.left < 0:
            raise LimitError("long lists or expressions are worked out too often: too many items altogether")


class Scope(Protocol):
    """What names stand for where an expression is evaluated."""

    variables: dict[str, Any]
    items: Items

    def missing(self, name: str) -> Any:
        """The value of a name that is no variable; raises ExpressionError if there is none."""

    def size(self, tensor: str, axis: str) -> Quantity:
        """A size of a tensor, as in x.channels."""

    def distinct(self, left: Quantity, right: Quantity) -> None:
        """Note that two sizes which free symbols could make equal count as different."""


class Collection(dict[int, int]):
    """The tensors that were named x[0], x[1], ..., by index."""

    def __str__(self) -> str:
        return "a tensor"

    def ordered(self) -> Tensors:
        """All of them, in order of index."""
        return Tensors(tuple(self[i] for i in sorted(self)))


class Tensors:
    """One tensor or several, as indices of nodes; no list of numbers, so nothing but `from` takes it."""

    __slots__ = ("ids",)

    def __init__(self, ids: tuple[int, ...]) -> None:
        self.ids = ids

    def __str__(self) -> str:
        return "a tensor"


def shortened(text: str) -> str:
    """The text, cut when it is long."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def exact(text: str) -> int | Fraction:
    """The number that digits with or without a point state, exactly."""
    if len(text) > 1000:
        raise ExpressionError("the number has too many digits")
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


def truth(value: Any) -> bool:
    """A condition's value; numbers and words have none."""
    if not isinstance(value, bool):
        raise ExpressionError(f"a condition is true or false, not {named(value)}", hint="compare it, as in 'x != 0'")
    return value


def number(value: Any) -> Quantity:
    """A number; raises ExpressionError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, Fraction, Recorded)):
        raise ExpressionError(f"{named(value)} is no number")
    return value


def named(value: Any) -> str:
    """The value with its kind, for a message."""
    if isinstance(value, (Tensors, Collection)):
        return "a tensor"
    if isinstance(value, tuple):
        return f"the list {shortened(shown(value))}"
    return f"the word '{value}'" if isinstance(value, str) else shortened(shown(value))


def checked(value: Any) -> Any:
    """The number, if it is within the limits."""
    bits = 0
    if type(value) is int:
        bits = value.bit_length()
    elif isinstance(value, Fraction):
        bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > LIMITS.integer_bits:
        raise ExpressionError(f"the number has more than {LIMITS.integer_bits:,} bits")
    return value


def plus(left: Any, right: Any) -> Any:
    """The sum of two numbers, or one list behind the other."""
    if type(left) is int and type(right) is int:
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return bounded((*left, *right))
    return checked(_whole(number(left) + number(right)))


def subtract(left: Any, right: Any) -> Any:
    """The difference of two numbers."""
    return checked(_whole(number(left) - number(right)))


def times(left: Any, right: Any) -> Any:
    """The product of two numbers."""
    return checked(_whole(number(left) * number(right)))


def _divided(left: Any, right: Any) -> Any:
    return checked(divide(number(left), divisor(right)))


def _floor_divided(left: Any, right: Any) -> Any:
    return checked(number(left) // divisor(right))


def _rest(left: Any, right: Any) -> Any:
    return checked(_whole(number(left) % divisor(right)))


def _power(base: Any, exponent: Any) -> Any:
    base, exponent = number(base), number(exponent)
    if not isinstance(exponent, int):
        raise ExpressionError(f"an exponent is a whole number, not {shown(exponent)}")
    if not isinstance(base, Recorded):
        size = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
        if size > 1 and size * abs(exponent) > LIMITS.integer_bits + size:
            raise ExpressionError(f"the number has more than {LIMITS.integer_bits:,} bits")
        if exponent < 0:
            return checked(divide(1, divisor(base) ** -exponent))
    elif exponent < 0 or exponent > 64:
        raise ExpressionError("the exponent of a free symbol is between 0 and 64")
    return checked(_whole(base**exponent))


def divisor(value: Any) -> Quantity:
    """A number that is not zero; raises ExpressionError for anything else."""
    if number(value) == 0:
        raise ExpressionError("division by zero")
    return number(value)


def _whole(value: Quantity) -> Quantity:
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return value


def bounded(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The list, if it and the lists inside it hold no more items than the limit."""
    waiting, count = [items], 0
    while waiting:
        inner = waiting.pop()
        count += len(inner)
        if count > LIMITS.list_length:
            raise ExpressionError(f"the list is longer than {LIMITS.list_length:,}")
        waiting.extend([item for item in inner if type(item) is tuple])
    return items


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": plus,
    "-": subtract,
    "*": times,
    "/": _divided,
    "//": _floor_divided,
    "%": _rest,
    "**": _power,
}
