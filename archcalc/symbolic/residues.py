"""Conditions on one whole name, solved: on each residue of a period, a sum of floors of the name is linear."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sympy

from archcalc.symbolic.form import FloorDivide

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_RESIDUES = 20_000  # values of the name times sums worked out for each
MOST_EXCEPTIONS = 12

Interval: TypeAlias = "tuple[int, int | None]"


class Needed(NamedTuple):
    """A form that must be 0 (==), not 0 (!=) or at least 0 (<=)."""

    form: Any
    relation: str


class Steps(NamedTuple):
    """A sum of multiples of a whole name x and of floors of such sums; on each residue modulo `period` it is linear."""

    constant: Fraction
    slope: Fraction
    floors: tuple[tuple[Fraction, Steps, int], ...]  # coefficient, dividend, divisor
    period: int

    def at(self, value: int) -> Fraction:
        """Its value where x has this one."""
        total = self.constant + self.slope * value
        for coefficient, dividend, divisor in self.floors:
            total += coefficient * (dividend.at(value) // divisor)
        return total


def steps_of(form: Any, name: Any) -> Steps | None:
    """A form as such a sum; None if it is none."""
    constant, slope = Fraction(0), Fraction(0)
    floors: list[tuple[Fraction, Steps, int]] = []
    for term in sympy.Add.make_args(form):
        number, rest = term.as_coeff_Mul()
        if not number.is_Rational:
            return None
        coefficient = Fraction(int(number.p), int(number.q))
        if rest == 1:
            constant += coefficient
        elif rest == name:
            slope += coefficient
        elif isinstance(rest, FloorDivide) and rest.args[1].is_Integer and rest.args[1] > 0:
            dividend = steps_of(rest.args[0], name)
            if dividend is None:
                return None
            floors.append((coefficient, dividend, int(rest.args[1])))
        else:
            return None
    # floor(a/b) is linear where a is and moves on by whole multiples of b.
    period = lcm(slope.denominator, *(dividend.period * divisor for _, dividend, divisor in floors))
    return Steps(constant, slope, tuple(floors), period)


def _floors(steps: Steps) -> int:
    """How many sums are worked out for one value: itself, and those inside floors."""
    return 1 + sum(_floors(dividend) for _, dividend, _ in steps.floors)


def solved(name: str, wanted: Sequence[tuple[Needed, Steps]]) -> list[str] | None:
    """The values of one whole name at which all conditions hold, in words; None where these would be too many."""
    period = lcm(*(steps.period for _, steps in wanted))
    if period * sum(_floors(steps) for _, steps in wanted) > MOST_RESIDUES:
        return None
    turns = {residue: _turns(residue, period, wanted) for residue in range(1, period + 1)}
    endless = {residue for residue, kept in turns.items() if kept is not None and kept[1] is None}
    # From `start` on, a value is valid if its residue is one of the endless.
    start = 1
    for residue, kept in turns.items():
        if kept is not None:
            first, last = kept
            start = max(start, residue + period * (first - 1) + 1 if last is None else residue + period * last + 1)
    exceptions = (
        residue + period * turn
        for residue, kept in turns.items()
        if kept is not None
        for turn in range(kept[0], (start - residue) // period + 1 if kept[1] is None else kept[1] + 1)
        if residue + period * turn < start
    )
    early = list(islice(exceptions, MOST_EXCEPTIONS + 1))
    if len(early) > MOST_EXCEPTIONS or not (endless or early):
        return None
    return _in_words(name, period, endless, start, sorted(early))


def _turns(residue: int, period: int, wanted: Sequence[tuple[Needed, Steps]]) -> Interval | None:
    """For which turns t all conditions hold at residue + t*period: from the first to the last, None for without end."""
    first, last = 0, None
    for (_, relation), steps in wanted:
        start = steps.at(residue)
        slope = steps.at(residue + period) - start
        if relation == "==" and start != 0 and slope != 0:
            turn = -start / slope
            if turn.denominator != 1:
                return None
            first, last = max(first, int(turn)), int(turn) if last is None else min(last, int(turn))
        elif (relation == "==" and start != 0) or (slope == 0 and start < 0):
            return None
        elif relation == "==" and slope != 0:
            last = 0
        elif relation == "<=" and slope > 0:
            first = max(first, ceil(-start / slope))
        elif relation == "<=" and slope < 0:
            end = floor(start / -slope)
            last = end if last is None else min(last, end)
    return None if last is not None and last < first else (first, last)


def _in_words(name: str, period: int, endless: set[int], start: int, early: list[int]) -> list[str]:
    said = []
    if endless:
        modulus = _modulus(period, endless)
        residues = sorted({residue % modulus for residue in endless})
        least = next(value for value in range(start, start + modulus) if value % modulus in residues)
        if any(value % modulus in residues for value in range(1, start)) or (modulus == 1 and start > 1):
            said.append(f"{name} >= {least}")
        if modulus > 1:
            said.append(f"{name} % {modulus} {f'== {residues[0]}' if len(residues) == 1 else f'in {residues}'}")
    if not early:
        return said
    listed = f"{name} == {early[0]}" if len(early) == 1 else f"{name} in {early}"
    return [f"{' and '.join(said)} or {listed}" if said else listed]


def _modulus(period: int, residues: set[int]) -> int:
    """The least modulus by which these residues modulo `period` are told from the others."""
    return next(
        modulus
        for modulus in range(1, period + 1)
        if period % modulus == 0
        and len(residues) == len({residue % modulus for residue in residues}) * (period // modulus)
    )
