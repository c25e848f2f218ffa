"""Whether a spec's network is as its `expect` rows say: exact integers, printed figures, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.errors import ArchcalcError, LimitError, SpecError, did_you_mean
from archcalc.limits import LIMITS, Limits
from archcalc.ops import OPS
from archcalc.precision import bits, stored
from archcalc.recorded import Quantity, known, total
from archcalc.report import Layer, Report, report
from archcalc.spec.build import build
from archcalc.spec.given import with_settings
from archcalc.studies.quantities import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archcalc.errors import Place
    from archcalc.ops.op import Op
    from archcalc.spec.figure import Expectation, Figure
    from archcalc.spec.language import Expression
    from archcalc.spec.load import Spec


class Verdict(NamedTuple):
    """One figure beside the exact value: whether it is as expected, and what was computed."""

    place: Place
    quantity: str
    figures: tuple[Figure, ...]
    values: tuple[Quantity, ...]
    holds: bool
    expected: bool  # as the row wants it: a figure marked `differs` must not hold
    settings: str
    at: str | None
    cite: str | None
    differs: str | None


def check(spec: Spec, *, ops: Mapping[str, type[Op]] = OPS, limits: Limits = LIMITS) -> Iterator[Verdict]:
    """A verdict for each figure of each `expect` row, in the order of the file; raises SpecError.

    A spec without expectations is still unrolled, so that a mistake in it is found.
    """
    answers = _Answers(spec, ops, limits)
    answers.under(None)
    for row in spec.expect:
        answer = answers.under(row)
        for quantity, figures, mark in row.figures:
            try:
                values = _values(answer, quantity, row.at)
            except ArchcalcError as error:
                raise SpecError([mark.problem(error)]) from None
            holds = _hold(figures, values, cut=row.cut)
            yield Verdict(
                place=mark.place,
                quantity=quantity,
                figures=figures,
                values=values,
                holds=holds,
                expected=holds != (row.differs is not None),
                settings=", ".join(f"{name}={value.text}" for name, value in row.settings.items()),
                at=row.at,
                cite=row.cite,
                differs=row.differs,
            )


class _Answers:
    """The reports of one spec under the settings of its rows; what they ask for together is bounded."""

    def __init__(self, spec: Spec, ops: Mapping[str, type[Op]], limits: Limits) -> None:
        self.spec = spec
        self.ops = ops
        self.limits = limits
        self.left = limits.expectations
        self.known: dict[str, Report] = {}

    def under(self, row: Expectation | None) -> Report:
        """The report under the hyperparameters of a row; each set of them is worked out once."""
        settings = dict(row.settings) if row else {}
        key = repr([(name, value.text) for name, value in settings.items()])
        if key not in self.known:
            if sum(len(answer.layers) for answer in self.known.values()) > self.limits.layers:
                self.known.clear()
            self.known[key] = self._worked_out(settings, row)
        answer = self.known[key]
        if row is not None:
            looked_at = len(row.figures) * (1 if row.at is None else 10)
            looked_at += 10 * sum(quantity in MEMORY or quantity in ARITHMETIC for quantity, _, _ in row.figures)
            self._count(len(answer.layers) * looked_at, row)
        return answer

    def _worked_out(self, settings: dict[str, Expression], row: Expectation | None) -> Report:
        training = settings.pop("training", None)
        try:
            chosen = with_settings(self.spec, settings)
            switched = training is not None and _switch(training)
        except ArchcalcError as error:
            if row is None:
                raise
            raise SpecError([row.mark.problem(error)]) from None
        graph = build(chosen, ops=self.ops, training=switched, limits=self.limits)
        if row is not None:
            self._count(10 * graph.steps, row)
        return report(graph, name=self.spec.name, training=switched)

    def _count(self, layers: int, row: Expectation) -> None:
        self.left -= layers
        if self.left < 0:
            error = LimitError("the rows of expect ask for too many networks, or look at too many layers")
            raise SpecError([row.mark.problem(error)])


def _switch(setting: Expression) -> bool:
    if setting.text not in ("true", "false"):
        raise ArchcalcError(f"'training' is true or false, not {setting.text}")
    return setting.text == "true"


def _hold(figures: tuple[Figure, ...], values: tuple[Quantity, ...], *, cut: bool) -> bool:
    if len(figures) == 1:
        figures = figures * len(values)
    if len(figures) != len(values):
        return False
    return all(figure.holds(known(value), cut=cut) for figure, value in zip(figures, values, strict=True))


def _values(answer: Report, quantity: str, at: str | None) -> tuple[Quantity, ...]:
    """The exact values of a quantity, of the network or at a path."""
    layers = answer.part(find_path(answer, at)) if at is not None else list(answer.layers)
    if quantity == "output_shape":
        return layers[-1].output_shape if at is not None else answer.outputs[0].shape
    if quantity.startswith("receptive_field"):
        return _receptive_field(layers, quantity.removeprefix("receptive_field").removeprefix("_") or "size")
    if quantity in MEMORY or quantity in ("depth", "shortest_path"):
        if at is not None:
            raise ArchcalcError(f"'{quantity}' is a total of the network, and has no 'at'")
        return (getattr(answer.memory, MEMORY[quantity]) if quantity in MEMORY else getattr(answer.totals, quantity),)
    if quantity == "params_and_buffers":
        return (total([layer.params for layer in layers] + [layer.buffers for layer in layers]),)
    if quantity == "activation_bytes":
        return (stored([layer.activations for layer in layers], bits(answer.precision), answer.batch),)
    paths = {layer.path for layer in layers}
    counts = zip(answer.layers, answer.counts(quantity), strict=True)
    return (total([count for layer, count in counts if layer.path in paths]),)


def _receptive_field(layers: list[Layer], quantity: str) -> tuple[Quantity, ...]:
    for layer in reversed(layers):
        if layer.receptive_field is not None:
            return tuple(getattr(layer.receptive_field, quantity))
    raise ArchcalcError("no window path leads here: there is no receptive field")


def find_path(answer: Report, end: str, others: Iterable[str] = ()) -> str:
    """The one path that is `end` or ends in it; raises ArchcalcError if there is none, or more than one.

    `others` are words that could have been meant.
    """
    paths: dict[str, None] = {}
    for layer in answer.layers:
        parts = layer.path.split("/")
        for length in range(1, len(parts) + 1):
            paths["/".join(parts[:length])] = None
    if end in paths:
        return end
    found = [path for path in paths if path.endswith(f"/{end}")]
    if len(found) == 1:
        return found[0]
    if not found:
        last = {path.rsplit("/", 1)[-1] for path in paths}
        raise ArchcalcError(f"there is no path '{end}'", hint=did_you_mean(end, [*others, *paths, *last]))
    raise ArchcalcError(
        f"'{end}' is the end of {len(found)} paths: {', '.join(found[:4])}{', ...' if len(found) > 4 else ''}"
    )
