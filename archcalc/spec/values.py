"""The values of expressions: numbers, truths, words, lists, tensors; how they are combined and compared, exactly."""

from __future__ import annotations

from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, Protocol

from archcalc.errors import ArchcalcError, LimitError, UndecidedError
from archcalc.limits import LIMITS
from archcalc.ops.arguments import shown
from archcalc.recorded import Quantity, Recorded, choose, divide, floor, is_free, maximum, minimum, write

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
        raise ExpressionError(f"a condition is true or false, not {_named(value)}", hint="compare it, as in 'x != 0'")
    return value


def number(value: Any) -> Quantity:
    """A number; raises ExpressionError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, Fraction, Recorded)):
        raise ExpressionError(f"{_named(value)} is no number")
    return value


def _named(value: Any) -> str:
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


def _plus(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int:
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return bounded((*left, *right))
    return checked(_whole(number(left) + number(right)))


def _subtract(left: Any, right: Any) -> Any:
    return checked(_whole(number(left) - number(right)))


def _times(left: Any, right: Any) -> Any:
    return checked(_whole(number(left) * number(right)))


def _divided(left: Any, right: Any) -> Any:
    return checked(divide(number(left), _divisor(right)))


def _floor_divided(left: Any, right: Any) -> Any:
    return checked(number(left) // _divisor(right))


def _rest(left: Any, right: Any) -> Any:
    return checked(_whole(number(left) % _divisor(right)))


def _power(base: Any, exponent: Any) -> Any:
    base, exponent = number(base), number(exponent)
    if not isinstance(exponent, int):
        raise ExpressionError(f"an exponent is a whole number, not {shown(exponent)}")
    if not isinstance(base, Recorded):
        size = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
        if size > 1 and size * abs(exponent) > LIMITS.integer_bits + size:
            raise ExpressionError(f"the number has more than {LIMITS.integer_bits:,} bits")
        if exponent < 0:
            return checked(divide(1, _divisor(base) ** -exponent))
    elif exponent < 0 or exponent > 64:
        raise ExpressionError("the exponent of a free symbol is between 0 and 64")
    return checked(_whole(base**exponent))


def _divisor(value: Any) -> Quantity:
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
    "+": _plus,
    "-": _subtract,
    "*": _times,
    "/": _divided,
    "//": _floor_divided,
    "%": _rest,
    "**": _power,
}


def compare(symbol: str, left: Any, right: Any, scope: Scope) -> bool:
    """Whether left stands in this relation to right.

    Free symbols: == counts as false and != as true unless identically so, which the scope is told of; an order that
    the bounds do not settle raises UndecidedError.
    """
    if type(left) is int and type(right) is int and symbol in _ORDERS:
        return _ORDERS[symbol](left, right)
    for value in (left, right):
        if type(value) is tuple:
            scope.items.walk(value)
    if symbol in ("in", "not in"):
        if not isinstance(right, tuple):
            raise ExpressionError(f"'in' asks for a list, not {_named(right)}")
        return any(compare("==", left, item, scope) for item in right) == (symbol == "in")
    if is_free(left) or is_free(right):
        return _compare_free(symbol, number(left), number(right), scope)
    if symbol in ("==", "!="):
        return (type_of(left) == type_of(right) and left == right) == (symbol == "==")
    return _ORDERS[symbol](number(left), number(right))


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def type_of(value: Any) -> str:
    """What kind of value it is: values of different kinds are never equal."""
    return (
        "truth"
        if isinstance(value, bool)
        else "word"
        if isinstance(value, str)
        else "list"
        if isinstance(value, tuple)
        else "number"
    )


def _compare_free(symbol: str, left: Quantity, right: Quantity, scope: Scope) -> bool:
    from archcalc.symbolic.bounds import certainly

    if symbol in ("==", "!="):
        equal = certainly(left, "==", right)
        if equal is None:
            scope.distinct(left, right)
        return bool(equal) == (symbol == "==")
    low, high = (left, right) if symbol in ("<", "<=") else (right, left)
    holds = certainly(low, "<=", high) if symbol in ("<=", ">=") else _negated(certainly(high, "<=", low))
    if holds is None:
        raise UndecidedError(
            f"whether {write(left)} {symbol} {write(right)} depends on a free symbol",
            hint="give it a number with --set",
        )
    return holds


def _negated(truth_value: bool | None) -> bool | None:
    return None if truth_value is None else not truth_value


def item_of(value: Any, index: Any) -> Any:
    """The item of a list or a collection of tensors at an index, or those at a list of indices."""
    if isinstance(value, Collection):
        if isinstance(index, tuple):
            return Tensors(tuple(i for one in index for i in item_of(value, one).ids))
        if type(index) is not int or index not in value:
            raise ExpressionError(
                f"no tensor has index {_named(index)} here",
                hint=f"there are: {', '.join(map(str, sorted(value)))}",
            )
        return Tensors((value[index],))
    if not isinstance(value, tuple):
        raise ExpressionError(f"{_named(value)} has no items")
    if isinstance(index, tuple):
        return tuple(item_of(value, one) for one in index)
    if type(index) is not int:
        if is_free(index):
            raise UndecidedError("a free symbol cannot choose from a list", hint="give it a number with --set")
        raise ExpressionError(f"an index is a whole number, not {_named(index)}")
    if not -len(value) <= index < len(value):
        raise ExpressionError(f"index {index} is past the end of a list of {len(value)}")
    return value[index]


def _spread(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, or the items of the one list that is the argument."""
    return arguments[0] if len(arguments) == 1 and isinstance(arguments[0], tuple) else arguments


def _least(*arguments: Any) -> Any:
    return _folded("min", minimum, arguments)


def _most(*arguments: Any) -> Any:
    return _folded("max", maximum, arguments)


def _folded(name: str, join: Callable[[Any, Any], Any], arguments: tuple[Any, ...]) -> Any:
    items = [number(item) for item in _spread(arguments)]
    if not items:
        raise ExpressionError(f"{name} of an empty list")
    result = items[0]
    for item in items[1:]:
        result = join(result, item)
    return result


def _length(value: Any) -> int:
    if isinstance(value, Collection):
        return len(value)
    if not isinstance(value, tuple):
        raise ExpressionError(f"{_named(value)} has no length")
    return len(value)


def _sum(value: Any) -> Any:
    if not isinstance(value, tuple):
        raise ExpressionError(f"sum takes a list, not {_named(value)}")
    result: Any = 0
    for item in value:
        result = _plus(result, number(item))
    return result


def _range(*arguments: Any) -> tuple[int, ...]:
    for argument in arguments:
        if is_free(argument):
            raise UndecidedError("a free symbol cannot say how long a list is", hint="give it a number with --set")
        if type(argument) is not int:
            raise ExpressionError(f"range takes whole numbers, not {_named(argument)}")
    if len(arguments) == 3 and arguments[2] == 0:
        raise ExpressionError("range cannot go in steps of 0")
    numbers = range(*arguments)
    if len(numbers) > LIMITS.list_length:
        raise ExpressionError(f"the list is longer than {LIMITS.list_length:,}")
    return tuple(numbers)


def _reversed(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise ExpressionError(f"reversed takes a list, not {_named(value)}")
    return value[::-1]


def _floor(value: Any) -> Any:
    return floor(number(value))


def _ceil(value: Any) -> Any:
    return _subtract(0, floor(_subtract(0, value)))


def _absolute(value: Any) -> Any:
    value = number(value)
    return maximum(value, 0 - value) if isinstance(value, Recorded) else abs(value)


def _round(value: Any) -> Any:
    return floor(number(value) + Fraction(1, 2))


def round_to(value: Any, multiple: Any) -> Any:
    """The nearest multiple, a half up."""
    return _times(floor(divide(number(value), _divisor(multiple)) + Fraction(1, 2)), multiple)


def make_divisible(value: Any, multiple: Any) -> Any:
    """The nearest multiple, at least one, and one more when over 10% is lost (the rule of the MobileNet v2 release)."""
    nearest = maximum(multiple, round_to(value, multiple))
    return choose(nearest, Fraction(9, 10) * number(value), nearest + multiple, nearest)


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (_least, 1, 99),
    "max": (_most, 1, 99),
    "abs": (_absolute, 1, 1),
    "ceil": (_ceil, 1, 1),
    "floor": (_floor, 1, 1),
    "round": (_round, 1, 1),
    "round_to": (round_to, 2, 2),
    "make_divisible": (make_divisible, 2, 2),
    "len": (_length, 1, 1),
    "sum": (_sum, 1, 1),
    "range": (_range, 1, 3),
    "reversed": (_reversed, 1, 1),
}
