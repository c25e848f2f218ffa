"""Answers to questions asked backwards, as text."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.render.csv import guarded
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table
from archcalc.render.units import exact, half_up
from archcalc.studies.grid import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.recorded import Number
    from archcalc.render.screen import Line
    from archcalc.studies.grid import Axis
    from archcalc.studies.plateau import Plateau
    from archcalc.studies.solve import Answer, Solution
    from archcalc.studies.targets import Target

FORMATS = ("table", "json", "csv")
SCHEMA = "archcalc.solve/1"


def render(solution: Solution, form: str) -> str | Screen:
    """The solution in one of the FORMATS."""
    if form == "json":
        return json.dumps(as_data(solution), indent=2)
    if form == "csv":
        return _csv(solution)
    return Screen(lambda room: _lines(solution, room))


def _lines(solution: Solution, room: int) -> Iterator[Line]:
    wanted = ", ".join(map(str, solution.targets)) + (f", where {solution.where}" if solution.where else "")
    yield from paragraph(f"{solution.network}: {wanted}", room, "bold")
    for axis in solution.axes:
        yield from paragraph(f"{axis.name}: {_tried(axis)}", room, "dim")
    yield []
    if solution.answers:
        yield from _table(solution, solution.answers, room)
    else:
        yield from _none(solution, room)
    for note in _notes(solution):
        yield from paragraph(note, room, "dim")


def _tried(axis: Axis) -> str:
    """The values that were tried, in short."""
    first, second, *_, last = (*axis.items[:2], *axis.items[-2:])
    if len(axis.items) < 6:
        return ", ".join(axis.texts)
    return f"{written(first)}, {written(second)}, ... {written(last)} ({len(axis.items):,} values)"


def _table(solution: Solution, answers: Sequence[Answer], room: int) -> list[Line]:
    names = [Name(_kind(i, answer, solution)) for i, answer in enumerate(answers, 1)]
    columns = [
        Column(shown(axis.name), [Cell(shown(written(answer.settings[axis.name])), "bold") for answer in answers])
        for axis in solution.axes
    ]
    asked = [target.quantity for target in solution.targets]
    figures = [target for target in solution.targets if target.nearest]
    for quantity in answers[0].quantities:
        cells = [Cell(exact(answer.quantities[quantity])) for answer in answers]
        columns.append(Column(quantity.replace("receptive_field", "RF"), cells, rank=0 if quantity in asked else 2))
        columns += [
            Column("off by", [Cell(_off(answer.quantities[quantity], figure)) for answer in answers])
            for figure in figures
            if figure.quantity == quantity
        ]
    return table("", names, columns, room)


def _kind(place: int, answer: Answer, solution: Solution) -> str:
    if answer.kind == "nearest":
        return f"{place}"
    near = answer.kind in ("below", "above") and answer is solution.nearest
    return f"{answer.kind}, nearest" if near else answer.kind


def _off(number: Number, figure: Target) -> str:
    """The distance from a figure in percent of it, with two decimals."""
    if not figure.value:
        return ""
    hundredths = half_up((Fraction(number) - figure.value) * 10_000 / figure.value)
    sign = "-" if hundredths < 0 else "+" if hundredths else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d} %"


def _none(solution: Solution, room: int) -> Iterator[Line]:
    names = " and ".join(axis.name for axis in solution.axes)
    yield [(f"no value of {names} does that", "bold")]
    if solution.closest is not None:
        yield [("what misses by least:", "")]
        yield from _table(solution, [solution.closest], room)
    if solution.refusal is not None:
        said, *excerpt = solution.refusal.splitlines()
        yield [("there is no network:", "")]
        yield from paragraph(said, room)
        yield from ([(cut(shown(line), room), "")] for line in excerpt)


def _notes(solution: Solution) -> Iterator[str]:
    for answer in solution.answers:
        ((name, value), *others) = answer.settings.items()
        if answer.plateau is not None:
            yield f"{answer.kind}: the same network for {interval(name, answer.plateau)}"
        end = {"largest": -1, "smallest": 0}.get(answer.kind)
        if answer.kept is not None:
            yield f"{answer.kind}: {_farther(name, answer)}"
        elif end is not None and not others and value == solution.axes[0].items[end]:
            yield f"{answer.kind}: nothing beyond it was tried; --for {name}=start:stop:step tries more"


def _farther(name: str, answer: Answer) -> str:
    """How far the name may go before the next value that was tried."""
    assert answer.kept is not None
    _, low, low_closed, high, high_closed = answer.kept
    if answer.kind == "largest":
        return f"{name} may rise to {'' if high_closed else 'just below '}{written(high)}"
    return f"{name} may fall to {'' if low_closed else 'just above '}{written(low)}"


def interval(name: str, found: Plateau) -> str:
    """An interval as a chain of comparisons: 0.71875 <= alpha < 0.720703125."""
    low = "" if found.low is None else f"{written(found.low)} {'<=' if found.low_closed else '<'} "
    high = "" if found.high is None else f" {'<=' if found.high_closed else '<'} {written(found.high)}"
    return f"{low}{name}{high}" if low or high else f"any {name}"


def _csv(solution: Solution) -> str:
    """A row per answer, keyed by the names of hyperparameters and quantities."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    for i, answer in enumerate(solution.answers):
        if i == 0:
            writer.writerow(("kind", *answer.settings, *answer.quantities))
        settings = [guarded(written(value)) for value in answer.settings.values()]
        writer.writerow((answer.kind, *settings, *map(str, answer.quantities.values())))
    return text.getvalue()


def as_data(solution: Solution) -> dict[str, Any]:
    """The solution as plain data; numbers that are not whole are text of the language."""
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": solution.network,
        "targets": [str(target) for target in solution.targets],
        "where": solution.where,
        "values": {
            axis.name: {"first": _plain(axis.items[0]), "last": _plain(axis.items[-1]), "count": len(axis.items)}
            for axis in solution.axes
        },
        "answers": [_answer(answer, solution) for answer in solution.answers],
        "closest": None if solution.closest is None else _answer(solution.closest, solution),
    }


def _answer(answer: Answer, solution: Solution) -> dict[str, Any]:
    (name, *_) = answer.settings
    return {
        "kind": answer.kind,
        "nearest": answer is solution.nearest,
        "hyperparameters": {key: _plain(value) for key, value in answer.settings.items()},
        "quantities": {key: _plain(value) for key, value in answer.quantities.items()},
        "same_network": None if answer.plateau is None else interval(name, answer.plateau),
        "bounds_kept": None if answer.kept is None else interval(name, answer.kept),
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else written(value)
