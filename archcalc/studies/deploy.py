"""A network on its way to a device: its size on disk by precision, what layers move, and what a machine makes of it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.loops import summed
from archcalc.analysis.traffic import traffic
from archcalc.errors import UsageError
from archcalc.precision import bits, buffer_bits, stored, tensor_bytes
from archcalc.recorded import divide, free_names, is_free, maximum, product, total
from archcalc.studies.roofline import MEMORY, Bound, Demand, compute_bound_from, least_seconds, limited_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcalc.analysis.traffic import Array, Traffic
    from archcalc.recorded import Quantity, Size
    from archcalc.report import Layer, Report
    from archcalc.studies.machine import Machine

ON_DISK = ("float32", "float16", "int8", "int4")


class Stored(NamedTuple):
    """The bytes of all weights in one precision; neither container nor quantization scales are counted."""

    precision: str
    params_bytes: Size
    buffers_bytes: Size

    @property
    def bytes(self) -> Size:
        """Parameters and buffers together."""
        return self.params_bytes + self.buffers_bytes


class Deployed(NamedTuple):
    """A layer, what a batch of it demands, and its bound; None without a machine, and where nothing is moved."""

    layer: Layer
    demand: Demand
    bound: Bound | None


class Deployment(NamedTuple):
    """A report, the sizes on disk, what each layer demands of a machine, and the machine if there is one.

    `whole` is what is demanded even if everything between the layers stays in caches: all flops, and every weight,
    input and output moved once.
    """

    report: Report
    sizes: tuple[Stored, ...]
    layers: tuple[Deployed, ...]
    whole: Demand
    machine: Machine | None

    @property
    def weights(self) -> str:
        """The precision of the weights."""
        return self.report.setup.weights_precision

    @property
    def demand(self) -> Demand:
        """What the layers demand, each reading from memory and writing to it."""
        return total_demand([one.demand for one in self.layers])

    @property
    def memory_limited(self) -> list[Deployed]:
        """The layers that memory limits."""
        return [one for one in self.layers if one.bound and one.bound.limited_by == MEMORY]

    @property
    def layer_by_layer_seconds(self) -> Fraction | None:
        """The least time in which the layers, one after the other, read from memory and write to it."""
        if self.machine is None:
            return None
        return sum((one.bound.seconds for one in self.layers if one.bound), Fraction(0))

    @property
    def whole_network_seconds(self) -> Fraction | None:
        """The least time even if everything between the layers stays in caches."""
        return None if self.machine is None else least_seconds(self.whole, self.machine)

    @property
    def limited_by(self) -> str | None:
        """What limits the network even if everything between the layers stays in caches."""
        return None if self.machine is None else limited_by(self.whole, self.machine)

    def smaller(self, size: Stored) -> Quantity | None:
        """How many times smaller than in float32 it is on disk, exactly; None where nothing is stored."""
        return divide(self.sizes[0].bytes, size.bytes) if is_free(size.bytes) or size.bytes != 0 else None


def total_demand(demands: Iterable[Demand]) -> Demand:
    """What several layers demand together."""
    columns = list(zip(*demands, strict=True)) or [(), (), ()]
    return Demand(*[total(column) for column in columns])


def deployment(report: Report, machine: Machine | None = None) -> Deployment:
    """All that is asked of a report, in the precisions of its setup.

    Raises UsageError where there is a machine and some name is free.
    """
    if machine is not None and report.symbolic:
        names = ", ".join(free_names([*report.hyperparameters.values(), report.batch]))
        raise UsageError(
            f"a roofline takes numbers, and left free: {names}",
            hint="sizes on disk and intensities can be formulas: leave out flops per second and bandwidth",
        )
    setup, training = report.setup, report.mode == "training"
    moves = traffic(report.graph, report.batch, training=training, fold_batch_norm=setup.fold_batch_norm)
    precisions = dict.fromkeys((*ON_DISK, setup.weights_precision))
    return Deployment(
        report,
        tuple(_on_disk(moves, precision) for precision in precisions),
        tuple(_deployed(move, layer, report, machine) for move, layer in zip(moves, report.layers, strict=True)),
        _whole(report, moves),
        machine,
    )


def array_bytes(array: Array, scalars: Size, precision: str) -> Size:
    """The bytes of so many scalars of an array; integer precisions leave buffers in float32."""
    return tensor_bytes(scalars, bits(precision) if array.learned else buffer_bits(precision))


def _on_disk(moves: Sequence[Traffic], precision: str) -> Stored:
    """Every array once, where it is carried."""
    sizes: dict[tuple[int, str], tuple[bool, Size]] = {}
    for move in moves:
        for array in move.arrays:
            if array.owner not in sizes:
                size = summed(array_bytes(array, array.size, precision), list(move.loops))
                sizes[array.owner] = array.learned, size
    params, buffers = ([size for learned, size in sizes.values() if learned is which] for which in (True, False))
    return Stored(precision, total(params), total(buffers))


def _deployed(move: Traffic, layer: Layer, report: Report, machine: Machine | None) -> Deployed:
    width, weights = bits(report.precision), report.setup.weights_precision
    arrays = total([array_bytes(array, array.read, weights) for array in move.arrays])
    tensors = stored(move.tensors, width, report.batch) if move.tensors else 0
    loops = list(move.loops)
    flops = summed(move.flops, loops)
    demand = Demand(flops * report.batch, summed(arrays, loops), summed(tensors, loops))
    if machine is None or not demand.moves:
        return Deployed(layer, demand, None)
    sizes = [int(size) for size in move.tensors]
    crossing = compute_bound_from(int(flops), int(demand.weight_bytes), sizes, width, machine)
    return Deployed(layer, demand, Bound(least_seconds(demand, machine), limited_by(demand, machine), crossing))


def _whole(report: Report, moves: Sequence[Traffic]) -> Demand:
    """All flops; every array as far as some layer reads it, every input and every output once."""
    graph, weights = report.graph, report.setup.weights_precision
    read: dict[tuple[int, str], Size] = {}
    for move in moves:
        for array in move.arrays:
            size = summed(array_bytes(array, array.read, weights), list(move.loops))
            known = read.setdefault(array.owner, size)
            if known is not size:
                read[array.owner] = maximum(known, size)
    ends = dict.fromkeys([*graph.inputs, *(index for _, index in graph.outputs)])
    tensors = [product(graph.nodes[index].shape) for index in ends]
    moved = stored(tensors, bits(report.precision), report.batch)
    flops = total([summed(move.flops, list(move.loops)) for move in moves])
    return Demand(flops * report.batch, total(list(read.values())), moved)
