"""All answers about one graph: exact, immutable, without units. Everything that is shown is made from this."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.cost import Cost, costs
from archcalc.analysis.paths import depths
from archcalc.analysis.receptive_field import ReceptiveField, receptive_fields
from archcalc.analysis.setup import USUAL, Setup
from archcalc.precision import bits, stored
from archcalc.recorded import Recorded, Shape, Size, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.analysis.memory import Memory
    from archcalc.counting.count import Counted
    from archcalc.graph import Graph


class Layer(NamedTuple):
    """One operator in its place; counts are per sample."""

    path: str
    op: str
    line: int
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    params: Size
    trainable_params: Size
    buffers: Size
    mult_adds: Size
    flops: Size
    activations: Size
    receptive_field: ReceptiveField | None
    shared_with: str | None


COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")
"""What every layer carries."""


class Totals(NamedTuple):
    """The whole network; counts are per sample, bytes for the batch."""

    params: Size
    trainable_params: Size
    buffers: Size
    mult_adds: Size
    flops: Size
    activations: Size
    activation_bytes: Size
    depth: Size
    shortest_path: Size
    receptive_field: ReceptiveField | None
    receptive_field_of: str | None

    @property
    def params_and_buffers(self) -> Size:
        """Parameters and stored constants together, as some papers count."""
        return self.params + self.buffers


class Tensor(NamedTuple):
    """What flows in or out: its name, its shape, and the path of the operator it comes from."""

    name: str
    shape: Shape
    path: str


class Condition(NamedTuple):
    """What must hold of free symbols, and the path of the operator that needs it."""

    left: Size
    relation: str
    right: Size
    path: str


class Report(NamedTuple):
    """All answers about one network."""

    name: str
    cite: str | None
    hyperparameters: Mapping[str, object]
    mode: str
    setup: Setup
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    conditions: tuple[Condition, ...]
    totals: Totals
    layers: tuple[Layer, ...]
    graph: Graph
    counted: Counted | None = None

    def __eq__(self, other: object) -> bool:
        """Whether all answers are the same, whichever graph they are about."""
        return isinstance(other, Report) and self._answers == other._answers

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._answers)

    @property
    def _answers(self) -> tuple[object, ...]:
        return tuple(answer for answer in self if answer is not self.graph)

    @property
    def batch(self) -> Size:
        """How many samples bytes are for."""
        return self.setup.batch

    @property
    def precision(self) -> str:
        """The precision of an activation."""
        return self.setup.activations

    @property
    def memory(self) -> Memory:
        """What is alive and what training keeps; worked out when it is asked for, and kept. Raises UndecidedError."""
        from archcalc.analysis.memory import Memory

        known: dict[object, Memory] = self.graph.memories
        if self.setup not in known:
            known[self.setup] = Memory(self.graph, self.setup)
        return known[self.setup]

    def counts(self, name: str) -> tuple[Size, ...]:
        """One count of every layer, in order: one that layers carry, or one of those of analysis.arithmetic.

        Raises UsageError for another name, UndecidedError where a free name leaves it open, LimitError where it is too
        much to work out.
        """
        if name in COUNTS:
            return tuple([getattr(layer, name) for layer in self.layers])
        from archcalc.analysis.arithmetic import arithmetic

        found = arithmetic(self.graph, self.setup, name, training=self.mode == "training")
        return tuple([count for node, count in zip(self.graph.nodes, found, strict=True) if node.op is not None])

    @property
    def symbolic(self) -> bool:
        """Whether some symbol is left free."""
        return any(isinstance(v, Recorded) for v in self.hyperparameters.values()) or isinstance(self.batch, Recorded)

    def part(self, path: str) -> list[Layer]:
        """The layers at a path or inside it."""
        inside = f"{path}/"
        return [layer for layer in self.layers if layer.path == path or layer.path.startswith(inside)]


def report(
    graph: Graph,
    *,
    name: str,
    cite: str | None = None,
    hyperparameters: Mapping[str, object] | None = None,
    training: bool = False,
    setup: Setup = USUAL,
) -> Report:
    """Ask every question of a graph."""
    cost = costs(graph, training=training)
    fields, last = receptive_fields(graph)
    layers = _layers(graph, cost, fields)
    nodes = graph.nodes
    return Report(
        name=name,
        cite=cite,
        hyperparameters=MappingProxyType(dict(hyperparameters or {})),
        mode="training" if training else "inference",
        setup=setup,
        inputs=tuple(Tensor(nodes[i].path, nodes[i].shape, nodes[i].path) for i in graph.inputs),
        outputs=tuple(Tensor(name, nodes[i].shape, nodes[i].path) for name, i in graph.outputs),
        conditions=tuple(
            Condition(c.left, c.relation, c.right, nodes[min(c.node, len(nodes) - 1)].path) for c in graph.conditions
        ),
        totals=_totals(graph, cost, fields, last, setup),
        layers=layers,
        graph=graph,
    )


def _layers(graph: Graph, cost: list[Cost], fields: list[ReceptiveField | None]) -> tuple[Layer, ...]:
    nodes = graph.nodes
    rows = []
    for node, (params, trainable, buffers, work, flops, activations, _, owner), field in zip(
        nodes, cost, fields, strict=True
    ):
        if node.op is None:
            continue
        inputs = node.inputs
        if len(inputs) == 1:
            source = nodes[inputs[0]]
            paths: tuple[str, ...] = (source.path,)
            shapes: tuple[Shape, ...] = (source.shape,)
        else:
            paths, shapes = tuple([nodes[i].path for i in inputs]), tuple([nodes[i].shape for i in inputs])
        shared = None if owner is None else nodes[owner].path
        rows.append(
            Layer(
                node.path, node.kind, node.line, paths, shapes, node.shape, params, trainable, buffers,
                work.multiply_accumulates, flops, activations, field, shared,
            )
        )  # fmt: skip
    return tuple(rows)


def _totals(graph: Graph, cost: list[Cost], fields: list[ReceptiveField | None], last: int, setup: Setup) -> Totals:
    field = fields[last]
    activations = [each.activations for each in cost]
    most, fewest = depths(graph, cost)
    return Totals(
        params=total([each.params for each in cost]),
        trainable_params=total([each.trainable_params for each in cost]),
        buffers=total([each.buffers for each in cost]),
        mult_adds=total([each.work.multiply_accumulates for each in cost]),
        flops=total([each.flops for each in cost]),
        activations=total(activations),
        activation_bytes=stored(activations, bits(setup.activations), setup.batch),
        depth=most,
        shortest_path=fewest,
        receptive_field=field,
        receptive_field_of=None if field is None else graph.nodes[last if field.met is None else field.met].path,
    )
