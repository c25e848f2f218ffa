"""The largest batch of a network that fits into a memory, exactly, and its closed form where there is one.

The bytes alive at one step are a line in the batch where all elements have whole bytes. What is needed is the largest
of these lines, so the largest batch is the smallest of floor((memory - fixed) / per_sample). Otherwise that only says
where to look: bytes are rounded up tensor by tensor, and what is needed still never falls as the batch grows.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.memory import Memory
from archcalc.errors import LimitError
from archcalc.precision import bits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcalc.analysis.setup import Setup
    from archcalc.graph import Graph

INFERENCE = "inference"
TRAINING = "training"
MOST = 2**40
"""No larger batch is looked for."""


class Need(NamedTuple):
    """The bytes that a network needs at one batch, what of them is stored, and the operator that sets the peak."""

    bytes: int
    weights_bytes: int
    buffers_bytes: int
    optimizer_bytes: int
    at: str


class ClosedForm(NamedTuple):
    """From the batch `first` on, up to `last` if that is there, n samples need fixed + per_sample*n bytes.

    The largest batch that fits is floor((memory - fixed) / per_sample). `at` is the operator that sets the peak.
    """

    fixed_bytes: int
    per_sample_bytes: int
    first: int
    last: int | None
    at: str


class Largest(NamedTuple):
    """The largest batch that fits, 0 where one sample does not; what it needs, and what one sample more needs."""

    batch: int
    need: Need | None
    following: Need
    closed_form: ClosedForm | None


class _Line(NamedTuple):
    """What is needed because of one step: so many bytes, and more with every sample."""

    path: str
    fixed: int
    slope: int

    def at(self, batch: int) -> int:
        return self.fixed + self.slope * batch


def need(graph: Graph, setup: Setup, during: str) -> Need:
    """What must fit: at inference weights, buffers and the peak; in training, the training peak and buffers.

    Neither the schedule nor the folding of batch norms is of training. Raises what Memory raises.
    """
    return _need(_memory(graph, setup, during), during)


def largest_batch(graph: Graph, setup: Setup, memory_bytes: int, during: str) -> Largest:
    """The largest batch that fits. Raises LimitError above MOST, and what Memory raises.

    It fits and the next one does not; no larger one fits either, unless elements have no whole bytes and the best
    schedule is not known to be the best.
    """

    @cache
    def at(batch: int) -> Need:
        return need(graph, setup._replace(batch=batch), during)

    unit = 1 if bits(setup.activations) % 8 == 0 else 8  # of so many samples together all tensors have whole bytes
    one, two = (_steps(_memory(graph, setup._replace(batch=unit * count), during), during) for count in (1, 2))
    lines = [_Line(path, 2 * low - high, high - low) for (path, low), (_, high) in zip(one, two, strict=True)]
    guess = min(((memory_bytes - line.fixed) // line.slope for line in lines if line.slope), default=MOST) * unit
    batch = _last(lambda batch: at(batch).bytes <= memory_bytes, min(max(guess, 1), MOST))
    if batch is None:
        raise LimitError(f"more than {MOST:,} samples fit into {memory_bytes:,} bytes")
    form = _closed_form(lines, batch) if unit == 1 and batch else None
    if form is not None and (memory_bytes - form.fixed_bytes) // form.per_sample_bytes != batch:
        form = None
    return Largest(batch, at(batch) if batch else None, at(batch + 1), form)


def _memory(graph: Graph, setup: Setup, during: str) -> Memory:
    return Memory(graph, setup.in_training if during == TRAINING else setup)


def _need(found: Memory, during: str) -> Need:
    weights, buffers = int(found.weights_bytes), int(found.buffers_bytes)
    if during == TRAINING:
        total = int(found.training_peak_bytes) + buffers
        return Need(total, weights, buffers, int(found.optimizer_bytes), found.training_peak_at)
    return Need(weights + buffers + int(found.peak_inference_bytes), weights, buffers, 0, found.peak_at)


def _steps(found: Memory, during: str) -> list[tuple[str, int]]:
    """For each step its path, and what would be needed if it were the only one."""
    alive = [
        (moment.path, int(moment.backward_bytes if during == TRAINING else moment.alive_bytes))
        for moment in found.moments
    ]
    stored = _need(found, during).bytes - max(size for _, size in alive)
    return [(path, stored + size) for path, size in alive]


def _last(fits: Callable[[int], bool], start: int) -> int | None:
    """The last number that fits, from 1 up to where none fits any more; 0 where none does, None beyond MOST."""
    low, high, step = 0, start, 1
    while fits(high):
        if high == MOST:
            return None
        low, high, step = high, min(high + step, MOST), 2 * step
    step = 1
    while low == 0 and high > 1:
        tried = max(high - step, 1)
        if fits(tried):
            low = tried
        else:
            high, step = tried, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _closed_form(lines: Sequence[_Line], batch: int) -> ClosedForm | None:
    """The line that is highest at one sample more than fits; of several the one that is highest before."""
    top = max(lines, key=lambda line: (line.at(batch + 1), line.at(batch)))
    if not top.slope:
        return None
    crossings = [
        (line.slope, Fraction(line.fixed - top.fixed, top.slope - line.slope))
        for line in lines
        if line.slope != top.slope
    ]
    first = max([1, *(ceil(where) for slope, where in crossings if slope < top.slope)])
    last = min([floor(where) for slope, where in crossings if slope > top.slope], default=None)
    return ClosedForm(top.fixed, top.slope, first, last, top.path)
