"""What each operator costs: parameters, buffers, arithmetic, elements written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.ops.op import VIEW
from archcalc.recorded import Size, product
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from archcalc.graph import Graph, Node


class Cost(NamedTuple):
    """The cost of one operator, per sample; weights that an earlier operator carries count there."""

    params: Size = 0
    trainable_params: Size = 0
    buffers: Size = 0
    work: Work = NO_WORK
    flops: Size = 0
    activations: Size = 0
    weighted: bool = False  # has weights and does multiply-accumulates with them
    shared_with: int | None = None


NOTHING = Cost()


def costs(graph: Graph, *, training: bool = False) -> list[Cost]:
    """The cost of every node, in order; dropout idles unless `training`."""
    owners = graph.owners()
    known: dict[int, Cost] = {}  # by facts: equal operators on equal shapes cost the same
    result = []
    for node in graph.nodes:
        if node.frozen or node.share is not None:
            result.append(_cost(node, owners, training=training))
            continue
        cost = known.get(id(node.facts))
        if cost is None:
            cost = known[id(node.facts)] = _cost(node, owners, training=training)
        result.append(cost)
    return result


def _cost(node: Node, owners: dict[tuple[int, str], int], *, training: bool) -> Cost:
    op, facts = node.op, node.facts
    if op is None or facts is None or (op.idle_at_inference and not training):
        return NOTHING
    work = facts.work
    activations = 0 if op.storage == VIEW else product(facts.shape)
    if not facts.weights:
        return Cost(0, 0, 0, work, work.flops, activations)
    params: Size = 0
    buffers: Size = 0
    shared_with = None
    for name, weight in facts.weights.items():
        if (node.index, name) in owners:
            shared_with = owners[node.index, name]
        elif weight.learned:
            params = weight.size if params == 0 else params + weight.size
        else:
            buffers = weight.size if buffers == 0 else buffers + weight.size
    weighted = work.multiply_accumulates != 0
    return Cost(params, 0 if node.frozen else params, buffers, work, work.flops, activations, weighted, shared_with)
