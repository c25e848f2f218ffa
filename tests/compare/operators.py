"""What PyTorch keeps for the backward pass of one step: which of its inputs, its output, and tensors of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

import archcalc

from .call import Call
from .network import FUNCTIONS, Network
from .storages import distinct, packed, storage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from archcalc.graph import Node


class Own(NamedTuple):
    """A tensor that is neither input nor output: elements for each sample and besides, and what it equals."""

    per_sample: int
    constant: int
    dtype: str
    copy_of: str


class Kept(NamedTuple):
    """What is kept, by reference; a step whose output is its input's storage says the input."""

    inputs: tuple[int, ...]
    output: bool
    own: tuple[Own, ...]


class How(NamedTuple):
    """How a step is run, where it is not the usual; `needs` are the inputs that require a gradient (None: all)."""

    needs: tuple[int, ...] | None = None
    frozen: bool = False  # the weights require no gradient
    in_place: bool = False
    stored: bool = False
    evaluation: bool = False
    permuted: bool = False
    without_onednn: bool = False


USUAL = How()


def step(text: str, inputs: Any) -> Node:
    """The last node of a network that is this step on these inputs."""
    return archcalc.graph(f"{{input: {inputs}, layers: [{text}]}}").nodes[-1]


def kept(text: str, shapes: Any, how: How = USUAL) -> Kept:
    """What the last operator of the step keeps, worked out from batches of 2 and 3."""
    two, three = (_kept(text, shapes, batch, how) for batch in (2, 3))
    assert two[:2] == three[:2], text
    assert len(two[2]) == len(three[2]), text
    own = []
    for (few, dtype, copy_of), (many, _, _) in zip(two[2], three[2], strict=True):
        per_sample = many - few
        own.append(Own(per_sample, few - 2 * per_sample, dtype, copy_of))
    return Kept(two[0], two[1], tuple(own))


def _kept(text: str, shapes: Any, batch: int, how: How) -> Any:
    torch.manual_seed(0)
    graph = archcalc.graph(f"{{input: {shapes}, layers: [{text}]}}")
    node = graph.nodes[-1]
    weights = Network(graph, batch).weights[node.index]
    for weight in weights.values():
        weight.requires_grad_(weight.requires_grad and not how.frozen)
    inputs = [_flowing(graph.nodes[i].shape, batch, node.kind == "embedding", how.permuted) for i in node.inputs]
    for index, x in enumerate(inputs):
        x.requires_grad_(x.is_floating_point() and (how.needs is None or index in how.needs))
    inputs = [x.clone() if x.requires_grad else x for x in inputs]  # a leaf cannot be overwritten
    before = [x.detach().clone() for x in inputs]
    call = Call(node.op, weights, training=not how.evaluation, inplace=how.in_place, fused=not how.stored)
    with torch.backends.mkldnn.flags(enabled=not how.without_onednn):
        tensors, output = packed(lambda: FUNCTIONS[node.kind](call, *inputs))
    return _sorted_out(tensors, inputs, before, output, list(weights.values()), how.in_place)


def _flowing(shape: Sequence[Any], batch: int, ids: bool, permuted: bool) -> Tensor:
    sizes = (batch, *(int(n) for n in shape))
    if ids:
        return torch.zeros(sizes, dtype=torch.int64)
    if permuted:  # as after `tokens`: the features are not the fastest axis
        return torch.rand(sizes[0], sizes[2], sizes[1]).transpose(1, 2)
    return torch.rand(sizes)


def _sorted_out(
    tensors: list[Tensor],
    inputs: list[Tensor],
    before: list[Tensor],
    output: Tensor,
    weights: list[Tensor],
    inplace: bool,
) -> Any:
    found = distinct(tensors, weights)
    places = {storage(x): index for index, x in enumerate(inputs)} if not inplace else {}
    seen, own, out = [], [], False
    for tensor in found:
        if storage(tensor) in places:
            seen.append(places[storage(tensor)])
        elif storage(tensor) == storage(output):
            out = True
        else:
            elements = tensor.untyped_storage().nbytes() // tensor.element_size()
            own.append((elements, str(tensor.dtype).removeprefix("torch."), _copied(tensor, before, output)))
    return tuple(sorted(seen)), out, tuple(own)


def _copied(tensor: Tensor, inputs: list[Tensor], output: Tensor) -> str:
    for name, other in [*((f"input {i}", x) for i, x in enumerate(inputs)), ("output", output)]:
        alike = tensor.numel() == other.numel() and tensor.dtype == other.dtype and tensor.numel() > 1
        if alike and bool((tensor.flatten().sort()[0] == other.flatten().sort()[0]).all()):
            return name
    return ""
