"""Activations: functions of single elements, and the few that look across features."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from archcalc.ops.conv import divides
from archcalc.ops.op import MAY_OVERWRITE, POINT, VIEW, Op, Pointwise, Requirement, Weight
from archcalc.recorded import Shape, product
from archcalc.saved import INDEX, INPUT, MASK, NOTHING, OUTPUT, Own, Saved
from archcalc.shape import features, with_features
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Count, Flag, Rational
    from archcalc.window import Reach


class Activation(Pointwise):
    """A function that may write over its input. What backward keeps is the output, or else what `keeps` says."""

    storage: ClassVar[str] = MAY_OVERWRITE
    keeps: ClassVar[Saved | None] = OUTPUT


class Relu(Activation):
    """max(x, 0): one compare per element. Source: Nair and Hinton 2010, "Rectified linear units improve RBMs"."""

    per_element: ClassVar[Work] = Work(compares=1)
    example: ClassVar[str] = "relu"


class Relu6(Activation):
    """min(max(x, 0), 6): two compares per element. Source: Sandler et al. 2018, arXiv:1801.04381, section 5."""

    per_element: ClassVar[Work] = Work(compares=2)
    keeps: ClassVar[Saved | None] = INPUT  # PyTorch's rule: the output would do
    example: ClassVar[str] = "relu6"


class LeakyRelu(Activation):
    """x, or slope*x below 0: a compare and a multiplication per element.

    Source: Maas, Hannun and Ng 2013, section 2.
    """

    slope: Rational = Fraction(1, 100)
    per_element: ClassVar[Work] = Work(compares=1, multiplies=1)
    example: ClassVar[str] = "leaky_relu: 0.01"


class Prelu(Activation):
    """x, or a trained slope times x below 0.

    params: one slope per channel, or one for all; a compare and a multiplication per element.
    Source: He et al. 2015, arXiv:1502.01852, equation 1.
    """

    channelwise: Flag = True
    per_element: ClassVar[Work] = Work(compares=1, multiplies=1)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "prelu"

    def weights(self, x: Shape) -> dict[str, Weight]:
        """The slopes."""
        return {"slope": Weight((features(x) if self.channelwise else 1,))}


class Elu(Activation):
    """x, or exp(x) - 1 below 0: a compare, an exponential, an addition and a multiplication per element.

    Source: Clevert, Unterthiner and Hochreiter 2015, arXiv:1511.07289, equation 15.
    """

    per_element: ClassVar[Work] = Work(compares=1, elementary=1, adds=1, multiplies=1)
    example: ClassVar[str] = "elu"


class Selu(Activation):
    """A scaled elu: one multiplication per element more.

    Source: Klambauer et al. 2017, arXiv:1706.02515, equation 2.
    """

    per_element: ClassVar[Work] = Work(compares=1, elementary=1, adds=1, multiplies=2)
    example: ClassVar[str] = "selu"


class Sigmoid(Activation):
    """1/(1 + exp(-x)): an exponential, an addition and a division per element.

    Source: Rumelhart, Hinton and Williams 1986, equation 2.
    """

    per_element: ClassVar[Work] = Work(elementary=1, adds=1, divides=1)
    example: ClassVar[str] = "sigmoid"


class Tanh(Activation):
    """tanh(x): one elementary function per element. Source: LeCun et al. 1998, Proc. IEEE 86(11), equation 6."""

    per_element: ClassVar[Work] = Work(elementary=1)
    example: ClassVar[str] = "tanh"


class HardSigmoid(Activation):
    """min(max(x + 3, 0), 6)/6: an addition, two compares and a division per element.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """

    per_element: ClassVar[Work] = Work(adds=1, compares=2, divides=1)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "hard_sigmoid"


class Silu(Activation):
    """x * sigmoid(x), also called swish: a sigmoid and a multiplication per element.

    Source: Ramachandran, Zoph and Le 2017, arXiv:1710.05941, section 3.
    """

    per_element: ClassVar[Work] = Work(elementary=1, adds=1, divides=1, multiplies=1)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "silu"


class HardSwish(Activation):
    """x * hard_sigmoid(x): a multiplication per element more.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """

    per_element: ClassVar[Work] = Work(adds=1, compares=2, divides=1, multiplies=1)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "hard_swish"


class Gelu(Activation):
    """x/2 * (1 + erf(x/sqrt(2))): an error function, an addition and three multiplications per element.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
    """

    per_element: ClassVar[Work] = Work(elementary=1, adds=1, multiplies=3)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "gelu"


class Softplus(Activation):
    """log(1 + exp(x)): two elementary functions and an addition per element. Source: Dugas et al. 2001, equation 5."""

    per_element: ClassVar[Work] = Work(elementary=2, adds=1)
    keeps: ClassVar[Saved | None] = INPUT
    example: ClassVar[str] = "softplus"


class Softmax(Activation):
    """exp(x) over the sum of exp(x) of the features, with the largest taken off first.

    A compare, a subtraction, an exponential, an addition and a division per element. Source: Bridle 1990.
    """

    per_element: ClassVar[Work] = Work(compares=1, adds=2, elementary=1, divides=1)
    example: ClassVar[str] = "softmax"


class LogSoftmax(Activation):
    """x less the logarithm of the sum of exp(x) of the features: as softmax, a subtraction for the division.

    Source: Bridle 1990, in logarithms.
    """

    per_element: ClassVar[Work] = Work(compares=1, adds=3, elementary=1)
    example: ClassVar[str] = "log_softmax"


class Maxout(Op):
    """The largest of each `pieces` features.

    output: features/pieces; pieces - 1 compares per output. Source: Goodfellow et al. 2013, arXiv:1302.4389, section 3.
    """

    pieces: Count
    example: ClassVar[str] = "maxout: 2"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The pieces divide the features."""
        yield divides(self.pieces, features(x), parts="pieces")

    def output(self, x: Shape) -> Shape:
        """One feature for each `pieces`."""
        return with_features(x, features(x) // self.pieces)

    def work(self, output: Shape, x: Shape) -> Work:
        """One compare less than there are pieces."""
        return Work(compares=product(output) * (self.pieces - 1))

    def saved(self, output: Shape, x: Shape) -> Saved:
        """Which piece was the largest."""
        return Saved(own=(Own(product(output), INDEX),))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself."""
        return (POINT,) * (len(output) - 1)


class Dropout(Activation):
    """In training, zero each element with probability `rate`: a multiplication per element; at inference, nothing.

    Source: Srivastava et al. 2014, JMLR 15, section 4.
    """

    rate: Rational = Fraction(1, 2)
    per_element: ClassVar[Work] = Work(multiplies=1)
    idle_at_inference: ClassVar[bool] = True
    example: ClassVar[str] = "dropout: 0.5"

    def saved(self, output: Shape, x: Shape) -> Saved:
        """Which elements were kept."""
        return Saved(own=(Own(product(output), MASK),)) if self.rate != 0 else NOTHING


class DropPath(Activation):
    """In training, drop the whole path with probability `rate`: a multiplication per element; at inference, nothing.

    Source: Huang et al. 2016, arXiv:1603.09382, section 3; Larsson, Maire and Shakhnarovich 2016, arXiv:1605.07648.
    """

    rate: Rational = 0
    per_element: ClassVar[Work] = Work(multiplies=1)
    idle_at_inference: ClassVar[bool] = True
    example: ClassVar[str] = "drop_path: 0.5"

    def saved(self, output: Shape, x: Shape) -> Saved:
        """Whether the path was kept."""
        return Saved(own=(Own(1, MASK),)) if self.rate != 0 else NOTHING


class Identity(Pointwise):
    """The input itself: nothing is computed and nothing is written.

    Source: He et al. 2016, arXiv:1603.05027, section 2.
    """

    storage: ClassVar[str] = VIEW
    keeps: ClassVar[Saved | None] = NOTHING
    per_element: ClassVar[Work] = NO_WORK
    example: ClassVar[str] = "identity"
