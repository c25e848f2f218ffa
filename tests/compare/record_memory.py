"""Writes pytorch_memory.yaml anew: python -m compare.record_memory, in tests/, with PyTorch installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from .memory import Measured, measured

PLACE = Path(__file__).with_name("pytorch_memory.yaml")

HEADER = f"""\
# What PyTorch {torch.__version__.partition("+")[0]} (CPU, float32) keeps for the backward pass and holds at inference, network by network, in bytes.
#
# Each spec was turned into plain functions of PyTorch (network.py) and run node by node in the order of the file, each tensor
# freed after its last reader, the input too.
#
# saved, saved_integer: every storage that torch.autograd.graph.saved_tensors_hooks packed in training mode, each once, without
# weights and buffers, floating point and integers apart, activations out of place.
# saved_in_place: the same with activations in place where the backward pass allows it; only where it differs.
# peak: the most bytes of floating-point storages alive at inference between two operators, inputs still held, activations in
# place (batch norm and all else not); within an attention, between its projections, the attention itself and the last projection.
# peak_not_in_place: with none in place; only where it differs.
# peak_inside: with what operators hold inside too that are made of several functions; only where it differs.
# padding_copies: what PyTorch keeps beside `saved`, because a padding that is unequal on both sides is a padded copy made before
# the function (F.pad), and the copy is kept: an implementation, counted in `saved` as the input that it copies.
# training_peak: the most bytes alive in the backward pass that autograd runs, beside weights and without an optimizer: what is
# kept and not yet used, the gradients of activations, those of the weights made so far; activations out of place.
# batch: samples, where it is not 1. keep_input: the input is held to the end.
# train_from: the weights of everything before that part are frozen. stored: attention without scaled_dot_product_attention.

networks:
"""

PLAIN = [
    "vgg16",
    "resnet50",
    "mobilenet_v2",
    "alexnet",
    "alexnet_2012",
    "zfnet",
    "nin",
    "vgg11_lrn",
    "vgg16_bn",
    "lenet5",
    "lenet_d2l",
    "resnet18",
    "resnext50_32x4d",
    "preresnet164_cifar",
    "densenet121",
    "densenet40_k12",
    "googlenet",
    "inception_v3",
    "inception_bn",
    "squeezenet1_1",
    "squeezenet1_0_complex_bypass",
    "shufflenet_v1",
    "shufflenet_v2_x1_0",
    "mobilenet_v1",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mnasnet1_0",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_b_16",
    "vit_b_32",
    "darknet19",
    "darknet53",
    "seresnet50",
    "dpn68",
    "wrn_cifar",
    "fractalnet_cifar10",
    "highway_cifar2",
    "highway_mnist_fc",
    "fitnet1",
    "bit_r50x1",
    "capsnet",
    "bert_base",
    "transformer_base",
    "resnet110_stochastic_cifar",
    "dsn_cifar",
]

CASES: list[dict[str, Any]] = [
    *({"spec": spec} for spec in PLAIN),
    {"spec": "resnet50", "batch": 2},
    {"spec": "vit_b_16", "batch": 3},
    {"spec": "efficientnet_b0", "batch": 2},
    {"spec": "lenet5", "batch": 5},
    {"spec": "resnet50", "keep_input": True},
    {"spec": "vgg16", "keep_input": True},
    {"spec": "unet", "settings": {"H": 188}},
    {"spec": "fcn32s_alexnet", "settings": {"H": 224}},
    {"spec": "fcn8s_vgg16", "settings": {"H": 64}},
    {"spec": "inception_resnet_v2", "settings": {"H": 107}},
    {"spec": "inception_v4", "settings": {"H": 107}},
    {"spec": "xception", "settings": {"H": 107}},
    {"spec": "nasnetamobile", "settings": {"H": 96}},
    {"spec": "pnasnet5mobile", "settings": {"H": 96}},
    {"spec": "amoebanet_a"},
    {"spec": "shake_shake26_2x32d"},
    {"spec": "gpt2", "settings": {"T": 64}},
    {"spec": "gpt2", "settings": {"T": 64}, "stored": True},
    {"spec": "bert_base", "settings": {"T": 512}, "stored": True},
    {"spec": "vit_b_16", "stored": True},
    {"spec": "vqa"},
    {"spec": "resnet50", "train_from": "layer4"},
    {"spec": "resnet50", "train_from": "fc"},
    {"spec": "vgg16", "train_from": "conv5"},
    {"spec": "vgg16", "train_from": "linear3"},
    {"spec": "mobilenet_v2", "train_from": "stage6"},
    {"spec": "vit_b_16", "train_from": "encoder12"},
    {"spec": "efficientnet_b0", "train_from": "classifier"},
    {"spec": "densenet121", "train_from": "denseblock4"},
]
"""What is recorded; `saved` and `peak` of each."""


def measure(case: dict[str, Any]) -> Measured:
    """One case, run."""
    torch.manual_seed(0)
    how = {name: value for name, value in case.items() if name not in {"spec", "stored"}}
    return measured(case["spec"], fused=not case.get("stored", False), **how)


def figures(found: Measured) -> dict[str, int]:
    """The figures of a case by name, those that say nothing new left out."""
    all_ = {
        "saved": found.saved.floating,
        "saved_integer": found.saved.integer,
        "saved_in_place": found.saved_in_place.floating,
        "padding_copies": found.saved.padding_copies,
        "peak": found.peak.between,
        "peak_not_in_place": found.peak_not_in_place.between,
        "peak_inside": found.peak.anywhere,
        "training_peak": found.training_peak,
    }
    same = {"saved_in_place": "saved", "peak_not_in_place": "peak", "peak_inside": "peak"}
    new = {name: value for name, value in all_.items() if name not in same or value != all_[same[name]]}
    return {name: value for name, value in new.items() if name != "padding_copies" or value}


def line(case: dict[str, Any]) -> str:
    """The case and its figures as a line of YAML."""
    text = yaml.safe_dump({**case, **figures(measure(case))}, default_flow_style=True, sort_keys=False, width=10_000)
    return f"- {text}"


def main() -> None:
    """Write the file, line by line."""
    text = HEADER
    for case in CASES:
        text += line(case)
        PLACE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
