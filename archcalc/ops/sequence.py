"""Sequences: where their tokens come from, and how single ones are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcalc.errors import ShapeError
from archcalc.ops.op import POINT, WHOLE, Op, Pointwise, Requirement, View, Weight
from archcalc.recorded import Shape, Size, known, product
from archcalc.saved import FACTOR, NOTHING, Saved
from archcalc.shape import features, space, written
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.ops.arguments import Count, Flag, Integer
    from archcalc.window import Reach


def is_sequence(x: Shape, who: str) -> None:
    """Raise ShapeError unless it is a sequence [T, D]."""
    if len(x) != 2:
        raise ShapeError(f"{who} needs a sequence [T, D], not {written(x)}")


class Embedding(Op):
    """Look up one learned vector of `out` features per token id.

    output: [T, out] for ids [T]; weight: count x out; no arithmetic. Source: Bengio et al. 2003, JMLR 3, section 2.
    """

    count: Count
    out: Count
    takes_ids: ClassVar[bool] = True
    keeps: ClassVar[Saved | None] = FACTOR
    example: ClassVar[str] = "embedding: [100, 16]"
    example_input: ClassVar[str] = "[8]"

    def output(self, x: Shape) -> Shape:
        """One vector per id."""
        if len(x) != 1:
            raise ShapeError(f"embedding needs token ids [T], not {written(x)}")
        return (x[0], self.out)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """One row per id that there is."""
        return {"weight": Weight((self.count, self.out))}

    def work(self, output: Shape, x: Shape) -> Work:
        """None: a look-up copies."""
        return NO_WORK

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A token sees its own id."""
        return (POINT,)


class Position(Pointwise):
    """Add a learned vector to each position, or a fixed one, such as the sines of the Transformer.

    weight: positions x features; fixed ones are worked out, not stored. One addition per element.
    Source: Gehring et al. 2017, arXiv:1705.03122, section 3.1; Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
    """

    count: Count | None = None
    learned: Flag = True
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "position"
    per_element: ClassVar[Work] = Work(adds=1)

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """There are vectors for all positions."""
        if self.count is not None:
            yield Requirement(product(space(x)), "<=", self.count, "{left} positions, but vectors for only {right}")

    def weights(self, x: Shape) -> dict[str, Weight]:
        """A vector for each position, `count` of them where that is more than there are; none if they are fixed."""
        if not self.learned:
            return {}
        places = space(x) if self.count is None else (self.count,)
        return {"weight": Weight((*places, features(x)))}


class ClassToken(Op):
    """Put `count` learned tokens before the others. output: [T + count, D]; weight: count x features.

    Source: Devlin et al. 2018, arXiv:1810.04805, section 3; Dosovitskiy et al. 2020, arXiv:2010.11929, equation 1.
    """

    count: Count = 1
    keeps: ClassVar[Saved | None] = NOTHING
    example: ClassVar[str] = "class_token"
    example_input: ClassVar[str] = "[8, 6]"

    def output(self, x: Shape) -> Shape:
        """More tokens."""
        is_sequence(x, "class_token")
        return (x[0] + self.count, x[1])

    def weights(self, x: Shape) -> dict[str, Weight]:
        """The tokens."""
        return {"weight": Weight((self.count, features(x)))}

    def work(self, output: Shape, x: Shape) -> Work:
        """None: copies are free."""
        return NO_WORK

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """What a position means is lost."""
        return WHOLE


class Tokens(View):
    """A map or volume as a sequence: one token per position. output: [positions, channels].

    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, section 3.1.
    """

    example: ClassVar[str] = "tokens"

    def output(self, x: Shape) -> Shape:
        """As many tokens as there are positions."""
        return (product(space(x)), features(x))

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """What an axis means is lost."""
        return WHOLE


class Token(View):
    """One token of a sequence as a vector; -1 is the last. output: [D].

    Source: Devlin et al. 2018, arXiv:1810.04805, section 3.
    """

    index: Integer = 0
    whole: ClassVar[bool] = False
    example: ClassVar[str] = "token: 0"
    example_input: ClassVar[str] = "[8, 6]"

    def requires(self, x: Shape) -> Iterable[Requirement]:
        """There is such a token."""
        least: Size = self.index + 1 if known(self.index) >= 0 else -self.index
        yield Requirement(least, "<=", x[0], f"there is no token {self.index} among {{right}}")

    def output(self, x: Shape) -> Shape:
        """Its features."""
        is_sequence(x, "token")
        return (x[1],)

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """No space axis is left."""
        return WHOLE
