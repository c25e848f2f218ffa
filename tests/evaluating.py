"""Expressions of the language at given values, as a reader of the JSON would work them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from archcalc.notation import write
from archcalc.recorded import Recorded, is_free
from archcalc.spec.expression import parse
from archcalc.spec.values import Items

if TYPE_CHECKING:
    from collections.abc import Mapping


class Values:
    """A scope that knows some numbers and nothing else."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.variables = dict(values)
        self.items = Items()

    def missing(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} has no value")

    def size(self, tensor: str, axis: str) -> NoReturn:
        raise AssertionError(f"{tensor}.{axis} in a formula")

    def distinct(self, left: object, right: object) -> NoReturn:
        raise AssertionError(f"{left} and {right} are not both numbers")


def at(value: Any, values: Mapping[str, Any]) -> Any:
    """The value, with every text and every recorded expression inside worked out."""
    if isinstance(value, Recorded):
        return at(write(value, values=True), values) if is_free(value) else value.value
    if isinstance(value, str):
        return parse(value).run(Values(values))
    if isinstance(value, (tuple, list)):
        return [at(item, values) for item in value]
    return value
