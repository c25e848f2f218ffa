"""Which weights of one network can be loaded into another: bottom up by place, and beyond that by name."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from asking import spec

import archcalc
from archcalc import zoo
from archcalc.studies.transfer import Amount, Load, Stop, Transfer

VGG16 = 138_357_544  # torchvision


def transferred(a: str, b: str, a_with: dict[str, Any] | None = None, b_with: dict[str, Any] | None = None) -> Transfer:
    return archcalc.transfer(archcalc.graph(a, settings=a_with), archcalc.graph(b, settings=b_with))


def between(a: str, b: str, shape: str = "[3, 8, 8]", **parts: Any) -> Transfer:
    """The transfer between two lists of layers."""
    return archcalc.transfer(spec(a, shape, **parts), spec(b, shape, **parts))


def stopped(answer: Transfer) -> Stop:
    assert answer.stop is not None
    return answer.stop


def everything(answer: Transfer) -> bool:
    """Whether all of both networks is loaded, by place."""
    sides = (answer.source, answer.target)
    return answer.stop is None and all(side.loaded == side.total for side in sides) and not answer.by_name


# Networks of the zoo, with truth from algebra.


def test_all_but_the_last_layer_of_vgg16() -> None:
    answer = transferred("vgg16", "vgg16", b_with={"classes": 10})
    assert answer.source.loaded == answer.target.loaded == Amount(15, VGG16 - 4_097_000, 0)
    assert answer.source.total == Amount(16, VGG16, 0)
    assert answer.target.total == Amount(16, VGG16 - 4_097_000 + 10 * 4097, 0)
    assert answer.stop == Stop("shape", "linear3", "linear3", "linear", "linear", "weight", (1000, 4096), (10, 4096))
    assert answer.by_name == ()


def test_all_but_the_last_layer_of_alexnet() -> None:
    answer = transferred("alexnet", "alexnet", b_with={"classes": 21})
    assert answer.source.loaded.params == 61_100_840 - 4_097_000  # torchvision
    assert answer.target.total.params == 61_100_840 - 4_097_000 + 21 * 4097


def test_resnet18_into_resnet34_stops_where_one_has_a_third_block() -> None:
    """conv1, bn1 and two basic blocks of 64 channels; by name the rest, for every block of 18 is one of 34 too."""
    answer = transferred("resnet18", "resnet34")
    block = 2 * (9 * 64 * 64 + 2 * 64)
    assert answer.target.loaded == Amount(10, 49 * 3 * 64 + 2 * 64 + 2 * block, 5 * 2 * 64)
    assert stopped(answer) == Stop(
        "shape",
        "layer2/basic1/add/body/conv1",
        "layer1/basic3/add/body/conv1",
        "conv",
        "conv",
        "weight",
        (128, 64, 3, 3),
        (64, 64, 3, 3),
    )
    assert answer.source.total.params == 11_689_512  # torchvision
    assert answer.target.total.params == 21_797_672
    assert answer.source.by_name.params == answer.target.by_name.params == 11_689_512 - answer.source.loaded.params
    assert answer.source.by_name.buffers == 9_600 - 640


def test_resnet50_into_resnet101_loads_the_last_stage_by_name() -> None:
    answer = transferred("resnet50", "resnet101")
    assert stopped(answer)[1:3] == ("layer4/bottleneck1/add/body/conv1", "layer3/bottleneck7/add/body/conv1")
    stage = sum(layer.params for layer in archcalc.analyze("resnet50").layers if layer.path.startswith("layer4/"))
    assert answer.source.by_name.params == stage + 2049 * 1000
    assert answer.source.by_name.params + answer.source.loaded.params == 25_557_032  # torchvision


def test_vgg16_into_vgg19_stops_at_its_fourth_convolution_of_256() -> None:
    answer = transferred("vgg16", "vgg19")
    convolutions = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    assert answer.target.loaded == Amount(7, sum((9 * i + 1) * o for i, o in convolutions), 0)
    assert stopped(answer)[1:3] == ("conv4/conv1", "conv3/conv4")


@pytest.mark.parametrize(
    ("a", "b", "a_with", "b_with"),
    [
        ("resnet50", "resnet50", {}, {"H": 320}),
        ("vgg16", "vgg16", {}, {"H": 320}),  # pooled to 7 x 7 before the classifier
        ("resnet50", "resnet50", {}, {"v1": True}),  # a stride is no weight
    ],
)
def test_nothing_that_weights_depend_on_has_changed(
    a: str, b: str, a_with: dict[str, Any], b_with: dict[str, Any]
) -> None:
    assert everything(transferred(a, b, a_with, b_with))


def test_without_that_pool_the_first_linear_layer_depends_on_the_image() -> None:
    answer = transferred("vgg16", "vgg16", {"pool": False}, {"pool": False, "H": 320})
    linear = 4097 * 4096 + 4097 * 1000
    assert stopped(answer)[-3:] == ("weight", (4096, 25088), (4096, 51200))
    assert answer.source.loaded.params == VGG16 - 25089 * 4096 - linear
    assert answer.by_name[0] == Load("linear1", "linear1", "linear", ("bias",), 4096, 0)
    assert answer.source.by_name == Amount(3, 4096 + linear, 0)


def test_the_trunk_of_a_fully_convolutional_network() -> None:
    """The convolutions of VGG-16, padded otherwise and called otherwise; then a linear layer stands for a convolution."""
    answer = transferred("vgg16", "fcn32s_vgg16")
    assert answer.source.loaded == Amount(13, VGG16 - 25089 * 4096 - 4097 * 4096 - 4097 * 1000, 0)
    assert stopped(answer) == Stop("op", "linear1", "fc6", "linear", "conv")
    assert answer.by_name == ()


@pytest.mark.parametrize("name", zoo.specs())
def test_every_network_can_be_loaded_into_itself(name: str) -> None:
    answer = archcalc.transfer(name, name)
    assert everything(answer)
    totals = archcalc.analyze(name).totals
    assert answer.source.total[1:] == (totals.params, totals.buffers)


PAIRS = [
    ("resnet18", "resnet50"),
    ("densenet121", "densenet169"),
    ("fcn32s_vgg16", "fcn8s_vgg16"),
    ("vgg11", "vgg16_bn"),
    ("vgg16_bn", "vgg16"),
    ("squeezenet1_0", "squeezenet1_1"),
    ("efficientnet_b0", "efficientnet_b1"),
]


def weights(name: str) -> dict[str, dict[str, tuple[int, ...]]]:
    """Path to weights to shapes, as a file of weights has them, asked of the operators one by one."""
    graph = archcalc.graph(name)
    found: dict[str, dict[str, Any]] = {}
    for node in graph.nodes:
        if node.op is not None and (held := node.op.weights(*graph.shapes(node))):
            found[node.path] = {f"{node.kind}.{name}": weight.shape for name, weight in held.items()}
    return found


@pytest.mark.parametrize(("a", "b"), [*PAIRS, *((b, a) for a, b in PAIRS)])
def test_brute_force(a: str, b: str) -> None:
    ours, theirs = weights(a), weights(b)
    fits = [x == y for x, y in zip(ours.values(), theirs.values(), strict=False)]
    place = (*fits, False).index(False)
    beyond = dict(list(ours.items())[place:])
    by_name = sum(
        prod(shape)
        for path, held in list(theirs.items())[place:]
        for name, shape in held.items()
        for other, same in beyond.get(path, {}).items()
        if other.split(".")[1] == name.split(".")[1] and same == shape
    )
    answer = archcalc.transfer(a, b)
    assert len(answer.loaded) == answer.source.loaded.layers == place
    assert sum(answer.target.loaded[1:]) == sum(prod(s) for w in list(theirs.values())[:place] for s in w.values())
    assert sum(answer.source.by_name[1:]) == sum(answer.target.by_name[1:]) == by_name


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_layers_add_up(a: str, b: str) -> None:
    answer = archcalc.transfer(a, b)
    for loads, amount in ((answer.loaded, answer.target.loaded), (answer.by_name, answer.target.by_name)):
        assert (len(loads), sum(m.params for m in loads), sum(m.buffers for m in loads)) == amount


# Rules, one at a time.


def test_another_operator_does_not_fit_though_its_shapes_do() -> None:
    answer = between("[batch_norm, {conv: [4, 1]}]", "[{batch_norm: {statistics: false}}, {conv: [4, 1]}]")
    assert stopped(answer)[0] == "weight"
    answer = between(
        "[{depthwise_conv: 3}, {conv: [4, 1]}]", "[{conv: {out: 3, kernel: 3, groups: 3}}, {conv: [4, 1]}]"
    )
    assert stopped(answer) == Stop("op", "depthwise_conv", "conv1", "depthwise_conv", "conv")


@pytest.mark.parametrize(("a", "b"), [("true", "false"), ("false", "true")])
def test_a_weight_that_one_lacks(a: str, b: str) -> None:
    layers = "[{conv: {out: 4, kernel: 1, bias: %s}, name: c}]"
    answer = between(layers % a, layers % b)
    shapes = ((4,), None) if a == "true" else (None, (4,))
    assert stopped(answer) == Stop("weight", "c", "c", "conv", "conv", "bias", *shapes)
    assert answer.by_name == (Load("c", "c", "conv", ("weight",), 12, 0),)


def test_axes_count() -> None:
    """A convolution over two axes has no weights for one over a volume."""
    answer = archcalc.transfer(spec("[{conv: [4, 1]}]", "[3, 8, 8]"), spec("[{conv: [4, 1]}]", "[3, 8, 8, 8]"))
    assert stopped(answer)[-2:] == ((4, 3, 1, 1), (4, 3, 1, 1, 1))


def test_layers_without_weights_have_no_place() -> None:
    answer = between("[{conv: [4, 1]}, relu, {conv: [5, 1]}]", "[{max_pool: 2}, {conv: [4, 1]}, {conv: [5, 1]}, tanh]")
    assert everything(answer)
    assert [load[:2] for load in answer.loaded] == [("conv1", "conv1"), ("conv2", "conv2")]


@pytest.mark.parametrize("longer", ["source", "target"])
def test_one_has_more_layers(longer: str) -> None:
    short, long = "[{conv: [4, 1], name: a}]", "[{conv: [4, 1], name: a}, {conv: [5, 1], name: b}]"
    answer = between(long, short) if longer == "source" else between(short, long)
    more = ("b", None) if longer == "source" else (None, "b")
    op = ("conv", None) if longer == "source" else (None, "conv")
    assert stopped(answer) == Stop("end", *more, *op)
    assert answer.source.loaded == answer.target.loaded == Amount(1, 16, 0)


def test_networks_without_weights() -> None:
    assert everything(between("[relu]", "[tanh]"))


def test_frozen_weights_are_loaded_too() -> None:
    assert everything(between("[{conv: [4, 1], trainable: false}]", "[{conv: [4, 1]}]"))


TIED = "[{embedding: [9, 4], share: w, name: in}, {linear: 4, name: middle}, {linear: {out: 9, bias: false}, share: w, name: out}]"
FREE = "[{embedding: [9, 4], name: in}, {linear: 4, name: middle}, {linear: {out: 9, bias: false}, name: out}]"


def test_shared_weights_count_once() -> None:
    answer = between(TIED, TIED, "[5]")
    assert everything(answer)
    assert answer.target.total == Amount(3, 9 * 4 + 5 * 4, 0)
    assert answer.loaded[-1] == Load("out", "out", "linear", ("weight",), 0, 0)


def test_a_shared_weight_can_fill_several() -> None:
    answer = between(TIED, FREE, "[5]")
    assert everything(answer)
    assert answer.source.loaded.params == 9 * 4 + 5 * 4
    assert answer.target.loaded.params == 2 * 9 * 4 + 5 * 4


def test_several_weights_cannot_fill_a_shared_one() -> None:
    answer = between(FREE, TIED, "[5]")
    assert stopped(answer) == Stop("share", "out", "out", "linear", "linear", "weight", (9, 4), (9, 4))
    assert answer.by_name == ()
    assert (answer.source.loaded.params, answer.target.loaded.params) == (9 * 4 + 5 * 4, 9 * 4 + 5 * 4)


def test_by_name_means_the_same_path_and_what_is_not_yet_loaded() -> None:
    a = "[{conv: [4, 1], name: a}, {conv: [5, 1], name: b}, {conv: [6, 1], name: c}, {conv: [6, 1], name: d}]"
    b = "[{conv: [4, 1], name: c}, {conv: [6, 1], name: b}, {conv: [6, 1], name: d}, {conv: [6, 1], name: a}]"
    answer = between(a, b)
    assert [load[:2] for load in answer.loaded] == [("a", "c")]
    assert [load[1] for load in answer.by_name] == ["d"]


# Free names.


def test_sizes_that_no_weight_depends_on_stay_free() -> None:
    answer = archcalc.transfer(*[archcalc.graph("resnet50", free=["H", "W"])] * 2)
    assert everything(answer)
    assert answer.source.total.params == 25_557_032


def test_a_free_name_is_the_same_in_both() -> None:
    answer = archcalc.transfer(*[archcalc.graph("vgg16", free=["classes"]) for _ in range(2)])
    assert answer.stop is None
    assert str(answer.target.loaded.params) == str(answer.target.total.params)


def test_shapes_that_certainly_differ_stop_it() -> None:
    networks = [spec(f"[{{conv: [n + {k}, 1]}}]", "[3, 8, 8]", hyperparameters="{n: 2}") for k in (1, 2)]
    answer = archcalc.transfer(*[archcalc.graph(network, free=["n"]) for network in networks])
    assert stopped(answer).reason == "shape"


def test_what_free_names_leave_open_is_an_error() -> None:
    networks = archcalc.graph("vgg16", free=["classes"]), archcalc.graph("vgg16")
    with pytest.raises(archcalc.UndecidedError, match="whether weight of linear3 fits depends on classes"):
        archcalc.transfer(*networks)


def test_a_free_number_of_layers_is_an_error() -> None:
    layers = "[{repeat: n, layers: [{conv: [3, 1]}]}]"
    network = archcalc.graph(spec(layers, "[3, 8, 8]", hyperparameters="{n: 3}"), free=["n"])
    with pytest.raises(archcalc.UndecidedError, match="how many layers there are depends on n"):
        archcalc.transfer(network, network)
