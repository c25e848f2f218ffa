"""How one output position sees its input along one axis, and how such views compose.

Laws of composition: Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from archcalc.errors import UndecidedError
from archcalc.recorded import Recorded, Size, ceil_divide, maximum, minimum

Interval: TypeAlias = "tuple[Size, Size] | None"


class Window(NamedTuple):
    """A sliding window on one axis: kernel, stride, padding on both ends, dilation, and what decides the last step."""

    kernel: Size = 1
    stride: Size = 1
    before: Size = 0
    after: Size = 0
    dilation: Size = 1
    ceil_mode: bool = False
    same: bool = False  # the padding was chosen for ceil(size / stride) outputs

    @property
    def span(self) -> Size:
        """How many positions the window covers, its holes included."""
        return self.kernel if self.dilation == 1 else self.dilation * (self.kernel - 1) + 1

    @property
    def padding(self) -> Size:
        """The padding of both ends together."""
        return 2 * self.before if self.after is self.before else self.before + self.after

    def output(self, size: Size) -> Size:
        """How many positions the window takes on an axis of `size` (Dumoulin and Visin 2016, relationship 6).

        With ceil_mode a last window may hang over the end, but must start inside the input or its leading padding
        (PyTorch's rule): ceil((size + min(before, padding + stride - span)) / stride).
        """
        if self.same:
            return size if self.stride == 1 else ceil_divide(size, self.stride)
        if self.ceil_mode:
            return ceil_divide(size + minimum(self.before, self.padding + self.stride - self.span), self.stride)
        fits = size - self.span + self.padding if self.padding != 0 else size - self.span
        return fits // self.stride + 1

    def reach(self) -> Reach:
        """What an output position sees: `stride` further per position, from the leading padding on."""
        return Reach(self.stride, ((-self.before, self.span - 1 - self.before),), self.dilation)

    def room(self, size: Size) -> Size:
        """How far a window may span on an axis of `size`, so that there is at least one output."""
        padded = size + self.padding
        return padded + self.stride - 1 if self.ceil_mode else padded


def same(size: Size, kernel: Size, stride: Size = 1, dilation: Size = 1) -> Window:
    """The window of `padding: same` on an axis of `size`: ceil(size / stride) outputs (TensorFlow's rule).

    padding = max((ceil(size/stride) - 1)*stride + span - size, 0), the smaller half before.
    """
    span = Window(kernel=kernel, dilation=dilation).span
    padding = span - 1 if stride == 1 else maximum((ceil_divide(size, stride) - 1) * stride + span - size, 0)
    before = padding // 2
    return Window(kernel, stride, before, padding - before, dilation, same=True)


class Reach(NamedTuple):
    """Which input positions the positions of one axis see.

    With p = len(windows), position q*p + r sees lo + q*step .. hi + q*step, (lo, hi) = windows[r]; None sees nothing.
    Where the window has holes, it sees every `dilation`-th of these; what is seen through several layers is a hull.
    """

    step: Size = 1
    windows: tuple[Interval, ...] = ((0, 0),)
    dilation: Size = 1

    @property
    def period(self) -> int:
        """After how many positions the pattern repeats."""
        return len(self.windows)

    @property
    def size(self) -> Size:
        """How many positions the widest window sees."""
        widest: Size = 0
        for window in self.windows:
            if window is not None:
                size = window[1] - window[0] + 1
                widest = size if widest == 0 else maximum(widest, size)
        return widest

    def seen_through(self, local: Reach) -> Reach | None:
        """What the positions of a layer see, when its rule `local` says what they see of these.

        None where symbols or a period past the limit leave it open.
        """
        if len(self.windows) == 1:
            step, here = self.step, self.windows[0]
            if here is None:
                return Reach(step * local.step, (None,))
            low, high = here
            if len(local.windows) == 1 and (window := local.windows[0]) is not None:
                return Reach(step * local.step, ((low + step * window[0], high + step * window[1]),))
            from archcalc.periodic import reduced

            windows = tuple(w and (low + step * w[0], high + step * w[1]) for w in local.windows)
            return reduced(Reach(step * local.step, windows))
        from archcalc.periodic import seen_through

        return seen_through(self, local)

    def union(self, other: Reach) -> Reach | None:
        """What either sees, hull by hull; None where their strides differ.

        Raises UndecidedError where the period is past the limit or a free symbol decides.
        """
        if self == other:
            return self
        if self.step * other.period != other.step * self.period:
            return None
        if len(self.windows) == len(other.windows) == 1:
            joined = Reach(self.step, (join(self.windows[0], other.windows[0]),))
            return self if joined == self else other if joined == other else joined
        from archcalc.periodic import union

        return union(self, other)


def join(left: Interval, right: Interval) -> Interval:
    """The smallest interval around both; raises UndecidedError where that depends on a free symbol."""
    if left is None or right is None:
        return right if left is None else left
    if left == right:
        return left
    return _lower(left[0], right[0]), -_lower(-left[1], -right[1])


def _lower(left: Size, right: Size) -> Size:
    if not isinstance(left, Recorded) and not isinstance(right, Recorded):
        return min(left, right)
    from archcalc.symbolic.bounds import certainly

    below = certainly(left, "<=", right)
    if below is None:
        raise UndecidedError("which of two windows starts first depends on a free symbol")
    return left if below else right
