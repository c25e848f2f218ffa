"""Operators that make maps larger without weights."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ArgumentError, UndecidedError
from archcalc.limits import LIMITS
from archcalc.ops.op import Op, Requirement
from archcalc.ops.slide import axes
from archcalc.recorded import Shape, Size, product
from archcalc.saved import NOTHING, Saved
from archcalc.shape import features, has_space, space, with_features, with_space
from archcalc.window import Interval, Reach
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archcalc.ops.arguments import Count, Mode, PerAxis

TAPS = {"nearest": 1, "linear": 2, "cubic": 4}  # inputs per axis that an output is made of


class Upsample(Op):
    """Resample every space axis: `scale` times as long (2 if neither is given), or to `size`.

    Output o of m sees input floor(o*n/m) of n (nearest), or its neighbours around (o + 1/2)*n/m - 1/2 (linear, cubic);
    per output taps multiplications and taps - 1 additions, no mult-adds. Source: Long, Shelhamer and Darrell 2014,
    arXiv:1411.4038, section 3.3; positions as in PyTorch's Upsample without align_corners.
    """

    scale: PerAxis | None = None
    size: PerAxis | None = None
    mode: Mode = "nearest"
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "upsample: 2"

    def output(self, x: Shape) -> Shape:
        """The longer axes."""
        sizes = has_space(x, "upsample")
        if self.scale is not None and self.size is not None:
            raise ArgumentError("upsample takes either scale or size")
        if self.size is not None:
            return with_space(x, axes(self.size, len(sizes), "size"))
        return with_space(x, tuple(n * scale for n, scale in zip(sizes, self._scales(x), strict=True)))

    def work(self, output: Shape, x: Shape) -> Work:
        """A weighted sum of the taps; nearest copies."""
        taps = TAPS[self.mode] ** len(space(x))
        if taps == 1:
            return NO_WORK
        outputs = product(output)
        return Work(multiplies=outputs * taps, adds=outputs * (taps - 1))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """Periodic: the neighbours of the position that an output falls on."""
        if self.size is None:
            return tuple(_resampled(1, scale, self.mode) for scale in self._scales(x))
        return tuple(_resampled(n, m, self.mode) for n, m in zip(space(x), space(output), strict=True))

    def _scales(self, x: Shape) -> Shape:
        return axes(2 if self.scale is None else self.scale, len(x) - 1, "scale")


class PixelShuffle(Op):
    """Lay out channels/scale**axes of the channels as scale times longer space axes.

    output: channels/scale**axes, each space axis times scale. Source: Shi et al. 2016, arXiv:1609.05158, equation 4.
    """

    scale: Count
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "pixel_shuffle: 2"
    example_input: ClassVar[str] = "[8, 4, 4]"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The channels fill the new positions without rest."""
        block = self.scale ** len(has_space(x, "pixel_shuffle"))
        yield Requirement(
            features(x) % block, "==", 0, f"{features(x)} channels do not fill blocks of {block} positions"
        )

    def output(self, x: Shape) -> Shape:
        """Fewer channels, longer axes."""
        sizes = tuple(n * self.scale for n in space(x))
        return with_features(with_space(x, sizes), features(x) // self.scale ** len(sizes))

    def work(self, output: Shape, x: Shape) -> Work:
        """None: copies are free."""
        return NO_WORK

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """`scale` outputs see the same position."""
        return tuple(_resampled(1, self.scale, "nearest") for _ in space(x))


def _resampled(size: Size, outputs: Size, mode: str) -> Reach:
    """What each output sees when `size` positions become `outputs`."""
    n, m = int(size), int(outputs)
    period, step = m // gcd(n, m), n // gcd(n, m)
    if period > LIMITS.period:
        raise UndecidedError(f"{n} positions resampled to {m} make the receptive field too irregular to follow")
    sees = _SEES[mode]
    return Reach(step, tuple(sees(o, n, m) for o in range(period)))


def _linear(o: int, n: int, m: int) -> Interval:
    low, rest = divmod((2 * o + 1) * n - m, 2 * m)
    return low, low + (rest > 0)


def _cubic(o: int, n: int, m: int) -> Interval:
    low, rest = divmod((2 * o + 1) * n - m, 2 * m)
    return (low - 1, low + 2) if rest else (low, low)


_SEES: dict[str, Callable[[int, int, int], Interval]] = {
    "nearest": lambda o, n, m: (o * n // m, o * n // m),
    "linear": _linear,
    "cubic": _cubic,
}
