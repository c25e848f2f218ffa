"""What each operator costs, by the words of design 4."""

from __future__ import annotations

import pytest
from asking import ask

import archcalc

N = 6 * 8 * 8

# step -> params, buffers, mult-adds, flops, activations on a map of 8 x 8 with 6 channels
COSTS: dict[str, tuple[int, int, int, int, int]] = {
    "{conv: {out: 4, kernel: 3, bias: false}}": (216, 0, 144 * 54, 2 * 144 * 54, 144),
    "{conv: [4, 3]}": (220, 0, 144 * 54, 2 * 144 * 54 + 144, 144),
    "{conv: {out: 4, kernel: 3, padding: 1}}": (220, 0, 256 * 54, 2 * 256 * 54 + 256, 256),
    "{conv: {out: 4, kernel: 1, groups: 2}}": (16, 0, 256 * 3, 2 * 256 * 3 + 256, 256),
    "{depthwise_conv: {kernel: 3, padding: 1, multiplier: 2, bias: false}}": (108, 0, 768 * 9, 2 * 768 * 9, 768),
    "{transposed_conv: {out: 4, kernel: 2, stride: 2}}": (100, 0, N * 16, 2 * N * 16 + 1024, 1024),
    "{transposed_conv: {out: 4, kernel: 2, stride: 2, groups: 2}}": (52, 0, N * 8, 2 * N * 8 + 1024, 1024),
    "batch_norm": (12, 12, 0, 2 * N, N),
    "{scale: }": (12, 0, 0, 2 * N, N),
    "{scale: false}": (6, 0, 0, N, N),
    "relu": (0, 0, 0, N, N),
    "relu6": (0, 0, 0, 2 * N, N),
    "prelu": (6, 0, 0, 2 * N, N),
    "{prelu: false}": (1, 0, 0, 2 * N, N),
    "softmax": (0, 0, 0, 5 * N, N),
    "tanh": (0, 0, 0, N, N),
    "{maxout: 3}": (0, 0, 0, 128 * 2, 128),
    "{max_pool: 2}": (0, 0, 0, 96 * 3, 96),
    "{avg_pool: 2}": (0, 0, 0, 96 * 4, 96),
    "{max_pool: [3, 1]}": (0, 0, 0, 216 * 8, 216),
    "global_avg_pool": (0, 0, 0, N, 6),
    "global_max_pool": (0, 0, 0, 6 * 63, 6),
    "{adaptive_avg_pool: 2}": (0, 0, 0, N, 24),
    "{add: {a: [], b: []}}": (0, 0, 0, N, N),
    "{add: {a: [], b: [], c: []}}": (0, 0, 0, 2 * N, N),
    "{add: {a: []}}": (0, 0, 0, 0, N),
    "{multiply: {a: [], b: []}}": (0, 0, 0, N, N),
    "{max: {a: [], b: []}}": (0, 0, 0, N, N),
    "{concat: {a: [], b: []}}": (0, 0, 0, 0, 2 * N),
    "{upsample: 2}": (0, 0, 0, 0, 4 * N),
    "{pad: 1}": (0, 0, 0, 0, 600),
    "{channel_shuffle: 2}": (0, 0, 0, 0, N),
    "{dropout: 0.5}": (0, 0, 0, 0, 0),
    "identity": (0, 0, 0, 0, 0),
    "flatten": (0, 0, 0, 0, 0),
    "{reshape: [[6, 64]]}": (0, 0, 0, 0, 0),
    "{slice: [1, 3]}": (0, 0, 0, 0, 0),
    "{crop: 4}": (0, 0, 0, 0, 0),
    "{subsample: 2}": (0, 0, 0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("step", COSTS)
def test_cost(step: str) -> None:
    totals = ask(f"[{step}]").totals
    assert (totals.params, totals.buffers, totals.mult_adds, totals.flops, totals.activations) == COSTS[step]


def test_flops_are_two_for_each_mult_add_and_one_for_all_else() -> None:
    totals = ask("[{linear: 5}, relu, softmax]", "[7]").totals
    assert (totals.mult_adds, totals.flops) == (35, 2 * 35 + 5 + 5 + 25)


def test_a_radial_basis_has_fixed_prototypes() -> None:
    totals = ask("[{radial_basis: 10}]", "[84]").totals
    assert (totals.params, totals.buffers, totals.mult_adds, totals.depth) == (0, 840, 0, 0)


def test_the_input_is_not_in_the_activations() -> None:
    assert ask("[relu]", "[10, 100, 100]").totals.activations == 100_000


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4 * 216), ("float16", 2 * 216), ("int8", 216), ("int4", 108)])
def test_bytes(dtype: str, size: int) -> None:
    text = "input: [6, 8, 8]\nlayers: [{conv: {out: 6, kernel: 3}}]\n"
    assert archcalc.analyze(text, dtype=dtype).totals.activation_bytes == size
    assert archcalc.analyze(text, dtype=dtype, batch=10).totals.activation_bytes == 10 * size


def test_half_bytes_are_rounded_up_per_tensor() -> None:
    text = "input: [5]\nlayers: [relu, tanh]\n"
    assert archcalc.analyze(text, dtype="int4").totals.activation_bytes == 3 + 3
    assert archcalc.analyze(text, dtype="int4", batch=2).totals.activation_bytes == 5 + 5


def test_sequences_and_volumes() -> None:
    assert ask("[{conv: [4, 3, 1, 1]}]", "[10, 6]").totals.mult_adds == 10 * 4 * 6 * 3
    assert ask("[{conv: [4, 3, 1, 1]}]", "[6, 2, 4, 5]").totals.mult_adds == 40 * 4 * 6 * 27
    assert ask("[{linear: 4}]", "[10, 6]").totals.mult_adds == 10 * 4 * 6
    assert ask("[layer_norm]", "[10, 6]").totals.params == 12
    assert ask("[layer_norm]", "[6, 4, 4]").totals.params == 12


def test_dropout_works_in_training_only() -> None:
    totals = ask("[{dropout: 0.5}]", training=True).totals
    assert (totals.flops, totals.activations, totals.params) == (N, N, 0)
