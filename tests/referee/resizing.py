"""Layers that change the number of positions without a sliding kernel."""

from dataclasses import dataclass
from math import gcd, prod
from typing import Literal

import numpy as np

from .network import Axes, Law, Layer
from .sliding import at, read, trim, visit
from .tally import Array, Tally


def laws(layer: Layer, x: Array) -> list[Law]:
    """The law of a layer on each axis of its input."""
    return [layer.law(axis, size) for axis, size in enumerate(x.shape[1:])]


def stretched(size: int, out: int) -> tuple[int, int]:
    """The period and step of a law that maps `out` positions to `size`: 2 to 3, then again 2 to 3."""
    return out // gcd(size, out), size // gcd(size, out)


@dataclass(frozen=True)
class AdaptivePool(Layer):
    """As many windows as are asked for, each from where its share begins to where its share ends."""

    size: Axes

    @property
    def takes_all(self) -> bool:
        return prod(self.size) == 1  # a global pool that leaves the axes standing

    def law(self, axis: int, size: int) -> Law:
        out = self.size[axis]
        period, step = stretched(size, out)
        return Law(lambda q: list(range(q * size // out, -(-(q + 1) * size // out))), period, step)

    def run(self, x: Array, tally: Tally) -> Array:
        result = np.zeros((len(x), *self.size))
        for position, places in visit(laws(self, x), list(self.size)):
            result[at(position)] = self.summary(np.array([read(x, place) for place in places]))
        return result

    def summary(self, seen: Array) -> Array:
        """One number per channel."""
        raise NotImplementedError


@dataclass(frozen=True)
class AdaptiveAvgPool(AdaptivePool):
    """The mean of each share."""

    op = "adaptive_avg_pool"

    def summary(self, seen: Array) -> Array:
        summary: Array = np.mean(seen, axis=0)
        return summary


@dataclass(frozen=True)
class AdaptiveMaxPool(AdaptivePool):
    """The largest of each share."""

    op = "adaptive_max_pool"

    def summary(self, seen: Array) -> Array:
        summary: Array = np.max(seen, axis=0)
        return summary


@dataclass(frozen=True)
class Upsample(Layer):
    """Repeat the nearest position, or draw straight lines between the centres of positions."""

    op = "upsample"
    scale: Axes | None
    size: Axes | None
    mode: Literal["nearest", "linear"]

    def out(self, axis: int, size: int) -> int:
        """How many positions the output has on this axis."""
        if self.size is not None:
            return self.size[axis]
        assert self.scale is not None
        return size * self.scale[axis]

    def law(self, axis: int, size: int) -> Law:
        out = self.out(axis, size)

        def nearest(q: int) -> list[int]:
            return [q * size // out]

        def linear(q: int) -> list[int]:
            # the centre of q lies at (q + 1/2) * size / out - 1/2, here in units of 1 / (2 * out)
            whole, rest = divmod((2 * q + 1) * size - out, 2 * out)
            return [whole, whole + 1] if rest else [whole]

        return Law(nearest if self.mode == "nearest" else linear, *stretched(size, out))

    def run(self, x: Array, tally: Tally) -> Array:
        sizes = x.shape[1:]
        out = [self.out(axis, size) for axis, size in enumerate(sizes)]
        result = np.zeros((len(x), *out))
        for position, places in visit(laws(self, x), out):
            for place in places:
                inside = [min(max(p, 0), size - 1) for p, size in zip(place, sizes, strict=True)]
                result[at(position)] += self.share(position, place, sizes, out) * x[at(inside)]
        return result

    def share(self, position: Axes, place: Axes, sizes: Axes, out: list[int]) -> float:
        """How much of the value at `place` arrives at `position`: the nearer, the more."""
        if self.mode == "nearest":
            return 1.0
        centres = [(q + 0.5) * size / n - 0.5 for q, size, n in zip(position, sizes, out, strict=True)]
        return prod(1 - abs(centre - p) for centre, p in zip(centres, place, strict=True))


@dataclass(frozen=True)
class PixelShuffle(Layer):
    """Deal the channels out over `scale` positions per axis."""

    op = "pixel_shuffle"
    scale: int

    def law(self, axis: int, size: int) -> Law:
        return Law(lambda q: [q // self.scale], period=self.scale)

    def run(self, x: Array, tally: Tally) -> Array:
        fine = (self.scale,) * (x.ndim - 1)
        out = [size * self.scale for size in x.shape[1:]]
        result = np.zeros((len(x) // prod(fine), *out))
        for position, (place,) in visit(laws(self, x), out):
            corner = np.ravel_multi_index([q % self.scale for q in position], fine)
            result[at(position)] = x[int(corner) :: prod(fine)][at(place)]
        return result


@dataclass(frozen=True)
class Pad(Layer):
    """Zeros around the positions, and around the channels."""

    op = "pad"
    padding: tuple[tuple[int, int], ...]
    channels: tuple[int, int]

    def law(self, axis: int, size: int) -> Law:
        return Law(lambda q: [q - self.padding[axis][0]])

    def run(self, x: Array, tally: Tally) -> Array:
        return np.pad(x, (self.channels, *self.padding))


@dataclass(frozen=True)
class Subsample(Layer):
    """Every `stride`-th position, beginning with the first."""

    op = "subsample"
    view = True
    stride: Axes

    def law(self, axis: int, size: int) -> Law:
        return Law(lambda q: [q * self.stride[axis]], step=self.stride[axis])

    def run(self, x: Array, tally: Tally) -> Array:
        return x[at(slice(None, None, step) for step in self.stride)]


@dataclass(frozen=True)
class Crop(Layer):
    """Cut `margin` off; or keep the middle `size`, with the odd row cut from the end."""

    op = "crop"
    view = True
    size: Axes | None
    margin: tuple[tuple[int, int], ...] | None

    def cut(self, axis: int, size: int) -> tuple[int, int]:
        """What is cut before and after."""
        if self.margin is not None:
            return self.margin[axis]
        assert self.size is not None
        both = size - self.size[axis]
        return both // 2, both - both // 2

    def law(self, axis: int, size: int) -> Law:
        before, _ = self.cut(axis, size)
        return Law(lambda q: [q + before])

    def run(self, x: Array, tally: Tally) -> Array:
        return trim(x, [self.cut(axis, size) for axis, size in enumerate(x.shape[1:])])
