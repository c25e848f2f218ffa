"""The functions of the language, and the choice from lists."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc.errors import UndecidedError
from archcalc.limits import LIMITS
from archcalc.recorded import Recorded, choose, divide, floor, is_free, maximum, minimum
from archcalc.spec.values import Collection, ExpressionError, Tensors, divisor, named, number, plus, subtract, times

if TYPE_CHECKING:
    from collections.abc import Callable


def item_of(value: Any, index: Any) -> Any:
    """The item of a list or a collection of tensors at an index, or those at a list of indices."""
    if isinstance(value, Collection):
        if isinstance(index, tuple):
            return Tensors(tuple(i for one in index for i in item_of(value, one).ids))
        if type(index) is not int or index not in value:
            raise ExpressionError(
                f"no tensor has index {named(index)} here",
                hint=f"there are: {', '.join(map(str, sorted(value)))}",
            )
        return Tensors((value[index],))
    if not isinstance(value, tuple):
        raise ExpressionError(f"{named(value)} has no items")
    if isinstance(index, tuple):
        return tuple(item_of(value, one) for one in index)
    if type(index) is not int:
        if is_free(index):
            raise UndecidedError("a free symbol cannot choose from a list", hint="give it a number with --set")
        raise ExpressionError(f"an index is a whole number, not {named(index)}")
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
        raise ExpressionError(f"{named(value)} has no length")
    return len(value)


def _sum(value: Any) -> Any:
    if not isinstance(value, tuple):
        raise ExpressionError(f"sum takes a list, not {named(value)}")
    result: Any = 0
    for item in value:
        result = plus(result, number(item))
    return result


def _range(*arguments: Any) -> tuple[int, ...]:
    for argument in arguments:
        if is_free(argument):
            raise UndecidedError("a free symbol cannot say how long a list is", hint="give it a number with --set")
        if type(argument) is not int:
            raise ExpressionError(f"range takes whole numbers, not {named(argument)}")
    if len(arguments) == 3 and arguments[2] == 0:
        raise ExpressionError("range cannot go in steps of 0")
    numbers = range(*arguments)
    if len(numbers) > LIMITS.list_length:
        raise ExpressionError(f"the list is longer than {LIMITS.list_length:,}")
    return tuple(numbers)


def _reversed(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise ExpressionError(f"reversed takes a list, not {named(value)}")
    return value[::-1]


def _floor(value: Any) -> Any:
    return floor(number(value))


def _ceil(value: Any) -> Any:
    return subtract(0, floor(subtract(0, value)))


def _absolute(value: Any) -> Any:
    value = number(value)
    return maximum(value, 0 - value) if isinstance(value, Recorded) else abs(value)


def _round(value: Any) -> Any:
    return floor(number(value) + Fraction(1, 2))


def round_to(value: Any, multiple: Any) -> Any:
    """The nearest multiple, a half up."""
    return times(floor(divide(number(value), divisor(multiple)) + Fraction(1, 2)), multiple)


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
