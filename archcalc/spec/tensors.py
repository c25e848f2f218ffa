"""The names of tensors: what `from` chooses, and what `as` calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcalc.errors import LimitError
from archcalc.ops.arguments import shown
from archcalc.spec.failure import wrong
from archcalc.spec.operators import walk
from archcalc.spec.values import Collection, ExpressionError, Tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.spec.build import Flow, Unroller
    from archcalc.spec.language import Expression, Target
    from archcalc.spec.scope import Frame


def chosen(builder: Unroller, expression: Expression, frame: Frame, flow: Flow) -> Flow:
    """The tensors that `from` names."""
    frame.flow = flow
    frame.choosing = True
    try:
        tensors = _spliced(expression.value(frame))
    except ExpressionError as error:
        raise wrong(expression.mark, error) from None
    finally:
        frame.choosing = False
    if not tensors:
        raise wrong(expression.mark, "'from' names no tensor")
    walk(builder.items, tensors, expression.mark)
    if len(tensors) > builder.limits.list_length:
        raise wrong(expression.mark, LimitError(f"more than {builder.limits.list_length:,} tensors flow here"))
    return tensors


def _spliced(value: Any) -> Flow:
    """The tensors of a value: one, several, a collection, or a list of these."""
    if isinstance(value, Tensors):
        return value.ids
    if isinstance(value, Collection):
        return value.ordered().ids
    if isinstance(value, tuple):
        return tuple(index for item in value for index in _spliced(item))
    raise ExpressionError(f"'from' names tensors, not {shown(value)}")


def give_names(targets: Sequence[Target], frame: Frame, flow: Flow) -> None:
    """Give names to what flows out of a step."""
    parts: list[Flow] = [flow] if len(targets) == 1 else [(index,) for index in flow]
    if len(parts) != len(targets):
        flowing = "1 tensor flows" if len(flow) == 1 else f"{len(flow)} tensors flow"
        raise wrong(targets[0].mark, f"'as' gives {len(targets)} names, but {flowing} here")
    for target, ids in zip(targets, parts, strict=True):
        if target.name in frame.variables:
            raise wrong(target.mark, f"'{target.name}' is a number already: a tensor needs a name of its own")
        around = frame.body.around
        if around is not None and around.find(target.name) is not None:
            message = f"'{target.name}' is named around this branch, which can read it and not give it anew"
            raise wrong(target.mark, message)
        if target.place is None:
            frame.body.tensors[target.name] = Tensors(ids)
        else:
            _give_element(target, target.place.value(frame), frame, ids)


def _give_element(target: Target, index: Any, frame: Frame, ids: Flow) -> None:
    if type(index) is not int:
        raise wrong(target.mark, f"an index is a whole number, not {shown(index)}")
    if len(ids) != 1:
        raise wrong(target.mark, f"{len(ids)} tensors flow here, where one is named")
    known = frame.body.tensors.get(target.name)
    collection = known if isinstance(known, Collection) else Collection()
    collection[index] = ids[0]
    frame.body.tensors[target.name] = collection
