"""One network at many values of its hyperparameters: exact rows, of which those are kept that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import front, ordered
from archcalc.errors import ArchcalcError, LimitError, UsageError, did_you_mean
from archcalc.studies.grid import CHUNK
from archcalc.studies.quantities import PER_AXIS, QUANTITIES, scalars
from archcalc.studies.structures import BATCH, Network, Part, Refusal, Rows, Structures, column, counted, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.arrays import Array, Values
    from archcalc.report import Report
    from archcalc.studies.grid import Grid
    from archcalc.studies.where import Where

MOST_ROWS = 1_000_000
"""How many rows are sorted, or can be on a front."""


class Objective(NamedTuple):
    """What shall be small, or large."""

    name: str
    largest: bool


class Choice(NamedTuple):
    """Which networks are kept: those that satisfy a condition; of these the front; of these the first by some order."""

    where: Where | None = None
    pareto: tuple[Objective, ...] = ()
    sort: tuple[Objective, ...] = ()
    top: int | None = None

    @property
    def reduces(self) -> bool:
        """Whether what is kept is known only at the end."""
        return bool(self.pareto or self.sort)


NOTHING_CHOSEN = Choice()


class Sweep:
    """The rows of a network over a grid, worked out chunk by chunk; `refused` counts what is no network, and why."""

    def __init__(self, network: Network, grid: Grid, shown: tuple[str, ...], choice: Choice = NOTHING_CHOSEN) -> None:
        self.network = network
        self.grid = grid
        self.shown = shown
        self.choice = choice
        self.axes = {axis.name: axis for axis in grid.axes}
        self.structures = Structures(network, grid.axes)
        self.refused: dict[str, Refusal] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what stands in a row: hyperparameters, then quantities."""
        return (*self.axes, *self.shown)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each row as a mapping; the quantities of what is no network are None."""
        for rows in self.rows():
            for cells in zip(*self.cells(rows), strict=True):
                yield dict(zip(self.columns, cells, strict=True))

    def cells(self, rows: Rows) -> list[list[Any]]:
        """The columns of some rows: values of the axes, numbers, and None."""
        cells = [[axis.items[i] for i in rows.chosen[name].tolist()] for name, axis in self.axes.items()]
        known = rows.known.tolist()
        for name in self.shown:
            numbers = rows.quantities[name].numbers()
            cells.append([number if is_known else None for number, is_known in zip(numbers, known, strict=True)])
        return cells

    def rows(self, parts: Iterable[Part] | None = None) -> Iterator[Rows]:
        """The rows that are asked for, in order; `parts` are the chunks, worked out anywhere.

        After an interruption, first what was found until then. Raises LimitError for too many rows to be kept.
        """
        parts = map(self.part, range(self.grid.chunks)) if parts is None else parts
        if not self.choice.reduces:
            yield from map(self._counted, parts)
            return
        kept: list[Rows] = []
        fewer = bool(self.choice.pareto) or self.choice.top is not None
        allowed = CHUNK if fewer else MOST_ROWS
        interruption: KeyboardInterrupt | None = None
        try:
            for part in parts:
                kept.append(self._counted(part))
                if sum(map(len, kept)) > allowed and fewer:
                    kept = [self._fewer(together(kept))]
                    allowed = 2 * len(kept[0]) + CHUNK
                if (len(kept[0]) if fewer else sum(map(len, kept))) > MOST_ROWS:
                    raise LimitError(f"more than {MOST_ROWS:,} rows are to be kept", hint="--top N keeps the first N")
        except KeyboardInterrupt as stop:
            interruption = stop
        if kept:
            yield self._chosen(together(kept))
        if interruption is not None:
            raise interruption

    def part(self, number: int) -> Part:
        """One chunk of the grid: what is kept of it, and what in it is no network."""
        rows, refused = self.structures.rows(self.grid.chunk(number))
        if self.choice != NOTHING_CHOSEN:
            rows = rows.at(rows.known)
        if self.choice.where is not None:
            rows = rows.at(self.choice.where.holds(self._numbers(rows), rows.chosen))
        return self._fewer(rows), refused

    def _counted(self, part: Part) -> Rows:
        rows, refused = part
        for place, refusal in refused.items():
            counted(self.refused, place, refusal)
        return rows

    def _numbers(self, rows: Rows) -> dict[str, Values]:
        """Every column of numbers."""
        numeric = [axis for axis in self.grid.axes if axis.values is not None]
        return {**rows.quantities, **{axis.name: column(axis, rows.chosen) for axis in numeric}}

    def _fewer(self, rows: Rows) -> Rows:
        """Without those that cannot be chosen, whatever comes: the front is in the order of the grid, and whole."""
        if self.choice.pareto:
            return rows.at(front(self._keys(rows, self.choice.pareto))) if len(rows) else rows
        return self._chosen(rows) if self.choice.top is not None else rows

    def _chosen(self, rows: Rows) -> Rows:
        """Of all these rows, those on the front, in order, as many as are wanted."""
        if self.choice.pareto and len(rows):
            rows = rows.at(front(self._keys(rows, self.choice.pareto)))
        if self.choice.sort and len(rows):
            rows = rows.at(ordered(self._keys(rows, self.choice.sort)))
        return rows if self.choice.top is None else rows.at(slice(self.choice.top))

    def _keys(self, rows: Rows, objectives: Iterable[Objective]) -> list[Array]:
        columns = self._numbers(rows)
        return [-columns[name].numerators if largest else columns[name].numerators for name, largest in objectives]


def sweep(
    network: Network,
    grid: Grid,
    *,
    of: Sequence[str],
    where: str | None = None,
    pareto: Iterable[str] = (),
    sort: Iterable[str] = (),
    top: int | None = None,
) -> Sweep:
    """The sweep of a network over a grid; raises an ArchcalcError for what is there at no point, or cannot be asked."""
    known = [*network.spec.hyperparameters, BATCH]
    for axis in grid.axes:
        if axis.name not in known:
            hint = did_you_mean(axis.name, known) or f"hyperparameters: {', '.join(network.spec.hyperparameters)}"
            raise UsageError(f"{network.spec.name} has no hyperparameter '{axis.name}'", hint=hint)
    sample = _sample(network, grid)
    names = [axis.name for axis in grid.axes]
    there = [name for name in _all(sample) if name not in names]
    shown = tuple(scalars(sample, of))
    for name in shown:
        if name in names:
            raise UsageError(f"'{name}' is a hyperparameter here; as a quantity it cannot be told apart")
    chosen = None
    if where is not None:
        from archcalc.studies.where import where as read

        chosen = read(where, grid.axes, there)
    numbers = [*there, *[axis.name for axis in grid.axes if axis.values is not None]]
    choice = Choice(chosen, _objectives(pareto, numbers), _objectives(sort, numbers), top)
    if top is not None and (not choice.sort or type(top) is not int or top < 1):
        raise UsageError("the first rows are asked for by a number from 1 and an order", hint="--sort params --top 10")
    needed = [*(chosen.names if chosen else ()), *[name for name, _ in (*choice.pareto, *choice.sort)]]
    asked = tuple(dict.fromkeys([*shown, *[name for name in needed if name not in names]]))
    return Sweep(network._replace(of=asked), grid, shown, choice)


def _sample(network: Network, grid: Grid) -> Report:
    """The report on the first configuration, else on the network as it is: what it has, the others have too."""
    try:
        return network.report({axis.name: axis.items[0] for axis in grid.axes})
    except ArchcalcError:
        return network.report({})


def _all(sample: Report) -> list[str]:
    """The name of every number that the network has."""
    names = [name for name in QUANTITIES if name not in PER_AXIS]
    for name in PER_AXIS:
        try:
            names += scalars(sample, [name])
        except UsageError:
            continue
    return names


def _objectives(texts: Iterable[str], numbers: Sequence[str]) -> tuple[Objective, ...]:
    """Names, each after min: or max: if it is said."""
    objectives = []
    for text in texts:
        way, _, name = text.rpartition(":")
        if name not in numbers or way not in ("", "min", "max"):
            hint = did_you_mean(name, numbers) or f"there are: {', '.join(numbers)}"
            raise UsageError(f"'{text}' is no number of this sweep", hint=hint)
        objectives.append(Objective(name, way == "max"))
    return tuple(objectives)
