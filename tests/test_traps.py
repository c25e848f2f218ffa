"""Conventions 4: each is a real bug of a well-known tool; here with the right number."""

from __future__ import annotations

import pytest
from asking import ask, out


def last(layers: str, shape: str = "[6, 8, 8]", **parts: str):  # type: ignore[no-untyped-def] # noqa: ANN201
    return ask(layers, shape, **parts).layers[-1]


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [7, 8, 9, 10])
def test_same_padding_is_that_of_tensorflow(kernel: int, stride: int, size: int) -> None:
    """ceil(n / s) outputs; the odd one of the padding goes behind (torch pads kernel // 2 on both sides)."""
    layer = last(f"[{{conv: {{out: 1, kernel: {kernel}, stride: {stride}, padding: same}}}}]", f"[1, {size}, {size}]")
    outputs = -(-size // stride)
    assert layer.output_shape == (1, outputs, outputs)
    total = max((outputs - 1) * stride + kernel - size, 0)
    assert layer.receptive_field.start == (-(total // 2),) * 2
    assert layer.mult_adds == outputs**2 * kernel**2


def test_same_padding_of_an_even_kernel() -> None:
    """k=4 with same padding on 32 x 32: 262,144 mult-adds with 16 channels; some tools say 230,400."""
    assert last("[{conv: {out: 16, kernel: 4, padding: same}}]", "[1, 32, 32]").mult_adds == 262_144


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "outputs"),
    [
        (10, 1, 2, 0, 5), (11, 1, 2, 0, 6), (10, 2, 3, 0, 4), (10, 3, 2, 0, 5), (10, 3, 2, 1, 6), (7, 3, 2, 0, 3), (8, 3, 2, 0, 4),
        (5, 2, 3, 1, 2), (6, 2, 4, 1, 2), (4, 4, 8, 2, 1), (112, 3, 2, 0, 56), (55, 3, 2, 0, 27), (54, 3, 2, 0, 27), (1, 1, 5, 0, 1),
    ],
)  # fmt: skip
def test_ceil_mode_drops_a_window_that_starts_past_the_end(
    size: int, kernel: int, stride: int, padding: int, outputs: int
) -> None:
    """PyTorch's rule, written out: the ceiling, one less if the last window starts at or after size + left padding."""
    ceiling = -((size + 2 * padding - kernel) // -stride) + 1
    expected = ceiling - ((ceiling - 1) * stride >= size + padding)
    assert expected == outputs
    step = f"{{max_pool: {{kernel: {kernel}, stride: {stride}, padding: {padding}, ceil_mode: true}}}}"
    assert out(ask(f"[{step}]", f"[1, {size}, {size}]")) == (1, outputs, outputs)


def test_a_pool_of_3_is_a_pool_of_3_by_3() -> None:
    one, two = last("[{max_pool: 3}]", "[1, 9, 9]"), last("[{max_pool: [[3, 3]]}]", "[1, 9, 9]")
    assert one.output_shape == two.output_shape == (1, 3, 3)
    assert one.flops == two.flops == 9 * 8


def test_the_stride_of_a_pool_is_its_kernel() -> None:
    assert out(ask("[{max_pool: [[2, 4]]}]")) == (6, 4, 2)
    assert out(ask("[{max_pool: {kernel: 2, stride: 1}}]")) == (6, 7, 7)


@pytest.mark.parametrize(
    ("kernel", "padding", "shape"),
    [
        ("[1, 7]", "[0, 3]", (5, 9, 9)),
        ("[7, 1]", "[3, 0]", (5, 9, 9)),
        ("[1, 7]", "0", (5, 9, 3)),
        ("[7, 1]", "0", (5, 3, 9)),
    ],
)
def test_kernels_of_1_by_7_and_7_by_1(kernel: str, padding: str, shape: tuple[int, ...]) -> None:
    layer = last(f"[{{conv: {{out: 5, kernel: {kernel}, padding: {padding}, bias: false}}}}]", "[3, 9, 9]")
    assert (layer.output_shape, layer.params) == (shape, 5 * 3 * 7)
    assert layer.receptive_field.size == ((1, 7) if kernel == "[1, 7]" else (7, 1))


def test_groups_where_filters_are_not_channels() -> None:
    layer = last("[{conv: {out: 9, kernel: 3, groups: 3, padding: 1}}]")
    assert (layer.params, layer.mult_adds) == (9 * 2 * 9 + 9, 9 * 64 * 2 * 9)


def test_dilation_in_a_pool() -> None:
    layer = last("[{max_pool: {kernel: 3, stride: 1, dilation: 2}}]")
    assert layer.output_shape == (6, 4, 4)
    assert layer.receptive_field.size == (5, 5)
    assert layer.flops == 6 * 16 * 8


@pytest.mark.parametrize(("extra", "size"), [(0, 15), (1, 16)])
def test_output_padding_of_a_transposed_convolution(extra: int, size: int) -> None:
    layer = last(f"[{{transposed_conv: {{out: 4, kernel: 3, stride: 2, padding: 1, output_padding: {extra}}}}}]")
    assert layer.output_shape == (4, size, size)
    assert layer.params == 6 * 4 * 9 + 4
    assert layer.mult_adds == 6 * 64 * 4 * 9, "each input element times its kernels, however large the output"


def test_windows_of_an_adaptive_pool_overlap() -> None:
    """7 -> 3: windows 0-2, 2-4, 4-6, three wide each; a tool that divides says two."""
    report = ask("[{adaptive_avg_pool: 3}]", "[1, 7, 7]")
    assert out(report) == (1, 3, 3)
    assert report.layers[0].receptive_field is not None
    assert report.layers[0].receptive_field.size == (3, 3)
    assert report.layers[0].flops == 9 * 9


def test_an_adaptive_pool_of_unequal_windows() -> None:
    """10 -> 4: [0, 3), [2, 5), [5, 8), [7, 10)."""
    layer = last("[{adaptive_max_pool: 4}]", "[1, 10, 10]")
    assert layer.receptive_field.size == (3, 3)
    assert layer.flops == 12 * 12 - 16


def test_linear_on_each_token_of_a_sequence() -> None:
    layer = last("[{linear: 10}]", "[5, 7]")
    assert (layer.output_shape, layer.params, layer.mult_adds) == ((5, 10), 80, 5 * 70)
    assert layer.flops == 2 * 350 + 50


def test_linear_refuses_a_map() -> None:
    with pytest.raises(Exception, match="flatten or pool first"):
        ask("[{linear: 10}]")


def test_batch_norm_has_params_and_buffers() -> None:
    report = ask("[batch_norm]")
    assert (report.totals.params, report.totals.buffers, report.totals.params_and_buffers) == (12, 12, 24)
    assert report.totals.mult_adds == 0
    assert report.totals.flops == 2 * 384


def test_batch_norm_without_statistics_or_scale() -> None:
    assert ask("[{batch_norm: {statistics: false}}]").totals.buffers == 0
    assert ask("[{batch_norm: {scale: false}}]").totals.params == 6


def test_tied_weights_count_once_and_work_twice() -> None:
    totals = ask("[{linear: 7, share: w}, {linear: 7, share: w}]", "[7]").totals
    assert (totals.params, totals.mult_adds) == (56, 98)


def test_a_block_used_twice_counts_twice_unless_shared() -> None:
    blocks = "{unit: [{conv: [6, 3, 1, 1]}]}"
    assert ask("[unit, unit]", blocks=blocks).totals.params == 2 * 330
    shared = ask("[{unit, share: u}, {unit, share: u}]", blocks=blocks).totals
    assert (shared.params, shared.mult_adds) == (330, 2 * 6 * 64 * 54)


def test_a_residual_with_a_projection_of_stride_2() -> None:
    layers = """
    - add:
        body: [{conv: {out: 12, kernel: 3, stride: 2, padding: 1, bias: false}}, {conv: {out: 12, kernel: 3, padding: 1, bias: false}}]
        shortcut: [{conv: {out: 12, kernel: 1, stride: 2, bias: false}}]
    """
    report = ask(layers)
    assert out(report) == (12, 4, 4)
    assert report.totals.params == 12 * 6 * 9 + 12 * 12 * 9 + 12 * 6
    field = report.totals.receptive_field
    assert field is not None
    assert (field.size, field.stride, field.start) == ((7, 7), (2, 2), (-3, -3))


def test_receptive_fields_of_unequal_kernels_are_joined() -> None:
    """The hull: 5x5 from -2 around 1x1 from 0 around 3x3 without padding from 0."""
    layer = last("[{concat: {a: [{conv: [1, 5, 1, 2]}], b: [{conv: [1, 1]}]}}]")
    assert (layer.receptive_field.size, layer.receptive_field.start) == ((5, 5), (-2, -2))
    layer = last(
        "[{concat: {a: [{conv: {out: 1, kernel: 3, padding: [[0, 2], [0, 2]]}}], b: [{conv: {out: 1, kernel: 3, padding: [[2, 0], [2, 0]]}}]}}]"
    )
    assert (layer.receptive_field.size, layer.receptive_field.start) == ((5, 5), (-2, -2))


def test_receptive_fields_of_unequal_strides_are_said_not_to_be_aligned() -> None:
    report = ask("[{concat: {a: [{max_pool: 2}], b: [{conv: [6, 5]}]}}]")
    assert out(report) == (12, 4, 4)
    field = report.totals.receptive_field
    assert field is None or not field.aligned
    assert report.totals.mult_adds == 6 * 16 * 6 * 25, "all other quantities stand"


@pytest.mark.parametrize("step", ["global_avg_pool", "global_max_pool", "flatten", "{adaptive_avg_pool: 1}"])
def test_what_sees_the_whole_input_does_not_widen_the_field(step: str) -> None:
    report = ask(f"[{{conv: [4, 3]}}, {step}]")
    field = report.totals.receptive_field
    assert field is not None
    assert (field.size, report.totals.receptive_field_of) == ((3, 3), "conv")


def test_squeeze_and_excitation_sets_whole_input() -> None:
    layers = "[{conv: [6, 3, 1, 1]}, {multiply: {body: [], gate: [global_avg_pool, {linear: 6}, sigmoid]}}, {conv: [6, 3, 1, 1]}]"
    field = ask(layers).totals.receptive_field
    assert field is not None
    assert (field.size, field.whole_input) == ((5, 5), True)


@pytest.mark.parametrize(
    "step",
    [
        "identity",
        "relu",
        "dropout",
        "batch_norm",
        "{add: {a: [], b: []}}",
        "{channel_shuffle: 2}",
        "{if: false, then: [relu]}",
    ],
)
def test_identities_do_not_break_the_field(step: str) -> None:
    field = ask(f"[{{conv: [6, 3, 2]}}, {step}, {{conv: [6, 3]}}]", "[6, 32, 32]").totals.receptive_field
    assert field is not None
    assert (field.size, field.stride) == ((7, 7), (2, 2))


def test_dropout_is_nothing_at_inference() -> None:
    report = ask("[{dropout: 0.5}]")
    assert (report.totals.flops, report.totals.activations, report.layers[0].output_shape) == (0, 0, (6, 8, 8))
    report = ask("[{dropout: 0.5}]", training=True)
    assert (report.totals.flops, report.totals.activations) == (384, 384)


def test_scalars_and_empty_branches() -> None:
    assert out(ask("[{linear: 1}, {linear: 1}]", "[1]")) == (1,)
    assert out(ask("[{add: {a: [], b: []}}]", "[1]")) == (1,)
    assert out(ask("[{concat: {a: [], b: []}}]", "[1, 1, 1]")) == (2, 1, 1)
    assert ask("[]").totals.params == 0


def test_a_network_of_no_layers() -> None:
    report = ask("[]")
    assert (out(report), report.totals.activations, report.totals.depth, report.layers) == ((6, 8, 8), 0, 0, ())


@pytest.mark.parametrize("batch", [1, 7, 1000, "N"])
def test_the_batch_multiplies_bytes_only(batch: int | str) -> None:
    import archcalc

    one, many = archcalc.analyze("lenet5"), archcalc.analyze("lenet5", batch=batch)
    assert many.totals._replace(activation_bytes=0) == one.totals._replace(activation_bytes=0)
    assert many.layers == one.layers
    if isinstance(batch, int):
        assert many.totals.activation_bytes == batch * one.totals.activation_bytes


def test_numbers_above_2_to_the_63_are_exact() -> None:
    report = ask("[{conv: [10**6, 1]}, {conv: {out: 10**6, kernel: 3, padding: 1, bias: false}}]", "[1, 10**5, 10**5]")
    assert report.layers[-1].mult_adds == 9 * 10**22
    assert report.totals.mult_adds == 9 * 10**22 + 10**16
    assert report.totals.params == 2 * 10**6 + 9 * 10**12


def test_a_bias_and_a_batch_norm_are_not_mult_adds() -> None:
    with_bias, without = last("[{conv: [4, 3]}]"), last("[{conv: {out: 4, kernel: 3, bias: false}}]")
    assert with_bias.mult_adds == without.mult_adds == 4 * 36 * 54
    assert with_bias.flops - without.flops == 4 * 36


def test_views_write_nothing() -> None:
    report = ask("[flatten, {reshape: [[6, 64]]}, identity, {permute: [[1, 0]]}]")
    assert (report.totals.activations, out(report)) == (0, (64, 6))


def test_look_ups_pools_and_interpolation_are_no_mult_adds() -> None:
    layers = "[{max_pool: 2}, {avg_pool: 2}, {upsample: {scale: 2, mode: linear}}, {multiply: {a: [], b: []}}, softmax, global_avg_pool]"
    report = ask(layers)
    assert report.totals.mult_adds == 0
    assert report.totals.depth == 0
