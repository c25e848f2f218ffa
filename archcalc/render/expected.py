"""The average cost of training that drops branches, as text or as JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.limits import LIMITS
from archcalc.recorded import Recorded, is_free, known
from archcalc.render.facts import conditions, flow, settings
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table, wrapped
from archcalc.render.units import TIMES, Exact, count, percent, ratio, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcalc.recorded import Number, Quantity
    from archcalc.render.screen import Line
    from archcalc.studies.expected import Expectation, Expected

SCHEMA = "archcalc.expected/1"
FORMATS = ("text", "json")
SAVED, SAVED_INTEGERS = "saved_for_backward_bytes", "saved_for_backward_integer_bytes"
LABEL = 16
LABELS = {"mult_adds": "mult-adds", SAVED: "saved", SAVED_INTEGERS: "saved integers"}
FORMULA = 26  # columns that a formula may take in a table; the totals below are written in full
EXPLAINED = (
    "Expected: the mean over the networks that training draws, each branch dropped with its rate, independently of the "
    "others. What is needed only for dropped branches is not computed. Forward pass of training, per sample; saved: "
    "bytes for the backward pass, of the batch."
)


def render(found: Expected, form: str = "text", *, expand: bool = False) -> str | Screen:
    """The averages in one of the FORMATS; `expand` shows each branch, not parts of the network."""
    if form == "json":
        return json.dumps(as_data(found), indent=2)
    exact = Exact(_numbers(found))
    return Screen(lambda room: _lines(found, exact, room, expand=expand))


def _numbers(found: Expected) -> Iterator[object]:
    """Every number that may be written, so that formulas are put in normal form together."""
    for pair in (*(pair for _, pair in _quantities(found)), *(pair for part in found.parts for pair in part[1:])):
        yield from pair
    for branch in found.dropped:
        yield from (branch.rate, branch.probability, branch.mult_adds, branch.passes)
    yield found.choices


def _quantities(found: Expected) -> Iterator[tuple[str, Expectation]]:
    """What is averaged, by name."""
    yield "branches", found.branches
    if found.depth is not None:
        yield "depth", found.depth
    yield "mult_adds", found.mult_adds
    yield "flops", found.flops
    yield "activations", found.activations
    if found.saved_for_backward_bytes is not None:
        yield SAVED, found.saved_for_backward_bytes
    if found.saved_for_backward_integer_bytes is not None:
        yield SAVED_INTEGERS, found.saved_for_backward_integer_bytes


def _lines(found: Expected, exact: Exact, room: int, *, expand: bool) -> Iterator[Line]:
    report = found.report
    for text, style in (
        (report.name, "bold"),
        (report.cite or "", "dim"),
        (flow(report._replace(mode="training"), exact), ""),
    ):
        yield from paragraph(text, room, style)
    if report.hyperparameters:
        yield [(cut(shown(settings(report)), room), "dim")]
    yield []
    yield from (_branches if expand else _parts)(found, exact, room)
    yield []
    for label, text in _facts(found, exact):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [(f"{label if i == 0 else '':<{LABEL}}", "dim"), (line, "")]
    yield []
    yield from paragraph(EXPLAINED, room, "dim")


def _parts(found: Expected, exact: Exact, room: int) -> list[Line]:
    """Named parts: how many branches, and the mult-adds, each with what is expected of it."""
    rows = [(part.branches, part.mult_adds) for part in found.parts] + [(found.branches, found.mult_adds)]
    columns = [
        Column("branches", [_cell(branches.full, exact) for branches, _ in rows]),
        Column("expected", [_cell(branches.expected, exact) for branches, _ in rows]),
        Column("mult-adds", [_cell(mult_adds.full, exact) for _, mult_adds in rows], rank=1),
        Column("expected", [_cell(mult_adds.expected, exact) for _, mult_adds in rows]),
        Column("%", [Cell(percent(mult_adds.expected, mult_adds.full)) for _, mult_adds in rows], rank=2),
    ]
    return table("part", [*(Name(shown(part.path)) for part in found.parts), Name("total")], columns, room, totals=1)


def _branches(found: Expected, exact: Exact, room: int) -> list[Line]:
    """Each branch: its rate, with which probability it is computed, and its mult-adds."""
    rows = found.dropped
    names = [Name(shown(row.path), always="" if row.passes == 1 else f" {TIMES}{exact(row.passes)}") for row in rows]
    columns = [
        Column("rate", [_cell(row.rate, exact) for row in rows]),
        Column("computed", [_cell(row.probability, exact) for row in rows]),
        Column("mult-adds", [_cell(row.mult_adds, exact) for row in rows]),
    ]
    return table("branch", names, columns, room)


def _cell(number: Quantity, exact: Exact) -> Cell:
    text = cut(exact(number), FORMULA) if is_free(number) else exact(number)
    return Cell(text, "dim" if text == "0" else "")


def _facts(found: Expected, exact: Exact) -> Iterator[tuple[str, str]]:
    """The totals in words."""
    for name, pair in _quantities(found):
        if name == SAVED_INTEGERS and pair.full == 0:
            continue
        yield LABELS.get(name, name), _in_words(pair, exact, size if name in (SAVED, SAVED_INTEGERS) else _short)
        if name == "branches":
            yield "sub-networks", _subnetworks(found, exact)
    for text in conditions(found.conditions):
        yield "valid where", text


def _in_words(pair: Expectation, exact: Exact, shorten: Callable[[Number], str]) -> str:
    """161/4 of 54 (40.3, 74.5 %)."""
    text = f"{exact(pair.expected)} of {exact(pair.full)}"
    if is_free(pair.expected) or is_free(pair.full):
        return text
    short = shorten(known(pair.expected))
    share = percent(pair.expected, pair.full)
    said = [part for part in (short if short != exact(pair.expected) else "", f"{share} %" if share else "") if part]
    return f"{text} ({', '.join(said)})" if said else text


def _short(number: Number) -> str:
    return ratio(number) if isinstance(number, Fraction) and number < 1000 else count(number)


def _subnetworks(found: Expected, exact: Exact) -> str:
    power, all_of_them = _power(exact(found.choices)), found.subnetworks
    if all_of_them is None or all_of_them.bit_length() > LIMITS.integer_bits:
        return power
    return f"{power} = {all_of_them:,}" if found.choices < 128 else f"{power} ({count(all_of_them)})"


def _power(choices: str) -> str:
    return f"2**{choices}" if choices.isalnum() else f"2**({choices})"


def as_data(found: Expected) -> dict[str, Any]:
    """The averages as plain data; numbers that are not whole are text of the language."""
    plain = _Plain(Exact(_numbers(found), grouped=False))
    report = found.report
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": report.name,
        "cite": report.cite,
        "batch": plain(report.batch),
        "precision": report.precision,
        "hyperparameters": {name: plain.any(value) for name, value in report.hyperparameters.items()},
        "conditions": plain.conditions(found),
        "branches": None,
        "subnetworks": plain.subnetworks(found),
        **dict.fromkeys(("depth", "mult_adds", "flops", "activations", SAVED, SAVED_INTEGERS)),
        **{name: plain.pair(pair) for name, pair in _quantities(found)},
        "parts": [
            {"path": part.path, "branches": plain.pair(part.branches), "mult_adds": plain.pair(part.mult_adds)}
            for part in found.parts
        ],
        "dropped": [
            {
                "path": row.path,
                "line": row.line,
                "rate": plain(row.rate),
                "probability": plain(row.probability),
                "mult_adds": plain(row.mult_adds),
                "passes": plain(row.passes),
            }
            for row in found.dropped
        ],
    }


class _Plain:
    """Numbers as JSON has them: whole ones as they are, others as text."""

    def __init__(self, exact: Exact) -> None:
        self.exact = exact

    def __call__(self, number: Quantity) -> int | str:
        """One number."""
        text = self.exact(number)
        return int(text) if text.lstrip("-").isdigit() else text

    def pair(self, pair: Expectation) -> dict[str, Any]:
        """A quantity in full, its mean, and the quotient of both."""
        return {"full": self(pair.full), "expected": self(pair.expected), "ratio": self.ratio(pair)}

    def ratio(self, pair: Expectation) -> int | str | None:
        """The mean over the full quantity, in lowest terms."""
        if is_free(pair.full) or is_free(pair.expected):
            from archcalc.symbolic.quotient import quotient

            return quotient(pair.expected, pair.full)
        return None if pair.ratio is None else self(pair.ratio)

    def any(self, value: object) -> object:
        """The value of a hyperparameter."""
        if isinstance(value, (list, tuple)):
            return [self.any(item) for item in value]
        number = isinstance(value, (Recorded, Fraction)) or type(value) is int
        return self(value) if number else value  # type: ignore[arg-type]

    def subnetworks(self, found: Expected) -> int | str:
        """2 to the power of the choices, written out where that is not too long."""
        number = found.subnetworks
        short = number is not None and number.bit_length() <= LIMITS.integer_bits
        return number if short and number is not None else _power(str(self(found.choices)))

    def conditions(self, found: Expected) -> list[str]:
        """What must hold of free names."""
        return conditions(found.conditions)
