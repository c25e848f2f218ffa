"""Recorded expressions as a flat list of instructions: equal parts once, sums with their common factors taken out."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.recorded import Quantity, Recorded, is_free

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.recorded import Number

MOST_FACTORS = 16
_COMMUTES = ("+", "*", "min", "max")


class Instruction(NamedTuple):
    """What to do (a key of COMPUTE, "name" or "number"), and on which earlier results, name or number."""

    operator: str
    operands: tuple[Any, ...]

    @property
    def is_leaf(self) -> bool:
        """Whether it is a name or a number."""
        return self.operator in ("name", "number")


class Program(NamedTuple):
    """Instructions, which of their results are asked for, and which are not needed after each instruction."""

    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]
    done: tuple[tuple[int, ...], ...]


def program(expressions: Iterable[Quantity]) -> Program:
    """The program that works out these expressions."""
    writer = _Writer()
    results = [writer.write(expression) for expression in expressions]
    needed = set(results)
    for index in reversed(range(len(writer.instructions))):
        if index in needed and not writer.instructions[index].is_leaf:
            needed.update(writer.instructions[index].operands)
    place = {index: i for i, index in enumerate(sorted(needed))}
    instructions = [
        step if step.is_leaf else Instruction(step.operator, tuple([place[i] for i in step.operands]))
        for step in map(writer.instructions.__getitem__, place)
    ]
    asked = tuple([place[index] for index in results])
    return Program(tuple(instructions), asked, _last_uses(instructions, set(asked)))


def _last_uses(instructions: Sequence[Instruction], kept: set[int]) -> tuple[tuple[int, ...], ...]:
    """For each instruction, the results that nothing needs after it."""
    last: dict[int, int] = {}
    for index, step in enumerate(instructions):
        if not step.is_leaf:
            last.update(dict.fromkeys(step.operands, index))
    done: list[list[int]] = [[] for _ in instructions]
    for index, user in last.items():
        if index not in kept:
            done[user].append(index)
    return tuple(map(tuple, done))


class _Writer:
    """Writes instructions, each after those it needs."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.known: dict[Instruction, int] = {}
        self.made: dict[int, tuple[int, Any]] = {}  # by id, with the number, which has this id as long as it lives

    def write(self, expression: Any) -> int:
        """The index of the instruction that gives the expression; without recursion: chains are as deep as networks."""
        waiting = [expression] if is_free(expression) else []
        while waiting:
            top = waiting[-1]
            parts = [] if top.operator == "name" else [o for o in top.operands if is_free(o) and id(o) not in self.made]
            if parts:
                waiting.extend(parts)
                continue
            waiting.pop()
            if id(top) not in self.made:
                self.made[id(top)] = self._made(top), top
        return self._index(expression)

    def _made(self, number: Recorded) -> int:
        if number.operator == "name":
            return self._put("name", number.name)
        operands = [self._index(operand) for operand in number.operands]
        if number.operator in ("min", "max"):
            return reduce(lambda left, right: self._put(number.operator, left, right), operands)
        return self._sum(operands) if number.operator == "+" else self._put(number.operator, *operands)

    def _index(self, number: Any) -> int:
        if is_free(number):
            return self.made[id(number)][0]
        return self._put("number", number.value if isinstance(number, Recorded) else number)

    def _put(self, operator: str, *operands: Any) -> int:
        instruction = Instruction(operator, tuple(sorted(operands)) if operator in _COMMUTES else operands)
        if instruction not in self.known:
            self.known[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return self.known[instruction]

    def _sum(self, terms: Iterable[int]) -> int:
        """a*x + b*x + x as (a + b + 1)*x."""
        polynomial: dict[tuple[int, ...], Number] = {}
        for term in terms:
            number, factors = self._factors(term)
            polynomial[factors] = polynomial.get(factors, 0) + number
        return self._horner({factors: number for factors, number in polynomial.items() if number})

    def _factors(self, index: int) -> tuple[Number, tuple[int, ...]]:
        """The number in a product, and its other factors."""
        number: Number = 1
        factors: list[int] = []
        waiting = [index]
        while waiting:
            operator, operands = self.instructions[waiting[-1]]
            if len(waiting) + len(factors) > MOST_FACTORS:
                return 1, (index,)
            factor = waiting.pop()
            if operator == "*":
                waiting.extend(operands)
            elif operator == "number":
                number = number * operands[0]
            else:
                factors.append(factor)
        return number, tuple(sorted(factors))

    def _horner(self, polynomial: dict[tuple[int, ...], Number]) -> int:
        """What the terms with the most frequent factor have in common is taken out, then of the rest, ..."""
        terms = []
        while polynomial:
            counts = Counter(factor for factors in polynomial for factor in set(factors))
            frequent, times = max(counts.items(), key=lambda pair: (pair[1], -pair[0]), default=(0, 0))
            if times < 2:
                terms += [self._product(factors, number) for factors, number in polynomial.items()]
                break
            having = {factors: number for factors, number in polynomial.items() if frequent in factors}
            common = reduce(and_, map(Counter, having))
            inner = {tuple((Counter(factors) - common).elements()): number for factors, number in having.items()}
            terms.append(self._put("*", *common.elements(), self._horner(inner)))
            polynomial = {factors: number for factors, number in polynomial.items() if factors not in having}
        if len(terms) > 1:
            return self._put("+", *terms)
        return terms[0] if terms else self._put("number", 0)

    def _product(self, factors: tuple[int, ...], number: Number) -> int:
        operands = [*factors, *([self._put("number", number)] if number != 1 or not factors else [])]
        return operands[0] if len(operands) == 1 else self._put("*", *operands)
