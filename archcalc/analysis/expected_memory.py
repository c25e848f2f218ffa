"""What is saved for the backward pass on average, where whole branches are dropped at random.

A storage is kept where at least one of the operators that need it is computed, and a gradient flows there; what is
needed, and by which operator, is as in backward.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.backward import by_step, has_gradient, needs, stages
from archcalc.analysis.decisions import ALWAYS, NEVER, added
from archcalc.analysis.steps import steps
from archcalc.analysis.storage import bases
from archcalc.recorded import total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.analysis.decisions import Decisions
    from archcalc.analysis.setup import Setup
    from archcalc.analysis.steps import Step
    from archcalc.analysis.survival import Survival
    from archcalc.graph import Graph
    from archcalc.recorded import Quantity, Size


class Saving(NamedTuple):
    """A storage that is kept for the backward pass: its bytes, whether it holds whole numbers, and in which event."""

    size: Size
    whole: bool
    event: int


def savings(graph: Graph, setup: Setup, survival: Survival) -> list[Saving]:
    """Every storage that some pass of training keeps; raises UndecidedError where the count of a loop is free."""
    run = steps(graph, setup, training=True).steps
    decisions, base = survival.decisions, bases(run)
    flows, usually = _gradients(run, survival), has_gradient(run)
    stage_of = by_step(stages(graph, run, setup.checkpoint))
    found: list[Saving] = []
    kept: dict[int, int] = {}  # by tensor, the event that it is kept
    for index, step in enumerate(run):
        if not usually[index]:
            continue
        stage, computed = stage_of.get(index), survival.events[step.node]
        wanted = list(needs(step, index))
        if stage is not None:  # made again from what flows in
            wanted += [(tensor, (index,)) for tensor in step.reads]
        else:
            event = decisions.all_of(computed, flows[index])
            found += [
                Saving(setup.bytes_of(o.elements, o.kind, per_sample=o.per_sample), setup.is_whole(o.kind), event)
                for o in step.saved.own
            ]
        for tensor, through in wanted:
            event = decisions.all_of(computed, decisions.any_of(flows[other] for other in through))
            for storage in base[tensor]:
                if stage is None or storage < stage.first:
                    kept[storage] = decisions.either(kept.get(storage, NEVER), event)
    for tensor, event in sorted(kept.items()):
        step = run[tensor]
        found.append(Saving(setup.bytes_of(step.elements, step.kind), setup.is_whole(step.kind), event))
    return [one for one in found if one.event != NEVER]


def saved_bytes(found: Iterable[Saving], decisions: Decisions, *, whole: bool) -> tuple[Size, Quantity]:
    """The bytes of floating-point numbers, or of whole ones, if nothing is dropped and on average."""
    alike: dict[int, list[Size]] = {}
    for size, is_whole, event in found:
        if is_whole == whole:
            alike.setdefault(event, []).append(size)
    everything = total([size for sizes in alike.values() for size in sizes])
    return everything, added([total(sizes) * decisions.probability(event) for event, sizes in alike.items()])


def _gradients(run: Sequence[Step], survival: Survival) -> list[int]:
    """For each step the event that a gradient flows through its output, and that the output is there to be read."""
    decisions, flows = survival.decisions, list[int]()
    for step in run:
        event = ALWAYS if step.trained else decisions.any_of(flows[tensor] for tensor in step.reads)
        if step.node in survival.rates:
            event = decisions.all_of(decisions.both(step.node, ALWAYS), event)
        flows.append(event)
    return flows
