"""The memory of one graph: weights, what is alive at inference, what training keeps, and the most of each.

Time runs over the operators in the order of the file. While one runs its inputs and outputs are alive; a storage dies
after its last reader.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.backward import backward, has_gradient, kept, stages
from archcalc.analysis.steps import Steps, folded, steps, stored_weights, trained
from archcalc.analysis.storage import readers, storages
from archcalc.analysis.timeline import Interval, Peak, alive, peak
from archcalc.precision import tensor_bytes
from archcalc.recorded import total
from archcalc.saved import INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcalc.analysis.backward import Kept, Stage
    from archcalc.analysis.schedule import Schedule
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


class Memory:
    """The bytes of a network for one batch, each worked out when it is asked for; docs/conventions.md explains them.

    Raises UsageError for parts that there are not, UndecidedError where the count of a loop is free.
    """

    def __init__(self, graph: Graph, setup: Setup) -> None:
        kept_as = self.__dict__
        kept_as["graph"], kept_as["setup"] = graph, setup
        kept_as["_training"] = steps(graph, setup, training=True)
        kept_as["_stages"] = stages(graph, self._training.steps, setup.checkpoint)

    graph: Graph
    setup: Setup
    _training: Steps
    _stages: list[Stage]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("memory does not change")

    @cached_property
    def _arrays(self) -> Arrays:
        return arrays(self.graph, self.setup, {})

    @cached_property
    def _stored(self) -> Arrays:
        """What inference stores."""
        if not self.setup.fold_batch_norm:
            return self._arrays
        return arrays(self.graph, self.setup, folded(self.graph))

    @cached_property
    def _inference(self) -> _Inference:
        return _inference(self.graph, self.setup)

    @cached_property
    def _peak(self) -> Peak:
        return peak(self._inference.alive)

    @cached_property
    def _flows(self) -> list[bool]:
        return has_gradient(self._training.steps)

    @cached_property
    def _kept(self) -> list[Kept]:
        return kept(self._training, self.setup, self._flows, self._stages)

    @cached_property
    def _backward(self) -> list[Size]:
        return backward(self.graph, self._training, self.setup, self._kept, self._flows)

    @cached_property
    def _training_peak(self) -> Peak:
        return peak(self._backward)

    @property
    def weights_bytes(self) -> Size:
        """The parameters."""
        return self.setup.weights_bytes(self._stored.learned)

    @property
    def buffers_bytes(self) -> Size:
        """The stored constants."""
        return total([tensor_bytes(elements, self.setup.buffer_bits) for elements in self._stored.buffers])

    @property
    def gradients_bytes(self) -> Size:
        """The gradients of the parameters that are trained."""
        return self.setup.weights_bytes(self._arrays.trained)

    @property
    def optimizer_bytes(self) -> Size:
        """What the optimizer keeps for these."""
        return self.setup.optimizer_bytes(self._arrays.trained)

    @property
    def activations_total_bytes(self) -> Size:
        """Every storage that the forward pass writes, and the input."""
        return total([one.size for one in self._inference.held])

    @property
    def peak_inference_bytes(self) -> Size:
        """The most that is alive at inference."""
        return self._peak.size

    @property
    def peak_at(self) -> str:
        """The path of the operator that runs then."""
        return self._path(self._inference.run, self._peak)

    @property
    def peak_lower_bound_bytes(self) -> int | None:
        """What no order of the operators goes below, where the best is asked for."""
        schedule = self._inference.schedule
        return None if schedule is None else schedule.lower_bound

    @property
    def alive_at_peak(self) -> tuple[str, ...]:
        """The paths of the tensors that are alive then: of each storage the last that was written to it."""
        run, _, lies, _, _ = self._inference
        at = self._peak.step
        last: dict[int, int] = {}
        for tensor in range(at + 1):
            last.update({home: tensor for home in lies.homes[tensor] if lies.last[home] >= at})
        return tuple(self.graph.nodes[run.steps[tensor].node].path for tensor in dict.fromkeys(last.values()))

    @property
    def saved_for_backward_bytes(self) -> Size:
        """Floating-point tensors that the backward pass needs of the forward pass."""
        return self._saved(whole=False)

    @property
    def saved_for_backward_integer_bytes(self) -> Size:
        """Tensors of whole numbers that it needs."""
        return self._saved(whole=True)

    @property
    def training_peak_bytes(self) -> Size:
        """Weights, optimizer state, and the most of what is saved, and of gradients."""
        return self.setup.weights_bytes(self._arrays.learned) + self.optimizer_bytes + self._training_peak.size

    @property
    def training_peak_at(self) -> str:
        """The path of the operator that then runs backward."""
        return self._path(self._training, self._training_peak)

    @property
    def moments(self) -> Iterator[Moment]:
        """All steps in order."""
        run, schedule, _, _, now = self._inference
        back = self._backward if schedule is None else [self._backward[index] for index in schedule.order]
        for step, size, behind in zip(run.steps, now, back, strict=True):
            yield Moment(self.graph.nodes[step.node].path, step.part, step.storage, size, behind)

    def _path(self, run: Steps, at: Peak) -> str:
        return self.graph.nodes[run.steps[at.step].node].path if run.steps else ""

    def _saved(self, *, whole: bool) -> Size:
        end = len(self._training.steps)
        return total([one.size for one in self._kept if one.last >= end and one.whole == whole])


class _Inference(NamedTuple):
    """The steps in order, the schedule if it was looked for, and what is alive when."""

    run: Steps
    schedule: Schedule | None
    lies: Storages
    held: list[Interval]
    alive: list[Size]


def _inference(graph: Graph, setup: Setup) -> _Inference:
    run, schedule = _scheduled(graph, steps(graph, setup, training=False), setup)
    lies = storages(run.steps, readers(run.steps, _pinned(run, setup)), inplace=setup.inplace)
    held = [Interval(i, lies.last[i], size) for i, size in enumerate(_sizes(run, setup)) if lies.last[i] >= 0]
    return _Inference(run, schedule, lies, held, alive(held, len(run.steps)))


class Arrays(NamedTuple):
    """The elements of every stored array, those of weights that steps share once: trained, frozen, and buffers."""

    trained: list[Size]
    frozen: list[Size]
    buffers: list[Size]

    @property
    def learned(self) -> list[Size]:
        """Trained or frozen."""
        return self.trained + self.frozen


def arrays(graph: Graph, setup: Setup, inside: dict[int, int]) -> Arrays:
    """Those of all nodes, where some batch norms are inside the layers before them."""
    found = Arrays([], [], [])
    owners, weights_trained, hosts = graph.owners(), trained(graph, setup), set(inside.values())
    for node in graph.nodes:
        if node.index in inside:
            continue
        for name, weight in stored_weights(node, hosts).items():
            if (node.index, name) in owners:
                continue
            if not weight.learned:
                found.buffers.append(weight.size)
            elif (node.index, name) in weights_trained:
                found.trained.append(weight.size)
            else:
                found.frozen.append(weight.size)
    return found


def _scheduled(graph: Graph, run: Steps, setup: Setup) -> tuple[Steps, Schedule | None]:
    """The steps in the order that is asked for."""
    if setup.schedule == "file":
        return run, None
    from archcalc.analysis.schedule import best

    schedule = best(run, _sizes(run, setup), _pinned(run, setup), inplace=setup.inplace, states=graph.limits.schedules)
    place = {index: new for new, index in enumerate(schedule.order)}
    moved = [run.steps[index] for index in schedule.order]
    moved = [step._replace(reads=tuple([place[tensor] for tensor in step.reads])) for step in moved]
    inputs, outputs = (tuple([place[tensor] for tensor in ends]) for ends in (run.inputs, run.outputs))
    return Steps(moved, inputs, outputs), schedule


def _sizes(run: Steps, setup: Setup) -> list[Size]:
    """The bytes of each tensor; token ids, which are whole numbers, count as none."""
    return [setup.bytes_of(step.elements) if step.kind != INDEX else 0 for step in run.steps]


def _pinned(run: Steps, setup: Setup) -> set[int]:
    return {*run.outputs, *(run.inputs if setup.keep_input else ())}
