"""Numbers as people read them, against a referee that computes in decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcalc.recorded import Recorded
from archcalc.render.units import TIMES, Exact, count, exact, half_up, per_axis, percent, shape, size

LETTERS = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
UNITS = {"B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50, "EiB": 60}
EXACTLY = Context(prec=400)
THREE = Context(prec=3, rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1000, "1.00 K"),
        (1004, "1.00 K"),
        (1005, "1.01 K"),
        (9_994, "9.99 K"),
        (9_995, "10.0 K"),
        (99_949, "99.9 K"),
        (99_950, "100 K"),
        (999_499, "999 K"),
        (999_500, "1.00 M"),
        (138_357_544, "138 M"),
        (15_470_264_320, "15.5 G"),
        (4_089_184_256, "4.09 G"),
        (999_499_999_999, "999 G"),
        (999_500_000_000, "1.00 T"),
        (10**15, "1.00 P"),
        (10**18, "1.00 E"),
        (10**21, "1.00e21"),
        (123_456 * 10**30, "1.23e35"),
        (Fraction(3, 4), "0.750"),
        (Fraction(25, 2), "12.5"),
        (Fraction(1, 3000), "0.000333"),
        (-1500, "-1.50 K"),
    ],
)
def test_counts(number: int | Fraction, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (1024, "1.00 KiB"),
        (1_048_575, "1.00 MiB"),
        (114_671_520, "109 MiB"),
        (528 * 2**20, "528 MiB"),
        (2**60, "1.00 EiB"),
    ],
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


positive = st.integers(1, 10**21 - 10**18) | st.fractions(min_value=Fraction(1, 10**6), max_value=10**6)


@given(positive)
def test_counts_are_the_number_rounded_to_three_digits(number: int | Fraction) -> None:
    text, _, letter = count(number).partition(" ")
    _agrees(text, Decimal(10) ** LETTERS[letter], number)


@given(st.integers(1, 10**20))
def test_sizes_are_the_number_rounded_to_three_digits(number: int) -> None:
    text, _, unit = size(number).partition(" ")
    _agrees(text, Decimal(2) ** UNITS[unit], number)


def _agrees(text: str, scale: Decimal, number: int | Fraction) -> None:
    value = EXACTLY.divide(Decimal(number.numerator), Decimal(number.denominator) * scale)
    expected = THREE.plus(value)
    assert Decimal(text) == expected
    assert Decimal(text) > 0
    assert Decimal(text) < 1000
    whole_below_1000 = isinstance(number, int) and number < 1000
    digits = text.replace(".", "").lstrip("0")
    assert len(digits) == 3 or whole_below_1000
    if scale > 1:
        # A smaller unit would have needed four digits.
        assert THREE.plus(value * (1000 if scale % 10 == 0 else 1024)) >= 1000


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_percents(part: int, whole: int) -> None:
    text = percent(part, whole)
    exact_share = Decimal(part) * 100 / Decimal(whole)
    if part == 0:
        assert text == ""
    elif exact_share < Decimal("0.05"):
        assert text == "<0.1"
    else:
        shares = Fraction(part * 1000, whole)
        assert Decimal(text) * 10 == (shares + Fraction(1, 2)).__floor__()


def test_percent_of_known_parts() -> None:
    assert percent(123_642_856, 138_357_544) == "89.4"  # the linear layers of VGG-16
    assert percent(1, 1) == "100.0"
    assert percent(1, 0) == ""
    assert percent(Recorded("H"), 3) == ""


@given(st.fractions())
def test_half_up(number: Fraction) -> None:
    assert half_up(number) == (number + Fraction(1, 2)).__floor__()


def test_exact_numbers_and_formulas() -> None:
    height = Recorded("H")
    assert exact(138_357_544) == "138,357,544"
    assert exact(Fraction(3, 4)) == "3/4"
    assert exact(Recorded("H", 224)) == "224"
    assert exact(3 * height * height) == "3*H**2"
    assert exact(height - height + 1000) == "1,000"
    assert Exact(grouped=False)(1000) == "1000"


def test_shapes() -> None:
    height = Recorded("H")
    assert shape((64, 1024, 7), Exact()) == TIMES.join(("64", "1024", "7"))
    assert shape((3, height, height // 2), Exact()) == TIMES.join(("3", "H", "(H//2)"))
    assert per_axis((3, 3), Exact()) == "3"
    assert per_axis((7, 1), Exact()) == f"7{TIMES}1"
