"""The worked answer, as with paper and pen: the rules run on recorded numbers, so the formula is the code's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.analysis.cost import Cost, costs
from archcalc.analysis.loops import around
from archcalc.analysis.paths import longest_path, shortest_path
from archcalc.analysis.receptive_field import seen
from archcalc.recorded import Quantity, Recorded, Shape, Size, product
from archcalc.shape import AXIS_NAMES
from archcalc.window import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.graph import Graph, Node
    from archcalc.ops.op import Op


class Given(NamedTuple):
    """A number that a formula starts from, and where it comes from."""

    name: str
    value: Quantity
    source: str


class Line(NamedTuple):
    """One worked line: what it is of, the formula with names (a recorded expression, or a sum of terms), the result."""

    what: str
    formula: Quantity
    result: Quantity


class Working(NamedTuple):
    """The worked answer for one layer: what is given, and a line for each thing asked."""

    path: str
    kind: str
    line: int
    given: tuple[Given, ...]
    shape: tuple[Line, ...]
    weights: tuple[Line, ...]
    work: tuple[Line, ...]
    receptive_field: tuple[Line, ...]
    notes: tuple[str, ...]


class Addend(NamedTuple):
    """One term of a total."""

    path: str
    value: Quantity


WORK_WORDS = {
    "multiply_accumulates": "mult-adds",
    "multiplies": "multiplications",
    "adds": "additions",
    "compares": "compares",
    "divides": "divisions",
    "elementary": "elementary functions",
}


def layer(graph: Graph, node: Node, *, training: bool = False) -> Working:
    """The worked answer for one operator."""
    op = node.op
    assert op is not None
    prefixes = [f"input {i} " if len(node.inputs) > 1 else "" for i in range(1, len(node.inputs) + 1)]
    shapes = [_named_shape(graph.nodes[i].shape, prefix) for i, prefix in zip(node.inputs, prefixes, strict=True)]
    recorded = named(op)
    given = [*_given_inputs(graph, node, shapes), *_given_arguments(node, recorded)]
    output = recorded.output(*shapes)
    result = tuple(_leaf(f"output {name}", size) for name, size in zip(_axes(node.shape), output, strict=True))
    notes = []
    if op.idle_at_inference and not training:
        notes.append("idle at inference: nothing is computed and nothing is written")
    cost = costs(graph, training=training)[node.index]
    if node.frozen:
        notes.append("frozen: its parameters are not trained")
    if cost.shared_with is not None:
        notes.append(f"its weights are those of {graph.nodes[cost.shared_with].path}, and count there")
    work = () if notes and op.idle_at_inference else _work(recorded, result, shapes)
    return Working(
        path=node.path,
        kind=node.kind,
        line=node.line,
        given=tuple(given),
        shape=tuple(Line(name, size, known(size)) for name, size in zip(_axes(node.shape), output, strict=True)),
        weights=_weights(recorded, shapes),
        work=work,
        receptive_field=_receptive_field(graph, node, recorded, result, shapes),
        notes=tuple(notes),
    )


def total(graph: Graph, quantity: str, *, training: bool = False) -> tuple[Addend, ...]:
    """The terms that a total is the sum of: each layer that adds something."""
    terms = []
    for node, cost in zip(graph.nodes, costs(graph, training=training), strict=True):
        value = _quantity(cost, quantity)
        if node.op is not None and value != 0:
            terms.append(Addend(node.path, value))
    return tuple(terms)


def path_of(graph: Graph, quantity: str) -> tuple[Addend, ...]:
    """The weighted operators on the longest (`depth`) or shortest (`shortest_path`) path; one each pass."""
    cost = costs(graph)
    path = longest_path(graph, cost) if quantity == "depth" else shortest_path(graph, cost)
    loops = around(graph)
    return tuple(
        Addend(node.path, product([loop.turns for loop in loops.get(node.index, ())]))
        for node in path
        if cost[node.index].weighted
    )


def _quantity(cost: Cost, quantity: str) -> Size:
    return cost.work.multiply_accumulates if quantity == "mult_adds" else getattr(cost, quantity)


def known(number: Quantity) -> Quantity:
    """The value of a recorded number, where it has one."""
    return number.value if isinstance(number, Recorded) and number.value is not None else number


def named(op: Op) -> Op:
    """The same operator with every number of its arguments recorded under the argument's name."""
    arguments = {name: _named_value(name, value) for name, value in op.arguments.items()}
    return type(op)(**{name: value for name, value in arguments.items() if value is not None})


def _named_value(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, tuple, Recorded)):
        return value
    if isinstance(value, tuple):
        return tuple(_named_value(f"{name}[{i}]", item) for i, item in enumerate(value))
    return _leaf(name, value)


def _leaf(name: str, size: Quantity) -> Recorded:
    """A name for a number whose value is known; a size that is still free keeps its own expression."""
    value = known(size)
    return value if isinstance(value, Recorded) else Recorded(name, value)


def _axes(shape: Shape) -> tuple[str, ...]:
    return AXIS_NAMES.get(len(shape)) or tuple(f"axis {i}" for i in range(len(shape)))


def _named_shape(shape: Shape, prefix: str) -> Shape:
    return tuple(_leaf(f"{prefix}{name}", size) for name, size in zip(_axes(shape), shape, strict=True))


def _given_inputs(graph: Graph, node: Node, shapes: Iterable[Shape]) -> list[Given]:
    rows: list[Given] = []
    for index, shape in zip(node.inputs, shapes, strict=True):
        source = graph.nodes[index]
        where = f"output of {source.path}" if source.op is not None else "the network's input"
        rows.extend(Given(leaf.name, known(leaf), f"{where}, line {source.line}") for leaf in _leaves(shape))
    return rows


def _given_arguments(node: Node, op: Op) -> list[Given]:
    """Every number among the arguments, with the line that states it or the word that it is a default."""
    written = _written(node)
    rows: list[Given] = []
    for name, value in op.arguments.items():
        if value is None or isinstance(value, (str, bool)):
            continue
        source = written.get(name, "default")
        rows.extend(Given(leaf.name, known(leaf), source) for leaf in _leaves(value))
    return rows


def _leaves(value: Any) -> list[Recorded]:
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value] if isinstance(value, Recorded) and value.operator == "name" else []


def _written(node: Node) -> dict[str, str]:
    """For each argument that the step states: the line, and the text if that is more than the number."""
    written = getattr(node.step, "written_arguments", None)
    return written(list(node.op.fields)) if written is not None and node.op is not None else {}


def _weights(op: Op, shapes: list[Shape]) -> tuple[Line, ...]:
    lines = []
    for name, weight in op.weights(*shapes).items():
        size = product(weight.shape)
        lines.append(Line(name if weight.learned else f"{name} (buffer)", size, known(size)))
    return tuple(lines)


def _work(op: Op, output: Shape, shapes: list[Shape]) -> tuple[Line, ...]:
    work = op.work(output, *shapes)
    return tuple(
        Line(WORK_WORDS[kind], n, known(n)) for kind, n in zip(work._fields, work, strict=True) if known(n) != 0
    )


def _receptive_field(graph: Graph, node: Node, op: Op, output: Shape, shapes: list[Shape]) -> tuple[Line, ...]:
    """What is seen through this operator, from what its input sees; only where one window path leads here."""
    if len(node.inputs) != 1:
        return ()
    sight = seen(graph)
    here, before = sight[node.index], sight[node.inputs[0]]
    local = op.reach(output, *shapes)
    if local is None or not here.axes or not before.axes or any(r.period > 1 for r in (*here.axes, *before.axes)):
        return ()
    names = _axes(node.shape)[1:] if len(node.shape) > 2 else _axes(node.shape)[:1]
    axes = [_composed(reach, seen_before) for reach, seen_before in zip(local, before.axes, strict=True)]
    if all([line.result for line in lines] == [line.result for line in axes[0]] for lines in axes):
        return tuple(axes[0])
    return tuple(
        line._replace(what=f"{line.what} ({name})") for name, lines in zip(names, axes, strict=True) for line in lines
    )


def _composed(local: Reach, before: Reach) -> list[Line]:
    """The window of output 0 in positions of the network's input: its first, its last, its size, and the stride."""
    if before.windows[0] is None:
        return []
    low, high = before.windows[0]
    stride = _leaf("stride before", before.step)
    through = Reach(stride, ((_leaf("first before", low), _leaf("last before", high)),)).seen_through(local)
    if through is None or through.windows[0] is None:
        return []
    first, last = through.windows[0]
    size = _leaf("last", last) - _leaf("first", first) + 1
    rows = [("first", first), ("last", last), ("size", size), ("stride", through.step)]
    return [Line(what, number, known(number)) for what, number in rows]
