"""A spec turned once into exact functions of its free hyperparameters, on whole arrays."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import Values, everything, everywhere, holds, run, shaped, values, whole_values
from archcalc.errors import UsageError, did_you_mean
from archcalc.program import program
from archcalc.recorded import Recorded, free_names, is_free
from archcalc.studies.quantities import USUAL, scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archcalc.arrays import Array
    from archcalc.program import Program
    from archcalc.recorded import Number, Quantity
    from archcalc.report import Report


_NUMBER = re.compile(r"[0-9]{1,400}(\.[0-9]{1,400}|/[1-9][0-9]{0,400})?")


class Name(NamedTuple):
    """A free name: whole, or rational; both are positive."""

    name: str
    whole: bool


class Requirement(NamedTuple):
    """How the sides of a condition must stand, and the free names that decide it."""

    relation: str
    names: tuple[str, ...]


class Compiled(NamedTuple):
    """Quantities of one network as functions of its free names; immutable, and can be pickled.

    Called with an array, a list or a number for each name, which broadcast, it gives an array for each quantity.
    Whole names take whole numbers from 1, others also fractions and decimals as text, above 0.
    """

    network: str
    names: tuple[Name, ...]
    quantities: tuple[str, ...]
    program: Program
    conditions: tuple[Requirement, ...]

    def __call__(self, **given: Any) -> dict[str, Array]:
        """The quantities, exactly: integers of 64 bits, or Python's own numbers where these are too few.

        Raises UsageError for a name that is missing, unknown or given what is not exact, and where at some point the
        network is another one, or none; `valid` tells where.
        """
        arrays = self.arrays(given)
        results, valid = self.worked_out(arrays)
        if not valid.all():
            raise UsageError(
                f"{self.network} is another network, or none, at {int((~valid).sum()):,} of {valid.size:,} points",
                hint="valid(...) tells where the formulas hold",
            )
        return {name: everywhere(result.array(), arrays.values()) for name, result in results.items()}

    def valid(self, **given: Any) -> Array:
        """Where the conditions hold under which the formulas are those of the network."""
        return self.worked_out(self.arrays(given))[1]

    def arrays(self, given: Mapping[str, Any]) -> dict[str, Values]:
        """What is given for each name, as exact arrays; raises UsageError."""
        known = [name for name, _ in self.names]
        for name in given:
            if name not in known:
                raise UsageError(f"'{name}' is not free here", hint=did_you_mean(name, known) or f"free: {known}")
        missing = [name for name in known if name not in given]
        if missing:
            raise UsageError(f"no value is given for {', '.join(missing)}")
        return {name: _array(name, given[name], whole=whole) for name, whole in self.names}

    def worked_out(self, arrays: Mapping[str, Values]) -> tuple[dict[str, Values], Array]:
        """The quantities, and where they hold; elsewhere they mean nothing."""
        results, held = self.run(arrays)
        return results, everywhere(everything(held), arrays.values())

    def run(self, arrays: Mapping[str, Values]) -> tuple[dict[str, Values], list[Array]]:
        """The quantities, and where each condition holds, all in the shapes of the names that they depend on."""
        results = run(self.program, arrays)
        sides = results[len(self.quantities) :]
        held = [
            holds(left, condition.relation, right)
            for left, condition, right in zip(sides[::2], self.conditions, sides[1::2], strict=True)
        ]
        return dict(zip(self.quantities, results, strict=False)), held


def compiled(report: Report, of: Iterable[str] = USUAL) -> Compiled:
    """The functions that a report with free names states, of these quantities; raises UsageError."""
    asked = scalars(report, of)
    conditions: list[tuple[Quantity, str, Quantity]] = [(c.left, c.relation, c.right) for c in report.conditions]
    # Free names are above zero; what else is divided by may be zero.
    everything_said = [*report.hyperparameters.values(), *report.layers, *report.totals]
    conditions += [(d, "!=", 0) for d in divisors(everything_said) if isinstance(d, Recorded) and d.operator != "name"]
    free = [value for name, value in report.hyperparameters.items() if _is_name(name, value)]
    free += [report.batch] if is_free(report.batch) else []
    symbols = [symbol for symbol in free if isinstance(symbol, Recorded)]
    sides = [side for left, _, right in conditions for side in (left, right)]
    return Compiled(
        network=report.name,
        names=tuple(Name(symbol.name, symbol.integral) for symbol in symbols),
        quantities=tuple(asked),
        program=program([*asked.values(), *sides]),
        conditions=tuple(
            Requirement(relation, tuple(free_names([left, right]))) for left, relation, right in conditions
        ),
    )


def _is_name(name: str, value: object) -> bool:
    """Whether a hyperparameter is left free itself, and does not only follow from others."""
    return isinstance(value, Recorded) and value.operator == "name" and value.name == name


def divisors(numbers: Iterable[Any]) -> Iterator[Quantity]:
    """What is free and anything in these numbers, or in tuples of them, is divided by."""
    waiting = list(numbers)
    seen: set[int] = set()
    while waiting:
        top = waiting.pop()
        if isinstance(top, tuple):
            waiting.extend(top)
        elif isinstance(top, Recorded) and is_free(top) and id(top) not in seen and top.operator != "name":
            seen.add(id(top))
            waiting.extend(top.operands)
            divisor: Any = top.operands[-1]
            if top.operator in ("/", "//", "%") and is_free(divisor):
                yield divisor


def _array(name: str, given: Any, *, whole: bool) -> Values:
    made = given if isinstance(given, Values) else whole_values(given)
    if made is None:
        made = _listed(name, given)
    if not (made.positive.all() and (not whole or made.whole.all())):
        raise UsageError(f"{name} takes {'whole numbers from 1' if whole else 'numbers above 0'}")
    return made


def _listed(name: str, given: Any) -> Values:
    if isinstance(given, (list, tuple)):
        return values(_number(name, number) for number in given)
    if hasattr(given, "ravel"):  # an array, of what is seen only one by one
        return shaped(values(_number(name, number) for number in given.ravel().tolist()), given)
    return shaped(values([_number(name, given)]), 0)


def _number(name: str, given: Any) -> Number:
    if isinstance(given, float):
        raise UsageError(f"{name}: {given} is a float, which is not exact", hint="give a Fraction, or text as '0.75'")
    if isinstance(given, str) and _NUMBER.fullmatch(given):
        return Fraction(given)
    if isinstance(given, bool) or not isinstance(given, (int, Fraction)):
        raise UsageError(f"{name}: {given!r} is no exact number")
    return given
