"""Linear layers and other products with a vector of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ShapeError
from archcalc.ops.conv import with_bias
from archcalc.ops.op import POINT, WHOLE, Op, Weight
from archcalc.recorded import Shape, product
from archcalc.saved import FACTOR, Saved
from archcalc.shape import KIND_NAMES, features, with_features, written
from archcalc.work import Work

if TYPE_CHECKING:
    from archcalc.ops.arguments import Count, Flag
    from archcalc.window import Reach


class Linear(Op):
    """Multiply the features by a matrix, and add a bias; on a sequence, each token by itself.

    With `per_position` also each position of a map, which is a 1 x 1 convolution by another name.
    weight: out x features; mult-adds: tokens or positions x out x features.
    Source: Goodfellow, Bengio and Courville 2016, section 6.1.
    """

    out: Count
    bias: Flag = True
    per_position: Flag = False
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "linear: 10"
    example_input: ClassVar[str] = "[6]"

    def output(self, x: Shape) -> Shape:
        """`out` features."""
        if len(x) > 2 and not self.per_position:
            refused = f"{KIND_NAMES.get(len(x), 'tensor')} {written(x)}"
            raise ShapeError(
                f"linear works on vectors and on the tokens of a sequence, not on the {refused}",
                hint="flatten or pool first",
            )
        return with_features(x, self.out)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """One row per output feature, and one bias."""
        return with_bias(Weight((self.out, features(x))), self.out, bias=self.bias)

    def work(self, output: Shape, x: Shape) -> Work:
        """One dot product per output element."""
        elements = product(output)
        return Work(elements * features(x), 0, elements if self.bias else 0)

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A token or a position sees itself; a vector all there is."""
        return (POINT,) * (len(x) - 1) if len(x) > 1 else WHOLE


class RadialBasis(Op):
    """The squared Euclidean distance of the features to `out` fixed prototypes.

    prototypes: out x features, not learned; out x features subtractions and squares, summed.
    Source: LeCun et al. 1998, Proc. IEEE 86(11), equation 7.
    """

    out: Count
    example: ClassVar[str] = "radial_basis: 10"
    example_input: ClassVar[str] = "[6]"

    def output(self, x: Shape) -> Shape:
        """One distance per prototype."""
        if len(x) != 1:
            raise ShapeError(f"radial_basis needs a vector, not {written(x)}", hint="flatten or pool first")
        return (self.out,)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """The prototypes."""
        return {"prototypes": Weight((self.out, features(x)), learned=False)}

    def work(self, output: Shape, x: Shape) -> Work:
        """A subtraction and a square per weight, and their sums."""
        products = self.out * features(x)
        return Work(multiplies=products, adds=products + self.out * (features(x) - 1))

    def reach(self, output: Shape, x: Shape) -> None:
        """All there is."""
        return WHOLE
