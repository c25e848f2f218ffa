"""The memory of a network: its named quantities, and a bar for what is alive at each step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc import version
from archcalc.errors import UsageError
from archcalc.ops.op import VIEW
from archcalc.recorded import is_free
from archcalc.render.facts import conditions, flow
from archcalc.render.screen import GAP, Cell, Column, Name, Screen, paragraph, shortened, shown, table, width, wrapped
from archcalc.render.units import Exact, in_bytes, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.analysis.memory import Memory, Moment
    from archcalc.recorded import Size
    from archcalc.render.screen import Line
    from archcalc.report import Report
    from archcalc.studies.lowering import Change

FORMATS = ("table", "json")
SCHEMA = "archcalc.memory/1"
ROWS = 40
"""As many bars are drawn where nothing else is asked for."""
LABEL = 20
NAMED = (
    "weights_bytes",
    "buffers_bytes",
    "gradients_bytes",
    "optimizer_bytes",
    "activations_total_bytes",
    "peak_inference_bytes",
    "saved_for_backward_bytes",
    "saved_for_backward_integer_bytes",
    "training_peak_bytes",
)
CONVENTION = (
    "Time runs over the operators in the order of the file. While one runs its inputs and outputs are alive; a storage "
    "dies after its last reader, outputs stay. Activations overwrite their input where nobody reads that later, views "
    "own nothing. Saved: what the backward pass needs, each storage once. Training peak: weights, optimizer, and the "
    "most of what is saved and not yet used, gradients of activations, and gradients of weights made. Scratch space of "
    "kernels is outside."
)


class Drawing(NamedTuple):
    """What is drawn: inference or the backward pass, and how many levels of named parts."""

    training: bool = False
    levels: int | None = None
    expand: bool = False


class Bar(NamedTuple):
    """A part of the network, and the most that is alive in it."""

    path: str
    size: Size


def render(report: Report, form: str, drawing: Drawing) -> str | Screen:
    """The memory in one of the FORMATS; raises UsageError for levels below 1."""
    if drawing.levels is not None and drawing.levels < 1:
        raise UsageError(f"levels are a whole number, at least 1, not {drawing.levels}")
    memory = report.memory
    if form == "json":
        return json.dumps(as_data(report, memory), indent=2)
    found: list[Change] = []
    if not report.symbolic:
        from archcalc.studies.lowering import changes

        found = changes(report)
    return Screen(lambda room: _lines(report, memory, found, drawing, room))


def as_data(report: Report, memory: Memory) -> dict[str, Any]:
    """The memory as plain data; integers in full, formulas as text."""
    exact = Exact([getattr(memory, name) for name in NAMED] + [report.batch], grouped=False)

    def plain(number: Size) -> int | str:
        return exact(number) if is_free(number) else int(number)

    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": report.name,
        "cite": report.cite,
        "mode": report.mode,
        "setup": {**memory.setup._asdict(), "batch": plain(report.batch)},
        "convention": CONVENTION,
        "conditions": conditions(report.conditions),
        **{name: plain(getattr(memory, name)) for name in NAMED},
        "peak_at": memory.peak_at,
        "peak_lower_bound_bytes": memory.peak_lower_bound_bytes,
        "alive_at_peak": list(memory.alive_at_peak),
        "training_peak_at": memory.training_peak_at,
        "steps": [
            {"path": m.path, "part": m.part, "alive_bytes": m.alive_bytes, "backward_bytes": m.backward_bytes}
            for m in memory.moments
            if not is_free(m.alive_bytes) and not is_free(m.backward_bytes)
        ],
    }


def _lines(report: Report, memory: Memory, found: Sequence[Change], drawing: Drawing, room: int) -> Iterator[Line]:
    exact = Exact([*(getattr(memory, name) for name in NAMED), report.batch, *_shapes(report)])
    yield from paragraph(report.name, room, "bold")
    if report.cite:
        yield from paragraph(report.cite, room, "dim")
    yield from paragraph(f"{flow(report, exact)}, batch {exact(report.batch)}", room, "dim")
    yield []
    valid = [("valid where", text) for text in conditions(report.conditions)]
    for label, text in (*_facts(memory, exact), *valid):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((label if i == 0 else "").ljust(LABEL), "bold"), (line, "")]
    if not report.symbolic:
        yield []
        yield from _bars(memory, drawing, room)
        if found:
            yield []
            yield from _changes(found, room)
    yield []
    yield from paragraph(CONVENTION, room, "dim")


def _shapes(report: Report) -> Iterator[Size]:
    for tensor in (*report.inputs, *report.outputs):
        yield from tensor.shape


def _facts(memory: Memory, exact: Exact) -> Iterator[tuple[str, str]]:
    def counted(number: Size) -> str:
        return in_bytes(number, exact)

    yield "weights", counted(memory.weights_bytes)
    yield "buffers", counted(memory.buffers_bytes)
    yield "activations total", counted(memory.activations_total_bytes)
    yield "peak at inference", f"{counted(memory.peak_inference_bytes)}, at {memory.peak_at}"
    bound = memory.peak_lower_bound_bytes
    if bound is not None:
        proved = (
            "no order needs less" if bound == memory.peak_inference_bytes else f"no order needs less than {bound:,}"
        )
        yield "  best schedule", proved
    yield "alive there", ", ".join(memory.alive_at_peak)
    whole = memory.saved_for_backward_integer_bytes
    yield "saved for backward", counted(memory.saved_for_backward_bytes)
    yield "  whole numbers", counted(whole)
    yield "gradients", f"{counted(memory.gradients_bytes)} of weights"
    yield "optimizer", f"{counted(memory.optimizer_bytes)}, {memory.setup.optimizer}"
    yield "training peak", f"{counted(memory.training_peak_bytes)}, at {memory.training_peak_at}"


def _bars(memory: Memory, drawing: Drawing, room: int) -> Iterator[Line]:
    """A bar for each part, as long as the most that is alive in it."""
    moments = [m for m in memory.moments if m.storage != VIEW]
    drawn = _drawn(moments, drawing)
    most = max((int(bar.size) for bar in drawn), default=0)
    texts = [size(bar.size) for bar in drawn]
    right = max(map(width, texts), default=0)
    left = min(max((width(bar.path) for bar in drawn), default=0), max(room // 2 - right, 12))
    space = max(room - left - right - 3 * len(GAP), 8)
    heading = "alive in the backward pass" if drawing.training else "alive at inference"
    yield [(heading, "bold")]
    for bar, text in zip(drawn, texts, strict=True):
        halves = int(bar.size) * 2 * space // most if most else 0
        drawn_bar = "█" * (halves // 2) + "▌" * (halves % 2)
        style = "red" if bar.size == most else "cyan"
        name = shortened(shown(bar.path), left)
        yield [
            (name + " " * (left - width(name)), ""),
            (f"{GAP}{' ' * (right - width(text))}{text}{GAP}", ""),
            (drawn_bar, style),
        ]


def _drawn(moments: Sequence[Moment], drawing: Drawing) -> list[Bar]:
    def at(level: int) -> list[Bar]:
        bars: list[Bar] = []
        for moment in moments:
            now = moment.backward_bytes if drawing.training else moment.alive_bytes
            whole = f"{moment.path}/{moment.part}" if moment.part else moment.path
            path = "/".join(whole.split("/")[:level]) if level else whole
            if bars and bars[-1].path == path:
                bars[-1] = Bar(path, max(bars[-1].size, now))
            else:
                bars.append(Bar(path, now))
        return bars

    if drawing.expand or drawing.levels is not None:
        return at(0 if drawing.levels is None else drawing.levels)
    deepest = max((moment.path.count("/") + 2 for moment in moments), default=1)
    fitting = next((bars for level in range(deepest, 0, -1) if len(bars := at(level)) <= ROWS), None)
    return at(1) if fitting is None else fitting


def _changes(found: Sequence[Change], room: int) -> list[Line]:
    columns = [
        Column("peak at inference", [Cell(size(change.peak_inference_bytes)) for change in found]),
        Column("training peak", [Cell(size(change.training_peak_bytes)) for change in found]),
    ]
    return table("what would lower it", [Name(change.option) for change in found], columns, room)
