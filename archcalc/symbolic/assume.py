"""Forms under an assumption on one whole name, and the congruences under which floors disappear."""

from __future__ import annotations

import re
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy

from archcalc.symbolic.bounds import bounds
from archcalc.symbolic.form import FloorDivide, extreme, floor_divide, symbol
from archcalc.symbolic.residues import Needed

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_MODULUS = 10**6
_CONGRUENCE = re.compile(r"\s*([A-Za-z_]\w*)\s*%\s*([1-9][0-9]{0,8})\s*==\s*(0|[1-9][0-9]{0,8})\s*")
_BOUND = re.compile(r"\s*([A-Za-z_]\w*)\s*>=\s*([1-9][0-9]{0,8})\s*")


class Assumption(NamedTuple):
    """name % modulus == residue, and name >= least."""

    name: str
    modulus: int = 1
    residue: int = 0
    least: int = 1

    @property
    def first(self) -> int:
        """The least value there is."""
        return self.least + (self.residue - self.least) % self.modulus

    def __str__(self) -> str:
        congruence = f"{self.name} % {self.modulus} == {self.residue}"
        bound = f"{self.name} >= {self.least}"
        return bound if self.modulus == 1 else congruence if self.least == 1 else f"{congruence} and {bound}"


def as_needed(one: Assumption) -> list[Needed]:
    """The assumption as conditions."""
    name = symbol(one.name)
    rest = name - one.residue
    turns = floor_divide(rest, sympy.Integer(one.modulus))
    return [Needed(rest - one.modulus * turns, "=="), Needed(name - one.least, "<=")]


def read_assumption(said: str) -> Assumption | None:
    """What a text such as H % 32 == 0 or H >= 32 assumes; None where it is another text."""
    congruence, bound = _CONGRUENCE.fullmatch(said), _BOUND.fullmatch(said)
    if congruence is not None and int(congruence[3]) < int(congruence[2]):
        return Assumption(congruence[1], int(congruence[2]), int(congruence[3]))
    return None if bound is None else Assumption(bound[1], least=int(bound[2]))


def together(assumptions: Iterable[Assumption]) -> tuple[Assumption, ...]:
    """One assumption for each name; of two congruences the first."""
    found: dict[str, Assumption] = {}
    for one in assumptions:
        earlier = found.get(one.name, one)
        congruence = earlier if earlier.modulus > 1 else one
        found[one.name] = congruence._replace(least=max(one.least, earlier.least))
    return tuple(found.values())


def follows(needed: Needed, assumptions: Iterable[Assumption]) -> bool:
    """Whether the condition certainly holds where the assumptions do."""
    there, _ = _substitutions(assumptions)
    form = _rebuilt(needed.form, there)
    low, high = bounds(form)
    return bool(low >= 0 if needed.relation == "<=" else form == 0 if needed.relation == "==" else low > 0 or high < 0)


def under(forms: Iterable[Any], assumptions: Iterable[Assumption]) -> list[Any]:
    """The forms where the assumptions hold: equal there to what they were, with fewer floors and choices."""
    there, back = _substitutions(assumptions)
    return [_rebuilt(_rebuilt(form, there), back) for form in forms]


def _substitutions(assumptions: Iterable[Assumption]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Each name by a turn that counts its values from 1 on, and the turn by the name."""
    there: dict[Any, Any] = {}
    back: dict[Any, Any] = {}
    for one in assumptions:
        whole, turn = symbol(one.name), symbol(f"{one.name}_")
        before = one.first - one.modulus
        there[whole] = one.modulus * turn + before
        back[turn] = (whole - before) / one.modulus
    return there, back


def simplifying(forms: Iterable[Any]) -> list[Assumption]:
    """For each whole name that floors are taken of: the congruence with residue 0 under which no floor is left."""
    kept = list(forms)
    names = {name for form in kept for part in form.atoms(FloorDivide) for name in part.free_symbols}
    found = []
    for name in sorted((name for name in names if name.is_integer), key=str):
        modulus = _modulus(kept, str(name))
        if modulus is not None and modulus > 1:
            found.append(Assumption(str(name), modulus))
    return found


def _modulus(forms: list[Any], name: str) -> int | None:
    modulus = 1
    while modulus <= LARGEST_MODULUS:
        turn = symbol(f"{name}_")
        there = [_rebuilt(form, {symbol(name): modulus * turn}) for form in forms]
        floors = {part for form in there for part in form.atoms(FloorDivide) if part.free_symbols == {turn}}
        steps = [_step(part, turn) for part in floors if not part.args[0].has(FloorDivide)]
        steps = [step for step in steps if step > 1]
        if not steps:
            return None if floors else modulus
        modulus *= max(steps)
    return None


def _step(part: Any, turn: Any) -> int:
    """By what the name of floor((a*x + b)/d) must be multiplied for the floor to go."""
    dividend, divisor = part.args
    coefficient = dividend.coeff(turn)
    if not (coefficient.is_Integer and divisor.is_Integer):
        return 1
    return int(divisor) // gcd(int(coefficient), int(divisor))


def _rebuilt(form: Any, names: dict[Any, Any]) -> Any:
    """The form with other forms for its names, in normal form again."""
    made: dict[Any, Any] = dict(names)
    for part in sympy.postorder_traversal(form):
        if part in made or not part.args:
            continue
        arguments = [made.get(argument, argument) for argument in part.args]
        made[part] = _made(part, arguments)
    return sympy.expand(made.get(form, form))


def _made(part: Any, arguments: list[Any]) -> Any:
    if isinstance(part, FloorDivide):
        return floor_divide(*arguments)
    if isinstance(part, (sympy.Max, sympy.Min)):
        return extreme(part.func, [sympy.expand(argument) for argument in arguments])
    return part.func(*arguments)
