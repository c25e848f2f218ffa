"""A machine is read from two numbers, exactly; what is no rate is refused with a hint."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from archcalc.errors import UsageError
from archcalc.studies.machine import Machine, read_machine


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2T", 2 * 10**12),
        ("1.5G", 1_500_000_000),
        ("0.1K", 100),
        ("312T", 312 * 10**12),
        ("1P", 10**15),
        ("4,000", 4000),
        ("3B", 3 * 10**9),
        ("0.0001", Fraction(1, 10_000)),
        (10**100, 10**100),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_flops_per_second(text: Any, value: Fraction) -> None:
    assert read_machine(text, 1) == Machine(Fraction(value), Fraction(1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50GB", 50 * 10**9),
        ("50GB/s", 50 * 10**9),
        ("50 GB", 50 * 10**9),
        ("50G", 50 * 10**9),
        ("1.5TB", 1_500_000_000_000),
        ("1GiB", 2**30),
        ("0.5KiB", 512),
        ("2PiB", 2**51),
        ("80MB", 80_000_000),
    ],
)
def test_bandwidth(text: str, value: int) -> None:
    assert read_machine(1, text) == Machine(Fraction(1), Fraction(value))


def test_the_ridge_point_is_exact() -> None:
    machine = read_machine("1T", "3GB")
    assert machine is not None
    assert machine.ridge == Fraction(1000, 3)


def test_no_number_is_no_machine() -> None:
    assert read_machine(None, None) is None


@pytest.mark.parametrize(
    ("flops", "bandwidth", "said"),
    [
        ("2T", None, "a roofline takes two numbers: flops per second and bandwidth\n  add --bandwidth 50GB"),
        (None, "5GB", "a roofline takes two numbers: flops per second and bandwidth\n  add --flops-per-second 2T"),
        ("fast", 1, "flops per second: 'fast' is no number\n  write 2T, 312T or 1.5G"),
        ("2TB", 1, "flops per second: '2TB' has a unit of bytes\n  write 2T, 312T or 1.5G"),
        ("at most 2T", 1, "flops per second: 'at most 2T' is a bound, not a number\n  write 2T, 312T or 1.5G"),
        ("0", 1, "flops per second is more than 0, not 0\n  write 2T, 312T or 1.5G"),
        ("-1T", 1, "flops per second is more than 0, not -1T\n  write 2T, 312T or 1.5G"),
        (1.5, 1, "flops per second is a whole number, a fraction or a text, not 1.5\n  write 2T, 312T or 1.5G"),
        (True, 1, "flops per second is a whole number, a fraction or a text, not True\n  write 2T, 312T or 1.5G"),
        (1, "1e9", "bandwidth: '1e9' is no number\n  write 50GB or 1.5TB, for bytes per second"),
        (1, "", "bandwidth: '' is no number\n  write 50GB or 1.5TB, for bytes per second"),
        (1, "50B", "bandwidth: B could be bytes or billions in '50B'\n  write 50GB or 1.5TB, for bytes per second"),
        (1, 0, "bandwidth is more than 0, not 0\n  write 50GB or 1.5TB, for bytes per second"),
    ],
)
def test_what_is_no_machine(flops: Any, bandwidth: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_machine(flops, bandwidth)
    assert str(caught.value) == said
