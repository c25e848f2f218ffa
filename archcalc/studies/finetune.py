"""What finetuning trains and costs, by where the network is cut: all of it, from a part on, or the head only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.memory import Memory, arrays
from archcalc.analysis.steps import trained
from archcalc.analysis.training_work import training_work
from archcalc.errors import UsageError
from archcalc.recorded import divide, is_free, known, total

if TYPE_CHECKING:
    from archcalc.analysis.setup import Setup
    from archcalc.graph import Graph
    from archcalc.recorded import Number, Size
    from archcalc.report import Report

QUANTITIES = (
    "trainable_params",
    "frozen_params",
    "buffers",
    "weights_bytes",
    "gradients_bytes",
    "optimizer_bytes",
    "saved_for_backward_bytes",
    "saved_for_backward_integer_bytes",
    "training_peak_bytes",
    "forward_mult_adds",
    "backward_mult_adds",
    "recomputed_mult_adds",
    "training_mult_adds",
)


class Cut(NamedTuple):
    """What is trained and what that costs where all before `train_from` is frozen; nothing is where that is None.

    Parameters and buffers are scalars, bytes are for the batch, mult-adds for a sample.
    """

    train_from: str | None
    trainable_params: Size
    frozen_params: Size
    buffers: Size
    weights_bytes: Size
    gradients_bytes: Size
    optimizer_bytes: Size
    saved_for_backward_bytes: Size
    saved_for_backward_integer_bytes: Size
    training_peak_bytes: Size
    training_peak_at: str
    forward_mult_adds: Size
    backward_mult_adds: Size
    recomputed_mult_adds: Size

    @property
    def training_mult_adds(self) -> Size:
        """Those of one training step: forward, backward, and what is computed again instead of kept."""
        return self.forward_mult_adds + self.backward_mult_adds + self.recomputed_mult_adds


class Finetuning(NamedTuple):
    """The three cuts of one network; `part` is None where no part is named."""

    report: Report
    whole: Cut
    part: Cut | None
    head: Cut

    @property
    def cuts(self) -> dict[str, Cut]:
        """Those that there are, by name."""
        named = {"whole": self.whole, "part": self.part, "head": self.head}
        return {name: cut for name, cut in named.items() if cut is not None}

    def ratio(self, cut: Cut, quantity: str) -> Number | None:
        """A quantity of a cut over that of the whole; None where that is 0, or where either has free names."""
        part, whole = getattr(cut, quantity), getattr(self.whole, quantity)
        if is_free(part) or is_free(whole) or whole == 0:
            return None
        return known(divide(part, whole))


def finetuning(report: Report) -> Finetuning:
    """The cuts of the network that a report is of: whole, from the `train_from` of its setup on, and the head.

    The head begins at the last operator that has weights of its own which can be trained. Raises UsageError where
    nothing is trained, UndecidedError where a loop has a free count.
    """
    graph, setup = report.graph, report.setup
    whole = setup.in_training._replace(train_from=None)
    head = _head(graph, whole)
    if head is None:
        hint = "every step with weights is frozen by trainable: false" if report.totals.params != 0 else None
        raise UsageError(f"{report.name} has no weights that can be trained", hint=hint)
    if setup.train_from is not None and not trained(graph, setup):
        message = f"nothing is trained from '{setup.train_from}' on"
        raise UsageError(message, hint=f"the last weights that can be trained are those of {head}")
    return Finetuning(
        report,
        _cut(report, whole),
        None if setup.train_from is None else _cut(report, whole._replace(train_from=setup.train_from)),
        _cut(report, whole._replace(train_from=head)),
    )


def _head(graph: Graph, setup: Setup) -> str | None:
    """The path of the last operator that has trained weights of its own; None where there is none."""
    owners = graph.owners()
    last = max((weight[0] for weight in trained(graph, setup) if weight not in owners), default=None)
    return None if last is None else graph.nodes[last].path


def _cut(report: Report, setup: Setup) -> Cut:
    graph = report.graph
    bytes_, work = Memory(graph, setup), training_work(graph, setup)
    stored = arrays(graph, setup, {})
    return Cut(
        train_from=setup.train_from,
        trainable_params=total(stored.trained),
        frozen_params=total(stored.frozen),
        buffers=report.totals.buffers,
        weights_bytes=bytes_.weights_bytes,
        gradients_bytes=bytes_.gradients_bytes,
        optimizer_bytes=bytes_.optimizer_bytes,
        saved_for_backward_bytes=bytes_.saved_for_backward_bytes,
        saved_for_backward_integer_bytes=bytes_.saved_for_backward_integer_bytes,
        training_peak_bytes=bytes_.training_peak_bytes,
        training_peak_at=bytes_.training_peak_at,
        forward_mult_adds=work.forward,
        backward_mult_adds=work.backward,
        recomputed_mult_adds=work.recomputed,
    )
