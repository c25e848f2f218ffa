"""Quantities of a network as closed forms in its free names, and under assumptions on these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.errors import UsageError
from archcalc.recorded import Recorded
from archcalc.report import COUNTS
from archcalc.studies.quantities import QUANTITIES, quantities
from archcalc.symbolic.assume import Assumption, as_needed, read_assumption, simplifying, together, under
from archcalc.symbolic.conditions import needed_texts
from archcalc.symbolic.form import normal
from archcalc.symbolic.names import collected, named
from archcalc.symbolic.residues import Needed
from archcalc.symbolic.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcalc.report import Report
    from archcalc.symbolic.names import Definition

USUAL = ("params", "mult_adds", "activations")
PER_LAYER = (*COUNTS, *ARITHMETIC, "output_shape")


class Formula(NamedTuple):
    """A quantity, of the network or at a path, as one form, or as one per axis."""

    of: str
    path: str
    forms: tuple[Any, ...]
    per_axis: bool

    def __str__(self) -> str:
        parts = list(map(text, self.forms))
        return f"[{', '.join(parts)}]" if self.per_axis else parts[0]


class Formulas(NamedTuple):
    """Closed forms in the free names, exact wherever the conditions and the assumptions hold.

    `where` names what several of the `short` forms share; `simple` are the formulas under the congruences, which
    leave no floor.
    """

    network: str
    cite: str | None
    free: tuple[str, ...]
    formulas: tuple[Formula, ...]
    short: tuple[Formula, ...]
    where: tuple[Definition, ...]
    conditions: tuple[str, ...]
    assumed: tuple[Assumption, ...]
    congruences: tuple[Assumption, ...]
    simple: tuple[Formula, ...]


def assumption(said: str) -> Assumption:
    """What a text such as H % 32 == 0 or H >= 32 assumes; raises UsageError."""
    assumed = read_assumption(said)
    if assumed is not None:
        return assumed
    raise UsageError(f"'{said}' is nothing to assume", hint="write 'H % 32 == 0' or 'H >= 32'; W = H is --set W=H")


def formulas(
    report: Report, of: Iterable[str] = USUAL, *, layers: bool = False, assume: Sequence[Assumption] = ()
) -> Formulas:
    """The closed forms of a report with free names, in total and, with `layers`, of each layer.

    Raises UsageError for a quantity there is not, and for an assumption on what is no free whole name.
    """
    asked = tuple(of)
    if not asked:
        raise UsageError("no quantity is asked for", hint=f"quantities: {', '.join(QUANTITIES)}")
    free = _free(report)
    assumed = _together(assume, {name: symbol.integral for name, symbol in free.items()})
    made = [_formula(name, "", value) for name, value in quantities(report, asked).items()]
    if layers:
        made += _of_layers(report, [name for name in asked if name in PER_LAYER])
    conditions = _conditions(report, assumed)
    known = together([*assumed, *(one for said in conditions if (one := read_assumption(said)) is not None)])
    made = _under(made, [one for one in known if free[one.name].integral])
    forms = [form for formula in made for form in formula.forms]
    where, short = named(forms)
    congruences = tuple(simplifying(forms))
    return Formulas(
        network=report.name,
        cite=report.cite,
        free=tuple(free),
        formulas=tuple(made),
        short=_with(made, [collected(form, tuple(free)) for form in short]),
        where=tuple(where),
        conditions=tuple(conditions),
        assumed=assumed,
        congruences=congruences,
        simple=tuple(_under(made, congruences)) if congruences else (),
    )


def _free(report: Report) -> dict[str, Recorded]:
    """The names that are left free themselves, and do not only follow from others."""
    values = [*report.hyperparameters.values(), report.batch]
    return {v.name: v for v in values if isinstance(v, Recorded) and v.operator == "name" and v.value is None}


def _together(assume: Sequence[Assumption], whole: Mapping[str, bool]) -> tuple[Assumption, ...]:
    """One assumption for each name."""
    congruences: dict[str, Assumption] = {}
    for one in assume:
        if not whole.get(one.name):
            known = f"free whole names: {', '.join(name for name in whole if whole[name])}"
            raise UsageError(f"'{one.name}' is no free whole name to assume something of", hint=known)
        if one.modulus > 1 and congruences.setdefault(one.name, one) != one:
            two = f"{congruences[one.name]} and {one}"
            raise UsageError(f"{two} are two congruences of one name", hint="give one that says both")
    return together(assume)


def _of_layers(report: Report, names: Sequence[str]) -> list[Formula]:
    shapes = [layer.output_shape for layer in report.layers]
    columns = [shapes if name == "output_shape" else report.counts(name) for name in names]
    return [
        _formula(name, layer.path, column[i])
        for i, layer in enumerate(report.layers)
        for name, column in zip(names, columns, strict=True)
    ]


def _formula(name: str, path: str, value: Any) -> Formula:
    per_axis = isinstance(value, tuple)
    return Formula(name, path, tuple(normal(number) for number in (value if per_axis else [value])), per_axis)


def _under(made: Sequence[Formula], assumptions: Sequence[Assumption]) -> list[Formula]:
    if not assumptions:
        return list(made)
    return list(_with(made, under([form for formula in made for form in formula.forms], assumptions)))


def _with(made: Sequence[Formula], forms: Sequence[Any]) -> tuple[Formula, ...]:
    """The formulas with other forms, in their order."""
    left = iter(forms)
    return tuple(formula._replace(forms=tuple(next(left) for _ in formula.forms)) for formula in made)


def _conditions(report: Report, assumed: Sequence[Assumption]) -> list[str]:
    """What must hold beside what is assumed."""
    needed = [Needed(normal(c.right) - normal(c.left), c.relation) for c in report.conditions]
    needed += [part for one in assumed for part in as_needed(one)]
    given = {f"{one.name} % {one.modulus} == {one.residue}" for one in assumed}
    given |= {f"{one.name} >= {one.first}" for one in assumed}
    return [condition for condition in needed_texts(needed) if condition not in given]
