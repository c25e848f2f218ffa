"""Pooling: one number for each window of each channel."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import UndecidedError
from archcalc.limits import LIMITS
from archcalc.ops.op import WHOLE, Op, Requirement
from archcalc.ops.slide import Sliding, axes, windows
from archcalc.recorded import Shape, Size, ceil_divide, is_free, product, total
from archcalc.saved import INDEX, INPUT, NOTHING, Own, Saved
from archcalc.shape import features, has_space, space, with_space
from archcalc.window import Reach, Window
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Count, Flag, Padding, PerAxis


class Pool(Sliding):
    """A pool over windows; the stride is the kernel unless said otherwise."""

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    ceil_mode: Flag = False

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each space axis."""
        return self._windows(x, 1)

    def _windows(self, x: Shape, dilation: PerAxis) -> tuple[Window, ...]:
        stride = self.kernel if self.stride is None else self.stride
        sizes = has_space(x, "a pool")
        return windows(sizes, self.kernel, stride, self.padding, dilation, ceil_mode=self.ceil_mode)

    def channels(self, x: Shape) -> Size:
        """Those of the input."""
        return features(x)

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """The window fits; padding is at most half of it, so that no window lies in the padding alone."""
        yield from super().requires(x)
        if self.padding != 0 and not isinstance(self.padding, str):
            for window in self.windows(x):
                reason = (
                    f"padding {window.before} is more than half of the kernel: a window would see nothing but padding"
                )
                yield Requirement(2 * window.before, "<=", window.span, reason)

    def elements(self, x: Shape) -> Size:
        """How many elements a window holds."""
        return product(axes(self.kernel, len(x) - 1))


class MaxPool(Pool):
    """The largest element of each window; the stride is the kernel unless given.

    output: floor((size - span + padding)/stride) + 1, or with ceil_mode the ceiling, less a last window that would
    start past the end; compares: kernel elements - 1 per output. Source: Dumoulin and Visin 2016, arXiv:1603.07285,
    section 3; ceil_mode as in PyTorch's MaxPool2d.
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    dilation: PerAxis = 1
    ceil_mode: Flag = False
    example: ClassVar[str] = "max_pool: 2"

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each space axis."""
        return self._windows(x, self.dilation)

    def work(self, output: Shape, x: Shape) -> Work:
        """One compare less than the window has elements."""
        return Work(compares=product(output) * (self.elements(x) - 1))

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and where the largest element of each window is."""
        return _places(output)


class AvgPool(Pool):
    """The mean of each window; the stride is the kernel unless given.

    output: as max_pool; kernel elements - 1 additions and a division per output. Source: LeCun et al. 1990,
    "Handwritten Digit Recognition with a Back-Propagation Network".
    """

    example: ClassVar[str] = "avg_pool: 2"

    def work(self, output: Shape, x: Shape) -> Work:
        """The sum of the window and one division."""
        outputs = product(output)
        return Work(adds=outputs * (self.elements(x) - 1), divides=outputs)


class LpPool(Pool):
    """The p-th root of the sum of p-th powers of each window; the stride is the kernel unless given.

    output: as max_pool; a power per element, their sum and a root. Source: Sermanet, Chintala and LeCun 2012,
    arXiv:1204.3968, section 2.2.
    """

    kernel: PerAxis
    stride: PerAxis | None = None
    power: Count = 2
    padding: Padding = 0
    ceil_mode: Flag = False
    example: ClassVar[str] = "lp_pool: 2"

    def work(self, output: Shape, x: Shape) -> Work:
        """A power per element, their sum, and a root."""
        outputs, elements = product(output), self.elements(x)
        return Work(adds=outputs * (elements - 1), elementary=outputs * elements + outputs)

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input and the output."""
        return Saved(inputs=(0,), output=True)


class GlobalPool(Op):
    """A pool over all positions: a vector of the features is left."""

    def output(self, x: Shape) -> Shape:
        """The features."""
        has_space(x, "a global pool")
        return (features(x),)

    def reach(self, output: Shape, x: Shape) -> None:
        """All there is."""
        return WHOLE


class GlobalAvgPool(GlobalPool):
    """The mean of each channel over all positions.

    output: the features as a vector; positions - 1 additions and a division each. Source: Lin, Chen and Yan 2013,
    arXiv:1312.4400, section 3.2.
    """

    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "global_avg_pool"

    def work(self, output: Shape, x: Shape) -> Work:
        """The sum of all positions and one division, per channel."""
        return Work(adds=features(x) * (product(space(x)) - 1), divides=features(x))


class GlobalMaxPool(GlobalPool):
    """The largest element of each channel over all positions.

    output: the features as a vector; positions - 1 compares each. Source: Oquab et al. 2015, "Is object localization
    for free?", section 3.
    """

    example: ClassVar[str] = "global_max_pool"

    def work(self, output: Shape, x: Shape) -> Work:
        """One compare less than there are positions, per channel."""
        return Work(compares=features(x) * (product(space(x)) - 1))

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and where the largest element of each channel is."""
        return _places(output)


class AdaptivePool(Op):
    """A pool whose windows share the input out over `size` outputs.

    Output i of m sees positions floor(i*n/m) .. ceil((i + 1)*n/m) - 1 of n; windows may overlap.
    Source: He et al. 2014, arXiv:1406.4729, section 2.3; rounding as in PyTorch's AdaptiveAvgPool2d.
    """

    size: PerAxis

    def output(self, x: Shape) -> Shape:
        """`size` positions per axis."""
        return with_space(x, axes(self.size, len(has_space(x, "an adaptive pool")), "size"))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """The share of each output; all there is where one output takes all."""
        if all(size == 1 for size in space(output)):
            return WHOLE
        return tuple(map(_share, space(x), space(output)))

    def seen(self, output: Shape, x: Shape) -> Size:
        """How many elements all windows hold together, each counted in every window it is in."""
        return features(x) * product([_total_share(n, m) for n, m in zip(space(x), space(output), strict=True)])


class AdaptiveAvgPool(AdaptivePool):
    """The mean of each of `size` equal shares of the input.

    output: size per axis; output i of m sees positions floor(i*n/m) .. ceil((i + 1)*n/m) - 1 of n.
    Source: He et al. 2014, arXiv:1406.4729, section 2.3; rounding as in PyTorch's AdaptiveAvgPool2d.
    """

    example: ClassVar[str] = "adaptive_avg_pool: 4"

    def work(self, output: Shape, x: Shape) -> Work:
        """The sum of each share and one division."""
        outputs = product(output)
        return Work(adds=self.seen(output, x) - outputs, divides=outputs)

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, as in PyTorch, though only its sizes are needed; one mean of all needs nothing."""
        return NOTHING if all(size == 1 for size in space(output)) else INPUT


class AdaptiveMaxPool(AdaptivePool):
    """The largest element of each of `size` equal shares of the input.

    output: size per axis; output i of m sees positions floor(i*n/m) .. ceil((i + 1)*n/m) - 1 of n.
    Source: He et al. 2014, arXiv:1406.4729, section 2.3; rounding as in PyTorch's AdaptiveMaxPool2d.
    """

    example: ClassVar[str] = "adaptive_max_pool: 4"

    def work(self, output: Shape, x: Shape) -> Work:
        """One compare less than a share has elements."""
        return Work(compares=self.seen(output, x) - product(output))

    def saved(self, output: Shape, x: Shape) -> Saved:
        """The input, and where the largest element of each share is."""
        return _places(output)


def _places(output: Shape) -> Saved:
    return Saved(inputs=(0,), own=(Own(product(output), INDEX),))


def _share(size: Size, outputs: Size) -> Reach:
    """Which of `size` positions each of `outputs` shares holds."""
    period = int(outputs) if is_free(size) else int(outputs) // gcd(int(size), int(outputs))
    if period > LIMITS.period:
        raise UndecidedError(f"{outputs} shares of {size} make the receptive field too irregular to follow")
    shares = ((i * size // outputs, ceil_divide((i + 1) * size, outputs) - 1) for i in range(period))
    return Reach(size * period // outputs, tuple(shares))


def _total_share(size: Size, outputs: Size) -> Size:
    """How many positions the shares of one axis hold together: size + outputs - gcd(size, outputs)."""
    if not is_free(size) and not is_free(outputs):
        return size + outputs - gcd(int(size), int(outputs))
    if size is outputs or outputs == 1:
        return size
    if is_free(outputs) or outputs > LIMITS.period:
        raise UndecidedError(f"how the windows of {outputs} shares overlap depends on a free symbol")
    # gcd(n, m) is the sum of phi(d) over the divisors d of m that divide n: n//d - (n - 1)//d is 1 for these, else 0.
    count = int(outputs)
    common = [_phi(d) * (size // d - (size - 1) // d) for d in range(2, count + 1) if count % d == 0]
    return size + count - 1 - total(common)


def _phi(number: int) -> int:
    """Euler's totient: how many of 1..number have no divisor with it in common."""
    return sum(1 for i in range(1, number + 1) if gcd(i, number) == 1)
