"""Runs a network layer by layer and writes down what happened."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np

from .features import spread
from .network import Layer, Merge, Network, Steps
from .sight import Sight, at_input, either, inside, through
from .tally import Array, Tally


@dataclass(frozen=True)
class Field:
    """A receptive field, per axis."""

    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    start: tuple[int, ...]
    period: int
    whole_input: bool


@dataclass(frozen=True)
class Flow:
    """What flows, and what its positions see: None if no window is left, or paths of unequal stride have met."""

    value: Array
    sights: tuple[Sight, ...] | None
    whole_input: bool = False
    met: str | None = None  # where paths of unequal stride first met
    longest: int = 0  # layers with weights and products, on the path so far that has most of them
    shortest: int = 0  # and on the one that has fewest


@dataclass(frozen=True)
class Row:
    """What happened at one layer."""

    path: str
    op: str
    flow: Flow
    tally: Tally
    written: int

    @property
    def value(self) -> Array:
        """The output."""
        return self.flow.value

    @property
    def output_shape(self) -> tuple[int, ...]:
        """As archcalc writes it: a sequence has its features last."""
        return self.value.shape[::-1] if self.value.ndim == 2 else self.value.shape

    @property
    def blind(self) -> bool:
        """Whether on some axis it meets only the holes that a transposed convolution leaves."""
        return any(not any(sight.hulls) for sight in self.flow.sights or ())

    @property
    def field(self) -> Field | None:
        """The widest view, how fast it moves, where the first one begins; None if there is no window."""
        sights = self.flow.sights
        if not sights or self.blind:
            return None
        views = [[hull for hull in sight.hulls if hull is not None] for sight in sights]
        return Field(
            tuple(max(hi - lo + 1 for lo, hi in view) for view in views),
            tuple(sight.stride for sight in sights),
            tuple(view[0][0] for view in views),
            lcm(*(sight.shortest_period for sight in sights)),
            self.flow.whole_input,
        )


@dataclass(frozen=True)
class Facts:
    """What happened in a run."""

    rows: tuple[Row, ...]

    @property
    def params(self) -> int:
        """Learned scalars."""
        return sum(row.tally.params for row in self.rows)

    @property
    def buffers(self) -> int:
        """Stored scalars that are not learned."""
        return sum(row.tally.buffers for row in self.rows)

    @property
    def mult_adds(self) -> int:
        """Multiply-accumulates done."""
        return sum(row.tally.mult_adds for row in self.rows)

    @property
    def activations(self) -> int:
        """Elements written."""
        return sum(row.written for row in self.rows)


class Runner:
    """Walks through the steps. With `clipped`, nothing is seen beyond the ends of a map."""

    def __init__(self, clipped: bool = False) -> None:
        self.rows: list[Row] = []
        self.clipped = clipped

    def walk(self, steps: Steps, flow: Flow, place: str = "") -> Flow:
        """Run steps in a row; equal names in one place are numbered."""
        for step, name in zip(steps, numbered([step.op for step in steps]), strict=True):
            path = f"{place}{name}"
            tally = Tally(seed=len(self.rows))
            flow = self.merge(step, flow, path) if isinstance(step, Merge) else self.layer(step, flow, tally)
            if self.clipped and flow.sights is not None:
                ends = zip(flow.sights, flow.value.shape[1:], strict=True)
                flow = replace(flow, sights=tuple(inside(sight, size) for sight, size in ends))
            written = 0 if isinstance(step, Layer) and step.view else flow.value.size
            self.rows.append(Row(path, step.op, flow, tally, written))
        return flow

    def layer(self, layer: Layer, flow: Flow, tally: Tally) -> Flow:
        """Run one layer."""
        value = layer.run(flow.value, tally)
        one = int(tally.params > 0 and tally.mult_adds > 0)
        after = replace(flow, value=value, longest=flow.longest + one, shortest=flow.shortest + one)
        if value.ndim == 1 or layer.takes_all:
            return replace(after, sights=None, whole_input=True, met=None)
        if flow.sights is None:
            return after
        below = zip(flow.sights, flow.value.shape[1:], strict=True)
        sights = tuple(through(layer.law(axis, size), sight) for axis, (sight, size) in enumerate(below))
        return replace(after, sights=sights)

    def merge(self, merge: Merge, flow: Flow, path: str) -> Flow:
        """Run every branch from the same tensor, and join what comes out."""
        ends = [self.walk(steps, flow, f"{path}/{name}/") for name, steps in merge.named.items()]
        value = join(merge.op, [end.value for end in ends])
        whole = any(end.whole_input for end in ends)
        longest, shortest = max(end.longest for end in ends), min(end.shortest for end in ends)
        windows = [end.sights for end in ends if end.sights is not None]
        by_axis = [either(list(sights)) for sights in zip(*windows, strict=True)]
        sights = tuple(sight for sight in by_axis if sight is not None)
        met = next((end.met for end in ends if end.met), None if len(sights) == len(by_axis) else path)
        return Flow(value, None if met else sights or None, whole, met, longest, shortest)


REDUCE: dict[str, Callable[..., Array]] = {
    "add": np.sum,
    "mean": np.mean,
    "multiply": np.prod,
    "max": np.max,
}


def join(op: str, values: list[Array]) -> Array:
    """Add, mean, multiply, max or concat; a vector is spread over the positions of a map."""
    if op == "concat":
        return np.concatenate(values)
    widest = max(values, key=lambda value: value.ndim)
    values = [spread(value, widest) if value.ndim == 1 else value for value in values]
    together = np.stack(np.broadcast_arrays(*values))
    return REDUCE[op](together, axis=0)


def numbered(names: list[str]) -> Iterator[str]:
    """Equal names get 1, 2, ...; a single one stays as it is."""
    often, seen = Counter(names), Counter[str]()
    for name in names:
        seen[name] += 1
        yield f"{name}{seen[name]}" if often[name] > 1 else name


def run(network: Network, x: Array | None = None, clipped: bool = False) -> Facts:
    """Run the network once, on `x` or on random numbers."""
    if x is None:
        x = np.random.default_rng(0).normal(size=network.input)
    runner = Runner(clipped)
    sights = tuple(at_input() for _ in network.input[1:])
    if clipped:
        sights = tuple(inside(sight, size) for sight, size in zip(sights, x.shape[1:], strict=True))
    with np.errstate(invalid="ignore"):
        runner.walk(network.steps, Flow(x, sights))
    return Facts(tuple(runner.rows))
