"""Operators on sequences as functions of PyTorch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from .elementwise import squashed

if TYPE_CHECKING:
    from torch import Tensor

    from .call import Call


def embedding(call: Call, ids: Tensor) -> Tensor:
    return functional.embedding(ids, call.weights["weight"])


def position(call: Call, x: Tensor) -> Tensor:
    places = x.shape[1:-1] if x.dim() <= 3 else x.shape[2:]
    if not call.op.learned:
        count = math.prod(places)
        table = torch.arange(count * x.shape[1 if x.dim() > 3 else -1], dtype=x.dtype).reshape(*places, -1).sin()
    else:
        table = call.weights["weight"]
        if call.op.count is not None:
            table = table[: math.prod(places)].reshape(*places, -1)
    return x + (table.movedim(-1, 0) if x.dim() > 3 else table)


def class_token(call: Call, x: Tensor) -> Tensor:
    return torch.cat([call.weights["weight"].expand(x.shape[0], -1, -1), x], 1)


def tokens(call: Call, x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2) if x.dim() > 3 else x


def token(call: Call, x: Tensor) -> Tensor:
    return x[:, int(call.op.index)]


def attention(call: Call, *inputs: Tensor) -> Tensor:
    """As `attend`, with inputs that live on."""
    return attend(call, [*inputs])


def attend(call: Call, inputs: list[Tensor]) -> Tensor:
    """The projections, the attention of heads that are views, and the projection out; each dies after its last reader.

    `inputs` is emptied; `call.look` is called after each part.
    """
    heads = int(call.op.heads)
    projected = _projected(call, inputs)
    inputs.clear()
    parts = [x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in projected]
    projected.clear()
    mixed = functional.scaled_dot_product_attention(*parts) if call.fused else _stored(call, parts)
    call.look()
    parts.clear()
    return _project(call, "out", mixed.transpose(1, 2).flatten(2))


def _projected(call: Call, inputs: list[Tensor]) -> list[Tensor]:
    """Queries, keys and values; three views of one tensor where they are joint."""
    asking, asked = inputs[0], inputs[-1]
    key, value = (int(n) for n in call.op._widths(tuple(asking.shape[1:])))
    heads = int(call.op.heads)
    if "qkv_weight" in call.weights:
        joint = _project(call, "qkv", asking)
        call.look()
        return [*joint.split([heads * key, heads * key, heads * value], -1)]
    made = [_project(call, "query", asking)]
    call.look()
    if len(inputs) == 2:
        del asking
        inputs[0] = asked
    made.append(_project(call, "key", asked))
    call.look()
    made.append(_project(call, "value", asked))
    call.look()
    return made


def _stored(call: Call, parts: list[Tensor]) -> Tensor:
    """The scores and the weights as tensors."""
    scores = (parts[0] @ parts[1].transpose(-2, -1)).div_(math.sqrt(parts[0].shape[-1]))
    call.look()
    del parts[:2]
    weights = scores.softmax(-1)
    call.look()
    del scores
    return weights @ parts[0]


def _project(call: Call, name: str, x: Tensor) -> Tensor:
    return functional.linear(x, call.weights[f"{name}_weight"], call.weight(f"{name}_bias"))


def glimpse(call: Call, scores: Tensor, x: Tensor) -> Tensor:
    weights = scores.flatten(2).softmax(-1)
    return (weights @ x.flatten(2).transpose(1, 2)).flatten(1)


def recurrent(run: Any, states: int) -> Any:
    def layer(call: Call, x: Tensor) -> Tensor:
        op = call.op
        directions = 2 if op.bidirectional else 1
        zeros = x.new_zeros(int(op.layers) * directions, x.shape[0], int(op.out))
        rows = _rows(op, call)
        hidden = (zeros, zeros) if states == 2 else zeros
        result = run(
            x, hidden, rows, int(op.biases) > 0, int(op.layers), 0.0, call.training, bool(op.bidirectional), True
        )
        return result[0]

    return layer


def _rows(op: Any, call: Call) -> list[Tensor]:
    """The weights in PyTorch's order: per cell, on the input, on the state, two biases (the second zero if one is had)."""
    rows = []
    for layer in range(int(op.layers)):
        for end in ("", "_reverse") if op.bidirectional else ("",):
            name = f"layer{layer + 1}{end}"
            rows += [call.weights[f"{name}_input"], call.weights[f"{name}_state"]]
            biases = [call.weights[f"{name}_bias{i + 1}"] for i in range(int(op.biases))]
            if len(biases) == 1:
                biases.append(torch.zeros_like(biases[0]))
            rows += biases
    return rows


def capsule(call: Call, x: Tensor) -> Tensor:
    """The predictions, and turns of routing by agreement; gradients flow through the last turn alone."""
    op = call.op
    predictions = torch.einsum("bif,icfo->bico", x, call.weights["weight"])
    logits = predictions.new_zeros(predictions.shape[:3])
    held = predictions.detach()
    for _ in range(int(op.routing) - 1):
        agreed = squashed((logits.softmax(-1)[..., None] * held).sum(1))
        logits = logits + (held * agreed[:, None]).sum(-1)
    return squashed((logits.softmax(-1)[..., None] * predictions).sum(1))


FUNCTIONS: dict[str, Any] = {
    "embedding": embedding,
    "position": position,
    "class_token": class_token,
    "tokens": tokens,
    "token": token,
    "attention": attention,
    "glimpse": glimpse,
    "lstm": recurrent(torch.lstm, 2),
    "gru": recurrent(torch.gru, 1),
    "capsule": capsule,
}
