"""Short names for what several formulas share, as a person would write: h1 = H//2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sympy

from archcalc.symbolic.form import CHOICES, FloorDivide
from archcalc.symbolic.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORT = 2  # parts that stand so often, or more often, get a name


class Definition(NamedTuple):
    """A name, and the form that it stands for, in which earlier names may stand."""

    name: str
    form: Any


def named(forms: Sequence[Any]) -> tuple[list[Definition], list[Any]]:
    """Names for the floors and choices that stand more than once in the forms, and the forms with these names."""
    counts: dict[Any, int] = {}
    for form in forms:
        for part in _outermost(form):
            counts[part] = counts.get(part, 0) + 1
    shared = [part for part, count in counts.items() if count >= SHORT]
    taken = {str(name) for form in forms for name in form.free_symbols}
    names: dict[Any, Any] = {}
    definitions = []
    for part in sorted(shared, key=_order):
        stem = min((str(name) for name in part.free_symbols), key=str.lower)[0].lower()
        number = next(n for n in range(1, len(shared) + len(taken) + 2) if f"{stem}{n}" not in taken)
        taken.add(f"{stem}{number}")
        names[part] = sympy.Symbol(f"{stem}{number}", positive=True)
        definitions.append(Definition(f"{stem}{number}", part))
    return definitions, [form.xreplace(names) for form in forms]


def _outermost(form: Any) -> list[Any]:
    """The floors and choices of a form that stand in no other, as often as they stand there."""
    found: list[Any] = []
    waiting = [form]
    while waiting:
        part = waiting.pop()
        if isinstance(part, CHOICES):
            found.append(part)
        else:
            waiting.extend(part.args)
    return found


def _order(part: Any) -> tuple[str, int, str]:
    """By the names inside, then from the largest size down: H//2 before H//4."""
    divisor = int(part.args[1]) if isinstance(part, FloorDivide) and part.args[1].is_Integer else 0
    return "".join(sorted(map(str, part.free_symbols))), divisor, f"{len(text(part)):06}{text(part)}"


def collected(form: Any, names: Sequence[str]) -> Any:
    """The form by powers of one of these names, where that is shorter."""
    outside = [name for name in form.free_symbols if str(name) in names]
    ways = [form, *(sympy.collect(form, name) for name in sorted(outside, key=str))]
    return min(ways, key=lambda way: len(text(way)))
