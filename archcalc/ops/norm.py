"""Normalisations. All have at most a trained scale and shift per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.ops.conv import divides
from archcalc.ops.op import POINT, Op, Pointwise, Requirement, Weight
from archcalc.recorded import Shape, Size, product
from archcalc.saved import FACTOR, STATISTIC, Own, Saved
from archcalc.shape import features, has_space, space
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Count, Flag, Indices
    from archcalc.window import Reach


class BatchNorm(Pointwise):
    """Normalise each channel by its running mean and variance, then scale and shift it.

    params: 2 per channel (scale, shift); buffers: 2 per channel (running mean, running variance); at inference one
    multiplication and one addition per element. Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 2.
    """

    scale: Flag = True
    shift: Flag = True
    statistics: Flag = True
    example: ClassVar[str] = "batch_norm"
    per_element: ClassVar[Work] = Work(multiplies=1, adds=1)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """Scale and shift are learned, the running statistics are not."""
        weights = affine(features(x), scale=self.scale, shift=self.shift)
        if self.statistics:
            weights["running_mean"] = weights["running_variance"] = Weight((features(x),), learned=False)
        return weights

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and the mean and the deviation of each channel over the batch."""
        return Saved(inputs=(0,), own=(Own(2 * features(x), STATISTIC, per_sample=False),))


class _GroupwiseNorm(Op):
    """Normalise groups of elements by their own mean and variance."""

    scale: Flag = True
    shift: Flag = True

    def output(self, x: Shape) -> Shape:
        """The input's shape."""
        return x

    def count(self, x: Shape) -> Size:
        """How many groups of elements there are."""
        raise NotImplementedError

    def weights(self, x: Shape) -> dict[str, Weight]:
        """Scale and shift."""
        return affine(features(x), scale=self.scale, shift=self.shift)

    def work(self, output: Shape, x: Shape) -> Work:
        """Mean: a sum and a division; variance: differences, squares, a sum and a division; then one root each."""
        elements, groups = product(output), self.count(x)
        return Work(
            multiplies=elements * (3 if self.scale else 2),
            adds=elements * (4 if self.shift else 3) - groups,
            divides=3 * groups,
            elementary=groups,
        )

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and the mean and the deviation of each group."""
        return Saved(inputs=(0,), own=(Own(2 * self.count(x), STATISTIC),))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself; statistics are not a window path."""
        return (POINT,) * (len(output) - 1)


class LayerNorm(_GroupwiseNorm):
    """Normalise the features at each position, or all elements along `over`, by their own mean and variance.

    params: 2 per element of the axes normalised over; 7 operations per element and 3 per group.
    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450, equation 4.
    """

    scale: Flag = True
    shift: Flag = True
    over: Indices | None = None
    example: ClassVar[str] = "layer_norm"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The input has the axes."""
        for axis in self.over or ():
            yield Requirement(axis + 1, "<=", len(x), f"there is no axis {axis} among {{right}}")

    def weights(self, x: Shape) -> dict[str, Weight]:
        """Scale and shift."""
        return affine(*self._axes(x), scale=self.scale, shift=self.shift)

    def count(self, x: Shape) -> Size:
        """One for each element of the other axes."""
        if self.over is None:
            return product(space(x))
        over = [int(axis) for axis in self.over]
        return product([size for axis, size in enumerate(x) if axis not in over])

    def _axes(self, x: Shape) -> Shape:
        return (features(x),) if self.over is None else tuple([x[int(axis)] for axis in self.over])


class GroupNorm(_GroupwiseNorm):
    """Normalise groups of channels over all positions.

    params: 2 per channel; 7 operations per element and 3 per group.
    Source: Wu and He 2018, arXiv:1803.08494, equation 7.
    """

    groups: Count
    scale: Flag = True
    shift: Flag = True
    example: ClassVar[str] = "group_norm: 2"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The groups divide the channels."""
        yield divides(self.groups, features(x))

    def count(self, x: Shape) -> Size:
        """One per group."""
        return self.groups


class InstanceNorm(_GroupwiseNorm):
    """Normalise each channel over its own positions.

    params: none, or 2 per channel; 5 operations per element, 7 with both, and 3 per channel.
    Source: Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022, equation 5.
    """

    scale: Flag = False
    shift: Flag = False
    example: ClassVar[str] = "instance_norm"

    def count(self, x: Shape) -> Size:
        """One per channel."""
        has_space(x, "instance_norm")
        return features(x)


class L2Norm(Pointwise):
    """Divide the features at each position by their Euclidean length; `scale: {shift: false}` after it learns one.

    A square, an addition or the root, and a division per element. Source: Liu, Rabinovich and Berg 2015,
    arXiv:1506.04579, section 3.3.
    """

    example: ClassVar[str] = "l2_norm"

    def work(self, output: Shape, x: Shape) -> Work:
        """The squares, their sum and its root at each position, and the divisions."""
        elements, positions = product(output), product(space(output))
        return Work(multiplies=elements, adds=elements - positions, divides=elements, elementary=positions)

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and the length at each position."""
        return Saved(inputs=(0,), own=(Own(product(space(output))),))


class LocalResponseNorm(Pointwise):
    """Divide each element by a power of the sum of squares of `size` neighbouring channels.

    size additions, two multiplications, a power and a division per element.
    Source: Krizhevsky, Sutskever and Hinton 2012, section 3.3.
    """

    size: Count = 5
    example: ClassVar[str] = "local_response_norm: 5"

    def work(self, output: Shape, x: Shape) -> Work:
        """A square, the sum of `size` squares and a constant, its weight, a power and a division."""
        elements = product(output)
        return Work(multiplies=2 * elements, adds=elements * self.size, divides=elements, elementary=elements)

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and for each element the sum that it is divided by a power of."""
        return Saved(inputs=(0,), own=(Own(product(output)),))


class Scale(Pointwise):
    """Multiply each channel by a trained coefficient, and add a trained bias.

    params: 2 per channel, or 1 without shift. Source: LeCun et al. 1998, Proc. IEEE 86(11), section II.B (subsampling).
    """

    shift: Flag = True
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "scale"

    def weights(self, x: Shape) -> dict[str, Weight]:
        """One coefficient per channel, and one bias."""
        return affine(features(x), scale=True, shift=self.shift)

    def work(self, output: Shape, x: Shape) -> Work:
        """A multiplication and an addition per element."""
        elements = product(output)
        return Work(multiplies=elements, adds=elements if self.shift else 0)


def affine(*channels: Size, scale: bool, shift: bool) -> dict[str, Weight]:
    """The trained scale and shift of a normalisation."""
    weights = {}
    if scale:
        weights["weight"] = Weight(channels)
    if shift:
        weights["bias"] = Weight(channels)
    return weights
