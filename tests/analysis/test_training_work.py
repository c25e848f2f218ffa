"""The mult-adds of training beside what PyTorch counts, by hand, and by the laws of the backward pass."""

from __future__ import annotations

import pytest

import archcalc
from archcalc import OPS, Setup
from archcalc.analysis.training_work import TrainingWork, training_work
from archcalc.recorded import total

PERCEPTRON = "{input: [4], layers: [{linear: 8}, relu, {linear: 16}, relu, {linear: 2}]}"
MAPS = """
input: [3, 8, 8]
layers:
- conv: {out: 8, kernel: 3, padding: 1}
- relu
- conv: {out: 16, kernel: 3, stride: 2}
- relu
- transposed_conv: {out: 4, kernel: 2, stride: 2}
- flatten
- linear: 5
"""


def work(spec: str, setup: Setup | None = None, **fields: object) -> TrainingWork:
    """The training work of a spec, set up with these fields."""
    return training_work(archcalc.graph(spec), (setup or Setup())._replace(**fields))  # type: ignore[arg-type]


def test_perceptron_by_hand() -> None:
    first, second, third = 4 * 8, 8 * 16, 16 * 2
    forward = first + second + third
    assert work(PERCEPTRON) == (forward, first + 2 * second + 2 * third, 0)
    assert work(PERCEPTRON, train_from="linear2") == (forward, second + 2 * third, 0)
    assert work(PERCEPTRON, train_from="linear3") == (forward, third, 0)
    assert work(PERCEPTRON).total == forward + 352


# What FlopCounterMode of PyTorch 2.13 counts of the same network, forward and backward, halved: 2 flops per mult-add.
@pytest.mark.parametrize(
    ("spec", "cut", "forward", "backward"),
    [
        (PERCEPTRON, None, 192, 352),
        (PERCEPTRON, "linear2", 192, 192),
        (PERCEPTRON, "linear3", 192, 32),
        (MAPS, None, 27216, 40608),
        (MAPS, "conv2", 27216, 16416),
        (MAPS, "transposed_conv", 27216, 3744),
        (MAPS, "linear", 27216, 720),
    ],
)
def test_pytorch_from_a_cut_on(spec: str, cut: str | None, forward: int, backward: int) -> None:
    assert work(spec, train_from=cut) == (forward, backward, 0)


@pytest.mark.parametrize(
    ("layers", "forward", "backward"),
    [
        ("linear: 6}, {attention: 2", 2208, 4128),
        ("linear: 6, trainable: false}, {attention: 2", 2208, 2976),
        ("linear: 6}, {attention: 2, trainable: false", 2208, 2976),
        ("lstm: 4", 1280, 1728),
        ("linear: 6}, {lstm: 4", 1568, 2784),
        ("linear: 6}, {lstm: 4, trainable: false", 1568, 1504),
        ("lstm: {out: 4, layers: 2}", 2304, 3712),
        ("linear: 6}, {lstm: {out: 4, layers: 2}", 2592, 4768),
        ("linear: 6}, {lstm: {out: 4, layers: 2}, trainable: false", 2592, 2464),
        ("lstm: {out: 4, layers: 2, bidirectional: true}", 5632, 9472),
        ("linear: 6}, {lstm: {out: 4, layers: 2, bidirectional: true}", 5920, 11296),
        ("linear: 6}, {lstm: {out: 4, layers: 2, bidirectional: true}, trainable: false", 5920, 5664),
        ("gru: 4", 960, 1296),
        ("linear: 6}, {gru: 4, trainable: false", 1248, 1200),
        ("gru: {out: 4, layers: 2}", 1728, 2784),
        ("linear: 6}, {gru: {out: 4, layers: 2, bidirectional: true}", 4512, 8544),
    ],
)
def test_pytorch_on_sequences(layers: str, forward: int, backward: int) -> None:
    spec = f"{{input: [8, 6], layers: [{{{layers}}}]}}"
    assert work(spec, attention="stored") == (forward, backward, 0)


def test_fused_attention_computes_its_scores_again() -> None:
    """PyTorch counts five products backward where attention is fused, four of them gradients."""
    spec = "{input: [8, 6], layers: [{attention: 2}]}"
    scores = 2 * 8 * 8 * 3
    assert work(spec) == (4 * 8 * 36 + 2 * scores, 4 * 8 * 36 + 8 * 36 + 4 * scores, scores)
    frozen = "{input: [8, 6], layers: [{attention: 2, trainable: false}, {linear: 1}]}"
    assert work(frozen).recomputed == 0


def test_attention_between_two_tensors() -> None:
    """Only what is asked has a gradient: neither the queries nor their projection cost anything backward."""
    spec = """
    input: {asking: [4, 6], asked: [8, 6]}
    layers:
    - {linear: 6, from: asked, as: below}
    - {attention: 2, from: [asking, below], trainable: false}
    """
    linear, pairs = 8 * 36, 2 * 4 * 8
    scores = values = pairs * 3
    out = 4 * 36
    assert work(spec, attention="stored").backward == linear + 2 * linear + out + scores + 2 * values


def test_capsules() -> None:
    """Of three turns the couplings of the first are constant: nine gradients of sums and agreements."""
    spec = "{input: [8, 6], layers: [{linear: 6}, {capsule: [10, 16]}]}"
    linear, predictions, turn = 8 * 36, 8 * 10 * 16 * 6, 8 * 10 * 16
    assert work(spec) == (linear + predictions + 5 * turn, linear + 2 * predictions + 9 * turn, 0)


def test_checkpointed_parts_run_again() -> None:
    stages = "{input: [4], layers: [{linear: 8, name: a}, {linear: 16, name: b}, {linear: 2, name: c}]}"
    assert work(stages, checkpoint=("a", "c")).recomputed == 32 + 32
    assert work(stages, checkpoint=("a", "b"), train_from="b").recomputed == 128


def test_shared_weights_belong_to_the_first_step() -> None:
    """A weight that lies below the cut is frozen above it too."""
    spec = """
    input: [4]
    layers:
    - {linear: 4, share: tied, name: below}
    - {linear: 4, name: middle}
    - {linear: 4, share: tied, name: above}
    """
    assert work(spec) == (48, 16 + 2 * 32, 0)
    assert work(spec, train_from="middle") == (48, 16 + 16, 0)
    memory = archcalc.memory(spec, setup=Setup(train_from="middle"))
    assert memory.gradients_bytes == 4 * 20
    kept = 4 * 4  # the input of the middle; the weight above is frozen, so its input is not needed
    assert memory.saved_for_backward_bytes == kept
    assert memory.training_peak_bytes == 4 * 40 + kept + 4 * 4 + 4 * 20


@pytest.mark.parametrize("name", OPS)
def test_products_are_the_mult_adds(name: str) -> None:
    cls = OPS[name]
    graph = archcalc.graph(f"input: {cls.example_input}\nlayers:\n- {cls.example}\n")
    node = graph.nodes[-1]
    assert node.op is not None
    assert node.facts is not None
    products = node.op.products(node.shape, *graph.shapes(node))
    assert total([product.mult_adds for product in products] or [0]) == node.facts.work.mult_adds


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "mobilenet_v2", "densenet121"])
def test_backward_is_twice_forward_but_for_the_first_layer(name: str) -> None:
    report = archcalc.analyze(name)
    first = next(layer.mult_adds for layer in report.layers if layer.mult_adds)
    forward = report.totals.mult_adds
    assert work(name) == (forward, 2 * forward - first, 0)


def test_branches_that_no_gradient_flows_through() -> None:
    """Measured in PyTorch: a frozen branch costs nothing backward, a frozen layer above trained ones its input's."""
    spec = """
    input: [4]
    layers:
    - concat:
        one: [{linear: 6}]
        other: [{linear: 6, trainable: false}, {linear: 5, trainable: false}]
    - linear: 3
    - {linear: 7, trainable: false}
    - linear: 2
    """
    assert work(spec) == (146, 139, 0)


def test_grouped_convolutions() -> None:
    """Each group by itself: forward and both gradients cost the same."""
    spec = """
    input: [3, 8, 8]
    layers:
    - conv: {out: 6, kernel: 1}
    - depthwise_conv: {kernel: 3}
    - conv: {out: 4, kernel: 3, groups: 2}
    """
    first, depthwise, grouped = 3 * 6 * 64, 6 * 9 * 36, 4 * 3 * 9 * 16
    assert work(spec) == (first + depthwise + grouped, first + 2 * (depthwise + grouped), 0)
