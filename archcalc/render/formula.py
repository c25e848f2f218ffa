"""Closed forms as text: for people, in LaTeX, as JSON, and as Python that needs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.render.latex import escaped as latex_escaped
from archcalc.render.screen import Screen, shown, wrapped
from archcalc.symbolic.text import latex_of, python, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcalc.render.screen import Line
    from archcalc.studies.formula import Formula, Formulas

SCHEMA = "archcalc.formula/1"
FORMATS = ("text", "latex", "json", "python")


def render(formulas: Formulas, form: str = "text") -> str | Screen:
    """The formulas in one of the FORMATS."""
    return _RENDERERS[form](formulas)


def _label(formula: Formula) -> str:
    return f"{formula.path}: {formula.of}" if formula.path else formula.of


def _one(formula: Formula, write: Callable[[Any], str]) -> str:
    parts = [write(form) for form in formula.forms]
    return f"[{', '.join(parts)}]" if formula.per_axis else parts[0]


def _text(formulas: Formulas) -> Screen:
    return Screen(lambda room: _lines(formulas, room))


def _lines(formulas: Formulas, room: int) -> Iterator[Line]:
    """What is asked, then what its short names stand for, what must hold, and what it comes to without floors."""
    for heading, style in ((formulas.network, "bold"), (formulas.cite or "", "dim")):
        yield from ([(line, style)] for line in wrapped(shown(heading), room) if line)
    if formulas.assumed:
        yield [(f"assumed: {', '.join(map(str, formulas.assumed))}", "")]
    yield []
    yield from _parts(formulas.short, room)
    if formulas.where:
        yield []
        yield [("where", "dim")]
        yield from _equations([(name, text(form)) for name, form in formulas.where], room)
    if formulas.conditions:
        yield []
        for condition in formulas.conditions:
            yield from _equation("valid where", condition, 0, room, " ")
    if formulas.simple:
        yield []
        yield [(f"with {' and '.join(map(str, formulas.congruences))}", "dim")]
        pairs = zip(formulas.simple, formulas.formulas, strict=True)
        yield from _parts([simple for simple, formula in pairs if simple.forms != formula.forms], room)


def _parts(formulas: Sequence[Formula], room: int) -> Iterator[Line]:
    """The totals, then each layer that has something of what is asked."""
    yield from _equations([(f.of, _one(f, text)) for f in formulas if not f.path], room)
    for path in dict.fromkeys(f.path for f in formulas if f.path):
        some = [f for f in formulas if f.path == path and any(form != 0 for form in f.forms)]
        if some:
            yield []
            yield [(shown(path), "")]
            yield from _equations([(f"  {f.of}", _one(f, text)) for f in some], room)


def _equations(lines: Sequence[tuple[str, str]], room: int) -> Iterator[Line]:
    column = max((len(label) for label, _ in lines), default=0)
    for label, formula in lines:
        yield from _equation(label, formula, column, room, " = ")


def _equation(label: str, formula: str, column: int, room: int, sign: str) -> Iterator[Line]:
    head = f"{shown(label):<{column}}{sign}"
    for i, line in enumerate(wrapped(formula, room - len(head))):
        yield [(head if i == 0 else " " * len(head), "dim"), (line, "")]


def _json(formulas: Formulas) -> str:
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "version": version.__version__,
        "name": formulas.network,
        "cite": formulas.cite,
        "free": formulas.free,
        "assumed": list(map(str, formulas.assumed)),
        "formulas": _totals(formulas.formulas),
        "conditions": formulas.conditions,
        "short": _totals(formulas.short),
        "where": {name: text(form) for name, form in formulas.where},
        "congruences": list(map(str, formulas.congruences)),
        "simple": _totals(formulas.simple),
    }
    if any(formula.path for formula in formulas.formulas):
        layers: dict[str, dict[str, Any]] = {}
        for formula in formulas.formulas:
            if formula.path:
                layers.setdefault(formula.path, {})[formula.of] = _value(formula)
        data["layers"] = [{"path": path, **values} for path, values in layers.items()]
    return json.dumps(data, indent=2)


def _totals(formulas: Sequence[Formula]) -> dict[str, Any]:
    return {formula.of: _value(formula) for formula in formulas if not formula.path}


def _value(formula: Formula) -> Any:
    values = [int(form) if form.is_Integer else text(form) for form in formula.forms]
    return values if formula.per_axis else values[0]


def _latex(formulas: Formulas) -> str:
    """One align environment, and another for what the short names stand for."""
    lines = [rf"\text{{{latex_escaped(_label(f))}}} &= {_one(f, latex_of)}" for f in formulas.short]
    blocks = [_aligned(lines)]
    if formulas.where:
        blocks += ["where", _aligned([f"{_symbol(name)} &= {latex_of(form)}" for name, form in formulas.where])]
    return "\n".join(blocks) + "\n"


def _symbol(name: str) -> str:
    stem = name.rstrip("0123456789")
    return f"{stem}_{{{name[len(stem) :]}}}"


def _aligned(lines: Sequence[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _python(formulas: Formulas) -> str:
    """A module with a function for each total; whole arguments give whole numbers."""
    shared = [f"    {name} = {python(form)}" for name, form in formulas.where]
    functions = []
    for formula in formulas.short:
        if formula.path:
            continue
        used = _used(formula, formulas)
        body = [line for line, (name, _) in zip(shared, formulas.where, strict=True) if name in used]
        said = [f"where {condition}" for condition in (*map(str, formulas.assumed), *formulas.conditions)]
        documentation = "; ".join([f"{formula.of} of {formulas.network}", *said])
        functions.append(
            "\n".join(
                [
                    f"def {formula.of}({', '.join(formulas.free)}):",
                    f"    {documentation!r}",
                    *body,
                    f"    return {_one(formula, python)}",
                ]
            )
        )
    text = "\n\n\n".join(functions)
    needed = [line for word, line in _IMPORTS if f"{word}(" in text]
    helpers = [_MAKE_DIVISIBLE] if "make_divisible(" in text else []
    needed += [line for word, line in _IMPORTS if helpers and line not in needed]
    return "\n\n\n".join([*(["\n".join(needed)] if needed else []), *helpers, text]) + "\n"


def _used(formula: Formula, formulas: Formulas) -> set[str]:
    names = {name for name, _ in formulas.where}
    return {str(symbol) for form in formula.forms for symbol in form.free_symbols} & names


_IMPORTS = (("Fraction", "from fractions import Fraction"), ("floor", "from math import floor"))
_MAKE_DIVISIBLE = '''def make_divisible(value, multiple):
    """The nearest multiple, at least one, and one more where over 10% is lost."""
    nearest = max(multiple, multiple * floor(Fraction(value) / multiple + Fraction(1, 2)))
    return nearest + multiple if 10 * nearest < 9 * value else nearest'''
_RENDERERS: dict[str, Callable[[Formulas], str | Screen]] = {
    "text": _text,
    "latex": _latex,
    "json": _json,
    "python": _python,
}
