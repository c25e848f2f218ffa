"""Which of many forms can be the largest: those that none of the others certainly reaches.

Forms are compared as polynomials in free names and floors. Every floor lies between (x - d + 1)/d and x/d, so where one
name is inside floors a difference is at least a polynomial in it; that it is nowhere negative is shown by moving the
name to where all coefficients are positive, and by trying the values before.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from archcalc.errors import LimitError
from archcalc.limits import LIMITS
from archcalc.symbolic.form import FloorDivide, normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcalc.recorded import Quantity

Monomial: TypeAlias = "tuple[tuple[Any, int], ...]"
Polynomial: TypeAlias = "dict[Monomial, Fraction]"
Affine: TypeAlias = "tuple[Any, int, int]"
"""Of a floor (a*name + b)//d: the name, a and b; kept with its d."""

SAMPLES = (1, 2, 7, 32, 100, 224, 1000, 65536)
FARTHEST = 256  # where coefficients are looked at last; the values before are tried one by one


def undominated(numbers: Sequence[Quantity]) -> list[int]:
    """The places of the numbers that no other certainly reaches, largest first as far as samples tell."""
    return undominated_forms([normal(number) for number in numbers])


def undominated_forms(written: Sequence[Any], sign: int = 1) -> list[int]:
    """The places of the forms that no other certainly reaches; with the sign -1, that reaches no other."""
    places: dict[frozenset[tuple[Monomial, Fraction]], int] = {}
    for place, form in enumerate(written):
        places.setdefault(frozenset(_polynomial(sign * form).items()), place)
    forms = [(dict(key), place) for key, place in places.items()]
    atoms = {atom for form, _ in forms for monomial in form for atom, _ in monomial}
    points = list(_points(atoms))
    judged = [([_value(form, point) for point in points], form, place) for form, place in forms]
    judged.sort(key=lambda one: (one[0][::-1], -one[2]), reverse=True)
    left: list[tuple[list[Fraction], Polynomial, int]] = []
    pairs = 0
    for values, form, place in judged:
        # What is smaller at some point reaches nothing that is larger there; the order puts the larger first.
        rivals = [other for other in left if all(a >= b for a, b in zip(other[0], values, strict=True))]
        pairs += len(rivals)
        if pairs > LIMITS.maxima:
            raise LimitError(
                f"more than {LIMITS.maxima:,} pairs of formulas would be compared for the largest of all",
                hint="leave fewer symbols free",
            )
        if not any(_never_negative(_sum(other, form, -1)) for _, other, _ in rivals):
            left.append((values, form, place))
    return [place for _, _, place in left]


def _polynomial(form: Any) -> Polynomial:
    """The form by its monomials; what is no name and no power of one is an atom, which is not negative."""
    found: Polynomial = {}
    for term in form.expand().as_ordered_terms() if form.is_Add else [form]:
        coefficient, rest = term.as_coeff_Mul()
        powers = [factor.as_base_exp() for factor in rest.as_ordered_factors() if factor != 1]
        monomial = tuple(
            sorted(
                (
                    (base, int(exponent)) if exponent.is_Integer and exponent > 0 else (base**exponent, 1)
                    for base, exponent in powers
                ),
                key=str,
            )
        )
        found[monomial] = found.get(monomial, Fraction(0)) + Fraction(int(coefficient.p), int(coefficient.q))
    return found


def _sum(one: Polynomial, other: Polynomial, times: int = 1) -> Polynomial:
    total = dict(one)
    for monomial, coefficient in other.items():
        total[monomial] = total.get(monomial, Fraction(0)) + times * coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _affine(atom: Any) -> tuple[Affine, int] | None:
    """A floor of one whole name, as (name, a, b) and d; None for anything else."""
    if not isinstance(atom, FloorDivide) or not atom.args[1].is_Integer or len(atom.free_symbols) != 1:
        return None
    (name,) = atom.free_symbols
    slope = atom.args[0].coeff(name)
    rest = atom.args[0] - slope * name
    if not (name.is_integer and slope.is_Integer and rest.is_Integer and slope > 0 and rest >= 0):
        return None
    return (name, int(slope), int(rest)), int(atom.args[1])


def _points(atoms: set[Any]) -> Iterator[dict[Any, Fraction]]:
    """Values for all names, and with them for the floors; none where an atom is something else."""
    names = sorted({name for atom in atoms for name in atom.free_symbols}, key=str)
    floors = {atom: _affine(atom) for atom in atoms if not atom.is_Symbol}
    if any(floor is None for floor in floors.values()):
        return
    for i in range(len(SAMPLES)):
        for turn in range(max(1, len(names))):  # one where all are numbers
            chosen = {name: SAMPLES[(i + turn * j) % len(SAMPLES)] for j, name in enumerate(names)}
            point = {name: Fraction(chosen[name]) for name in names}
            for atom, floor in floors.items():
                if floor is not None:
                    (name, slope, rest), divisor = floor
                    point[atom] = Fraction((slope * chosen[name] + rest) // divisor)
            yield point


def _value(form: Polynomial, point: Mapping[Any, Fraction]) -> Fraction:
    total = Fraction(0)
    for monomial, coefficient in form.items():
        term = coefficient
        for atom, power in monomial:
            term *= point[atom] ** power
        total += term
    return total


def _never_negative(difference: Polynomial) -> bool:
    """Whether it is certainly 0 or more for whole names from 1 on, and rational ones above 0."""
    if all(coefficient > 0 for coefficient in difference.values()):
        return True
    atoms = {atom for monomial in difference for atom, _ in monomial}
    floors = {atom: _affine(atom) for atom in atoms if not atom.is_Symbol}
    names = {floor[0][0] for floor in floors.values() if floor is not None}
    whole = [atom for atom in atoms if atom.is_Symbol and atom.is_integer]
    if None in floors.values() or len(names) > 1 or not (names or whole):
        return False
    name = next(iter(names)) if names else min(whole, key=str)
    difference = _from_one(difference, [other for other in whole if other != name])
    known = {atom: floor for atom, floor in floors.items() if floor is not None}
    for start in (1, 4, 16, 64, FARTHEST):
        if _positive_from(difference, name, known, start):
            return all(_positive_at(difference, name, known, value) for value in range(1, start))
    return False


def _from_one(difference: Polynomial, names: Sequence[Any]) -> Polynomial:
    """The same with name + 1 for names that are 1 or more: what is left of them is 0 or more."""
    total: Polynomial = {}
    for monomial, coefficient in difference.items():
        term: Polynomial = {(): coefficient}
        for atom, power in monomial:
            more: Polynomial = {(): Fraction(1)} if atom in names else {}
            for _ in range(power):
                term = _product(term, {((atom, 1),): Fraction(1), **more})
        total = _sum(total, term)
    return total


def _positive_from(difference: Polynomial, name: Any, floors: Mapping[Any, tuple[Affine, int]], start: int) -> bool:
    """Whether all coefficients are positive once every floor is replaced by its bound, and the name by name + start."""
    total: Polynomial = {}
    for monomial, coefficient in difference.items():
        term: Polynomial = {(): coefficient}
        for atom, power in monomial:
            factor = _bound(atom, name, floors, start, low=coefficient > 0)
            for _ in range(power):
                term = _product(term, factor)
        total = _sum(total, term)
    return all(coefficient > 0 for coefficient in total.values())


def _bound(atom: Any, name: Any, floors: Mapping[Any, tuple[Affine, int]], start: int, *, low: bool) -> Polynomial:
    """What replaces an atom: its bound below or above, at name + start; a bound below 0 is 0."""
    if atom == name:
        return {((name, 1),): Fraction(1), (): Fraction(start)}
    if atom not in floors:
        return {((atom, 1),): Fraction(1)}
    (_, slope, rest), divisor = floors[atom]
    constant = Fraction(slope * start + rest - (divisor - 1 if low else 0), divisor)
    return {((name, 1),): Fraction(slope, divisor), (): constant} if constant >= 0 else {}


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for left, a in one.items():
        for right, b in other.items():
            powers = dict(left)
            for atom, power in right:
                powers[atom] = powers.get(atom, 0) + power
            monomial = tuple(sorted(powers.items(), key=str))
            total[monomial] = total.get(monomial, Fraction(0)) + a * b
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _positive_at(difference: Polynomial, name: Any, floors: Mapping[Any, tuple[Affine, int]], value: int) -> bool:
    """Whether it is certainly 0 or more where the name has this value."""
    total: Polynomial = {}
    for monomial, coefficient in difference.items():
        left, factor = [], 1
        for atom, power in monomial:
            if atom == name:
                factor *= value**power
            elif atom in floors:
                (_, slope, rest), divisor = floors[atom]
                factor *= ((slope * value + rest) // divisor) ** power
            else:
                left.append((atom, power))
        total = _sum(total, {tuple(left): coefficient * factor})
    return all(coefficient > 0 for coefficient in total.values())
