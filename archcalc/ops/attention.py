"""Multi-head attention: its linear layers, two matrix products and a softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from archcalc.errors import ShapeError
from archcalc.ops.conv import divides
from archcalc.ops.linear import Linear
from archcalc.ops.op import WHOLE, Op, Requirement, Weight
from archcalc.ops.sequence import is_sequence
from archcalc.products import WEIGHTS, Factor, Product
from archcalc.recorded import Shape, Size, product, total
from archcalc.saved import FACTOR, OUTPUT, STATISTIC, Own, Part, Saved
from archcalc.shape import features, space
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Count, Flag


class Projection(NamedTuple):
    """One linear layer of an attention, and what flows into it."""

    name: str
    op: Linear
    x: Shape


class Attention(Op):
    """softmax(Q K^T / sqrt(key)) V over `heads`, with projections into queries, keys and values and one out.

    One tensor attends to itself; of two, the first asks the second. weights: features x heads*key twice,
    features x heads*value, heads*value x out; mult-adds: those of the four linear layers, and
    heads x queries x tokens x (key + value). Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1 and
    section 3.2.2.
    """

    heads: Count
    key: Count | None = None
    value: Count | None = None
    out: Count | None = None
    bias: Flag = True
    joint: Flag = False
    example: ClassVar[str] = "attention: 2"
    example_input: ClassVar[str] = "[8, 6]"

    def requires(self, *inputs: Shape) -> Iterable[Requirement]:
        """The heads divide the features, where they share them out."""
        if self.key is None:
            yield divides(self.heads, features(inputs[0]), "features")

    def output(self, *inputs: Shape) -> Shape:
        """As many tokens as ask, `out` features."""
        if len(inputs) > 2:
            raise ShapeError(f"attention takes one tensor or two, but {len(inputs)} flow in")
        for x in inputs:
            is_sequence(x, "attention")
        return (inputs[0][0], features(inputs[0]) if self.out is None else self.out)

    def projections(self, *inputs: Shape) -> tuple[Projection, ...]:
        """The linear layers: query, key and value, or all three in one where they are joint; and out."""
        asking, asked = inputs[0], inputs[-1]
        key, value = self._widths(asking)
        out = features(asking) if self.out is None else self.out
        last = Projection("out", Linear(out=out, bias=self.bias), (asking[0], self.heads * value))
        if self.joint and len(inputs) == 1:
            return Projection("qkv", Linear(out=self.heads * (2 * key + value), bias=self.bias), asking), last
        return (
            Projection("query", Linear(out=self.heads * key, bias=self.bias), asking),
            Projection("key", Linear(out=self.heads * key, bias=self.bias), asked),
            Projection("value", Linear(out=self.heads * value, bias=self.bias), asked),
            last,
        )

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """Those of the linear layers."""
        return {f"{p.name}_{name}": w for p in self.projections(*inputs) for name, w in p.op.weights(p.x).items()}

    def work(self, output: Shape, *inputs: Shape) -> Work:
        """The linear layers, the scores, their softmax, and the weighted sum of the values."""
        key, value = self._widths(inputs[0])
        scores = product((self.heads, inputs[0][0], inputs[-1][0]))
        steps = [p.op.work(p.op.output(p.x), p.x) for p in self.projections(*inputs)]
        steps.append(Work(multiply_accumulates=scores * (key + value)))
        steps.append(Work(multiplies=scores, compares=scores, adds=2 * scores, elementary=scores, divides=scores))
        return Work(*[total([n for n in kind if n != 0] or [0]) for kind in zip(*steps, strict=True)])

    def bias_adds(self, output: Shape, *inputs: Shape) -> Size:
        """Those of the linear layers."""
        return total([p.op.bias_adds(p.op.output(p.x), p.x) for p in self.projections(*inputs)])

    def reach(self, output: Shape, *inputs: Any) -> None:
        """Every token sees all."""
        return WHOLE

    def parts(self, output: Shape, *inputs: Shape, fused: bool = True) -> tuple[Part, ...]:
        """The projections, the attention itself, and the one out.

        Fused, as in Dao et al. 2022, arXiv:2205.14135, algorithm 1, it keeps the logarithm of each sum of exponentials
        and no scores; else scores and weights are tensors of heads x queries x tokens.
        """
        *before, last = self.projections(*inputs)
        count, asking, asked = len(inputs), inputs[0][0], inputs[-1][0]
        parts = [
            Part(p.name, (0 if p.name in ("qkv", "query") else count - 1,), p.op.output(p.x), FACTOR, weighted=True)
            for p in before
        ]
        first, rest = count, tuple(range(count + 1, count + len(before)))
        pairs = (self.heads, asking, asked)
        if fused:
            reads = (first, *rest)
            lengths = Own(self.heads * asking, STATISTIC)
            saved = Saved(inputs=tuple(range(len(reads))), output=True, own=(lengths,))
            parts.append(Part("attend", reads, last.x, saved))
        else:
            keys, values = (rest[0], rest[1]) if rest else (first, first)
            scores = count + len(parts)
            both = Saved(inputs=(0, 1))
            parts += [
                Part("scores", (first, keys), pairs, both),
                Part("weights", (scores,), pairs, OUTPUT),
                Part("values", (scores + 1, values), last.x, both),
            ]
        return (*parts, Part("out", (count + len(parts) - 1,), output, FACTOR, weighted=True))

    def products(self, output: Shape, *inputs: Shape) -> tuple[Product, ...]:
        """The linear layers, queries by keys, and weights by values.

        Fused, the backward pass computes the scores again: Dao et al. 2022, arXiv:2205.14135, algorithm 4.
        """
        key, value = self._widths(inputs[0])
        pairs = product((self.heads, inputs[0][0], inputs[-1][0]))
        last = len(inputs) - 1
        asking, asked, both = (Factor(i, weights=True) for i in ((0,), (last,), tuple(range(last + 1))))
        read = {
            "qkv": Factor((0,)),
            "query": Factor((0,)),
            "key": Factor((last,)),
            "value": Factor((last,)),
            "out": both,
        }
        return (
            *[
                Product(p.op.work(p.op.output(p.x), p.x).mult_adds, (WEIGHTS, read[p.name]))
                for p in self.projections(*inputs)
            ],
            Product(pairs * key, (asking, asked), stored=False),
            Product(pairs * value, (both, asked)),
        )

    def _widths(self, x: Shape) -> tuple[Size, Size]:
        key = features(x) // self.heads if self.key is None else self.key
        return key, key if self.value is None else self.value


class Glimpse(Op):
    """For each channel of the first map, the mean of the second's positions weighted by the softmax of that channel.

    output: channels of the first x channels of the second, as a vector; mult-adds: that x positions.
    Source: Kazemi and Elqursh 2017, arXiv:1704.03162, equations 3 and 4.
    """

    example: ClassVar[str] = "glimpse"
    example_input: ClassVar[str] = "{scores: [2, 8, 8], x: [6, 8, 8]}"

    def requires(self, scores: Shape, x: Shape) -> Iterable[Requirement]:
        """Both have the same positions."""
        reason = "{left} positions are weighted, but there are {right}"
        yield Requirement(product(space(scores)), "==", product(space(x)), reason)

    def output(self, scores: Shape, x: Shape) -> Shape:
        """All glimpses one after the other."""
        return (features(scores) * features(x),)

    def work(self, output: Shape, scores: Shape, x: Shape) -> Work:
        """A softmax over the positions, and a weighted sum."""
        weights = product(scores)
        sums = features(scores) * product(x)
        return Work(sums, 0, 2 * weights, weights, weights, weights)

    def bias_adds(self, output: Shape, scores: Shape, x: Shape) -> Size:
        """It has no biases."""
        return 0

    def reach(self, output: Shape, scores: Shape, x: Shape) -> None:
        """All there is."""
        return WHOLE

    def saved(self, output: Shape, scores: Shape, x: Shape) -> Saved:
        """What is weighted, and the weights."""
        return Saved(inputs=(1,), own=(Own(product(scores)),))
