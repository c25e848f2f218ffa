"""Recorded numbers as text, in the language of specs or as on paper."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcalc.limits import LIMITS
from archcalc.recorded import Recorded, free_names

if TYPE_CHECKING:
    from archcalc.recorded import Quantity

_PRECEDENCE = {"if": 0, "<": 1, "+": 2, "-": 2, "*": 3, "/": 3, "//": 3, "%": 3, "**": 4}


def write(number: Quantity, *, values: bool = False, paper: bool = False) -> str:
    """The expression as text that the language of specs reads back.

    With `values`, a leaf whose value is known is written as that value; with `paper`, a floored quotient is written
    as in a book, floor(a/b). What shares its parts can be far longer as text: beyond the limits only its names are
    said.
    """
    if _is_long(number):
        return f"(a long formula in {', '.join(free_names([number]))})"
    return _write(number, values=values, paper=paper)


def _is_long(number: Quantity) -> bool:
    waiting: list[tuple[object, int]] = [(number, 0)]
    parts = 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if parts > LIMITS.written or depth > LIMITS.written_depth:
            return True
        if isinstance(part, Recorded) and part.operator != "name":
            waiting.extend((operand, depth + 1) for operand in part.operands)
    return False


def _write(number: Quantity, *, values: bool, paper: bool) -> str:
    if not isinstance(number, Recorded):
        return str(number) if number >= 0 else f"({number})"
    if number.operator == "name":
        return _write(number.value, values=values, paper=paper) if values and number.value is not None else number.name
    symbol, operands = number.operator, number.operands
    # The text of each operand, in brackets where it binds less than its place asks for.
    parts = [_write(o, values=values, paper=paper) for o in operands]  # type: ignore[arg-type]
    if symbol in ("min", "max"):
        return f"{symbol}({', '.join(parts)})"
    if symbol == "//" and _is_one(operands[1]):
        return f"floor({parts[0]})"
    if symbol == "if":
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    for position, operand in enumerate(operands):
        if _needs_brackets(symbol, position, operand, paper=paper):
            parts[position] = f"({parts[position]})"
    if paper and symbol == "//":
        return f"floor({parts[0]}/{parts[1]})"
    if symbol == "+" and isinstance(operands[-1], int) and operands[-1] < 0:
        return f"{' + '.join(parts[:-1])} - {-operands[-1]}"
    return (f" {symbol} " if symbol in "+-<" else symbol).join(parts)


def _needs_brackets(symbol: str, position: int, operand: object, *, paper: bool) -> bool:
    strength, inner = _PRECEDENCE[symbol], _strength(operand, paper=paper)
    if inner != strength:
        return inner < strength
    if symbol == "**":
        return True
    # a*(b//c) is not a*b//c, though a + (b - c) is a + b - c.
    divided = isinstance(operand, Recorded) and operand.operator in ("//", "%")
    return position > 0 and (symbol not in "+*" or divided)


def _strength(operand: object, *, paper: bool) -> int:
    if not isinstance(operand, Recorded) or operand.operator in ("name", "min", "max", "if"):
        return 3 if isinstance(operand, Fraction) else 9
    is_function = operand.operator == "//" and (paper or _is_one(operand.operands[1]))
    return 9 if is_function else _PRECEDENCE[operand.operator]


def _is_one(operand: object) -> bool:
    return type(operand) is int and operand == 1
