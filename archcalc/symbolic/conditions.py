"""What must hold of free names, solved where that can be decided, and said once and in its simplest form."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sympy

from archcalc.symbolic.bounds import bounds
from archcalc.symbolic.form import FloorDivide, normal
from archcalc.symbolic.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.recorded import Quantity

MOST_RESIDUES = 20_000  # residues times conditions that are looked at
MOST_EXCEPTIONS = 12

Interval: TypeAlias = "tuple[int, int | None]"


class Needed(NamedTuple):
    """A form that must be 0 (==), not 0 (!=) or at least 0 (<=)."""

    form: Any
    relation: str


def condition_texts(conditions: Iterable[tuple[Quantity, str, Quantity]]) -> list[str]:
    """What must hold, in the language of specs: nothing that always holds, nothing twice.

    What is asked of one whole name by sums of its floors is solved together: H >= 32, or H % 16 == 0.
    """
    return needed_texts(Needed(normal(right) - normal(left), relation) for left, relation, right in conditions)


def needed_texts(conditions: Iterable[Needed]) -> list[str]:
    """The same for forms."""
    alone: dict[Any, list[tuple[Needed, Steps]]] = {}
    others: list[str] = []
    for needed in dict.fromkeys(Needed(sympy.expand(form), relation) for form, relation in conditions):
        low, high = bounds(needed.form)
        if (needed.relation == "<=" and low >= 0) or (needed.relation == "!=" and (low > 0 or high < 0)):
            continue
        names = needed.form.free_symbols
        name = next(iter(names)) if len(names) == 1 else None
        steps = None if name is None or not name.is_integer or needed.relation == "!=" else _steps(needed.form, name)
        if steps is None:
            others.append(_as_it_is(needed))
        else:
            alone.setdefault(name, []).append((needed, steps))
    solved: list[str] = []
    for name, wanted in alone.items():
        solved += _solved(str(name), wanted) or [_as_it_is(needed) for needed, _ in wanted]
    return list(dict.fromkeys([*solved, *others]))


def _as_it_is(needed: Needed) -> str:
    form, relation = needed
    least = _least(form) if relation == "<=" else None
    if least is not None:
        return least
    low, high = _sides(form)
    return f"{text(high)} {'>=' if relation == '<=' else relation} {text(low)}"


def _least(form: Any) -> str | None:
    """For 0 <= a*x + b with one rational name x: the least value it may have."""
    constant, rest = form.as_coeff_Add()
    coefficient, name = rest.as_coeff_Mul()
    if not (name.is_Symbol and coefficient.is_Rational and coefficient > 0):
        return None
    return f"{text(name)} >= {text(-constant / coefficient)}"


def _sides(difference: Any) -> tuple[Any, Any]:
    """The negative terms, turned positive, and the positive ones: 0 <= d as low <= high."""
    terms = sympy.Add.make_args(difference)
    negative = [term for term in terms if term.could_extract_minus_sign()]
    return sympy.Add(*(-term for term in negative)), sympy.Add(*(term for term in terms if term not in negative))


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


def _steps(form: Any, name: Any) -> Steps | None:
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
            dividend = _steps(rest.args[0], name)
            if dividend is None:
                return None
            floors.append((coefficient, dividend, int(rest.args[1])))
        else:
            return None
    # floor(a/b) is linear where a is and moves on by whole multiples of b.
    period = lcm(slope.denominator, *(dividend.period * divisor for _, dividend, divisor in floors))
    return Steps(constant, slope, tuple(floors), period)


def _solved(name: str, wanted: Sequence[tuple[Needed, Steps]]) -> list[str] | None:
    """The values of one whole name at which all conditions hold, in words; None where these would be too many."""
    period = lcm(*(steps.period for _, steps in wanted))
    if period * len(wanted) > MOST_RESIDUES:
        return None
    turns = {residue: _turns(residue, period, wanted) for residue in range(1, period + 1)}
    endless = {residue for residue, kept in turns.items() if kept is not None and kept[1] is None}
    # From `start` on, a value is valid if its residue is one of the endless.
    start = 1
    for residue, kept in turns.items():
        if kept is not None:
            first, last = kept
            start = max(start, residue + period * (first - 1) + 1 if last is None else residue + period * last + 1)
    early = [
        residue + period * turn
        for residue, kept in turns.items()
        if kept is not None
        for turn in range(kept[0], (start - residue) // period + 1 if kept[1] is None else kept[1] + 1)
        if residue + period * turn < start
    ]
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
