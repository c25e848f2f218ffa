"""What finetuning trains and costs as text: a row per quantity, a column per cut, each with its share of the whole."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc.recorded import is_free
from archcalc.render.facts import conditions, flow, setting
from archcalc.render.json import Texts, heading
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table, wrapped
from archcalc.render.units import Exact, percent, size
from archcalc.studies.finetune import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.studies.finetune import Cut, Finetuning

FORMATS = ("table", "json")
SCHEMA = "archcalc.finetune/1"
LABELS = {
    "saved_for_backward_bytes": "saved bytes",
    "saved_for_backward_integer_bytes": "saved integers",
    "training_peak_bytes": "peak bytes",
    "recomputed_mult_adds": "again mult-adds",
    "training_mult_adds": "all mult-adds",
}
IF_ANY = ("buffers", "optimizer_bytes", "saved_for_backward_integer_bytes", "recomputed_mult_adds")
"""Rows that are left out where all cuts have none."""
NOT_SAID = ("train_from", "schedule", "fold_batch_norm")  # of the setup: each cut has its own, and training neither
LABEL = 7
LONGEST = 38  # what the table needs beside its numbers: a label, shares, and gaps
CONVENTION = (
    "%: of the whole. Bytes are for the batch, mult-adds for a sample. Saved: what the backward pass needs, integers "
    "apart. Peak: weights, optimizer, and the most of what is saved, and of gradients, at any moment of training. "
    "Backward: every factor of a matrix product that needs a gradient costs as many mult-adds as the product."
)
AGAIN = " Again: what the backward pass computes a second time, as scores of fused attention and checkpointed parts."
FORMULAS = " --format json has the formulas in full."


def render(found: Finetuning, form: str) -> str | Screen:
    """The cuts of a network in one of the FORMATS."""
    if form == "json":
        return json.dumps(as_data(found), indent=2)
    return Screen(lambda room: _lines(found, room))


def _lines(found: Finetuning, room: int) -> Iterator[Line]:
    report = found.report
    tensors = [side for tensor in (*report.inputs, *report.outputs) for side in tensor.shape]
    exact = Exact([*tensors, report.batch, *(getattr(c, q) for c in found.cuts.values() for q in QUANTITIES)])
    setup = report.setup
    training = flow(report._replace(mode="training"), exact)
    said = f"{training}, {setting('batch', report.batch)}, {setup.optimizer}"
    for text, style in ((report.name, "bold"), (report.cite or "", "dim"), (said, "dim")):
        yield from paragraph(text, room, style)
    yield []
    yield from _cuts(found, exact, room)
    yield []
    for name, text in _facts(found):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [((name if i == 0 else "").ljust(LABEL), "bold"), (line, "")]
    yield []
    again = any(c.recomputed_mult_adds != 0 for c in found.cuts.values())
    notes = CONVENTION + (AGAIN if again else "") + (FORMULAS if report.symbolic else "")
    yield from paragraph(notes, room, "dim")


def _cuts(found: Finetuning, exact: Exact, room: int) -> list[Line]:
    rows = [q for q in QUANTITIES if q not in IF_ANY or any(getattr(c, q) != 0 for c in found.cuts.values())]
    cap = (room - LONGEST) // len(found.cuts)
    columns = []
    for name, one in found.cuts.items():
        numbers = [getattr(one, quantity) for quantity in rows]
        columns.append(Column(name, [Cell(cut(exact(n), cap) if is_free(n) else exact(n)) for n in numbers]))
        if one is not found.whole:
            wholes = [getattr(found.whole, quantity) for quantity in rows]
            columns.append(Column("%", [Cell(percent(n, w)) for n, w in zip(numbers, wholes, strict=True)], rank=2))
    names = [
        Name(LABELS.get(quantity, quantity.replace("_", " ").replace("mult adds", "mult-adds"))) for quantity in rows
    ]
    return table("trained", names, columns, room, least=0)


def _facts(found: Finetuning) -> Iterator[tuple[str, str]]:
    for name, one in found.cuts.items():
        yield name, _trained(one, name)
    for text in conditions(found.report.conditions):
        yield "where", text


def _trained(one: Cut, name: str) -> str:
    """Where the cut is, and its peak: formulas stand in the table."""
    place = "all that the spec does not freeze" if one.train_from is None else f"from {one.train_from} on"
    if name == "head":
        place += ", the last with weights of its own"
    number = one.training_peak_bytes
    return place if is_free(number) else f"{place}; peak {size(number)}, at {one.training_peak_at}"


def as_data(found: Finetuning) -> dict[str, Any]:
    """The cuts as plain data; integers in full, what is no integer as text of the language."""
    report, texts = found.report, Texts(found.report)
    setup = {k: v for k, v in report.setup._asdict().items() if k not in NOT_SAID}
    data: dict[str, Any] = {
        **heading(SCHEMA, report),
        "setup": setup,
        "conditions": texts.conditions,
        **{name: None if one is None else _cut(found, one) for name, one in _named(found)},
    }
    return {key: texts.plain(value) for key, value in data.items()}


def _named(found: Finetuning) -> Sequence[tuple[str, Cut | None]]:
    return ("whole", found.whole), ("part", found.part), ("head", found.head)


def _cut(found: Finetuning, one: Cut) -> dict[str, Any]:
    return {
        "train_from": one.train_from,
        **{quantity: getattr(one, quantity) for quantity in QUANTITIES},
        "training_peak_at": one.training_peak_at,
        "ratios": {quantity: _whole(found.ratio(one, quantity)) for quantity in QUANTITIES},
    }


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number
