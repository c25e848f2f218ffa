"""What is asked for: a quantity and a figure it is to reach or to keep, such as "mult_adds <= 300M"."""

from __future__ import annotations

import re
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError
from archcalc.spec.figure import FigureError, read_figure

if TYPE_CHECKING:
    from archcalc.recorded import Number

_TARGET = re.compile(r"\s*(\w+)\s*(<=|>=|==|=|<|>)\s*(.+?)\s*")


class Target(NamedTuple):
    """A quantity, how it is to stand to a figure, and the figure's exact value and text."""

    quantity: str
    relation: str
    value: Number
    figure: str

    def __str__(self) -> str:
        return f"{self.quantity} {self.relation} {self.figure}"

    @property
    def nearest(self) -> bool:
        """Whether the figure is to be come near to, not to be kept."""
        return self.relation == "="

    @property
    def most(self) -> int | None:
        """The largest whole number that keeps it, if it is an upper bound."""
        return {"<=": floor(self.value), "<": ceil(self.value) - 1}.get(self.relation)

    @property
    def least(self) -> int | None:
        """The smallest whole number that keeps it, if it is a lower bound."""
        return {">=": ceil(self.value), ">": floor(self.value) + 1}.get(self.relation)

    def kept(self, number: Number) -> bool:
        """Whether a whole number keeps the bound; any comes near to a figure, more or less."""
        return (self.most is None or number <= self.most) and (self.least is None or number >= self.least)


def read_target(text: str) -> Target:
    """The target that a text states; raises UsageError."""
    match = _TARGET.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' is no target", hint="write 'mult_adds <= 300M', 'depth >= 50' or 'params = 10M'")
    quantity, relation, said = match.groups()
    try:
        figure = read_figure(said)
    except FigureError as error:
        raise UsageError(f"{quantity}: {error.message}", hint="write 138357544, 138M, 0.27M or 528 MiB") from None
    if figure.bound is not None:
        raise UsageError(f"{quantity}: '{said}' is a bound already", hint="write <= for 'at most', >= for 'at least'")
    return Target(quantity, "=" if relation == "==" else relation, figure.value, said)
