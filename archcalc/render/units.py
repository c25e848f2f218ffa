"""Numbers as people read them. Rounding happens here and nowhere else: half up, once, when text is made."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcalc.recorded import Quantity, Recorded, is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcalc.recorded import Number

COUNTS = (("", 1), ("K", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12), ("P", 10**15), ("E", 10**18))
BYTES = (("B", 1), ("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("PiB", 2**50), ("EiB", 2**60))
PICOSECONDS = (("ps", 1), ("ns", 10**3), ("µs", 10**6), ("ms", 10**9), ("s", 10**12))
TIMES = "\N{MULTIPLICATION SIGN}"
CONVENTION = (
    "mult-adds: multiply-accumulates of convolutions, linear layers and matrix products, per sample, "
    "biases not counted. "
    "params: learned scalars; running statistics are buffers. activations: elements written, views write none."
)


class Exact:
    """Writes numbers in full, with thousands separated if `grouped`.

    The formulas among `numbers` are put in normal form together, which shares the work.
    """

    def __init__(self, numbers: Iterable[object] = (), *, grouped: bool = True) -> None:
        free = {id(number): number for number in numbers if is_free(number)}
        self.kept = list(free.values())  # an id means a number only as long as that lives
        self.grouped = grouped
        self.formulas: dict[int, str] = {}
        if free:
            from archcalc.symbolic.text import simplified

            for key, text in zip(free, simplified(self.kept), strict=True):  # type: ignore[arg-type]
                # What cancels out leaves a number.
                self.formulas[key] = self._number(int(text)) if text.lstrip("-").isdigit() else text

    def __call__(self, number: Quantity) -> str:
        """The number, or the formula in the language of specs."""
        if isinstance(number, Recorded):
            if number.value is None:
                formula = self.formulas.get(id(number))
                return exact(number) if formula is None else formula
            number = number.value
        return str(number) if isinstance(number, Fraction) else self._number(number)

    def _number(self, number: int) -> str:
        return f"{number:,}" if self.grouped else str(number)


def exact(number: Quantity) -> str:
    """The number in full, with thousands separated; a formula in normal form."""
    return Exact([number])(number)


def count(number: Quantity) -> str:
    """A count with three significant digits and an SI letter: 138 M, 4.09 G, 999."""
    return exact(number) if is_free(number) else _scaled(_value(number), COUNTS)


def size(number: Quantity) -> str:
    """Bytes with three significant digits and an IEC unit: 528 MiB."""
    return f"({exact(number)}) B" if is_free(number) else _scaled(_value(number), BYTES)


def duration(seconds: Number) -> str:
    """A time with three significant digits and an SI unit: 28.2 ms, 1.50e3 s."""
    if not seconds:
        return "0 s"
    scale, units = (1, (("s", 1),)) if seconds >= 999 else (10**12, PICOSECONDS)
    return _scaled(Fraction(seconds) * scale, units)


def in_bytes(number: Quantity, exact: Callable[[Quantity], str]) -> str:
    """Bytes in full, and in short where they are a number: 553,430,176 bytes (528 MiB)."""
    return f"{exact(number)} bytes" + ("" if is_free(number) else f" ({size(number)})")


def signed(number: Quantity, exact: Exact) -> str:
    """A difference in full, with its sign: +3, -3, 0."""
    text = exact(number)
    return text if number == 0 or text.startswith("-") else f"+{text}"


def ratio(number: Number) -> str:
    """A ratio with three significant digits: 1.74; a whole one as it is."""
    return exact(number) if isinstance(number, int) else _scaled(number, (("", 1),))


def percent(part: Quantity, whole: Quantity) -> str:
    """A share in percent with one decimal, half up: 37.2, or <0.1; nothing where it is zero or not known."""
    if is_free(part) or is_free(whole) or not whole or not part:
        return ""
    tenths = half_up(Fraction(_value(part)) * 1000 / Fraction(_value(whole)))
    return f"{tenths // 10}.{tenths % 10}" if tenths else "<0.1"


def shape(sizes: Sequence[Quantity], exact: Exact) -> str:
    """A shape: 64, 224 and 224 with times signs between. Formulas are put in brackets."""
    return TIMES.join(_factor(size, exact) for size in sizes)


def per_axis(sizes: Sequence[Quantity], exact: Exact) -> str:
    """What is said of every axis, said once where all axes agree: 3, else 7 times 1."""
    texts = [_factor(size, exact) for size in sizes]
    return texts[0] if len(set(texts)) == 1 else TIMES.join(texts)


def half_up(number: Fraction) -> int:
    """The nearest whole number, a half up."""
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def _value(number: Quantity) -> Number:
    if isinstance(number, Recorded):
        assert number.value is not None
        return number.value
    return number


def _factor(number: Quantity, exact: Exact) -> str:
    text = exact(number)
    if not is_free(number) or text.replace(",", "").isdigit():
        return text.replace(",", "")
    return text if text.isidentifier() else f"({text})"


def _scaled(number: Number, units: Sequence[tuple[str, int]]) -> str:
    """Three significant digits in the smallest unit that needs no more than three before the point."""
    if number < 0:
        return f"-{_scaled(-number, units)}"
    unit = units[0][0]
    if isinstance(number, int) and number < 1000:
        return f"{number} {unit}".rstrip()
    value = Fraction(number)
    for unit, scale in units:
        digits, decimals = _three_digits(value / scale)
        if decimals >= 0:
            whole, rest = divmod(digits, 10**decimals)
            text = f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)
            return f"{text} {unit}".rstrip()
    digits, decimals = _three_digits(value)
    return f"{digits // 100}.{digits % 100:02d}e{2 - decimals} {units[0][0]}".rstrip()


def _three_digits(value: Fraction) -> tuple[int, int]:
    """Digits from 100 to 999 and the decimals among them: value is about digits / 10**decimals, rounded half up."""
    # value lies between 10**(places - 1) and 10**(places + 1)
    places = len(str(value.numerator)) - len(str(value.denominator))
    for decimals in (3 - places, 2 - places, 1 - places):
        digits = half_up(value * Fraction(10) ** decimals)
        if digits < 1000:
            break
    return digits, decimals
