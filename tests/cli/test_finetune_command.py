"""`archcalc finetune`: what is printed, and what is said of wrong commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from archcalc.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    """What `archcalc finetune` prints."""
    assert main(["finetune", *command]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def data(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """The JSON that is printed."""
    found: dict[str, Any] = json.loads(said(capsys, *command, "--format", "json"))
    return found


def test_numbers_are_exact(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "resnet50", "--train-from", "layer4", "--optimizer", "adam", "--batch", "8")
    assert answer["schema"] == "archcalc.finetune/1"
    assert (answer["setup"]["optimizer"], answer["setup"]["batch"]) == ("adam", 8)
    assert [answer[cut]["train_from"] for cut in ("whole", "part", "head")] == [None, "layer4", "fc"]
    assert answer["part"]["trainable_params"] == 17_013_736
    assert answer["part"]["ratios"]["trainable_params"] == "2126717/3194629"
    assert answer["part"]["ratios"]["weights_bytes"] == 1
    assert answer["whole"]["ratios"]["frozen_params"] is None
    assert answer["whole"]["saved_for_backward_bytes"] == 8 * 84_516_352 - 7 * 4 * 2 * 26_560  # statistics count once
    assert answer["whole"]["optimizer_bytes"] == 2 * 4 * 25_557_032


def test_without_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "vgg16")["part"] is None


def test_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "vgg16", "--train-from", "conv5", "--free", "batch,H")
    assert answer["setup"]["batch"] == "batch"
    assert answer["conditions"] == ["H >= 32"]
    assert answer["head"]["saved_for_backward_bytes"] == "16384*batch"
    convolution, linear = 512 * 512 * 9, 25088 * 4096 + 4096 * 4096 + 4096 * 1000
    assert answer["part"]["backward_mult_adds"] == f"{5 * convolution}*(H//16)**2 + {2 * linear}"
    assert answer["part"]["ratios"]["backward_mult_adds"] is None


def test_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in (["resnet50", "--train-from", "layer4"], ["gpt2", "--train-from", "h11"]):
        lines = said(capsys, *command).splitlines()
        assert max(map(len, lines)) <= 80
    lines = said(capsys, "vgg16", "--train-from", "conv5", "--free", "H").splitlines()
    assert max(map(len, lines)) <= 80
    assert "part   from conv5 on" in lines


def test_what_is_run_again_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert "again mult-adds" not in said(capsys, "resnet50")
    assert "again mult-adds" in said(capsys, "resnet50", "--checkpoint", "layer1")


def test_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "cuts.json"
    assert said(capsys, "vgg16", "--format", "json", "--output", str(file)) == ""
    assert json.loads(file.read_text("utf-8"))["head"]["train_from"] == "linear3"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["resnet50", "--train-from", "layer5"], "archcalc: there is no part 'layer5'"),
        (["vgg16_paper", "--train-from", "softmax"], "archcalc: nothing is trained from 'softmax' on"),
        (["vgg16", "--optimizer", "lion"], "archcalc: optimizer is one of sgd, momentum, adam, adamw, not 'lion'"),
    ],
)
def test_wrong_commands(capsys: pytest.CaptureFixture[str], command: list[str], sentence: str) -> None:
    assert said(capsys, *command, code=2).splitlines()[0] == sentence
