"""Which configurations are meant: a condition in the language of specs, tested on whole columns.

Figures with a unit (5M, 528 MiB) and powers of ten (5e6) are numbers here too.
"""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.arrays import everything, everywhere, holds, run, truths
from archcalc.errors import UndecidedError, UsageError, did_you_mean
from archcalc.program import program
from archcalc.recorded import Recorded, free_names
from archcalc.spec.comparisons import compare
from archcalc.spec.expression import COMPARISONS, parse
from archcalc.spec.figure import UNITS
from archcalc.spec.values import ExpressionError, number
from archcalc.studies.compile import divisors
from archcalc.studies.grid import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcalc.arrays import Array, Values
    from archcalc.program import Program
    from archcalc.studies.grid import Axis

_UNITS = "|".join(sorted(filter(None, UNITS), key=len, reverse=True))
_FIGURE = re.compile(rf"(?<![A-Za-z0-9_.])([0-9]+(?:\.[0-9]+)?)(?:e\+?([0-9]{{1,3}})| ?({_UNITS}))(?![A-Za-z0-9_.])")
_NEGATED = {"<": ">=", ">": "<=", "!=": "=="}


class Comparison(NamedTuple):
    """Two sides of numbers, as results of the program, and how they must stand."""

    left: int
    relation: str
    right: int


class Choice(NamedTuple):
    """The values of an axis at which a comparison of words or lists holds."""

    axis: str
    holds: tuple[bool, ...]


class Group(NamedTuple):
    """Conditions of which all, or any, must hold; or the one that must not."""

    how: str
    parts: tuple[Any, ...]


class Where(NamedTuple):
    """A condition on the columns of a sweep."""

    names: tuple[str, ...]
    program: Program
    condition: Any

    def holds(self, columns: Mapping[str, Values], chosen: Mapping[str, Array]) -> Array:
        """Where the condition holds, of these columns of numbers and positions of values along the axes."""
        results = run(self.program, {name: columns[name] for name in self.names})
        mask = _mask(self.condition, results, chosen)
        return everywhere(mask, columns.values())


def where(text: str, axes: Iterable[Axis], quantities: Iterable[str]) -> Where:
    """The condition that a text states of hyperparameters and quantities; raises UsageError."""
    given = list(axes)
    numbers = [*[axis.name for axis in given if axis.values is not None], *quantities]
    plain = _FIGURE.sub(_in_full, text).strip()
    reader = _Reader(plain, {axis.name: axis for axis in given if axis.values is None}, numbers)
    try:
        parse(plain)
        condition = reader.whole(ast.parse(plain, mode="eval").body)
    except ExpressionError as error:
        raise UsageError(f"--where {text}: {error.message}", hint=error.hint) from None
    except UndecidedError:
        raise UsageError(f"--where {text}: a side of a comparison cannot hold a condition", hint="use 'or'") from None
    return Where(tuple(free_names(reader.sides)), program(reader.sides), condition)


def _in_full(match: re.Match[str]) -> str:
    digits, power, unit = match.groups()
    value = Fraction(digits) * (10 ** int(power) if power else UNITS[unit])
    return str(value.numerator) if value.denominator == 1 else f"({value})"


class _Reader:
    """Takes a parsed condition apart: comparisons of numbers become sides of a program."""

    def __init__(self, text: str, choices: Mapping[str, Axis], numbers: Sequence[str]) -> None:
        self.text = text
        self.choices = choices
        self.scope = Known({name: Recorded(name, integral=False) for name in numbers})
        self.sides: list[Any] = []

    def part(self, node: ast.expr) -> str:
        return self.text[node.col_offset : node.end_col_offset]

    def whole(self, node: ast.expr) -> Group:
        """The condition, and that nothing in it is divided by zero."""
        condition = self.read(node)
        zero = len(self.sides)
        below = list(divisors(self.sides))
        self.sides += [0, *below]
        return Group("all", (condition, *[Comparison(zero + i, "!=", zero) for i in range(1, len(below) + 1)]))

    def read(self, node: ast.expr) -> Any:
        if isinstance(node, ast.BoolOp):
            how = "all" if isinstance(node.op, ast.And) else "any"
            return Group(how, tuple([self.read(part) for part in node.values]))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Group("not", (self.read(node.operand),))
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            return Group(
                "all",
                tuple([self._comparison(*pair) for pair in zip(sides, node.ops, sides[1:], strict=False)]),
            )
        raise ExpressionError(
            f"'{self.part(node)}' is no condition", hint="compare, as in 'params < 5M and mult_adds < 600e6'"
        )

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Any:
        symbol = COMPARISONS[type(operator)]
        names = {part.id for side in (left, right) for part in ast.walk(side) if isinstance(part, ast.Name)}
        chosen = [name for name in names if name in self.choices]
        if chosen:
            return self._choice(chosen, names, left, symbol, right)
        if symbol in ("in", "not in"):
            if not isinstance(right, ast.List):
                raise ExpressionError("'in' asks for a list, as in 'H in [128, 160]'")
            found = Group("any", tuple([self._numbers(left, "==", item) for item in right.elts]))
            return found if symbol == "in" else Group("not", (found,))
        return self._numbers(left, symbol, right)

    def _numbers(self, left: ast.expr, symbol: str, right: ast.expr) -> Any:
        if symbol in _NEGATED:
            return Group("not", (self._numbers(left, _NEGATED[symbol], right),))
        if symbol == ">=":
            return self._numbers(right, "<=", left)
        return Comparison(self._side(left), symbol, self._side(right))

    def _side(self, node: ast.expr) -> int:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id not in self.scope.variables and not _is_call(part, node):
                known = [*self.scope.variables, *self.choices]
                hint = did_you_mean(part.id, known) or f"there are: {', '.join(known)}"
                raise ExpressionError(f"there is no '{part.id}' here", hint=hint)
        self.sides.append(number(parse(self.part(node)).run(self.scope)))
        return len(self.sides) - 1

    def _choice(self, chosen: list[str], names: set[str], left: ast.expr, symbol: str, right: ast.expr) -> Choice:
        axis = self.choices[chosen[0]]
        if len(chosen) > 1 or names & set(self.scope.variables):
            raise ExpressionError(f"'{axis.name}' is no number, and is compared with its values alone")
        scope = _Words({})
        items = [parse(item).run(scope) if isinstance(item, str) else item for item in axis.items]
        known = set(scope.words)
        sides = [parse(self.part(side)) for side in (left, right)]
        held = []
        for item in items:
            scope.variables[axis.name] = item
            held.append(compare(symbol, sides[0].run(scope), sides[1].run(scope), scope))
        for word in scope.words - known:
            hint = did_you_mean(word, known) or f"its values: {', '.join(axis.texts)}"
            raise ExpressionError(f"{axis.name} is never '{word}'", hint=hint)
        return Choice(axis.name, tuple(held))


class _Words(Known):
    """A scope in which every other name is a word that stands for itself."""

    def __init__(self, variables: dict[str, Any]) -> None:
        super().__init__(variables)
        self.words: set[str] = set()

    def missing(self, name: str) -> Any:
        """The word."""
        self.words.add(name)
        return name


def _is_call(name: ast.Name, inside: ast.expr) -> bool:
    return any(isinstance(part, ast.Call) and part.func is name for part in ast.walk(inside))


def _mask(condition: Any, results: Sequence[Values], chosen: Mapping[str, Array]) -> Array:
    if isinstance(condition, Comparison):
        return holds(results[condition.left], condition.relation, results[condition.right])
    if isinstance(condition, Choice):
        return truths(condition.holds)[chosen[condition.axis]]
    parts = [_mask(part, results, chosen) for part in condition.parts]
    if condition.how == "all":
        return everything(parts)
    if condition.how == "any":
        return ~everything([~part for part in parts])
    return ~parts[0]
