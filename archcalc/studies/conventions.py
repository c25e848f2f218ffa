"""What a stated number of parameters or of operations may count, and what each way comes to for one network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.counting.count import Counter
from archcalc.counting.profile import OPERATIONS, PAPER, names, profile
from archcalc.errors import UsageError
from archcalc.ops.conv import Conv, DepthwiseConv, TransposedConv
from archcalc.ops.linear import Linear
from archcalc.ops.norm import BatchNorm, GroupNorm, InstanceNorm, L2Norm, LayerNorm, Scale
from archcalc.recorded import known, product, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archcalc.graph import Graph, Node
    from archcalc.ops.op import Weight

CONVOLUTIONS = (Conv, DepthwiseConv, TransposedConv)
NORMS = (BatchNorm, GroupNorm, InstanceNorm, LayerNorm, L2Norm, Scale)
PARAMS = "params"
MULT_ADDS = "mult-adds"


class Convention(NamedTuple):
    """A way to count and its value for a network, `also` the other ways that give the same."""

    name: str
    value: int
    plain: bool = False  # the reading that needs no excuse
    rare: bool = False  # seldom meant
    also: tuple[str, ...] = ()


def merged(conventions: Iterable[Convention]) -> list[Convention]:
    """Those of equal value as one, under the name that comes first; none of nothing."""
    by_value: dict[int, Convention] = {}
    for each in conventions:
        if not each.value:
            continue
        first = by_value.setdefault(each.value, each)
        if first is not each:
            by_value[each.value] = first._replace(also=(*first.also, each.name))
    return list(by_value.values())


def of_params(graph: Graph, *, training: bool) -> list[Convention]:
    """What a number of parameters may count."""
    stored = list(_stored(graph, training=training))
    last = next((node for node, _, _ in reversed(stored) if isinstance(node.op, Linear)), None)

    def those(keep: Callable[[Node, str, Weight], bool]) -> int:
        return _whole([weight.size for node, name, weight in stored if keep(node, name, weight)])

    params = those(lambda node, name, weight: weight.learned)
    matrices = "only the weights of convolutions and linear layers"
    ways = [
        Convention(PARAMS, params, plain=True),
        Convention("running statistics counted", those(lambda node, name, weight: True)),
        Convention(matrices, those(_is_matrix), rare=True),
        Convention("frozen parameters not counted", those(lambda n, name, weight: weight.learned and not n.frozen)),
    ]
    if any(isinstance(node.op, NORMS) for node, _, _ in stored):  # then few other layers have biases
        rest = those(lambda node, name, weight: weight.learned and not isinstance(node.op, NORMS))
        ways.append(Convention("norms not counted", rest, rare=True))
    else:
        rest = those(lambda node, name, weight: weight.learned and not _is_bias(node, name))
        ways.append(Convention("biases not counted", rest, rare=True))
    if last is not None:
        headless = those(lambda node, name, weight: weight.learned and node is not last)
        ways.append(Convention(f"without the last linear layer, {last.path}", headless, rare=True))
    return merged(_apart(ways))


def of_operations(graph: Graph, *, training: bool, only_mult_adds: bool) -> list[Convention]:
    """What a number of operations may count, other tools apart; `only_mult_adds` leaves out where one is two."""
    nodes = [node for node in graph.nodes if node.facts is not None]
    mult_adds = mult_adds_of(graph)
    biases = _whole([node.facts.op.bias_adds(node.facts.shape, *graph.shapes(node)) for node in nodes if node.facts])
    norms = _whole([2 * product(node.shape) for node in nodes if isinstance(node.op, BatchNorm)])
    maps = _whole([_mult_adds(node) for node in nodes if isinstance(node.op, CONVOLUTIONS)])
    ways = [
        Convention(MULT_ADDS, mult_adds, plain=True),
        Convention(f"{MULT_ADDS}, and additions of biases", mult_adds + biases),
        Convention(f"{MULT_ADDS}, and 2 per element of batch norm", mult_adds + norms),
        Convention(f"{MULT_ADDS} of convolutions only", maps, rare=True),
    ]
    if not only_mult_adds:
        flops = [n.facts.work.flops for n in nodes if n.facts and (training or not n.facts.op.idle_at_inference)]
        ways.append(Convention(f"twice the {MULT_ADDS}", 2 * mult_adds))
        ways.append(Convention("every operation as one", _whole(flops)))
    return _apart(ways)


def tools(*, only_mult_adds: bool) -> list[str]:
    """The shipped profiles that count operations, our own apart."""
    found = [profile(name) for name in names() if name != PAPER]
    return [p.name for p in found if p.operators is not None and not (only_mult_adds and p.unit == OPERATIONS)]


def named(tool: str) -> str:
    """What a tool prints, in its own words."""
    found = profile(tool)
    return f"{found.quantity} of {found.title}"


def of_tool(graph: Graph, tool: str, *, training: bool) -> list[Convention]:
    """What a tool prints; nothing where its profile refuses the network."""
    try:
        sizes = [applied.size for applied in Counter(graph, profile(tool), training=training).operations]
    except UsageError:
        return []
    return [Convention(named(tool), _whole(sizes))]


def mult_adds_of(graph: Graph) -> int:
    """The mult-adds of a network without free names."""
    return _whole([_mult_adds(node) for node in graph.nodes if node.facts is not None])


def _apart(ways: list[Convention]) -> list[Convention]:
    """The plain way, which is first, and those that say something else of this network."""
    plain = ways[0]
    return [plain, *(way for way in ways if way.value != plain.value)]


def _mult_adds(node: Node) -> int:
    assert node.facts is not None
    return int(known(node.facts.work.multiply_accumulates))


def _stored(graph: Graph, *, training: bool) -> Iterator[tuple[Node, str, Weight]]:
    """Each stored array once, where it is carried first."""
    owners = graph.owners()
    for node in graph.nodes:
        if node.facts is None or (node.facts.op.idle_at_inference and not training):
            continue
        for name, weight in node.facts.weights.items():
            if (node.index, name) not in owners:
                yield node, name, weight


def _is_bias(node: Node, name: str) -> bool:
    return "bias" in name and not isinstance(node.op, NORMS)


def _is_matrix(node: Node, name: str, weight: Weight) -> bool:
    return weight.learned and isinstance(node.op, (*CONVOLUTIONS, Linear)) and not _is_bias(node, name)


def _whole(sizes: Iterable[object]) -> int:
    return int(known(total([*sizes, 0])))  # type: ignore[list-item]
