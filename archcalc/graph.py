"""A network as a graph of operators; what a node is follows the moment it is added."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from archcalc.errors import LimitError, ShapeError, UndecidedError
from archcalc.limits import LIMITS, Limits
from archcalc.ops.op import POINT
from archcalc.recorded import Recorded, Shape, Size
from archcalc.shape import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archcalc.ops.op import Op, Requirement, Weight
    from archcalc.window import Reach
    from archcalc.work import Work


FACTS_KEPT = 20_000
MODULE = "module"
CALLS = (MODULE, "subclass", "function")
"""How code calls an operator: as a module, as one of a class derived from it, or as a function. Other tools see it."""


class Origin(Protocol):
    """What a node was written as."""

    @property
    def line(self) -> int:
        """The line of the text, from 1."""


class Section:
    """A part of the network that has a name: a named step, a block call, a branch, a turn of a named loop."""

    __slots__ = ("name", "node", "parent", "parts", "path")

    def __init__(self, name: str = "", parent: Section | None = None) -> None:
        self.name = name
        self.parent = parent
        self.parts: list[Section | Node] = []
        self.node: Node | None = None  # the merge whose branches are inside
        self.path = ""

    def section(self, name: str) -> Section:
        """A new part inside this one."""
        part = Section(name, self)
        self.parts.append(part)
        return part

    def number(self, taken: Iterable[str] = ()) -> None:
        """Give every part its path; equal names in one place are numbered 1, 2, ..., past those that are taken."""
        known: dict[tuple[str, ...], Sequence[str]] = {}  # blocks that are called again have the same parts
        waiting = [self]
        while waiting:
            section = waiting.pop()
            parts = section.parts
            prefix = f"{section.path}/" if section.path else ""
            names = tuple([part.name for part in parts])
            segments = known.get(names)
            if segments is None:
                segments = known[names] = numbered(names)
            if section is self and taken:
                segments = numbered(names, taken)
            for part, segment in zip(parts, segments, strict=True):
                part.path = path = prefix + segment
                if type(part) is Section:
                    if part.parts:
                        waiting.append(part)
                    if part.node is not None:
                        part.node.path = path

    def current_path(self) -> str:
        """The path as far as it is known while the network is still being built."""
        return "" if self.parent is None else _current_path(self.parent, self)


class Facts:
    """What an operator's rules say of given input shapes; equal questions share one answer."""

    __slots__ = ("lost", "op", "pointwise", "reach", "shape", "weights", "work")

    def __init__(
        self,
        op: Op,
        shape: Shape,
        weights: Mapping[str, Weight],
        work: Work,
        reach: tuple[Reach, ...] | None,
        *,
        lost: bool,
    ) -> None:
        self.op = op
        self.shape = shape
        self.weights = weights
        self.work = work
        self.reach = reach
        self.lost = lost  # free symbols or limits leave the reach open
        self.pointwise = reach is not None and all(local is POINT for local in reach)


class Share(NamedTuple):
    """The label of weights that several steps have together, and the step inside which places are compared."""

    label: str
    step: Section | None


class Node:
    """An operator in its place, or an input: what flows in (indices of nodes) and the facts of its operator."""

    __slots__ = (
        "call",
        "facts",
        "frozen",
        "index",
        "inputs",
        "kind",
        "name",
        "op",
        "path",
        "section",
        "shape",
        "share",
        "step",
    )

    def __init__(
        self,
        kind: str,
        op: Op | None,
        inputs: tuple[int, ...],
        facts: Facts | None,
        shape: Shape,
        index: int,
        name: str,
        section: Section,
        step: Origin | None,
        frozen: bool = False,
        share: Share | None = None,
        call: str = MODULE,
    ) -> None:
        self.kind = kind
        self.op = op
        self.inputs = inputs
        self.facts = facts
        self.shape = shape
        self.index = index
        self.name = name
        self.section = section
        self.step = step
        self.frozen = frozen
        self.share = share
        self.call = call
        self.path = ""

    @property
    def line(self) -> int:
        """The line of the text that says it, from 1; 0 where there is none."""
        return 0 if self.step is None else self.step.line

    def current_path(self) -> str:
        """The path as far as it is known while the network is still being built."""
        if self.op is None:
            return self.path
        return _current_path(self.section, self) if self.name else self.section.current_path()


@lru_cache(maxsize=FACTS_KEPT)
def facts_of(op: Op, shapes: tuple[Shape, ...]) -> Facts:
    """The facts where all sizes are numbers; they follow from the arguments alone, so networks share them.

    Raises ShapeError when a requirement of the operator does not hold.
    """
    shape = op.output(*shapes)
    for requirement in op.requires(*shapes):
        left, relation, right, _ = requirement
        if not (left == right if relation == "==" else left <= right):
            raise _refused(requirement)
    return _facts(op, shape, shapes)


def _facts(op: Op, shape: Shape, shapes: tuple[Shape, ...]) -> Facts:
    try:
        reach, lost = op.reach(shape, *shapes), False
    except UndecidedError:
        reach, lost = None, True
    weights, work = op.weights(*shapes), op.work(shape, *shapes)
    for number in (*shape, *work, *[weight.size for weight in weights.values()]):
        if type(number) is int and number.bit_length() > LIMITS.integer_bits:
            raise LimitError(f"a size or a count has more than {LIMITS.integer_bits:,} bits")
    return Facts(op, shape, weights, work, reach, lost=lost)


def _refused(requirement: Requirement) -> ShapeError:
    left, _, right, otherwise = requirement
    return ShapeError(otherwise.replace("{left}", str(left)).replace("{right}", str(right)))


class Condition(NamedTuple):
    """What must hold of free symbols for the answer to be valid, and the node that needs it."""

    left: Size
    relation: str
    right: Size
    node: int


class Loop(NamedTuple):
    """Passes of a loop whose count is free, of which one is in the graph: pass `name` of 2, 3, ..., `turns` + 1.

    The nodes between `start`, where what flows into a pass enters, and `stop`, where what flows out of the last leaves.
    """

    name: str
    turns: Size
    start: int
    stop: int


class Graph:
    """Nodes in the order of computation, what flows in and out, and the conditions under which all of it is valid."""

    def __init__(self, limits: Limits = LIMITS, *, symbolic: bool = False) -> None:
        self.limits = limits
        self.symbolic = symbolic
        self.root = Section()
        self.nodes: list[Node] = []
        self.inputs: list[int] = []
        self.outputs: list[tuple[str, int]] = []
        self.sharing: list[Node] = []  # the nodes whose weights others may have too
        self.conditions: list[Condition] = []
        self.loops: list[Loop] = []  # inner ones first
        self.hyperparameters: dict[str, object] = {}
        self.steps = 0  # of the spec, run until everything was added
        self.memories: dict[object, Any] = {}  # what is known of its memory, by the setup
        self._known: dict[tuple[object, ...], tuple[Op, Facts]] = {}

    def add_input(self, name: str, shape: Shape, step: Origin | None = None) -> int:
        """Add a tensor that flows in."""
        index = len(self.nodes)
        node = Node("input", None, (), None, shape, index, name, self.root, step)
        node.path = name
        self.nodes.append(node)
        self.inputs.append(index)
        return index

    def add(
        self,
        kind: str,
        op: Op,
        inputs: tuple[int, ...],
        name: str,
        section: Section,
        step: Origin | None = None,
        frozen: bool = False,
        share: Share | None = None,
        call: str = MODULE,
    ) -> int:
        """Add an operator, as a part of the section, or as the section itself if it is given no name.

        Raises ShapeError when it does not accept what flows in, LimitError when there are too many.
        """
        nodes = self.nodes
        index = len(nodes)
        if len(inputs) == 1:
            shapes: tuple[Shape, ...] = (nodes[inputs[0]].shape,)
        else:
            shapes = tuple([nodes[i].shape for i in inputs])
        if op.arity is not None and len(shapes) != op.arity:
            takes = "one tensor" if op.arity == 1 else f"{op.arity} tensors"
            raise ShapeError(f"{kind} takes {takes}, but {len(shapes)} flow in")
        facts = self._symbolic_facts(op, shapes, index) if self.symbolic else facts_of(op, shapes)
        if index - len(self.inputs) >= self.limits.layers:
            message = f"the network has more than {self.limits.layers:,} operators"
            raise LimitError(message, hint="--max-layers raises the limit")
        node = Node(kind, op, inputs, facts, facts.shape, index, name, section, step, frozen, share, call)
        if name:
            section.parts.append(node)
        else:
            section.node = node
        nodes.append(node)
        if share is not None:
            self.sharing.append(node)
        return index

    def add_passage(self, name: str, source: int, shape: Shape, section: Section, step: Origin) -> int:
        """Add the place where a tensor enters or leaves the pass of a loop that stands for many."""
        index = len(self.nodes)
        self.nodes.append(Node(name, None, (source,), None, shape, index, "", section, step))
        return index

    def forget(self, nodes: int, conditions: int, sharing: int) -> None:
        """Take back what was added behind so many nodes, conditions and shared nodes."""
        del self.nodes[nodes:], self.conditions[conditions:], self.sharing[sharing:]

    def _symbolic_facts(self, op: Op, shapes: tuple[Shape, ...], index: int) -> Facts:
        """The facts where names are free: what must hold of these becomes a condition."""
        key = (id(op), *shapes)
        if key not in self._known:
            shape = op.output(*shapes)
            for requirement in op.requires(*shapes):
                self._require(requirement, index)
            self._known[key] = op, _facts(op, shape, shapes)
        return self._known[key][1]

    def _require(self, requirement: Requirement, index: int) -> None:
        left, relation, right, _ = requirement
        if isinstance(left, Recorded) or isinstance(right, Recorded):
            from archcalc.symbolic.bounds import certainly

            holds = certainly(left, relation, right)
            if holds is None:
                self.conditions.append(Condition(left, relation, right, index))
        else:
            holds = left == right if relation == "==" else left <= right
        if holds is False:
            raise _refused(requirement)

    def add_output(self, name: str, node: int) -> None:
        """Name a node whose tensor flows out."""
        self.outputs.append((name, node))

    def shapes(self, node: Node) -> list[Shape]:
        """The shapes that flow into a node."""
        return [self.nodes[i].shape for i in node.inputs]

    def close(self) -> None:
        """Number the paths, once everything is added."""
        self.root.number([self.nodes[index].path for index in self.inputs])
        for node in self.nodes:
            if node.op is None and node.inputs:  # a passage: what flows there comes from elsewhere
                node.path = self.nodes[node.inputs[0]].path

    def unused(self) -> Iterator[Node]:
        """The operators whose result reaches no output."""
        needed = [False] * len(self.nodes)
        for _, index in self.outputs:
            needed[index] = True
        for node in reversed(self.nodes):
            if needed[node.index]:
                for index in node.inputs:
                    needed[index] = True
        return (node for node in self.nodes if node.op is not None and not needed[node.index])

    def owners(self) -> dict[tuple[int, str], int]:
        """For each weight that a node has from an earlier one, by node and weight name: the node that carries it.

        Raises TieError when two steps that share weights have different shapes for one.
        """
        first: dict[tuple[str, str, str], tuple[Node, Weight]] = {}
        owners: dict[tuple[int, str], int] = {}
        for node in self.sharing:
            assert node.share is not None
            assert node.facts is not None
            label, step = node.share
            place = node.path.removeprefix(step.path) if step else ""
            for name, weight in node.facts.weights.items():
                owner, earlier = first.setdefault((label, place, name), (node, weight))
                if earlier != weight:
                    here, there = written(weight.shape), written(earlier.shape)
                    raise TieError(f"'{label}' is shared, but {name} is {here} here and {there} at {owner.path}", node)
                if owner is not node:
                    owners[node.index, name] = owner.index
        return owners


class TieError(ShapeError):
    """Steps that share weights have different shapes for one; `node` is the later one."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.node = node


def _current_path(section: Section, part: Section | Node) -> str:
    segments = numbered([p.name for p in section.parts])
    segment = next((s for p, s in zip(section.parts, segments, strict=True) if p is part), part.name)
    prefix = section.current_path()
    return f"{prefix}/{segment}" if prefix else segment


def numbered(names: Sequence[str], others: Iterable[str] = ()) -> Sequence[str]:
    """The names, with 1, 2, ... behind those that occur more than once; a number that is taken is passed over."""
    taken = set(others)
    if len(names) == len(set(names)) and taken.isdisjoint(names):
        return names
    more: set[str] = set()
    for name in names:
        (more if name in taken else taken).add(name)
    taken = (taken - more).union(others)
    count: dict[str, int] = {}
    segments = []
    for name in names:
        if name in more:
            number = count.get(name, 0) + 1
            while (segment := f"{name}{number}") in taken:
                number += 1
            count[name] = number
            segments.append(segment)
        else:
            segments.append(name)
    return segments
