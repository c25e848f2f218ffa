"""A network counted as another tool counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.analysis.cost import costs
from archcalc.counting.names import Scope
from archcalc.counting.profile import OTHERS, Rule
from archcalc.errors import UndecidedError, UsageError
from archcalc.recorded import is_whole, total
from archcalc.spec.language import Located
from archcalc.spec.values import ExpressionError, number, truth
from archcalc.work import NO_WORK

if TYPE_CHECKING:
    from archcalc.analysis.cost import Cost
    from archcalc.counting.profile import Profile, Rules
    from archcalc.graph import Graph, Node
    from archcalc.recorded import Size
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


def count(graph: Graph, profile: Profile, *, training: bool = False, batch: Size = 1) -> Counted:
    """The network counted by the rules of a profile, as the tool prints it for this batch.

    Raises UsageError for an operator that the profile does not know.
    """
    nodes = [node for node in graph.nodes if node.op is not None]
    shares = costs(graph, training=training)
    params = [_params(graph, node, profile, shares[node.index], training) for node in nodes]
    if profile.operators is None:
        return Counted(profile, None, total(params), (), (), (), ())
    counter = Counter(graph, profile, training)
    applied = [counter.applied(node) for node in nodes]
    layers = _of_all_passes(graph, nodes, [size for size, _ in applied])
    operations = total(layers) if layers else 0
    return Counted(
        profile=profile,
        operations=operations * batch if profile.batch else operations,
        params=total(params),
        layers=tuple(layers),
        left_out=_left_out(nodes, layers, training),
        bugs=_remarks(nodes, [rule.bug for _, rule in applied]),
        notes=_remarks(nodes, [rule.note for _, rule in applied]),
    )


NOT_LISTED = Rule(None)


class Counter:
    """Applies the rules of one profile to operators; what it knows of one holds for all that are equal."""

    def __init__(self, graph: Graph, profile: Profile, training: bool) -> None:
        self.graph = graph
        self.profile = profile
        self.training = training
        self.known: dict[object, tuple[Size, Rule]] = {}

    def applied(self, node: Node) -> tuple[Size, Rule]:
        """What is counted for an operator once, and the rule that says so."""
        key = (node.facts, node.kind, node.call)
        if key not in self.known:
            self.known[key] = self._applied(node)
        return self.known[key]

    def _applied(self, node: Node) -> tuple[Size, Rule]:
        assert self.profile.operators is not None
        rule = chosen(self.profile.operators.get(node.kind, ()), self.graph, node, self.training)
        if rule is not None and rule.counted is not None:
            return _value(rule.counted, self.graph, node, self.training), rule
        if rule is None and self.profile.unlisted == "zero":
            return 0, NOT_LISTED
        why = rule.error if rule is not None and rule.error else "the profile has no rule for it"
        raise UsageError(
            f"{self.profile.title} has no number for {node.kind} at {node.path}, line {node.line}: {why}",
            hint="a profile of your own may have one: --count FILE",
        )


def chosen(rules: Rules, graph: Graph, node: Node, training: bool) -> Rule | None:
    """The first rule that applies to an operator in its place; None where none does."""
    for rule in rules:
        if rule.when is None or _evaluated(rule.when, truth, graph, node, training):
            return rule
    return None


def _value(expression: Expression, graph: Graph, node: Node, training: bool, **other: Size) -> Size:
    value = _evaluated(expression, number, graph, node, training, **other)
    if not is_whole(value):
        raise UsageError(f"{expression.text} is {value} for {node.kind} at {node.path}, which is not whole")
    return value  # type: ignore[no-any-return]


def _evaluated(expression: Expression, kind: Any, graph: Graph, node: Node, training: bool, **other: Size) -> Any:
    assert node.facts is not None
    scope = Scope(node.facts, graph.shapes(node), expression.parsed.names, node.call, training)
    scope.variables |= other
    try:
        return kind(expression.value(scope))
    except (Located, ExpressionError, UndecidedError) as error:
        where = f"{expression.mark.source.name}:{expression.mark.line}"
        raise UsageError(f"{where}: {error.message}, for {node.kind} at {node.path}", hint=error.hint) from None


def _params(graph: Graph, node: Node, profile: Profile, cost: Cost, training: bool) -> Size:
    """The parameters that are counted here: those that an earlier operator carries count there."""
    rules = profile.params.get(node.kind, profile.params[OTHERS])
    rule = chosen(rules, graph, node, training)
    if rule is None or rule.counted is None:
        return 0
    own = {"params": cost.params, "trainable_params": cost.trainable_params, "buffers": cost.buffers}
    return _value(rule.counted, graph, node, training, **own)


def _of_all_passes(graph: Graph, nodes: list[Node], once: list[Size]) -> list[Size]:
    """The counts, of operators inside loops whose count is free for all passes."""
    if not graph.loops:
        return once
    from archcalc.analysis.loops import around, summed

    loops = around(graph)
    return [summed(size, loops[n.index]) if n.index in loops else size for n, size in zip(nodes, once, strict=True)]


def _left_out(nodes: list[Node], layers: list[Size], training: bool) -> tuple[str, ...]:
    """The operators that do arithmetic and of which nothing is counted, in order."""
    counted = {node.kind for node, size in zip(nodes, layers, strict=True) if size != 0}
    return tuple(dict.fromkeys(node.kind for node in nodes if _works(node, training) and node.kind not in counted))


def _works(node: Node, training: bool) -> bool:
    assert node.facts is not None
    return node.facts.work != NO_WORK and (training or not node.facts.op.idle_at_inference)


def _remarks(nodes: list[Node], texts: list[str | None]) -> tuple[Remark, ...]:
    return tuple(dict.fromkeys(Remark(n.kind, text) for n, text in zip(nodes, texts, strict=True) if text))
