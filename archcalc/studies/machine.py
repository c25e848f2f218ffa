"""A machine as two numbers: how much arithmetic and how many bytes of memory traffic it does in a second."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError
from archcalc.spec.figure import FigureError, read_figure

if TYPE_CHECKING:
    from archcalc.recorded import Number

_HINTS = {"flops per second": "write 2T, 312T or 1.5G", "bandwidth": "write 50GB or 1.5TB, for bytes per second"}


class Machine(NamedTuple):
    """The flops per second and the bytes per second that a machine does at most."""

    flops_per_second: Fraction
    bandwidth: Fraction

    @property
    def ridge(self) -> Fraction:
        """The flops per byte from which arithmetic is the limit and memory is not."""
        return self.flops_per_second / self.bandwidth


def read_machine(flops_per_second: Number | str | None, bandwidth: Number | str | None) -> Machine | None:
    """The machine of two numbers or texts such as "2T" and "50GB"; None where neither is given. Raises UsageError."""
    if flops_per_second is None and bandwidth is None:
        return None
    if flops_per_second is None or bandwidth is None:
        missing = "--flops-per-second 2T" if flops_per_second is None else "--bandwidth 50GB"
        raise UsageError("a roofline takes two numbers: flops per second and bandwidth", hint=f"add {missing}")
    return Machine(_rate(flops_per_second, "flops per second"), _rate(bandwidth, "bandwidth"))


def _rate(given: Number | str, what: str) -> Fraction:
    """The exact value of a rate; raises UsageError."""
    hint = _HINTS[what]
    if not isinstance(given, str):
        if isinstance(given, bool) or not isinstance(given, (int, Fraction)):
            raise UsageError(f"{what} is a whole number, a fraction or a text, not {given!r}", hint=hint)
        value = Fraction(given)
    else:
        value = _read(given, what)
    if value <= 0:
        raise UsageError(f"{what} is more than 0, not {given}", hint=hint)
    return value


def _read(text: str, what: str) -> Fraction:
    said = text.strip().removesuffix("/s")
    try:
        figure = read_figure(said)
    except FigureError:
        raise UsageError(f"{what}: '{text[:60]}' is no number", hint=_HINTS[what]) from None
    if figure.bound is not None:
        raise UsageError(f"{what}: '{text[:60]}' is a bound, not a number", hint=_HINTS[what])
    in_bytes = figure.unit.endswith("B")
    if what == "bandwidth" and figure.unit == "B":
        raise UsageError(f"{what}: B could be bytes or billions in '{text[:60]}'", hint=_HINTS[what])
    if what != "bandwidth" and in_bytes and figure.unit != "B":
        raise UsageError(f"{what}: '{text[:60]}' has a unit of bytes", hint=_HINTS[what])
    return Fraction(figure.value)
