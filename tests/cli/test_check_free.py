"""`archcalc check --free H`: which sizes give a network, and the first gap among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc.cli import main
from archcalc.studies.counterexample import valid_range

if TYPE_CHECKING:
    from pathlib import Path

SKIP = """
name: Padded
hyperparameters: {H: 64}
input: [1, H, H]
layers:
  - {conv: [16, 3, 1, 1], as: whole}
  - max_pool: 2
  - {upsample: 2, as: up}
  - {concat, from: [whole, up]}
"""


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["check", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_smallest_gap_and_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "padded.yaml").write_text(SKIP)
    assert said(capsys, "--free", "H", "padded.yaml") == (
        1,
        "ok    padded.yaml: valid, expects nothing\n"
        "FAIL  padded.yaml: H = 3 is no network, H = 2 is one; valid where H % 2 == 0\n"
        "      padded.yaml:9:6: cannot concatenate (16, 3, 3) and (16, 2, 2)\n"
        "        tensor 1  conv      (16, 3, 3)  line 6\n"
        "        tensor 2  upsample  (16, 2, 2)  line 8\n",
        "",
    )


def test_no_gap(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--free", "H", "vgg16_paper", "--quiet")
    assert (code, out) == (0, "")
    code, out, _ = said(capsys, "--free", "H,classes", "vgg16_paper")
    assert code == 0
    assert out.splitlines()[-2:] == [
        "ok    vgg16_paper: valid where H >= 32",
        "ok    vgg16_paper: valid where classes >= 1",
    ]


@pytest.mark.parametrize("name", ["unet", "googlenet", "mobilenet_v1", "alexnet_2012", "squeezenet1_0"])
def test_the_range_is_that_of_the_numeric_engine(name: str) -> None:
    found = valid_range(archcalc.load(name), "H")
    good = []
    for height in range(1, 260):
        try:
            archcalc.analyze(name, settings={"H": height})
        except archcalc.SpecError:
            continue
        good.append(height)
    assert found.first == good[0]
    assert (found.broken_at is None) == (good == list(range(good[0], 260)))


@pytest.mark.parametrize(
    ("free", "message"),
    [
        ("alpha", "'alpha' stands for fractions, and has no next value"),
        ("h", "MobileNet v1 has no hyperparameter 'h' to leave free"),
    ],
)
def test_what_is_refused(free: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = said(capsys, "--free", free, "mobilenet_v1", "--quiet")
    assert (code, errors) == (2, f"{message}\n")
