"""Recurrent layers over a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ArgumentError
from archcalc.ops.op import WHOLE, Op, Weight
from archcalc.ops.sequence import is_sequence
from archcalc.products import INPUT, WEIGHTS, Factor, Product
from archcalc.recorded import Shape, Size, known, total
from archcalc.saved import Own, Part, Saved
from archcalc.shape import features
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcalc.ops.arguments import Count, Flag, Whole


class Recurrent(Op):
    """A gated recurrence: every step multiplies the token and the last state by the matrices of its gates."""

    gates: ClassVar[int] = 1
    per_unit: ClassVar[Work] = Work()  # elementwise work of one unit in one step, biases aside
    example_input: ClassVar[str] = "[8, 6]"

    out: Count
    layers: Count = 1
    bidirectional: Flag = False
    biases: Whole = 2

    def output(self, x: Shape) -> Shape:
        """The state after every token, of both directions side by side."""
        is_sequence(x, "a recurrent layer")
        if known(self.biases) > 2:
            raise ArgumentError("biases is 0, 1 or 2 for each gate")
        return (x[0], self._directions() * self.out)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """For each layer and direction, the matrices on the input and on the state, and the biases."""
        weights = {}
        rows = self.gates * self.out
        for name, width in self._cells(x):
            weights[f"{name}_input"] = Weight((rows, width))
            weights[f"{name}_state"] = Weight((rows, self.out))
            for bias in range(int(self.biases)):
                weights[f"{name}_bias{bias + 1}"] = Weight((rows,))
        return weights

    def work(self, output: Shape, x: Shape) -> Work:
        """Per token and cell: the two matrix products, the biases, and the elementwise work of the gates."""
        cells = list(self._cells(x))
        units = x[0] * self.out
        products = total([units * self.gates * (width + self.out) for _, width in cells])
        steps = len(cells) * units
        elementwise = [n and n * steps for n in self.per_unit]
        elementwise[2] = elementwise[2] + steps * self.gates  # the sums of the two products
        elementwise[2] = elementwise[2] + self.bias_adds(output, x)
        return Work(products, *elementwise[1:])

    def bias_adds(self, output: Shape, x: Shape) -> Size:
        """Per token and cell, `biases` for every gate of every unit."""
        return len(list(self._cells(x))) * x[0] * self.out * self.gates * self.biases

    def reach(self, output: Shape, x: Shape) -> None:
        """Every state has seen all tokens before it, or all there are."""
        return WHOLE

    def saved(self, output: Shape, x: Shape) -> Saved:
        """Of one layer the input and the states, and per unit and step its gates and one more sum or state."""
        return Saved(factors=(0,), output=True, own=(Own(x[0] * self._directions() * self.out * (self.gates + 1)),))

    def parts(self, output: Shape, *inputs: Shape, fused: bool = True) -> tuple[Part, ...]:
        """Its layers, where there are several."""
        count = int(self.layers)
        saved = self.saved(output, *inputs)
        layers = [Part(f"layer{i + 1}", (i,), output, saved, weighted=True) for i in range(count)]
        return tuple(layers) if count > 1 else ()

    def products(self, output: Shape, *inputs: Shape) -> tuple[Product, ...]:
        """Of each cell the tokens by its matrix, and the states by theirs; the first state is constant."""
        (x,) = inputs
        rows = self.gates * self.out
        inside = Factor((0,), weights=True)
        products = []
        for name, width in self._cells(x):
            reads = INPUT if name.removesuffix("_reverse") == "layer1" else inside
            products += [
                Product(x[0] * rows * width, (WEIGHTS, reads)),
                Product(rows * self.out, (WEIGHTS,)),
                Product((x[0] - 1) * rows * self.out, (WEIGHTS, inside)),
            ]
        return tuple(products)

    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _cells(self, x: Shape) -> Iterator[tuple[str, Size]]:
        """Each cell with the width of its input."""
        for layer in range(int(self.layers)):
            width = features(x) if layer == 0 else self._directions() * self.out
            yield f"layer{layer + 1}", width
            if self.bidirectional:
                yield f"layer{layer + 1}_reverse", width


class Lstm(Recurrent):
    """Long short-term memory: input, forget and output gate and a candidate.

    output: [T, out], or [T, 2*out] when bidirectional; params of a cell: 4*out*(in + out + biases);
    mult-adds: T x 4*out*(in + out). biases is 2 in PyTorch, 1 in Keras. Source: Hochreiter and Schmidhuber 1997;
    Gers, Schmidhuber and Cummins 2000.
    """

    gates: ClassVar[int] = 4
    per_unit: ClassVar[Work] = Work(multiplies=3, adds=1 + 3, divides=3, elementary=3 + 2)
    example: ClassVar[str] = "lstm: 4"


class Gru(Recurrent):
    """Gated recurrent unit: reset and update gate and a candidate.

    output: [T, out], or [T, 2*out] when bidirectional; params of a cell: 3*out*(in + out + biases);
    mult-adds: T x 3*out*(in + out). biases is 2 in PyTorch and in Keras with reset_after, else 1.
    Source: Cho et al. 2014, arXiv:1406.1078, section 2.3.
    """

    gates: ClassVar[int] = 3
    per_unit: ClassVar[Work] = Work(multiplies=3, adds=2 + 2, divides=2, elementary=2 + 1)
    example: ClassVar[str] = "gru: 4"
