"""The values of hyperparameters, each worked out after those it uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcalc.errors import LimitError, UndecidedError
from archcalc.ops.arguments import shown
from archcalc.recorded import Recorded
from archcalc.spec.failure import wrong
from archcalc.spec.values import ExpressionError, number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from archcalc.spec.language import Expression
    from archcalc.spec.scope import Frame


def work_out(
    expressions: Mapping[str, Expression], free: Collection[str], frame: Frame, deepest: int
) -> dict[str, Any]:
    """The value of every hyperparameter, put into the frame's variables; those in `free` become symbols.

    Raises Failed for circles and for what no number can be.
    """
    known = frame.variables
    pending: list[str] = []

    def visit(name: str) -> None:
        expression = expressions[name]
        if name in pending:
            circle = " -> ".join([*pending[pending.index(name) :], name])
            raise wrong(expression.mark, f"hyperparameters go round in a circle: {circle}")
        if len(pending) >= deepest:
            raise wrong(expression.mark, LimitError(f"more than {deepest} hyperparameters use one another in a row"))
        if not expression.parsed.constant:
            pending.append(name)
            for other in sorted(expression.parsed.names):
                if other in expressions and other not in known:
                    visit(other)
            pending.pop()
        value = expression.value(frame)
        known[name] = _symbol(name, expression, value) if name in free else value

    for name in expressions:
        if name not in known:
            visit(name)
    return {name: known[name] for name in expressions}


def _symbol(name: str, expression: Expression, value: Any) -> Recorded:
    """A free name: whole and positive, or rational and positive where its value is written with a point."""
    try:
        number(value)
    except ExpressionError:
        message = f"'{name}' is {shown(value)}, which is no number, and cannot be left free"
        raise wrong(expression.mark, UndecidedError(message)) from None
    return Recorded(name, integral=is_whole(expression))


def is_whole(expression: Expression) -> bool:
    """Whether a name of this value stands for whole numbers; for rational ones where it is written with a point."""
    return re.search(r"\.|(?<!/)/(?!/)", expression.text) is None
