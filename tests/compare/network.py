"""A graph of archcalc run by PyTorch, node by node, each tensor freed after its last reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archcalc.ops.op import VIEW

from . import elementwise, maps, sequences
from .call import Call, Copies

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from archcalc.graph import Graph, Node

FUNCTIONS: dict[str, Any] = {**maps.FUNCTIONS, **elementwise.FUNCTIONS, **sequences.FUNCTIONS}
NEED_THEIR_OUTPUT = frozenset(
    [
        "relu",
        "sigmoid",
        "tanh",
        "softmax",
        "log_softmax",
        "leaky_relu",
        "elu",
        "selu",
        "lstm",
        "gru",
    ]
)
ACTIVATIONS = frozenset([*elementwise.IN_PLACE, "leaky_relu"])


class Network:
    """The weights of a graph, and how it is run on a batch."""

    def __init__(self, graph: Graph, batch: int = 1) -> None:
        self.graph = graph
        self.batch = batch
        self.weights = made(graph)
        self.last = last_readers(graph)
        self.root = roots(graph)
        self.end = dict.fromkeys(self.root.values(), 0)
        for index, root in self.root.items():
            self.end[root] = max(self.end[root], self.last[index])
        self.readers: dict[int, list[int]] = {root: [] for root in self.end}
        for node in graph.nodes:
            for root in sorted({self.root[i] for i in node.inputs}):
                if root != self.root[node.index]:
                    self.readers[root].append(node.index)

    def inputs(self) -> list[Tensor]:
        """One tensor for each input of the graph; token ids where an embedding reads them."""
        read_by: dict[int, set[str]] = {}
        for node in self.graph.nodes:
            for index in node.inputs:
                read_by.setdefault(index, set()).add(node.kind)
        shapes = [(self.batch, *(int(n) for n in self.graph.nodes[index].shape)) for index in self.graph.inputs]
        return [
            torch.zeros(shape, dtype=torch.int64) if "embedding" in read_by[index] else torch.rand(shape)
            for index, shape in zip(self.graph.inputs, shapes, strict=True)
        ]

    def run(
        self,
        inputs: list[Tensor],
        *,
        training: bool,
        inplace: bool,
        fused: bool = True,
        after: Callable[[], None] = lambda: None,
        copies: Copies | None = None,
    ) -> list[Tensor]:
        """The outputs. `inputs` is emptied: a caller that wants an input to live must hold it."""
        graph, nodes = self.graph, self.graph.nodes
        tensors: dict[int, Tensor] = dict(zip(graph.inputs, inputs, strict=True))
        inputs.clear()
        for node in nodes:
            if node.op is None:
                continue
            overwrite = inplace and (self.may_overwrite_in_training(node) if training else self.may_overwrite(node))
            call = Call(node.op, self.weights[node.index], training, overwrite, fused, after, copies)
            flowing = [tensors[i] for i in node.inputs]
            for index in set(node.inputs):
                if self.last[index] == node.index:
                    del tensors[index]
            if node.kind == "attention":
                tensors[node.index] = sequences.attend(call, flowing)
            else:
                tensors[node.index] = FUNCTIONS[node.kind](call, *flowing)
            after()
            del flowing
        return [tensors[index] for _, index in graph.outputs]

    def may_overwrite(self, node: Node) -> bool:
        """Whether it is an activation whose input, and everything that shares its storage, nobody reads later."""
        return node.kind in ACTIVATIONS and self.end[self.root[node.inputs[0]]] <= node.index

    def may_overwrite_in_training(self, node: Node) -> bool:
        """Whether the backward pass allows it too: nobody else read the input, and its maker does not need it."""
        root = self.root[node.inputs[0]]
        maker = self.graph.nodes[root]
        alone = self.readers[root] == [node.index]
        return self.may_overwrite(node) and alone and maker.op is not None and maker.kind not in NEED_THEIR_OUTPUT


def roots(graph: Graph) -> dict[int, int]:
    """For each node the one that wrote its storage: views and what is idle at inference lead to their input's."""
    root: dict[int, int] = {}
    for node in graph.nodes:
        sees = node.op is not None and (node.op.storage == VIEW or node.op.idle_at_inference)
        root[node.index] = root[node.inputs[0]] if sees else node.index
    return root


def last_readers(graph: Graph) -> dict[int, int]:
    """For each node the last that reads it; outputs are read after all."""
    last = {node.index: node.index for node in graph.nodes}
    for node in graph.nodes:
        for index in node.inputs:
            last[index] = node.index
    for _, index in graph.outputs:
        last[index] = len(graph.nodes)
    return last


def made(graph: Graph) -> dict[int, dict[str, Tensor]]:
    """The weights of every node by name; those of frozen steps and buffers require no gradient."""
    owners = graph.owners()
    weights: dict[int, dict[str, Tensor]] = {}
    for node in graph.nodes:
        mine = weights[node.index] = {}
        for name, weight in (node.facts.weights if node.facts is not None else {}).items():
            owner = owners.get((node.index, name))
            if owner is not None:
                mine[name] = weights[owner][name]
                continue
            value = torch.full([int(n) for n in weight.shape], 0.01)
            mine[name] = value.requires_grad_(weight.learned and not node.frozen)
    return weights
