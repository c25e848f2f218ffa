"""Questions asked backwards: which values of hyperparameters keep bounds or come nearest to figures, exactly."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import eq, le, ne
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import run
from archcalc.errors import ArchcalcError, SpecError, UsageError, did_you_mean
from archcalc.program import program
from archcalc.recorded import Recorded, divide, maximum
from archcalc.spec.hyperparameters import is_whole
from archcalc.studies.compare import symbols
from archcalc.studies.grid import Grid, grid
from archcalc.studies.plateau import Plateau, plateau, reach
from archcalc.studies.quantities import COUNTS, scalars
from archcalc.studies.structures import BATCH, Structures, column, together
from archcalc.studies.where import where as condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archcalc.arrays import Array, Values
    from archcalc.recorded import Number
    from archcalc.studies.grid import Axis
    from archcalc.studies.structures import Network, Rows
    from archcalc.studies.targets import Target

MOST_POINTS = 2_000_000
MOST_STRUCTURES = 2_000
USUAL = ("params", "mult_adds")
"""What is told beside the quantities of the targets."""
HOLDS = {"==": eq, "!=": ne, "<=": le}
RANGES = {
    "alone": {True: "1:65536", False: "0.01:100:0.01"},
    "several": {True: "1:1024", False: "0.01:4:0.01"},
    "structure": {True: "1:16", False: "0.1:4:0.1"},
}
"""The values of a name that is given none: whole ones or others; alone, among several, or deciding the structure."""


class Answer(NamedTuple):
    """Values that answer the question, and the quantities they give by the numeric engine.

    `kind` is largest, smallest, exact, below or above; nearest where several names or figures are asked for; closest
    if it is no answer, but misses the bounds by least. Of a rational name, which could lie between the values that were
    tried: `plateau` is the interval in which the network is the same; `kept` goes on from there to where the bounds are
    kept no longer, before the next value that was tried.
    """

    kind: str
    settings: Mapping[str, Any]
    quantities: Mapping[str, Number]
    plateau: Plateau | None = None
    kept: Plateau | None = None


class Solution(NamedTuple):
    """The answers; none where no value answers, and then `closest` is what misses by least.

    Where there is not even that, `refusal` says why the first of the values gives no network.
    """

    network: str
    targets: tuple[Target, ...]
    where: str | None
    axes: tuple[Axis, ...]
    answers: tuple[Answer, ...]
    closest: Answer | None
    refusal: str | None

    @property
    def nearest(self) -> Answer | None:
        """Of the answers below and above a figure the nearer one; else the first."""
        figures = [target for target in self.targets if target.nearest]
        return min(self.answers, key=lambda answer: _farthest(answer.quantities, figures), default=None)


def solve(
    network: Network,
    over: Mapping[str, object],
    targets: Sequence[Target],
    *,
    where: str | None = None,
    top: int = 10,
) -> Solution:
    """The values of the names in `over` that keep every bound and come nearest to the figures.

    A name has the values that a text or a list states, or else those of RANGES. One name is answered by its largest
    value under upper bounds, its smallest above lower bounds, and the nearest below and above a figure; several names
    by the `top` points nearest to the figures, or, where there are only bounds, to the first of them. Under upper
    bounds alone, that is of the points at which the next larger value of no name keeps them too. `where` is a
    condition on names and quantities. Raises an ArchcalcError.
    """
    if not over or not targets:
        raise UsageError("nothing is asked", hint="solve for a name and a target: --for H --target 'params = 10M'")
    if top < 1:
        raise UsageError(f"at least one answer is asked for, not {top}")
    usual = network.report({})
    flat = [t._replace(quantity=name) for t in targets for name in scalars(usual, [t.quantity])]
    points = _grid(network, over)
    asked = dict.fromkeys([*(t.quantity for t in flat), *USUAL])
    chosen = None if where is None else condition(where, points.axes, dict.fromkeys([*asked, *COUNTS]))
    names = [axis.name for axis in points.axes]
    asked |= dict.fromkeys(name for name in (chosen.names if chosen else ()) if name not in names)
    structures = Structures(network._replace(of=tuple(asked)), points.axes)
    parts = [structures.rows(points.chunk(number)) for number in range(points.chunks)]
    rows = together([part for part, _ in parts])
    there = rows.known
    if chosen is not None:
        numeric = {axis.name: column(axis, rows.chosen) for axis in points.axes if axis.values is not None}
        there = there & chosen.holds({**rows.quantities, **numeric}, rows.chosen)
    search = _Search(network, points, rows, flat)
    answers = list(search.answers(there, top))
    reasons = [refusal.said for _, refused in parts for refusal in refused.values()]
    return Solution(
        network=usual.name,
        targets=tuple(flat),
        where=where,
        axes=points.axes,
        answers=tuple(_between(network, points, answer, flat) for answer in answers),
        closest=None if answers else search.closest(there),
        refusal=None if rows.known.any() else next(iter(reasons), None),
    )


def _grid(network: Network, over: Mapping[str, object]) -> Grid:
    """The points that are tried; the values of a name that are numbers in ascending order."""
    stated: dict[str, object] = {}
    structures = 1
    known = network.spec.hyperparameters
    for name, given in over.items():
        if name not in known and name != BATCH:
            hint = did_you_mean(name, known) or f"hyperparameters: {', '.join(known)}"
            raise UsageError(f"{network.spec.name} has no hyperparameter '{name}'", hint=hint)
        whole = name not in known or is_whole(known[name])
        decides = _decides(network, name)
        kind = "structure" if decides else "alone" if len(over) == 1 else "several"
        (axis,) = grid({name: RANGES[kind][whole] if given is None else given}).axes
        if name not in known and not (axis.values is not None and (axis.values.positive & axis.values.whole).all()):
            raise UsageError(f"{BATCH} takes whole numbers from 1")
        stated[name] = axis.items if axis.values is None else sorted(set(axis.items))
        structures *= len(axis.items) if decides or axis.values is None else 1
        if structures > MOST_STRUCTURES:
            raise UsageError(
                f"there are {structures:,} structures to try, more than {MOST_STRUCTURES:,}",
                hint=f"give fewer values of {name}, on which the structure hangs",
            )
    made = grid(stated)
    if made.size > MOST_POINTS:
        raise UsageError(
            f"there are {made.size:,} points to try, more than {MOST_POINTS:,}",
            hint=f"give fewer values: --for {next(iter(over))}=128:256:32",
        )
    return made


def _decides(network: Network, name: str) -> bool:
    """Whether the structure of the network hangs on a name."""
    try:
        network.report({}, [name])
    except SpecError:
        return True
    return False


class _Search:
    """The points of a grid, in which answers are looked for."""

    def __init__(self, network: Network, points: Grid, rows: Rows, targets: Sequence[Target]) -> None:
        self.network = network
        self.points = points
        self.rows = rows
        self.targets = targets

    def answers(self, there: Array, top: int) -> Iterator[Answer]:
        """The answers among the points that are there, the best first."""
        kept = there & self._kept(self.targets)
        figures = [target for target in self.targets if target.nearest]
        first, *others = self.points.axes
        if others or first.values is None or len(figures) > 1:
            bounded = all(target.most is not None for target in self.targets)
            yield from self._nearest(
                "nearest", self._largest(kept) if bounded else kept, figures or self.targets[:1], top
            )
        elif figures:
            below = list(self._nearest("below", kept & self._kept([figures[0]._replace(relation="<=")]), figures, 1))
            if below and _farthest(below[0].quantities, figures) == 0:
                yield below[0]._replace(kind="exact")
                return
            yield from below
            yield from self._nearest("above", kept & self._kept([figures[0]._replace(relation=">")]), figures, 1)
        elif kept.any():
            ends = kept.nonzero()[0]
            if any(target.least is not None for target in self.targets):
                yield self._answer("smallest", ends[0])
            if any(target.most is not None for target in self.targets):
                yield self._answer("largest", ends[-1])

    def closest(self, there: Array) -> Answer | None:
        """Of the points that are there, what misses its bounds by least."""
        found = there.nonzero()[0]
        if not len(found):
            return None
        return self._answer("closest", self._sorted(found, [_miss(t) for t in self.targets if not t.nearest])[0])

    def _kept(self, targets: Sequence[Target]) -> Array:
        """Where every bound is kept."""
        kept = self.rows.known
        for target in targets:
            kept = kept & _within(self.rows.quantities[target.quantity], target)
        return kept

    def _largest(self, kept: Array) -> Array:
        """Of the points that are kept those at which the next larger value of no name is kept too."""
        grown = kept.reshape([len(axis.items) for axis in self.points.axes])
        largest = grown.copy()
        for place, axis in enumerate(self.points.axes):
            if axis.values is not None:
                before, after = ((slice(None),) * place + (part,) for part in (slice(-1), slice(1, None)))
                largest[before] = largest[before] & ~grown[after]
        flat: Array = largest.ravel()
        return flat

    def _nearest(self, kind: str, among: Array, figures: Sequence[Target], count: int) -> Iterator[Answer]:
        """The points nearest to the figures; of numbers that give the same one, the last below an upper bound."""
        found = among.nonzero()[0][:: 1 if figures[0].most is None else -1]
        seen = set()
        for index in self._sorted(found, map(_distance, figures)):
            words = [int(self.rows.chosen[axis.name][index]) for axis in self.points.axes if axis.values is None]
            same = (*self._numbers(index).values(), *words)
            if same not in seen:
                seen.add(same)
                yield self._answer(kind, index)
            if len(seen) == count:
                return

    def _sorted(self, at: Array, distances: Iterable[Any]) -> Array:
        """The points at some positions, those first of which the largest distance is smallest."""
        farthest = program([reduce(maximum, distances)])
        columns = {name: values.at(at) for name, values in self.rows.quantities.items()}
        order: Array = at[run(farthest, columns)[0].numerators.argsort(kind="stable")]
        return order

    def _numbers(self, index: Any) -> dict[str, Number]:
        return {name: values.at([index]).numbers()[0] for name, values in self.rows.quantities.items()}

    def _answer(self, kind: str, index: Any) -> Answer:
        """The point, with the numbers of the numeric engine, which must be those of the formulas."""
        point = {axis.name: axis.items[int(self.rows.chosen[axis.name][index])] for axis in self.points.axes}
        numbers = self._numbers(index)
        exact: Mapping[str, Any] = scalars(self.network.report(point), numbers)
        if exact != numbers:
            raise ArchcalcError(
                f"the formulas give {numbers} at {point}, the network {exact}: please report this mistake"
            )
        return Answer(kind, MappingProxyType(point), MappingProxyType(dict(exact)))


def _distance(figure: Target) -> Any:
    """How far the quantity is from the figure, in parts of that."""
    quantity: Any = Recorded(figure.quantity, integral=False)
    return divide(maximum(quantity - figure.value, figure.value - quantity), abs(Fraction(figure.value)) or 1)


def _miss(bound: Target) -> Any:
    """How far the quantity is beyond the bound, in parts of that."""
    quantity: Any = Recorded(bound.quantity, integral=False)
    beyond = bound.least - quantity if bound.most is None else quantity - bound.most
    return divide(maximum(beyond, 0), abs(Fraction(bound.value)) or 1)


def _within(values: Values, target: Target) -> Array:
    """Where a bound is kept; everywhere if it is none."""
    kept: Array = values.numerators * 0 == 0
    if target.most is not None:
        kept = kept & (values.numerators <= target.most * values.denominator)
    if target.least is not None:
        kept = kept & (values.numerators >= target.least * values.denominator)
    return kept


def _farthest(numbers: Mapping[str, Number], figures: Iterable[Target]) -> Fraction:
    """The largest distance from a figure, each in parts of the figure."""
    distances = [
        abs(Fraction(numbers[figure.quantity]) - figure.value) / (abs(Fraction(figure.value)) or 1)
        for figure in figures
    ]
    return max(distances, default=Fraction(0))


def _between(network: Network, points: Grid, answer: Answer, targets: Sequence[Target]) -> Answer:
    """The answer with what holds between the values that were tried, where one rational name is solved for."""
    if len(answer.settings) > 1:
        return answer
    ((name, value),) = answer.settings.items()
    if not isinstance(value, (int, Fraction)) or value <= 0 or _decides(network, name):
        return answer
    report = network.report({} if isinstance(value, int) else {name: value}, [name])
    if symbols(report)[name].integral:
        return answer
    of = dict.fromkeys([*(target.quantity for target in targets), "params", "mult_adds", "flops", "activations"])
    sides = [side for condition in report.conditions for side in (condition.left, condition.right)]
    others = [side for c in report.conditions if c.relation == "!=" for side in (c.left, c.right)]
    same = plateau([*scalars(report, of).values(), *others], value)
    exact = tuple(scalars(network.report(answer.settings), of).values())
    if same is None or same.values[: len(exact)] != exact:
        return answer

    last = {"largest": -1, "smallest": 0}.get(answer.kind)
    if last is None or value == points.axes[0].items[last]:
        return answer._replace(plateau=same)

    def kept(values: tuple[Number, ...]) -> bool:
        pairs = zip(values[len(targets) :: 2], values[len(targets) + 1 :: 2], report.conditions, strict=True)
        return all(t.kept(v) for t, v in zip(targets, values, strict=False)) and all(
            HOLDS[condition.relation](left, right) for left, right, condition in pairs
        )

    bounds = [scalars(report, [target.quantity])[target.quantity] for target in targets]
    upwards = answer.kind == "largest"
    return answer._replace(plateau=same, kept=reach([*bounds, *sides], value, kept, upwards=upwards))
