"""Counts of arithmetic beside mult-adds and flops, by name, for every operator; each worked out when asked for.

Bit operations are those of van Baalen et al. 2020, arXiv:2005.07093: mult-adds x bits of one factor x bits of the
other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archcalc.analysis.cost import costs
from archcalc.analysis.loops import around, summed
from archcalc.analysis.training_work import products, work_of_nodes
from archcalc.errors import LimitError, UndecidedError, UsageError, did_you_mean
from archcalc.graph import FACTS_KEPT
from archcalc.precision import bits
from archcalc.products import WEIGHTS
from archcalc.recorded import total

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.analysis.setup import Setup
    from archcalc.graph import Facts, Graph
    from archcalc.recorded import Shape, Size

KINDS = ("multiplies", "adds", "compares", "divides", "elementary")
ARITHMETIC = (*KINDS, "useful_mult_adds", "bit_operations", "backward_mult_adds")


def arithmetic(graph: Graph, setup: Setup, name: str, *, training: bool = False) -> list[Size]:
    """The count of this name, one of ARITHMETIC, for every node, per sample; dropout idles unless `training`.

    Raises UsageError for another name, UndecidedError where a free name leaves it open, LimitError where a kernel is
    too large.
    """
    if name not in ARITHMETIC:
        known = f"counts: {', '.join(ARITHMETIC)}"
        raise UsageError(f"there is no count '{name}'", hint=did_you_mean(name, ARITHMETIC) or known)
    if name in KINDS:
        return [getattr(cost.work, name) for cost in costs(graph, training=training)]
    if name == "useful_mult_adds":
        return _of_operators(graph, _useful, training=training)
    if name == "bit_operations":
        return _of_operators(graph, lambda facts, shapes: _bit_operations(facts, shapes, setup), training=training)
    if graph.loops:
        raise UndecidedError("what runs backward is not worked out where the count of a loop is free")
    return [work.backward for work in work_of_nodes(graph, setup.in_training)]


def _of_operators(graph: Graph, rule: Callable[[Facts, tuple[Shape, ...]], Size], *, training: bool) -> list[Size]:
    """What a rule says of every operator that does mult-adds."""
    loops = around(graph) if graph.loops else {}
    found: list[Size] = []
    for node in graph.nodes:
        facts = node.facts
        idle = facts is None or (facts.op.idle_at_inference and not training)
        if facts is None or idle or facts.work.multiply_accumulates == 0:
            found.append(0)
            continue
        try:
            count = rule(facts, tuple(graph.shapes(node)))
            found.append(summed(count, loops.get(node.index, ())))
        except (UndecidedError, LimitError) as error:
            raise type(error)(f"{node.path}: {error.message}", hint=error.hint) from None
    return found


@lru_cache(maxsize=FACTS_KEPT)
def _useful(facts: Facts, shapes: tuple[Shape, ...]) -> Size:
    return facts.op.useful_mult_adds(facts.shape, *shapes)


def _bit_operations(facts: Facts, shapes: tuple[Shape, ...], setup: Setup) -> Size:
    """Of each product one factor is an activation; the other a weight, if one is, else an activation too."""
    activation = bits(setup.activations)
    return total(
        [
            product.mult_adds * ((setup.weight_bits if WEIGHTS in product.factors else activation) * activation)
            for product in products(facts, shapes)
        ]
    )
