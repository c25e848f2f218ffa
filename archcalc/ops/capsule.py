"""Capsules: vectors instead of scalars, as far as their cost goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.ops.op import WHOLE, Op, Pointwise, Weight
from archcalc.ops.sequence import is_sequence
from archcalc.products import INPUT, WEIGHTS, Factor, Product
from archcalc.recorded import Shape, product
from archcalc.saved import Own, Saved
from archcalc.shape import features
from archcalc.work import Work

if TYPE_CHECKING:
    from archcalc.ops.arguments import Count
    from archcalc.recorded import Size


class Capsule(Op):
    """`count` capsules of `out` features, agreed on by `routing` turns among those that come in, one per token.

    output: [count, out]; weight: tokens x count x features x out; mult-adds: the predictions, tokens x count x
    features x out, and per turn a weighted sum and, but for the last, an agreement, tokens x count x out each.
    Source: Sabour, Frosst and Hinton 2017, arXiv:1710.09829, procedure 1.
    """

    count: Count
    out: Count
    routing: Count = 3
    example: ClassVar[str] = "capsule: [10, 16]"
    example_input: ClassVar[str] = "[8, 6]"

    def output(self, x: Shape) -> Shape:
        """One token per capsule."""
        is_sequence(x, "capsule")
        return (self.count, self.out)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """A matrix for each pair of capsules."""
        return {"weight": Weight((x[0], self.count, features(x), self.out))}

    def work(self, output: Shape, x: Shape) -> Work:
        """Predictions, and the turns of routing with a softmax and a squashing in each."""
        pairs = x[0] * self.count
        predictions = pairs * self.out
        products = predictions * features(x) + predictions * (2 * self.routing - 1)
        squashed = _squash(self.count * self.out, self.count)
        turns = [self.routing * n for n in squashed]
        softmax = self.routing * pairs
        return Work(products, turns[1], turns[2] + 2 * softmax, softmax, turns[4] + softmax, turns[5] + softmax)

    def reach(self, output: Shape, x: Shape) -> None:
        """All there is."""
        return WHOLE

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, the predictions, and of each turn the couplings and the sums that are squashed."""
        pairs = x[0] * self.count
        turn = pairs + self.count * self.out
        return Saved(factors=(0,), own=(Own(pairs * self.out), Own(self.routing * turn)))

    def products(self, output: Shape, *inputs: Shape) -> tuple[Product, ...]:
        """The predictions; their first sum, whose couplings are constant; all sums and agreements after it."""
        (x,) = inputs
        predictions = x[0] * self.count * self.out
        inside = Factor((0,), weights=True)
        return (
            Product(predictions * features(x), (WEIGHTS, INPUT)),
            Product(predictions, (inside,)),
            Product(predictions * (2 * self.routing - 2), (inside, inside)),
        )


class Squash(Pointwise):
    """Shrink each vector of features to a length below 1: |v|^2/(1 + |v|^2) * v/|v|.

    A square, an addition and a multiplication per element; a root, an addition and a division per vector.
    Source: Sabour, Frosst and Hinton 2017, arXiv:1710.09829, equation 1.
    """

    example: ClassVar[str] = "squash"

    def work(self, output: Shape, x: Shape) -> Work:
        """The squared length, and the factor that each element is multiplied by."""
        return _squash(product(output), product(output) // features(output))


def _squash(elements: Size, vectors: Size) -> Work:
    return Work(0, 2 * elements, elements + vectors, 0, vectors, vectors)
