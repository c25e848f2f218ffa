"""What the backward pass of one operator needs of its forward pass, by reference, so that a storage counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcalc.recorded import Shape, Size

ACTIVATION = "activation"  # in the precision of activations
STATISTIC = "statistic"  # means, deviations, sums of exponentials: float32 whatever the precision
MASK = "mask"  # which elements dropout kept
INDEX = "index"  # whole numbers of 64 bits: the places of maxima, token ids


class Own(NamedTuple):
    """A tensor that an operator keeps beside its inputs and output: `elements` per sample, or of the whole batch."""

    elements: Size
    kind: str = ACTIVATION
    per_sample: bool = True


class Saved(NamedTuple):
    """What is kept.

    `inputs` are those that any gradient needs; each of the `factors` is an input that the gradients of what it is
    multiplied by need: of the weights, or of the other inputs. `own` tensors are there only for the backward pass.
    """

    inputs: tuple[int, ...] = ()
    factors: tuple[int, ...] = ()
    output: bool = False
    own: tuple[Own, ...] = ()


NOTHING = Saved()
INPUT = Saved(inputs=(0,))
FACTOR = Saved(factors=(0,))
OUTPUT = Saved(output=True)


class Part(NamedTuple):
    """A step inside an operator: it reads inputs (0, 1, ...) and earlier parts (numbered on), and writes one tensor."""

    name: str
    reads: tuple[int, ...]
    shape: Shape
    saved: Saved
    weighted: bool = False
