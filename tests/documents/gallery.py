"""docs/gallery.md, made from the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc import zoo
from archcalc.render.markdown import marks_escaped
from archcalc.render.units import Exact, exact, per_axis, size

from .papers import linked

if TYPE_CHECKING:
    from archcalc.analysis.receptive_field import ReceptiveField

INTRODUCTION = """\
# Gallery

Made from the zoo by `UPDATE=1 pytest tests/test_docs.py`; a test keeps the two equal.

The {amount} networks that come with archcalc, by family. The command in the first column makes the report of a network,
layer by layer; the link leads to its spec. All numbers are those of the spec as it stands, at inference, for one sample
in float32; `--set` changes its hyperparameters. Params are learned scalars, mult-adds are those of convolutions, linear
layers and matrix products. A receptive field is written size/stride; (whole) says that another path sees the whole
input, as in squeeze-and-excitation, and *none* that paths of unequal stride meet. Depth counts the layers with weights
and mult-adds on the longest path. Activation memory is what all layers write, in bytes. The rules stand in
[what the numbers mean](conventions.md).
"""
HEADER = """\
| report | network | params | mult-adds | receptive field | depth | activation memory |
|:---|:---|---:|---:|---:|---:|---:|"""


def page() -> str:
    """The whole document."""
    families: dict[str, list[str]] = {}
    for name, path in zoo.specs().items():
        families.setdefault(path.parent.name, []).append(name)
    contents = [f"[{family}](#{family}) ({len(members)})" for family, members in families.items()]
    sections = [
        "\n".join([f"## {family}\n", HEADER, *(_line(family, name) for name in members), ""])
        for family, members in families.items()
    ]
    return "\n".join([INTRODUCTION.format(amount=len(zoo.specs())), f"Families: {', '.join(contents)}.\n", *sections])


def _line(family: str, name: str) -> str:
    report = archcalc.analyze(name)
    totals = report.totals
    cells = [
        f"[`archcalc report {name}`](../specs/{family}/{name}.yaml)",
        f"{marks_escaped(report.name)}; {linked(marks_escaped(report.cite or ''))}",
        exact(totals.params),
        exact(totals.mult_adds),
        _field(totals.receptive_field),
        f"{totals.depth:,}",
        f"{exact(totals.activation_bytes)} ({size(totals.activation_bytes)})",
    ]
    return f"| {' | '.join(cells)} |"


def _field(field: ReceptiveField | None) -> str:
    if field is None:
        return ""
    if not field.size:
        return "none"
    plain = Exact(grouped=False)
    return f"{per_axis(field.size, plain)}/{per_axis(field.stride, plain)}" + " (whole)" * field.whole_input
