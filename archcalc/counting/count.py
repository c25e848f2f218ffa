"""A network counted as another tool counts it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.analysis.cost import costs
from archcalc.counting.names import Place, Scope
from archcalc.counting.profile import OTHERS, Rule
from archcalc.errors import UndecidedError, UsageError
from archcalc.recorded import is_free, is_whole, total
from archcalc.spec.language import Located
from archcalc.spec.values import ExpressionError, number, truth
from archcalc.work import NO_WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcalc.counting.profile import Profile, Rules
    from archcalc.graph import Graph, Node
    from archcalc.recorded import Quantity, Size
    from archcalc.spec.language import Expression


class Remark(NamedTuple):
    """What a profile says of an operator that was counted: a known bug of the tool, or a note."""

    op: str
    text: str


class Counted(NamedTuple):
    """What a tool prints of a network; `layers` are the operations of each layer, in the order of the report."""

    profile: Profile
    operations: Size | None  # None where the tool counts parameters only
    params: Size
    layers: tuple[Size, ...]
    left_out: tuple[str, ...]  # operators that do arithmetic, of which nothing is counted
    bugs: tuple[Remark, ...]
    notes: tuple[Remark, ...]


class Applied(NamedTuple):
    """A rule applied to an operator in its place, and what it comes to; `once` is the part that is for no sample."""

    rule: Rule
    size: Size
    place: Place
    once: Size = 0


NOT_LISTED = Rule(None)


def count(graph: Graph, profile: Profile, *, training: bool = False, batch: Size = 1) -> Counted:
    """The network counted by the rules of a profile, as the tool prints it for this batch.

    Raises UsageError for an operator that the profile does not know.
    """
    return Counter(graph, profile, training=training).counted(batch)


class Counter:
    """Applies the rules of one profile to the operators of one network, in order."""

    def __init__(self, graph: Graph, profile: Profile, *, training: bool) -> None:
        self.graph = graph
        self.profile = profile
        self.training = training
        self.nodes = [node for node in graph.nodes if node.op is not None]

    def counted(self, batch: Size = 1) -> Counted:
        """What the tool prints for this batch."""
        profile, params = self.profile, total([applied.size for applied in self.params])
        if profile.operators is None:
            return Counted(profile, None, params, (), (), (), ())
        applied = self.operations
        layers = [each.size for each in applied]
        once = total([each.once for each in applied] or [0])
        operations = total(layers or [0])
        return Counted(
            profile=profile,
            operations=(operations - once) * batch + once if profile.batch else operations,
            params=params,
            layers=tuple(layers),
            left_out=_left_out(self.nodes, layers, training=self.training),
            bugs=_remarks(self.nodes, [each.rule.bug for each in applied]),
            notes=_remarks(self.nodes, [each.rule.note for each in applied]),
        )

    @cached_property
    def operations(self) -> list[Applied]:
        """What is counted for each operator, in loops whose count is free for all passes."""
        known: dict[object, Applied] = {}  # what holds of one operator holds of all that are equal
        once = []
        for node in self.nodes:
            key = (node.facts, node.kind, node.call)
            if key not in known:
                known[key] = self._operation(node)
            once.append(known[key])
        return _of_all_passes(self.graph, self.nodes, once)

    def _operation(self, node: Node) -> Applied:
        place = self._place(node)
        rule = self._rule((self.profile.operators or {}).get(node.kind, ()), node, place)
        if rule is not None and rule.counted is not None:
            once = 0 if rule.once is None else self._size(rule.once, node, place)
            return Applied(rule, self._size(rule.counted, node, place) + once, place, once)
        if rule is None and self.profile.unlisted == "zero":
            return Applied(NOT_LISTED, 0, place)
        why = rule.error if rule is not None and rule.error else "the profile has no rule for it"
        raise UsageError(
            f"{self.profile.title} has no number for {node.kind} at {node.path}, line {node.line}: {why}",
            hint="a profile of your own may have one: --count FILE",
        )

    @cached_property
    def params(self) -> list[Applied]:
        """The parameters that are counted for each operator: those that an earlier one carries count there."""
        shares = costs(self.graph, training=self.training)
        applied = []
        for node in self.nodes:
            share = shares[node.index]
            own = {"params": share.params, "trainable_params": share.trainable_params, "buffers": share.buffers}
            place = self._place(node)._replace(own=own)
            rules = self.profile.params.get(node.kind, self.profile.params[OTHERS])
            rule = self._rule(rules, node, place) or NOT_LISTED
            size = 0 if rule.counted is None else self._size(rule.counted, node, place)
            applied.append(Applied(rule, size, place))
        return applied

    def _place(self, node: Node) -> Place:
        assert node.facts is not None
        return Place(node.facts, tuple(self.graph.shapes(node)), node.call, self.training)

    def _rule(self, rules: Rules, node: Node, place: Place) -> Rule | None:
        """The first rule that applies; None where none does."""
        return next((rule for rule in rules if rule.when is None or evaluated(rule.when, truth, node, place)), None)

    def _size(self, expression: Expression, node: Node, place: Place) -> Size:
        value: Quantity = evaluated(expression, number, node, place)
        # Sizes are whole, though a formula may not look so: it is the rule that must not divide.
        rule = evaluated(expression, number, node, place, recorded=True) if is_free(value) else value
        if not is_whole(rule):
            raise UsageError(f"{expression.text} is {value} for {node.kind} at {node.path}, which is not whole")
        return value  # type: ignore[return-value]


def evaluated(
    expression: Expression, kind: Callable[[Any], Any], node: Node, place: Place, *, recorded: bool = False
) -> Any:
    """What an expression of a rule comes to for an operator in its place, checked to be of a kind."""
    scope = Scope(place, expression.parsed.names, recorded=recorded)
    try:
        return kind(expression.value(scope))
    except (Located, ExpressionError, UndecidedError) as error:
        where = f"{expression.mark.source.name}:{expression.mark.line}"
        raise UsageError(f"{where}: {error.message}, for {node.kind} at {node.path}", hint=error.hint) from None


def _of_all_passes(graph: Graph, nodes: Sequence[Node], once: list[Applied]) -> list[Applied]:
    if not graph.loops:
        return once
    from archcalc.analysis.loops import around, summed

    loops = around(graph)
    return [
        applied._replace(size=summed(applied.size, loops[node.index]), once=summed(applied.once, loops[node.index]))
        if node.index in loops
        else applied
        for node, applied in zip(nodes, once, strict=True)
    ]


def _left_out(nodes: Sequence[Node], layers: Sequence[Size], *, training: bool) -> tuple[str, ...]:
    """The operators that do arithmetic and of which nothing is counted, in order."""
    counted = {node.kind for node, size in zip(nodes, layers, strict=True) if size != 0}
    return tuple(dict.fromkeys(n.kind for n in nodes if _works(n, training=training) and n.kind not in counted))


def _works(node: Node, *, training: bool) -> bool:
    assert node.facts is not None
    return node.facts.work != NO_WORK and (training or not node.facts.op.idle_at_inference)


def _remarks(nodes: Sequence[Node], texts: Sequence[str | None]) -> tuple[Remark, ...]:
    return tuple(dict.fromkeys(Remark(n.kind, text) for n, text in zip(nodes, texts, strict=True) if text))
