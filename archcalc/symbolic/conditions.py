"""What must hold of free names, each said once and in its simplest form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from archcalc.symbolic.assume import follows, read_assumption, together
from archcalc.symbolic.form import normal
from archcalc.symbolic.residues import Needed, Steps, solved, steps_of
from archcalc.symbolic.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.recorded import Quantity


def condition_texts(conditions: Iterable[tuple[Quantity, str, Quantity]]) -> list[str]:
    """What must hold, in the language of specs: nothing that always holds, nothing twice.

    What is asked of one whole name by sums of its floors is solved together: H >= 32, or H % 16 == 0. What follows
    from that is not said again.
    """
    return needed_texts(Needed(normal(right) - normal(left), relation) for left, relation, right in conditions)


def needed_texts(conditions: Iterable[Needed]) -> list[str]:
    """The same for forms."""
    alone: dict[Any, list[tuple[Needed, Steps]]] = {}
    others: list[Needed] = []
    for needed in dict.fromkeys(_expanded(form, relation) for form, relation in conditions):
        names = needed.form.free_symbols
        name = next(iter(names)) if len(names) == 1 else None
        steps = None if name is None or not name.is_integer or needed.relation == "!=" else steps_of(needed.form, name)
        if steps is None:
            others.append(needed)
        elif not follows(needed, ()):
            alone.setdefault(name, []).append((needed, steps))
    said: list[str] = []
    for name, wanted in alone.items():
        said += solved(str(name), wanted) or [_as_it_is(needed) for needed, _ in wanted]
    known = together(one for line in said if (one := read_assumption(line)) is not None)
    said += [_as_it_is(needed) for needed in others if not follows(needed, known)]
    return list(dict.fromkeys(said))


def _expanded(form: Any, relation: str) -> Needed:
    """The condition with its form expanded, and without a factor that all its numbers share."""
    return Needed(sympy.expand(form).primitive()[1], relation)


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
