"""Markdown: a pipe table whose rows add up, and text that stays text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc import zoo
from archcalc.render import markdown
from archcalc.render.units import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

    Reports = Callable[..., archcalc.Report]


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.mark.parametrize("name", zoo.specs())
def test_rows_add_up_to_the_totals(name: str, report_of: Reports) -> None:
    report = report_of(name)
    for expand in (False, True):
        header, _, *rows, total = _rows(markdown.render(report, expand=expand))
        assert {len(row) for row in rows} == {len(header)}
        for field in ("params", "mult-adds", "flops", "activations"):
            i = header.index(field)
            whole = int(total[i].strip("*").replace(",", ""))
            assert sum(int(row[i].replace(",", "")) for row in rows) == whole
            assert whole == getattr(report.totals, field.replace("-", "_"))


def test_known_cells(report_of: Reports) -> None:
    text = markdown.render(report_of("vgg16"))
    assert text.startswith("# VGG-16\n\narXiv:1409.1556, Table 1, column D; torchvision\n\n")
    assert (
        f"| `conv1/conv1` | `conv + relu` | 64{TIMES}224{TIMES}224 | 1,792 | 86,704,128 | 0.6 | 179,830,784 "
        "| 6,422,528 | 3 |\n" in text
    )
    assert "\n- receptive field: 212, stride 32, start -90, at adaptive\\_avg\\_pool\n" in text
    assert f"| `layer3/bottleneck2-6` {TIMES}5 | `50 layers` |" in markdown.render(report_of("resnet50"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VGG-16", "VGG-16"),
        ("a|b", r"a\|b"),
        ("`x`", r"\`x\`"),
        ("# no heading", r"\# no heading"),
        ("- no item", r"\- no item"),
        ("1. no item", r"1\. no item"),
        ("*a* _b_ [c](d)", r"\*a\* \_b\_ \[c\](d)"),
        ("<script>", "&lt;script&gt;"),
        ("a\\|b", r"a\\\|b"),
        ("line\nbreak", r"line\\nbreak"),
    ],
)
def test_marks_are_escaped(text: str, expected: str) -> None:
    assert markdown.escaped(text) == expected


def test_hostile_names_stay_in_their_cells() -> None:
    report = archcalc.analyze(
        'name: "| x `"\ncite: "<b>"\ninput: [3, 8, 8]\n'
        'layers: [{conv: [4, 1], name: "a|`b`"}, {conv: [4, 1], name: "<i>"}, {conv: [2, 1], name: "[x](y)"}]'
    )
    text = markdown.render(report)
    assert text.startswith("# \\| x \\`\n\n&lt;b&gt;\n")
    assert [row[0] for row in _rows(text)[2:-1]] == [r"a\|\`b\`", "`<i>`", "`[x](y)`"]


def test_formulas_are_whole_and_code(report_of: Reports) -> None:
    total = _rows(markdown.render(report_of("densenet121", free=("growth",))))[-1]
    formula = re.fullmatch(r"\*\*`(.*)`\*\*", total[3])
    assert formula is not None
    assert eval(formula[1], {"growth": 32}) == 7_978_856
