"""What is alive, found by going through the steps one by one and asking of every tensor who still needs it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Tensor(NamedTuple):
    """A tensor: what it is made from, its bytes, and how: "new", "view", "part" (a view of some), "overwrite"."""

    reads: tuple[int, ...]
    size: int
    how: str


def peak(tensors: Sequence[Tensor], order: Sequence[int], stays: set[int], *, inplace: bool) -> int:
    """The most bytes in use while the tensors are made in this order; those without reads are there from the start."""
    names = count()
    lies: dict[int, int] = {}
    sizes: dict[int, int] = {}
    whole: dict[int, bool] = {}
    most = 0

    def needed(tensor: int, now: int) -> bool:
        return tensor in stays or any(tensor in tensors[later].reads for later in order[now:])

    for now, index in enumerate(order):
        reads, size, how = tensors[index]
        if how in ("view", "part"):
            lies[index] = lies[reads[0]]
            whole[index] = how == "view" and whole[reads[0]]
        elif (
            how == "overwrite"
            and inplace
            and whole[reads[0]]
            and not any(lies[t] == lies[reads[0]] and needed(t, now + 1) for t in lies)
        ):
            lies[index] = lies[reads[0]]
            whole[index] = True
        else:
            lies[index] = next(names)
            sizes[lies[index]] = size
            whole[index] = True
        used = {lies[t] for t in lies if t == index or needed(t, now)}
        most = max(most, sum(sizes[storage] for storage in used))
    return most


def orders(tensors: Sequence[Tensor], done: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every order in which each tensor comes after what it reads, those without reads first."""
    if not done:
        done = tuple(i for i, tensor in enumerate(tensors) if not tensor.reads)
    if len(done) == len(tensors):
        yield done
    for index, tensor in enumerate(tensors):
        if index not in done and set(tensor.reads) <= set(done):
            yield from orders(tensors, (*done, index))
