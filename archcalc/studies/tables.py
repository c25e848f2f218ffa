"""Published tables: the printed figures beside what the specs come to, and how far one follows from the other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import ArchcalcError, NotFoundError, SpecError, did_you_mean
from archcalc.recorded import Number, known, total
from archcalc.report import Layer, Report, report
from archcalc.spec.build import build
from archcalc.spec.expression import parse
from archcalc.spec.figure import Figure, FigureError, read_figure
from archcalc.spec.given import with_settings
from archcalc.spec.language import Expression
from archcalc.spec.load import load
from archcalc.spec.read import Reader
from archcalc.spec.source import Mapping, Node, Scalar, Sequence, read_file
from archcalc.spec.source import parse as parse_yaml
from archcalc.spec.values import ExpressionError, Items

if TYPE_CHECKING:
    from archcalc.graph import Graph

STATUSES = ("exact", "rounds to it", "cut to it", "near", "differs", "no figure", "no network")
_TABLE_KEYS = ("title", "cite", "verified", "note", "columns", "rows")
_ROW_KEYS = ("label", "spec", "with", "at", "networks", "unpublished", "why")
_CELL_KEYS = ("printed", "value", "cut", "near", "differs", "spec", "with", "at", "networks")
_HERE = Path(__file__).resolve().parent / "tables"


class Network(NamedTuple):
    """The network a value is of: a spec, under other hyperparameters, at a path or a pattern of paths."""

    spec: str
    settings: tuple[tuple[str, Expression], ...] = ()
    at: str | None = None


class Cell(NamedTuple):
    """One cell as the table states it: the printed figures, what they are of, and the status on record."""

    column: str
    printed: tuple[Figure, ...]
    value: Expression
    networks: tuple[tuple[str, Network], ...]  # "" is the network of names without a point
    recorded: str
    reason: str | None
    mark: Node


class Row(NamedTuple):
    """One row: its label, its cells, and why it has no network where it has none."""

    label: str
    cells: tuple[Cell, ...]
    unpublished: str | None
    mark: Node


class Table(NamedTuple):
    """One published table."""

    name: str
    title: str
    cite: str
    verified: bool
    note: str | None
    columns: tuple[tuple[str, str], ...]  # name and heading
    rows: tuple[Row, ...]


class Audited(NamedTuple):
    """A cell with what was computed, and the status that follows."""

    cell: Cell
    values: tuple[Number, ...]
    status: str

    @property
    def as_recorded(self) -> bool:
        """Whether the status is the one on record."""
        recorded = self.cell.recorded
        return self.status in ("exact", "rounds to it") if recorded == "holds" else self.status == recorded


def names() -> list[str]:
    """The tables there are."""
    return sorted(path.stem for path in _HERE.glob("*.yaml"))


def table(name: str) -> Table:
    """The table of that name; raises NotFoundError or SpecError."""
    if name not in names():
        raise NotFoundError(
            f"there is no table '{name}'", hint=did_you_mean(name, names()) or "'archcalc tables' lists them"
        )
    source = read_file(_HERE / f"{name}.yaml")
    reader = _TableReader(source)
    result = reader.table(name, parse_yaml(source))
    if reader.problems:
        raise SpecError(reader.problems)
    return result


class _TableReader(Reader):
    """Reads the file of a table."""

    def table(self, name: str, root: Mapping) -> Table:
        parts = self.keys(root, _TABLE_KEYS, "a table")
        columns = self._columns(parts.get("columns"))
        rows = parts.get("rows")
        if not isinstance(rows, Sequence):
            self.wrong("a table has a list of rows", root)
            rows = Sequence(self.source, root.start, [])
        verified = parts.get("verified")
        return Table(
            name=name,
            title=self.text(parts.get("title"), "title") or name,
            cite=self.text(parts.get("cite"), "cite") or "",
            verified=not (isinstance(verified, Scalar) and verified.text == "false"),
            note=self.text(parts.get("note"), "note"),
            columns=tuple((column, heading) for column, (heading, _) in columns.items()),
            rows=tuple(self._table_row(row, columns) for row in rows.items),
        )

    def _columns(self, node: Node | None) -> dict[str, tuple[str, Expression | None]]:
        """Each column with its heading and what it counts."""
        columns: dict[str, tuple[str, Expression | None]] = {}
        for key, value in node.entries if isinstance(node, Mapping) else []:
            if isinstance(value, Mapping):
                parts = self.keys(value, ("heading", "value"), "a column")
                counted = self._value(parts["value"]) if "value" in parts else None
                columns[key.text] = (self.text(parts.get("heading"), "heading") or key.text, counted)
            else:
                columns[key.text] = (key.text.replace("_", " "), self._value(value))
        return columns

    def _value(self, node: Node) -> Expression:
        if isinstance(node, Scalar):
            try:
                return Expression(node.text, parse(node.text, attributes=None), node)
            except ExpressionError as error:
                self.problems.append(node.problem(error))
        return self.expression(node)

    def _table_row(self, node: Node, columns: dict[str, tuple[str, Expression | None]]) -> Row:
        if not isinstance(node, Mapping):
            self.wrong("a row is a mapping", node)
            return Row("?", (), None, node)
        parts = self.keys(node, (*_ROW_KEYS, *columns), "a row")
        unpublished = self.text(parts.get("unpublished"), "unpublished")
        around = self._networks(parts)
        cells = tuple(
            self._cell(name, parts[name], columns[name][1], around, unpublished) for name in columns if name in parts
        )
        return Row(
            self.text(parts.get("label"), "label") or "", cells, unpublished or self.text(parts.get("why"), "why"), node
        )

    def _networks(self, parts: dict[str, Node]) -> dict[str, Network]:
        networks: dict[str, Network] = {}
        if "spec" in parts or "at" in parts or "with" in parts:
            networks[""] = self._network(parts)
        named = parts.get("networks")
        for key, value in named.entries if isinstance(named, Mapping) else []:
            if isinstance(value, Mapping):
                networks[key.text] = self._network(self.keys(value, ("spec", "with", "at"), "a network"))
            else:
                networks[key.text] = Network(self.text(value, "a network") or "")
        return networks

    def _network(self, parts: dict[str, Node]) -> Network:
        given = parts.get("with")
        settings = (
            [(key.text, self.expression(value)) for key, value in given.entries] if isinstance(given, Mapping) else []
        )
        return Network(self.text(parts.get("spec"), "spec") or "", tuple(settings), self.text(parts.get("at"), "at"))

    def _cell(
        self, column: str, node: Node, counted: Expression | None, around: dict[str, Network], unpublished: str | None
    ) -> Cell:
        parts: dict[str, Node] = {"printed": node}
        if isinstance(node, Mapping):
            parts = self.keys(node, _CELL_KEYS, "a cell")
        networks = around | self._networks(parts)
        if "" in networks and "" in around and not networks[""].spec:
            inner = networks[""]
            networks[""] = Network(around[""].spec, (*around[""].settings, *inner.settings), inner.at or around[""].at)
        value = self._value(parts["value"]) if "value" in parts else counted
        if value is None:
            self.wrong(f"what '{column}' counts is stated neither by the cell nor by the column", node)
            value = self.expression(node)
        marks = [key for key in ("cut", "near", "differs") if key in parts]
        if len(marks) > 1:
            self.wrong(f"a cell has one status, not {' and '.join(marks)}", node)
        recorded = {"cut": "cut to it"}.get(marks[0], marks[0]) if marks else "holds"
        printed = self._printed(parts["printed"]) if "printed" in parts else ()
        if unpublished is not None:
            recorded = "no network"
        elif not printed:
            recorded = "no figure"
        reason = self.text(parts[marks[0]], marks[0]) if marks and marks[0] != "cut" else None
        return Cell(column, printed, value, tuple(networks.items()), recorded, reason, node)

    def _printed(self, node: Node) -> tuple[Figure, ...]:
        figures = []
        for item in node.items if isinstance(node, Sequence) else [node]:
            try:
                figures.append(read_figure(item.text if isinstance(item, Scalar) else ""))
            except FigureError as error:
                self.wrong(error.message, item, error.hint)
        return tuple(figures)


class Audit:
    """Works out cells; every network is built once, however many cells ask for it."""

    def __init__(self) -> None:
        self._reports: dict[str, tuple[Graph, Report]] = {}

    def cell(self, cell: Cell) -> Audited:
        """The cell with its values and its status; raises SpecError with the place in the table."""
        if cell.recorded == "no network":
            return Audited(cell, (), "no network")
        try:
            values = self._values(cell)
        except ArchcalcError as error:
            raise SpecError([cell.mark.problem(error)]) from None
        return Audited(cell, values, status(cell.printed, values))

    def _values(self, cell: Cell) -> tuple[Number, ...]:
        networks = {name: self._asked(network) for name, network in cell.networks}
        value = cell.value.value(_Scope(networks))
        return tuple(known(item) for item in value) if isinstance(value, tuple) else (known(value),)

    def _asked(self, network: Network) -> Asked:
        key = f"{network.spec} {[(name, value.text) for name, value in network.settings]}"
        if key not in self._reports:
            settings = dict(network.settings)
            training = settings.pop("training", None)
            switched = training is not None and training.text == "true"
            spec = with_settings(load(network.spec), settings)
            graph = build(spec, training=switched)
            self._reports[key] = graph, report(graph, name=spec.name, training=switched)
        graph, answer = self._reports[key]
        return Asked(graph, answer, network.at)


class Asked:
    """What a cell may ask of a network: its totals, or the sums over the layers that a pattern of paths matches."""

    def __init__(self, graph: Graph, answer: Report, at: str | None) -> None:
        self.graph = graph
        self.answer = answer
        self.layers = list(answer.layers) if at is None else _matching(answer, at)
        self.whole = at is None

    def quantity(self, name: str) -> Any:
        """A count, a sum of weights of one kind, a shape or a receptive field; raises ExpressionError."""
        if name in _SUMS:
            return total([getattr(layer, _SUMS[name]) for layer in self.layers])
        if name in ("depth", "shortest_path") and self.whole:
            return getattr(self.answer.totals, name)
        if name in _WEIGHTS:
            return self._weights(_WEIGHTS[name])
        if name == "params_and_buffers":
            return total([layer.params for layer in self.layers] + [layer.buffers for layer in self.layers])
        if name == "layers":
            return len(self.layers)
        if name == "weighted_layers":
            return sum(1 for layer in self.layers if layer.mult_adds != 0 and layer.params != 0)
        if name == "output_shape":
            return self.answer.outputs[0].shape if self.whole else self.layers[-1].output_shape
        if name == "input_shape":
            return self.layers[0].input_shapes[0]
        return self._receptive_field(name)

    def _receptive_field(self, name: str) -> Any:
        key = name.removeprefix("receptive_field").removeprefix("_") or "size"
        if not name.startswith("receptive_field") or key not in ("size", "stride", "start"):
            raise ExpressionError(f"there is no quantity '{name}'", hint=did_you_mean(name, QUANTITY_NAMES))
        field = next((layer.receptive_field for layer in reversed(self.layers) if layer.receptive_field), None)
        if field is None:
            raise ExpressionError("no window path leads here: there is no receptive field")
        numbers = getattr(field, key)
        return numbers[0] if len(set(numbers)) == 1 else numbers

    def _weights(self, wanted: tuple[bool, bool]) -> Any:
        """Learned scalars of layers that multiply (or of the others), biases or the rest."""
        multiplying, biases = wanted
        at = {layer.path for layer in self.layers}
        sizes = [
            weight.size
            for node in self.graph.nodes
            if node.facts is not None and node.path in at and (node.facts.work.multiply_accumulates != 0) == multiplying
            for name, weight in node.facts.weights.items()
            if weight.learned and (not multiplying or ("bias" in name) == biases)
        ]
        return total(sizes)


_SUMS = {
    name: name for name in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")
}  # fmt: skip
_WEIGHTS = {"weights": (True, False), "biases": (True, True), "other_params": (False, False)}
QUANTITY_NAMES = (
    *_SUMS, *_WEIGHTS, "params_and_buffers", "depth", "shortest_path", "layers", "weighted_layers", "output_shape",
    "input_shape", "receptive_field", "receptive_field_stride", "receptive_field_start",
)  # fmt: skip


class _Scope:
    """Names in a cell's expression: quantities of its network, or of one of several as in a.params."""

    def __init__(self, networks: dict[str, Asked]) -> None:
        self.networks = networks
        self.variables: dict[str, Any] = {}
        self.items = Items()

    def missing(self, name: str) -> Any:
        """A quantity of the cell's own network."""
        if "" not in self.networks:
            raise ExpressionError(f"the cell names no spec that '{name}' is of")
        return self.networks[""].quantity(name)

    def size(self, tensor: str, axis: str) -> Any:
        """A quantity of a named network."""
        if tensor not in self.networks:
            raise ExpressionError(f"no network is called '{tensor}' here", hint=did_you_mean(tensor, self.networks))
        return self.networks[tensor].quantity(axis)

    def distinct(self, left: Any, right: Any) -> None:
        """Nothing is free here."""


def _matching(answer: Report, at: str) -> list[Layer]:
    """The layers at a path, at the end of one, or at every path that a pattern with * matches."""
    patterns = (at, f"{at}/*", f"*/{at}", f"*/{at}/*")
    layers = [layer for layer in answer.layers if any(fnmatchcase(layer.path, pattern) for pattern in patterns)]
    if not layers:
        raise ExpressionError(f"{answer.name} has no path '{at}'")
    return layers


def status(printed: tuple[Figure, ...], values: tuple[Number, ...]) -> str:
    """How far the printed figures follow from the exact values; the worst of several."""
    if not printed:
        return "no figure"
    if len(printed) != len(values):
        return "differs"
    return max((_status(figure, value) for figure, value in zip(printed, values, strict=True)), key=STATUSES.index)


def _status(figure: Figure, value: Number) -> str:
    exact, shown = Fraction(value), Fraction(figure.value)
    if figure.bound is not None:
        return "rounds to it" if figure.holds(value) else "differs"
    if exact == shown:
        return "exact"
    if not figure.exact and figure.holds(value):
        return "rounds to it"
    if not figure.exact and figure.holds(value, cut=True):
        return "cut to it"
    return "near" if abs(exact - shown) <= figure.last_digit else "differs"
