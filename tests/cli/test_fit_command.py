"""`archcalc fit`: its options, what it prints and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import archcalc
from archcalc import Setup
from archcalc.cli import main
from archcalc.render.fit import as_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["fit", *arguments])
    return code, *capsys.readouterr()


def test_the_command_says_what_the_function_says(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "resnet18", "--memory", "8GiB", "--training", "--optimizer", "adam", "--precision", "mixed",
        "--set", "classes=10", "--for", "H=64:512:64", "--for", "batch", "--format", "json",
    )  # fmt: skip
    found = archcalc.fit(
        "resnet18", "8GiB", {"batch": None, "H": range(64, 513, 64)}, during="training",
        settings={"classes": 10}, dtype="mixed", setup=Setup(optimizer="adam"),
    )  # fmt: skip
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(as_data(found)))


def test_the_largest_batch(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "resnet50", "--memory", "24GiB")
    assert code == 0
    assert "largest       2,664  25,766,862,496  24.0 GiB" in out
    assert "(25,769,803,776 - 102,440,608)//9,633,792 = 2,664" in out


def test_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "resnet50", "--memory", "100MB")
    assert code == 1
    assert "not even one sample fits" in out
    assert "112,074,400" in out
    assert "102,228,128 bytes (97.5 MiB)" in out
    assert run(capsys, "resnet50", "--memory", "100MB", "--for", "H=224,256")[0] == 1


def test_values_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "lenet5", "--memory", "1GiB", "--for", "classes=0,10,20", "--batch", "64")
    assert code == 0
    assert "batch 64" in out
    assert "nothing beyond it was tried" in out
    assert "no network for classes = 0:" in out


def test_a_batch_is_asked_for_or_given(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "resnet50", "--memory", "24GiB", "--batch", "8")
    assert (code, out) == (2, "")
    assert err.startswith("archcalc: the batch is both given and looked for\n  ")


def test_it_is_written_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = run(capsys, "lenet5", "--memory", "1GiB", "--format", "json", "--output", str(tmp_path / "fit.json"))
    assert said == (0, "", "")
    assert json.loads((tmp_path / "fit.json").read_text("utf-8"))["schema"] == "archcalc.fit/1"


def test_help_says_what_must_fit(capsys: pytest.CaptureFixture[str]) -> None:
    said = " ".join(run(capsys, "--help")[1].split())
    assert "at inference, weights, buffers and the peak at inference" in said
    assert "the training peak, which holds weights and optimizer state, and buffers" in said
