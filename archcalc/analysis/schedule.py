"""The order of steps with the lowest peak at inference: found among all orders, or bounded from below.

Which storages are alive follows from the set of steps that have run, so the search is over sets and not over orders.
A step that fits under the peak so far and leaves no more alive than before is run at once: waiting gains nothing.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archcalc.analysis.storage import bases, is_whole
from archcalc.errors import UndecidedError
from archcalc.ops.op import MAY_OVERWRITE, VIEW
from archcalc.recorded import is_free

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.analysis.steps import Steps
    from archcalc.recorded import Size

Chain: TypeAlias = "tuple[int, Chain] | None"
"""The steps that have run, the last one first."""


class Schedule(NamedTuple):
    """The steps in a new order, a peak that no order goes below, and whether this order reaches it."""

    order: tuple[int, ...]
    lower_bound: int
    exact: bool


class _Problem:
    """What is alive after a set of steps, kept as the bits of a whole number."""

    def __init__(self, run: Steps, sizes: Sequence[int], pinned: set[int], *, inplace: bool) -> None:
        steps, base = run.steps, bases(run.steps)
        whole = is_whole(steps)
        self.sizes = sizes
        self.work = [i for i, step in enumerate(steps) if step.storage != VIEW and step.reads]
        self.needs = {i: tuple(dict.fromkeys(b for t in steps[i].reads for b in base[t])) for i in self.work}
        self.given = sum(1 << i for i, step in enumerate(steps) if not step.reads)
        self.needed = {i: sum(1 << b for b in needs) for i, needs in self.needs.items()}
        self.readers = [0] * len(steps)
        for i, needs in self.needs.items():
            for b in needs:
                self.readers[b] |= 1 << i
        self.stays = {b for t in pinned for b in base[t]}
        self.overwrites = {
            i for i in self.work if inplace and steps[i].storage == MAY_OVERWRITE and whole[steps[i].reads[0]]
        }
        self.everything = self.given + sum(1 << i for i in self.work)

    def start(self) -> int:
        """The bytes alive before the first step: the inputs that are read."""
        return sum(self.sizes[i] for i in _ones(self.given) if self.readers[i] or i in self.stays)

    def ready(self, done: int) -> list[int]:
        """The steps that can run next."""
        return [i for i in self.work if not done >> i & 1 and self.needed[i] & done == self.needed[i]]

    def freed(self, done: int, step: int) -> list[int]:
        """The storages that nobody reads once this step has run."""
        after = done | 1 << step
        return [b for b in self.needs[step] if b not in self.stays and self.readers[b] & after == self.readers[b]]

    def run(self, done: int, alive: int, step: int) -> tuple[int, int]:
        """The bytes alive while a step runs, and after it."""
        freed = self.freed(done, step)
        size = self.sizes[step]
        while_running = alive if step in self.overwrites and freed else alive + size
        kept = size if self.readers[step] or step in self.stays else 0
        return while_running, alive + kept - sum(self.sizes[b] for b in freed)

    def least(self) -> int:
        """No order needs less: what some step reads and writes."""
        return max(
            (
                sum(self.sizes[b] for b in self.needs[i]) + (0 if i in self.overwrites else self.sizes[i])
                for i in self.work
            ),
            default=0,
        )


def best(run: Steps, sizes: Sequence[Size], pinned: set[int], *, inplace: bool, states: int) -> Schedule:
    """The order with the lowest peak; after so many sets of steps the best one known. Raises UndecidedError."""
    if any(is_free(size) for size in sizes):
        raise UndecidedError("the best schedule needs numbers, but names are free here")
    problem = _Problem(run, [int(size) for size in sizes], pinned, inplace=inplace)
    order, peak, least = problem.work, _peak(problem, problem.work), problem.least()
    if peak > least:
        greedy = _greedy(problem)
        if _peak(problem, greedy) < peak:
            order, peak = greedy, _peak(problem, greedy)
    found, bound = _search(problem, peak, states) if peak > least else (None, None)
    if found is not None:
        order, peak = found, _peak(problem, found)
    lower = peak if bound is None else max(least, bound)
    return Schedule(tuple(_with_views(run, order)), lower, exact=lower == peak)


def _search(problem: _Problem, known: int, states: int) -> tuple[list[int] | None, int | None]:
    """An order below the known peak, if there is one, and a lower bound where not all sets were looked at."""
    ticket = count()
    alive = problem.start()
    heap: list[tuple[int, int, int, int, int, Chain]] = [(alive, 0, next(ticket), problem.given, alive, None)]
    settled: set[int] = set()
    while heap:
        peak, rank, _, done, alive, chain = heappop(heap)
        if done in settled:
            continue
        settled.add(done)
        if done == problem.everything:
            return _unrolled(chain), None
        if len(settled) > states:
            return None, peak
        following = [(i, *problem.run(done, alive, i)) for i in problem.ready(done)]
        free = next((one for one in following if one[1] <= peak and one[2] <= alive), None)
        for i, running, after in [free] if free is not None else following:
            most, then = max(peak, running), done | 1 << i
            if most < known and then not in settled:
                heappush(heap, (most, rank - 1, next(ticket), then, after, (i, chain)))
    return None, None


def _greedy(problem: _Problem) -> list[int]:
    """Always the step that needs least, and of these the one that leaves least alive."""
    done, alive, order = problem.given, problem.start(), []
    while done != problem.everything:
        following = [(*problem.run(done, alive, i), i) for i in problem.ready(done)]
        _, alive, step = min(following)
        done |= 1 << step
        order.append(step)
    return order


def _peak(problem: _Problem, order: Iterable[int]) -> int:
    done, alive = problem.given, problem.start()
    peak = alive
    for step in order:
        running, alive = problem.run(done, alive, step)
        peak = max(peak, running)
        done |= 1 << step
    return peak


def _unrolled(chain: Chain) -> list[int]:
    order = []
    while chain is not None:
        step, chain = chain
        order.append(step)
    return order[::-1]


def _with_views(run: Steps, order: Sequence[int]) -> Iterator[int]:
    """All steps in this order: inputs first, each view as soon as there is what it views."""
    steps = run.steps
    viewed: dict[int, list[int]] = {}
    for index, step in enumerate(steps):
        if step.storage == VIEW:
            for tensor in set(step.reads):
                viewed.setdefault(tensor, []).append(index)
    there: set[int] = set()
    waiting = [index for index, step in enumerate(steps) if not step.reads][::-1]
    left = iter(order)
    while True:
        if not waiting:
            following = next(left, None)
            if following is None:
                return
            waiting.append(following)
        index = waiting.pop()
        there.add(index)
        yield index
        waiting += [v for v in viewed.get(index, ()) if v not in there and there.issuperset(steps[v].reads)]


def _ones(bits: int) -> Iterator[int]:
    """The places of the ones."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
