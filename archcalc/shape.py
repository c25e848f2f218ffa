"""Shapes without a batch axis: vector [D], sequence [T, D], map [C, H, W], volume [C, D, H, W]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.errors import ShapeError

if TYPE_CHECKING:
    from archcalc.recorded import Shape, Size

AXIS_NAMES = {
    1: ("features",),
    2: ("length", "features"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
KIND_NAMES = {1: "vector", 2: "sequence", 3: "map", 4: "volume"}


def features(shape: Shape) -> Size:
    """The size of the features axis: first of maps and volumes, last of vectors and sequences."""
    return shape[0] if len(shape) > 2 else shape[-1]


def space(shape: Shape) -> Shape:
    """The sizes of the axes a window slides over; none for a vector."""
    return shape[1:] if len(shape) > 2 else shape[:-1]


def with_features(shape: Shape, count: Size) -> Shape:
    """The same shape with `count` features."""
    return (count, *shape[1:]) if len(shape) > 2 else (*shape[:-1], count)


def with_space(shape: Shape, sizes: Shape) -> Shape:
    """The same shape with other sizes of its space axes."""
    return (shape[0], *sizes) if len(shape) > 2 else (*sizes, shape[-1])


def has_space(shape: Shape, who: str) -> Shape:
    """The space axes; raises ShapeError for a vector."""
    if len(shape) < 2:
        raise ShapeError(f"{who} needs a sequence, map or volume, not the vector {written(shape)}")
    return space(shape)


def written(shape: Shape) -> str:
    """The shape as text: (64, 56, 56)."""
    return f"({', '.join(map(str, shape))})"
