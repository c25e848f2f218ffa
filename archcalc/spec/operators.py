"""The operator that a call of a spec makes, with its arguments worked out and checked."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archcalc.errors import ArgumentError, LimitError, Problem
from archcalc.graph import Condition
from archcalc.recorded import Recorded, is_free
from archcalc.spec.check import argument_problems
from archcalc.spec.failure import Failed, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.graph import Graph
    from archcalc.ops.op import Op
    from archcalc.spec.language import Arguments, Call, Step
    from archcalc.spec.scope import Frame
    from archcalc.spec.source import Node
    from archcalc.spec.values import Items

OPERATORS_KEPT = 10_000


class Operators:
    """The operators of one network; a call that comes to the same arguments again makes the same one."""

    def __init__(self, ops: Mapping[str, type[Op]], graph: Graph) -> None:
        self.ops = ops
        self.graph = graph
        self.constant: dict[int, Op] = {}  # the operator of a call whose arguments are constant
        self.varied: dict[tuple[object, ...], Op] = {}  # that of another, by what its arguments come to

    def of(self, kind: str, call: Call, step: Step, frame: Frame) -> Op:
        """The operator that a call makes; equal ones are one object."""
        varying = [expression.value(frame) for expression in call.arguments.varying]
        for value in varying:
            if type(value) is tuple:
                walk(frame.items, value, step.mark)
        types = _types(tuple(varying))
        if types is None:
            return self._made(kind, call, step, frame)
        if not varying and call.head == kind:
            op = self.constant[id(call)] = self._made(kind, call, step, frame)
            return op
        key = (id(call), kind, *varying, *types)  # true equals 1, but is no number
        known = self.varied.get(key)
        if known is None:
            known = self.varied[key] = self._made(kind, call, step, frame)
        return known

    def _made(self, kind: str, call: Call, step: Step, frame: Frame) -> Op:
        cls = self.ops[kind]
        if call.head != kind:
            check_arguments(argument_problems(kind, cls.required, call.arguments, step.mark))
        values = values_of(call.arguments, cls.fields, frame)
        try:
            types = _types(tuple(values.values()))
            op = cls(**values) if types is None else made(cls, types, *values, *values.values())  # type: ignore[arg-type]  # a class has a hash
        except ArgumentError as error:
            raise wrong(_argument_mark(error, call, cls.fields, step), error) from None
        if self.graph.symbolic:
            for name, value in values.items():
                accepted = cls.fields[name].kind
                require(self.graph, value, accepted.least, whole=accepted.whole, mark=step.mark)
        return op


def require(graph: Graph, value: Any, least: int | None, *, whole: bool, mark: Node) -> None:
    """What a free number must be, as conditions: whole, and not below the least."""
    if isinstance(value, tuple):
        for item in value:
            require(graph, item, least, whole=whole, mark=mark)
    if not isinstance(value, Recorded) or not is_free(value):
        return
    here = len(graph.nodes)
    if whole and not value.integral:
        graph.conditions.append(Condition(value % 1, "==", 0, here))
    if least is not None:
        from archcalc.symbolic.bounds import certainly

        try:
            holds = certainly(least, "<=", value)
        except LimitError as error:
            raise wrong(mark, error) from None
        if holds is False:
            raise wrong(mark, f"'{value}' is below {least}, whatever its free names are")
        if holds is None:
            graph.conditions.append(Condition(least, "<=", value, here))


def walk(items: Items, value: tuple[Any, ...], mark: Node) -> None:
    """Count the items of a list; raises Failed where they are too many."""
    try:
        items.walk(value)
    except LimitError as error:
        raise wrong(mark, error) from None


_SIMPLE = frozenset((int, bool, str, Fraction))


@lru_cache(maxsize=OPERATORS_KEPT)
def made(cls: type[Op], types: tuple[object, ...] = (), *items: Any) -> Op:
    """An operator by the names and the values of its arguments; equal ones are one object, and operators never change.

    The types of the values belong to the question: true equals 1, but is no number.
    """
    count = len(items) // 2
    return cls(**dict(zip(items[:count], items[count:], strict=True)))


def _types(values: tuple[Any, ...]) -> tuple[object, ...] | None:
    """The types of values, and of those inside lists; None where one is a recorded number, which equals only itself."""
    types: list[object] = []
    for value in values:
        kind = _types(value) if type(value) is tuple else type(value)
        if kind is None or (type(kind) is type and kind not in _SIMPLE):
            return None
        types.append(kind)
    return tuple(types)


def values_of(arguments: Arguments, names: Iterable[str], frame: Frame) -> dict[str, Any]:
    """The arguments by name."""
    values: dict[str, Any] = {}
    for name, expression in zip(names, arguments.ordered, strict=False):
        values[name] = expression.value(frame)
    for name, expression, _ in arguments.named:
        values[name] = expression.value(frame)
    return values


def check_arguments(problems: list[Problem]) -> None:
    """Raise Failed where some arguments do not suit."""
    if problems:
        raise Failed(problems)


def _argument_mark(error: ArgumentError, call: Call, fields: Iterable[str], step: Step) -> Node:
    """Where the argument stands that an operator refuses."""
    for name, expression, _ in call.arguments.named:
        if name == error.argument:
            return expression.mark
    for name, expression in zip(fields, call.arguments.ordered, strict=False):
        if name == error.argument:
            return expression.mark
    return step.mark
