"""Convolutions over any number of space axes."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import UndecidedError
from archcalc.limits import LIMITS
from archcalc.ops.op import Op, Requirement, Weight
from archcalc.ops.padding import inside
from archcalc.ops.slide import Sliding, axes, windows
from archcalc.recorded import Shape, Size, product
from archcalc.saved import FACTOR, Saved
from archcalc.shape import features, has_space, space, with_features, with_space
from archcalc.window import Interval, Reach, Window
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Amounts, Count, Flag, Padding, PerAxis, WholePerAxis


def divides(groups: Size, channels: Size, what: str = "channels", parts: str = "groups") -> Requirement:
    """The channels split into the groups without rest."""
    return Requirement(channels % groups, "==", 0, f"{channels} {what} do not split into {groups} {parts}")


def with_bias(weight: Weight, out: Size, *, bias: bool) -> dict[str, Weight]:
    """The weight, and one bias per output channel if there is one."""
    return {"weight": weight, "bias": Weight((out,))} if bias else {"weight": weight}


class Conv(Sliding):
    """Slide `out` filters over the input; each sees the channels of its own group.

    output: floor((size - span + padding)/stride) + 1 per axis, span = dilation*(kernel - 1) + 1;
    weight: out x channels/groups x kernel; mult-adds: one dot product with one filter per output element.
    Source: Dumoulin and Visin 2016, arXiv:1603.07285, relationship 6 and section 5.1.
    """

    out: Count
    kernel: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    groups: Count = 1
    bias: Flag = True
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "conv: {out: 16, kernel: 3, padding: 1}"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each space axis."""
        return windows(has_space(x, "conv"), self.kernel, self.stride, self.padding, self.dilation)

    def channels(self, x: Shape) -> Size:
        """One per filter."""
        return self.out

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The groups divide the channels in and out; every window fits."""
        if self.groups != 1:
            yield divides(self.groups, features(x))
            yield divides(self.groups, self.out, "filters")
        yield from super().requires(x)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """One filter per output channel, and one bias."""
        return with_bias(Weight((self.out, *self._filter(x))), self.out, bias=self.bias)

    def work(self, output: Shape, x: Shape) -> Work:
        """One dot product per output element."""
        elements = product(output)
        return Work(elements * product(self._filter(x)), 0, elements if self.bias else 0)

    def useful_mult_adds(self, output: Shape, x: Shape) -> Size:
        """Of each filter and channel the taps that lie inside the input, over all output positions."""
        channels, *_ = self._filter(x)
        return self.out * channels * product(inside(self.windows(x), space(output), space(x)))

    def _filter(self, x: Shape) -> Shape:
        channels = features(x) if self.groups == 1 else features(x) // self.groups
        return (channels, *axes(self.kernel, len(x) - 1))


class DepthwiseConv(Sliding):
    """Slide `multiplier` filters over each channel by itself: a convolution with as many groups as channels.

    weight: channels*multiplier x 1 x kernel; mult-adds: output elements x kernel.
    Source: Howard et al. 2017, arXiv:1704.04861, section 3.1.
    """

    kernel: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    multiplier: Count = 1
    bias: Flag = True
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "depthwise_conv: {kernel: 3, padding: 1}"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each space axis."""
        return windows(has_space(x, "depthwise_conv"), self.kernel, self.stride, self.padding, self.dilation)

    def channels(self, x: Shape) -> Size:
        """`multiplier` for each that comes in."""
        return features(x) if self.multiplier == 1 else features(x) * self.multiplier

    def weights(self, x: Shape) -> dict[str, Weight]:
        """One filter of one channel per output channel, and one bias."""
        weight = Weight((self.channels(x), 1, *axes(self.kernel, len(x) - 1)))
        return with_bias(weight, self.channels(x), bias=self.bias)

    def work(self, output: Shape, x: Shape) -> Work:
        """One dot product with one kernel per output element."""
        elements = product(output)
        return Work(elements * product(axes(self.kernel, len(x) - 1)), 0, elements if self.bias else 0)

    def useful_mult_adds(self, output: Shape, x: Shape) -> Size:
        """Of each filter the taps that lie inside the input, over all output positions."""
        return self.channels(x) * product(inside(self.windows(x), space(output), space(x)))


class TransposedConv(Op):
    """The adjoint of a convolution: each input position adds its kernel into the output, `stride` apart.

    output: (size - 1)*stride + span - padding + output_padding; weight: channels x out/groups x kernel;
    mult-adds: input elements x out/groups x kernel; padding is a number, not same or valid.
    Source: Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
    """

    out: Count
    kernel: PerAxis
    stride: PerAxis = 1
    padding: Amounts = 0
    output_padding: WholePerAxis = 0
    dilation: PerAxis = 1
    groups: Count = 1
    bias: Flag = True
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "transposed_conv: {out: 8, kernel: 2, stride: 2}"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """On each axis, the window of the convolution that this one is the adjoint of."""
        return windows(has_space(x, "transposed_conv"), self.kernel, self.stride, self.padding, self.dilation)

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The groups divide the channels in and out; something is left of each axis."""
        if self.groups != 1:
            yield divides(self.groups, features(x))
            yield divides(self.groups, self.out, "filters")
        for size in space(self.output(x)):
            yield Requirement(1, "<=", size, "nothing is left of an axis: its size is {right}")

    def output(self, x: Shape) -> Shape:
        """`out` channels; each axis as long as the kernels laid `stride` apart reach, less the padding."""
        extra = axes(self.output_padding, len(x) - 1, "output_padding")
        sizes = tuple(
            (size - 1) * window.stride + window.span - window.padding + more
            for size, window, more in zip(space(x), self.windows(x), extra, strict=True)
        )
        return with_features(with_space(x, sizes), self.out)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """For each input channel a kernel into each output channel of its group, and one bias."""
        return with_bias(Weight((features(x), *self._filter(x))), self.out, bias=self.bias)

    def work(self, output: Shape, x: Shape) -> Work:
        """Every input element times every weight of its channel."""
        return Work(product(x) * product(self._filter(x)), 0, product(output) if self.bias else 0)

    def useful_mult_adds(self, output: Shape, x: Shape) -> Size:
        """Of each filter and channel the taps whose product lands inside the output, over all input positions."""
        out, *_ = self._filter(x)
        return features(x) * out * product(inside(self.windows(x), space(x), space(output)))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...]:
        """Periodic: output q*stride + r sees the inputs whose kernel has a tap there."""
        return tuple(_adjoint_reach(window) for window in self.windows(x))

    def _filter(self, x: Shape) -> Shape:
        out = self.out if self.groups == 1 else self.out // self.groups
        return (out, *axes(self.kernel, len(x) - 1))


def _adjoint_reach(window: Window) -> Reach:
    """Output position o sees input (o + before - dilation*tap)/stride for every tap that makes this whole."""
    kernel, stride, before = int(window.kernel), int(window.stride), int(window.before)
    dilation = int(window.dilation)
    if stride > LIMITS.period:
        raise UndecidedError(f"a stride of {stride} makes the receptive field too irregular to follow")
    common = gcd(dilation, stride)
    every = stride // common  # taps that hit the same residue are this far apart

    def sees(residue: int) -> Interval:
        position = residue + before
        if position % common:
            return None
        first = position // common * pow(dilation // common, -1, every) % every
        if first >= kernel:
            return None
        last = first + (kernel - 1 - first) // every * every
        return (position - dilation * last) // stride, (position - dilation * first) // stride

    return Reach(1, tuple(sees(residue) for residue in range(stride)))
