"""What fits into a memory, as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.render.facts import flow, precisions
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table, wrapped
from archcalc.render.units import Exact, exact, in_bytes, size
from archcalc.studies.grid import written
from archcalc.studies.largest_batch import TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.studies.fit import Fit, Row
    from archcalc.studies.largest_batch import Need

FORMATS = ("table", "json")
SCHEMA = "archcalc.fit/1"
LABEL = 13
LISTED = 12
"""So many values that do not fit, or give no network, are listed."""
CONVENTION = {
    True: "What must fit: the training peak, which holds weights and optimizer state, and buffers.",
    False: "What must fit: weights, buffers, and the peak at inference.",
}


def render(found: Fit, form: str) -> str | Screen:
    """The answer in one of the FORMATS."""
    if form == "json":
        return json.dumps(as_data(found), indent=2)
    return Screen(lambda room: _lines(found, room))


def _lines(found: Fit, room: int) -> Iterator[Line]:
    yield from paragraph(found.report.name, room, "bold")
    for text in (_run(found), f"memory: {in_bytes(found.memory_bytes, exact)}"):
        yield from paragraph(text, room, "dim")
    yield []
    if found.name is None:
        yield from _batch(found, found.rows[0], room)
    elif found.solved:
        yield from _batches(found, found.name, room)
    else:
        yield from _value(found, found.name, room)
    yield []
    said = f"{CONVENTION[found.during == TRAINING]} Scratch space of kernels is outside."
    yield from paragraph(said, room, "dim")


def _run(found: Fit) -> str:
    """How it is run or trained."""
    report, setup = found.report, found.report.setup
    said = [found.during, precisions(report)] if found.name else [flow(report._replace(mode=found.during), Exact())]
    if report.mode == TRAINING:
        said.append("with training parts")
    if found.during == TRAINING:
        said += ["weights kept in float32 too"] if setup.master_weights else []
        said.append(setup.optimizer)
    if found.batch is not None:
        said.append(f"batch {exact(found.batch)}")
    return ", ".join(said)


def _table(name: str, rows: Sequence[tuple[str, str, Need]], room: int) -> list[Line]:
    """A kind, a value and a need on each line."""
    columns = [
        Column(name, [Cell(value, "bold") for _, value, _ in rows]),
        Column("bytes", [Cell(exact(need.bytes)) for _, _, need in rows]),
        Column("", [Cell(size(need.bytes)) for _, _, need in rows]),
    ]
    return table("", [Name(kind) for kind, _, _ in rows], columns, room)


def _batch(found: Fit, row: Row, room: int) -> Iterator[Line]:
    """The largest batch, and one sample more."""
    assert row.following is not None
    following = ("one more", exact(row.batch + 1), row.following)
    if row.need is None:
        yield [("not even one sample fits", "bold")]
        yield from _table("batch", [("least", *following[1:])], room)
    else:
        yield from _table("batch", [("largest", exact(row.batch), row.need), following], room)
    yield []
    for label, text in _facts(found, row, row.following):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((label if i == 0 else "").ljust(LABEL), "bold"), (line, "")]


def _facts(found: Fit, row: Row, need: Need) -> Iterator[tuple[str, str]]:
    yield "weights", in_bytes(need.weights_bytes, exact)
    yield "buffers", in_bytes(need.buffers_bytes, exact)
    if found.during == TRAINING:
        yield "optimizer", in_bytes(need.optimizer_bytes, exact)
    yield "peak", f"at {need.at}"
    form = row.closed_form
    if form is None:
        return
    first, last = exact(form.first), None if form.last is None else exact(form.last)
    valid = f"n >= {first}" if last is None else f"{first} <= n <= {last}"
    yield "n samples", f"{exact(form.fixed_bytes)} + {exact(form.per_sample_bytes)}*n bytes for {valid}"
    numbers = (found.memory_bytes, form.fixed_bytes, form.per_sample_bytes, row.batch)
    yield "closed form", "({} - {})//{} = {}".format(*map(exact, numbers))


def _batches(found: Fit, name: str, room: int) -> Iterator[Line]:
    """The largest batch of each value."""
    rows = [row for row in found.rows if row.refusal is None]
    if rows:
        needs = [(row.need, row.following) for row in rows]
        columns = [
            Column("largest batch", [Cell(exact(row.batch), "bold") for row in rows]),
            Column("bytes", [Cell("" if need is None else exact(need.bytes)) for need, _ in needs]),
            Column("one more", [Cell("" if more is None else exact(more.bytes)) for _, more in needs], rank=1),
        ]
        yield from table(shown(name), [Name(shown(written(row.value))) for row in rows], columns, room)
    yield from _refused(found, name, room)


def _value(found: Fit, name: str, room: int) -> Iterator[Line]:
    """The largest value, the next one that was tried, and what smaller ones do not fit."""
    rows = [row for row in found.rows if row.need is not None]
    place = max((i for i, row in enumerate(rows) if row.fits), default=-1)
    if place < 0:
        yield [(shown(f"no value of {name} that was tried fits"), "bold")]
        rows = [min(rows, key=lambda row: row.need.bytes if row.need else 0)] if rows else []
        kinds = ["least"]
    else:
        kinds = ["largest", "next tried"]
    told = [
        (kind, shown(written(row.value)), row.need) for kind, row in zip(kinds, rows[max(place, 0) :], strict=False)
    ]
    if told:
        yield from _table(shown(name), [(kind, value, need) for kind, value, need in told if need is not None], room)
    notes = []
    if place >= 0 and place == len(rows) - 1:
        notes.append(f"nothing beyond it was tried; --for {name}=start:stop:step tries more")
    smaller = [row for row in rows[: max(place, 0)] if not row.fits]
    if smaller:
        notes.append(f"smaller, and do not fit: {_listed(smaller)}")
    for note in notes:
        yield from paragraph(note, room, "dim")
    yield from _refused(found, name, room)


def _refused(found: Fit, name: str, room: int) -> Iterator[Line]:
    """The values that give no network, and why the first does not."""
    rows = [row for row in found.rows if row.refusal is not None]
    if not rows:
        return
    yield from paragraph(f"no network for {name} = {_listed(rows)}:", room)
    said, *excerpt = (rows[0].refusal or "").splitlines()
    yield from paragraph(said, room)
    yield from ([(cut(shown(line), room), "")] for line in excerpt)


def _listed(rows: Sequence[Row]) -> str:
    more = f", ... ({len(rows):,} values)" if len(rows) > LISTED else ""
    return ", ".join(written(row.value) for row in rows[:LISTED]) + more


def as_data(found: Fit) -> dict[str, Any]:
    """The answer as plain data; numbers that are not whole are text of the language."""
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": found.report.name,
        "cite": found.report.cite,
        "mode": found.report.mode,
        "during": found.during,
        "memory_bytes": found.memory_bytes,
        "setup": {**found.report.setup._asdict(), "batch": found.batch},
        "for": found.name,
        "fits": found.fits,
        "answer": None if found.answer is None else _row(found.answer),
        "rows": [_row(row) for row in found.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    stored = row.following if row.need is None else row.need
    return {
        "value": row.value if row.value is None or isinstance(row.value, int) else written(row.value),
        "fits": row.fits,
        "batch": None if row.refusal else row.batch,
        "need_bytes": row.need and row.need.bytes,
        "next_need_bytes": row.following and row.following.bytes,
        "weights_bytes": stored and stored.weights_bytes,
        "buffers_bytes": stored and stored.buffers_bytes,
        "optimizer_bytes": stored and stored.optimizer_bytes,
        "peak_at": stored and stored.at,
        "closed_form": row.closed_form and row.closed_form._asdict(),
        "refusal": row.refusal,
    }
