"""Memory of whole networks against what PyTorch kept and held of them, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import archcalc
from archcalc.analysis.setup import Setup
from archcalc.recorded import product

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.analysis.memory import Memory
    from archcalc.graph import Graph, Node

Case = dict[str, Any]
PLACE = Path(__file__).parents[1] / "compare" / "pytorch_memory.yaml"
RECORDED: list[Case] = yaml.safe_load(PLACE.read_text("utf-8"))["networks"]


def label(case: Case) -> str:
    how = [
        f"{name}={case[name]}" for name in ("settings", "batch", "keep_input", "stored", "train_from") if name in case
    ]
    return "-".join([case["spec"], *how]).replace(" ", "")


def memory(case: Case, *, inplace: bool) -> Memory:
    setup = Setup(
        inplace=inplace,
        keep_input=case.get("keep_input", False),
        attention="stored" if case.get("stored") else "fused",
        train_from=case.get("train_from"),
    )
    return archcalc.memory(case["spec"], settings=case.get("settings"), batch=case.get("batch", 1), setup=setup)


def _lrn(node: Node, elements: int) -> int:
    assert node.op is not None
    channels = int(node.shape[0])
    padded = elements // channels * (channels + int(node.op.arguments["size"]) - 1)
    return padded + elements


def _prototypes(node: Node, elements: int) -> int:
    assert node.facts is not None
    return int(node.facts.weights["prototypes"].size)


BESIDE: dict[str, Callable[[Node, int], int]] = {
    "local_response_norm": _lrn,  # its padded squares, and of two tensors of sums one more
    "highway_gate": lambda node, elements: elements,  # 1 - t
    "radial_basis": _prototypes,  # the differences to each
}
"""Elements that PyTorch keeps beside, because it composes the operator of functions."""

NOT_COMPARED = {
    "capsnet": "the composition keeps a copy of the weights, and only the last turn of the routing",
    "vqa": "the LSTM of oneDNN keeps a workspace of bytes",
    "fcn32s_alexnet": "the transposed convolution keeps its input though its weights are frozen",
    "fcn8s_vgg16": "transposed convolutions keep their inputs though their weights are frozen",
}
OUT_OF_PLACE = {"darknet19": "leaky ReLUs keep their inputs", "darknet53": "leaky ReLUs keep their inputs"}
IN_PLACE = {"transformer_base": "PyTorch has no softmax in place"}


TRAINING_DIFFERS: dict[str, str] = {
    "of a tensor with several readers, each further gradient is a tensor until it is added": """
        resnet18 preresnet164_cifar googlenet inception_v3 inception_v4-settings={'H':107} shufflenet_v1
        shufflenet_v2_x1_0 mobilenet_v3_small wrn_cifar resnet110_stochastic_cifar efficientnet_b0-batch=2""",
    "the gradients of what is concatenated are views of one": "densenet40_k12 vit_b_32 unet-settings={'H':188}",
    "what is added passes its gradient on as it is, and a mean passes on one": """
        squeezenet1_0_complex_bypass fractalnet_cifar10 vit_b_16-batch=3""",
    "weights that are tied have a gradient for each use, and these are added into a third tensor": """
        transformer_base gpt2-settings={'T':64} gpt2-settings={'T':64}-stored=True""",
    "compositions, and their backward passes, hold more": """
        alexnet_2012 zfnet vgg11_lrn lenet5 lenet5-batch=5 highway_cifar2 fitnet1""",
    "copies of what is padded unequally are kept": """
        inception_bn mobilenet_v1 xception-settings={'H':107} nasnetamobile-settings={'H':96}
        pnasnet5mobile-settings={'H':96} amoebanet_a""",
    "out of place, leaky ReLUs keep their inputs": "darknet19 darknet53",
    "frozen convolutions keep their inputs": "fcn32s_alexnet-settings={'H':224}",
}
"""Why the backward pass of PyTorch holds more or less at its peak, and where."""
ELSEWHERE = frozenset(" ".join(TRAINING_DIFFERS.values()).split())


def beside(graph: Graph) -> tuple[int, int]:
    floating = sum(4 * BESIDE[node.kind](node, int(product(node.shape))) for node in graph.nodes if node.kind in BESIDE)
    picked = [node.op.arguments["features"] for node in graph.nodes if node.op is not None and node.kind == "select"]
    indices = sum(8 * len(features) for features in picked)
    return floating, indices


@pytest.mark.parametrize("case", RECORDED, ids=label)
def test_pytorch(case: Case) -> None:
    overwriting, apart = memory(case, inplace=True), memory(case, inplace=False)
    spec, peak = case["spec"], case["peak"]
    training = apart.training_peak_bytes - apart.weights_bytes - apart.optimizer_bytes
    assert (training == case["training_peak"]) == (label(case) not in ELSEWHERE)
    if spec not in IN_PLACE:
        assert overwriting.peak_inference_bytes == peak
    assert apart.peak_inference_bytes == case.get("peak_not_in_place", peak)
    if spec in NOT_COMPARED:
        return
    floating, indices = beside(archcalc.graph(spec, settings=case.get("settings")))
    floating *= case.get("batch", 1)
    saved = case["saved"] - floating
    assert overwriting.saved_for_backward_bytes == case.get("saved_in_place", case["saved"]) - floating
    assert overwriting.saved_for_backward_integer_bytes == case["saved_integer"] - indices
    if spec not in OUT_OF_PLACE:
        assert apart.saved_for_backward_bytes == saved
