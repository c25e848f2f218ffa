"""Between which values of a name nothing changes: rounding rules make costs step functions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.recorded import COMPUTE, Recorded, is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from archcalc.recorded import Number, Quantity

MOST_PIECES = 1_000
"""So many pieces are put together on either side, at the most."""
NARROWEST = 64
"""Pieces are looked for that are as narrow as this power of 1/2."""


class Plateau(NamedTuple):
    """An interval, and the values that the expressions keep in it.

    An end that is None is beyond all bounds; one that is not closed is no part of it.
    """

    values: tuple[Number, ...]
    low: Number | None
    low_closed: bool
    high: Number | None
    high_closed: bool


class _Line(NamedTuple):
    """A quantity near the point: its value there, and how fast it changes; None where that is not constant."""

    value: Number
    slope: Number | None


def plateau(expressions: Sequence[Quantity], at: Number) -> Plateau | None:
    """The interval of one free name above zero, around `at`, in which all these expressions keep their values.

    Worked out exactly, piece by piece, from the floors, extremes and choices inside; None where a value changes
    continuously, or not along straight lines.
    """
    pieces = _Pieces(expressions)
    found = pieces.around(at)
    if found is None:
        return None
    values = found.values
    for upwards in (True, False):
        found = pieces.widened(found, lambda other: other == values, upwards=upwards) or found
    return found if found.low is None or found.low > 0 else found._replace(low=None, low_closed=False)


def reach(
    expressions: Sequence[Quantity], at: Number, holds: Callable[[tuple[Number, ...]], bool], *, upwards: bool
) -> Plateau | None:
    """The interval from the piece around `at` upwards, or downwards, in which something holds of the values.

    None where that cannot be told.
    """
    pieces = _Pieces(expressions)
    found = pieces.around(at)
    return None if found is None else pieces.widened(found, holds, upwards=upwards)


class _Pieces:
    """Expressions in one free name, along which each keeps to straight lines piece by piece."""

    def __init__(self, expressions: Sequence[Quantity]) -> None:
        self.expressions = expressions
        self.parts = list(_parts(expressions))

    def around(self, at: Number) -> Plateau | None:
        """The piece around a point; None where a value changes in it."""
        lines: dict[int, _Line] = {}
        found = _Interval(at)
        for part in self.parts:
            lines[id(part)] = _line(part, lines, found)
        results = [_of(expression, lines) for expression in self.expressions]
        if any(slope != 0 for _, slope in results):
            return None
        values = tuple([value for value, _ in results])
        return Plateau(values, *(found.low or (None, False)), *(found.high or (None, False)))

    def widened(self, found: Plateau, holds: Callable[[tuple[Number, ...]], bool], *, upwards: bool) -> Plateau | None:
        """The piece with those beside it as long as something holds; None where they are too many."""
        for _ in range(MOST_PIECES):
            piece = self._beside(found, upwards=upwards)
            if piece is None or not holds(piece.values):
                return found
            if upwards:
                found = found._replace(high=piece.high, high_closed=piece.high_closed)
            else:
                found = found._replace(low=piece.low, low_closed=piece.low_closed)
        return None

    def _beside(self, found: Plateau, *, upwards: bool) -> Plateau | None:
        """The next piece, if there is one above zero."""
        edge, inside = (found.high, found.high_closed) if upwards else (found.low, found.low_closed)
        if edge is None or edge <= 0:
            return None
        if not inside:
            return self.around(edge)
        for halvings in range(NARROWEST):
            at = edge + Fraction(1 if upwards else -1, 2**halvings)
            piece = self.around(at) if at > 0 else None
            if piece is not None and (piece.low if upwards else piece.high) == edge:
                return piece
        return None


def _parts(expressions: Iterable[Quantity]) -> Iterator[Recorded]:
    """Every free part once, after those it is made of."""
    known: set[int] = set()
    waiting: list[Any] = [expression for expression in expressions if is_free(expression)]
    while waiting:
        top = waiting[-1]
        inner = [] if top.operator == "name" else [o for o in top.operands if is_free(o) and id(o) not in known]
        if inner:
            waiting.extend(inner)
            continue
        waiting.pop()
        if id(top) not in known:
            known.add(id(top))
            yield top


def _of(number: Any, lines: Mapping[int, _Line]) -> _Line:
    if is_free(number):
        return lines[id(number)]
    value: Any = number.value if isinstance(number, Recorded) else number
    return _Line(value, 0)


class _Interval:
    """The interval in which every piece met so far stays the same straight line."""

    def __init__(self, at: Number) -> None:
        self.at = at
        self.low: tuple[Fraction, bool] | None = None
        self.high: tuple[Fraction, bool] | None = None

    def cut(self, value: Number, slope: Number | None, *, closed: bool) -> None:
        """Keep where the line stays at or above zero, above zero if not `closed`; it is so at the point."""
        if not slope:
            return
        end = self.at - Fraction(value) / slope
        if slope > 0 and (self.low is None or (end, not closed) > (self.low[0], not self.low[1])):
            self.low = (end, closed)
        if slope < 0 and (self.high is None or (end, closed) < self.high):
            self.high = (end, closed)


def _line(number: Recorded, lines: dict[int, _Line], found: _Interval) -> _Line:
    if number.operator == "name":
        return _Line(found.at, 1)
    operands = [_of(o, lines) for o in number.operands]
    if number.operator == "if":
        return operands[1] if operands[0].value else operands[2]
    value: Any = COMPUTE[number.operator](*[line.value for line in operands])
    slopes = [line.slope for line in operands if line.slope is not None]
    if len(slopes) < len(operands):
        return _Line(value, None)
    return _Line(value, _slope(number.operator, value, operands, slopes, found) if any(slopes) else 0)


def _slope(
    operator: str, value: Number, operands: list[_Line], slopes: list[Number], found: _Interval
) -> Number | None:
    """How fast a result changes while its operands keep to their lines; None where that is not constant."""
    if operator == "+":
        return sum(slopes)
    (a, b), (da, db) = (line.value for line in operands), slopes
    if operator == "-":
        return da - db
    if operator == "*":
        return da * b + a * db if 0 in (da, db) else None
    if operator == "/":
        return Fraction(da) / b if db == 0 else None
    if operator == "//" and db == 0 and b > 0:
        found.cut(a - value * b, da, closed=True)
        found.cut(value * b + b - a, -da, closed=False)
        return 0
    if operator == "%" and db == 0 and b > 0:
        found.cut(value, da, closed=True)
        found.cut(b - value, -da, closed=False)
        return da
    if operator == "<":
        sign = 1 if value else -1
        found.cut(sign * (b - a), sign * (db - da), closed=not value)
        return 0
    if operator in ("min", "max") and a != b:
        sign = 1 if a > b else -1
        found.cut(sign * (a - b), sign * (da - db), closed=True)
        return da if (a < b) == (operator == "min") else db
    if operator in ("min", "max") and da != db:
        # The lines cross here: a piece of one point.
        found.low = found.high = (Fraction(found.at), True)
        return 0
    return da if operator in ("min", "max") else None
