"""Random small networks with branches, valid by construction."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from . import features, resizing, sliding
from .draft import LONGEST, Draft, free, grown, steady, strided
from .network import Axes, Joint, Network
from .tally import Array

SPREADING: list[Joint] = ["multiply", "add", "mean"]
JOINTS: list[Joint] = ["concat", "max", *SPREADING]


def fit(end: Draft, goal: Array, channels: bool) -> None:
    """Bring a branch to the positions of another, and to its channels."""
    missing = [want - have for want, have in zip(goal.shape[1:], end.sizes, strict=True)]
    if any(m > 0 for m in missing):
        before = [end.number(0, max(m, 0)) for m in missing]
        sides = zip(before, missing, strict=True)
        end.put(resizing.Pad(tuple((b, max(m, 0) - b) for b, m in sides), (0, 0)))
    if any(m < 0 for m in missing):
        end.put(resizing.Crop(goal.shape[1:], None))
    if channels and len(end.x) != len(goal):
        one = (1,) * len(missing)
        end.put(sliding.Conv(len(goal), one, one, "valid", one, 1, end.yes()))


def journey(end: Draft, stride: Axes, depth: int) -> None:
    """The inside of a branch: `stride` input positions per output position, once in a while any."""
    steady(end)
    if max(stride) > 1:
        strided(end, stride)
    elif end.number(0, 2) == 2:  # down, and up again
        strided(end, (2,) * len(stride))
        grown(end, (2,) * len(stride))
    if depth and end.number(0, 2) == 2:
        merged(end, depth - 1)
    steady(end)
    if end.number(0, 9) == 9:
        free(end)


def merged(draft: Draft, depth: int = 1) -> None:
    """Two or three branches, joined; or a map and a vector made from it (squeeze and excitation)."""
    stride = draft.one([(1,) * len(draft.sizes), draft.axes(1, 2)])
    first = draft.branch()
    journey(first, stride, depth)
    if draft.number(0, 3) == 3:
        gate = draft.branch()
        journey(gate, stride, 1)
        gate.put(draft.one([features.GlobalAvgPool(), features.GlobalMaxPool()]))
        gate.put(features.Linear(len(first.x), draft.yes()))
        gate.put(features.Pointwise("sigmoid"))
        draft.merge(draft.one(SPREADING), draft.one([[first, gate], [gate, first]]))
        return
    op = draft.one(JOINTS)
    ends = [first]
    for _ in range(draft.number(1, 2)):
        end = draft.branch()
        journey(end, stride, 0)
        fit(end, first.x, channels=op != "concat")
        ends.append(end)
    draft.merge(op, ends)


def headed(draft: Draft) -> None:
    """The end of a classifier."""
    draft.put(draft.one([features.GlobalAvgPool(), features.GlobalMaxPool(), features.Flatten()]))
    draft.put(features.Linear(draft.number(1, 4), draft.yes()))
    draft.put(features.Pointwise("softmax"))


@composite
def networks(draw: DrawFn) -> Network:
    """A network of a few layers and merges on one, two or three space axes."""
    axes = draw(st.sampled_from([1, 2, 2, 3]))
    sizes = [draw(st.integers(2, LONGEST[axes])) for _ in range(axes)]
    channels = draw(st.integers(1, 4))
    draft = Draft(draw, np.zeros((channels, *sizes)))
    for _ in range(draw(st.integers(1, 4))):
        draft.one([free, merged])(draft)
    if draft.number(0, 3) == 3:
        headed(draft)
    return Network((channels, *sizes), draft.steps)
