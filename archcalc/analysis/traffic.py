"""What each operator moves between memory and arithmetic: the tensors of a sample, the stored arrays once per batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.loops import around
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
    """What one operator moves: elements of each tensor that it reads or writes for a sample, and stored arrays.

    Inside loops of which one pass is in the graph, that is for this pass.
    """

    tensors: tuple[Size, ...] = ()
    arrays: tuple[Array, ...] = ()
    loops: tuple[Loop, ...] = ()


NOTHING = Traffic()


def traffic(graph: Graph, batch: Size, *, training: bool = False) -> list[Traffic]:
    """What every operator moves, in order; each tensor that flows in is read once, the output is written once.

    A view moves nothing, nor does dropout unless `training`. Source of the model: Williams, Waterman and Patterson
    2009, Communications of the ACM 52(4).
    """
    owners = graph.owners()
    loops = around(graph) if graph.loops else {}
    result = []
    for node in graph.nodes:
        if node.op is None:
            continue
        if node.op.storage == VIEW or (node.op.idle_at_inference and not training):
            result.append(NOTHING)
            continue
        read = [product(graph.nodes[index].shape) for index in dict.fromkeys(node.inputs)]
        arrays = _arrays(graph, node, owners, batch)
        result.append(Traffic((*read, product(node.shape)), arrays, tuple(loops.get(node.index, ()))))
    return result


def _arrays(graph: Graph, node: Node, owners: dict[tuple[int, str], int], batch: Size) -> tuple[Array, ...]:
    assert node.facts is not None
    found = []
    for name, weight in node.facts.weights.items():
        owner = (owners.get((node.index, name), node.index), name)
        found.append(Array(owner, weight.size, weight.learned, _read(graph, node, weight.size, batch)))
    return tuple(found)


def _read(graph: Graph, node: Node, size: Size, batch: Size) -> Size:
    """The scalars of an array that a batch needs: all, but of a look-up one row per token, no more than there are."""
    shape = graph.nodes[node.inputs[0]].shape
    if isinstance(node.op, Embedding):
        return minimum(node.op.count, batch * product(shape)) * node.op.out
    if isinstance(node.op, Position):
        return product(shape)
    return size
