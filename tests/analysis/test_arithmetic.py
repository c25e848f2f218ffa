"""Counts of arithmetic by name: published figures, sums by hand, and the laws that bind them to flops and mult-adds."""

from __future__ import annotations

import pytest
from asking import ask
from evaluating import at

import archcalc
from archcalc import Setup, zoo
from archcalc.analysis.arithmetic import ARITHMETIC, KINDS
from archcalc.analysis.training_work import training_work
from archcalc.limits import LIMITS

SMALL_ZOO = [
    name for name in zoo.specs() if name in ("resnet18", "mobilenet_v2", "unet", "vit_b_16", "dcgan", "lenet5")
]


def count(report: archcalc.Report, name: str) -> int:
    """The total of a count."""
    return int(sum(report.counts(name)))


# Source: github.com/Zhen-Dong/HAWQ, model_zoo.md, in G, as Yao et al. 2020, arXiv:2011.10680; its ResNet-50 is the v1.
@pytest.mark.parametrize(
    ("name", "v1", "dtype", "printed"),
    [
        ("resnet18", False, "float32", 1858),
        ("resnet18", False, "int8", 116),
        ("resnet50", True, "float32", 3951),
        ("resnet50", True, "int8", 247),
    ],
)
def test_published_bit_operations(name: str, v1: bool, dtype: str, printed: int) -> None:
    report = archcalc.analyze(name, settings={"v1": str(v1).lower()} if v1 else {}, dtype=dtype)
    assert (count(report, "bit_operations") + 5 * 10**8) // 10**9 == printed


def test_bits_of_weights_and_of_activations() -> None:
    """Scores and sums of an attention multiply two activations."""
    spec = "{input: [8, 6], layers: [{attention: 2}, {linear: 3}]}"
    report = archcalc.analyze(spec, dtype="int8", setup=Setup(weights="int4"))
    weighted, pairs = 4 * 8 * 36, 2 * 8 * 8 * (3 + 3)
    assert report.counts("bit_operations") == (weighted * 32 + pairs * 64, 8 * 6 * 3 * 32)


def test_constants_have_the_bits_of_activations() -> None:
    """The couplings of the first turn of a capsule, and a glimpse, which has no weights."""
    report = archcalc.analyze(
        "{input: [8, 6], layers: [{capsule: [10, 16]}]}", dtype="int8", setup=Setup(weights="int2")
    )
    predictions, turn = 8 * 10 * 16 * 6, 8 * 10 * 16
    assert report.counts("bit_operations") == (predictions * 16 + 5 * turn * 64,)


@pytest.mark.parametrize("name", SMALL_ZOO)
def test_flops_are_the_kinds(name: str) -> None:
    report = archcalc.analyze(name)
    for layer, *kinds in zip(report.layers, *map(report.counts, KINDS), strict=True):
        assert layer.flops == 2 * layer.mult_adds + sum(kinds)


@pytest.mark.parametrize("name", SMALL_ZOO)
def test_backward_adds_up_to_the_work_of_a_training_step(name: str) -> None:
    report = archcalc.analyze(name)
    work = training_work(report.graph, report.setup.in_training)
    assert count(report, "backward_mult_adds") == work.backward
    assert work.forward == report.totals.mult_adds


def test_backward_layer_by_layer() -> None:
    """The first has no gradient of its input, the frozen one none of its weights; as PyTorch 2.13 counts by module."""
    report = archcalc.analyze("""
    input: [3, 8, 8]
    layers:
    - {conv: {out: 8, kernel: 3, padding: 1}, trainable: false}
    - relu
    - {conv: {out: 16, kernel: 3, stride: 2}}
    - relu
    - {transposed_conv: {out: 4, kernel: 2, stride: 2}, trainable: false}
    - flatten
    - {linear: 5}
    """)
    assert report.counts("backward_mult_adds") == (0, 0, 10368, 0, 2304, 0, 2 * 720)


def test_dropout_idles_at_inference() -> None:
    layers = "[{linear: 4}, {dropout: 0.5}, relu]"
    assert ask(layers, "[6]").counts("compares") == (0, 0, 4)


def test_what_layers_carry_has_a_name_too() -> None:
    report = ask("[{conv: [4, 3]}, relu]")
    assert report.counts("flops") == tuple(layer.flops for layer in report.layers)


@pytest.mark.parametrize(
    ("name", "hint"), [("useful_mult_add", "did you mean 'useful_mult_adds'?"), ("path", "counts: multiplies, adds, ")]
)
def test_other_names_are_refused(name: str, hint: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        ask("[relu]").counts(name)
    assert str(caught.value).startswith(f"there is no count '{name}'\n  {hint}")


@pytest.mark.parametrize("name", [name for name in ARITHMETIC if name != "backward_mult_adds"])
def test_all_passes_of_a_loop_count(name: str) -> None:
    """A count of passes that is left free: the formula gives the numbers."""
    formula = archcalc.analyze("resnet20_cifar", free=["n"]).counts(name)
    for n in (1, 3, 5):
        numbers = archcalc.analyze("resnet20_cifar", settings={"n": n}).counts(name)
        assert sum(at(number, {"n": n}) for number in formula) == sum(numbers)


def test_backward_through_a_loop_is_refused() -> None:
    report = archcalc.analyze("resnet20_cifar", free=["n"])
    with pytest.raises(archcalc.UndecidedError, match="what runs backward is not worked out"):
        report.counts("backward_mult_adds")


def test_a_free_strided_kernel_is_refused_by_its_path() -> None:
    text = "{hyperparameters: {k: 3}, input: [3, 32, 32], layers: [{conv: {out: 4, kernel: k, padding: 1, stride: 2}}]}"
    report = archcalc.analyze(text, free=["k"])
    assert LIMITS.taps == 4096
    with pytest.raises(archcalc.UndecidedError, match=r"^conv: what of a kernel lies on padding"):
        report.counts("useful_mult_adds")
