"""LaTeX: rows that add up, text that stays text, and documents that compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import archcalc
from archcalc import zoo
from archcalc.render import latex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Reports = Callable[..., archcalc.Report]

HOSTILE = r"""
name: "\\input{/etc/passwd} $x_1^2$ & % # ~ é ß Ł 中文 \u0007"
cite: "``quoted'' --- \"x\" <y> |z| [link] \\end{document}"
input: [3, 8, 8]
layers:
  - {conv: [4, 3], name: "\\end & % # _ $ ~ ^"}
  - {conv: [4, 1], name: "[2cm]"}
  - {conv: [4, 1], name: "中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文"}
  - {conv: [4, 1], name: "*"}
"""


def _rows(text: str) -> list[list[str]]:
    body = text.split("\\endfoot\n")[1].split("\\end{longtable}", maxsplit=1)[0]
    lines = [line for line in body.splitlines() if line != "\\midrule"]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r" \\"))] for line in lines]


@pytest.mark.parametrize("name", zoo.specs())
def test_rows_add_up_to_the_totals(name: str, report_of: Reports) -> None:
    report = report_of(name)
    for expand in (False, True):
        *rows, total = _rows(latex.render(report, expand=expand))
        assert {len(row) for row in rows} == {9}
        for i, field in ((3, "params"), (4, "mult_adds"), (6, "flops"), (7, "activations")):
            whole = int(total[i].replace("{,}", ""))
            assert sum(int(row[i].replace("{,}", "")) for row in rows) == whole == getattr(report.totals, field)


def test_known_cells(report_of: Reports) -> None:
    text = latex.render(report_of("vgg16"))
    assert text.startswith("\\documentclass{article}\n")
    times = r"$\times$"
    assert (
        f"conv1/conv1 & conv + relu & 64{times}224{times}224 & 1{{,}}792 & 86{{,}}704{{,}}128 & 0.6 "
        r"& 179{,}830{,}784 & 6{,}422{,}528 & 3 \\" in text
    )
    assert "biases not counted" in text.split(r"\caption{")[1].split("\\\\\n")[0]
    assert rf"layer3/bottleneck2-6 {times}5 & 50 layers" in latex.render(report_of("resnet50"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VGG-16", "VGG-16"),
        ("100%_#&", r"100\%\_\#\&"),
        ("$x$", r"$\mathdollar$x$\mathdollar$"),
        (r"\{}~^", r"\textbackslash{}\{\}\textasciitilde{}\textasciicircum{}"),
        ("é ß Ł", r"\'{e} \ss{} \L{}"),
        ("中", r"{[}U+4E2D{]}\allowbreak{}"),
        ("a--b", "a{-}{-}b"),
        ("x\x07", r"x\textbackslash{}x07"),
    ],
)
def test_special_characters_are_escaped(text: str, expected: str) -> None:
    assert latex.escaped(text) == expected


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize(
    ("name", "choices", "shown"),
    [
        ("vgg16", {}, {}),
        ("resnet50", {}, {"expand": True}),
        ("densenet121", {"free": ("growth",)}, {}),
        (HOSTILE, {}, {}),
    ],
    ids=["vgg16", "resnet50 in full", "densenet121 by growth", "hostile names"],
)
def test_documents_compile(
    name: str, choices: dict[str, tuple[str]], shown: dict[str, Any], tmp_path: Path, report_of: Reports
) -> None:
    (tmp_path / "report.tex").write_text(latex.render(report_of(name, **choices), **shown), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    assert "Overfull" not in done.stdout
    assert "root:" not in done.stdout
