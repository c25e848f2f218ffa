"""What each operator costs: parameters, buffers, arithmetic, elements written."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archcalc.graph import FACTS_KEPT
from archcalc.ops.op import VIEW
from archcalc.recorded import Size, product
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.graph import Facts, Graph, Node
    from archcalc.ops.op import Weight


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
    once = costs_once(graph, training=training)
    if not graph.loops:
        return once
    from archcalc.analysis.loops import repeated

    return repeated(graph, once)


def costs_once(graph: Graph, *, training: bool = False) -> list[Cost]:
    """The same, of one pass of each loop whose count is free."""
    owners = graph.owners()
    result = []
    for node in graph.nodes:
        facts = node.facts
        if facts is None or (facts.op.idle_at_inference and not training):
            result.append(NOTHING)
            continue
        cost = _alone(facts)
        if node.share is not None or node.frozen:
            cost = _in_place(cost, node, facts, owners)
        result.append(cost)
    return result


@lru_cache(maxsize=FACTS_KEPT)
def _alone(facts: Facts) -> Cost:
    """The cost of an operator that shares no weights and is trained."""
    work = facts.work
    activations = 0 if facts.op.storage == VIEW else product(facts.shape)
    if not facts.weights:
        return Cost(0, 0, 0, work, work.flops, activations)
    params, buffers = _sizes(facts.weights.values())
    return Cost(params, params, buffers, work, work.flops, activations, work.multiply_accumulates != 0)


def _in_place(cost: Cost, node: Node, facts: Facts, owners: dict[tuple[int, str], int]) -> Cost:
    """Without the weights that an earlier operator carries, and with those that are frozen not trained."""
    own = [weight for name, weight in facts.weights.items() if (node.index, name) not in owners]
    params, buffers = _sizes(own)
    shared_with = next((owners[node.index, name] for name in facts.weights if (node.index, name) in owners), None)
    trainable = 0 if node.frozen else params
    return cost._replace(params=params, trainable_params=trainable, buffers=buffers, shared_with=shared_with)


def _sizes(weights: Iterable[Weight]) -> tuple[Size, Size]:
    """The scalars that are learned, and those that are not."""
    params: Size = 0
    buffers: Size = 0
    for weight in weights:
        if weight.learned:
            params = weight.size if params == 0 else params + weight.size
        else:
            buffers = weight.size if buffers == 0 else buffers + weight.size
    return params, buffers
