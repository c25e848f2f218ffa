"""archcalc expected: what it prints, and its JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archcalc.cli import main

if TYPE_CHECKING:
    from pathlib import Path

RESNET = "resnet110_stochastic_cifar"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["expected", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = printed(capsys, RESNET)
    assert "branches        161/4 of 54 (40.3, 74.5 %)" in lines
    assert "sub-networks    2**54 = 18,014,398,509,481,984" in lines
    assert "depth           165/2 of 110 (82.5, 75.0 %)" in lines
    assert "mult-adds       565856128/3 of 252,887,680 (189 M, 74.6 %)" in lines
    assert "saved           21865763/3 of 8,433,752 (6.95 MiB, 86.4 %)" in lines
    assert ["layer2", "18", "161/12", "83,755,008", "187006976/3", "74.4"] in [line.split() for line in lines]


def test_expand_shows_each_branch(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split() for line in printed(capsys, RESNET, "--expand")]
    assert ["layer3/basic18/add/body/drop_path", "1/2", "1/2", "4,718,592"] in lines


@pytest.mark.parametrize("free", ["n", "survival", "H"])
def test_formulas_fit_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, free: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, printed(capsys, RESNET, "--free", free))) <= 80


def test_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    assert printed(capsys, RESNET, "--format", "json", "--output", str(path)) == []
    data = json.loads(path.read_text("utf-8"))
    assert data["schema"] == "archcalc.expected/1"
    assert data["branches"] == {"full": 54, "expected": "161/4", "ratio": "161/216"}
    assert data["saved_for_backward_bytes"]["full"] == 8433752
    assert data["subnetworks"] == 18014398509481984
    assert data["dropped"][0]["rate"] == "1/108"


def test_memory_depends_on_how_it_is_trained(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--batch", "batch", "--precision", "float16", "--checkpoint", "layer1,layer2,layer3"]
    lines = printed(capsys, RESNET, *options)
    (saved,) = [line for line in lines if line.startswith("saved  ")]
    assert "batch" in saved


def test_many_subnetworks_are_a_power(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "resnet1202_stochastic_cifar")
    assert any(line.startswith("sub-networks    2**600 (") for line in lines)


def test_no_branch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["expected", "vgg16"]) == 2
    assert capsys.readouterr().err.startswith("archcalc: VGG-16 states no branch that training may drop\n")
