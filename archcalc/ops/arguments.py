"""The kinds of argument an operator takes: what each accepts, and the one form it is kept in."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archcalc.errors import ArgumentError, did_you_mean
from archcalc.recorded import Quantity, Recorded, Size

if TYPE_CHECKING:
    from collections.abc import Callable

Count: TypeAlias = Size
Whole: TypeAlias = Size
Integer: TypeAlias = Size
Rational: TypeAlias = Quantity
Flag: TypeAlias = bool
PerAxis: TypeAlias = "Size | tuple[Size, ...]"
Pair: TypeAlias = "tuple[Size, Size]"
WholePerAxis: TypeAlias = PerAxis
Amounts: TypeAlias = "Size | tuple[Size | tuple[Size, Size], ...]"
Padding: TypeAlias = "Size | str | tuple[Size | tuple[Size, Size], ...]"
Counts: TypeAlias = "tuple[Size, ...]"
Indices: TypeAlias = "tuple[Size, ...]"
Mode: TypeAlias = str


class Kind(NamedTuple):
    """A kind of argument: what it accepts in words, the check that returns its kept form, its fixed words."""

    accepts: str
    check: Callable[[object], object]
    words: tuple[str, ...] = ()
    least: int | None = None  # what a number inside may be at the least
    whole: bool = True  # whether numbers inside are whole


def shown(value: object) -> str:
    """A value as a spec would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(shown(item) for item in value)}]"
    return "nothing" if value is None else str(value)


def _number(value: object, least: int | None) -> Size:
    if type(value) is not int and not isinstance(value, Recorded):
        if isinstance(value, Fraction):
            raise ArgumentError(f"must be whole, not {value}")
        raise ArgumentError(f"must be a whole number, not {shown(value)}")
    known = value.value if isinstance(value, Recorded) else value
    if least is not None and known is not None and known < least:
        raise ArgumentError(f"must be at least {least}, not {shown(value)}")
    return value


def count(value: object) -> Size:
    """A whole number, at least 1."""
    if type(value) is int and value > 0:
        return value
    return _number(value, 1)


def whole(value: object) -> Size:
    """A whole number, at least 0."""
    if type(value) is int and value >= 0:
        return value
    return _number(value, 0)


def integer(value: object) -> Size:
    """A whole number."""
    return _number(value, None)


def rational(value: object) -> Quantity:
    """A whole number or an exact fraction."""
    if isinstance(value, bool) or not isinstance(value, (int, Fraction, Recorded)):
        raise ArgumentError(f"must be a number, not {shown(value)}")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ArgumentError(f"must be true or false, not {shown(value)}")
    return value


def per_axis(value: object) -> PerAxis:
    """One count for all space axes, or a list of one per axis."""
    return tuple(count(item) for item in value) if isinstance(value, (list, tuple)) else count(value)


def pair(value: object) -> Pair:
    """A list [before, after] of whole numbers, or one number for both."""
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise ArgumentError(f"must be one number or [before, after], not {shown(value)}")
        return whole(value[0]), whole(value[1])
    both = whole(value)
    return both, both


def whole_per_axis(value: object) -> PerAxis:
    """One whole number for all space axes, or a list of one per axis."""
    return tuple(whole(item) for item in value) if isinstance(value, (list, tuple)) else whole(value)


def amounts(value: object) -> Amounts:
    """One whole number, or a list with a number or [before, after] for each axis."""
    if isinstance(value, (list, tuple)):
        return tuple(pair(item) if isinstance(item, (list, tuple)) else whole(item) for item in value)
    return whole(value)


def padding(value: object) -> Padding:
    """Amounts of padding, or a rule that works them out."""
    if isinstance(value, str):
        return _word(value, PADDING_RULES)
    return amounts(value)


def counts(value: object) -> Counts:
    """A list of counts."""
    if not isinstance(value, (list, tuple)):
        raise ArgumentError(f"must be a list of whole numbers, not {shown(value)}")
    return tuple(count(item) for item in value)


def indices(value: object) -> Indices:
    """A list of whole numbers from 0."""
    if not isinstance(value, (list, tuple)):
        raise ArgumentError(f"must be a list of whole numbers, not {shown(value)}")
    return tuple(whole(item) for item in value)


def mode(value: object) -> str:
    """The name of an interpolation."""
    if not isinstance(value, str):
        raise ArgumentError(f"must be {' or '.join(MODES)}, not {shown(value)}")
    return _word(value, MODES)


def _word(value: str, known: tuple[str, ...]) -> str:
    word = str(value)
    if word not in known:
        raise ArgumentError(f"must be {' or '.join(known)}, not {word}", hint=did_you_mean(word, known))
    return word


PADDING_RULES = ("same", "valid")
MODES = ("nearest", "linear", "cubic")

KINDS: dict[str, Kind] = {
    "Count": Kind("a whole number, at least 1", count, least=1),
    "Whole": Kind("a whole number, at least 0", whole, least=0),
    "Integer": Kind("a whole number", integer),
    "Rational": Kind("a number", rational, whole=False),
    "Flag": Kind("true or false", flag),
    "PerAxis": Kind("a whole number, at least 1, or a list with one per axis", per_axis, least=1),
    "WholePerAxis": Kind("a whole number, or a list with one per axis", whole_per_axis, least=0),
    "Pair": Kind("a whole number, or [before, after]", pair, least=0),
    "Amounts": Kind("a whole number, or a list with a number or [before, after] per axis", amounts, least=0),
    "Padding": Kind(
        "a whole number, a list with a number or [before, after] per axis, same, or valid", padding, PADDING_RULES, 0
    ),
    "Counts": Kind("a list of whole numbers, each at least 1", counts, least=1),
    "Indices": Kind("a list of whole numbers from 0", indices, least=0),
    "Mode": Kind("nearest, linear or cubic", mode, MODES),
}
