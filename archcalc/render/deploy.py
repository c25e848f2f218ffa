"""A deployment as text: sizes on disk by precision, what each layer moves, and what the roofline says of it."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.recorded import divide, is_free, known
from archcalc.render.csv import guarded
from archcalc.render.facts import conditions, flow, setting, settings
from archcalc.render.json import Texts, heading
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table, wrapped
from archcalc.render.units import TIMES, Exact, count, duration, exact, percent, ratio, size
from archcalc.studies.deploy import total_demand
from archcalc.studies.roofline import MEMORY, quotient_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.studies.deploy import Deployed, Deployment, Stored
    from archcalc.studies.machine import Machine
    from archcalc.studies.roofline import Bound, Demand

FORMATS = ("table", "json", "csv")
SCHEMA = "archcalc.deploy/1"
SHOWN = 20
"""So many layers are shown where not all are asked for."""
LABEL = 19
MOVED = (
    "on disk: without container and quantization scales. bytes: a layer reads its inputs once and writes its output "
    "once, its weights and buffers are read once per batch; views and idle operators move none and have no row."
)
LIMITED = (
    "limit: memory where flop/byte is below the ridge point. time: the longer of flops / flops per second and bytes / "
    "bandwidth. from: the batch from which on arithmetic is the limit."
)
HEADER = (
    "path", "op", "flops", "weight_bytes", "activation_bytes", "bytes", "intensity",
    "limited_by", "seconds", "compute_bound_from",
)  # fmt: skip


class Row(NamedTuple):
    """One line of the table of layers; several layers together have a time, but no bound."""

    name: str
    demand: Demand
    seconds: Fraction | None
    bound: Bound | None = None
    several: bool = False


def render(deployment: Deployment, form: str, *, expand: bool = False) -> str | Screen:
    """The deployment in one of the FORMATS; with `expand` the table has every layer that moves something."""
    if form == "json":
        return json.dumps(as_data(deployment), indent=2)
    if form == "csv":
        return _csv(deployment)
    rows = _rows(deployment, expand=expand)
    sizes, layers = (_size_formulas, _formulas) if deployment.report.symbolic else (_sizes, _layers)

    def lay_out(room: int) -> Iterator[Line]:
        yield from _head(deployment, room)
        yield []
        yield from sizes(deployment, room)
        yield []
        yield from layers(deployment, rows, room)
        yield []
        yield from _labelled(_facts(deployment), room)
        yield []
        yield from paragraph(_notes(deployment, rows), room, "dim")

    return Screen(lay_out)


def _head(deployment: Deployment, room: int) -> Iterator[Line]:
    report = deployment.report
    weights = f", weights {deployment.weights}" if report.setup.weights is None else ""
    said = f"{flow(report, Exact())}{weights}, {setting('batch', report.batch)}"
    if report.setup.fold_batch_norm:
        said += ", batch norms folded"
    for text, style in ((report.name, "bold"), (report.cite or "", "dim"), (said, "")):
        yield from paragraph(text, room, style)
    if report.hyperparameters:
        yield [(cut(shown(settings(report)), room), "dim")]


def _sizes(deployment: Deployment, room: int) -> list[Line]:
    sizes = deployment.sizes
    columns = [
        Column("bytes", [Cell(exact(stored.bytes)) for stored in sizes]),
        Column("", [Cell(size(stored.bytes)) for stored in sizes]),
        Column("smaller", [Cell(_smaller(deployment, stored)) for stored in sizes]),
    ]
    if any(stored.buffers_bytes for stored in sizes):
        parts = ("params", "buffers")
        cells = [[Cell(exact(getattr(stored, f"{part}_bytes"))) for stored in sizes] for part in parts]
        columns[:0] = [Column(part, column) for part, column in zip(parts, cells, strict=True)]
    return table("on disk", [Name(stored.precision) for stored in sizes], columns, room)


def _smaller(deployment: Deployment, stored: Stored) -> str:
    times = deployment.smaller(stored)
    return "" if times is None else f"{TIMES}{ratio(known(times))}"


def _size_formulas(deployment: Deployment, room: int) -> Iterator[Line]:
    yield [("bytes on disk", "bold")]
    texts = Exact([stored.bytes for stored in deployment.sizes])
    yield from _labelled([(stored.precision, texts(stored.bytes)) for stored in deployment.sizes], room)


def _rows(deployment: Deployment, *, expand: bool) -> list[Row]:
    """Unless `expand`, of the layers that move something those that matter most, in their order, and all others."""
    moving = [one for one in deployment.layers if one.demand.moves]
    if expand or len(moving) <= SHOWN + 1:
        return [_row(one) for one in moving]
    kept = set(sorted(range(len(moving)), key=lambda i: (-_matters(moving[i]), i))[:SHOWN])
    others = [one for i, one in enumerate(moving) if i not in kept]
    return [*(_row(one) for i, one in enumerate(moving) if i in kept), _together(f"{len(others):,} others", others)]


def _matters(one: Deployed) -> Fraction | int:
    """The time of a layer, else the bytes that it moves; where names are free all are equal, and the first count."""
    if one.bound is not None:
        return one.bound.seconds
    return 0 if is_free(one.demand.bytes) else int(one.demand.bytes)


def _row(one: Deployed) -> Row:
    return Row(one.layer.path, one.demand, one.bound and one.bound.seconds, one.bound)


def _together(name: str, several: Sequence[Deployed]) -> Row:
    bounds = [one.bound for one in several if one.bound]
    seconds = sum(bound.seconds for bound in bounds) if bounds else None
    return Row(name, total_demand(one.demand for one in several), seconds, several=True)  # type: ignore[arg-type]


def _layers(deployment: Deployment, rows: Sequence[Row], room: int) -> list[Line]:
    rows = [*rows, Row("total", deployment.demand, deployment.layer_by_layer_seconds)]
    intensities = [row.demand.intensity for row in rows]
    columns = [
        Column("flops", [Cell(count(row.demand.flops)) for row in rows], rank=1),
        Column("bytes", [Cell(size(row.demand.bytes)) for row in rows], rank=1),
        Column("flop/byte", [Cell("" if n is None else ratio(known(n))) for n in intensities]),
    ]
    if deployment.machine is not None:
        whole = rows[-1].seconds or 0
        columns += [
            Column("limit", [Cell(row.bound.limited_by if row.bound else "") for row in rows]),
            Column("time", [Cell(duration(row.seconds or 0)) for row in rows]),
            Column("%", [*(Cell(percent(row.seconds or 0, whole)) for row in rows[:-1]), Cell("")], rank=2),
            Column("from", [Cell(_from(row.bound)) for row in rows]),
        ]
    return table("layer", [Name(shown(row.name)) for row in rows], columns, room, least=20, totals=1)


def _from(bound: Bound | None) -> str:
    if bound is None:
        return ""
    return "never" if bound.compute_bound_from is None else count(bound.compute_bound_from)


def _formulas(deployment: Deployment, rows: Sequence[Row], room: int) -> Iterator[Line]:
    yield [("flops per byte", "bold")]
    for row in rows:
        yield [(cut(shown(row.name), room), "dim" if row.several else "")]
        if not row.several:
            yield from ([(f"    {line}", "")] for line in wrapped(row.demand.intensity_text or "", room - 4))


def _facts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """What holds of the whole network, each with its label."""
    report, whole = deployment.report, deployment.whole
    exact_ = Exact([whole.flops, whole.bytes])
    yield "flops", exact_(whole.flops)
    yield "least traffic", f"{exact_(whole.bytes)} bytes: weights, inputs and outputs once"
    if whole.moves:
        intensity = whole.intensity_text or "" if report.symbolic else ratio(known(whole.intensity or 0))
        yield "", f"{intensity} flops per byte"
    if deployment.machine is not None:
        yield from _bounds(deployment, deployment.machine)
    for text in conditions(report.conditions):
        yield "valid where", text


def _bounds(deployment: Deployment, machine: Machine) -> Iterator[tuple[str, str]]:
    rates = f"{count(machine.flops_per_second)} flops and {count(machine.bandwidth)} bytes per second"
    ridge = ratio(known(divide(*machine)) if machine.ridge < 1000 else machine.ridge)
    yield "machine", f"{rates}: ridge point {ridge} flops per byte"
    limited = deployment.memory_limited
    slower = "bandwidth" if deployment.limited_by == MEMORY else "arithmetic"
    seconds, whole = deployment.layer_by_layer_seconds, deployment.whole_network_seconds
    assert seconds is not None
    assert whole is not None
    share = percent(sum(one.bound.seconds for one in limited if one.bound), seconds)
    moving = sum(one.demand.moves for one in deployment.layers)
    yield "limited by memory", f"{len(limited):,} of {moving:,} layers" + (f", {share} % of the time" if share else "")
    yield "latency", f"at least {duration(seconds)} where each layer reads from memory and writes to it"
    yield "", f"at least {duration(whole)} even if everything between the layers stays in caches, by {slower}"


def _labelled(lines: Iterable[tuple[str, str]], room: int) -> Iterator[Line]:
    for label, text in lines:
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((label if i == 0 else "").ljust(LABEL), "bold"), (line, "")]


def _notes(deployment: Deployment, rows: Sequence[Row]) -> str:
    text = MOVED if deployment.machine is None else f"{MOVED} {LIMITED}"
    hidden = sum(one.demand.moves for one in deployment.layers) > len(rows)
    return f"{text} --expand shows every layer." if hidden else text


def _csv(deployment: Deployment) -> str:
    """A row per layer, also of those that move nothing; headers are the keys of the JSON."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for layer in as_data(deployment)["layers"]:
        writer.writerow([guarded(v) if isinstance(v, str) else v for v in (layer[key] for key in HEADER)])
    return text.getvalue()


def as_data(deployment: Deployment) -> dict[str, Any]:
    """The deployment as plain data; what is no integer is text of the language."""
    report, machine = deployment.report, deployment.machine
    texts = Texts(report)
    data: dict[str, Any] = {
        **heading(SCHEMA, report),
        "batch": report.batch,
        "precision": report.precision,
        "weights_precision": deployment.weights,
        "fold_batch_norm": report.setup.fold_batch_norm,
        "conditions": texts.conditions,
        "on_disk": [_stored(deployment, stored) for stored in deployment.sizes],
        "machine": None if machine is None else _whole({**machine._asdict(), "ridge": machine.ridge}),
        "layer_by_layer": _demand(deployment.demand) | _whole({"seconds": deployment.layer_by_layer_seconds}),
        "whole_network": _demand(deployment.whole)
        | _whole({"seconds": deployment.whole_network_seconds, "limited_by": deployment.limited_by}),
        "layers": [_layer(one) for one in deployment.layers],
    }
    return {key: texts.plain(value) for key, value in data.items()}


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    """Fractions that are whole as integers."""
    return {k: int(v) if isinstance(v, Fraction) and v.denominator == 1 else v for k, v in values.items()}


def _stored(deployment: Deployment, stored: Stored) -> dict[str, Any]:
    stores = deployment.smaller(stored) is not None
    smaller = quotient_text(deployment.sizes[0].bytes, stored.bytes) if stores else None
    return {**stored._asdict(), "bytes": stored.bytes, "times_smaller": _plain(smaller)}


def _demand(demand: Demand) -> dict[str, Any]:
    return {**demand._asdict(), "bytes": demand.bytes, "intensity": _plain(demand.intensity_text)}


def _plain(text: str | None) -> str | int | None:
    """A whole number as such."""
    return int(text) if text is not None and text.isdigit() else text


def _layer(one: Deployed) -> dict[str, Any]:
    bound = dict.fromkeys(("seconds", "limited_by", "compute_bound_from")) if one.bound is None else one.bound._asdict()
    return {"path": one.layer.path, "op": one.layer.op, "line": one.layer.line, **_demand(one.demand), **_whole(bound)}
