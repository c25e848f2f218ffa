"""Layers that work on the features of each position, and those that give up the positions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .network import Layer
from .tally import Array, Tally


def spread(vector: Array, x: Array) -> Array:
    """One number per channel, at every position of `x`."""
    return vector.reshape(-1, *[1] * (x.ndim - 1))


@dataclass(frozen=True)
class Linear(Layer):
    """One matrix for a vector, the same one for every token of a sequence."""

    op = "linear"
    out: int
    bias: bool

    def run(self, x: Array, tally: Tally) -> Array:
        weight = tally.learn(self.out, len(x))
        bias = tally.learn(self.out) if self.bias else np.zeros(self.out)
        tokens = x.reshape(len(x), -1).T
        answers = [tally.apply(weight[None], token[None])[0] + bias for token in tokens]
        return np.stack(answers, axis=-1).reshape(self.out, *x.shape[1:])


@dataclass(frozen=True)
class BatchNorm(Layer):
    """At inference: by the stored mean and variance, then the learned scale and shift."""

    op = "batch_norm"
    scale: bool
    shift: bool

    def run(self, x: Array, tally: Tally) -> Array:
        mean, variance = tally.store(len(x)), tally.store(len(x))
        scale = tally.learn(len(x)) if self.scale else np.ones(len(x))
        shift = tally.learn(len(x)) if self.shift else np.zeros(len(x))
        normal = (x - spread(mean, x)) / np.sqrt(spread(variance, x) + 1e-5)
        return normal * spread(scale, x) + spread(shift, x)


@dataclass(frozen=True)
class PRelu(Layer):
    """Negative values times a learned slope: one for all, or one per channel."""

    op = "prelu"
    channelwise: bool

    def run(self, x: Array, tally: Tally) -> Array:
        slope = tally.learn(len(x) if self.channelwise else 1)
        return np.where(x < 0, x * spread(slope, x), x)


@dataclass(frozen=True)
class Scale(Layer):
    """One learned coefficient per channel, and one bias."""

    op = "scale"
    shift: bool

    def run(self, x: Array, tally: Tally) -> Array:
        scaled = x * spread(tally.learn(len(x)), x)
        return scaled + spread(tally.learn(len(x)), x) if self.shift else scaled


def softmax(x: Array) -> Array:
    """Over the features."""
    powers = np.exp(x - x.max(axis=0))
    share: Array = powers / powers.sum(axis=0)
    return share


POINTWISE: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softmax": softmax,
}


@dataclass(frozen=True)
class Pointwise(Layer):
    """A fixed function that keeps the shape."""

    op: str  # type: ignore[misc]  # here it is a field: one class for all of them

    def arguments(self) -> dict[str, object]:
        return {}

    def run(self, x: Array, tally: Tally) -> Array:
        return POINTWISE[self.op](x)


@dataclass(frozen=True)
class Dropout(Layer):
    """At inference: nothing."""

    op = "dropout"
    view = True

    def run(self, x: Array, tally: Tally) -> Array:
        return x


@dataclass(frozen=True)
class Slice(Layer):
    """Some features in a row."""

    op = "slice"
    view = True
    start: int
    stop: int

    def run(self, x: Array, tally: Tally) -> Array:
        return x[self.start : self.stop]


@dataclass(frozen=True)
class Select(Layer):
    """Some features by number."""

    op = "select"
    features: tuple[int, ...]

    def run(self, x: Array, tally: Tally) -> Array:
        return x[list(self.features)]


@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """Take one channel of each group in turn."""

    op = "channel_shuffle"
    groups: int

    def run(self, x: Array, tally: Tally) -> Array:
        width = len(x) // self.groups
        return x[[group * width + member for member in range(width) for group in range(self.groups)]]


@dataclass(frozen=True)
class Flatten(Layer):
    """All in one vector."""

    op = "flatten"
    view = True

    def run(self, x: Array, tally: Tally) -> Array:
        return x.reshape(-1)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """The mean of each channel."""

    op = "global_avg_pool"

    def run(self, x: Array, tally: Tally) -> Array:
        summary: Array = x.reshape(len(x), -1).mean(axis=1)
        return summary


@dataclass(frozen=True)
class GlobalMaxPool(Layer):
    """The largest of each channel."""

    op = "global_max_pool"

    def run(self, x: Array, tally: Tally) -> Array:
        summary: Array = x.reshape(len(x), -1).max(axis=1)
        return summary
