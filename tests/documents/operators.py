"""docs/operators.md, made from the table of operators and their docstrings."""

from __future__ import annotations

import re
import sys
from inspect import getdoc
from typing import TYPE_CHECKING

import archcalc
from archcalc.ops import OPS
from archcalc.ops.arguments import shown
from archcalc.ops.op import REQUIRED

if TYPE_CHECKING:
    from archcalc.ops.op import Field, Op

MAP = (6, 8, 8)
INTRODUCTION = """\
# Operators

Made from the code by `UPDATE=1 pytest tests/test_docs.py`; a test keeps the two equal.

An argument without a default must be given. A list gives the arguments in the order of the table, a mapping gives them
by name, one value is the first of them: `conv: [16, 3]` is `conv: {out: 16, kernel: 3}`, and `linear: 10` is
`linear: {out: 10}`. *Axis* means an axis of space: the channels are not among them. An own operator is a class; see
[how to add one](architecture.md#how-to-add-an-operator).

The numbers below each example are those of one step on an input of the shape named there; what they count is said in
[conventions.md](conventions.md).
"""


def page() -> str:
    """The whole document."""
    families: dict[str, list[str]] = {}
    for name, cls in OPS.items():
        families.setdefault(cls.__module__, []).append(name)
    contents = [f"- {_title(module)}: {', '.join(f'[{n}](#{n})' for n in names)}" for module, names in families.items()]
    sections = []
    for module, names in families.items():
        sections.append(f"## {_title(module)}\n")
        sections += [_operator(name, OPS[name]) for name in names]
    return "\n".join([INTRODUCTION, *contents, "", *sections])


def _title(module: str) -> str:
    return str(sys.modules[module].__doc__).splitlines()[0].split(". ")[0].rstrip(".")


def _operator(name: str, cls: type[Op]) -> str:
    parts = [f"### {name}", *_prose(getdoc(cls) or "")]
    if cls.fields:
        rows = [_argument(field) for field in cls.fields.values()]
        parts.append("\n".join(["| argument | accepts | default |", "|---|---|---|", *rows]))
    parts.append(_example(cls))
    return "\n\n".join(parts) + "\n"


def _prose(docstring: str) -> list[str]:
    """The docstring in Markdown: what it does, its formulas as a list, its source with links."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in docstring.split("\n\n")]
    *before, last = paragraphs
    formulas, _, source = last.partition("Source: ")
    linked = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    parts = [*map(_escaped, before), _clauses(formulas.strip()), f"Source: {linked}" if source else ""]
    return [part for part in parts if part]


def _clauses(text: str) -> str:
    """Clauses such as `output: ...; weight: ...` as a list; other text as it is."""
    clauses = re.split(r"; (?=[a-z-]+: )", text)
    return "\n".join(f"- {_escaped(clause).rstrip('.')}" for clause in clauses) if len(clauses) > 1 else _escaped(text)


def _escaped(text: str) -> str:
    """Stars are multiplication here, not markup."""
    return text.replace("*", "\\*").replace("<", "\\<")


def _argument(field: Field) -> str:
    default = "" if field.default is REQUIRED else f"`{_written(field)}`"
    return f"| `{field.name}` | {field.kind.accepts} | {default} |"


def _written(field: Field) -> str:
    if field.default is None:
        return "none"
    return re.sub(r"^1/(\d+)$", lambda m: str(1 / int(m[1])), shown(field.default))


def _example(cls: type[Op]) -> str:
    """The example of an operator and what it comes to."""
    row = archcalc.analyze(f"input: {cls.example_input}\nlayers:\n- {cls.example}\n").layers[-1]
    counts = [(row.params, "params"), (row.buffers, "buffers"), (row.mult_adds, "mult-adds"), (row.flops, "flops")]
    said = ", ".join([f"output `{shown(row.output_shape)}`", *(f"{n:,} {what}" for n, what in counts if n)])
    return f"`{cls.example}` on `{cls.example_input}`: {said}."
