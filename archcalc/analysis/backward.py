"""What training keeps: which tensors the backward pass needs, and what is alive while it runs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.steps import part_of, trained
from archcalc.analysis.storage import bases, readers, storages
from archcalc.analysis.timeline import Interval, alive
from archcalc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.analysis.setup import Setup
    from archcalc.analysis.steps import Step, Steps
    from archcalc.graph import Graph
    from archcalc.recorded import Size


ALL = "all"
"""The word that checkpoints every part of the outermost level that holds several operators."""


class Kept(NamedTuple):
    """A tensor that is kept for the backward pass: what it is of, its bytes, and the steps between which it is alive.

    `last` is past all steps where it is kept from the forward pass on; else it is made anew, behind a checkpoint.
    """

    step: int
    first: int
    last: int
    size: Size
    whole: bool


class Stage(NamedTuple):
    """A checkpointed part of the network, from its first step to its last."""

    first: int
    last: int


def has_gradient(steps: Sequence[Step]) -> list[bool]:
    """For each step whether a gradient flows through its output: from weights that are trained, on or below it."""
    flows: list[bool] = []
    for step in steps:
        flows.append(step.trained or any(flows[tensor] for tensor in step.reads))
    return flows


def outermost(graph: Graph) -> tuple[str, ...]:
    """The parts of the outermost level that hold several operators."""
    sizes: dict[str, int] = {}
    for node in graph.nodes:
        if node.op is not None and "/" in node.path:
            part = node.path.partition("/")[0]
            sizes[part] = sizes.get(part, 0) + 1
    return tuple(part for part, size in sizes.items() if size > 1)


def stages(graph: Graph, steps: Sequence[Step], paths: Iterable[str]) -> list[Stage]:
    """The checkpointed parts in order; ALL is every outermost part of several operators, `all/` a part of that name.

    Raises UsageError where there is no such part, or one lies inside another.
    """
    found = []
    for part in [part for path in paths for part in _meant(graph, path)]:
        first, last = part_of(graph, part)
        inside = [index for index, step in enumerate(steps) if first <= step.node <= last]
        found.append(Stage(inside[0], inside[-1]))
    found.sort()
    for one, other in pairwise(found):
        if other.first <= one.last:
            raise UsageError("a checkpointed part lies inside another", hint="--checkpoint takes parts side by side")
    return found


def _meant(graph: Graph, path: str) -> tuple[str, ...]:
    if path != ALL:
        return (path.removesuffix("/"),)
    if parts := outermost(graph):
        return parts
    raise UsageError(f"no part holds several operators, so '{ALL}' checkpoints none")


def by_step(checkpoints: Iterable[Stage]) -> dict[int, Stage]:
    """For each step inside a checkpointed part, that part."""
    return {index: stage for stage in checkpoints for index in range(stage.first, stage.last + 1)}


def needs(step: Step, index: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The tensors that the backward pass of a step needs, views as they are, each if a gradient flows through others.

    Weights that are trained have a gradient, as their step's output has then.
    """
    reads, saved = step.reads, step.saved
    for i in saved.inputs:
        yield reads[i], (index,)
    for i in saved.factors:
        yield reads[i], (index,) if step.trained else tuple([tensor for j, tensor in enumerate(reads) if j != i])
    if saved.output:
        yield index, (index,)


def kept(run: Steps, setup: Setup, flows: Sequence[bool], checkpoints: Sequence[Stage] = ()) -> list[Kept]:
    """Everything that is kept for the backward pass, each storage once."""
    steps = run.steps
    base, end = bases(steps), len(steps)
    found: list[Kept] = []
    wanted: dict[int, list[Interval]] = {}
    stage_of = by_step(checkpoints)
    for index, step in enumerate(steps):
        if not flows[index]:
            continue
        stage = stage_of.get(index)
        again = end if stage is None else stage.last
        for own in step.saved.own:
            size = setup.bytes_of(own.elements, own.kind, per_sample=own.per_sample)
            found.append(Kept(index, index, again, size, setup.is_whole(own.kind)))
        for tensor in {b for t, through in needs(step, index) if any(flows[o] for o in through) for b in base[t]}:
            inside = stage is not None and stage.first <= tensor
            wanted.setdefault(tensor, []).append(Interval(index, again if inside else end, 0))
        if stage is not None:
            for tensor in {b for t in step.reads for b in base[t] if b < stage.first}:
                wanted.setdefault(tensor, []).append(Interval(stage.last, end, 0))
    for tensor, uses in sorted(wanted.items()):
        step = steps[tensor]
        size = setup.bytes_of(step.elements, step.kind)
        whole = setup.is_whole(step.kind)
        found += [Kept(tensor, first, last, size, whole) for first, last in _joined(uses)]
    return found


def _joined(uses: Iterable[Interval]) -> list[tuple[int, int]]:
    """Intervals that overlap made one."""
    joined: list[tuple[int, int]] = []
    for first, last, _ in sorted(uses, key=lambda use: use[:2]):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def gradients(run: Steps, setup: Setup, flows: Sequence[bool]) -> list[Interval]:
    """The gradients of activations: each from the last step that reads the tensor down to the step that makes it.

    None overwrites another: in PyTorch too the backward pass of an activation in place writes a new tensor.
    """
    steps = run.steps
    lies = storages(steps, readers(steps, set(run.outputs)), inplace=False)
    flowing = {home for index, homes in enumerate(lies.homes) if flows[index] for home in homes}
    return [
        Interval(home, lies.last[home], setup.bytes_of(steps[home].elements, steps[home].kind))
        for home in sorted(flowing)
        if lies.last[home] >= 0
    ]


def weight_gradients(graph: Graph, run: Steps, setup: Setup) -> list[Interval]:
    """The gradients of weights: each from the last step that uses the weight down to the first step of all."""
    steps, nodes = run.steps, graph.nodes
    owners, weights = graph.owners(), trained(graph, setup)
    made: dict[tuple[int, str], int] = {}
    for index, step in enumerate(steps):
        facts = nodes[step.node].facts
        if step.trained and facts is not None:
            for name in facts.weights:
                if (step.node, name) in weights and name.startswith(f"{step.part}_" if step.part else ""):
                    made[owners.get((step.node, name), step.node), name] = index
    return [
        Interval(0, index, setup.weights_bytes([_weight(graph, owner, name)])) for (owner, name), index in made.items()
    ]


def _weight(graph: Graph, node: int, name: str) -> Size:
    facts = graph.nodes[node].facts
    assert facts is not None
    return facts.weights[name].size


def backward(graph: Graph, run: Steps, setup: Setup, tensors: Sequence[Kept], flows: Sequence[bool]) -> list[Size]:
    """What is alive while each step runs backward: kept and not yet used, gradients, and weight gradients made."""
    intervals = [Interval(one.first, one.last, one.size) for one in tensors]
    intervals += gradients(run, setup, flows)
    intervals += weight_gradients(graph, run, setup)
    return alive(intervals, len(run.steps))
