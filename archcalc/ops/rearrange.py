"""Operators that move elements about and compute nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ArgumentError, ShapeError
from archcalc.ops.conv import divides
from archcalc.ops.op import NEW, POINT, WHOLE, Op, Pointwise, Requirement, View
from archcalc.ops.slide import axes, sides, windows
from archcalc.recorded import Shape, Size, product
from archcalc.saved import NOTHING, Saved
from archcalc.shape import features, has_space, space, with_features, with_space, written
from archcalc.window import Reach, Window
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Amounts, Count, Counts, Indices, Pair, PerAxis, Whole


class Flatten(View):
    """All elements as one vector. output: the product of the axes. Source: LeCun et al. 1998, layer F6."""

    example: ClassVar[str] = "flatten"

    def output(self, x: Shape) -> Shape:
        """As many features as there are elements."""
        return (product(x),)

    def reach(self, output: Shape, x: Shape) -> None:
        """No space axis is left."""
        return WHOLE


class Reshape(View):
    """The same elements under another shape. The product of the axes stays. Source: numpy.reshape."""

    shape: Counts
    example: ClassVar[str] = "reshape: [[3, 16, 8]]"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The number of elements stays."""
        reason = f"{{left}} elements of {written(x)} do not fill {written(self.shape)}, which holds {{right}}"
        yield Requirement(product(x), "==", product(self.shape), reason)

    def output(self, x: Shape) -> Shape:
        """The shape asked for."""
        return self.shape

    def reach(self, output: Shape, x: Shape) -> None:
        """What an axis means is lost."""
        return WHOLE


class Permute(View):
    """The axes in another order. output: axis i is axis `axes[i]` of the input. Source: numpy.transpose."""

    axes: Indices
    example: ClassVar[str] = "permute: [[0, 2, 1]]"

    def output(self, x: Shape) -> Shape:
        """The sizes in the new order."""
        order = [int(axis) for axis in self.axes]
        if sorted(order) != list(range(len(x))):
            raise ShapeError(f"axes {order} is no order of the {len(x)} axes of {written(x)}")
        return tuple(x[axis] for axis in order)

    def reach(self, output: Shape, x: Shape) -> None:
        """What an axis means is lost."""
        return WHOLE


class Pad(Op):
    """Zeros around the space axes, and before and after the features.

    output: before + size + after. Source: He et al. 2015, arXiv:1512.03385, section 3.3 (option A) for the features.
    """

    padding: Amounts = 0
    channels: Pair = (0, 0)
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "pad: 1"

    def output(self, x: Shape) -> Shape:
        """Every axis longer by its zeros."""
        around = sides(self.padding, len(x) - 1)
        sizes = tuple(before + size + after for (before, after), size in zip(around, space(x), strict=True))
        before, after = self.channels
        return with_features(with_space(x, sizes), before + features(x) + after)

    def work(self, output: Shape, x: Shape) -> Work:
        """None: copies are free."""
        return NO_WORK

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself, counted from before the zeros."""
        return tuple(Reach(1, ((-before, -before),)) for before, _ in sides(self.padding, len(x) - 1))


class Crop(View):
    """The middle of the space axes (`size`), or what is left when `margin` is cut off.

    output: size, or size - before - after; of an odd rest the smaller half is cut before.
    Source: Ronneberger, Fischer and Brox 2015, arXiv:1505.04597, figure 1.
    """

    size: PerAxis | None = None
    margin: Amounts | None = None
    whole: ClassVar[bool] = False
    example: ClassVar[str] = "crop: 6"

    def cuts(self, x: Shape) -> tuple[tuple[Size, Size], ...]:
        """What is cut before and after, per axis; of an odd rest the smaller half before."""
        sizes = has_space(x, "crop")
        if (self.size is None) == (self.margin is None):
            raise ArgumentError("crop takes either size or margin")
        if self.margin is not None:
            return sides(self.margin, len(sizes), "margin")
        wanted = axes(self.size, len(sizes), "size") if self.size is not None else ()
        return tuple(((n - m) // 2, n - m - (n - m) // 2) for n, m in zip(sizes, wanted, strict=True))

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """Something is left, and nothing is added."""
        for n, (before, after) in zip(space(x), self.cuts(x), strict=True):
            yield Requirement(0, "<=", before, "the input is smaller than what is to be left of it")
            yield Requirement(before + after + 1, "<=", n, "nothing is left of an axis of {right}")

    def output(self, x: Shape) -> Shape:
        """What is left."""
        if self.size is not None and self.margin is None:
            return with_space(x, axes(self.size, len(x) - 1, "size"))
        return with_space(
            x, tuple(n - before - after for n, (before, after) in zip(space(x), self.cuts(x), strict=True))
        )

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself, counted from before the cut."""
        return tuple(Reach(1, ((before, before),)) for before, _ in self.cuts(x))


class Subsample(View):
    """Every `stride`-th position of each space axis, from the first on.

    output: floor((size - 1)/stride) + 1, which is ceil(size/stride).
    Source: He et al. 2015, arXiv:1512.03385, section 3.3, the stride of shortcuts without weights (option A).
    """

    stride: PerAxis
    whole: ClassVar[bool] = False
    example: ClassVar[str] = "subsample: 2"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """One position at a time, on each space axis."""
        return windows(has_space(x, "subsample"), 1, self.stride, 0)

    def output(self, x: Shape) -> Shape:
        """The positions that are left."""
        return with_space(x, tuple(w.output(n) for w, n in zip(self.windows(x), space(x), strict=True)))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself, `stride` further per position."""
        return tuple(window.reach() for window in self.windows(x))


class _Features(View):
    """Some of the features, everywhere."""

    whole: ClassVar[bool] = False

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself."""
        return (POINT,) * (len(output) - 1)


class Slice(_Features):
    """The features from `start` up to, not including, `stop`. output: stop - start features.

    Source: Python's slices.
    """

    start: Whole
    stop: Count
    example: ClassVar[str] = "slice: [0, 3]"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """0 <= start < stop <= features."""
        yield Requirement(self.start + 1, "<=", self.stop, f"start {self.start} is not below stop {self.stop}")
        yield Requirement(self.stop, "<=", features(x), "stop {left} is past the {right} features of the input")

    def output(self, x: Shape) -> Shape:
        """stop - start features."""
        return with_features(x, self.stop - self.start)


class Select(_Features):
    """A copy of the features whose indices are listed. output: as many features.

    Source: LeCun et al. 1998, table I.
    """

    storage: ClassVar[str] = NEW
    features: Indices
    example: ClassVar[str] = "select: [[0, 2, 4]]"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """Every index is one of the features."""
        for index in self.features:
            yield Requirement(
                index + 1, "<=", features(x), f"feature {index} is not among the {{right}} features of the input"
            )

    def output(self, x: Shape) -> Shape:
        """As many features as are listed."""
        if not self.features:
            raise ArgumentError("features lists none")
        return with_features(x, len(self.features))


class ChannelShuffle(Pointwise):
    """The channels of `groups` groups, dealt out in turn. output: the input's shape.

    Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
    """

    groups: Count
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "channel_shuffle: 2"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The groups divide the channels."""
        yield divides(self.groups, features(x))
