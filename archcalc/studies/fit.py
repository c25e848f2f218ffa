"""What fits into a memory: the largest batch, the largest value of a name at one batch, or the batch of each value."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import SpecError, UsageError, did_you_mean
from archcalc.spec.figure import FigureError, read_figure
from archcalc.studies.grid import grid
from archcalc.studies.largest_batch import INFERENCE, TRAINING, largest_batch, need
from archcalc.studies.structures import BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.recorded import Number
    from archcalc.report import Report
    from archcalc.studies.grid import Axis
    from archcalc.studies.largest_batch import ClosedForm, Need
    from archcalc.studies.structures import Network

DURING = (INFERENCE, TRAINING)
MOST_VALUES = 2_000
"""No more values are tried: the network is built anew for each."""


class Row(NamedTuple):
    """A network, of one value of the name that is tried: a batch, what it needs, and whether that fits.

    The batch is the largest that fits, with what one sample more needs as `following`, and 0 without a need where
    one sample does not fit; or else the batch that is asked for. `refusal` says why a value gives no network.
    """

    value: Any
    fits: bool
    batch: int
    need: Need | None = None
    following: Need | None = None
    closed_form: ClosedForm | None = None
    refusal: str | None = None


class Fit(NamedTuple):
    """What fits: a row for each value of `name`, numbers in ascending order; or a single row without a name.

    `solved` where the largest batch is looked for. `report` is on the network with the values that its spec states.
    """

    report: Report
    during: str
    memory_bytes: int
    name: str | None
    solved: bool
    rows: tuple[Row, ...]

    @property
    def batch(self) -> int | None:
        """The batch that is asked for; None where batches are looked for or tried."""
        return None if self.solved or self.name == BATCH else int(self.report.setup.batch)

    @property
    def answer(self) -> Row | None:
        """What fits: the largest batch, or the largest value at one batch; None where each value has a batch."""
        if self.name is not None and self.solved:
            return None
        return next((row for row in reversed(self.rows) if row.fits), None)

    @property
    def fits(self) -> bool:
        """Whether anything fits."""
        return any(row.fits for row in self.rows)


def fit(
    network: Network, memory_bytes: int, over: Mapping[str, object], *, during: str = INFERENCE, batched: bool = False
) -> Fit:
    """What fits into so many bytes, of the names in `over`, each with the values that are tried.

    The batch has none, unless only some are wanted; `batched` says that it is given. Raises an ArchcalcError; a value
    that gives no network is no error but a row that says why.
    """
    if during not in DURING:
        raise UsageError(
            f"a network fits during inference or training, not '{during}'", hint=did_you_mean(during, DURING)
        )
    solved = BATCH in over and over[BATCH] is None and BATCH not in network.spec.hyperparameters
    tried = {name: values for name, values in over.items() if name != BATCH or not solved}
    _check(network, tried, solved=solved, batched=batched)
    usual = network.report({})

    def row(report: Report, value: object) -> Row:
        if not solved:
            found = need(report.graph, report.setup, during)
            return Row(value, found.bytes <= memory_bytes, int(report.batch), found)
        best = largest_batch(report.graph, report.setup, memory_bytes, during)
        return Row(value, best.batch > 0, best.batch, best.need, best.following, best.closed_form)

    if not tried:
        return Fit(usual, during, memory_bytes, None, solved, (row(usual, None),))
    axis = _axis(network, tried, solved=solved)
    rows = []
    for value in axis.items:
        try:
            rows.append(row(network.report({axis.name: value}), value))
        except SpecError as error:
            rows.append(Row(value, fits=False, batch=0, refusal=str(error)))
    return Fit(usual, during, memory_bytes, axis.name, solved, tuple(rows))


def _check(network: Network, tried: Mapping[str, object], *, solved: bool, batched: bool) -> None:
    """Whether the question can be asked; raises UsageError."""
    known = network.spec.hyperparameters
    for name in tried:
        if name not in known and name != BATCH:
            hint = did_you_mean(name, known) or f"hyperparameters: {', '.join(known)}"
            raise UsageError(f"{network.spec.name} has no hyperparameter '{name}'", hint=hint)
    if not tried and not solved:
        raise UsageError("nothing is asked", hint="the largest batch: --for batch")
    if len(tried) > 1:
        raise UsageError(
            f"the values of one name are tried, not of {' and '.join(tried)}",
            hint="archcalc solve takes several names, and bounds on peak_inference and training_peak",
        )
    if batched and (solved or (BATCH in tried and BATCH not in known)):
        raise UsageError(
            "the batch is both given and looked for",
            hint="the largest value of another name that fits at this batch: --for H=32:512:32",
        )


def _axis(network: Network, tried: Mapping[str, object], *, solved: bool) -> Axis:
    """The name and its values, numbers in ascending order; raises UsageError."""
    ((name, given),) = tried.items()
    if given is None:
        raise UsageError(
            f"which values of {name} are tried?", hint=f"--for {name}=start:stop:step, or a list of values"
        )
    (axis,) = grid({name: given}).axes
    if len(axis.items) > MOST_VALUES:
        raise UsageError(
            f"there are {len(axis.items):,} values of {name} to try, more than {MOST_VALUES:,}",
            hint=f"larger steps: --for {name}=start:stop:step",
        )
    if axis.values is not None:
        axis = axis._replace(items=tuple(sorted(set(axis.items))))
    elif not solved:
        raise UsageError(
            f"the values of {name} are no numbers, so none is the largest",
            hint=f"the largest batch of each: --for batch --for {name}={given}",
        )
    if name == BATCH and name not in network.spec.hyperparameters:
        assert axis.values is not None
        if not (axis.values.positive & axis.values.whole).all():
            raise UsageError(f"{BATCH} takes whole numbers from 1")
    return axis


def read_memory(given: Number | str) -> int:
    """The whole bytes of a memory: a number of bytes, or a text such as "24GiB" or "80GB". Raises UsageError."""
    hint = "write 24GiB, 512MiB, 80GB, or a number of bytes"
    if isinstance(given, bool) or not isinstance(given, (int, Fraction, str)):
        raise UsageError(f"memory is a whole number, a fraction or a text, not {given!r}", hint=hint)
    if not isinstance(given, str):
        value, bound, unit = Fraction(given), None, ""
    else:
        try:
            figure = read_figure(given)
        except FigureError:
            raise UsageError(f"memory: '{given[:60]}' is no number of bytes", hint=hint) from None
        value, bound, unit = Fraction(figure.value), figure.bound, figure.unit
    if bound is not None:
        raise UsageError(f"memory: '{str(given)[:60]}' is a bound, not a number of bytes", hint=hint)
    if unit == "B" or (unit and not unit.endswith("B")):
        raise UsageError(f"memory: '{str(given)[:60]}' has no unit of bytes", hint=hint)
    if value < 1:
        raise UsageError(f"memory is at least a byte, not {str(given)[:60]}", hint=hint)
    return floor(value)
