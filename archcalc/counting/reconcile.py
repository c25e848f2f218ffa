"""From the number of one tool to that of another: which operators differ, by which rule, and how much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.counting.count import Applied, Counted, Counter, evaluated
from archcalc.counting.terms import Term, terms
from archcalc.errors import UsageError
from archcalc.recorded import is_free, total
from archcalc.spec.values import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.counting.profile import Profile, Rule
    from archcalc.graph import Graph, Node
    from archcalc.recorded import Quantity, Size


class Step(NamedTuple):
    """What operators of one kind add to the first number to make the second; `call` where only some are called so."""

    op: str
    call: str | None
    layers: int
    size: Size
    terms: tuple[Term, ...]  # the second rule less the first; empty where free names leave them open
    before: str | None  # the rules as written; None where the tool does not know the operator, which counts as zero
    after: str | None
    bug: str | None  # of the tool whose number is reached
    bug_before: str | None

    @property
    def rule(self) -> str:
        """The difference of the rules, in the language of specs."""
        if not self.terms:
            return f"{self.after or 0} instead of {self.before or 0}"
        return " + ".join(map(str, self.terms)).replace("+ -", "- ")


class Waterfall(NamedTuple):
    """Two counts of one network per sample, and the steps that lead from the first to the second."""

    start: Counted
    end: Counted
    operations: tuple[Step, ...]
    params: tuple[Step, ...]


def reconcile(graph: Graph, start: Profile, end: Profile, *, training: bool = False) -> Waterfall:
    """How the number of the second profile follows from that of the first, per sample; the largest steps first.

    Raises UsageError for an operator that one of them does not know.
    """
    before, after = (Counter(graph, profile, training=training) for profile in (start, end))
    both_count = start.operators is not None and end.operators is not None
    return Waterfall(
        before.counted(),
        after.counted(),
        _steps(before, before.operations, after.operations) if both_count else (),
        _steps(before, before.params, after.params),
    )


def _steps(counter: Counter, before: Sequence[Applied], after: Sequence[Applied]) -> tuple[Step, ...]:
    groups: dict[object, list[tuple[Node, Size]]] = {}
    found: dict[object, tuple[tuple[Term, ...], Rule, Rule]] = {}
    for node, one, other in zip(counter.nodes, before, after, strict=True):
        if one.size is other.size or one.size == other.size:
            continue
        difference = _difference(one, other, node)
        key = (node.kind, difference, id(one.rule), id(other.rule))
        found[key] = difference, one.rule, other.rule
        groups.setdefault(key, []).append((node, other.size - one.size))
    steps = [_step(counter, found[key], members) for key, members in groups.items()]
    return tuple(sorted(steps, key=lambda step: 0 if is_free(step.size) else -abs(int(step.size))))


def _step(counter: Counter, found: tuple[tuple[Term, ...], Rule, Rule], members: list[tuple[Node, Size]]) -> Step:
    difference, one, other = found
    kind = members[0][0].kind
    calls = {node.call for node, _ in members}
    mixed = {node.call for node in counter.nodes if node.kind == kind} - calls
    return Step(
        op=kind,
        call=next(iter(calls)) if mixed else None,
        layers=len(members),
        size=total([size for _, size in members]),
        terms=difference,
        before=_written(one),
        after=_written(other),
        bug=other.bug,
        bug_before=one.bug,
    )


def _difference(one: Applied, other: Applied, node: Node) -> tuple[Term, ...]:
    try:
        return terms(_formula(one, node), _formula(other, node))
    except UsageError:  # which branch of a rule holds is known of the sizes, not of free names in their place
        return ()


def _formula(applied: Applied, node: Node) -> Quantity:
    if applied.rule.counted is None:
        return 0
    rules = [applied.rule.counted, *([] if applied.rule.once is None else [applied.rule.once])]
    value: Quantity = sum(evaluated(rule, number, node, applied.place, recorded=True) for rule in rules)
    return value


def _written(rule: Rule) -> str | None:
    if rule.counted is None:
        return None
    return rule.counted.text if rule.once is None else f"{rule.counted.text} + {rule.once.text}"
