"""What is alive together: sums of sizes over intervals of steps, and the largest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.recorded import Recorded, largest, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.recorded import Size


class Interval(NamedTuple):
    """So many bytes, alive from one step to another, both included."""

    first: int
    last: int
    size: Size


def alive(intervals: Iterable[Interval], count: int) -> list[Size]:
    """The sum of what is alive at each of `count` steps; what lies outside of these is cut off."""
    born: list[list[Size]] = [[] for _ in range(count)]
    dead: list[list[Size]] = [[] for _ in range(count)]
    for first, last, size in intervals:
        if first < count and last >= max(first, 0):
            born[max(first, 0)].append(size)
            if last + 1 < count:
                dead[last + 1].append(size)
    sums: list[Size] = []
    now: Size = 0
    for more, less in zip(born, dead, strict=True):
        if less:
            now = now - total(less)
        if more:
            now = now + total(more)
        sums.append(now)
    return sums


class Peak(NamedTuple):
    """The most that is alive at one step, and that step: the first of those where it is reached."""

    size: Size
    step: int


def peak(sums: Sequence[Size]) -> Peak:
    """The largest sum and where; with free names the maximum of those that none certainly exceeds."""
    if not any(isinstance(size, Recorded) for size in sums):
        size = max(sums, default=0)
        return Peak(size, sums.index(size) if sums else 0)
    from archcalc.symbolic.largest import undominated

    candidates = undominated(sums)
    return Peak(largest([sums[index] for index in candidates]), candidates[0])
