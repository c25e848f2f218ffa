"""receptive_field: size, stride and start per axis, the hull over every window path; worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from asking import ask
from hypothesis import given
from hypothesis import strategies as st

from archcalc.window import Reach


def field(layers: str, shape: str = "[1, 64, 64]") -> Any:
    """The field of the network."""
    return ask(layers, shape).totals.receptive_field


def numbers(layers: str, shape: str = "[64, 1]") -> tuple[Any, Any, Any]:
    """Size, stride and start on the one axis of a sequence."""
    seen = field(layers, shape)
    return seen.size[0], seen.stride[0], seen.start[0]


SEQUENCES: dict[str, tuple[Any, Any, Any]] = {
    "[relu]": (1, 1, 0),
    "[{conv: [1, 1]}]": (1, 1, 0),
    "[{conv: [1, 3]}]": (3, 1, 0),
    "[{conv: [1, 3, 1, 1]}]": (3, 1, -1),
    "[{conv: [1, 3, 2, 1]}]": (3, 2, -1),
    "[{conv: {out: 1, kernel: 3, padding: [[2, 0]]}}]": (3, 1, -2),
    "[{conv: {out: 1, kernel: 3, dilation: 4}}]": (9, 1, 0),
    "[{conv: [1, 3]}, {conv: [1, 3]}]": (5, 1, 0),
    "[{conv: [1, 3, 2, 1]}, {conv: [1, 3, 2, 1]}]": (7, 4, -3),
    "[{max_pool: 2}, {max_pool: 2}, {max_pool: 2}]": (8, 8, 0),
    "[{conv: [1, 7, 2, 3]}, {max_pool: [3, 2, 1]}]": (11, 4, -5),
    "[{max_pool: [1, 2]}]": (1, 2, 0),
    "[{pad: 3}]": (1, 1, -3),
    "[{pad: [[[2, 5]]]}, {conv: [1, 3]}]": (3, 1, -2),
    "[{crop: {margin: 5}}]": (1, 1, 5),
    "[{crop: {margin: [[2, 9]]}}, {max_pool: 2}]": (2, 2, 2),
    "[{crop: 10}]": (1, 1, 27),
    "[{subsample: 3}]": (1, 3, 0),
    "[{subsample: 2}, {conv: [1, 3, 1, 1]}]": (5, 2, -2),
    "[{add: {a: [{conv: [1, 3, 2, 1]}], b: [{subsample: 2}]}}]": (3, 2, -1),
    "[{conv: [4, 3]}, {slice: [0, 2]}, {select: [[1]]}, {channel_shuffle: 1}]": (3, 1, 0),
    # branches: the hull
    "[{add: {a: [{conv: [1, 5, 1, 2]}], b: [{conv: [1, 3, 1, 1]}]}}]": (5, 1, -2),
    "[{concat: {a: [{conv: {out: 1, kernel: 3, padding: [[2, 0]]}}], b: [{conv: {out: 1, kernel: 3, padding: [[0, 2]]}}]}}]": (5, 1, -2),
    "[{add: {a: [{conv: [1, 3, 2, 1]}], b: [{max_pool: [1, 2]}]}}]": (3, 2, -1),
    # periodic: two outputs see the same position
    "[{upsample: 2}]": (1, Fraction(1, 2), 0),
    "[{upsample: 2}, {conv: [1, 3, 1, 1]}]": (2, Fraction(1, 2), -1),
    "[{upsample: 4}, {max_pool: 4}]": (1, 1, 0),
    "[{upsample: 2}, {max_pool: 4}]": (2, 2, 0),
    "[{transposed_conv: [1, 2, 2]}]": (1, Fraction(1, 2), 0),
    "[{transposed_conv: [1, 3, 2]}]": (2, Fraction(1, 2), -1),
    "[{transposed_conv: [1, 4, 2, 1]}]": (2, Fraction(1, 2), -1),
    "[{transposed_conv: [1, 3]}]": (3, 1, -2),
    "[{transposed_conv: [1, 3, 1, 1]}]": (3, 1, -1),
    "[{max_pool: 2}, {upsample: 2}]": (2, 1, 0),
    "[{upsample: {scale: 2, mode: linear}}]": (2, Fraction(1, 2), -1),
}  # fmt: skip


@pytest.mark.parametrize("layers", SEQUENCES)
def test_field(layers: str) -> None:
    assert numbers(layers) == SEQUENCES[layers]


def test_axes_apart() -> None:
    seen = field("[{conv: {out: 1, kernel: [1, 7], stride: [2, 1], padding: [0, 3]}}, {max_pool: [[2, 3], [1, 2]]}]")
    assert (seen.size, seen.stride, seen.start) == ((3, 9), (2, 2), (0, -3))


def test_three_axes() -> None:
    seen = field("[{conv: [1, [1, 3, 5]]}, {conv: [1, 2]}]", "[1, 9, 9, 9]")
    assert seen.size == (2, 4, 6)


def test_a_unet_sees_different_sizes_by_position() -> None:
    """Design 4: a U-Net's last map has sizes 188 and 204 by position; the largest is reported, with its period."""
    import archcalc

    seen = archcalc.analyze("unet").totals.receptive_field
    assert seen is not None
    assert max(seen.size) == 204
    assert seen.period > 1


@pytest.mark.parametrize(
    "layers",
    [
        "[{conv: [1, 3]}, global_avg_pool]", "[{conv: [1, 3]}, flatten, {linear: 3}]", "[{conv: [1, 3]}, {adaptive_avg_pool: 1}]",
        "[{conv: [1, 3]}, global_max_pool, {linear: 3}, softmax]",
    ],
)  # fmt: skip
def test_the_total_is_that_of_the_last_layer_that_still_has_space(layers: str) -> None:
    report = ask(layers, "[1, 64, 64]")
    assert report.totals.receptive_field is not None
    assert (report.totals.receptive_field.size, report.totals.receptive_field_of) == ((3, 3), "conv")
    assert report.layers[-1].receptive_field is None or report.layers[-1].receptive_field.whole_input


def test_linear_on_tokens_is_a_window_of_one() -> None:
    assert numbers("[{conv: [4, 3]}, {linear: 3}, {conv: [4, 3]}]") == (5, 1, 0)


def test_a_vector_has_no_field() -> None:
    assert ask("[{linear: 3}]", "[7]").totals.receptive_field is None


def test_the_whole_input_is_seen_and_said() -> None:
    seen = field("[{conv: [1, 3, 1, 1]}, {multiply: {body: [], gate: [global_avg_pool, sigmoid]}}]")
    assert (seen.size, seen.whole_input) == ((3, 3), True)
    assert not field("[{conv: [1, 3, 1, 1]}]").whole_input


def test_unequal_strides_are_not_aligned_and_the_place_is_told() -> None:
    layers = "[{add: {a: [{max_pool: 2}], b: [{crop: 32}]}}, {conv: [1, 3]}]"
    report = ask(layers, "[64, 1]")
    add = next(row for row in report.layers if row.op == "add")
    assert add.receptive_field is None or not add.receptive_field.aligned
    total = report.totals.receptive_field
    assert total is None or not total.aligned
    assert report.totals.mult_adds == 30 * 3


def test_paths_that_split_and_meet_again_on_the_same_stride() -> None:
    """Positions 2q and 2q + 1 see 2q - 1 .. 2q + 1 by one path and themselves by the other."""
    seen = field("[{add: {a: [{conv: [1, 3, 2, 1]}, {upsample: 2}], b: []}}]", "[64, 1]")
    assert (seen.size, seen.stride, seen.start, seen.period) == ((3,), (1,), (-1,), 2)


def test_adaptive_pools_are_periodic() -> None:
    seen = field("[{adaptive_avg_pool: 3}]", "[7, 1]")
    assert (seen.size, seen.start) == ((3,), (0,))


def test_same_padding_starts_where_the_size_says() -> None:
    step = "{conv: {out: 1, kernel: 3, stride: 2, padding: same}}"
    assert numbers(f"[{step}]", "[64, 1]") == (3, 2, 0)
    assert numbers(f"[{step}]", "[63, 1]") == (3, 2, -1)


def test_rows_have_fields_of_their_own() -> None:
    report = ask("[{conv: [1, 3]}, {max_pool: 2}, {conv: [1, 3]}, relu]", "[64, 1]")
    assert [row.receptive_field and row.receptive_field.size for row in report.layers] == [(3,), (4,), (8,), (8,)]
    assert report.totals.receptive_field_of == "relu"


@given(
    windows=st.lists(st.none() | st.tuples(st.integers(-9, 9), st.integers(0, 9)), min_size=1, max_size=7),
    step=st.integers(1, 9),
    first=st.integers(-20, 20),
    taps=st.integers(1, 40),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 5),
)
def test_a_window_over_a_repeating_field_sees_what_its_positions_see(
    windows: list[tuple[int, int] | None], step: int, first: int, taps: int, stride: int, dilation: int
) -> None:
    """Position by position, as the definition has it: the hull of all that the taps of the window see."""
    before = Reach(step, tuple(w and (w[0], w[0] + w[1]) for w in windows))
    local = Reach(stride, ((first, first + dilation * (taps - 1)),), dilation)
    after = before.seen_through(local)
    assert after is not None
    for position in range(-10, 20):
        seen = [at(before, first + position * stride + tap * dilation) for tap in range(taps)]
        ends = [window for window in seen if window is not None]
        hull = (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None
        assert at(after, position) == hull


def at(reach: Reach, position: int) -> tuple[Any, Any] | None:
    """What one position sees, by the definition of a reach."""
    turn, place = divmod(position, len(reach.windows))
    window = reach.windows[place]
    return window and (window[0] + turn * reach.step, window[1] + turn * reach.step)
