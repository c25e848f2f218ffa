"""Events that hang on independent decisions, such as which branches are dropped, and their exact probabilities.

An event is a number: a node of a reduced ordered decision diagram, so that equal events are one number. Source: Bryant
1986, IEEE Transactions on Computers 35(8).
"""

from __future__ import annotations

from fractions import Fraction
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
        self.chances: list[Quantity] = [0, 1]
        self.keeps: dict[int, Quantity] = {}
        self._known: dict[Decision, int] = {}
        self._unions: dict[tuple[int, int], int] = {}

    def keep(self, decision: int, chance: Quantity) -> None:
        """Say with which probability a decision is to keep."""
        self.keeps[decision] = chance

    def both(self, decision: int, later: int) -> int:
        """The event that a decision is to keep, and that another event happens, which hangs on later ones only."""
        return self._node(decision, later, NEVER)

    def either(self, one: int, other: int) -> int:
        """The event that at least one of two happens."""
        waiting, unions = [(one, other)], self._unions
        while waiting:
            a, b = waiting[-1]
            if (known := self._short(a, b)) is not None:
                waiting.pop()
                continue
            first = min(self.nodes[a].on, self.nodes[b].on)
            kept, dropped = ((self._after(a, first, to), self._after(b, first, to)) for to in ("kept", "dropped"))
            left, right = self._short(*kept), self._short(*dropped)
            if left is None or right is None:
                waiting.extend(pair for pair, known in ((kept, left), (dropped, right)) if known is None)
                continue
            unions[a, b] = self._node(first, left, right)
            waiting.pop()
        known = self._short(one, other)
        assert known is not None
        return known

    def probability(self, event: int) -> Quantity:
        """The probability of an event."""
        return self.chances[event]

    def _short(self, a: int, b: int) -> int | None:
        """The union where it is known without work."""
        if b in (a, NEVER):
            return a
        if ALWAYS in (a, b):
            return ALWAYS
        if a == NEVER:
            return b
        return self._unions.get((a, b))

    def _after(self, event: int, decision: int, to: str) -> int:
        node = self.nodes[event]
        if node.on != decision:
            return event
        return node.kept if to == "kept" else node.dropped

    def _node(self, decision: int, kept: int, dropped: int) -> int:
        if kept == dropped:
            return kept
        node = Decision(decision, kept, dropped)
        known = self._known.get(node)
        if known is not None:
            return known
        if len(self.nodes) - 2 >= self.most:
            raise LimitError(f"which branches need which operators takes more than {self.most:,} decisions to say")
        self._known[node] = event = len(self.nodes)
        self.nodes.append(node)
        self.chances.append(self._chance(node))
        return event

    def _chance(self, node: Decision) -> Quantity:
        keep = self.keeps[node.on]
        chance = self.chances[node.kept] * keep
        return added([chance] if node.dropped == NEVER else [chance, self.chances[node.dropped] * (1 - keep)])


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
