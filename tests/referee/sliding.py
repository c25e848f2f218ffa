"""Layers that slide a window: convolutions and pools."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from .network import Axes, Law, Layer, Padding
from .tally import Array, Tally


def visit(laws: list[Law], sizes: list[int]) -> Iterator[tuple[Axes, list[Axes]]]:
    """Every output position, with the input positions it touches, those in the padding too."""
    taps = [[law.taps(q) for q in range(size)] for law, size in zip(laws, sizes, strict=True)]
    for position in np.ndindex(*sizes):
        yield position, list(product(*(line[q] for line, q in zip(taps, position, strict=True))))


def at(place: Iterable[int | slice]) -> tuple[slice | int, ...]:
    """The index of all features at a position."""
    return (slice(None), *place)


def read(x: Array, place: Axes, outside: float = 0.0) -> Array:
    """The features at a position; `outside` in the padding."""
    return x[at(place)] if inside(place, x.shape[1:]) else np.full(len(x), outside)


def inside(place: Iterable[int], sizes: Iterable[int]) -> bool:
    """Whether a position is none of the padding."""
    return all(0 <= p < size for p, size in zip(place, sizes, strict=True))


def trim(x: Array, cuts: Iterable[tuple[int, int]]) -> Array:
    """Cut positions off before and after, on each axis."""
    sides = zip(cuts, x.shape[1:], strict=True)
    return x[(slice(None), *(slice(before, size - after) for (before, after), size in sides))]


@dataclass(frozen=True)
class Window:
    """A window on one axis."""

    kernel: int
    stride: int
    before: int
    after: int
    dilation: int = 1

    @property
    def span(self) -> int:
        """From the first to the last element of the window."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def law(self) -> Law:
        """Position q touches `kernel` places, `dilation` apart, from `q * stride - before` on."""
        return Law(
            lambda q: [q * self.stride - self.before + tap * self.dilation for tap in range(self.kernel)],
            step=self.stride,
        )

    def positions(self, size: int, ceil_mode: bool = False) -> int:
        """How many windows there are, by moving one until it no longer may stand there.

        It must lie inside the padded input. With `ceil_mode` it may hang over the end once, if it
        begins before the end of the input itself (PyTorch's rule for the last window).
        """
        end = self.before + size + self.after
        count = 0
        while True:
            begin = count * self.stride
            fits = begin + self.span <= end
            hangs = begin - self.stride + self.span < end and begin < self.before + size
            if not (fits or (ceil_mode and hangs)):
                return count
            count += 1


def same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's rule: as many windows as strides begin inside, the odd zero after."""
    last = range(0, size, stride)[-1]
    missing = max(last + (kernel - 1) * dilation + 1 - size, 0)
    return missing // 2, missing - missing // 2


def window(axis: int, size: int, kernel: Axes, stride: Axes, padding: Padding, dilation: Axes) -> Window:
    """The window of a layer on one of its axes."""
    k, s, d = kernel[axis], stride[axis], dilation[axis]
    if padding == "same":
        before, after = same(size, k, s, d)
    else:
        before, after = (0, 0) if padding == "valid" else padding[axis]
    return Window(k, s, before, after, d)


@dataclass(frozen=True)
class Conv(Layer):
    """Each output is a sum over the taps of one matrix per group times the features there."""

    op = "conv"
    out: int
    kernel: Axes
    stride: Axes
    padding: Padding
    dilation: Axes
    groups: int
    bias: bool

    def law(self, axis: int, size: int) -> Law:
        return window(axis, size, self.kernel, self.stride, self.padding, self.dilation).law

    def run(self, x: Array, tally: Tally) -> Array:
        channels, *sizes = x.shape
        outer, inner = self.out // self.groups, channels // self.groups
        weight = tally.learn(self.out, inner, *self.kernel).reshape(self.groups, outer, inner, -1)
        bias = tally.learn(self.out) if self.bias else np.zeros(self.out)
        laws = [self.law(axis, size) for axis, size in enumerate(sizes)]
        result = np.zeros((self.out, *self.positions(sizes)))
        for position, places in visit(laws, list(result.shape[1:])):
            for tap, place in enumerate(places):
                features = read(x, place).reshape(self.groups, inner)
                padding = not inside(place, sizes)
                result[at(position)] += tally.apply(weight[..., tap], features, padding).reshape(-1)
            result[at(position)] += bias
        return result

    def positions(self, sizes: list[int]) -> list[int]:
        """How many windows there are on each axis."""
        return [
            window(axis, size, self.kernel, self.stride, self.padding, self.dilation).positions(size)
            for axis, size in enumerate(sizes)
        ]


@dataclass(frozen=True)
class DepthwiseConv(Layer):
    """A convolution with a group for every channel, and `multiplier` filters in each."""

    op = "depthwise_conv"
    kernel: Axes
    stride: Axes
    padding: Padding
    dilation: Axes
    multiplier: int
    bias: bool

    def law(self, axis: int, size: int) -> Law:
        return window(axis, size, self.kernel, self.stride, self.padding, self.dilation).law

    def run(self, x: Array, tally: Tally) -> Array:
        out, groups = len(x) * self.multiplier, len(x)
        conv = Conv(out, self.kernel, self.stride, self.padding, self.dilation, groups, self.bias)
        return conv.run(x, tally)


@dataclass(frozen=True)
class TransposedConv(Layer):
    """Each input position adds a kernel, times its features, onto a canvas; then the edges are cut."""

    op = "transposed_conv"
    out: int
    kernel: Axes
    stride: Axes
    padding: tuple[tuple[int, int], ...]
    output_padding: Axes
    dilation: Axes
    groups: int
    bias: bool

    def law(self, axis: int, size: int) -> Law:
        (before, _), stride = self.padding[axis], self.stride[axis]

        def taps(q: int) -> list[int]:
            reached = [q + before - tap * self.dilation[axis] for tap in range(self.kernel[axis])]
            return [place // stride for place in reached if place % stride == 0]

        return Law(taps, period=stride)

    def run(self, x: Array, tally: Tally) -> Array:
        channels, *sizes = x.shape
        inner, outer = channels // self.groups, self.out // self.groups
        weight = tally.learn(channels, outer, *self.kernel)
        bias = tally.learn(self.out) if self.bias else np.zeros(self.out)
        by_group = weight.reshape(self.groups, inner, outer, -1).swapaxes(1, 2)
        canvas = np.zeros((self.out, *(self.canvas(axis, size) for axis, size in enumerate(sizes))))
        kept = trim(np.arange(canvas[0].size).reshape(1, *canvas.shape[1:]), self.padding)
        for place in np.ndindex(*sizes):
            features = x[at(place)].reshape(self.groups, inner)
            for tap, offset in enumerate(np.ndindex(*self.kernel)):
                moves = zip(place, self.stride, offset, self.dilation, strict=True)
                target = [p * s + t * d for p, s, t, d in moves]
                cut = np.ravel_multi_index(target, canvas.shape[1:]) not in kept
                canvas[at(target)] += tally.apply(by_group[..., tap], features, bool(cut)).reshape(-1)
        return trim(canvas, self.padding) + bias.reshape(-1, *[1] * len(sizes))

    def canvas(self, axis: int, size: int) -> int:
        """The room that the kernels of all input positions need, and the rows added at the end."""
        last = (size - 1) * self.stride[axis] + (self.kernel[axis] - 1) * self.dilation[axis]
        return last + 1 + self.output_padding[axis]


@dataclass(frozen=True)
class Pool(Layer):
    """A window over each channel by itself; the stride is the kernel unless given."""

    kernel: Axes
    stride: Axes | None
    padding: Padding
    dilation: Axes | None  # None: this pool has none
    ceil_mode: bool

    def window(self, axis: int, size: int) -> Window:
        """The window on one axis."""
        stride = self.kernel if self.stride is None else self.stride
        return window(axis, size, self.kernel, stride, self.padding, self.dilation or (1,) * len(stride))

    def law(self, axis: int, size: int) -> Law:
        return self.window(axis, size).law

    def run(self, x: Array, tally: Tally) -> Array:
        windows = [self.window(axis, size) for axis, size in enumerate(x.shape[1:])]
        out = [w.positions(n, self.ceil_mode) for w, n in zip(windows, x.shape[1:], strict=True)]
        result = np.zeros((len(x), *out))
        for position, places in visit([w.law for w in windows], out):
            result[at(position)] = self.summary(x, places, [w.after for w in windows])
        return result

    def summary(self, x: Array, places: list[Axes], after: list[int]) -> Array:
        """One number per channel for what the window sees."""
        raise NotImplementedError


@dataclass(frozen=True)
class AvgPool(Pool):
    """The mean, padding zeros included; what hangs over beyond the padding is no part of the window."""

    op = "avg_pool"

    def summary(self, x: Array, places: list[Axes], after: list[int]) -> Array:
        ends = [size + pad for size, pad in zip(x.shape[1:], after, strict=True)]
        places = [place for place in places if all(p < end for p, end in zip(place, ends, strict=True))]
        summary: Array = np.mean([read(x, place) for place in places], axis=0)
        return summary


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest; padding never is."""

    op = "max_pool"

    def summary(self, x: Array, places: list[Axes], after: list[int]) -> Array:
        summary: Array = np.max([read(x, place, -np.inf) for place in places], axis=0)
        return summary
