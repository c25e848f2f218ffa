"""The memory of one graph: weights, what is alive at inference, what training keeps, and the most of each.

Time runs over the operators in the order of the file. While one runs its inputs and outputs are alive; a storage dies
after its last reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.backward import backward, has_gradient, kept, stages
from archcalc.analysis.schedule import Schedule, best
from archcalc.analysis.steps import Steps, folded, steps, trained
from archcalc.analysis.storage import readers, storages
from archcalc.analysis.timeline import Interval, alive, peak
from archcalc.ops.op import Weight
from archcalc.precision import tensor_bytes
from archcalc.recorded import total
from archcalc.saved import INDEX
from archcalc.shape import features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.analysis.backward import Kept
    from archcalc.analysis.setup import Setup
    from archcalc.analysis.storage import Storages
    from archcalc.graph import Graph
    from archcalc.recorded import Size


class Moment(NamedTuple):
    """One step: the path of its operator, the part of it, and the bytes alive while it runs, and runs backward."""

    path: str
    part: str
    storage: str
    alive_bytes: Size
    backward_bytes: Size


class Memory(NamedTuple):
    """The bytes of a network for one batch; see docs/conventions.md for what each means."""

    setup: Setup
    weights_bytes: Size
    buffers_bytes: Size
    gradients_bytes: Size
    optimizer_bytes: Size
    activations_total_bytes: Size
    peak_inference_bytes: Size
    peak_at: str
    peak_lower_bound_bytes: Size | None  # of all orders of the operators; where the best is asked for
    alive_at_peak: tuple[str, ...]
    saved_for_backward_bytes: Size
    saved_for_backward_integer_bytes: Size
    training_peak_bytes: Size
    training_peak_at: str
    moments: tuple[Moment, ...]


def memory(graph: Graph, setup: Setup) -> Memory:
    """All of it. Raises UsageError for parts that there are not, UndecidedError where a loop has a free count."""
    run, schedule = _scheduled(graph, steps(graph, setup, training=False), setup)
    lies = storages(run.steps, readers(run.steps, _pinned(run, setup)), inplace=setup.inplace)
    sizes = [setup.bytes_of(s.elements) if s.kind != INDEX else 0 for s in run.steps]
    held = [Interval(i, lies.last[i], size) for i, size in enumerate(sizes) if lies.last[i] >= 0]
    now = alive(held, len(run.steps))
    most = peak(now)
    train = steps(graph, setup, training=True)
    flows = has_gradient(train.steps)
    tensors = kept(train, setup, flows, stages(graph, train.steps, setup.checkpoint))
    back = backward(graph, train, setup, tensors, flows)
    worst = peak(back)
    arrays = _arrays(graph, setup, {})
    stored = _arrays(graph, setup, folded(graph)) if setup.fold_batch_norm else arrays
    optimizer = setup.optimizer_bytes(arrays.trained)
    paths = [graph.nodes[step.node].path for step in run.steps]
    behind = [back[index] for index in schedule.order] if schedule else back
    return Memory(
        setup=setup,
        weights_bytes=setup.weights_bytes(stored.learned),
        buffers_bytes=total([tensor_bytes(elements, setup.buffer_bits) for elements in stored.buffers]),
        gradients_bytes=setup.weights_bytes(arrays.trained),
        optimizer_bytes=optimizer,
        activations_total_bytes=total([one.size for one in held]),
        peak_inference_bytes=most.size,
        peak_at=paths[most.step],
        peak_lower_bound_bytes=schedule.lower_bound if schedule else None,
        alive_at_peak=tuple(_alive_at(most.step, lies, paths)),
        saved_for_backward_bytes=_saved(tensors, len(train.steps), whole=False),
        saved_for_backward_integer_bytes=_saved(tensors, len(train.steps), whole=True),
        training_peak_bytes=setup.weights_bytes(arrays.learned) + optimizer + worst.size,
        training_peak_at=graph.nodes[train.steps[worst.step].node].path,
        moments=tuple(
            Moment(path, step.part, step.storage, size, late)
            for path, step, size, late in zip(paths, run.steps, now, behind, strict=True)
        ),
    )


class _Arrays(NamedTuple):
    """The elements of every stored array: learned, those of them that are trained, and buffers."""

    learned: list[Size]
    trained: list[Size]
    buffers: list[Size]


def _arrays(graph: Graph, setup: Setup, inside: dict[int, int]) -> _Arrays:
    """Those of all nodes, where some batch norms are inside the layers before them."""
    arrays = _Arrays([], [], [])
    owners, weights_trained = graph.owners(), trained(graph, setup)
    for node in graph.nodes:
        if node.facts is None or node.index in inside:
            continue
        weights = dict(node.facts.weights)
        if node.index in inside.values():
            weights.setdefault("bias", Weight((features(node.shape),)))
        for name, weight in weights.items():
            if (node.index, name) in owners:
                continue
            if not weight.learned:
                arrays.buffers.append(weight.size)
                continue
            arrays.learned.append(weight.size)
            if (node.index, name) in weights_trained:
                arrays.trained.append(weight.size)
    return arrays


def _scheduled(graph: Graph, run: Steps, setup: Setup) -> tuple[Steps, Schedule | None]:
    """The steps in the order that is asked for."""
    if setup.schedule == "file":
        return run, None
    sizes = [setup.bytes_of(step.elements) if step.kind != INDEX else 0 for step in run.steps]
    schedule = best(run, sizes, _pinned(run, setup), inplace=setup.inplace, states=graph.limits.schedules)
    place = {index: new for new, index in enumerate(schedule.order)}
    moved = [run.steps[index] for index in schedule.order]
    moved = [step._replace(reads=tuple([place[tensor] for tensor in step.reads])) for step in moved]
    inputs, outputs = (tuple([place[tensor] for tensor in ends]) for ends in (run.inputs, run.outputs))
    return Steps(moved, inputs, outputs), schedule


def _pinned(run: Steps, setup: Setup) -> set[int]:
    return {*run.outputs, *(run.inputs if setup.keep_input else ())}


def _alive_at(step: int, lies: Storages, paths: Sequence[str]) -> Iterator[str]:
    """The paths of the tensors that are alive at a step: of each storage the last that was written to it."""
    held: dict[int, int] = {}
    for tensor in range(step + 1):
        for home in lies.homes[tensor]:
            if lies.last[home] >= step:
                held[home] = tensor
    return (paths[tensor] for tensor in dict.fromkeys(held.values()))


def _saved(tensors: Sequence[Kept], end: int, *, whole: bool) -> Size:
    return total([one.size for one in tensors if one.last >= end and one.whole == whole])
