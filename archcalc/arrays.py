"""The only door to numpy: recorded expressions turned into exact functions of arrays.

A program is a flat list of instructions, each on earlier results. Integers run in 64 bits, rationals as 64-bit
numerators over one denominator for the whole array. That no number can pass 64 bits is made sure beforehand, by working
out a bound on every intermediate in Python integers; where it could, the same program runs on Python's own numbers.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import lcm
from operator import add, eq, le, mul, ne, sub
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from archcalc.recorded import COMPUTE, Quantity, Recorded, is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcalc.recorded import Number

Array: TypeAlias = "np.ndarray[Any, Any]"
LARGEST = 2**63 - 1


class Values(NamedTuple):
    """An array of rationals: integer numerators over one denominator."""

    numerators: Array
    denominator: int = 1

    @property
    def largest(self) -> int:
        """The largest size of a numerator."""
        if not self.numerators.size:
            return 0
        return max(abs(int(self.numerators.max())), abs(int(self.numerators.min())))

    def at(self, positions: Any) -> Values:
        """Those at some positions."""
        return Values(self.numerators[positions], self.denominator)

    def array(self) -> Array:
        """The rationals themselves: integers of 64 bits or of Python's own, or fractions."""
        return self.numerators if self.denominator == 1 else _as_numbers(self)

    def numbers(self) -> list[Number]:
        """The same as a list."""
        listed: list[Number] = self.array().ravel().tolist()
        return listed


def values(numbers: Iterable[Number]) -> Values:
    """Exact numbers as an array."""
    listed = list(numbers)
    denominator = lcm(*(number.denominator for number in listed)) if listed else 1
    numerators = [number.numerator * (denominator // number.denominator) for number in listed]
    fits = all(-LARGEST <= numerator <= LARGEST for numerator in numerators)
    return Values(np.array(numerators, dtype=np.int64 if fits else object), denominator)


def shaped(made: Values, like: Any) -> Values:
    """The values in the shape of what they were made of: an array, a list, or one number."""
    shape = np.shape(like) if hasattr(like, "shape") or isinstance(like, (list, tuple)) else ()
    return Values(made.numerators.reshape(shape), made.denominator)


def everywhere(array: Array, others: Iterable[Values]) -> Array:
    """An array in the shape that it and all the others broadcast to."""
    shape = np.broadcast_shapes(array.shape, *(other.numerators.shape for other in others))
    return np.broadcast_to(array, shape)


class Instruction(NamedTuple):
    """What to do (a key of COMPUTE, "name" or "number"), and on which earlier results, name or number."""

    operator: str
    operands: tuple[Any, ...]


class Program(NamedTuple):
    """Instructions, which of their results are asked for, and which are not needed after each instruction."""

    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]
    divisors: tuple[int, ...]
    done: tuple[tuple[int, ...], ...]

    def run(self, names: Mapping[str, Values]) -> tuple[list[Values], Array]:
        """Every result, and where they mean something: nowhere is divided by zero.

        Each has the shape that the arrays of the names it depends on broadcast to.
        """
        kept = self._each(_FAST if self._fits(names) else _EXACT, names)
        defined: Array = np.array(True)
        for index in self.divisors:
            defined = defined & (kept[index].numerators != 0)
        return [kept[index] for index in self.results], defined

    def _each(self, rules: Mapping[str, Callable[..., Any]], names: Mapping[str, Values]) -> list[Any]:
        kept: list[Any] = []
        for (operator, operands), done in zip(self.instructions, self.done, strict=True):
            if operator == "name":
                kept.append(rules["name"](names[operands[0]]))
            elif operator == "number":
                kept.append(rules["name"](shaped(values(operands), 0)))
            else:
                kept.append(rules[operator](*[kept[i] for i in operands]))
            for index in done:
                kept[index] = None
        return [None if result is None else rules["result"](result) for result in kept]

    def _fits(self, names: Mapping[str, Values]) -> bool:
        """Whether no intermediate can pass 64 bits, by a bound on each numerator, with its denominator."""
        bounds: list[tuple[int, int]] = []
        for operator, operands in self.instructions:
            if operator == "name":
                given = names[operands[0]]
                bounds.append((given.largest, given.denominator))
            elif operator == "number":
                bounds.append((abs(operands[0].numerator), operands[0].denominator))
            else:
                bound = _BOUNDS[operator](*[bounds[i] for i in operands], *self._known(operator, operands))
                if bound is None or max(bound) > LARGEST:
                    return False
                bounds.append(bound)
            if max(bounds[-1]) > LARGEST:
                return False
        return True

    def _known(self, operator: str, operands: tuple[Any, ...]) -> tuple[Number | None, ...]:
        """The right operand of a power or a quotient, where it is a number and no array."""
        if operator not in ("**", "/"):
            return ()
        right = self.instructions[operands[1]]
        return (right.operands[0] if right.operator == "number" else None,)


def program(expressions: Sequence[Quantity]) -> Program:
    """The program that works out these expressions; equal parts are worked out once."""
    instructions: list[Instruction] = []
    known: dict[Instruction, int] = {}
    made: dict[int, int] = {}  # instructions by the id of the recorded number, which lives as long as `expressions`

    def add(instruction: Instruction) -> int:
        if instruction not in known:
            known[instruction] = len(instructions)
            instructions.append(instruction)
        return known[instruction]

    def index_of(number: Any) -> int:
        if not is_free(number):
            return add(Instruction("number", (number.value if isinstance(number, Recorded) else number,)))
        waiting = [number]
        while waiting:
            top = waiting[-1]
            parts = [o for o in top.operands if is_free(o) and id(o) not in made]
            if parts and top.operator != "name":
                waiting.extend(parts)
                continue
            waiting.pop()
            if id(top) in made:
                continue
            if top.operator == "name":
                made[id(top)] = add(Instruction("name", (top.name,)))
            else:
                operands = tuple([made[id(o)] if is_free(o) else index_of(o) for o in top.operands])
                made[id(top)] = add(Instruction(top.operator, operands))
        return made[id(number)]

    results = tuple([index_of(expression) for expression in expressions])
    divisors = {operands[1] for operator, operands in instructions if operator in ("/", "//", "%")}
    divisors = {index for index in divisors if instructions[index].operator != "number"}
    return Program(
        tuple(instructions), results, tuple(sorted(divisors)), _last_uses(instructions, {*results, *divisors})
    )


def _last_uses(instructions: Sequence[Instruction], kept: set[int]) -> tuple[tuple[int, ...], ...]:
    """For each instruction, the results that nothing needs after it."""
    last: dict[int, int] = {}
    for index, (operator, operands) in enumerate(instructions):
        if operator not in ("name", "number"):
            last.update(dict.fromkeys(operands, index))
    done: list[list[int]] = [[] for _ in instructions]
    for index, user in last.items():
        if index not in kept:
            done[user].append(index)
    return tuple(map(tuple, done))


def _simplest(number: Any) -> Any:
    return number.numerator if isinstance(number, Fraction) and number.denominator == 1 else number


def _together(*operands: Values) -> tuple[list[Array], int]:
    """The numerators over one denominator."""
    denominator = lcm(*(operand.denominator for operand in operands))
    scaled = [n if d == denominator else n * (denominator // d) for n, d in operands]
    return scaled, denominator


def _add(*terms: Values) -> Values:
    numerators, denominator = _together(*terms)
    return Values(reduce(add, numerators), denominator)


def _subtract(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(a - b, denominator)


def _multiply(left: Values, right: Values) -> Values:
    return Values(left.numerators * right.numerators, left.denominator * right.denominator)


def _divide(left: Values, right: Values) -> Values:
    """By one number, above zero."""
    divisor = int(right.numerators.item())
    return Values(left.numerators * right.denominator, left.denominator * divisor)


def _floor_divide(left: Values, right: Values) -> Values:
    (a, b), _ = _together(left, right)
    return Values(a // _not_zero(b))


def _rest(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(a % _not_zero(b), denominator)


def _not_zero(divisor: Array) -> Array:
    """The divisor; what comes of one that is zero is not defined, and may be anything."""
    zero = np.asarray(divisor == 0, dtype=bool)
    return np.where(zero, 1, divisor) if zero.any() else divisor


def _power(base: Values, exponent: Values) -> Values:
    times = int(exponent.numerators.item())
    return Values(base.numerators**times, base.denominator**times)


def _least(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(np.minimum(a, b), denominator)


def _most(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(np.maximum(a, b), denominator)


def _below(left: Values, right: Values) -> Values:
    (a, b), _ = _together(left, right)
    return Values((a < b).astype(np.int64))


def _choose(condition: Values, then: Values, otherwise: Values) -> Values:
    (a, b), denominator = _together(then, otherwise)
    return Values(np.where(condition.numerators != 0, a, b), denominator)


_FAST: dict[str, Callable[..., Any]] = {
    "name": lambda given: given,
    "result": lambda result: result,
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": _floor_divide,
    "%": _rest,
    "**": _power,
    "min": _least,
    "max": _most,
    "<": _below,
    "if": _choose,
}


def _as_numbers(given: Values) -> Array:
    """An array of Python's own numbers."""
    numbers = given.numerators.astype(object)
    if given.denominator == 1:
        return numbers
    return np.asarray(_each_simplest(numbers, given.denominator), dtype=object)


def holds(left: Values, relation: str, right: Values) -> Array:
    """Where left == right, left != right or left <= right."""
    (a, b), _ = _together(left, right)
    return np.asarray(_RELATIONS[relation](a, b), dtype=bool)


_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {"==": eq, "!=": ne, "<=": le}


def _from_numbers(numbers: Any) -> Values:
    array = np.asarray(numbers, dtype=object)
    made = values(array.ravel().tolist())
    return Values(made.numerators.reshape(array.shape), made.denominator)


_each_simplest = np.frompyfunc(lambda n, d: _simplest(Fraction(n, d)), 2, 1)


_quotient, _power_of_numbers = np.frompyfunc(COMPUTE["/"], 2, 1), np.frompyfunc(COMPUTE["**"], 2, 1)
_EXACT: dict[str, Callable[..., Any]] = {
    "name": _as_numbers,
    "result": _from_numbers,
    "+": lambda *terms: reduce(add, terms),
    "-": sub,
    "*": mul,
    "/": lambda left, right: _quotient(left, _not_zero(right)),
    "//": lambda left, right: left // _not_zero(right),
    "%": lambda left, right: left % _not_zero(right),
    "**": _power_of_numbers,
    "min": np.minimum,
    "max": np.maximum,
    "<": lambda left, right: np.asarray(left < right).astype(object) * 1,
    "if": lambda condition, then, otherwise: np.where(np.asarray(condition != 0, dtype=bool), then, otherwise),
}

Bound: TypeAlias = "tuple[int, int]"  # how large a numerator can be, and the denominator


def _scaled(*operands: Bound) -> tuple[list[int], int]:
    denominator = lcm(*(d for _, d in operands))
    return [n * (denominator // d) for n, d in operands], denominator


def _sum_bound(*terms: Bound) -> Bound:
    sizes, denominator = _scaled(*terms)
    return sum(sizes), denominator


def _product_bound(left: Bound, right: Bound) -> Bound:
    return left[0] * right[0], left[1] * right[1]


def _quotient_bound(left: Bound, right: Bound, divisor: Number | None) -> Bound | None:
    if divisor is None or divisor <= 0:
        return None
    return left[0] * divisor.denominator, left[1] * divisor.numerator


def _floor_bound(left: Bound, right: Bound) -> Bound:
    """A divisor that is not zero is at least 1 over the denominator that both have."""
    sizes, _ = _scaled(left, right)
    return max(sizes) + 1, 1


def _largest_bound(*operands: Bound) -> Bound:
    sizes, denominator = _scaled(*operands)
    return max(sizes), denominator


def _power_bound(base: Bound, exponent: Bound, times: Number | None) -> Bound | None:
    if not isinstance(times, int) or not 0 <= times <= LARGEST.bit_length():
        return None
    return base[0] ** times, base[1] ** times


_BOUNDS: dict[str, Callable[..., Bound | None]] = {
    "+": _sum_bound,
    "-": _sum_bound,
    "*": _product_bound,
    "/": _quotient_bound,
    "//": _floor_bound,
    "%": _largest_bound,
    "**": _power_bound,
    "min": _largest_bound,
    "max": _largest_bound,
    "<": lambda left, right: (max(_scaled(left, right)[0]), 1),
    "if": lambda condition, then, otherwise: _largest_bound(then, otherwise),
}
