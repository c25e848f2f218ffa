"""What a caller gives as values, not as text: a parsed mapping, other values of hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcalc.errors import UsageError, did_you_mean
from archcalc.limits import LIMITS
from archcalc.spec.expression import parse
from archcalc.spec.language import Expression
from archcalc.spec.source import Offset, Scalar, Source
from archcalc.spec.values import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.spec.load import Spec


def as_yaml(mapping: Mapping[str, Any]) -> str:
    """A parsed mapping as YAML, so that one reader serves both; raises UsageError."""
    pieces: list[str] = []
    try:
        _write_yaml(mapping, pieces, LIMITS.file_bytes)
    except RecursionError:
        raise UsageError("the mapping is nested too deeply, or holds itself") from None
    return "".join(pieces)


def _write_yaml(value: Any, pieces: list[str], left: int) -> int:
    """Write a value in flow style; `left` characters are allowed."""
    if left < 0:
        raise UsageError(f"the mapping is larger than {LIMITS.file_bytes:,} bytes")
    if hasattr(value, "items"):
        opening, closing, parts = "{", "}", [(f"{_quoted(key)}: ", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        opening, closing, parts = "[", "]", [("", "" if item is None else item) for item in value]
    else:
        pieces.append("" if value is None else _quoted(value))
        return left - len(pieces[-1])
    pieces.append(opening)
    for head, item in parts:
        pieces.append(head)
        left = _write_yaml(item, pieces, left - len(head) - 2)
        pieces.append(", ")
    pieces.append(closing)
    return left


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else _as_expression(value)
    if isinstance(value, bool):
        return text
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def with_settings(spec: Spec, settings: Mapping[str, object]) -> Spec:
    """The spec with other values of hyperparameters, put in before the others are worked out.

    A value is an expression as text, a number, a truth value or a list of these. Raises UsageError for a name that is
    no hyperparameter.
    """
    changed = dict(spec.hyperparameters)
    for name, value in settings.items():
        if name not in spec.hyperparameters:
            listed = (
                f"hyperparameters: {', '.join(spec.hyperparameters)}"
                if spec.hyperparameters
                else "it has no hyperparameters"
            )
            raise UsageError(
                f"{spec.name} has no hyperparameter '{name}'", hint=did_you_mean(name, spec.hyperparameters) or listed
            )
        changed[name] = value if isinstance(value, Expression) else setting(name, value)
    return spec._replace(hyperparameters=changed)


def setting(name: str, value: object) -> Expression:
    """A value given from outside, as an expression; raises UsageError."""
    try:
        text = value if isinstance(value, str) else _as_expression(value)
    except RecursionError:
        raise UsageError(f"the value of {name} is nested too deeply, or holds itself") from None
    mark = Scalar(Source(text, f"--set {name}"), Offset(0, 0), Offset(0, len(text)), text)
    try:
        return Expression(text, parse(text), mark)
    except ExpressionError as error:
        raise UsageError(f"{name}={text}: {error.message}", hint=error.hint) from None


def _as_expression(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_as_expression, value))}]"
    if isinstance(value, float):
        raise UsageError(f"{value} is a float, which is not exact", hint="give it as text: '0.75'")
    if isinstance(value, int) and value.bit_length() > LIMITS.integer_bits:
        raise UsageError(f"a number has more than {LIMITS.integer_bits:,} bits")
    return str(value)
