"""Sums over the passes of a loop of which one is in the graph.

Newton's forward differences: p(0) + ... + p(m - 1) = sum over k of (k-th difference of p at 0) * C(m, k + 1).
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from math import factorial
from operator import mul
from typing import TYPE_CHECKING

from archcalc.analysis.cost import NOTHING, Cost
from archcalc.errors import UndecidedError
from archcalc.recorded import Recorded, divide, is_free, replaced
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.graph import Graph, Loop
    from archcalc.recorded import Quantity, Size

FIRST = 2  # the pass that the first of the sum is


def around(graph: Graph) -> dict[int, list[Loop]]:
    """For each node inside loops, these, inner ones first."""
    inside: dict[int, list[Loop]] = {}
    for loop in graph.loops:
        for index in range(loop.start, loop.stop + 1):
            inside.setdefault(index, []).append(loop)
    return inside


def repeated(graph: Graph, costs: list[Cost]) -> list[Cost]:
    """The costs of the nodes, of those inside loops for all passes."""
    loops = around(graph)
    return [_of_all(cost, loops[i]) if i in loops and cost is not NOTHING else cost for i, cost in enumerate(costs)]


def _of_all(cost: Cost, loops: list[Loop]) -> Cost:
    """The cost of all passes of the loops around an operator."""
    params, trainable, buffers, work, flops, activations, weighted, shared_with = cost
    return Cost(
        summed(params, loops),
        summed(trainable, loops),
        summed(buffers, loops),
        Work(*[summed(count, loops) for count in work]),
        summed(flops, loops),
        summed(activations, loops),
        weighted,
        shared_with,
    )


def summed(size: Size, loops: Sequence[Loop]) -> Size:
    """The size, a polynomial in the number of the pass, summed over all passes of every loop.

    Raises UndecidedError for a size that is no such polynomial.
    """
    return over_passes(size, loops)  # type: ignore[return-value]  # a sum of whole numbers is whole


def over_passes(quantity: Quantity, loops: Sequence[Loop]) -> Quantity:
    """The same for what need not be whole."""
    for name, turns, _, _ in loops:
        quantity = _sum(quantity, name, turns)
    return quantity


def _sum(term: Quantity, name: str, turns: Size) -> Quantity:
    if not isinstance(term, Recorded) or not is_free(term):
        return term * turns if term != 0 else 0
    from archcalc.symbolic.bounds import degree

    most = degree(term, name)
    if most is None:
        raise UndecidedError("no polynomial in the number of the pass, so the passes are not added up")
    differences = [replaced(term, name, FIRST + k) for k in range(most + 1)]
    total: Quantity = 0
    for k in range(most + 1):
        total = total + differences[0] * _choose(turns, k + 1)
        differences = [after - before for before, after in pairwise(differences)]
    return total


def _choose(count: Size, taken: int) -> Quantity:
    """C(count, taken) = count*(count - 1)*...*(count - taken + 1) / taken!"""
    return divide(reduce(mul, [count - k for k in range(taken)]), factorial(taken))
