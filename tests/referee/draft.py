"""Random layers, each valid for what flows in.

Every layer is run as it is drawn, so that the next one can be fitted to what came out.
"""

from dataclasses import dataclass
from math import gcd, prod
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from . import features, resizing, sliding
from .execute import join
from .network import Axes, Joint, Layer, Merge, Padding, Steps
from .tally import Array, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LONGEST = {1: 9, 2: 9, 3: 4}  # positions on an axis, by the number of axes
KERNEL = {1: 4, 2: 4, 3: 2}
CHANNELS = 6


@dataclass
class Draft:
    """Steps drawn so far, and what comes out of them."""

    draw: DrawFn
    x: Array
    steps: Steps = ()

    @property
    def sizes(self) -> Axes:
        """Positions on each axis."""
        return self.x.shape[1:]

    @property
    def room(self) -> int:
        """How many times the longest axis still fits into what an axis should have at most."""
        return LONGEST[len(self.sizes)] // max(self.sizes)

    def put(self, layer: Layer) -> None:
        """Add a layer and run it."""
        self.steps += (layer,)
        self.x = layer.run(self.x, Tally())

    def merge(self, op: Joint, ends: "list[Draft]") -> None:
        """Join branches that began here."""
        self.steps += (Merge(op, tuple(end.steps for end in ends)),)
        self.x = join(op, [end.x for end in ends])

    def branch(self) -> "Draft":
        """A new draft that begins where this one has come to."""
        return Draft(self.draw, self.x)

    def yes(self) -> bool:
        """Heads or tails."""
        return self.draw(st.booleans())

    def one(self, choices: list[T]) -> T:
        """One of these."""
        return self.draw(st.sampled_from(choices))

    def number(self, least: int, most: int) -> int:
        """A whole number."""
        return self.draw(st.integers(least, max(least, most)))

    def axes(self, least: int, most: int) -> Axes:
        """A number for each axis, half of the time the same."""
        if self.yes():
            return (self.number(least, most),) * len(self.sizes)
        return tuple(self.number(least, most) for _ in self.sizes)

    def sides(self, most: Axes) -> tuple[tuple[int, int], ...]:
        """Numbers before and after each axis, half of the time the same."""
        before = tuple(self.number(0, limit) for limit in most)
        after = before if self.yes() else tuple(self.number(0, limit) for limit in most)
        return tuple(zip(before, after, strict=True))

    def divisor(self) -> int:
        """A number of groups for the channels."""
        return self.one([d for d in range(1, CHANNELS + 1) if len(self.x) % d == 0])


def window(draft: Draft, stride: Axes) -> tuple[Axes, Axes, Padding, Axes]:
    """Kernel, stride, padding and dilation of a convolution that fits."""
    kernel, dilation = draft.axes(1, KERNEL[len(draft.sizes)]), draft.axes(1, 2)
    words: list[Padding] = ["same", "valid", draft.sides((2 if draft.room else 0,) * len(stride))]
    padding = draft.one(words)
    if padding != "same":
        sides = [(0, 0)] * len(stride) if padding == "valid" else padding
        space = [before + size + after for (before, after), size in zip(sides, draft.sizes, strict=True)]
        kernel = tuple(min(k, n) for k, n in zip(kernel, space, strict=True))
        lines = zip(dilation, kernel, space, strict=True)
        dilation = tuple(d if (k - 1) * d < n else 1 for d, k, n in lines)
    return kernel, stride, padding, dilation


def conv(draft: Draft, stride: Axes) -> Layer:
    """Any convolution."""
    kernel, stride, padding, dilation = window(draft, stride)
    groups = draft.divisor()
    out = groups * draft.number(1, CHANNELS // groups)
    return sliding.Conv(out, kernel, stride, padding, dilation, groups, draft.yes())


def depthwise_conv(draft: Draft, stride: Axes) -> Layer:
    """Any depthwise convolution."""
    multiplier = draft.number(1, CHANNELS // len(draft.x))
    return sliding.DepthwiseConv(*window(draft, stride), multiplier, draft.yes())


def pool(draft: Draft, stride: Axes | None) -> Layer:
    """A max or average pool, padded by at most half its kernel."""
    most = KERNEL[len(draft.sizes)]
    kernel = tuple(draft.number(1, min(most, size)) for size in draft.sizes)
    words: list[Padding] = ["same", "valid", draft.sides(tuple(k // 2 for k in kernel))]
    padding = draft.one(words)
    if draft.yes():
        return sliding.AvgPool(kernel, stride, padding, None, draft.yes())
    dilation = tuple(2 if 2 * k - 1 <= n and draft.yes() else 1 for k, n in zip(kernel, draft.sizes, strict=True))
    return sliding.MaxPool(kernel, stride, padding, dilation, draft.yes())


def transposed_conv(draft: Draft, stride: Axes) -> Layer:
    """A transposed convolution; one in four may leave output positions without any input."""
    least = (1,) * len(stride) if draft.number(0, 3) == 3 else stride
    kernel = tuple(draft.number(low, KERNEL[len(stride)]) for low in least)
    dilation = draft.axes(1, 2)
    if least == stride:
        dilation = tuple(d if gcd(d, s) == 1 else 1 for d, s in zip(dilation, stride, strict=True))
    lines = list(zip(draft.sizes, stride, kernel, dilation, strict=True))
    extra = tuple(draft.number(0, max(s, d) - 1) for _, s, _, d in lines)
    padding = draft.sides(tuple(min(2, ((n - 1) * s + (k - 1) * d) // 2) for n, s, k, d in lines))
    groups = draft.divisor()
    out = groups * draft.number(1, CHANNELS // groups)
    return sliding.TransposedConv(out, kernel, stride, padding, extra, dilation, groups, draft.yes())


def upsample(draft: Draft, scale: Axes) -> Layer:
    """More positions by a whole factor."""
    return resizing.Upsample(scale, None, draft.one(["nearest", "linear"]))


def subsample(draft: Draft, stride: Axes) -> Layer:
    """Every so many positions."""
    return resizing.Subsample(stride)


def strided(draft: Draft, stride: Axes) -> None:
    """One layer with this stride."""
    draft.put(draft.one([conv, depthwise_conv, pool, subsample])(draft, stride))


def grown(draft: Draft, scale: Axes) -> None:
    """One layer that multiplies the positions."""
    even, corner = len(set(scale)) == 1, prod(scale)
    if even and len(draft.x) % corner == 0 and draft.yes():
        draft.put(resizing.PixelShuffle(scale[0]))
    else:
        draft.put(draft.one([transposed_conv, upsample])(draft, scale))


def edged(draft: Draft) -> None:
    """Zeros around, or something cut off."""
    if draft.yes() and draft.room:
        channels = (draft.number(0, 1), draft.number(0, 1)) if len(draft.x) < CHANNELS else (0, 0)
        draft.put(resizing.Pad(draft.sides((2,) * len(draft.sizes)), channels))
    elif draft.yes():
        draft.put(resizing.Crop(tuple(draft.number(1, size) for size in draft.sizes), None))
    else:
        draft.put(resizing.Crop(None, draft.sides(tuple((size - 1) // 2 for size in draft.sizes))))


def featured(draft: Draft) -> None:
    """One layer that works on the features of each position."""
    channels = len(draft.x)
    start = draft.number(0, channels - 1)
    chosen = draft.draw(st.lists(st.integers(0, channels - 1), min_size=1, max_size=channels, unique=True))
    choices: list[Layer] = [features.Pointwise(name) for name in features.POINTWISE]
    choices += [features.BatchNorm(draft.yes(), draft.yes()), features.PRelu(draft.yes())]
    choices += [features.Scale(draft.yes()), features.Dropout(), features.ChannelShuffle(draft.divisor())]
    choices += [
        features.Slice(start, draft.number(start + 1, channels)),
        features.Select(tuple(sorted(chosen))),
    ]
    if draft.x.ndim <= 2:
        choices.append(features.Linear(draft.number(1, CHANNELS), draft.yes()))
    draft.put(draft.one(choices))


def resized(draft: Draft, sizes: Axes) -> None:
    """One layer that makes exactly these positions out of all it has."""
    choices: list[Layer] = [resizing.AdaptiveAvgPool(sizes), resizing.AdaptiveMaxPool(sizes)]
    choices += [resizing.Upsample(None, sizes, "nearest"), resizing.Upsample(None, sizes, "linear")]
    draft.put(draft.one(choices))


def still(draft: Draft) -> None:
    """One convolution or pool that moves by one."""
    strided(draft, (1,) * len(draft.sizes))


def steady(draft: Draft) -> None:
    """A few layers that move one input position per output position."""
    for _ in range(draft.number(0, 2)):
        draft.one([still, still, featured, edged])(draft)


def free(draft: Draft) -> None:
    """One layer of any kind."""
    choices: list[Callable[[Draft], None]] = [edged, featured, featured]
    choices += [lambda d: strided(d, d.axes(1, 3))] * 3
    choices.append(lambda d: d.put(pool(d, None)))
    choices.append(lambda d: resized(d, d.axes(1, LONGEST[len(d.sizes)] // 2 + 1)))
    if draft.room > 1:
        choices += [lambda d: grown(d, d.axes(1, min(3, d.room)))] * 2
    draft.one(choices)(draft)
