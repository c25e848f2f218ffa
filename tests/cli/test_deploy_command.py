"""`archcalc deploy`: its options, what it prints and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import archcalc
from archcalc.cli import main
from archcalc.render.deploy import as_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["deploy", *arguments])
    return code, *capsys.readouterr()


def test_the_command_says_what_the_function_says(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "vgg16", "--flops-per-second", "2T", "--bandwidth", "50GB", "--weights", "int8", "--batch", "8",
        "--dtype", "float16", "--set", "classes=10", "--format", "json",
    )  # fmt: skip
    deployment = archcalc.deploy(
        "vgg16", flops_per_second="2T", bandwidth="50GB", weights="int8", batch=8, dtype="float16",
        settings={"classes": 10},
    )  # fmt: skip
    assert code == 0
    assert json.loads(out) == as_data(deployment)


def test_every_layer_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "others" in run(capsys, "resnet50")[1]
    assert "others" not in run(capsys, "resnet50", "--expand")[1]


def test_it_is_written_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "lenet5", "--format", "csv", "--output", str(tmp_path / "layers.csv")) == (0, "", "")
    assert (tmp_path / "layers.csv").read_text("utf-8").startswith("path,op,flops,")


def test_half_a_machine_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = "archcalc: a roofline takes two numbers: flops per second and bandwidth\n  add --bandwidth 50GB\n"
    assert run(capsys, "vgg16", "--flops-per-second", "2T") == (2, "", said)


def test_a_machine_and_a_free_name_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    machine = ("--flops-per-second", "2T", "--bandwidth", "50GB")
    code, out, err = run(capsys, "vgg16", "--free", "H", *machine)
    assert (code, out) == (2, "")
    assert err.startswith("archcalc: a roofline takes numbers, and left free: H\n  sizes on disk and intensities")
