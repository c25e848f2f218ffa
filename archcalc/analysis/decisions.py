"""Events that hang on independent decisions, such as which branches are dropped, and their exact probabilities.

An event is a number: a node of a reduced ordered decision diagram, so that equal events are one number. Source: Bryant
1986, IEEE Transactions on Computers 35(8).
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import LimitError
from archcalc.limits import LIMITS
from archcalc.recorded import Recorded, divide, total

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.limits import Limits
    from archcalc.recorded import Quantity, Size

NEVER, ALWAYS = 0, 1
LAST = 1 << 62  # comes after every decision


class Decision(NamedTuple):
    """What happened where something is kept, and where it is dropped, as events on later decisions."""

    on: int
    kept: int
    dropped: int


class Decisions:
    """Events on decisions, which are numbers too and are taken in their order.

    Raises LimitError where the events have more than `limits.decisions` nodes between them.
    """

    def __init__(self, limits: Limits) -> None:
        self.most = limits.decisions
        self.nodes = [Decision(LAST, NEVER, NEVER), Decision(LAST, ALWAYS, ALWAYS)]
        self.chances: dict[int, Quantity] = {NEVER: 0, ALWAYS: 1}  # of the events that were asked for
        self.keeps: dict[int, Quantity] = {}
        self._known: dict[Decision, int] = {}
        self._known_joined: dict[int, dict[tuple[int, int], int]] = {NEVER: {}, ALWAYS: {}}

    def keep(self, decision: int, chance: Quantity) -> None:
        """Say with which probability a decision is to keep."""
        self.keeps[decision] = chance

    def both(self, decision: int, later: int) -> int:
        """The event that a decision is to keep, and that another event happens, which hangs on later ones only."""
        return self._node(decision, later, NEVER)

    def either(self, one: int, other: int) -> int:
        """The event that at least one of two happens."""
        return self._joined(one, other, ALWAYS)

    def all_of(self, one: int, other: int) -> int:
        """The event that both of two happen."""
        return self._joined(one, other, NEVER)

    def any_of(self, events: Iterable[int]) -> int:
        """The event that at least one happens."""
        return reduce(self.either, events, NEVER)

    def _joined(self, one: int, other: int, strong: int) -> int:
        """The union where `strong` is ALWAYS, which decides it alone; the intersection where it is NEVER."""
        waiting, known = [(one, other)], self._known_joined[strong]
        while waiting:
            a, b = waiting[-1]
            if _short(a, b, strong) is not None or (a, b) in known:
                waiting.pop()
                continue
            first = min(self.nodes[a].on, self.nodes[b].on)
            kept = (self._after(a, first).kept, self._after(b, first).kept)
            dropped = (self._after(a, first).dropped, self._after(b, first).dropped)
            parts = [known.get(pair) if (s := _short(*pair, strong)) is None else s for pair in (kept, dropped)]
            left, right = parts
            if left is None or right is None:
                waiting.extend(pair for pair, part in zip((kept, dropped), parts, strict=True) if part is None)
                continue
            if len(known) >= self.most:
                raise self._too_many()
            known[a, b] = self._node(first, left, right)
            waiting.pop()
        short = _short(one, other, strong)
        return known[one, other] if short is None else short

    def probability(self, event: int) -> Quantity:
        """The probability of an event."""
        chances, waiting = self.chances, [] if event in self.chances else [event]
        while waiting:
            node = self.nodes[waiting[-1]]
            parts = [part for part in (node.kept, node.dropped) if part not in chances]
            if parts:
                waiting.extend(parts)
                continue
            chances[waiting.pop()] = self._chance(node)
        return chances[event]

    def _after(self, event: int, decision: int) -> Decision:
        """What an event comes to when a decision falls, which is none of those behind its first one."""
        node = self.nodes[event]
        return node if node.on == decision else Decision(decision, event, event)

    def _node(self, decision: int, kept: int, dropped: int) -> int:
        if kept == dropped:
            return kept
        node = Decision(decision, kept, dropped)
        known = self._known.get(node)
        if known is not None:
            return known
        if len(self.nodes) - 2 >= self.most:
            raise self._too_many()
        self._known[node] = event = len(self.nodes)
        self.nodes.append(node)
        return event

    def _too_many(self) -> LimitError:
        return LimitError(f"which branches need which operators takes more than {self.most:,} decisions to say")

    def _chance(self, node: Decision) -> Quantity:
        keep = self.keeps[node.on]
        chance = self.chances[node.kept] * keep
        return added([chance] if node.dropped == NEVER else [chance, self.chances[node.dropped] * (1 - keep)])


def _short(a: int, b: int, strong: int) -> int | None:
    """Two events joined, where that is known without work."""
    if a == b:
        return a
    if strong in (a, b):
        return strong
    weak = ALWAYS + NEVER - strong
    return b if a == weak else a if b == weak else None


def added(terms: Iterable[Quantity]) -> Quantity:
    """The exact sum, a whole number where it is one; raises LimitError where it gets too long."""
    numerators: dict[int, int] = {}  # by denominator
    free: list[Size] = []
    for term in terms:
        if isinstance(term, Recorded):
            free.append(term)
        else:
            numerators[term.denominator] = numerators.get(term.denominator, 0) + term.numerator
    known = Fraction(0)
    for denominator, numerator in numerators.items():
        known += Fraction(numerator, denominator)
        if known.denominator.bit_length() > LIMITS.integer_bits:
            raise LimitError(f"an exact average has more than {LIMITS.integer_bits:,} bits")
    number = divide(known, 1)
    return total(free) + number if free else number
