"""The referee itself: results known from elsewhere, and its sight against what really arrives."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from . import Facts, Merge, Network, run
from .execute import Row
from .features import Select, Slice
from .network import Layer, Steps
from .resizing import AdaptiveAvgPool, Pad, Upsample
from .sight import Hull, hull
from .sliding import AvgPool, Conv, MaxPool
from .strategies import networks


def chain(size: int, *steps: Layer | Merge) -> Facts:
    """Run layers in a row on a sequence of this length."""
    return run(Network((1, size), steps))


def conv(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Conv:
    """A convolution to one channel on one axis."""
    return Conv(1, (kernel,), (stride,), ((padding, padding),), (dilation,), 1, bias=False)


def test_two_convolutions_of_3_see_as_one_of_5() -> None:
    two, one = chain(9, conv(3), conv(3)).rows[-1], chain(9, conv(5)).rows[-1]
    assert two.field == one.field
    assert two.output_shape == one.output_shape == (5, 1)


def test_vgg16_sees_212() -> None:
    blocks: Steps = ()
    for depth in (2, 2, 3, 3, 3):
        blocks += (conv(3, padding=1),) * depth + (AvgPool((2,), None, ((0, 0),), None, ceil_mode=False),)
    field = run(Network((1, 32), blocks)).rows[-1].field
    assert field is not None
    assert (field.size, field.stride, field.start) == ((212,), (Fraction(32),), (-90,))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "out"),
    [
        (32, 1, 2, 0, 16),
        (9, 4, 4, 2, 3),
        (5, 3, 3, 1, 2),
        (6, 3, 3, 1, 3),
        (2, 3, 2, 0, 1),
        (55, 3, 2, 0, 27),
    ],
)
def test_the_last_window_begins_inside(size: int, kernel: int, stride: int, padding: int, out: int) -> None:
    pool = MaxPool((kernel,), (stride,), ((padding, padding),), (1,), ceil_mode=True)
    assert chain(size, pool).rows[-1].output_shape == (out, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "out", "start"),
    [(224, 3, 2, 112, 0), (225, 3, 2, 113, -1), (224, 7, 2, 112, -2), (13, 6, 5, 3, -1)],
)
def test_same_puts_the_odd_zero_after(size: int, kernel: int, stride: int, out: int, start: int) -> None:
    layer = replace(conv(kernel, stride), padding="same")
    row = chain(size, layer).rows[-1]
    assert row.output_shape == (out, 1)
    assert row.field is not None
    assert row.field.start == (start,)


def test_adaptive_windows_overlap() -> None:
    (sight,) = chain(7, AdaptiveAvgPool((3,))).rows[-1].flow.sights or ()
    assert sight.hulls == [(0, 2), (2, 4), (4, 6)]


def test_nearest_upsampling_then_a_convolution_sees_by_position() -> None:
    row = chain(4, Upsample((2,), None, "nearest"), conv(2)).rows[-1]
    (sight,) = row.flow.sights or ()
    assert sight.hulls == [(0, 0), (0, 1)]
    assert row.field is not None
    assert (row.field.size, row.field.stride, row.field.start) == ((2,), (Fraction(1, 2),), (0,))


def test_a_straight_line_sees_two_positions_or_the_one_it_meets() -> None:
    (sight,) = chain(4, Upsample((3,), None, "linear")).rows[-1].flow.sights or ()
    assert sight.hulls == [(-1, 0), (0, 0), (0, 1)]


def test_branches_of_unequal_stride_have_no_common_field() -> None:
    branches = ((conv(2, stride=2),), (conv(3),))
    row = chain(4, Merge("add", branches)).rows[-1]
    assert row.field is None
    assert row.flow.met == "add"


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks())
def test_sights_repeat_as_they_say(network: Network) -> None:
    for row in run(network).rows:
        for sight in row.flow.sights or ():
            for q in range(-2, 3):
                seen = sight.see(q)
                moved = seen and (seen[0] + sight.step, seen[1] + sight.step)
                assert sight.see(q + sight.period) == moved


def picks_features(steps: Steps) -> bool:
    """Whether features are added or left out: then not all features of a position see the same."""
    return any(
        any(picks_features(branch) for branch in step.branches)
        if isinstance(step, Merge)
        else isinstance(step, (Slice, Select)) or (isinstance(step, Pad) and step.channels != (0, 0))
        for step in steps
    )


def reached(rows: list[Row], axis: int, q: int) -> Hull | None:
    """Which spoiled inputs arrive at a position: the first and the last of them."""
    lines = [np.isnan(row.value).take(q, axis + 1) for row in rows]
    return hull([(place, place) for place, line in enumerate(lines) if line.any()])


def sees_everywhere(row: Row) -> bool:
    """Whether every position of a layer sees some input."""
    lines = zip(row.flow.sights or (), row.value.shape[1:], strict=False)
    return all(sight.see(q) is not None for sight, size in lines for q in range(size))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks())
def test_what_a_position_sees_is_what_arrives_there(network: Network) -> None:
    """Spoil one slice of the input at a time, and look how far the damage goes.

    In a run nothing lies beyond the ends of a map, so sight ends there as well.
    """
    assume(not picks_features(network.steps))
    rows = run(network, clipped=True).rows
    # on several axes, what sees only zeros on one of them gets nothing on the others either
    assume(len(network.input) == 2 or all(sees_everywhere(row) for row in rows))
    for axis, size in enumerate(network.input[1:]):
        runs = []
        for place in range(size):
            x = np.ones(network.input)
            x.swapaxes(0, axis + 1)[place] = np.nan
            runs.append(run(network, x).rows)
        for index, row in enumerate(rows):
            if row.flow.sights and not row.flow.whole_input:
                for q in range(row.value.shape[axis + 1]):
                    arrived = reached([rows[index] for rows in runs], axis, q)
                    assert row.flow.sights[axis].see(q) == arrived, (row.path, axis, q)
