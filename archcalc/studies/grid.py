"""The configurations of a sweep: for each name its values, and of these all combinations or a random sample."""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import Values, draw, positions, values
from archcalc.errors import UsageError
from archcalc.ops.arguments import shown
from archcalc.spec.expression import parse
from archcalc.spec.values import ExpressionError, Items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.arrays import Array
    from archcalc.recorded import Number

LONGEST = 1_000_000
LARGEST = 2**62
CHUNK = 1 << 16
_RANGE = re.compile(r"([^\[\]:]+):([^\[\]:]+)(?::([^\[\]:]+))?")


class Axis(NamedTuple):
    """A name and the values it takes: numbers, truth values, lists, or other expressions as text."""

    name: str
    items: tuple[Any, ...]
    values: Values | None  # where all are numbers

    @property
    def texts(self) -> list[str]:
        """The values as the user wrote them: decimals where these are exact."""
        return [written(item) for item in self.items]


class Grid(NamedTuple):
    """All combinations of the values of the axes, the last axis fastest; or a sample, drawn with replacement."""

    axes: tuple[Axis, ...]
    sample: int | None = None
    seed: int = 0

    @property
    def combinations(self) -> int:
        """How many configurations there are."""
        return prod(len(axis.items) for axis in self.axes)

    @property
    def size(self) -> int:
        """How many are asked for."""
        return self.combinations if self.sample is None else self.sample

    @property
    def chunks(self) -> int:
        """How many chunks these come in."""
        return -(-self.size // CHUNK)

    def chunk(self, number: int) -> dict[str, Array]:
        """For each name, the positions of its values in one chunk; a sample is the same for the same seed."""
        start, stop = number * CHUNK, min((number + 1) * CHUNK, self.size)
        sizes = [len(axis.items) for axis in self.axes]
        if self.sample is not None:
            drawn = draw((self.seed, number), sizes, stop - start)
            return dict(zip([axis.name for axis in self.axes], drawn, strict=True))
        rest = positions(start, stop)
        found = {}
        for axis, size in zip(reversed(self.axes), reversed(sizes), strict=True):
            found[axis.name] = rest % size
            rest = rest // size
        return {axis.name: found[axis.name] for axis in self.axes}


def grid(over: Mapping[str, object], sample: int | None = None, seed: int = 0) -> Grid:
    """The grid over these axes; raises UsageError where a text does not say what the values are, or for too many."""
    if not over:
        raise UsageError("a sweep is over something", hint="--over H=128,160,192 or --over alpha=0.25:1:0.25")
    made = Grid(tuple([_axis(name, given) for name, given in over.items()]), sample, seed)
    if sample is not None and not (type(sample) is int and 1 <= sample < LARGEST):
        raise UsageError(f"a sample has at least one configuration, and fewer than 2**62, not {shown(sample)}")
    if type(seed) is not int or seed < 0:
        raise UsageError("a seed is a whole number from 0")
    if made.size >= LARGEST:
        raise UsageError(f"the grid has {made.size:,} configurations", hint="--sample N draws some of them")
    return made


def _axis(name: str, given: object) -> Axis:
    if isinstance(given, str):
        items = tuple(_stated(name, given))
    elif isinstance(given, (list, tuple, range)):
        items = tuple([_given(name, item) for item in given])
    else:
        raise UsageError(f"{name}: {given!r} is no list of values", hint="give a list, or text as '128,160' or '1:9:2'")
    if not items:
        raise UsageError(f"{name} has no values")
    if len(items) > LONGEST:
        raise UsageError(f"{name} has more than {LONGEST:,} values")
    return Axis(name, items, values(items) if all(map(_is_number, items)) else None)


def _given(name: str, item: Any) -> Any:
    """A value from Python: a text is an expression."""
    if isinstance(item, float):
        raise UsageError(f"{name}: {item} is a float, which is not exact", hint="give a Fraction, or text as '0.75'")
    if isinstance(item, (list, tuple)):
        return tuple([_given(name, inner) for inner in item])
    if isinstance(item, Fraction):
        return _plain(item)
    return _value(name, item) if isinstance(item, str) else item


def _stated(name: str, text: str) -> list[Any]:
    items: list[Any] = []
    for part in _parts(text):
        match = _RANGE.fullmatch(part)
        items += [_value(name, part)] if match is None else _range(name, part, *match.groups())
        if len(items) > LONGEST:
            raise UsageError(f"{name} has more than {LONGEST:,} values")
    return items


def _parts(text: str) -> list[str]:
    """The text at its commas, but not at those in brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _range(name: str, text: str, start: str, stop: str, step: str | None) -> list[Number]:
    """start:stop:step, with stop where the steps meet it."""
    numbers = [_value(name, part) for part in (start, stop, step or "1")]
    if not all(map(_is_number, numbers)):
        raise UsageError(f"{name}: {text} is no range of numbers", hint="a range is start:stop or start:stop:step")
    first, last, by = numbers
    if by == 0 or (last - first) / Fraction(by) < 0:
        raise UsageError(f"{name}: the steps of {text} do not lead from {written(first)} to {written(last)}")
    count = (last - first) // by + 1
    if count > LONGEST:
        raise UsageError(f"{name} has more than {LONGEST:,} values")
    return [_plain(first + i * by) for i in range(count)]


def _value(name: str, text: str) -> Any:
    """The value of an expression that holds no names; of any other, its text."""
    try:
        parsed = parse(text)
        return parsed.run(Known({})) if parsed.constant else text
    except ExpressionError as error:
        raise UsageError(f"{name}={text}: {error.message}", hint=error.hint) from None


class Known:
    """A scope of values that are known, and nothing else."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.items = Items()

    def missing(self, name: str) -> Any:
        """There is no such name."""
        raise ExpressionError(f"there is no '{name}' here", hint=f"there are: {', '.join(self.variables)}")

    def size(self, tensor: str, axis: str) -> Any:
        """There are no tensors."""
        raise ExpressionError(f"there is no '{tensor}.{axis}' here")

    def distinct(self, left: Any, right: Any) -> None:
        """Known sizes are compared, never taken as different."""


def written(value: object) -> str:
    """A value in the language of specs, a fraction as a decimal where that is exact."""
    if not isinstance(value, Fraction) or value.denominator == 1:
        return shown(value)
    places, scale = 0, value.denominator
    for prime in (2, 5):
        count = 0
        while scale % prime == 0:
            scale, count = scale // prime, count + 1
        places = max(places, count)
    if scale != 1 or places > 12:
        return str(value)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Fraction)) and not isinstance(value, bool)


def _plain(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number
