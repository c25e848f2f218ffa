"""What is said of a network as a whole, in words that every format for people shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.recorded import is_free
from archcalc.render import rows as rows_
from archcalc.render.columns import USUAL
from archcalc.render.units import CONVENTION, TIMES, count, in_bytes, per_axis, shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archcalc.analysis.memory import Memory
    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.counting.count import Counted
    from archcalc.recorded import Size
    from archcalc.render.columns import Columns
    from archcalc.render.rows import Row
    from archcalc.render.units import Exact
    from archcalc.report import Condition, Report, Tensor

MEMORY = (
    "activation memory: all that is written; activations total: every storage once, the input too, activations in "
    "place. peak at inference: the most that is alive, each storage until its last reader. saved for backward: what "
    "the backward pass needs. training peak: weights, optimizer, and the most of what is saved and of gradients."
)


def numbers(report: Report, rows: Sequence[Row], columns: Columns = USUAL) -> Iterator[object]:
    """Every number that is written of a report where symbols are free, to be put in normal form together."""
    if not report.symbolic:
        return
    for tensor in (*report.inputs, *report.outputs):
        yield from tensor.shape
    for row in rows:
        yield from rows_.numbers(row)
    totals = report.totals
    yield from columns.totals(report).values()
    yield from (totals.activation_bytes, totals.depth, totals.shortest_path, report.batch)
    if report.counted is not None:
        yield from (n for n in report.counted[1:3] if n is not None)
    if totals.receptive_field is not None:
        for axes in totals.receptive_field[:3]:
            yield from axes


def flow(report: Report, exact: Exact) -> str:
    """What flows in and out, and how it is counted."""
    flows_in, flows_out = _tensors(report.inputs, "input", exact), _tensors(report.outputs, "output", exact)
    return f"{flows_in} → {flows_out}, {report.mode}, {precisions(report)}"


def precisions(report: Report) -> str:
    """The precision of an element, and that of the weights where they have one of their own."""
    weights = report.setup.weights
    return report.precision if weights is None else f"{report.precision}, weights {weights}"


def _tensors(tensors: Sequence[Tensor], usual: str, exact: Exact) -> str:
    if len(tensors) == 1 and tensors[0].name == usual:
        return shape(tensors[0].shape, exact)
    return ", ".join(f"{tensor.name} {shape(tensor.shape, exact)}" for tensor in tensors)


def settings(report: Report) -> str:
    """The hyperparameters and their values, as the language writes them."""
    return ", ".join(setting(name, value) for name, value in report.hyperparameters.items())


def setting(name: str, value: object) -> str:
    """One hyperparameter and its value."""
    text = _value(value)
    return f"{name} = {text}" if text != name else f"{name} free"


def other_settings(own: Mapping[str, object], others: Mapping[str, object]) -> list[str]:
    """The hyperparameters that another network has too, with another value; free ones apart."""
    return [
        text
        for name, value in own.items()
        if name in others and not is_free(value) and (text := setting(name, value)) != setting(name, others[name])
    ]


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def some_frozen(report: Report, exact: Exact) -> bool:
    """Whether some parameters are not trained."""
    return exact(report.totals.trainable_params) != exact(report.totals.params)


def facts(report: Report, exact: Exact, columns: Columns = USUAL) -> Iterator[tuple[str, str]]:
    """The totals and what else holds of the whole network, each with its label."""
    totals = report.totals
    yield "params", _counted(totals.params, exact)
    if some_frozen(report, exact):
        yield "trainable", _counted(totals.trainable_params, exact)
    yield "buffers", _counted(totals.buffers, exact)
    yield "mult-adds", _counted(totals.mult_adds, exact)
    yield "flops", _counted(totals.flops, exact)
    for one in columns.more:
        if one.label:
            yield one.label, _counted(one.total, exact)
    yield "activations", _counted(totals.activations, exact)
    memory, alone = totals.activation_bytes, isinstance(report.batch, int) and report.batch == 1
    batch = "" if alone else f", batch {exact(report.batch)}"
    yield "activation memory", f"{in_bytes(memory, exact)}, {report.precision}{batch}"
    if knows_memory(report):
        yield from _memory(report.memory, exact)
    if totals.receptive_field is not None:
        yield "receptive field", _field(totals.receptive_field, totals.receptive_field_of, exact)
    depth, shortest = exact(totals.depth), exact(totals.shortest_path)
    yield "depth", depth if shortest == depth else f"{depth} (shortest path {shortest})"
    if report.counted is not None:
        yield from counted(report.counted, exact)
    for text in conditions(report.conditions):
        yield "valid where", text


def conditions(found: Iterable[Condition]) -> list[str]:
    """What must hold of free names for the formulas to be valid: each condition in its simplest form."""
    stated = [(one.left, one.relation, one.right) for one in found]
    if not stated:
        return []
    from archcalc.symbolic.conditions import condition_texts

    return condition_texts(stated)


def counted(found: Counted, exact: Exact) -> Iterator[tuple[str, str]]:
    """What another tool prints, what it leaves out, and which of its known bugs are in it."""
    profile = found.profile
    yield f"as {profile.name}", f"{profile.title} prints"
    if found.operations is not None:
        called = "" if profile.quantity is None else f', which it calls "{profile.quantity}"'
        yield "", f"{exact(found.operations)} {profile.unit}{called}"
    yield "", f"{exact(found.params)} params"
    if found.left_out:
        yield "  not counted", ", ".join(found.left_out)
    for label, remarks in (("  known bug", found.bugs), ("  note", found.notes)):
        for text in dict.fromkeys(remark.text for remark in remarks):
            yield label, f"{', '.join(remark.op for remark in remarks if remark.text == text)}: {text}"


def knows_memory(report: Report) -> bool:
    """Whether peaks are numbers; with free names they are maxima of many formulas, which `archcalc formula` gives."""
    return not report.symbolic and not report.graph.loops


def _memory(memory: Memory, exact: Exact) -> Iterator[tuple[str, str]]:
    yield "activations total", in_bytes(memory.activations_total_bytes, exact)
    yield "peak at inference", f"{in_bytes(memory.peak_inference_bytes, exact)}, at {memory.peak_at}"
    whole = memory.saved_for_backward_integer_bytes
    more = f", and {in_bytes(whole, exact)} of whole numbers" if whole != 0 else ""
    yield "saved for backward", in_bytes(memory.saved_for_backward_bytes, exact) + more
    yield "training peak", f"{in_bytes(memory.training_peak_bytes, exact)} with {memory.setup.optimizer}"


def _counted(number: Size, exact: Exact) -> str:
    text = exact(number)
    return text if is_free(number) or count(number) == text else f"{text} ({count(number)})"


def _field(field: ReceptiveField, of: str | None, exact: Exact) -> str:
    if not field.size:
        return f"none: paths of unequal stride meet at {of}"
    length, stride, start = (per_axis(axes, exact) for axes in field[:3])
    text = f"{length}, stride {stride}, start {start}"
    if field.period != 1:
        text += f", the largest of {field.period} that take turns"
    if field.whole_input:
        text += ", and by another way the whole input"
    return f"{text}, at {of}"


def notes(report: Report, rows: Sequence[Row], columns: Columns = USUAL) -> str:
    """The convention of all numbers, and what the signs in the rows mean."""
    text = f"{CONVENTION} {MEMORY}" if knows_memory(report) else CONVENTION
    text += "".join(f" {one.said}" for one in columns.more)
    if report.totals.receptive_field is not None:
        text += " RF: receptive field."
    if any(row.then for row in rows):
        text += " +: in the same row, the operators that work element by element on its output."
    if any(row.times > 1 for row in rows):
        text += f" {TIMES}N: N equal parts, with their sums."
    return text
