"""The matrix products of one operator: their mult-adds and what they multiply, which tells the cost of gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcalc.recorded import Size


class Factor(NamedTuple):
    """One side of a product: it depends on these inputs of the operator, or on its learned weights, or on both."""

    inputs: tuple[int, ...] = ()
    weights: bool = False


WEIGHTS = Factor(weights=True)
INPUT = Factor((0,))


class Product(NamedTuple):
    """So many mult-adds per sample; the gradient of each factor costs as many again. Constants are no factors.

    What is not `stored` where the operator is fused is computed again in the backward pass.
    """

    mult_adds: Size
    factors: tuple[Factor, ...]
    stored: bool = True
