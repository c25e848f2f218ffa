"""What is seen through the passes of a loop whose count is left free, of which one is in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from archcalc.analysis.receptive_field import Seen
from archcalc.recorded import Recorded, Size
from archcalc.window import Reach

if TYPE_CHECKING:
    from archcalc.analysis.receptive_field import Sight
    from archcalc.graph import Loop

Growth: TypeAlias = "tuple[tuple[Size, Size], ...]"


def follow(sight: Sight, loop: Loop) -> None:
    """What the nodes of pass i see, and what is seen behind the last: every pass widens the windows by as much.

    Tried on the second pass, and proved on pass i: what it is given widens to what pass i + 1 is given.
    """
    result, start, stop = sight.result, loop.start, loop.stop
    before = result[sight.nodes[start].inputs[0]]
    after = _pass(sight, before, start, stop)
    growth, turn = _growth(before, after), Recorded(loop.name)
    if growth is None or before.axes is None:
        lost = before.axes is not None and after.met is None
        unknown = Seen(None, before.whole_input or after.whole_input, after.met, before.lost or lost)
        result += [unknown] * (stop + 1 - start)
        return
    given = Seen(_wider(before.axes, growth, turn - 2), after.whole_input)
    kept = _pass(sight, given, start, stop, keep=True)
    if _equal(kept.axes, _wider(before.axes, growth, turn - 1)):
        result.append(kept._replace(axes=_wider(before.axes, growth, loop.turns)))
    else:
        result[start:] = [Seen(None, after.whole_input, lost=True)] * (stop + 1 - start)


def _pass(sight: Sight, given: Seen, start: int, stop: int, *, keep: bool = False) -> Seen:
    """What is seen behind one pass that is given a tensor which sees this."""
    sight.result.append(given)
    sight.until(stop)
    after = sight.result[sight.nodes[stop].inputs[0]]
    if not keep:
        del sight.result[start:]
    return after


def _growth(before: Seen, after: Seen) -> Growth | None:
    """By how much one pass moves the ends of the window on each axis; None where that is no such thing."""
    if before.axes is None or after.axes is None or len(before.axes) != len(after.axes):
        return None
    growth = []
    for one, other in zip(before.axes, after.axes, strict=True):
        if one.period != 1 or other.period != 1 or one.step != other.step:
            return None
        (first,), (then,) = one.windows, other.windows
        if first is None or then is None:
            return None
        growth.append((then[0] - first[0], then[1] - first[1]))
    return tuple(growth)


def _wider(axes: tuple[Reach, ...], growth: Growth, times: Size) -> tuple[Reach, ...]:
    """The windows, after growing so many times."""
    return tuple(
        Reach(reach.step, tuple(w and (w[0] + low * times, w[1] + high * times) for w in reach.windows))
        for reach, (low, high) in zip(axes, growth, strict=True)
    )


def _equal(axes: tuple[Reach, ...] | None, others: tuple[Reach, ...]) -> bool:
    from archcalc.symbolic.bounds import certainly

    def ends(reach: Reach) -> tuple[Size, ...]:
        return (reach.step, *(end for window in reach.windows for end in window or ()))

    if axes is None or len(axes) != len(others):
        return False
    pairs = [(ends(one), ends(other)) for one, other in zip(axes, others, strict=True)]
    return all(
        len(one) == len(other) and all(certainly(a, "==", b) for a, b in zip(one, other, strict=True))
        for one, other in pairs
    )
