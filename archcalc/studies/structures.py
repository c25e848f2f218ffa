"""Rows of a sweep: for each configuration the function of its structure, or the reason why it is no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from archcalc.arrays import Values, everything, everywhere, groups, joined, positions, scattered
from archcalc.errors import ArchcalcError, SpecError
from archcalc.recorded import Recorded
from archcalc.report import Report, report
from archcalc.spec.build import build
from archcalc.spec.given import with_settings
from archcalc.studies.compile import Compiled, compiled
from archcalc.studies.grid import Axis, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcalc.analysis.setup import Setup
    from archcalc.arrays import Array
    from archcalc.limits import Limits
    from archcalc.ops.op import Op
    from archcalc.spec.load import Spec

STRUCTURES = 256
"""How many compiled structures are kept."""
REASONS = 1000
"""How many reasons are told apart."""
BATCH = "batch"


class Refusal(NamedTuple):
    """Why configurations are no network: how many, and what is said of the first."""

    configurations: int
    said: str
    example: str


class Rows(NamedTuple):
    """Configurations in order: where on its axis each value stands, the quantities, and which are networks."""

    chosen: dict[str, Array]
    quantities: dict[str, Values]
    known: Array

    def __len__(self) -> int:
        return int(self.known.size)

    def at(self, where: Any) -> Rows:
        """Those at some positions, under a mask, or in a slice."""
        return Rows(
            {name: array[where] for name, array in self.chosen.items()},
            {name: values.at(where) for name, values in self.quantities.items()},
            self.known[where],
        )


Part: TypeAlias = "tuple[Rows, dict[str, Refusal]]"
"""What is kept of a chunk, and what in it is no network."""


def together(parts: Sequence[Rows]) -> Rows:
    """Rows after one another."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Rows(
        {name: joined([Values(part.chosen[name]) for part in parts]).numerators for name in first.chosen},
        {name: joined([part.quantities[name] for part in parts]) for name in first.quantities},
        joined([Values(part.known) for part in parts]).numerators,
    )


class Network(NamedTuple):
    """Which network is swept, and what is asked of it."""

    spec: Spec
    setup: Setup
    training: bool
    ops: Mapping[str, type[Op]]
    limits: Limits
    of: tuple[str, ...]

    def compiled(self, settings: Mapping[str, object], free: Sequence[str]) -> Compiled:
        """The functions of the free names, where the others are set; raises an ArchcalcError."""
        answer = self.report(settings, free)
        return compiled(answer, self.of)

    def report(self, settings: Mapping[str, object], free: Sequence[str] = ()) -> Report:
        """The report; raises an ArchcalcError."""
        given, names = dict(settings), list(free)
        batch: Any = self.setup.batch
        if BATCH not in self.spec.hyperparameters:
            batch = Recorded(BATCH) if BATCH in free else given.pop(BATCH, batch)
            names = [name for name in free if name != BATCH]
        spec = with_settings(self.spec, given)
        graph = build(spec, ops=self.ops, free=names, training=self.training, limits=self.limits)
        return report(
            graph,
            name=spec.name,
            hyperparameters=graph.hyperparameters,
            training=self.training,
            setup=self.setup._replace(batch=batch),
        )


class Structures:
    """The compiled functions of a network: one for each combination of the values that decide its structure.

    Names that decide the structure are found out by leaving each free. Where a condition of a function does not hold,
    the network is another one, which is compiled for these values, or none. May be shared by threads.
    """

    def __init__(self, network: Network, axes: Iterable[Axis]) -> None:
        self.network = network
        self.axes = {axis.name: axis for axis in axes}
        self.watch: Callable[[int], object] = int  # told of every few rows that are worked out
        self._kept: dict[Any, Compiled | ArchcalcError] = {}
        self._because: dict[Any, ArchcalcError | None] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: functions can be pickled, errors are found again."""
        functions = {key: made for key, made in self._kept.items() if isinstance(made, Compiled)}
        return {"network": self.network, "axes": self.axes, "watch": int, "_kept": functions, "_because": {}}

    def rows(self, chosen: dict[str, Array]) -> Part:
        """The rows at these positions of the axes, and what is no network."""
        chunk = _Chunk(self, chosen)
        return chunk.rows(), chunk.refused

    def compiled(self, fixed: Mapping[str, int], free: tuple[str, ...]) -> Compiled | ArchcalcError:
        """The functions of the free names with the others at these positions of their axes, or why there are none."""
        key = (tuple(sorted(fixed.items())), free)
        made = self._kept.pop(key, None)
        if made is None:
            settings = {name: self.axes[name].items[at] for name, at in fixed.items()}
            settings |= {name: fraction for name in free if (fraction := _fraction(self.axes[name])) is not None}
            try:
                made = self.network.compiled(settings, free)
            except ArchcalcError as error:
                made = error
        self._kept[key] = made  # the last one used is the last one
        for oldest in list(self._kept)[:-STRUCTURES]:
            self._kept.pop(oldest, None)
        return made

    def reason(self, fixed: Mapping[str, int], free: tuple[str, ...], condition: int, point: Mapping[str, int]) -> Any:
        """Why a point that breaks a condition is no network; None if it is one after all."""
        key = (tuple(sorted(fixed.items())), free, condition)
        if key not in self._because:
            if len(self._because) > REASONS:
                self._because.clear()
            made = self.compiled(point, ())
            self._because[key] = made if isinstance(made, ArchcalcError) else None
        return self._because[key]


def counted(refused: dict[str, Refusal], place: str, refusal: Refusal) -> None:
    """Add to the counts of what is no network, by the place that says why; past so many places they are one."""
    if place not in refused and len(refused) >= REASONS:
        place, refusal = "", refusal._replace(said="other reasons")
    known = refused.get(place)
    more = 0 if known is None else known.configurations
    refused[place] = (known or refusal)._replace(configurations=more + refusal.configurations)


class _Chunk:
    """The rows of one chunk while they are worked out, part by part."""

    def __init__(self, structures: Structures, chosen: dict[str, Array]) -> None:
        self.structures = structures
        self.chosen = chosen
        self.size = next(iter(chosen.values())).size
        self.parts: list[tuple[Array, dict[str, Values]]] = []
        self.refused: dict[str, Refusal] = {}

    def rows(self) -> Rows:
        """Every row."""
        axes = self.structures.axes.values()
        fixed = [axis.name for axis in axes if axis.values is None]
        self._split(positions(0, self.size), {}, tuple([axis.name for axis in axes]), fixed)
        found = {
            name: scattered([(at, values[name]) for at, values in self.parts], self.size)
            for name in self.structures.network.of
        }
        known = scattered([(at, Values(at * 0 + 1)) for at, _ in self.parts], self.size)
        return Rows(self.chosen, found, known.numerators != 0)

    def _split(self, at: Array, fixed: Mapping[str, int], free: tuple[str, ...], names: Sequence[str]) -> None:
        """Work out the rows with some of the free names fixed, each combination of their values by itself."""
        if not names:
            self._fill(at, fixed, free)
            return
        left = tuple([name for name in free if name not in names])
        for group in groups([self.chosen[name][at] for name in names]):
            rows = at[group]
            self._fill(rows, {**fixed, **self._point(rows, names)}, left)
            if not left:
                self.structures.watch(rows.size)

    def _point(self, at: Array, names: Iterable[str] | None = None) -> dict[str, int]:
        """Where the first of the rows stands on the axes."""
        return {name: int(self.chosen[name][at[0]]) for name in names or self.chosen}

    def _fill(self, at: Array, fixed: Mapping[str, int], free: tuple[str, ...]) -> None:
        made = self.structures.compiled(fixed, free)
        if isinstance(made, Compiled):
            self._apply(made, at, fixed, free)
        elif not free:
            self._refuse(at.size, made, self._point(at))
        else:
            self._split(at, fixed, free, self._deciding(fixed, free, self._point(at)))

    def _deciding(self, fixed: Mapping[str, int], free: tuple[str, ...], point: Mapping[str, int]) -> list[str]:
        """The names that cannot be left free even alone; if each can, the last."""
        alone = []
        for name in free:
            others = {**fixed, **{n: point[n] for n in free if n != name}}
            if not isinstance(self.structures.compiled(others, (name,)), Compiled):
                alone.append(name)
        return alone or [free[-1]]

    def _apply(self, made: Compiled, at: Array, fixed: Mapping[str, int], free: tuple[str, ...]) -> None:
        """Put in what the functions give where they hold; look at the other rows by themselves."""
        arrays = {name: column(self.structures.axes[name], self.chosen, at) for name in free}
        for name, whole in made.names:
            outside = ~(arrays[name].positive & (arrays[name].whole if whole else True))
            if outside.any():
                self._split(at[outside], fixed, free, [name])
                self._fill_if_any(at[~outside], fixed, free)
                return
        results, held = made.run(arrays)
        masks = [everywhere(mask, [Values(at)]) for mask in held]
        valid = everywhere(everything(masks), [Values(at)])
        if valid.all():
            self.parts.append((at, results))
            return
        spread = {name: Values(everywhere(v.numerators, [Values(at)]), v.denominator) for name, v in results.items()}
        if valid.any():
            self.parts.append((at[valid], {name: values.at(valid) for name, values in spread.items()}))
        left = ~valid
        conditions = list(zip(range(len(masks)), made.conditions, masks, strict=True))
        # Where the network is another one, its conditions are others too.
        for _, condition, mask in conditions:
            if condition.relation == "!=" and (another := left & ~mask).any():
                self._split(at[another], fixed, free, condition.names)
                left = left & mask
        for index, _, mask in conditions:
            if (broken := left & ~mask).any():
                self._break(at[broken], fixed, free, index)
                left = left & mask

    def _fill_if_any(self, at: Array, fixed: Mapping[str, int], free: tuple[str, ...]) -> None:
        if at.size:
            self._fill(at, fixed, free)

    def _refuse(self, how_many: int, error: ArchcalcError, point: Mapping[str, int]) -> None:
        """Count configurations that are no network, by the place of the spec that says why."""
        place = error.problems[0].place if isinstance(error, SpecError) else None
        example = ", ".join(f"{name} = {written(self.structures.axes[name].items[at])}" for name, at in point.items())
        counted(self.refused, str(place or error.message), Refusal(how_many, str(error), example))

    def _break(self, at: Array, fixed: Mapping[str, int], free: tuple[str, ...], condition: int) -> None:
        point = self._point(at)
        error = self.structures.reason(fixed, free, condition, point)
        if error is None:
            self._split(at, fixed, free, free)
        else:
            self._refuse(at.size, error, point)


def column(axis: Axis, chosen: Mapping[str, Array], at: Any = ...) -> Values:
    """The numbers of an axis in these rows."""
    assert axis.values is not None
    return axis.values.at(chosen[axis.name][at])


def _fraction(axis: Axis) -> object:
    """A value that is not whole, by which a hyperparameter that takes such values is known."""
    return next((item for item in axis.items if getattr(item, "denominator", 1) != 1), None)
