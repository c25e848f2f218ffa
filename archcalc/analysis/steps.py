"""A graph as a list of steps, each of which reads tensors and writes one: operators, and what they are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UndecidedError, UsageError
from archcalc.graph import FACTS_KEPT
from archcalc.ops.op import NEW, VIEW, Weight
from archcalc.recorded import product
from archcalc.saved import ACTIVATION, INDEX, NOTHING, Part, Saved
from archcalc.shape import features

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from archcalc.analysis.setup import Setup
    from archcalc.graph import Facts, Graph, Node
    from archcalc.recorded import Shape, Size


FOLD_INTO = ("conv", "depthwise_conv", "transposed_conv", "linear")


class Step(NamedTuple):
    """It reads tensors, numbered by the steps that write them, and writes one of so many elements per sample."""

    node: int
    part: str
    reads: tuple[int, ...]
    elements: Size
    storage: str
    kind: str = ACTIVATION
    saved: Saved = NOTHING
    trained: bool = False  # has weights that are trained
    whole: bool = True  # a view of all elements of one tensor


class Steps(NamedTuple):
    """All steps in order, and the tensors that flow in and out."""

    steps: list[Step]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def steps(graph: Graph, setup: Setup, *, training: bool) -> Steps:
    """The steps of a graph, at inference or in training.

    Raises UndecidedError where one pass of a loop stands for many: what is alive there is not known.
    """
    if graph.loops:
        raise UndecidedError("what is alive is not worked out where the count of a loop is free")
    inside = folded(graph) if setup.fold_batch_norm and not training else {}
    weights = {node for node, _ in trained(graph, setup)}
    writes: list[int] = []  # for each node the step that writes its tensor
    made: list[Step] = []
    for node in graph.nodes:
        reads = tuple([writes[i] for i in node.inputs])
        if node.facts is None:
            made.append(Step(node.index, "", reads, product(node.shape), VIEW if reads else NEW))
        else:
            learned = node.index in weights
            made += _of_operator(graph, node, node.facts, reads, len(made), setup, training, learned, inside)
        writes.append(len(made) - 1)
    _mark_ids(graph, made, writes)
    inputs = tuple([writes[i] for i in graph.inputs])
    return Steps(made, inputs, tuple([writes[i] for _, i in graph.outputs]))


def _of_operator(
    graph: Graph,
    node: Node,
    facts: Facts,
    reads: tuple[int, ...],
    start: int,
    setup: Setup,
    training: bool,
    learned: bool,
    inside: dict[int, int],
) -> list[Step]:
    op, elements = facts.op, product(facts.shape)
    idle = op.idle_at_inference and not training
    if idle or node.index in inside or (node.kind == "concat" and setup.concat == "shared"):
        return [Step(node.index, "", reads, elements, VIEW, whole=len(reads) == 1)]
    shapes = tuple([graph.nodes[i].shape for i in node.inputs])
    saved, parts = _inside(facts, shapes, setup.attention == "fused")
    if not parts:
        return [Step(node.index, "", reads, elements, op.storage, ACTIVATION, saved, learned, op.whole)]
    inputs = len(reads)
    return [
        Step(
            node.index,
            part.name,
            tuple([reads[i] if i < inputs else start + i - inputs for i in part.reads]),
            product(part.shape),
            NEW,
            ACTIVATION,
            part.saved,
            learned and part.weighted,
        )
        for part in parts
    ]


@lru_cache(maxsize=FACTS_KEPT)
def _inside(facts: Facts, shapes: tuple[Shape, ...], fused: bool) -> tuple[Saved, tuple[Part, ...]]:
    parts = facts.op.parts(facts.shape, *shapes, fused=fused)
    return (NOTHING, parts) if parts else (facts.op.saved(facts.shape, *shapes), ())


def folded(graph: Graph) -> dict[int, int]:
    """Each batch norm that the layer before it takes into its own weights, and that layer.

    Nobody else reads that layer, and neither shares its weights with another step.
    """
    uses = [0] * len(graph.nodes)
    for index in [i for node in graph.nodes for i in node.inputs] + [i for _, i in graph.outputs]:
        uses[index] += 1

    def takes_in(before: Node) -> bool:
        return before.kind in FOLD_INTO and before.share is None and uses[before.index] == 1

    return {
        node.index: node.inputs[0]
        for node in graph.nodes
        if node.kind == "batch_norm" and node.share is None and takes_in(graph.nodes[node.inputs[0]])
    }


def stored_weights(node: Node, hosts: Set[int]) -> Mapping[str, Weight]:
    """The arrays of a node; of the `hosts`, which take a batch norm in, a bias is one."""
    weights = node.facts.weights if node.facts is not None else {}
    if node.index not in hosts or "bias" in weights:
        return weights
    return {**weights, "bias": Weight((features(node.shape),))}


def first_trained(graph: Graph, setup: Setup) -> int:
    """The first node that is trained: the first at or inside `train_from`. Raises UsageError."""
    return 0 if setup.train_from is None else part_of(graph, setup.train_from)[0]


def trained(graph: Graph, setup: Setup) -> set[tuple[int, str]]:
    """The weights that are trained, by node and name, wherever they are used. Raises UsageError.

    A weight that steps share is that of the first of them: below the cut, or frozen there, it is trained nowhere.
    """
    first, owners, nodes = first_trained(graph, setup), graph.owners(), graph.nodes
    found = set()
    for node in nodes[first:]:
        if node.facts is None or node.frozen:
            continue
        for name, weight in node.facts.weights.items():
            carrier = nodes[owners.get((node.index, name), node.index)]
            if weight.learned and carrier.index >= first and not carrier.frozen:
                found.add((node.index, name))
    return found


def part_of(graph: Graph, path: str) -> tuple[int, int]:
    """The first and the last node at a path or inside it; raises UsageError where there is none."""
    inside = f"{path}/"
    found = [n.index for n in graph.nodes if n.op is not None and (n.path == path or n.path.startswith(inside))]
    if not found:
        parts = dict.fromkeys(node.path.partition("/")[0] for node in graph.nodes if node.op is not None)
        listed = ", ".join([*parts][:12])
        raise UsageError(f"there is no part '{path}'", hint=f"parts: {listed}{', ...' if len(parts) > 12 else ''}")
    return found[0], found[-1]


def _mark_ids(graph: Graph, made: list[Step], writes: list[int]) -> None:
    """Token ids are whole numbers, from the operator that takes them back to the input."""
    for node in graph.nodes:
        if node.op is not None and node.op.takes_ids:
            waiting = [writes[node.inputs[0]]]
            while waiting:
                index = waiting.pop()
                made[index] = made[index]._replace(kind=INDEX)
                if made[index].storage == VIEW:
                    waiting.extend(made[index].reads)
