"""What PyTorch keeps and holds of a whole network, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

import archcalc

from .network import Network
from .storages import Peaks, Saved, peaks, saved, training_peak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


class Measured(NamedTuple):
    """Bytes of one network on one batch, by how it was run."""

    saved: Saved
    saved_in_place: Saved
    peak: Peaks
    peak_not_in_place: Peaks
    training_peak: int


def network(spec: str, settings: Mapping[str, Any], batch: int, train_from: str | None) -> Network:
    """The network with its weights; those of all nodes before the part `train_from` are frozen."""
    graph = archcalc.graph(spec, settings=settings)
    if train_from is not None:
        for node in graph.nodes:
            if node.path == train_from or node.path.startswith(f"{train_from}/"):
                break
            node.frozen = True
        else:
            raise ValueError(f"{spec} has no part {train_from}")
    return Network(graph, batch)


def measured(
    spec: str,
    *,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    train_from: str | None = None,
    fused: bool = True,
    keep_input: bool = False,
) -> Measured:
    """A run in training mode and one at inference, each with activations in place and not."""
    made = network(spec, settings or {}, batch, train_from)
    weights = [weight for named in made.weights.values() for weight in named.values()]

    def kept(inplace: bool) -> Saved:
        return saved(
            lambda copies: made.run(made.inputs(), training=True, inplace=inplace, fused=fused, copies=copies), weights
        )

    def allowed() -> None:
        """Raises RuntimeError where the backward pass does not allow what was overwritten."""
        torch.autograd.backward([x.sum() for x in made.run(made.inputs(), training=True, inplace=True, fused=fused)])
        for weight in weights:
            weight.grad = None

    def held(inplace: bool) -> Peaks:
        inputs = made.inputs()
        pinned: list[Tensor] = list(inputs) if keep_input else []
        found = peaks(
            lambda x, look: made.run(x, training=False, inplace=inplace, fused=fused, after=look), inputs, weights
        )
        pinned.clear()
        return found

    def trained() -> int:
        return training_peak(lambda x: made.run(x, training=True, inplace=False, fused=fused), made.inputs(), weights)

    allowed()
    return Measured(kept(False), kept(True), held(True), held(False), trained())
