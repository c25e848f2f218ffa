"""The worked answer as text: what is given, the formula, the numbers put in, the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.errors import printable
from archcalc.notation import write as written
from archcalc.recorded import Quantity, Recorded
from archcalc.render.units import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcalc.analysis.explain import Addend, Given, Line, Working

WIDTH = 80


def layer(working: Working, file: str) -> str:
    """One layer."""
    where = f", line {working.line} of {file}" if working.line else ""
    parts = [f"{working.path}: {working.kind}{where}"]
    parts += [f"  {note}" for note in working.notes]
    parts += _given(working.given)
    parts += _lines("shape", working.shape)
    parts += _lines("weights", working.weights)
    if len(working.weights) > 1:
        learned = [line for line in working.weights if not line.what.endswith("(buffer)")]
        if len(learned) > 1:
            parts += _wrapped(
                "  params  = ", " + ".join(exact(line.result) for line in learned) + f" = {exact(_sum(learned))}"
            )
    parts += _lines("work", working.work)
    parts += _lines("receptive field", working.receptive_field)
    return "\n".join(printable(part) for part in parts)


def total(quantity: str, addends: Sequence[Addend], result: object, of: str) -> str:
    """A total as the sum of its terms."""
    width = max((len(addend.path) for addend in addends), default=0)
    lines = [f"{quantity} of {of} = {exact(result)}"]  # type: ignore[arg-type]
    amounts = [exact(addend.value) for addend in addends]
    digits = max(map(len, amounts), default=0)
    for addend, amount, sign in zip(addends, amounts, ["  ", *["+ "] * len(amounts)], strict=False):
        lines.append(f"  {sign}{amount:>{digits}}  {addend.path:<{width}}".rstrip())
    lines.append(f"  = {exact(result):>{digits}}")  # type: ignore[arg-type]
    return "\n".join(printable(line) for line in lines)


def _sum(lines: Sequence[Line]) -> Quantity:
    result: Quantity = 0
    for line in lines:
        result = result + line.result
    return result


def _given(given: Sequence[Given]) -> list[str]:
    if not given:
        return []
    left = [f"{row.name} = {exact(row.value)}" for row in given]
    width = max(map(len, left))
    return ["", "given", *(f"  {text:<{width}}  {row.source}" for text, row in zip(left, given, strict=True))]


def _lines(title: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    width = max(len(line.what) for line in lines)
    parts = ["", title]
    for line in lines:
        parts += _worked(f"  {line.what:<{width}}  = ", line)
    return parts


def _worked(head: str, line: Line) -> list[str]:
    """formula = numbers put in = result; a step that says nothing new is left out."""
    steps = [exact(line.result)]
    if isinstance(line.formula, Recorded):
        numbers = written(line.formula, values=True, paper=True)
        names = written(line.formula, paper=True)
        steps = [step for step in (names, numbers) if step != str(line.result)] + steps
        steps = list(dict.fromkeys(steps))
    one = " = ".join(steps)
    if len(head) + len(one) <= WIDTH:
        return [head + one]
    indent = " " * (len(head) - 2) + "= "
    if len(steps) > 1 and len(indent) + len(last := " = ".join(steps[-2:])) <= WIDTH:
        steps = [*steps[:-2], last]
    return [row for i, step in enumerate(steps) for row in _wrapped(head if i == 0 else indent, step)]


def _wrapped(head: str, text: str) -> list[str]:
    """The text behind its head, broken before a sign where it is too long for the line."""
    rows, row = [], head
    for word in text.split(" "):
        if len(row) + len(word) > WIDTH and row.strip(" ="):
            rows.append(row.rstrip())
            row = " " * len(head)
        row += f"{word} "
    return [*rows, row.rstrip()]
