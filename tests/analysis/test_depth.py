"""depth: the most operators with both weights and mult-adds on one path from an input to an output; and the fewest."""

from __future__ import annotations

import pytest
from asking import ask

import archcalc

CONV = "{conv: [6, 1]}"

CASES: dict[str, tuple[int, int]] = {
    "[]": (0, 0),
    "[relu]": (0, 0),
    f"[{CONV}]": (1, 1),
    f"[{CONV}, batch_norm, relu, {CONV}]": (2, 2),
    f"[{{add: {{body: [{CONV}, {CONV}], shortcut: []}}}}]": (2, 0),
    f"[{{add: {{body: [{CONV}, {CONV}], shortcut: [{CONV}]}}}}]": (2, 1),
    f"[{{repeat: 3, layers: [{{add: {{body: [{CONV}, {CONV}], shortcut: []}}}}]}}, {CONV}]": (7, 1),
    f"[{{concat: {{a: [{CONV}], b: [{CONV}, {CONV}], c: [{CONV}, {CONV}, {CONV}]}}}}, {CONV}]": (4, 2),
    f"[{CONV}, {{output: {{aux: [{CONV}, {CONV}, {CONV}]}}}}, {CONV}]": (4, 2),
    "[batch_norm, prelu, scale, layer_norm]": (0, 0),
    "[{depthwise_conv: [3, 1, 1]}, {transposed_conv: [6, 1]}, global_avg_pool, {linear: 3}]": (3, 3),
    "[global_avg_pool, {radial_basis: 4}]": (0, 0),
    "[{repeat: 4, layers: [{conv: [6, 1], share: w}]}]": (4, 4),
    f"[{{multiply: {{body: [{CONV}], gate: [global_avg_pool, {{linear: 3}}, {{linear: 6}}]}}}}]": (2, 1),
    f"[{{add: {{a: [{{add: {{x: [{CONV}], y: []}}}}], b: [{{add: {{x: [{CONV}, {CONV}], y: [{CONV}]}}}}]}}}}]": (2, 0),
}  # fmt: skip


@pytest.mark.parametrize("layers", CASES)
def test_depth(layers: str) -> None:
    totals = ask(layers).totals
    assert (totals.depth, totals.shortest_path) == CASES[layers]


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("vgg16", 16),
        ("vgg19", 19),
        ("resnet50", 50),
        ("resnet18", 18),
        ("densenet121", 121),
        ("googlenet", 22),
        ("alexnet", 8),
    ],
)
def test_depths_that_name_the_networks(name: str, depth: int) -> None:
    assert archcalc.analyze(name).totals.depth == depth


def test_several_inputs() -> None:
    layers = f"[{{as: [a, b]}}, {{conv: [6, 1], from: a}}, {CONV}, {{as: c}}, {{add, from: [b, c]}}]"
    totals = ask(layers, "{a: [6, 8, 8], b: [6, 8, 8]}").totals
    assert (totals.depth, totals.shortest_path) == (2, 0)
