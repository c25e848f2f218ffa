"""Views that repeat: the positions of an axis see windows of unequal size, by turns."""

from __future__ import annotations

from functools import reduce
from math import gcd, lcm
from typing import TYPE_CHECKING

from archcalc.errors import UndecidedError
from archcalc.limits import LIMITS
from archcalc.recorded import Recorded
from archcalc.window import Reach, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.window import Interval


def seen_through(reach: Reach, local: Reach) -> Reach | None:
    """What the positions of a layer see, where `reach` repeats; None where symbols or the limit leave it open."""
    step, dilation = local.step, local.dilation
    ends = [end for window in local.windows for end in window or ()]
    if isinstance(step, Recorded) or isinstance(dilation, Recorded) or any(isinstance(e, Recorded) for e in ends):
        return None
    turns = reach.period // gcd(step, reach.period)
    if turns * local.period > LIMITS.period:
        return None
    hull = _hulls(reach, dilation)
    windows = tuple(
        w and hull(w[0] + turn * step, w[1] + turn * step)  # type: ignore[arg-type]
        for turn in range(turns)
        for w in local.windows
    )
    return reduced(Reach(reach.step * (step * turns // reach.period), windows))


def _hulls(reach: Reach, every: int) -> Callable[[int, int], Interval]:
    """What every so many of the positions first..last see together, by runs of 1, 2, 4, ... such positions.

    The views of one residue only move on, so the first and the last position of each residue are enough.
    """
    residues = reach.period // gcd(every, reach.period)
    runs = [reach]

    def hull(first: int, last: int) -> Interval:
        taps = (last - first) // every + 1
        few = min(taps, residues)
        level = few.bit_length() - 1
        while len(runs) <= level:
            run, half = runs[-1], every << (len(runs) - 1)
            runs.append(Reach(reach.step, tuple([join(_at(run, i), _at(run, i + half)) for i in range(reach.period)])))
        rest, late = every * (few - (1 << level)), every * (taps - few)
        return reduce(join, [_at(runs[level], first + shift) for shift in (0, rest, late, late + rest)])

    return hull


def union(one: Reach, other: Reach) -> Reach:
    """What either sees; raises UndecidedError where the period is past the limit."""
    period = lcm(one.period, other.period)
    if period > LIMITS.period:
        raise UndecidedError(f"a receptive field that repeats every {period} positions is too irregular to follow")
    windows = tuple(join(_at(one, i), _at(other, i)) for i in range(period))
    return reduced(Reach(one.step * (period // one.period), windows))


def reduced(reach: Reach) -> Reach:
    """The same view with the shortest period."""
    period = reach.period
    if period == 1 or isinstance(reach.step, Recorded):
        return reach
    for shorter in range(1, period):
        if period % shorter == 0 and reach.step * shorter % period == 0:
            candidate = Reach(reach.step * shorter // period, reach.windows[:shorter])
            if all(_at(candidate, i) == reach.windows[i] for i in range(period)):
                return candidate
    return reach


def _at(reach: Reach, position: int) -> Interval:
    turn, place = divmod(position, reach.period)
    window = reach.windows[place]
    return window and (window[0] + turn * reach.step, window[1] + turn * reach.step)
