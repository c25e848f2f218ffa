"""What a PyTorch function is called with, whatever the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class Copies:
    """Padded copies of inputs, and what they are copies of."""

    def __init__(self) -> None:
        self.made: list[tuple[Tensor, Tensor]] = []


class Call(NamedTuple):
    """One operator at work: its arguments, its weights by name, and how it is run."""

    op: Any
    weights: dict[str, Tensor]
    training: bool = False
    inplace: bool = False  # whether an activation may overwrite its input
    fused: bool = True  # attention in one function, without storing the scores
    look: Callable[[], None] = lambda: None  # called when a part of it is done
    copies: Copies | None = (
        None  # where it writes down copies that it makes for a function that pads alike on both sides
    )

    def weight(self, name: str) -> Tensor | None:
        """A weight, if it has one of this name."""
        return self.weights.get(name)


def channels_first(x: Tensor) -> Tensor:
    """A sequence (N, T, D) as (N, D, T), as PyTorch's convolutions, pools and norms want it."""
    return x.transpose(1, 2) if x.dim() == 3 else x


def features_last(x: Tensor) -> Tensor:
    """The channels of maps and volumes as the last axis, as PyTorch's softmax over features wants it."""
    return x.movedim(1, -1) if x.dim() > 3 else x


def features_back(x: Tensor) -> Tensor:
    """Undo `features_last`."""
    return x.movedim(-1, 1) if x.dim() > 3 else x


def feature_axis(x: Tensor) -> int:
    """The axis of the features."""
    return 1 if x.dim() > 3 else -1


def along_features(vector: Tensor, x: Tensor) -> Tensor:
    """One number per channel, laid along the features of `x`."""
    return vector.reshape(-1, *[1] * (x.dim() - 2)) if x.dim() > 3 else vector


def padded(call: Call, x: Tensor, windows: Any, value: float = 0.0) -> tuple[Tensor, list[int]]:
    """The input and the padding that the function does itself; unequal sides are padded by a copy before."""
    if all(int(w.before) == int(w.after) for w in windows):
        return x, [int(w.before) for w in windows]
    amounts = [int(n) for w in reversed(windows) for n in (w.before, w.after)]
    copy = functional.pad(x, amounts, value=value)
    if call.copies is not None:
        call.copies.made.append((copy, x))
    return copy, [0] * len(windows)
