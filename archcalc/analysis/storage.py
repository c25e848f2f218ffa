"""Which storage each tensor lies in, and how long that is read: its own, that of its input, or that of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.ops.op import MAY_OVERWRITE, VIEW

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from archcalc.analysis.steps import Step


class Storages(NamedTuple):
    """For each tensor its storages, named after the steps that write them first; for these, the last step that reads.

    What is read after all steps has their number. A step that is not the first to write a storage has -1.
    """

    homes: list[tuple[int, ...]]
    last: list[int]


def readers(steps: Sequence[Step], pinned: Set[int]) -> list[int]:
    """For each tensor the last step that reads it, itself where there is none; the number of steps if it is pinned."""
    last = list(range(len(steps)))
    for index, step in enumerate(steps):
        for tensor in step.reads:
            last[tensor] = index
    for tensor in pinned:
        last[tensor] = len(steps)
    return last


def bases(steps: Sequence[Step]) -> list[tuple[int, ...]]:
    """For each tensor the tensors that it is a view of, itself where it is none."""
    found: list[tuple[int, ...]] = []
    for index, step in enumerate(steps):
        if step.storage != VIEW or not step.reads:
            found.append((index,))
        elif len(step.reads) == 1:
            found.append(found[step.reads[0]])
        else:
            found.append(tuple(dict.fromkeys(base for tensor in step.reads for base in found[tensor])))
    return found


def is_whole(steps: Sequence[Step]) -> list[bool]:
    """For each tensor whether it is all of its storage, and no part of one or of several."""
    whole: list[bool] = []
    for step in steps:
        whole.append(step.storage != VIEW or not step.reads or (step.whole and whole[step.reads[0]]))
    return whole


def storages(steps: Sequence[Step], last_read: Sequence[int], *, inplace: bool) -> Storages:
    """A view lies where its inputs do; an activation overwrites its input where that is not read later.

    It does so only if its input is a whole storage.
    """
    whole = is_whole(steps)
    homes: list[tuple[int, ...]] = []
    last = [-1] * len(steps)
    for index, step in enumerate(steps):
        if step.storage == VIEW and step.reads:
            tensor = step.reads
            lies = homes[tensor[0]] if len(tensor) == 1 else tuple(dict.fromkeys(h for t in tensor for h in homes[t]))
        elif (
            inplace
            and step.storage == MAY_OVERWRITE
            and whole[step.reads[0]]
            and all(last[home] == index for home in homes[step.reads[0]])
        ):
            lies = homes[step.reads[0]]
        else:
            lies = (index,)
        homes.append(lies)
        for home in lies:
            last[home] = max(last[home], last_read[index])
    return Storages(homes, last)
