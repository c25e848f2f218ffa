"""The closed forms of lectures, papers and documentations, each asked of a network. A comment names the source."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb, floor, prod
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, out
from hypothesis import assume, given
from hypothesis import settings as trying
from hypothesis import strategies as st

import archcalc
from archcalc.analysis.receptive_field import seen

if TYPE_CHECKING:
    from archcalc.recorded import Size

few = trying(max_examples=25, deadline=None)
small = st.integers(1, 12)


def axis(layer: str, size: int) -> int:
    """How long an axis of this size is behind a layer."""
    length: int = out(ask(f"[{layer}]", f"[{size}, 1]"))[0]
    return length


def whole(count: Size) -> int:
    assert isinstance(count, int)
    return count


def params(layers: str, shape: str, **parts: Any) -> int:
    return whole(ask(layers, shape, **parts).totals.params)


def mult_adds(layers: str, shape: str, **parts: Any) -> int:
    return whole(ask(layers, shape, **parts).totals.mult_adds)


def field(report: archcalc.Report) -> tuple[Any, Any, Any]:
    """Size, stride and start of the receptive field on the first axis."""
    sees = report.totals.receptive_field
    assert sees is not None
    return sees.size[0], sees.stride[0], sees.start[0]


def kinds(report: archcalc.Report, op: str) -> list[Any]:
    return [layer for layer in report.layers if layer.op == op]


# Shapes


def slid(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Dumoulin and Visin 2016, arXiv:1603.07285, relationship 15; PyTorch, Conv2d."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "result"),
    [
        (32, 5, 1, 0, 1, 28),
        (227, 11, 4, 0, 1, 55),
        (224, 7, 2, 3, 1, 112),
        (224, 7, 2, 2, 1, 111),
        (64, 3, 1, 2, 2, 64),
    ],
)
def test_a_convolution_is_as_long_as_windows_fit(
    size: int, kernel: int, stride: int, padding: int, dilation: int, result: int
) -> None:
    assert axis(f"{{conv: [1, {kernel}, {stride}, {padding}, {dilation}]}}", size) == result
    assert slid(size, kernel, stride, padding, dilation) == result


@few
@given(st.integers(1, 300), small, small, small, st.integers(1, 4))
def test_convolutions_and_pools_follow_one_rule(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(dilation * (kernel - 1) + 1 <= size + 2 * padding)
    expected = slid(size, kernel, stride, padding, dilation)
    assert axis(f"{{conv: [1, {kernel}, {stride}, {padding}, {dilation}]}}", size) == expected
    if 2 * padding <= kernel:
        assert axis(f"{{max_pool: [{kernel}, {stride}, {padding}, {dilation}]}}", size) == expected


def same_rule(size: int, kernel: int, stride: int) -> tuple[int, int, int]:
    """Output and padding on both ends: TensorFlow's notes on padding."""
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return output, total // 2, total - total // 2


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int, int]:
    """The same three numbers, from the shape and from what the first and the last position see."""
    layer = f"[{{conv: [1, {kernel}, {stride}, same]}}]"
    report = ask(layer, f"[{size}, 1]")
    width, step, start = field(report)
    length = out(report)[0]
    return length, max(-start, 0), max(start + (length - 1) * step + width - size, 0)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "result"),
    [
        (224, 3, 2, (112, 0, 1)), (225, 3, 2, (113, 1, 1)), (224, 7, 2, (112, 2, 3)), (13, 6, 5, (3, 1, 2)),
        (7, 3, 1, (7, 1, 1)),
    ],
)  # fmt: skip
def test_same_padding_puts_the_odd_one_behind(
    size: int, kernel: int, stride: int, result: tuple[int, int, int]
) -> None:
    assert same_padding(size, kernel, stride) == same_rule(size, kernel, stride) == result


@few
@given(st.integers(1, 200), small, small)
def test_same_padding_of_any_window(size: int, kernel: int, stride: int) -> None:
    assert same_padding(size, kernel, stride) == same_rule(size, kernel, stride)


@pytest.mark.parametrize(("size", "kernel", "stride", "result"), [(299, 3, 2, 149), (13, 6, 5, 2), (28, 9, 1, 20)])
def test_valid_padding_drops_what_fills_no_window(size: int, kernel: int, stride: int, result: int) -> None:
    assert axis(f"{{conv: [1, {kernel}, {stride}, valid]}}", size) == result == ceil((size - kernel + 1) / stride)


@pytest.mark.parametrize(("size", "kernel", "padding", "result"), [(112, 3, 1, 56), (28, 2, 0, 14), (7, 2, 0, 3)])
@pytest.mark.parametrize("pool", ["max_pool", "avg_pool"])
def test_a_pool_rounds_down(pool: str, size: int, kernel: int, padding: int, result: int) -> None:
    assert axis(f"{{{pool}: [{kernel}, 2, {padding}]}}", size) == result


def ceiled(size: int, kernel: int, stride: int, padding: int) -> int:
    """PyTorch, MaxPool2d: windows may hang over the end, but none may start in the trailing padding."""
    return sum(1 for start in range(0, size + padding, stride) if start - stride + kernel < size + 2 * padding)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "result"),
    [
        (32, 1, 2, 0, 16), (9, 4, 4, 2, 3), (5, 3, 3, 1, 2), (6, 3, 3, 1, 3), (5, 2, 2, 1, 3),
        (111, 3, 2, 0, 55), (112, 3, 2, 0, 56), (55, 3, 2, 0, 27), (27, 3, 2, 0, 13),
    ],
)  # fmt: skip
def test_a_pool_that_rounds_up(size: int, kernel: int, stride: int, padding: int, result: int) -> None:
    assert axis(f"{{max_pool: [{kernel}, {stride}, {padding}, 1, true]}}", size) == result
    assert ceiled(size, kernel, stride, padding) == result


@few
@given(st.integers(1, 120), small, small, st.integers(0, 6))
def test_any_pool_that_rounds_up(size: int, kernel: int, stride: int, padding: int) -> None:
    assume(2 * padding <= kernel <= size)
    expected = ceiled(size, kernel, stride, padding)
    assert axis(f"{{max_pool: [{kernel}, {stride}, {padding}, 1, true]}}", size) == expected


def adaptive(size: int, bins: int) -> list[tuple[Size, Size]]:
    """First and last element of each window of an adaptive pool."""
    report = archcalc.graph(f"input: [{size}, 1]\nlayers: [{{adaptive_avg_pool: {bins}}}]")
    axes = seen(report)[-1].axes
    assert axes is not None
    step, windows = axes[0].step, axes[0].windows
    turns = [(i // len(windows) * step, windows[i % len(windows)]) for i in range(bins)]
    return [(turn + window[0], turn + window[1]) for turn, window in turns if window is not None]


def test_windows_of_an_adaptive_pool() -> None:
    # PyTorch, AdaptiveAvgPool2d
    assert adaptive(7, 3) == [(0, 2), (2, 4), (4, 6)]
    assert adaptive(4, 6) == [(0, 0), (0, 1), (1, 1), (2, 2), (2, 3), (3, 3)]


@few
@given(st.integers(1, 40), st.integers(2, 12))
def test_windows_of_any_adaptive_pool(size: int, bins: int) -> None:
    assert adaptive(size, bins) == [(floor(Fraction(i * size, bins)), ceil(Fraction((i + 1) * size, bins)) - 1)
                                    for i in range(bins)]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "more", "result"),
    [(28, 2, 2, 0, 0, 56), (4, 4, 2, 1, 0, 8), (7, 3, 2, 1, 1, 14)],
)
def test_a_transposed_convolution_is_as_long_as_it_spreads(
    size: int, kernel: int, stride: int, padding: int, more: int, result: int
) -> None:
    # PyTorch, ConvTranspose2d
    assert axis(f"{{transposed_conv: [1, {kernel}, {stride}, {padding}, {more}]}}", size) == result
    assert (size - 1) * stride - 2 * padding + kernel + more == result


@few
@given(small, small, st.integers(1, 5), st.integers(1, 5), st.integers(2, 9))
def test_a_transposed_convolution_pays_per_input_position(
    fits: int, many: int, kernel: int, stride: int, side: int
) -> None:
    report = ask(f"[{{transposed_conv: [{many}, {kernel}, {stride}]}}]", f"[{fits}, {side}, {side}]")
    assert report.totals.params == kernel**2 * fits * many + many
    assert report.totals.mult_adds == kernel**2 * fits * many * side**2


@pytest.mark.parametrize(("kernel", "dilation", "result"), [(3, 2, 5), (5, 2, 9)])
def test_a_dilated_kernel_spans_more(kernel: int, dilation: int, result: int) -> None:
    # Yu and Koltun 2015, arXiv:1511.07122
    assert field(ask(f"[{{conv: {{out: 1, kernel: {kernel}, dilation: {dilation}}}}}]", "[32, 1]"))[0] == result


# Parameters


@pytest.mark.parametrize(
    ("arguments", "channels", "result"),
    [
        ("out: 256, kernel: 3", 256, 590080), ("out: 256, kernel: 5", 256, 1638656),
        ("out: 512, kernel: 3, groups: 512, bias: false", 512, 4608),
    ],
)  # fmt: skip
def test_weights_of_a_convolution(arguments: str, channels: int, result: int) -> None:
    assert params(f"[{{conv: {{{arguments}}}}}]", f"[{channels}, 14, 14]") == result


@few
@given(small, small, small, small, small, st.booleans())
def test_a_convolution_has_a_kernel_per_pair_in_a_group(
    groups: int, fits: int, many: int, high: int, wide: int, bias: bool
) -> None:
    # weights kh kw (in/g) out, a bias per filter; mult-adds: the weights at each output position
    arguments = f"out: {groups * many}, kernel: [{high}, {wide}], bias: {str(bias).lower()}"
    image = f"[{groups * fits}, 14, 15]"
    report = ask(f"[{{conv: {{{arguments}, groups: {groups}}}}}]", image)
    weights = high * wide * fits * groups * many
    assert report.totals.params == weights + bias * groups * many
    assert report.totals.mult_adds == weights * (15 - high) * (16 - wide)
    # Xie et al. 2016, arXiv:1611.05431: g groups cost one g-th
    assert mult_adds(f"[{{conv: {{{arguments}}}}}]", image) == groups * report.totals.mult_adds


def test_cost_of_a_convolution() -> None:
    assert mult_adds("[{conv: {out: 32, kernel: 5, padding: 2}}]", "[192, 28, 28]") == 120422400


@few
@given(small, small)
def test_a_dense_layer_joins_all_with_all(fits: int, many: int) -> None:
    assert params(f"[{{linear: {many}}}]", f"[{fits}]") == fits * many + many


@few
@given(small, st.booleans(), st.booleans())
def test_batch_norm_trains_two_and_stores_two_per_channel(channels: int, scale: bool, shift: bool) -> None:
    # Ioffe and Szegedy 2015, arXiv:1502.03167
    norm = f"[{{batch_norm: {{scale: {str(scale).lower()}, shift: {str(shift).lower()}}}}}]"
    totals = ask(norm, f"[{channels}, 4, 4]").totals
    assert (totals.params, totals.buffers) == (channels * (scale + shift), 2 * channels)


@few
@given(small, small)
def test_folding_batch_norm_leaves_a_bias(fits: int, many: int) -> None:
    # the same, section 3.1: four arrays go, a bias comes, mult-adds stay
    apart = ask(f"[{{conv: {{out: {many}, kernel: 3, bias: false}}}}, batch_norm]", f"[{fits}, 6, 6]").totals
    folded = ask(f"[{{conv: {{out: {many}, kernel: 3}}}}]", f"[{fits}, 6, 6]").totals
    assert apart.params_and_buffers - folded.params_and_buffers == 4 * many - many
    assert apart.mult_adds == folded.mult_adds


@few
@given(st.integers(1, 6), st.integers(1, 6))
def test_other_norms(groups: int, width: int) -> None:
    # arXiv:1803.08494, arXiv:1607.06450, arXiv:1607.08022; a norm of features without shift is as large as RMS norm
    channels = groups * width
    image = f"[{channels}, 4, 5]"
    assert params(f"[{{group_norm: {groups}}}]", image) == 2 * channels
    assert params("[layer_norm]", image) == 2 * channels
    assert params("[{layer_norm: {over: [0, 1, 2]}}]", image) == 2 * channels * 4 * 5
    assert params("[{layer_norm: {shift: false}}]", f"[4, {channels}]") == channels
    assert params("[instance_norm]", image) == 0
    assert params("[{instance_norm: [true, true]}]", image) == 2 * channels
    assert params("[local_response_norm]", image) == 0


@few
@given(small, small)
def test_squeeze_and_excitation(channels: int, reduced: int) -> None:
    # Hu et al. 2017, arXiv:1709.01507, section 3: 2 C r weights
    def block(bias: str) -> str:
        return f"""
            - multiply:
                x: []
                gate:
                  - global_avg_pool
                  - {{linear: [{reduced}, {bias}]}}
                  - relu
                  - {{linear: [{channels}, {bias}]}}
                  - sigmoid
        """

    image = f"[{channels}, 5, 5]"
    assert params(block("true"), image) == channels * reduced + reduced + reduced * channels + channels
    assert params(block("false"), image) == mult_adds(block("true"), image) == 2 * channels * reduced


@few
@given(small, small, small)
def test_an_embedding_is_a_table_and_a_tied_output_is_free(tokens: int, vocabulary: int, width: int) -> None:
    table = f"{{embedding: [{vocabulary}, {width}], share: table}}"
    totals = ask(f"[{table}]", f"[{tokens}]").totals
    assert (totals.params, totals.mult_adds) == (vocabulary * width, 0)
    tied = ask(f"[{table}, {{linear: [{vocabulary}, false], share: table}}]", f"[{tokens}]").totals
    assert (tied.params, tied.mult_adds) == (vocabulary * width, tokens * vocabulary * width)


# Recurrence: PyTorch and Keras, LSTM, GRU, SimpleRNN / RNN


@pytest.mark.parametrize(
    ("layer", "result"),
    [
        ("lstm: {out: 1024, biases: 1}", 5427200), ("lstm: 1024", 5431296),
        ("gru: {out: 1024, biases: 1}", 4070400), ("gru: 1024", 4073472),
    ],
)  # fmt: skip
def test_weights_of_recurrent_layers(layer: str, result: int) -> None:
    assert params(f"[{{{layer}}}]", "[1, 300]") == result


@few
@given(st.sampled_from([("lstm", 4), ("gru", 3)]), small, small, small, *[st.integers(1, 2)] * 2, st.booleans())
def test_a_gate_sees_the_token_and_the_state(
    cell: tuple[str, int], steps: int, fits: int, hidden: int, layers: int, biases: int, both: bool
) -> None:
    name, gates = cell
    text = f"{{out: {hidden}, layers: {layers}, bidirectional: {str(both).lower()}, biases: {biases}}}"
    totals = ask(f"[{{{name}: {text}}}]", f"[{steps}, {fits}]").totals
    directions = 1 + both
    widths = [fits] + [directions * hidden] * (layers - 1)
    matrices = sum(directions * gates * (hidden * width + hidden * hidden) for width in widths)
    assert totals.params == matrices + layers * directions * gates * hidden * biases
    assert totals.mult_adds == steps * matrices


@few
@given(small, small)
def test_a_step_of_a_plain_recurrent_layer(fits: int, hidden: int) -> None:
    step = f"""
        - as: [x, h]
        - {{linear: {hidden}, from: x, as: new}}
        - {{linear: [{hidden}, false], from: h, as: old}}
        - {{add, from: [new, old]}}
        - tanh
    """
    inputs = f"{{token: [{fits}], state: [{hidden}]}}"
    assert params(step, inputs) == hidden * fits + hidden * hidden + hidden
    assert params(step.replace(", false", ""), inputs) == hidden * fits + hidden * hidden + 2 * hidden


# Attention: Vaswani et al. 2017, arXiv:1706.03762

ENCODER = """
- add: {attention: [{attention: {heads: heads}}], shortcut: []}
- layer_norm
- add: {mlp: [{linear: f}, relu, {linear: d}], shortcut: []}
- layer_norm
"""


def test_weights_and_cost_of_attention() -> None:
    assert params("[{attention: 12}]", "[197, 768]") == 2362368
    assert params(ENCODER, "[197, d]", hyperparameters="{d: 768, f: 3072, heads: 12}") == 7087872
    report = archcalc.analyze("vit_b_16")
    attentions = [layer.mult_adds for layer in kinds(report, "attention")]
    products = [2 * 197 * 197 * 768] * 12
    assert report.totals.mult_adds == 17563828224
    assert report.totals.mult_adds - sum(products) == 16848500736
    assert report.totals.mult_adds - sum(attentions) == 11271124992


@few
@given(small, small, st.integers(1, 4), st.integers(1, 6), st.booleans())
def test_attention_costs_the_same_for_any_heads(tokens: int, asked: int, heads: int, width: int, bias: bool) -> None:
    d = heads * width
    arguments = f"{{heads: {heads}, bias: {str(bias).lower()}}}"
    itself = ask(f"[{{attention: {arguments}}}]", f"[{tokens}, {d}]").totals
    assert itself.params == 4 * d * d + bias * 4 * d
    assert itself.mult_adds == 4 * tokens * d * d + 2 * tokens * tokens * d
    other = ask(f"[{{attention: {arguments}}}]", f"{{query: [{tokens}, {d}], memory: [{asked}, {d}]}}").totals
    assert other.mult_adds == 2 * tokens * d * d + 2 * asked * d * d + 2 * tokens * asked * d
    wide = ask(f"[{{attention: {arguments}}}]", f"{{query: [{tokens}, {d}], memory: [{asked}, {d + 3}]}}").totals
    assert wide.params == 2 * d * d + 2 * (d + 3) * d + bias * 4 * d


def encoder(d: int, f: int) -> int:
    return 4 * d * d + 4 * d + 2 * d * f + d + f + 4 * d


@few
@given(st.integers(1, 3), st.integers(1, 5), small)
def test_weights_of_an_encoder_layer(heads: int, width: int, hidden: int) -> None:
    d = heads * width
    of = f"{{d: {d}, f: {hidden}, heads: {heads}}}"
    assert params(ENCODER, "[7, d]", hyperparameters=of) == encoder(d, hidden)
    assert encoder(d, 4 * d) == 12 * d * d + 13 * d


@few
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), small, small)
def test_weights_of_gpt2(depth: int, heads: int, width: int, vocabulary: int, positions: int) -> None:
    d = heads * width
    expected = vocabulary * d + positions * d + depth * (12 * d * d + 13 * d) + 2 * d
    chosen = {"depth": depth, "width": d, "heads": heads, "vocabulary": vocabulary, "positions": positions, "T": 1}
    assert archcalc.analyze("gpt2", settings=chosen).totals.params == expected


@few
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), small, small)
def test_weights_of_bert(depth: int, heads: int, width: int, vocabulary: int, positions: int) -> None:
    # Devlin et al. 2018, arXiv:1810.04805; words, positions and two sentences, a norm, the layers, the pooler
    d = heads * width
    expected = (vocabulary + positions + 2) * d + 2 * d + depth * (12 * d * d + 13 * d) + d * d + d
    chosen = {"depth": depth, "width": d, "heads": heads, "vocabulary": vocabulary, "positions": positions, "T": 1}
    assert archcalc.analyze("bert_base", settings=chosen).totals.params == expected


def test_weights_of_the_published_transformers() -> None:
    assert archcalc.analyze("gpt2").totals.params == 124439808
    assert archcalc.analyze("bert_base").totals.params == 109482240
    for name, count in {"vit_b_16": 86567656, "vit_l_16": 304326632, "vit_h_14": 632045800}.items():
        assert archcalc.analyze(name).totals.params == count


@pytest.mark.parametrize(("side", "patch", "result"), [(224, 16, 197), (384, 16, 577), (224, 14, 257)])
def test_tokens_of_a_vision_transformer(side: int, patch: int, result: int) -> None:
    # Dosovitskiy et al. 2020, arXiv:2010.11929, section 3.1
    report = archcalc.analyze("vit_b_16", settings={"H": side, "patch": patch})
    assert kinds(report, "position")[0].output_shape[0] == result == (side // patch) ** 2 + 1


@few
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), small)
def test_weights_of_a_vision_transformer(
    depth: int, heads: int, width: int, patch: int, patches: int, classes: int
) -> None:
    d, tokens = heads * width, patches * patches + 1
    chosen = {"depth": depth, "heads": heads, "width": d, "patch": patch, "H": patch * patches, "classes": classes}
    stem = 3 * patch * patch * d + d + d + tokens * d
    layers = depth * (12 * d * d + 13 * d)
    expected = stem + layers + 2 * d + d * classes + classes
    assert archcalc.analyze("vit_b_16", settings=chosen).totals.params == expected


# Cost of separable convolutions


def separable(fits: int, many: int, kernel: int, side: int) -> Fraction:
    """What a separable convolution costs of a full one."""
    apart = f"[{{depthwise_conv: {{kernel: {kernel}, padding: same}}}}, {{conv: [{many}, 1]}}]"
    full = f"[{{conv: {{out: {many}, kernel: {kernel}, padding: same}}}}]"
    image = f"[{fits}, {side}, {side}]"
    return Fraction(mult_adds(apart, image), mult_adds(full, image))


@pytest.mark.parametrize(("many", "ratio", "saving"), [(512, 0.113064, 8.845), (32, 0.142361, 7.024)])
def test_saving_of_a_separable_convolution(many: int, ratio: float, saving: float) -> None:
    # Howard et al. 2017, arXiv:1704.04861, equations 4 and 5
    exact = separable(16, many, 3, 7)
    assert (round(float(exact), 6), round(float(1 / exact), 3)) == (ratio, saving)


@few
@given(small, small, small, small)
def test_saving_of_any_separable_convolution(fits: int, many: int, kernel: int, side: int) -> None:
    assert separable(fits, many, kernel, side) == Fraction(1, many) + Fraction(1, kernel * kernel)


@few
@given(st.integers(1, 8), st.sampled_from([1, 2]), st.integers(1, 6), small, small, st.sampled_from([3, 5]))
def test_cost_of_an_inverted_residual(
    half: int, stride: int, expansion: int, fits: int, many: int, kernel: int
) -> None:
    # Sandler et al. 2018, arXiv:1801.04381, section 3.3; what follows the stride runs on the smaller map
    side, hidden = 2 * half, expansion * fits
    block = f"""
        - conv: [{hidden}, 1]
        - depthwise_conv: [{kernel}, {stride}, same]
        - conv: [{many}, 1]
    """
    inner = fits + Fraction(kernel * kernel, stride * stride) + Fraction(many, stride * stride)
    assert mult_adds(block, f"[{fits}, {side}, {side}]") == side * side * hidden * inner


@few
@given(small, small, small, st.integers(1, 4), st.integers(1, 4))
def test_width_and_resolution_scale_by_their_squares(fits: int, many: int, side: int, alpha: int, rho: int) -> None:
    # Howard et al. 2017, arXiv:1704.04861, section 3.4: of the pointwise part; the depthwise one grows with alpha only
    def cost(alpha: int, rho: int) -> tuple[int, int, int]:
        layers = f"[{{depthwise_conv: [3, 1, 1, 1, 1, false]}}, {{conv: [{alpha * many}, 1, 1, 0, 1, 1, false]}}]"
        report = ask(layers, f"[{alpha * fits}, {rho * side}, {rho * side}]")
        first, second = report.layers
        return whole(first.mult_adds), whole(second.mult_adds), whole(second.params)

    depthwise, pointwise, weights = cost(1, 1)
    expected = (depthwise * alpha * rho**2, pointwise * alpha**2 * rho**2, weights * alpha**2)
    assert cost(alpha, rho) == expected


@pytest.mark.parametrize("alpha", ["0.25", "0.5", "0.75"])
def test_width_multiplier_of_mobilenet(alpha: str) -> None:
    full, thin = (archcalc.analyze("mobilenet_v1", settings={"alpha": a}).totals for a in ("1.0", alpha))
    ratio = Fraction(whole(thin.mult_adds), whole(full.mult_adds))
    assert Fraction(alpha) ** 2 < ratio < Fraction(alpha)


def worked_out(expression: str) -> int:
    value: int = out(ask(f"[{{linear: '{expression}'}}]", "[1]"))[0]
    return value


def test_compound_scaling() -> None:
    # Tan and Le 2019, arXiv:1905.11946, equation 3
    assert worked_out("floor(100000 * 1.2 * 1.1**2 * 1.15**2)") == 192027


@few
@given(small, small, small, st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_depth_width_and_resolution_multiply(
    depth: int, width: int, side: int, deeper: int, wider: int, larger: int
) -> None:
    def cost(depth: int, width: int, side: int) -> int:
        unit = f"{{conv: {{out: {width}, kernel: 3, padding: 1, bias: false}}}}"
        return mult_adds(f"- repeat: {depth}\n  layers: [{unit}]", f"[{width}, {side}, {side}]")

    scaled = cost(depth * deeper, width * wider, side * larger)
    assert scaled == cost(depth, width, side) * deeper * wider**2 * larger**2


def rounded(value: Fraction) -> int:
    """The nearest multiple of 8, at least 8, and one more where over a tenth is lost."""
    multiple = max(8, int(value + 4) // 8 * 8)
    return multiple + 8 if multiple < Fraction(9, 10) * value else multiple


@pytest.mark.parametrize(
    ("value", "result"),
    [("16.8", 16), ("22.4", 24), ("33.6", 32), ("44.8", 48), ("11.2", 16), ("83", 80), ("84", 88), ("352.0", 352)],
)
def test_rounding_of_scaled_widths(value: str, result: int) -> None:
    # the released code of MobileNetV2 and EfficientNet
    assert worked_out(f"make_divisible({value}, 8)") == rounded(Fraction(value)) == result


@few
@given(st.decimals(1, 2000, places=2))
def test_rounding_of_any_width(value: Any) -> None:
    assert worked_out(f"make_divisible({value}, 8)") == rounded(Fraction(value))


# Receptive fields: Araujo, Norris and Sim 2019; Dumoulin and Visin 2016, arXiv:1603.07285


@pytest.mark.parametrize(("times", "result"), [(3, 7), (2, 5)])
def test_receptive_field_of_a_stack(times: int, result: int) -> None:
    assert field(ask(f"- repeat: {times}\n  layers: [{{conv: [1, 3]}}]", "[1, 32, 32]"))[0] == result


def test_receptive_fields_of_networks() -> None:
    assert field(archcalc.analyze("vgg16_paper")) == (212, 32, -90)
    assert field(archcalc.analyze("mobilenet_v1"))[:2] == (315, 32)
    assert field(archcalc.analyze("resnet50"))[:2] == (427, 32)


window = st.tuples(st.integers(1, 7), st.integers(1, 3), st.integers(0, 3), st.integers(1, 2))
chain = st.lists(window, min_size=1, max_size=6)


@few
@given(chain)
def test_receptive_field_of_any_chain(layers: list[tuple[int, int, int, int]]) -> None:
    # r = 1 + sum of (k - 1) times the strides before; P = sum of the paddings times the strides before
    text = ", ".join(f"{{conv: [1, {k}, {s}, {p}, {d}]}}" for k, s, p, d in layers)
    jumps = [prod(s for _, s, _, _ in layers[:i]) for i in range(len(layers) + 1)]
    size = 1 + sum(d * (k - 1) * jump for (k, _, _, d), jump in zip(layers, jumps, strict=False))
    padding = sum(p * jump for (_, _, p, _), jump in zip(layers, jumps, strict=False))
    assert field(ask(f"[{text}]", "[10000, 1]")) == (size, jumps[-1], -padding)


@few
@given(chain)
def test_what_is_one_wide_changes_no_receptive_field(layers: list[tuple[int, int, int, int]]) -> None:
    convs = [f"{{conv: [1, {k}, {s}, {p}, {d}]}}" for k, s, p, d in layers]
    between = ", ".join(f"{conv}, batch_norm, relu, {{conv: [1, 1]}}, {{add: {{a: [], b: []}}}}" for conv in convs)
    assert field(ask(f"[{between}]", "[10000, 1]")) == field(ask(f"[{', '.join(convs)}]", "[10000, 1]"))


# Structure


def ways(graph: archcalc.Graph) -> int:
    """How many paths lead from the inputs to the output."""
    count = [0] * len(graph.nodes)
    for node in graph.nodes:
        count[node.index] = sum(count[i] for i in node.inputs) if node.inputs else 1
    return count[graph.outputs[0][1]]


@few
@given(st.integers(1, 12))
def test_paths_through_residual_blocks(n: int) -> None:
    # Veit, Wilber and Belongie 2016, arXiv:1605.06431: two ways through each of n blocks; 6n + 2 layers, 3n blocks
    blocks = f"- repeat: {n}\n  layers: [{{add: {{body: [{{conv: [2, 3, 1, 1]}}], shortcut: []}}}}]"
    graph = archcalc.graph(f"input: [2, 8, 8]\nlayers:\n{blocks}")
    assert ways(graph) == 2**n == sum(comb(n, length) for length in range(n + 1))
    assert ways(archcalc.graph("resnet20_cifar", settings={"n": n})) == 2 ** (3 * n)
    totals = archcalc.analyze("resnet20_cifar", settings={"n": n}).totals
    assert (totals.depth, totals.shortest_path) == (6 * n + 2, 2)


def test_paths_through_resnet_110() -> None:
    assert ways(archcalc.graph("resnet110_cifar")) == 2**54


@few
@given(st.integers(1, 9), st.integers(2, 8), st.integers(1, 8))
def test_a_dense_block_grows_by_k(depth: int, stem: int, growth: int) -> None:
    # Huang et al. 2016, arXiv:1608.06993, section 3
    chosen = {"depths": f"[{depth}]", "stem": stem, "growth": growth, "H": 64}
    graph = archcalc.graph("densenet121", settings=chosen)
    joins = [node for node in graph.nodes if node.kind == "concat"]
    seen_by = [node.inputs[0] for node in joins]
    assert [graph.nodes[i].shape[0] for i in seen_by] == [stem + growth * layer for layer in range(depth)]
    assert joins[-1].shape[0] == stem + growth * depth

    def parts(index: int) -> int:
        node = graph.nodes[index]
        return sum(parts(i) for i in node.inputs) if node.kind == "concat" else 1

    assert sum(parts(i) for i in seen_by) == depth * (depth + 1) // 2


def test_channels_of_the_first_dense_block() -> None:
    blocks = [layer for layer in kinds(archcalc.analyze("densenet121"), "concat") if "denseblock1" in layer.path]
    assert (len(blocks), blocks[-1].output_shape[0]) == (6, 64 + 32 * 6)


@few
@given(st.integers(1, 5), st.integers(1, 16), st.integers(1, 16), st.booleans())
def test_weights_of_a_densenet(n: int, growth: int, stem: int, bottleneck: bool) -> None:
    layers = (6 if bottleneck else 3) * n + 4
    expected, c = 27 * stem, stem
    for block in range(3):
        for _ in range(n):
            bn_and_3x3 = 2 * 4 * growth + 9 * 4 * growth * growth
            expected += 2 * c + (4 * c * growth + bn_and_3x3 if bottleneck else 9 * c * growth)
            c += growth
        expected += 2 * c + (c * c if block < 2 else 10 * c + 10)
    chosen = {"L": layers, "growth": growth, "stem": stem, "bottleneck": bottleneck}
    totals = archcalc.analyze("densenet40_k12", settings=chosen).totals
    assert (totals.params, totals.depth) == (expected, layers)


@pytest.mark.parametrize(("blocks", "columns", "depth", "convolutions"), [(5, 4, 40, 75), (5, 5, 80, 155)])
def test_depth_of_fractalnet(blocks: int, columns: int, depth: int, convolutions: int) -> None:
    # Larsson, Maire and Shakhnarovich 2016, arXiv:1605.07648, section 3; the prediction layer comes on top
    report = archcalc.analyze("fractalnet", settings={"columns": columns})
    assert report.totals.depth - 1 == depth == blocks * 2 ** (columns - 1)
    assert len(kinds(report, "conv")) == convolutions == blocks * (2**columns - 1)


@few
@given(st.lists(st.integers(1, 8), min_size=1, max_size=5), st.integers(1, 6))
def test_weights_and_paths_of_a_fractal(widths: list[int], columns: int) -> None:
    chosen = {"widths": str(widths), "columns": columns, "classes": 10, "H": 2 ** len(widths)}
    graph = archcalc.graph("fractalnet", settings=chosen)
    totals = archcalc.analyze("fractalnet", settings=chosen).totals
    assert totals.depth - 1 == len(widths) * 2 ** (columns - 1)
    assert totals.shortest_path - 1 == len(widths)
    # f(1) is one path; f(c + 1) goes through f(c) twice, or through one convolution
    through = 1
    for _ in range(columns - 1):
        through = through**2 + 1
    assert ways(graph) == through ** len(widths)
    # in each block the first convolution of every column sees the block's input
    expected, c = 10 * widths[-1] + 10, 3
    for w in widths:
        expected += 9 * w * (columns * c + (2**columns - 1 - columns) * w) + 2 * w * (2**columns - 1)
        c = w
    assert totals.params == expected


@few
@given(st.integers(1, 4), st.integers(1, 6))
def test_weights_of_a_wide_resnet(n: int, k: int) -> None:
    # Zagoruyko and Komodakis 2016, arXiv:1605.07146, Table 1
    expected, c = 27 * 16, 16
    for width in (16 * k, 32 * k, 64 * k):
        expected += 9 * c * width + 9 * width * width + (c * width if c != width else 0) + 2 * (c + width)
        expected += (n - 1) * (18 * width * width + 4 * width)
        c = width
    expected += 2 * c + 10 * c + 10
    assert archcalc.analyze("wrn_cifar", settings={"depth": 6 * n + 4, "k": k}).totals.params == expected


@few
@given(st.integers(1, 32), small, small)
def test_weights_of_an_aggregated_block(cardinality: int, width: int, features: int) -> None:
    # Xie et al. 2016, arXiv:1611.05431, equation 4: C (256 d + 3 3 d d + d 256)
    inner = cardinality * width
    block = f"""
        - add:
            body:
              - conv: {{out: {inner}, kernel: 1, bias: false}}
              - conv: {{out: {inner}, kernel: 3, padding: 1, groups: {cardinality}, bias: false}}
              - conv: {{out: {features}, kernel: 1, bias: false}}
            shortcut: []
    """
    expected = cardinality * (features * width + 9 * width * width + width * features)
    assert params(block, f"[{features}, 5, 5]") == expected
    assert mult_adds(block, f"[{features}, 5, 5]") == 25 * expected


@few
@given(st.integers(1, 12), st.integers(1, 8))
def test_cardinality_of_a_resnext(groups: int, width: int) -> None:
    def total(groups: int, width: int) -> tuple[Any, Any]:
        report = archcalc.analyze("resnext29_8x64d_cifar", settings={"groups": groups, "width_per_group": 8 * width})
        inner = [layer.params for layer in kinds(report, "conv") if layer.path.endswith("conv2")]
        return sum(inner), report.totals.depth

    one, depth = total(1, width)
    assert total(groups, width) == (groups * one, depth)
    assert depth == 29


@pytest.mark.parametrize(
    ("network", "states", "penultimate", "filters"),
    [
        ("nasnetamobile", 6, 1056, 44), ("nasnetalarge", 6, 4032, 168), ("nasnet_a_cifar", 6, 768, 32),
        ("pnasnet5mobile", 5, 1080, 54), ("pnasnet5large", 5, 4320, 216),
    ],
)  # fmt: skip
def test_filters_of_searched_networks(network: str, states: int, penultimate: int, filters: int) -> None:
    # Zoph et al. 2017, arXiv:1707.07012, section 4: two doublings, and the joined states of a cell
    report = archcalc.analyze(network)
    assert report.hyperparameters["F"] == filters == penultimate // (4 * states)
    assert kinds(report, "global_avg_pool")[0].output_shape == (penultimate,)


@trying(max_examples=8, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4))
def test_cells_of_a_searched_network(n: int, filters: int) -> None:
    # each cell joins six states as wide as its stack; a normal cell more is the same weights more
    def total(n: int) -> int:
        chosen = {"N": n, "penultimate": 24 * filters}
        return whole(archcalc.analyze("nasnet_a_cifar", settings=chosen).totals.params)

    sizes = [total(m) for m in (n + 2, n + 3, n + 4)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0]


def test_weights_of_capsules() -> None:
    # Sabour, Frosst and Hinton 2017, arXiv:1710.09829, section 4
    assert params("[{capsule: [10, 16]}]", "[1152, 8]") == 1474560


@few
@given(small, small, small, small)
def test_a_capsule_has_a_matrix_per_pair(fits: int, many: int, narrow: int, wide: int) -> None:
    assert params(f"[{{capsule: [{many}, {wide}]}}]", f"[{fits}, {narrow}]") == fits * many * narrow * wide


# Memory


@pytest.mark.parametrize(("dtype", "size"), [("float16", 2), ("float32", 4), ("int8", 1)])
def test_bytes_of_a_tensor(dtype: str, size: int) -> None:
    report = archcalc.analyze("input: [3, 112, 112]\nlayers: [{conv: [64, 1]}]", dtype=dtype)
    assert report.totals.activation_bytes == 64 * 112 * 112 * size
    assert dtype != "float16" or report.totals.activation_bytes == 1605632


def test_bytes_of_training_with_adam() -> None:
    # a weight, its gradient and two moments, four bytes each
    assert 4 * (1 + 1 + 2) * archcalc.analyze("resnet50").totals.params == 408912512
