"""The mult-adds of one training step per sample: forward, backward, and what is computed again instead of kept.

The gradient of each factor of a matrix product costs as many mult-adds as the product. Where weights and inputs have
one, backward costs twice what forward does. Source: Goodfellow, Bengio and Courville 2016, sections 6.5.6 and 6.5.7;
Kaplan et al. 2020, arXiv:2001.08361, section 2.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.backward import has_gradient, stages
from archcalc.analysis.steps import steps, trained
from archcalc.graph import FACTS_KEPT
from archcalc.recorded import total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.analysis.setup import Setup
    from archcalc.analysis.steps import Step
    from archcalc.graph import Facts, Graph
    from archcalc.products import Factor, Product
    from archcalc.recorded import Shape, Size


class TrainingWork(NamedTuple):
    """The mult-adds of one training step, per sample."""

    forward: Size
    backward: Size
    recomputed: Size

    @property
    def total(self) -> Size:
        """All of them."""
        return self.forward + self.backward + self.recomputed


NOTHING = TrainingWork(0, 0, 0)


def training_work(graph: Graph, setup: Setup) -> TrainingWork:
    """The mult-adds of a training step, where all that lies before `train_from` is frozen.

    What is computed again are the scores of fused attention, and checkpointed parts that a gradient flows through.
    Raises UsageError for parts that there are not, UndecidedError where a loop has a free count.
    """
    return TrainingWork(*map(_sum, zip(*work_of_nodes(graph, setup), strict=True)))


def work_of_nodes(graph: Graph, setup: Setup) -> list[TrainingWork]:
    """The same of every node, in order."""
    made = steps(graph, setup, training=True).steps
    flows = has_gradient(made)
    flowing = {step.node: flow for step, flow in zip(made, flows, strict=True)}  # the last step of a node is its output
    weighted = {node for node, _ in trained(graph, setup)}
    inside = _checkpointed(graph, made, flows, setup)
    found = []
    for node in graph.nodes:
        if node.facts is None or node.facts.work.multiply_accumulates == 0:
            found.append(NOTHING)
            continue
        mult_adds = node.facts.work.multiply_accumulates
        backward: list[Size] = []
        again = [mult_adds] if node.index in inside else []
        inputs = [flowing[i] for i in node.inputs]
        for product in products(node.facts, tuple(graph.shapes(node))):
            wanted = [product.mult_adds for f in product.factors if _flows(f, inputs, node.index in weighted)]
            backward += wanted
            if wanted and not product.stored and setup.attention == "fused":
                again.append(product.mult_adds)
        found.append(TrainingWork(mult_adds, _sum(backward), _sum(again)))
    return found


@lru_cache(maxsize=FACTS_KEPT)
def products(facts: Facts, shapes: tuple[Shape, ...]) -> tuple[Product, ...]:
    """The matrix products of an operator."""
    return facts.op.products(facts.shape, *shapes)


def _flows(factor: Factor, inputs: Sequence[bool], weighted: bool) -> bool:
    return (factor.weights and weighted) or any(inputs[i] for i in factor.inputs)


def _checkpointed(graph: Graph, made: Sequence[Step], flows: Sequence[bool], setup: Setup) -> set[int]:
    """The nodes that run again: those of checkpointed parts that something is kept for."""
    return {
        step.node
        for first, last in stages(graph, made, setup.checkpoint)
        if any(flows[first : last + 1])
        for step in made[first : last + 1]
    }


def _sum(counts: Iterable[Size]) -> Size:
    return total([count for count in counts if count != 0] or [0])
