"""Which counts of layers a report shows: those that are usual or those asked for, and counts beside these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError, did_you_mean
from archcalc.recorded import total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcalc.recorded import Size
    from archcalc.report import Report

TITLES = {
    "params": "params",
    "trainable_params": "trainable",
    "buffers": "buffers",
    "mult_adds": "mult-adds",
    "flops": "flops",
    "activations": "activations",
}
"""What every layer carries, and what stands above such a column."""
BESIDE = {
    "multiplies": ("multiplies", "multiplies: multiplications beside those of mult-adds."),
    "adds": ("adds", "adds: additions beside those of mult-adds."),
    "compares": ("compares", "compares: comparisons."),
    "divides": ("divides", "divides: divisions."),
    "elementary": ("elementary", "elementary: exponentials, logarithms, roots, powers, tanh."),
    "useful_mult_adds": ("useful", "useful: mult-adds without multiplications by the zeros of padding."),
    "bit_operations": ("BOPs", "BOPs: bit operations, mult-adds times the bits of both factors."),
    "backward_mult_adds": ("backward", "backward: mult-adds of the gradients in training."),
}
"""What is worked out on request: what stands above such a column, and what it is."""
SHARE = "%"
"""A column behind the mult-adds: their share of all."""
PRINTED = ("params", "mult_adds", SHARE, "flops", "activations")
"""The columns of a page."""


class Count(NamedTuple):
    """A count that layers do not carry: its name in JSON, what stands above it, its label, what it is, its numbers.

    Without a label, its total is said elsewhere.
    """

    name: str
    title: str
    label: str
    said: str
    layers: tuple[Size, ...]
    total: Size


def count(name: str, title: str, label: str, said: str, layers: Sequence[Size]) -> Count:
    """The count with its sum; `layers` has a number for each layer of the report, in order."""
    return Count(name, title, label, said, tuple(layers), total(layers))


class Columns(NamedTuple):
    """The names of the counts that are shown, in order, or None for the usual ones; and counts beside those."""

    only: tuple[str, ...] | None = None
    more: tuple[Count, ...] = ()

    def shown(self, usual: Sequence[str]) -> tuple[str, ...]:
        """The names of the counts to show where a format usually has these."""
        return (*usual, *[one.name for one in self.more]) if self.only is None else self.only

    def title(self, name: str) -> str:
        """What stands above a column."""
        titles = {**TITLES, SHARE: SHARE, **{one.name: one.title for one in self.more}}
        return titles[name]

    def totals(self, report: Report) -> dict[str, Size]:
        """The total of every count, by its name."""
        carried = {name: getattr(report.totals, name) for name in TITLES}
        return carried | {one.name: one.total for one in self.more}

    def beside(self, report: Report) -> Mapping[str, tuple[Size, ...]]:
        """For each layer, by its path, the counts that it does not carry."""
        if not self.more:
            return {}
        numbers = zip(*[one.layers for one in self.more], strict=True)
        return {layer.path: own for layer, own in zip(report.layers, numbers, strict=True)}


USUAL = Columns()


def columns(report: Report, asked: Iterable[str]) -> Columns:
    """The counts of these names and no others; raises UsageError where there is no such count, or none is named."""
    names = tuple(dict.fromkeys(asked))
    known = (*TITLES, *BESIDE)
    listed = f"columns: {', '.join(known)}"
    for name in names:
        if name not in known:
            raise UsageError(f"there is no column '{name}'", hint=did_you_mean(name, known) or listed)
    if not names:
        raise UsageError("no column is asked for", hint=listed)
    more = [_beside(report, name) for name in names if name in BESIDE]
    return Columns(names, tuple(more))


def with_counted(shown: Columns, report: Report) -> Columns:
    """The same, and beside it what another tool counts of each layer, where the report was counted so."""
    found = report.counted
    if found is None or found.operations is None:
        return shown
    name = found.profile.name
    said = f"{name}: what {found.profile.title} counts, per sample."
    column = count("counted", name, "", said, found.layers)
    return Columns(None if shown.only is None else (*shown.only, "counted"), (*shown.more, column))


def _beside(report: Report, name: str) -> Count:
    title, said = BESIDE[name]
    label = name.replace("_", " ").replace("mult adds", "mult-adds")
    return count(name, title, label, said, report.counts(name))
