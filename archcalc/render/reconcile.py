"""How the number of one tool becomes that of another, as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.recorded import is_free
from archcalc.render.facts import flow
from archcalc.render.json import Texts, heading, printed
from archcalc.render.markdown import escaped
from archcalc.render.screen import Screen, paragraph, shown, width, wrapped
from archcalc.render.units import Exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcalc.counting.count import Counted
    from archcalc.counting.reconcile import Step, Waterfall
    from archcalc.counting.terms import Term
    from archcalc.render.screen import Line
    from archcalc.report import Report

FORMATS = ("table", "json", "markdown")
SCHEMA = "archcalc.reconcile/1"
WORDS = {
    ("inputs",): "element that flows in",
    ("outputs",): "element that flows out",
    ("mult_adds",): "multiply-accumulate",
    ("bias_adds",): "addition of a bias",
    ("flops",): "operation",
    ("params",): "parameter",
    ("trainable_params",): "trainable parameter",
    ("buffers",): "running statistic",
    ("kernel", "outputs"): "element of a window",
    (): "layer",
}
"""What a term counts, in words."""
WIDEST = 40  # of a number; formulas stand above what they are


class Entry(NamedTuple):
    """A number with its sign, what it is, and a remark."""

    sign: str
    number: str
    text: str
    remark: str = ""


def render(report: Report, waterfalls: Sequence[Waterfall], refused: Sequence[str], form: str) -> str | Screen:
    """The waterfalls in one of the FORMATS, and what is said of the tools that have no number."""
    if form == "json":
        return json.dumps(as_data(report, waterfalls, refused), indent=2)
    exact = Exact(_numbers(waterfalls))
    if form == "markdown":
        return _markdown(report, waterfalls, refused, exact)
    return Screen(lambda room: _lines(report, waterfalls, refused, exact, room))


def _numbers(waterfalls: Iterable[Waterfall]) -> Iterator[object]:
    for waterfall in waterfalls:
        for counted in waterfall[:2]:
            yield from (n for n in (counted.operations, counted.params) if n is not None)
        yield from (step.size for step in (*waterfall.operations, *waterfall.params))


def entries(waterfall: Waterfall, exact: Exact) -> Iterator[list[Entry]]:
    """The steps of operations, and those of parameters where these differ."""
    start, end = waterfall.start, waterfall.end
    if start.operations is not None and end.operations is not None:
        yield [
            Entry("", exact(start.operations), f"{start.profile.title}: {_quantity(start)}"),
            *(_entry(step, exact) for step in waterfall.operations),
            Entry("=", exact(end.operations), f"{end.profile.title}: {_quantity(end)}"),
        ]
    if waterfall.params:
        yield [
            Entry("", exact(start.params), f"{start.profile.title}: params"),
            *(_entry(step, exact) for step in waterfall.params),
            Entry("=", exact(end.params), f"{end.profile.title}: params"),
        ]
    elif start.operations is None or end.operations is None:
        yield [Entry("", exact(start.params), f"params, in {start.profile.title} and in {end.profile.title}")]


def _quantity(counted: Counted) -> str:
    unit = counted.profile.unit or ""
    return unit if counted.profile.quantity is None else f'{unit}, called "{counted.profile.quantity}"'


def _entry(step: Step, exact: Exact) -> Entry:
    number = exact(step.size)
    op = step.op if step.call is None else f"{step.op} as a {step.call}"
    bugs = [
        f"known bug of the {which}: {bug}" for which, bug in (("first", step.bug_before), ("second", step.bug)) if bug
    ]
    sign, digits = ("-", number[1:]) if number.startswith("-") and not is_free(step.size) else ("+", number)
    return Entry(sign, digits, f"{op}, {in_words(step)}", "; ".join(bugs))


def in_words(step: Step) -> str:
    """What a step adds, for what."""
    if not step.terms or any(term.names not in WORDS for term in step.terms):
        return step.rule
    taken = all(term.coefficient < 0 for term in step.terms)  # the sign of the number says so
    return " and ".join(_term(term, -1 if taken else 1) for term in step.terms)


def _term(term: Term, sign: int) -> str:
    return f"{sign * term.coefficient} per {WORDS[term.names]}"


def _lines(
    report: Report, waterfalls: Sequence[Waterfall], refused: Sequence[str], exact: Exact, room: int
) -> Iterator[Line]:
    yield [(shown(report.name), "bold")]
    yield [(f"{flow(report, exact)}, per sample", "dim")]
    for waterfall in waterfalls:
        for block in entries(waterfall, exact):
            yield []
            yield from _block(block, room)
    if refused:
        yield []
    for said in refused:
        yield from paragraph(said, room, "dim")


def _block(block: Sequence[Entry], room: int) -> Iterator[Line]:
    wide = min(max(width(entry.number) for entry in block), WIDEST)
    for entry in block:
        style = "" if entry.sign in ("+", "-") else "bold"
        margin = 2 + wide + 2
        if width(entry.number) > wide:
            yield from paragraph(f"{entry.sign} {entry.number}".lstrip(), room, style)
            lead = " " * margin
        else:
            lead = f"{entry.sign:2}{entry.number:>{wide}}  "
        for i, line in enumerate(wrapped(shown(entry.text), max(room - margin, 20))):
            yield [(lead if i == 0 else " " * margin, style), (line, style)]
        for line in wrapped(shown(entry.remark), max(room - margin, 20)) if entry.remark else ():
            yield [(" " * margin, ""), (line, "dim")]


def _markdown(report: Report, waterfalls: Sequence[Waterfall], refused: Sequence[str], exact: Exact) -> str:
    lines = [f"**{escaped(report.name)}**: {escaped(flow(report, exact))}, per sample"]
    for waterfall in waterfalls:
        for block in entries(waterfall, exact):
            lines += ["", "| | |", "|---:|---|"]
            for sign, number, text, remark in block:
                said = f"{text} ({remark})" if remark else text
                lines.append(f"| {sign} {escaped(number)} | {escaped(said)} |".replace("|  ", "| "))
    return "\n".join([*lines, "", *map(escaped, refused)]).rstrip() + "\n"


def as_data(report: Report, waterfalls: Sequence[Waterfall], refused: Sequence[str]) -> dict[str, Any]:
    """The waterfalls as plain data."""
    texts = Texts(report)
    data = {
        **heading(SCHEMA, report),
        "conditions": texts.conditions,
        "waterfalls": [
            {
                "from": printed(waterfall.start),
                "to": printed(waterfall.end),
                "operations": [_step(step) for step in waterfall.operations],
                "params": [_step(step) for step in waterfall.params],
            }
            for waterfall in waterfalls
        ],
        "refused": list(refused),
    }
    return {key: texts.plain(value) for key, value in data.items()}


def _step(step: Step) -> dict[str, Any]:
    return {
        "op": step.op,
        "call": step.call,
        "layers": step.layers,
        "difference": step.size,
        "rule": step.rule,
        "from": step.before,
        "to": step.after,
        "bugs": [bug for bug in (step.bug_before, step.bug) if bug],
    }
