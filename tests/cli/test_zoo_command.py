"""`archcalc zoo`: every spec once, with the totals that a report gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import archcalc
from archcalc import zoo
from archcalc.cli import main

if TYPE_CHECKING:
    import pytest


def test_every_spec_is_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["zoo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert {line.split()[0] for line in lines if line.startswith("  ")} == set(zoo.specs())
    assert lines[-1] == f"{len(zoo.specs())} specs; 'archcalc report NAME' shows one"


def test_names_and_families_choose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "lenet5", "resnet18", "--format", "json"]) == 0
    specs = json.loads(capsys.readouterr().out)["specs"]
    assert [spec["name"] for spec in specs] == ["lenet5", "resnet18", "resnet18_plain"]
    for spec in specs:
        totals = archcalc.analyze(spec["name"]).totals
        assert (spec["params"], spec["mult_adds"]) == (totals.params, totals.mult_adds)
    assert specs[0]["family"] == "lenet"
    assert main(["zoo", "VGG", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["specs"]
    assert {spec["family"] for spec in found if not spec["name"].startswith("fcn")} == {"vgg"}
    assert all("vgg" in spec["name"] for spec in found)


def test_nothing_of_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "nothing_like_this"]) == 0
    assert capsys.readouterr().out == "no spec has such a name or family; 'archcalc zoo' lists all\n"
