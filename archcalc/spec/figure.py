"""Printed figures: "138M", "at most 600M", 15470264320; and the rows of `expect` that state them."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import ArchcalcError
from archcalc.spec.source import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from archcalc.recorded import Number
    from archcalc.spec.language import Expression
    from archcalc.spec.read import Reader

LONGEST = 200
UNITS = {
    "": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12, "P": 10**15,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
}  # fmt: skip
QUANTITIES = (
    "params", "trainable_params", "buffers", "params_and_buffers", "mult_adds", "flops", "activations",
    "activation_bytes", "multiplies", "adds", "compares", "divides", "elementary", "useful_mult_adds",
    "bit_operations", "backward_mult_adds",
    "activations_total", "peak_inference", "saved_for_backward", "saved_for_backward_integer", "training_peak",
    "depth", "shortest_path", "receptive_field", "receptive_field_stride", "receptive_field_start", "output_shape",
)  # fmt: skip
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)"
_FIGURE = re.compile(rf"(?:(at most|at least)\s+)?(-?{_DIGITS}(?:\.[0-9]+)?)\s*([A-Za-z]*)")


class FigureError(ArchcalcError):
    """A figure is not of the grammar."""


class Figure(NamedTuple):
    """A figure as printed: its digits, its unit, whether it is a bound, and its text."""

    digits: str
    unit: str
    bound: str | None
    text: str

    @property
    def value(self) -> Number:
        """What the digits and the unit state, exactly."""
        return int(self.digits) if self.exact else Fraction(self.digits) * UNITS[self.unit]

    @property
    def last_digit(self) -> Number:
        """The unit of the last digit."""
        return Fraction(UNITS[self.unit], 10 ** len(self.digits.partition(".")[2]))

    @property
    def exact(self) -> bool:
        """Whether it is a bare whole number."""
        return not self.unit and "." not in self.digits

    def holds(self, value: Number, *, cut: bool = False) -> bool:
        """Whether an exact value is what the figure says.

        A bare whole number is exact. Other figures hold within half a unit of the last digit, ties either way; with
        `cut`, also when the value was cut to these digits.
        """
        if self.bound == "at most":
            return value <= self.value
        if self.bound == "at least":
            return value >= self.value
        if self.exact:
            return value == self.value
        exact, printed = Fraction(value), Fraction(self.value)
        if abs(exact - printed) * 2 <= self.last_digit:
            return True
        return cut and 0 <= abs(exact) - abs(printed) < self.last_digit and (exact < 0) == (printed < 0)


class Expectation(NamedTuple):
    """One row of `expect`: figures of quantities, of the whole network or at a path, under other hyperparameters."""

    figures: tuple[tuple[str, tuple[Figure, ...], Node], ...]
    settings: dict[str, Expression]
    at: str | None
    cite: str | None
    differs: str | None
    cut: bool
    mark: Node


def read_figure(text: str) -> Figure:
    """The figure that a text prints; raises FigureError."""
    if text.isdecimal() and text.isascii() and len(text) < LONGEST:
        return Figure(text, "", None, text)
    match = _FIGURE.fullmatch(text.strip())
    if match is None or match[3] not in UNITS or len(text) > LONGEST:
        raise FigureError(
            f"'{text[:60]}' is no figure",
            hint="write 138357544, 138M, 0.27M, 528 MiB, 'at most 600M' or 'at least 224'",
        )
    bound, digits, unit = match.groups()
    return Figure(digits.replace(",", "").replace("_", ""), unit, bound, text.strip())


def read_expectation(reader: Reader, node: Mapping) -> Expectation:
    """A row of `expect`; what is wrong is noted in the reader."""
    parts = reader.keys(node, (*QUANTITIES, "with", "at", "cite", "differs", "cut"), "a row of expect")
    figures = [(name, _figures(reader, parts[name]), parts[name]) for name in parts if name in QUANTITIES]
    if not figures:
        reader.wrong("a row of expect states at least one quantity", node, f"quantities: {', '.join(QUANTITIES)}")
    settings = {}
    if "with" in parts:
        given = parts["with"]
        if isinstance(given, Mapping):
            settings = {key.text: reader.expression(value) for key, value in given.entries}
        else:
            reader.wrong("'with' is a mapping of hyperparameters to values", given)
    cut = parts.get("cut")
    cut_text = cut.text if isinstance(cut, Scalar) else None
    if cut is not None and cut_text not in ("true", "false"):
        reader.wrong("'cut' is true or false", cut)
    return Expectation(
        figures=tuple(figures),
        settings=settings,
        at=reader.text(parts.get("at"), "at"),
        cite=reader.text(parts.get("cite"), "cite"),
        differs=reader.text(parts.get("differs"), "differs"),
        cut=cut_text == "true",
        mark=node,
    )


def _figures(reader: Reader, node: Node) -> tuple[Figure, ...]:
    """One figure, or a list of one per axis."""
    figures = []
    for item in node.items if isinstance(node, Sequence) else [node]:
        if not isinstance(item, Scalar):
            reader.wrong("a figure is a number or a text, or a list of these", item)
            continue
        try:
            figures.append(read_figure(item.text))
        except FigureError as error:
            reader.wrong(error.message, item, error.hint)
    return tuple(figures)
