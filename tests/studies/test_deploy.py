"""Sizes on disk, intensities and rooflines: published figures, arithmetic by hand, brute force, and laws."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc
from archcalc import zoo
from archcalc.analysis.setup import Setup
from archcalc.recorded import replaced
from archcalc.studies.roofline import COMPUTE, MEMORY

if TYPE_CHECKING:
    from archcalc.studies.deploy import Deployed, Deployment

FOLDED = Setup(fold_batch_norm=True)
MACHINE: dict[str, Any] = {"flops_per_second": "2T", "bandwidth": "50GB"}
MIB = 2**20


def on_disk(deployment: Deployment) -> dict[str, Any]:
    return {stored.precision: stored.bytes for stored in deployment.sizes}


def at(deployment: Deployment, path: str) -> Deployed:
    """The layer at a path."""
    (found,) = [one for one in deployment.layers if one.layer.path == path]
    return found


# Size on disk.


@pytest.mark.parametrize(
    ("name", "mib"),
    [("vgg16", "527.796"), ("resnet50", "97.781"), ("mobilenet_v2", "13.555"), ("squeezenet1_0", "4.778")],
)
def test_files_of_torchvision(name: str, mib: str) -> None:
    """The sizes of files, in MiB, that torchvision 0.20 states for its weights; the container takes under 0.1 MiB."""
    size = on_disk(archcalc.deploy(name))["float32"]
    assert 0 <= Fraction(mib) - Fraction(size, MIB) < Fraction(1, 10)


def test_squeezenet_is_4_8_mib() -> None:
    """Iandola et al. 2016, arXiv:1602.07360, Table 2: 4.8 MB, which are MiB; with 8 bits a quarter."""
    deployment = archcalc.deploy("squeezenet1_0")
    sizes = on_disk(deployment)
    assert sizes == {"float32": 4_993_696, "float16": 2_496_848, "int8": 1_248_424, "int4": 624_212}
    assert f"{sizes['float32'] / MIB:.1f}" == "4.8"
    assert f"{sizes['float32'] / 10**6:.1f}" == "5.0"
    assert [deployment.smaller(stored) for stored in deployment.sizes] == [1, 2, 4, 8]


def test_buffers_stay_in_float32_where_weights_are_integers() -> None:
    deployment = archcalc.deploy("resnet50")
    assert [(stored.precision, stored.params_bytes, stored.buffers_bytes) for stored in deployment.sizes] == [
        ("float32", 4 * 25_557_032, 4 * 53_120),
        ("float16", 2 * 25_557_032, 2 * 53_120),
        ("int8", 25_557_032, 4 * 53_120),
        ("int4", 25_557_032 // 2, 4 * 53_120),
    ]
    assert deployment.smaller(deployment.sizes[2]) == Fraction(102_440_608, 25_769_512)


def test_every_array_ends_with_a_whole_byte() -> None:
    """3*3*3*5 = 135 and 5 scalars: 68 + 3 bytes, not 70."""
    deployment = archcalc.deploy(spec("[{conv: {out: 5, kernel: 3}}]", "[3, 8, 8]"))
    assert on_disk(deployment)["int4"] == 71


def test_shared_weights_are_stored_once() -> None:
    deployment = archcalc.deploy("gpt2")
    assert on_disk(deployment)["float32"] == 4 * 124_439_808


def test_the_precision_asked_for_is_listed_too() -> None:
    deployment = archcalc.deploy("lenet5", weights="float64")
    assert on_disk(deployment)["float64"] == 8 * deployment.report.totals.params_and_buffers
    assert "bfloat16" not in on_disk(deployment)


def test_a_network_without_weights() -> None:
    deployment = archcalc.deploy(spec("[relu]"), **MACHINE)
    assert set(on_disk(deployment).values()) == {0}
    assert [deployment.smaller(stored) for stored in deployment.sizes] == [None] * 4


def test_folded_batch_norms_are_biases() -> None:
    """ResNet-50 has 26,560 channels with a batch norm: a bias each instead of scale, shift, mean and variance."""
    sizes = on_disk(archcalc.deploy("resnet50", setup=FOLDED))
    assert sizes["int8"] * 4 == sizes["float32"] == 4 * (25_557_032 - 26_560)


@pytest.mark.parametrize("biased", ["true", "false"])
def test_a_folded_network_is_the_one_with_biases(biased: str) -> None:
    steps = "{{conv: {{out: 4, kernel: 3, bias: {}}}}}, {} relu, {{linear: {{out: 9, bias: {}}}}}, {}"
    with_norms = spec(
        f"[{steps.format(biased, 'batch_norm,', biased, 'batch_norm')}]".replace("relu,", "relu, flatten,")
    )
    with_biases = spec(f"[{steps.format('true', '', 'true', 'relu')}]".replace("relu,", "relu, flatten,"))
    norms = archcalc.deploy(with_norms, setup=FOLDED, batch=3, **MACHINE)
    biases = archcalc.deploy(with_biases, batch=3, **MACHINE)
    assert norms.sizes == biases.sizes
    mine, theirs = ({one.layer.path: one[1:] for one in found.layers} for found in (norms, biases))
    for path in ("conv", "linear"):
        assert mine[path] == theirs[path]
    assert [mine[path][0].moves for path in ("batch_norm1", "batch_norm2")] == [False, False]


def test_what_training_runs_is_not_folded() -> None:
    folded, apart = (archcalc.deploy("resnet18", training=True, setup=setup) for setup in (FOLDED, Setup()))
    assert folded.demand == apart.demand


# Arithmetic intensity.


def test_vgg16_by_hand() -> None:
    deployment = archcalc.deploy("vgg16", **MACHINE)
    first = at(deployment, "conv1/conv1").demand
    assert first.flops == 2 * 86_704_128 + 64 * 224 * 224
    assert first.bytes == 4 * (3 * 224 * 224 + 64 * 224 * 224 + 1_792)
    full = at(deployment, "linear1").demand  # fc6: a multiply-accumulate, two flops, per weight of four bytes
    assert full.flops == 2 * 102_760_448 + 4096
    assert full.bytes == 4 * (25_088 + 4_096 + 102_764_544)
    assert full.intensity == Fraction(2 * 102_760_448 + 4096, 4 * 102_793_728)
    assert Fraction(49, 100) < full.intensity < Fraction(1, 2)
    assert all(one.demand.intensity > 50 for one in deployment.layers[2:31] if one.layer.op == "conv")  # type: ignore[operator]
    assert at(deployment, "conv1/relu1").demand.intensity == Fraction(1, 8)  # one flop for reading and writing 4 bytes


def test_alexnet_by_hand() -> None:
    """torchvision's fc6: 9216 to 4096; conv1: 11 x 11 over 3 channels to 64 x 55 x 55."""
    deployment = archcalc.deploy("alexnet", **MACHINE)
    convs = [one for one in deployment.layers if one.layer.op == "conv"]
    linears = [one for one in deployment.layers if one.layer.op == "linear"]
    assert convs[0].demand.flops == 2 * 363 * 64 * 55 * 55 + 64 * 55 * 55
    assert convs[0].demand.bytes == 4 * (3 * 224 * 224 + 363 * 64 + 64 + 64 * 55 * 55)
    assert linears[0].demand.flops == 2 * 9216 * 4096 + 4096
    assert linears[0].demand.bytes == 4 * (9216 + 9216 * 4096 + 4096 + 4096)
    assert [one.bound and one.bound.limited_by for one in linears] == [MEMORY] * 3


def test_weights_and_tensors_of_their_own_precision() -> None:
    network = spec("[{linear: 10}, batch_norm]", "[7]")
    demands = [one.demand for one in archcalc.deploy(network, weights="int4", dtype="float16", batch=3).layers]
    assert [(d.weight_bytes, d.activation_bytes) for d in demands] == [
        (35 + 5, 2 * 3 * (7 + 10)),
        (5 + 5 + 4 * 20, 2 * 3 * (10 + 10)),  # the running statistics stay in float32
    ]
    assert archcalc.deploy(network, dtype="int4", batch=3).layers[0].demand.activation_bytes == 11 + 15


def test_formulas() -> None:
    network = spec("[{conv: {out: c, kernel: 3, bias: false}}]", "[3, 10, 10]", hyperparameters="c: 2")
    deployment = archcalc.deploy(network, free=["c"], batch="b")
    demand = deployment.layers[0].demand
    assert demand.intensity_text == "864*b*c/(64*b*c + 300*b + 27*c)"
    for c, b in ((1, 1), (5, 8)):
        asked = archcalc.deploy(network, settings={"c": c}, batch=b)
        free = replaced(replaced(demand.intensity, "c", c), "b", b)  # type: ignore[arg-type]
        assert asked.layers[0].demand.intensity == free
        sizes = [replaced(stored.bytes, "c", c) for stored in deployment.sizes]
        assert sizes == list(on_disk(asked).values())


def test_views_move_nothing_whatever_the_batch() -> None:
    flatten = at(archcalc.deploy("lenet_d2l", batch="b"), "flatten").demand
    assert (flatten.moves, flatten.intensity) == (False, None)


def test_formulas_of_a_loop_whose_count_is_free() -> None:
    deployment = archcalc.deploy("resnet110_cifar", free=["n"])
    for n in (2, 18):
        asked = archcalc.deploy("resnet110_cifar", settings={"n": n})
        assert [replaced(stored.bytes, "n", n) for stored in deployment.sizes] == list(on_disk(asked).values())
        for mine, theirs in ((deployment.demand, asked.demand), (deployment.whole, asked.whole)):
            assert [replaced(number, "n", n) for number in mine] == list(theirs)


# The roofline.


def test_the_whole_network() -> None:
    """VGG-16: 30,972,257,256 flops; weights, 150,528 inputs and 1000 outputs at 4 bytes."""
    deployment = archcalc.deploy("vgg16", **MACHINE)
    assert deployment.whole.bytes == 553_430_176 + 4 * (150_528 + 1000)
    assert deployment.whole_network_seconds == Fraction(30_972_257_256, 2 * 10**12)
    slow = archcalc.deploy("vgg16", flops_per_second="2T", bandwidth="1GB")
    assert slow.whole_network_seconds == Fraction(554_036_288, 10**9)


def test_tied_weights_are_moved_once() -> None:
    """The look-up reads eight rows, the head all 100; a table that only a look-up reads is not read whole."""
    tied = spec("[{embedding: [100, 16], share: t}, {linear: {out: 100, bias: false}, share: t}]", "[8]")
    assert archcalc.deploy(tied).whole.weight_bytes == 4 * 1600
    assert archcalc.deploy(spec("[{embedding: [100, 16]}]", "[8]")).whole.weight_bytes == 4 * 8 * 16


def test_without_a_machine_there_are_no_bounds() -> None:
    deployment = archcalc.deploy("lenet5")
    assert deployment.layer_by_layer_seconds is None
    assert deployment.whole_network_seconds is None
    assert [one.bound for one in deployment.layers] == [None] * len(deployment.layers)


@pytest.mark.parametrize("name", zoo.specs())
def test_the_zoo(name: str) -> None:
    """Sizes add up from the totals, half bytes rounded up once per array; no bound is below those that it implies."""
    deployment = archcalc.deploy(name, **MACHINE)
    _sizes_add_up(deployment)
    seconds, whole = deployment.layer_by_layer_seconds, deployment.whole_network_seconds
    assert seconds is not None
    assert whole is not None
    assert seconds >= whole
    assert whole == max(
        Fraction(int(deployment.whole.flops), 2 * 10**12), Fraction(int(deployment.whole.bytes), 50 * 10**9)
    )
    assert deployment.demand.flops == deployment.report.totals.flops
    for one in deployment.layers:
        assert (one.bound is None) == (one.demand.intensity is None)
        if one.bound is not None:
            assert (one.bound.limited_by == COMPUTE) == (one.demand.intensity >= 40)  # type: ignore[operator]
            assert (one.bound.compute_bound_from == 1) == (one.bound.limited_by == COMPUTE)


def _sizes_add_up(deployment: Deployment) -> None:
    totals = deployment.report.totals
    sizes = on_disk(deployment)
    assert sizes["float32"] == 4 * totals.params_and_buffers == 2 * sizes["float16"]
    assert sizes["int8"] == totals.params + 4 * totals.buffers
    assert 0 <= 2 * (sizes["int4"] - 4 * totals.buffers) - totals.params <= 8 * len(deployment.layers)


STEPS = st.sampled_from(
    ["{conv: [5, 3, 1, 1]}", "relu", "batch_norm", "{depthwise_conv: [3, 1, 1]}", "{add: {a: [{conv: [5, 1]}], b: [{conv: [5, 1]}]}}", "{avg_pool: [3, 1, 1]}", "dropout"]
)  # fmt: skip
RATE = st.integers(1, 40)


@given(st.lists(STEPS, min_size=1, max_size=4), RATE, st.sampled_from(["float32", "int8", "int4"]), st.booleans())
@settings(max_examples=25)
def test_the_batch_from_which_a_layer_is_compute_bound(steps: list[str], ridge: int, dtype: str, whole: bool) -> None:
    """Networks at batch 1, 2, ...: memory is the limit before that batch, arithmetic at it and after it."""
    tail = ["flatten", "{linear: 9}"] if whole else []
    network = archcalc.load(spec(f"[{', '.join([*steps, *tail])}]", "[5, 3, 3]"))
    machine: dict[str, Any] = {"flops_per_second": ridge, "bandwidth": 8}
    tried = [archcalc.deploy(network, batch=batch, dtype=dtype, **machine) for batch in range(1, 25)]
    for i, one in enumerate(tried[0].layers):
        if one.bound is None:
            continue
        limits = [deployment.layers[i].bound for deployment in tried]
        assert {bound and bound.compute_bound_from for bound in limits} == {one.bound.compute_bound_from}
        first = one.bound.compute_bound_from or 10**9
        assert all(bound and bound.limited_by == COMPUTE for bound in limits[first - 1 :])
        if 1 < first <= len(limits):
            assert limits[first - 2].limited_by == MEMORY  # type: ignore[union-attr]


@given(st.lists(STEPS, min_size=1, max_size=4), st.integers(1, 9))
@settings(max_examples=25)
def test_intensity_grows_with_the_batch_to_that_without_weights(steps: list[str], batch: int) -> None:
    network = archcalc.load(spec(f"[{', '.join(steps)}]", "[5, 3, 3]"))
    few, many = (archcalc.deploy(network, batch=samples).layers for samples in (batch, batch + 1))
    for before, after in zip(few, many, strict=True):
        if before.demand.intensity is None:
            continue
        most = Fraction(int(before.demand.flops), int(before.demand.activation_bytes))
        assert before.demand.intensity <= after.demand.intensity <= most  # type: ignore[operator]


def test_the_batch_in_closed_form() -> None:
    """b >= ridge*w / (f - ridge*a) with VGG-16's fc6."""
    bound = at(archcalc.deploy("vgg16", **MACHINE), "linear1").bound
    weights, moved, flops = 4 * 102_764_544, 4 * (25_088 + 4_096), 2 * 102_760_448 + 4096
    assert bound is not None
    assert bound.compute_bound_from == ceil(Fraction(40 * weights, flops - 40 * moved))


# What is refused.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"free": ["growth"], **MACHINE}, "a roofline takes numbers, and left free: growth"),
        ({"batch": "b", **MACHINE}, "a roofline takes numbers, and left free: b"),
        ({"bandwidth": "50GB"}, "a roofline takes two numbers: flops per second and bandwidth"),
        ({"weights": "int99"}, "there is no precision 'int99'"),
        ({"batch": 0}, "a batch is a whole number"),
    ],
)
def test_what_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.deploy("densenet121", **options)
    assert str(caught.value).startswith(said)
    assert caught.value.hint or options == {"batch": 0}
