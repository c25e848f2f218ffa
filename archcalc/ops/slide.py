"""What convolutions and pools share: a window that slides over every space axis."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from archcalc.errors import ArgumentError
from archcalc.ops.op import Op, Requirement
from archcalc.shape import space, with_features, with_space
from archcalc.window import Reach, Window, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Amounts, Padding, PerAxis
    from archcalc.recorded import Shape, Size

T = TypeVar("T")


def listed(value: T | tuple[T, ...], rank: int, name: str) -> tuple[T, ...]:
    """One value for each space axis."""
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        raise ArgumentError(f"{name} lists {len(value)} axes, but the input has {rank}")
    return value


def axes(value: PerAxis, rank: int, name: str = "kernel") -> Shape:
    """One size for each space axis."""
    return listed(value, rank, name)


def sides(amounts: Amounts, rank: int, name: str = "padding") -> tuple[tuple[Size, Size], ...]:
    """The amounts before and after, for each space axis."""
    each = listed(amounts, rank, name)
    return tuple(amount if isinstance(amount, tuple) else (amount, amount) for amount in each)


def windows(
    sizes: Shape, kernel: PerAxis, stride: PerAxis, padding: Padding, dilation: PerAxis = 1, *, ceil_mode: bool = False
) -> tuple[Window, ...]:
    """The window on each axis of these sizes."""
    rank = len(sizes)
    if type(kernel) is int and type(stride) is int and type(padding) is int and type(dilation) is int:
        return _uniform(rank, kernel, stride, padding, dilation, ceil_mode)
    kernels, strides, dilations = axes(kernel, rank), axes(stride, rank, "stride"), axes(dilation, rank, "dilation")
    if isinstance(padding, str):
        if padding == "same":
            return tuple(map(same, sizes, kernels, strides, dilations))
        padding = 0
    return tuple(
        Window(k, s, before, after, d, ceil_mode)
        for k, s, (before, after), d in zip(kernels, strides, sides(padding, rank), dilations, strict=True)
    )


@lru_cache(maxsize=1024)
def _uniform(rank: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> tuple[Window, ...]:
    """One window for all axes: networks use few, many times."""
    return (Window(kernel, stride, padding, padding, dilation, ceil_mode),) * rank


def _alike(before: tuple[Size, Window] | None, size: Size, window: Window) -> bool:
    """Whether the axis before works out the same; recorded sizes of one value still have names of their own."""
    return (
        before is not None and before[1] is window and (before[0] is size or (type(size) is int and before[0] == size))
    )


class Sliding(Op):
    """An operator whose output position sees one window of the input."""

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each space axis."""
        raise NotImplementedError

    def channels(self, x: Shape) -> Size:
        """How many channels come out."""
        raise NotImplementedError

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """Every window fits into its padded axis at least once."""
        for size, window in zip(space(x), self.windows(x), strict=True):
            if not window.same:
                reason = "the kernel spans {left}, but the input with its padding is only {right}"
                yield Requirement(window.span, "<=", window.room(size), reason)

    def output(self, x: Shape) -> Shape:
        """As many positions on each axis as its window takes."""
        outputs: list[Size] = []
        before: tuple[Size, Window] | None = None
        for size, window in zip(space(x), self.windows(x), strict=True):
            outputs.append(outputs[-1] if _alike(before, size, window) else window.output(size))
            before = size, window
        return with_features(with_space(x, tuple(outputs)), self.channels(x))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """The window of each axis."""
        windows = self.windows(x)
        if all(window is windows[0] for window in windows):
            return (windows[0].reach(),) * len(windows)
        return tuple([window.reach() for window in windows])
