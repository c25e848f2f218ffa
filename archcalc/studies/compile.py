"""A spec turned once into exact functions of its free hyperparameters, on whole arrays."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import Values, everywhere, holds, program, shaped, values
from archcalc.errors import UsageError, did_you_mean
from archcalc.recorded import Recorded
from archcalc.studies.quantities import scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.arrays import Array, Program
    from archcalc.recorded import Number
    from archcalc.report import Report

USUAL = ("params", "mult_adds", "activations")
_NUMBER = re.compile(r"[0-9]{1,400}(\.[0-9]{1,400}|/[1-9][0-9]{0,400})?")


class Name(NamedTuple):
    """A free name: whole, or rational; both are positive."""

    name: str
    whole: bool


class Compiled(NamedTuple):
    """Quantities of one network as functions of its free names; immutable, and can be pickled.

    Called with an array, a list or a number for each name, which broadcast, it gives an array for each quantity.
    """

    network: str
    names: tuple[Name, ...]
    quantities: tuple[str, ...]
    program: Program
    relations: tuple[str, ...]

    def __call__(self, **given: Any) -> dict[str, Array]:
        """The quantities, exactly: integers of 64 bits, or Python's own where these are too few.

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
        results, valid = self.program.run(arrays)
        sides = results[len(self.quantities) :]
        for left, relation, right in zip(sides[::2], self.relations, sides[1::2], strict=True):
            valid = valid & holds(left, relation, right)
        return dict(zip(self.quantities, results, strict=False)), everywhere(valid, arrays.values())


def compiled(report: Report, of: Iterable[str] = USUAL) -> Compiled:
    """The functions that a report with free names states, of these quantities."""
    asked = scalars(report, of)
    sides = [side for condition in report.conditions for side in (condition.left, condition.right)]
    free = {name: value for name, value in report.hyperparameters.items() if _is_name(name, value)}
    if isinstance(report.batch, Recorded):
        free[report.batch.name] = report.batch
    return Compiled(
        network=report.name,
        names=tuple(Name(name, symbol.integral) for name, symbol in free.items() if isinstance(symbol, Recorded)),
        quantities=tuple(asked),
        program=program([*asked.values(), *sides]),
        relations=tuple(condition.relation for condition in report.conditions),
    )


def _is_name(name: str, value: object) -> bool:
    """Whether a hyperparameter is left free itself, and does not only follow from others."""
    return isinstance(value, Recorded) and value.operator == "name" and value.name == name


def _array(name: str, given: Any, *, whole: bool) -> Values:
    numbers = given.ravel().tolist() if hasattr(given, "ravel") else given
    flat = [_number(name, number) for number in (numbers if isinstance(numbers, (list, tuple)) else [numbers])]
    if any(number <= 0 or (whole and number.denominator != 1) for number in flat):
        raise UsageError(f"{name} takes {'whole numbers from 1' if whole else 'numbers above 0'}")
    return shaped(values(flat), given)


def _number(name: str, given: Any) -> Number:
    if isinstance(given, float):
        raise UsageError(f"{name}: {given} is a float, which is not exact", hint="give a Fraction, or text as '0.75'")
    if isinstance(given, str) and _NUMBER.fullmatch(given):
        return Fraction(given)
    if isinstance(given, bool) or not isinstance(given, (int, Fraction)):
        raise UsageError(f"{name}: {given!r} is no exact number")
    return given
