"""What a network is to the referee: layers in a row, and merges of branches.

Arrays are `[features, *space]` throughout, with no batch; a vector is `[features]`. Only where facts
are reported does a sequence become `[T, D]`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from .tally import Array, Tally

Axes = tuple[int, ...]
"""One number per space axis."""

Joint = Literal["add", "mean", "multiply", "max", "concat"]
"""How branches are joined."""

Padding = tuple[tuple[int, int], ...] | Literal["same", "valid"]
"""What is added before and after each space axis, or the rule that decides it."""


@dataclass(frozen=True)
class Law:
    """Which positions of its input a position of the output touches, on one axis.

    The line has no ends: `taps` answers for every integer, also those in or beyond the padding.
    `taps(q + period)` is `taps(q)` moved by `step`.
    """

    taps: Callable[[int], list[int]]
    period: int = 1
    step: int = 1


@dataclass(frozen=True)
class Layer:
    """One operator. Its fields are its arguments, under their names in the language."""

    op: ClassVar[str]
    view: ClassVar[bool] = False  # writes nothing: its output lies in its input

    def run(self, x: Array, tally: Tally) -> Array:
        """The output of this layer for this input."""
        raise NotImplementedError

    def law(self, axis: int, size: int) -> Law:
        """Who touches whom; unless a layer says otherwise, each position itself."""
        return Law(lambda q: [q])

    @property
    def takes_all(self) -> bool:
        """Whether an output sees the whole input rather than a window on it."""
        return False

    def arguments(self) -> dict[str, object]:
        """What a spec says about this layer; None stands for what is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Merge:
    """Branches that start from the same tensor and are joined."""

    op: Joint
    branches: "tuple[Steps, ...]"

    @property
    def named(self) -> "dict[str, Steps]":
        """The branches by name."""
        return dict(zip(("left", "right", "third"), self.branches, strict=False))


Steps = tuple[Layer | Merge, ...]


@dataclass(frozen=True)
class Network:
    """A sequence, a map or a volume flows in, `[features, *space]`, and then through the steps."""

    input: tuple[int, ...]
    steps: Steps
