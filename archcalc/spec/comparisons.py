"""How values of expressions are compared; with free symbols, as far as their bounds tell."""

from __future__ import annotations

from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from archcalc.errors import UndecidedError
from archcalc.notation import write
from archcalc.recorded import Quantity, is_free
from archcalc.spec.values import ExpressionError, named, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.spec.values import Scope

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


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
            raise ExpressionError(f"'in' asks for a list, not {named(right)}")
        return any(compare("==", left, item, scope) for item in right) == (symbol == "in")
    if is_free(left) or is_free(right):
        return _compare_free(symbol, number(left), number(right), scope)
    if symbol in ("==", "!="):
        return (type_of(left) == type_of(right) and left == right) == (symbol == "==")
    return _ORDERS[symbol](number(left), number(right))


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
