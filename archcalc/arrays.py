"""The only door to numpy: programs of recorded expressions, run exactly on arrays.

Integers run in 64 bits, rationals as 64-bit numerators over one denominator for the whole array. That no number can
pass 64 bits is made sure beforehand, by a bound on every intermediate; where one could, the same program runs on
Python's own numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from functools import reduce
from math import lcm, prod
from operator import add, and_, eq, le, mul, ne, or_, sub
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from archcalc.magnitude import LARGEST, fits, scaled
from archcalc.recorded import COMPUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcalc.program import Program
    from archcalc.recorded import Number

Array: TypeAlias = "np.ndarray[Any, Any]"


class Values(NamedTuple):
    """An array of rationals: integer numerators, of 64 bits or Python's own, over one denominator."""

    numerators: Array
    denominator: int = 1

    @property
    def largest(self) -> int:
        """The largest size of a numerator."""
        if not self.numerators.size:
            return 0
        return max(abs(int(self.numerators.max())), abs(int(self.numerators.min())))

    @property
    def whole(self) -> Array:
        """Where the rationals are whole."""
        return np.asarray(self.numerators % self.denominator == 0, dtype=bool)

    @property
    def positive(self) -> Array:
        """Where they are above zero."""
        return np.asarray(self.numerators > 0, dtype=bool)

    def at(self, positions: Any) -> Values:
        """Those at some positions."""
        return Values(self.numerators[positions], self.denominator)

    def array(self) -> Array:
        """The rationals themselves: integers of 64 bits or of Python's own, or fractions."""
        return self.numerators if self.denominator == 1 else _as_numbers(self)

    def numbers(self) -> list[Number]:
        """The same as a flat list of Python numbers."""
        listed: list[Number] = self.array().ravel().tolist()
        return listed


def values(numbers: Iterable[Number]) -> Values:
    """Exact numbers as an array."""
    return _over_one_denominator(list(numbers))


def value(number: Number) -> Values:
    """One exact number, as an array without axes."""
    return _from_numbers(np.asarray(number, dtype=object))


def whole_values(array: Any) -> Values | None:
    """The values of an array whose kind is integers; None for any other."""
    if not isinstance(array, (np.ndarray, np.generic)) or array.dtype.kind not in "iu":
        return None
    fits = not array.size or int(array.max()) <= LARGEST
    return Values(np.asarray(array).astype(np.int64 if fits else object))


def shaped(made: Values, like: Any) -> Values:
    """The values in the shape of the array they were made of."""
    return Values(made.numerators.reshape(np.shape(like)), made.denominator)


def everywhere(array: Array, others: Iterable[Values]) -> Array:
    """An array in the shape that it and all the others broadcast to, without a copy."""
    shape = np.broadcast_shapes(array.shape, *(other.numerators.shape for other in others))
    return np.broadcast_to(array, shape)


def everything(arrays: Iterable[Array]) -> Array:
    """Where all the masks hold, in the shape that they broadcast to."""
    return reduce(and_, arrays, np.array(True))


def _fit_together(parts: Sequence[Values]) -> bool:
    """Whether the numerators stay within 64 bits over one denominator."""
    sizes, _ = scaled(*[(part.largest, part.denominator) for part in parts])
    return max(sizes) <= LARGEST


def holds(left: Values, relation: str, right: Values) -> Array:
    """Where left stands in this relation to right, exactly."""
    a, b = _together(left, right)[0] if _fit_together([left, right]) else map(_as_numbers, (left, right))
    return np.asarray(RELATIONS[relation](a, b), dtype=bool)


RELATIONS: dict[str, Callable[[Any, Any], Any]] = {"==": eq, "!=": ne, "<=": le}


def positions(start: int, stop: int) -> Array:
    """The whole numbers from start to stop - 1."""
    return np.arange(start, stop)


def truths(listed: Sequence[bool]) -> Array:
    """Truth values as a mask."""
    return np.array(listed, dtype=bool)


def draw(seed: Sequence[int], sizes: Iterable[int], count: int) -> list[Array]:
    """For each size so many random positions below it; equal for equal seeds."""
    random = np.random.default_rng(seed)
    return [random.integers(size, size=count) for size in sizes]


def joined(parts: Sequence[Values]) -> Values:
    """Values one after the other."""
    numerators, denominator = _together(*parts) if _fit_together(parts) else ([_as_numbers(p) for p in parts], 1)
    made = np.concatenate(numerators)
    return Values(made, denominator) if made.dtype != object else _from_numbers(made)


def scattered(parts: Sequence[tuple[Array, Values]], size: int) -> Values:
    """Values at their positions among so many; 0 elsewhere."""
    if not parts:
        return Values(np.zeros(size, dtype=np.int64))
    made = joined([Values(everywhere(v.numerators, [Values(at)]), v.denominator) for at, v in parts])
    numerators = np.zeros(size, dtype=made.numerators.dtype)
    numerators[np.concatenate([at for at, _ in parts])] = made.numerators
    return Values(numerators, made.denominator)


def groups(keys: Sequence[Array]) -> list[Array]:
    """The positions at which all keys are the same, for each combination of keys there is."""
    unequal, inverse = np.unique(np.stack(keys), axis=1, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(inverse.ravel(), minlength=unequal.shape[1]))
    return np.split(order, ends[:-1])


def ordered(keys: Sequence[Array]) -> Array:
    """The positions in ascending order of the first key, equal ones of the second, ...; else as they stand."""
    order = np.arange(len(keys[0]))
    for key in reversed(keys):
        order = order[np.argsort(key[order], kind="stable")]
    return order


def front(keys: Sequence[Array]) -> Array:
    """The positions that no other is below in one key and above in none; of equal ones the first."""
    order = ordered(keys)
    if len(keys) > 3:
        return np.sort(_front(keys, order))
    # Sorted by the first key, a point is on the front if it is below the staircase of those before it in the others.
    second, third = [keys[i][order].tolist() if i < len(keys) else [0] * len(order) for i in (1, 2)]
    steps: list[Any] = []  # the second key ascending, with the third descending in `least`
    least: list[Any] = []
    better = []
    for y, z in zip(second, third, strict=True):
        at = bisect_right(steps, y)
        better.append(at == 0 or z < least[at - 1])
        if better[-1]:
            at = at - 1 if at and steps[at - 1] == y else at
            end = at
            while end < len(least) and least[end] >= z:
                end += 1
            steps[at:end], least[at:end] = [y], [z]
    return np.sort(order[truths(better)])


def _front(keys: Sequence[Array], order: Array) -> Array:
    """The same for any number of keys: the first in order is on the front, and what it is better than is not, ..."""
    found = []
    while order.size:
        found.append(order[0])
        order = order[reduce(or_, [key[order] < key[order[0]] for key in keys])]
    return np.array(found, dtype=np.int64)


def run(program: Program, names: Mapping[str, Values]) -> list[Values]:
    """Every result of a program, in the shape that the arrays of the names it depends on broadcast to.

    Where something is divided by zero, what depends on it may be anything.
    """
    largest = {name: (given.largest, given.denominator) for name, given in names.items()}
    rules = _FAST if fits(program, largest) else _EXACT
    kept: list[Any] = []
    for (operator, operands), done in zip(program.instructions, program.done, strict=True):
        if operator == "name":
            kept.append(rules["leaf"](names[operands[0]]))
        elif operator == "number":
            kept.append(rules["leaf"](value(operands[0])))
        else:
            kept.append(rules[operator](*[kept[i] for i in operands]))
        for index in done:
            kept[index] = None
    return [rules["result"](kept[index]) for index in program.results]


# In 64 bits: numerators over a denominator.


def _together(*operands: Values) -> tuple[list[Array], int]:
    """The numerators over one denominator."""
    denominator = lcm(*(operand.denominator for operand in operands))
    return [n if d == denominator else n * (denominator // d) for n, d in operands], denominator


def _add(*terms: Values) -> Values:
    """The sum; terms of few axes first, so that few sums are of all axes."""
    numerators, denominator = _together(*terms)
    return Values(reduce(add, sorted(numerators, key=np.size)), denominator)


def _subtract(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(a - b, denominator)


def _multiply(*factors: Values) -> Values:
    """The product; factors of few axes first, so that few products are of all axes."""
    numerators, denominators = zip(*factors, strict=True)
    return Values(reduce(mul, sorted(numerators, key=np.size)), prod(denominators))


def _divide(left: Values, right: Values) -> Values:
    """By one number, above zero."""
    return Values(left.numerators * right.denominator, left.denominator * int(right.numerators))


def _floor_divide(left: Values, right: Values) -> Values:
    (a, b), _ = _together(left, right)
    return Values(a // _not_zero(b))


def _rest(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(a % _not_zero(b), denominator)


def _not_zero(divisor: Array) -> Array:
    """The divisor; what comes of one that is zero may be anything."""
    zero = np.asarray(divisor == 0, dtype=bool)
    return np.where(zero, 1, divisor) if zero.any() else divisor


def _power(base: Values, exponent: Values) -> Values:
    times = int(exponent.numerators)
    return Values(base.numerators**times, base.denominator**times)


def _least(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(np.minimum(a, b), denominator)


def _most(left: Values, right: Values) -> Values:
    (a, b), denominator = _together(left, right)
    return Values(np.maximum(a, b), denominator)


def _below(left: Values, right: Values) -> Values:
    (a, b), _ = _together(left, right)
    return Values(np.asarray(a < b).astype(np.int64))


def _choose(condition: Values, then: Values, otherwise: Values) -> Values:
    (a, b), denominator = _together(then, otherwise)
    return Values(np.where(condition.numerators != 0, a, b), denominator)


_FAST: dict[str, Callable[..., Any]] = {
    "leaf": lambda given: given,
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


# On Python's own numbers: arrays of integers and fractions.


def _simplest(numerator: int, denominator: int) -> Number:
    number = Fraction(numerator, denominator)
    return number.numerator if number.denominator == 1 else number


_each_simplest = np.frompyfunc(_simplest, 2, 1)


def _as_numbers(given: Values) -> Array:
    numbers = given.numerators.astype(object)
    if given.denominator != 1:
        numbers = _each_simplest(numbers, given.denominator)
    return np.asarray(numbers, dtype=object)


def _from_numbers(numbers: Array) -> Values:
    return shaped(_over_one_denominator(numbers.ravel().tolist()), numbers)


def _over_one_denominator(numbers: Sequence[Number]) -> Values:
    denominator = lcm(*{number.denominator for number in numbers})
    numerators = [number.numerator * (denominator // number.denominator) for number in numbers]
    fits = all(-LARGEST <= numerator <= LARGEST for numerator in numerators)
    return Values(np.array(numerators, dtype=np.int64 if fits else object), denominator)


def _exactly(compute: Callable[..., Any]) -> Callable[..., Array]:
    """The same with an array as result: numpy makes a bare number of what has no axes."""
    return lambda *operands: np.asarray(compute(*operands), dtype=object)


_EXACT: dict[str, Callable[..., Any]] = {
    "leaf": _as_numbers,
    "result": _from_numbers,
    "+": _exactly(lambda *terms: reduce(add, terms)),
    "-": _exactly(sub),
    "*": _exactly(lambda *factors: reduce(mul, factors)),
    "/": _exactly(lambda left, right: np.frompyfunc(COMPUTE["/"], 2, 1)(left, _not_zero(right))),
    "//": _exactly(lambda left, right: left // _not_zero(right)),
    "%": _exactly(lambda left, right: left % _not_zero(right)),
    "**": _exactly(np.frompyfunc(COMPUTE["**"], 2, 1)),
    "min": _exactly(np.minimum),
    "max": _exactly(np.maximum),
    "<": _exactly(lambda left, right: np.asarray(left < right, dtype=object) * 1),
    "if": _exactly(lambda condition, then, otherwise: np.where(np.asarray(condition != 0, bool), then, otherwise)),
}
