"""Activations and merges as functions of PyTorch."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from .call import Call, feature_axis

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

IN_PLACE: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "relu": (torch.relu, torch.relu_),
    "relu6": (functional.relu6, lambda x: functional.relu6(x, inplace=True)),
    "elu": (functional.elu, lambda x: functional.elu(x, inplace=True)),
    "selu": (torch.selu, torch.selu_),
    "sigmoid": (torch.sigmoid, torch.sigmoid_),
    "tanh": (torch.tanh, torch.tanh_),
    "hard_sigmoid": (functional.hardsigmoid, lambda x: functional.hardsigmoid(x, inplace=True)),
    "silu": (functional.silu, lambda x: functional.silu(x, inplace=True)),
    "hard_swish": (functional.hardswish, lambda x: functional.hardswish(x, inplace=True)),
    "gelu": (functional.gelu, torch.ops.aten.gelu_),
}
"""The activations that PyTorch has in two forms, out of place and in place."""


def activation(name: str) -> Callable[[Call, Tensor], Tensor]:
    def run(call: Call, x: Tensor) -> Tensor:
        return IN_PLACE[name][call.inplace](x)

    return run


def leaky_relu(call: Call, x: Tensor) -> Tensor:
    return functional.leaky_relu(x, float(call.op.slope), inplace=call.inplace)


def prelu(call: Call, x: Tensor) -> Tensor:
    # PyTorch wants the channels on axis 1
    if x.dim() == 3:
        return functional.prelu(x.transpose(1, 2), call.weights["slope"]).transpose(1, 2)
    return functional.prelu(x, call.weights["slope"])


def softplus(call: Call, x: Tensor) -> Tensor:
    return functional.softplus(x)


def softmax(call: Call, x: Tensor) -> Tensor:
    return functional.softmax(x, dim=feature_axis(x))


def log_softmax(call: Call, x: Tensor) -> Tensor:
    return functional.log_softmax(x, dim=feature_axis(x))


def maxout(call: Call, x: Tensor) -> Tensor:
    axis = feature_axis(x) % x.dim()
    return x.unflatten(axis, (-1, int(call.op.pieces))).max(axis + 1).values


def dropout(call: Call, x: Tensor) -> Tensor:
    return functional.dropout(x, float(call.op.rate), training=True) if call.training else x


def drop_path(call: Call, x: Tensor) -> Tensor:
    """As torchvision.ops.stochastic_depth in mode row: one number per sample."""
    if not call.training or call.op.rate == 0:
        return x
    keep = 1 - float(call.op.rate)
    noise = torch.empty([x.shape[0]] + [1] * (x.dim() - 1)).bernoulli_(keep).div_(keep)
    return x * noise


def identity(call: Call, x: Tensor) -> Tensor:
    return x


def spread(inputs: tuple[Tensor, ...]) -> list[Tensor]:
    """Vectors laid along the features of the largest input."""
    largest = max(inputs, key=lambda x: x.dim())
    return [x if x.dim() == largest.dim() else along_vectors(x, largest) for x in inputs]


def along_vectors(x: Tensor, largest: Tensor) -> Tensor:
    """One vector per sample, at every position."""
    if largest.dim() == 3:
        return x[:, None, :]
    return x.reshape(*x.shape, *[1] * (largest.dim() - 2))


def folded(step: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def run(call: Call, *inputs: Tensor) -> Tensor:
        return reduce(step, spread(inputs))

    return run


def mean(call: Call, *inputs: Tensor) -> Tensor:
    return reduce(torch.add, spread(inputs)) / len(inputs)


def concat(call: Call, *inputs: Tensor) -> Tensor:
    return torch.cat(inputs, feature_axis(inputs[0]))


def highway_gate(call: Call, h: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return h * t + x * (1 - t)


def squash(call: Call, x: Tensor) -> Tensor:
    return squashed(x, feature_axis(x))


def squashed(x: Tensor, axis: int = -1) -> Tensor:
    """The vectors along an axis, shorter than 1."""
    square = x.square().sum(axis, keepdim=True)
    return x * (square.sqrt() / (1 + square))


FUNCTIONS: dict[str, Any] = {
    **{name: activation(name) for name in IN_PLACE},
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "softplus": softplus,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "maxout": maxout,
    "dropout": dropout,
    "drop_path": drop_path,
    "identity": identity,
    "concat": concat,
    "add": folded(torch.add),
    "multiply": folded(torch.mul),
    "mean": mean,
    "max": folded(torch.maximum),
    "highway_gate": highway_gate,
    "squash": squash,
}
