"""Who sees whom: from a position of any layer back to the positions of the network's input, on one axis.

Padding is not clipped. A position in the padding of a layer stands for a position that the layer below
does not have, and that would see, by the same law, what its neighbours see, moved on. So every map is
taken as a line without ends, and `see` answers for every integer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import gcd, lcm

from .network import Law

Hull = tuple[int, int]
"""The first and the last input position."""


def hull(parts: list[Hull | None]) -> Hull | None:
    """The smallest interval around all parts; None sees nothing."""
    seen = [part for part in parts if part is not None]
    return (min(lo for lo, _ in seen), max(hi for _, hi in seen)) if seen else None


@dataclass(frozen=True)
class Sight:
    """What the positions of a layer see: `see(q + period)` is `see(q)` moved by `step`."""

    see: Callable[[int], Hull | None]
    period: int = 1
    step: int = 1

    @property
    def stride(self) -> Fraction:
        """How far the view moves from one position to the next, on average."""
        return Fraction(self.step, self.period)

    @property
    def shortest_period(self) -> int:
        """The period may be a multiple of what is needed: after how many positions it really repeats."""
        return next(p for p in range(1, self.period + 1) if self.repeats(p))

    def repeats(self, period: int) -> bool:
        """Whether every view comes again, moved on, after so many positions."""
        later = [self.see(q + period) for q in range(self.period)]
        move = period * self.stride
        return move.denominator == 1 and later == [h and (h[0] + int(move), h[1] + int(move)) for h in self.hulls]

    @property
    def hulls(self) -> list[Hull | None]:
        """One period of views."""
        return [self.see(q) for q in range(self.period)]


def at_input() -> Sight:
    """A position of the input sees itself."""
    return Sight(lambda q: (q, q))


def through(law: Law, below: Sight) -> Sight:
    """What the output of a layer sees, by walking over its taps."""

    @cache
    def see(q: int) -> Hull | None:
        return hull([below.see(tap) for tap in law.taps(q)])

    turns = below.period // gcd(law.step, below.period)  # until the step below is whole periods
    return Sight(see, law.period * turns, law.step * turns * below.step // below.period)


def either(sights: list[Sight]) -> Sight | None:
    """What a merge sees; None when its branches move at different speeds."""
    if len({sight.stride for sight in sights}) > 1:
        return None

    @cache
    def see(q: int) -> Hull | None:
        return hull([sight.see(q) for sight in sights])

    period = lcm(*(sight.period for sight in sights))
    return Sight(see, period, int(period * sights[0].stride))


def inside(sight: Sight, size: int) -> Sight:
    """The same, when there is nothing beyond the ends of a map."""
    return Sight(lambda q: sight.see(q) if 0 <= q < size else None, sight.period, sight.step)
