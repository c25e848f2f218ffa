"""`archcalc claim`: its options, what it prints and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import archcalc
from archcalc.cli import main
from archcalc.render.claim import as_data

if TYPE_CHECKING:
    import pytest


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["claim", *arguments])
    return code, *capsys.readouterr()


def test_the_command_says_what_the_function_says(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "resnet18", "resnet34", "--set", "classes=10", "--params", "11.2M", "--mult-adds", "1.8G",
        "--format", "json",
    )  # fmt: skip
    found = archcalc.claim("resnet18", "resnet34", settings={"classes": 10}, params="11.2M", mult_adds="1.8G")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(as_data(found)))


def test_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "resnet50", "--params", "25.5M", "--flops", "3.8G")
    assert code == 0
    assert "resnet50 at 224\N{MULTIPLICATION SIGN}224 with v1: true, cut to its digits, not rounded" in out
    assert "25,557,032  params, 0.224% above 25.5M" in out
    assert "3,857,973,248  mult-adds" in out


def test_all(capsys: pytest.CaptureFixture[str]) -> None:
    few = run(capsys, "resnet50", "--params", "25.6M", "--flops", "4.1G")[1]
    every = run(capsys, "resnet50", "--params", "25.6M", "--flops", "4.1G", "--all")[1]
    assert "--all lists them" in few
    assert "running statistics counted" not in few
    assert "running statistics counted" in every


def test_none_fits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "vgg16", "--params", "138.5M", "--flops", "15.47G")
    assert code == 1
    assert "None fits" in out
    assert "138,357,544  params, 0.103% below 138.5M" in out


def test_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    assert "exactly" in run(capsys, "vgg16", "--params", "138,357,544")[1]


def test_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "vgg16")[0] == 2
    assert run(capsys, "vgg16", "--params", "much")[0] == 2
    code, _, err = run(capsys, "no_such_network", "--params", "3M")
    assert code == 2
    assert "Traceback" not in err
