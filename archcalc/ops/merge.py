"""Operators that make one tensor of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ShapeError
from archcalc.ops.op import POINT, Op, Requirement
from archcalc.recorded import Shape, product, total
from archcalc.saved import NOTHING, Saved
from archcalc.shape import features, space, with_features, written
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.window import Reach


class Merge(Op):
    """Several tensors, element by element; a vector is spread over all positions of a map with as many features."""

    verb: ClassVar[str] = "merge"

    def output(self, *inputs: Shape) -> Shape:
        """The shape of the largest rank."""
        largest = max(inputs, key=len)
        for other in inputs:
            if len(other) not in (1, len(largest)):
                raise ShapeError(_mismatch(self.verb, largest, other))
        return largest

    def requires(self, *inputs: Shape) -> Iterable[Requirement]:
        """All axes agree; of a vector, the features."""
        largest = max(inputs, key=len)
        for other in inputs:
            if other is largest or other == largest:
                continue
            pairs = (
                zip(largest, other, strict=True)
                if len(other) == len(largest)
                else [(features(largest), features(other))]
            )
            for left, right in pairs if len(other) in (1, len(largest)) else ():
                if left != right:
                    yield Requirement(left, "==", right, _mismatch(self.verb, largest, other))

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """n - 1 operations per element for n inputs."""
        return Work(adds=product(output) * (len(inputs) - 1))

    def reach(self, output: Shape, *inputs: Shape) -> tuple[Reach, ...] | None:
        """A position sees the same position of each."""
        return (POINT,) * (len(output) - 1)


class Add(Merge):
    """The sum of the tensors: n - 1 additions per element. Source: He et al. 2015, arXiv:1512.03385, equation 1."""

    verb: ClassVar[str] = "add"
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "add: {body: [relu], shortcut: []}"


class Mean(Merge):
    """The mean of the tensors: n - 1 additions and a division per element.

    Source: Larsson, Maire and Shakhnarovich 2016, arXiv:1605.07648, section 3 (join).
    """

    verb: ClassVar[str] = "average"
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "mean: {left: [relu], right: []}"

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """The sum and one division per element."""
        elements = product(output)
        return Work(adds=elements * (len(inputs) - 1), divides=elements)


class Multiply(Merge):
    """The product of the tensors: n - 1 multiplications per element.

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """

    verb: ClassVar[str] = "multiply"
    example: ClassVar[str] = "multiply: {body: [], gate: [global_avg_pool, sigmoid]}"

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """n - 1 multiplications per element."""
        return Work(multiplies=product(output) * (len(inputs) - 1))

    def saved(self, output: Shape, *inputs: Shape) -> Saved:
        """Each factor, for the gradients of the others."""
        return Saved(factors=tuple(range(len(inputs))))


class Max(Merge):
    """The largest of the tensors: n - 1 compares per element.

    Source: Goodfellow et al. 2013, arXiv:1302.4389, section 3.
    """

    verb: ClassVar[str] = "take the maximum of"
    example: ClassVar[str] = "max: {left: [relu], right: []}"

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """n - 1 compares per element."""
        return Work(compares=product(output) * (len(inputs) - 1))


class HighwayGate(Merge):
    """h*t + x*(1 - t) of three tensors: the transformed, the gate, and the input.

    Two multiplications and two additions per element. Source: Srivastava, Greff and Schmidhuber 2015,
    arXiv:1505.00387, equation 3.
    """

    verb: ClassVar[str] = "gate"
    example: ClassVar[str] = "highway_gate"
    example_input: ClassVar[str] = "{h: [6, 8, 8], t: [6, 8, 8], x: [6, 8, 8]}"

    def output(self, *inputs: Shape) -> Shape:
        """The shape of each."""
        if len(inputs) != 3:
            raise ShapeError(f"highway_gate takes three tensors, but {len(inputs)} flow in")
        return super().output(*inputs)

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """The two products, the difference and the sum."""
        elements = product(output)
        return Work(multiplies=2 * elements, adds=2 * elements)


class Concat(Merge):
    """The features of all tensors one after the other: a copy, no arithmetic.

    output: the sum of the features. Source: Szegedy et al. 2014, arXiv:1409.4842, figure 2; Huang et al. 2016,
    arXiv:1608.06993, equation 2.
    """

    verb: ClassVar[str] = "concatenate"
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "concat: {left: [relu], right: []}"

    def output(self, *inputs: Shape) -> Shape:
        """All features, on the same positions."""
        first = inputs[0]
        for other in inputs:
            if len(other) != len(first):
                raise ShapeError(_mismatch(self.verb, first, other))
        return with_features(first, total([features(x) for x in inputs]))

    def requires(self, *inputs: Shape) -> Iterable[Requirement]:
        """All space axes agree."""
        first = inputs[0]
        for other in inputs[1:]:
            if len(other) == len(first):
                for left, right in zip(space(first), space(other), strict=True):
                    if left != right:
                        yield Requirement(left, "==", right, _mismatch(self.verb, first, other))

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """None: copies are free."""
        return NO_WORK


def _mismatch(verb: str, left: Shape, right: Shape) -> str:
    return f"cannot {verb} {written(left)} and {written(right)}"
