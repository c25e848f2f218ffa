"""How one output position sees its input along one axis, and how such views compose.

Laws of composition: Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from functools import reduce
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archcalc.errors import UndecidedError
from archcalc.limits import LIMITS
from archcalc.recorded import Recorded, Size, ceil_divide, maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Callable

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
            windows = tuple(w and (low + step * w[0], high + step * w[1]) for w in local.windows)
            return Reach(step * local.step, windows).reduced()
        step, dilation = local.step, local.dilation
        ends = [end for window in local.windows for end in window or ()]
        if isinstance(step, Recorded) or isinstance(dilation, Recorded) or any(isinstance(e, Recorded) for e in ends):
            return None
        turns = self.period // gcd(step, self.period)
        if turns * local.period > LIMITS.period:
            return None
        hull = self._hulls(dilation)
        windows = tuple(
            w and hull(w[0] + turn * step, w[1] + turn * step)  # type: ignore[arg-type]
            for turn in range(turns)
            for w in local.windows
        )
        return Reach(self.step * (step * turns // self.period), windows).reduced()

    def _hulls(self, every: int) -> Callable[[int, int], Interval]:
        """What every so many of the positions first..last see together, by runs of 1, 2, 4, ... such positions.

        The views of one residue only move on, so the first and the last position of each residue are enough.
        """
        residues = self.period // gcd(every, self.period)
        runs = [self]

        def hull(first: int, last: int) -> Interval:
            taps = (last - first) // every + 1
            few = min(taps, residues)
            level = few.bit_length() - 1
            while len(runs) <= level:
                run, half = runs[-1], every << (len(runs) - 1)
                runs.append(Reach(self.step, tuple([join(run._at(i), run._at(i + half)) for i in range(self.period)])))
            rest, late = every * (few - (1 << level)), every * (taps - few)
            return reduce(join, [runs[level]._at(first + shift) for shift in (0, rest, late, late + rest)])

        return hull

    def _at(self, position: int) -> Interval:
        turn, place = divmod(position, self.period)
        window = self.windows[place]
        return window and (window[0] + turn * self.step, window[1] + turn * self.step)

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
        period = lcm(self.period, other.period)
        if period > LIMITS.period:
            raise UndecidedError(f"a receptive field that repeats every {period} positions is too irregular to follow")
        windows = tuple(join(self._at(i), other._at(i)) for i in range(period))
        return Reach(self.step * (period // self.period), windows).reduced()

    def reduced(self) -> Reach:
        """The same view with the shortest period."""
        period = self.period
        if period == 1 or isinstance(self.step, Recorded):
            return self
        for shorter in range(1, period):
            if period % shorter == 0 and self.step * shorter % period == 0:
                candidate = Reach(self.step * shorter // period, self.windows[:shorter])
                if all(candidate._at(i) == self.windows[i] for i in range(period)):
                    return candidate
        return self


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
