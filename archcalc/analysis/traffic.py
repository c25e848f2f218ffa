"""What each operator moves between memory and arithmetic: the tensors of a sample, the stored arrays once per batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.loops import around
from archcalc.analysis.steps import folded, stored_weights
from archcalc.ops.op import VIEW
from archcalc.ops.sequence import Embedding, Position
from archcalc.recorded import Size, minimum, product

if TYPE_CHECKING:
    from archcalc.graph import Graph, Loop, Node


class Array(NamedTuple):
    """A stored array that an operator reads: where it is carried, its scalars, and how many of them a batch needs."""

    owner: tuple[int, str]
    size: Size
    learned: bool
    read: Size


class Traffic(NamedTuple):
    """The flops of one operator for a sample, the elements of each tensor that it reads or writes, and stored arrays.

    Inside loops of which one pass is in the graph, that is for this pass.
    """

    flops: Size = 0
    tensors: tuple[Size, ...] = ()
    arrays: tuple[Array, ...] = ()
    loops: tuple[Loop, ...] = ()


NOTHING = Traffic()


def traffic(graph: Graph, batch: Size, *, training: bool = False, fold_batch_norm: bool = False) -> list[Traffic]:
    """What every operator moves, in order; each tensor that flows in is read once, the output is written once.

    A view moves nothing, nor does dropout unless `training`. With `fold_batch_norm` nor does a batch norm that is
    inside the layer before it, which has a bias then. Source of the model: Williams, Waterman and Patterson 2009,
    Communications of the ACM 52(4).
    """
    owners = graph.owners()
    loops = around(graph) if graph.loops else {}
    inside = folded(graph) if fold_batch_norm and not training else {}
    hosts = set(inside.values())
    result = []
    for node in graph.nodes:
        if node.facts is None:
            continue
        op = node.facts.op
        if op.storage == VIEW or (op.idle_at_inference and not training) or node.index in inside:
            result.append(NOTHING)
            continue
        weights, flops = stored_weights(node, hosts), node.facts.work.flops
        if len(weights) > len(node.facts.weights):
            flops = flops + product(node.shape)
        arrays = [
            Array(
                (owners.get((node.index, name), node.index), name), w.size, w.learned, _read(graph, node, w.size, batch)
            )
            for name, w in weights.items()
        ]
        tensors = [product(graph.nodes[index].shape) for index in dict.fromkeys(node.inputs)]
        passes = tuple(loops.get(node.index, ()))
        result.append(Traffic(flops, (*tensors, product(node.shape)), tuple(arrays), passes))
    return result


def _read(graph: Graph, node: Node, size: Size, batch: Size) -> Size:
    """The scalars of an array that a batch needs: all, but of a look-up one row per token, no more than there are."""
    shape = graph.nodes[node.inputs[0]].shape
    if isinstance(node.op, Embedding):
        return minimum(node.op.count, batch * product(shape)) * node.op.out
    if isinstance(node.op, Position):
        return product(shape)
    return size
