"""Peaks beside an independent referee, figures that were measured, and the laws of memory."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from referee.alive import Tensor, orders, peak

import archcalc
from archcalc import OPS, Setup
from archcalc.analysis.memory import Memory
from archcalc.graph import Graph

Made = tuple[list[Tensor], Graph, set[int]]
MANY = 2_000  # orders that are tried one by one


@st.composite
def networks(draw: st.DrawFn, most: int = 14) -> Made:
    """A random graph of vectors, as tensors for the referee and as a graph of operators."""
    graph = Graph()
    features = [draw(st.integers(1, 9)) * 2]
    graph.add_input("input", (features[0],))
    tensors = [Tensor((), 4 * features[0], "new")]
    for place in range(draw(st.integers(2, most))):
        kind = draw(st.sampled_from(["linear", "relu", "relu", "flatten", "slice", "concat", "add", "sigmoid"]))
        source = draw(st.integers(max(0, place - 4), place))
        width = features[source]
        reads: tuple[int, ...] = (source,)
        if kind in ("concat", "add"):
            others = [i for i in range(place + 1) if i != source and (kind == "concat" or features[i] == width)]
            if not others:
                kind = "relu"
            else:
                reads = (source, draw(st.sampled_from(others)))
        arguments = {}
        if kind == "linear":
            arguments = {"out": draw(st.integers(1, 20))}
        elif kind == "slice":
            arguments = {"start": 0, "stop": draw(st.integers(1, width))}
        how = {"relu": "overwrite", "sigmoid": "overwrite", "flatten": "view", "slice": "part"}.get(kind, "new")
        index = graph.add(kind, OPS[kind](**arguments), reads, f"step{place}", graph.root)
        features.append(graph.nodes[index].shape[0])  # type: ignore[arg-type]
        tensors.append(Tensor(reads, 4 * features[-1], how))
    read = {tensor for made in tensors for tensor in made.reads}
    ends = {index for index in range(len(tensors)) if index not in read}
    for index in ends:
        graph.add_output("output", index)
    graph.close()
    return tensors, graph, ends


@settings(max_examples=300, deadline=None)
@given(networks(), st.booleans(), st.booleans())
def test_peak_is_that_of_the_referee(made: Made, inplace: bool, keep_input: bool) -> None:
    tensors, graph, ends = made
    stays = ends | ({0} if keep_input else set())
    answer = Memory(graph, Setup(inplace=inplace, keep_input=keep_input))
    assert answer.peak_inference_bytes == peak(tensors, range(len(tensors)), stays, inplace=inplace)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(networks(most=7), st.booleans())
def test_best_schedule_is_that_of_all_orders(made: Made, inplace: bool) -> None:
    compare_with_all_orders(made, inplace)


@pytest.mark.thorough
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(networks(most=10), st.booleans())
def test_best_schedule_of_larger_graphs_is_that_of_all_orders(made: Made, inplace: bool) -> None:
    compare_with_all_orders(made, inplace)


def compare_with_all_orders(made: Made, inplace: bool) -> None:
    """The best schedule reaches the least peak of all orders, and says that none is lower."""
    tensors, graph, ends = made
    tried = list(islice(orders(tensors), MANY + 1))
    assume(len(tried) <= MANY)
    answer = Memory(graph, Setup(inplace=inplace, schedule="best"))
    assert answer.peak_inference_bytes == min(peak(tensors, order, ends, inplace=inplace) for order in tried)
    assert answer.peak_lower_bound_bytes == answer.peak_inference_bytes


@pytest.mark.parametrize(
    ("spec", "at_inference", "saved", "whole"),
    [
        ("vgg16", 25_690_112, 61_112_320, 12_242_944),
        ("resnet50", 9_633_792, 84_516_352, 1_605_632),
        ("mobilenet_v2", 9_633_792, 78_345_984, 0),
    ],
)
def test_as_measured_on_pytorch(spec: str, at_inference: int, saved: int, whole: int) -> None:
    answer = archcalc.memory(spec)
    assert answer.peak_inference_bytes == at_inference
    assert answer.saved_for_backward_bytes == saved
    assert answer.saved_for_backward_integer_bytes == whole


def test_activations_total_is_the_column_of_the_lecture() -> None:
    # Stanford CS231n, convolutional networks: 15,237,608 values with the image, for VGG-16 up to its 1000 scores.
    assert archcalc.memory("vgg16_paper").activations_total_bytes == 4 * 15_237_608


def test_best_schedule_of_nasnet_is_proved() -> None:
    answer = archcalc.memory("nasnetamobile", setup=Setup(schedule="best"))
    assert answer.peak_inference_bytes == answer.peak_lower_bound_bytes
    assert answer.peak_inference_bytes < archcalc.memory("nasnetamobile").peak_inference_bytes


def test_batch_norm_statistics_do_not_grow_with_the_batch() -> None:
    one, two, three = (archcalc.memory("resnet50", batch=b).saved_for_backward_bytes for b in (1, 2, 3))
    assert two - one == three - two == 84_303_872
    assert one - 84_303_872 == 4 * 2 * 26_560  # two numbers of each of the 26,560 channels that are normalised


def test_dense_blocks_are_quadratic_by_copy_and_linear_by_shared_storage() -> None:
    def concatenated(depth: int, concat: str) -> int:
        layers = [{"repeat": depth, "layers": [{"concat": {"before": [], "new": [{"conv": [4, 1]}]}}]}]
        spec = {"input": [4, 8, 8], "layers": layers}
        answer = archcalc.memory(spec, setup=Setup(concat=concat))
        return int(answer.activations_total_bytes)

    copied = [concatenated(depth, "copy") for depth in (2, 4, 6, 8)]
    shared = [concatenated(depth, "shared") for depth in (2, 4, 6, 8)]
    first = [after - before for before, after in pairwise(copied)]
    assert {after - before for before, after in pairwise(first)} == {4 * 64 * 4 * 4}
    assert len({after - before for before, after in pairwise(shared)}) == 1


def test_precision_of_weights_and_activations_apart() -> None:
    full = archcalc.memory("vgg16")
    half = archcalc.memory("vgg16", dtype="float16", setup=Setup(weights="int4"))
    assert half.peak_inference_bytes * 2 == full.peak_inference_bytes
    assert half.weights_bytes == 138_357_544 // 2
    assert archcalc.memory("vgg16", dtype="int3").peak_inference_bytes == 2 * 3_211_264 * 3 // 8


def test_mixed_precision_adam_takes_sixteen_bytes_a_parameter() -> None:
    # Rajbhandari et al. 2019, arXiv:1910.02054, section 3.1: 2 + 2 + 12.
    answer = archcalc.memory("resnet50", dtype="mixed", setup=Setup(optimizer="adam"))
    assert answer.weights_bytes + answer.gradients_bytes + answer.optimizer_bytes == 16 * 25_557_032


def test_what_lies_below_the_cut_saves_nothing() -> None:
    spec = {"input": [4], "layers": [{"linear": 8}, "relu", {"linear": 16}, "relu", {"linear": 2}]}
    whole = archcalc.memory(spec)
    head = archcalc.memory(spec, setup=Setup(train_from="linear3"))
    assert whole.saved_for_backward_bytes == 4 * (4 + 8 + 16)
    assert head.saved_for_backward_bytes == 4 * 16
    assert head.gradients_bytes == 4 * (16 * 2 + 2)


def test_batch_norm_is_folded_into_the_layer_before_it() -> None:
    one = {"conv": {"out": 4, "kernel": 1, "bias": False}}
    spec = {"input": [2, 8, 8], "layers": [one, "batch_norm", "relu"]}
    folded = archcalc.memory(spec, setup=Setup(fold_batch_norm=True))
    assert folded.weights_bytes == 4 * (2 * 4 + 4)  # the convolution now has a bias
    assert folded.buffers_bytes == 0
    assert folded.peak_inference_bytes == 4 * 64 * (2 + 4)
    assert archcalc.memory(spec).peak_inference_bytes == 4 * 64 * (4 + 4)


def test_batch_norms_behind_shared_weights_are_not_folded() -> None:
    shared = {"conv": {"out": 2, "kernel": 1, "bias": False}, "share": "both"}
    spec = {"input": [2, 8, 8], "layers": [shared, "batch_norm", shared, "batch_norm"]}
    plain, folded = (archcalc.memory(spec, setup=Setup(fold_batch_norm=f)) for f in (False, True))
    assert folded.weights_bytes == plain.weights_bytes == 4 * (4 + 4 + 4)
    assert folded.peak_inference_bytes == plain.peak_inference_bytes


def test_training_peak_by_hand() -> None:
    # Two linear layers of 3 -> 5 -> 2 without bias. At the end of the forward pass 3 + 5 numbers are kept. Backward of
    # the second: these, the gradients of its output and input, its weights': 8 + 2 + 5 + 10. Of the first: 3 kept, the
    # gradient of its output, all weight gradients: 3 + 5 + 10 + 15.
    layers = [{"linear": {"out": 5, "bias": False}}, {"linear": {"out": 2, "bias": False}}]
    answer = archcalc.memory({"input": [3], "layers": layers}, setup=Setup(optimizer="momentum"))
    assert answer.training_peak_bytes == 4 * (25 + 25 + max(8 + 2 + 5 + 10, 3 + 5 + 10 + 15))


def test_a_checkpointed_part_keeps_its_input_and_is_run_again() -> None:
    block = [{"conv": [1, 1]}, "tanh", {"conv": [1, 1]}, "tanh"]
    spec = {"input": [1, 16, 16], "blocks": {"part": block}, "layers": ["part", "part"]}
    plain = archcalc.memory(spec)
    less = archcalc.memory(spec, setup=Setup(checkpoint=("part1", "part2")))
    assert plain.saved_for_backward_bytes == 4 * 256 * 5
    assert less.saved_for_backward_bytes == 4 * 256 * 2
    assert less.training_peak_bytes < plain.training_peak_bytes


def test_all_checkpoints_every_outermost_part_of_several_operators() -> None:
    def saved(*checkpoint: str, first: str = "one") -> object:
        pair = {"repeat": 1, "layers": [{"conv": [1, 1]}, "tanh"]}
        inner = {"name": "two", "repeat": 1, "layers": [pair | {"name": "a"}, pair | {"name": "b"}]}
        layers = [pair | {"name": first}, inner, "tanh"]
        return archcalc.memory({"input": [1, 16, 16], "layers": layers}, setup=Setup(checkpoint=checkpoint))

    def figures(*checkpoint: str, first: str = "one") -> tuple[object, object]:
        answer = saved(*checkpoint, first=first)
        return answer.saved_for_backward_bytes, answer.training_peak_bytes  # type: ignore[attr-defined]

    assert figures("all") == figures("one", "two")
    assert figures("all") != figures("one", "two/a", "two/b")
    assert figures("all", first="all") == figures("all")
    assert figures("all/", first="all") == figures("one") != figures("all")


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        (Setup(optimizer="adan"), "optimizer is one of sgd, momentum, adam, adamw, not 'adan'"),
        (Setup(attention="flash"), "attention is one of fused, stored, not 'flash'"),
        (Setup(train_from="layer9"), "there is no part 'layer9'"),
        (Setup(checkpoint=("layer1", "layer1/bottleneck1")), "a checkpointed part lies inside another"),
        (Setup(checkpoint=("all", "layer1")), "a checkpointed part lies inside another"),
        (Setup(weights="int99"), "there is no precision 'int99'"),
    ],
)
def test_what_there_is_not_is_said(setup: Setup, message: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.memory("resnet50", setup=setup)
    assert caught.value.message == message


def test_all_needs_a_part_of_several_operators() -> None:
    with pytest.raises(archcalc.UsageError, match="no part holds several operators, so 'all' checkpoints none"):
        archcalc.memory("{input: [4], layers: [{linear: 3}, tanh]}", setup=Setup(checkpoint=("all",)))


def test_formulas_of_memory_give_the_numbers() -> None:
    names = ("saved_for_backward", "peak_inference", "training_peak")
    compiled = archcalc.compile("resnet50", free=["H", "batch"], of=names)
    for height, batch in ((224, 1), (160, 3), (97, 8)):
        answer = archcalc.memory("resnet50", settings={"H": height}, batch=batch)
        given = compiled(H=height, batch=batch)
        assert [int(given[name]) for name in names] == [getattr(answer, f"{name}_bytes") for name in names]
