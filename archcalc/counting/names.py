"""The names that a rule of a profile may use: counts of one operator in its place, per sample, and its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import UndecidedError, did_you_mean
from archcalc.graph import CALLS
from archcalc.notation import write
from archcalc.ops.conv import TransposedConv
from archcalc.ops.pool import AdaptivePool, GlobalPool, Pool
from archcalc.ops.slide import Sliding, axes
from archcalc.products import WEIGHTS
from archcalc.recorded import Recorded, is_free, maximum, product, total
from archcalc.shape import features, space
from archcalc.spec.values import ExpressionError, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcalc.graph import Facts
    from archcalc.ops.op import Op
    from archcalc.recorded import Shape, Size
    from archcalc.window import Window

ABSENT = "none"
"""The word for an argument that is not given and has no default."""
WORDS = (*CALLS, ABSENT)
CALL, TRAINING = "call", "training"


def _kernel(facts: Facts, inputs: Sequence[Shape]) -> Size:
    if isinstance(facts.op, GlobalPool):
        return product(space(inputs[0]))
    kernel = facts.op.arguments.get("kernel", 1)
    return product(axes(kernel, len(inputs[0]) - 1))


def _window_elements(facts: Facts, inputs: Sequence[Shape]) -> Size:
    """With ceil_mode the last window of an axis ends where the padding ends."""
    op, x, output = facts.op, inputs[0], facts.shape
    if isinstance(op, AdaptivePool):
        return op.seen(output, x)
    if not isinstance(op, Pool):
        return _kernel(facts, inputs) * product(output)
    along = [
        window.kernel * size - maximum(0, (size - 1) * window.stride + window.span - before - window.padding)
        for window, before, size in zip(op.windows(x), space(x), space(output), strict=True)
    ]
    return features(x) * product(along)


def _products(facts: Facts, inputs: Sequence[Shape]) -> Size:
    made = facts.op.products(facts.shape, *inputs)
    return total([each.mult_adds for each in made if WEIGHTS not in each.factors])


def _windows(facts: Facts, inputs: Sequence[Shape]) -> tuple[Window, ...]:
    return facts.op.windows(inputs[0]) if isinstance(facts.op, (Sliding, TransposedConv)) else ()


def _stored(facts: Facts, *, learned: bool) -> Size:
    return total([weight.size for weight in facts.weights.values() if weight.learned is learned])


COUNTS: dict[str, Callable[[Facts, Sequence[Shape]], Any]] = {
    "mult_adds": lambda facts, inputs: facts.work.mult_adds,
    "bias_adds": lambda facts, inputs: facts.op.bias_adds(facts.shape, *inputs),
    "products": _products,
    "flops": lambda facts, inputs: facts.work.flops,
    "params": lambda facts, inputs: _stored(facts, learned=True),
    "buffers": lambda facts, inputs: _stored(facts, learned=False),
    "inputs": lambda facts, inputs: total([product(shape) for shape in inputs]),
    "outputs": lambda facts, inputs: product(facts.shape),
    "kernel": _kernel,
    "window_elements": _window_elements,
    "kernels": lambda facts, inputs: tuple(window.kernel for window in _windows(facts, inputs)),
    "strides": lambda facts, inputs: tuple(window.stride for window in _windows(facts, inputs)),
    "paddings": lambda facts, inputs: tuple(window.before for window in _windows(facts, inputs)),
    "dilations": lambda facts, inputs: tuple(window.dilation for window in _windows(facts, inputs)),
    "channels": lambda facts, inputs: features(inputs[0]),
    "positions": lambda facts, inputs: product(space(inputs[0])),
    "tokens": lambda facts, inputs: product(space(inputs[-1])),
    "count": lambda facts, inputs: len(inputs),
    "input": lambda facts, inputs: inputs[0],
    "output": lambda facts, inputs: facts.shape,
}
"""What each name stands for, of an operator with its facts and the shapes that flow in."""


class Place(NamedTuple):
    """An operator in its place: its facts, what flows in, how it is called, and the scalars that lie there."""

    facts: Facts
    inputs: tuple[Shape, ...]
    call: str
    training: bool
    own: Mapping[str, Size] = {}


def names(op: type[Op]) -> tuple[str, ...]:
    """Every name that a rule about this operator may use."""
    return (*COUNTS, CALL, TRAINING, *op.fields)


class Scope:
    """What the names of a rule stand for, of one operator in its place; `own` are the scalars that lie there.

    With `recorded`, counts remember their names, so that what a rule comes to tells how it was made.
    """

    def __init__(self, place: Place, asked: Iterable[str], *, recorded: bool = False) -> None:
        self.items = Items()
        self.variables: dict[str, Any] = {CALL: place.call, TRAINING: place.training}
        arguments = place.facts.op.arguments
        for name in asked:
            if name in place.own or name in COUNTS:
                value = place.own[name] if name in place.own else COUNTS[name](place.facts, place.inputs)
                self.variables[name] = _named(name, value) if recorded else value
            elif name in arguments:
                self.variables[name] = ABSENT if arguments[name] is None else arguments[name]

    def missing(self, name: str) -> Any:
        """A word stands for itself; reading the profile saw to it that nothing else is left."""
        return name

    def size(self, tensor: str, axis: str) -> Any:
        """There are no tensors."""
        raise ExpressionError(f"there is no '{tensor}.{axis}' here")

    def distinct(self, left: Any, right: Any) -> None:
        """A rule adds no conditions to a report."""
        raise UndecidedError(f"whether {write(left)} is {write(right)} depends on a free symbol")


def _named(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([_named(f"{name}[{i}]", item) for i, item in enumerate(value)])
    return Recorded(name, None if is_free(value) else value)


def unknown(asked: Iterable[str], op: type[Op], besides: Iterable[str] = ()) -> tuple[str, str] | None:
    """The first name that a rule about this operator cannot use, and what would help; None where there is none."""
    known = (*names(op), *besides)
    for name in sorted(asked):
        if name not in (*known, *WORDS, *op.words):
            return name, did_you_mean(name, known) or f"there are: {', '.join(known)}"
    return None
