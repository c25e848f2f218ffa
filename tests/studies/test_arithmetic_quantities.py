"""Counts of arithmetic as quantities: in formulas, sweeps, compiled functions, questions and expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import spec

import archcalc
from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.cli import main
from archcalc.spec.figure import QUANTITIES

if TYPE_CHECKING:
    from pathlib import Path


def test_every_one_can_be_expected() -> None:
    assert set(ARITHMETIC) <= set(QUANTITIES)


def test_a_formula_without_floors() -> None:
    made = archcalc.formula("vgg16", free=["H"], of=["useful_mult_adds"], assume=["H % 32 == 0"])
    (formula,) = made.formulas
    (form,) = formula.forms
    report = archcalc.analyze("vgg16", settings={"H": 64})
    assert str(form) == "305856*H**2 - 2263296*H + 130171648"
    (symbol,) = form.free_symbols
    assert form.subs(symbol, 64) == sum(report.counts("useful_mult_adds"))


def test_formulas_of_layers() -> None:
    made = archcalc.formula("vgg16", free=["H"], of=["useful_mult_adds"], layers=True)
    (first,) = [formula for formula in made.formulas if formula.path == "conv1/conv1"]
    (form,) = first.forms
    (symbol,) = form.free_symbols
    assert form.subs(symbol, 10) == 3 * 64 * 28 * 28


@pytest.mark.parametrize("name", ARITHMETIC)
def test_a_sweep_is_the_numbers(name: str) -> None:
    swept = archcalc.sweep("resnet18", over={"H": [32, 45, 64]}, of=[name])
    for row in swept:
        report = archcalc.analyze("resnet18", settings={"H": row["H"]})
        assert row[name] == sum(report.counts(name))


def test_a_compiled_function() -> None:
    made = archcalc.compile("lenet5", free=["H"], of=["backward_mult_adds", "bit_operations"])
    report = archcalc.analyze("lenet5", settings={"H": 40})
    found = made(H=[40])
    assert [int(found[name][0]) for name in made.quantities] == [sum(report.counts(name)) for name in made.quantities]


def test_a_bound_on_bit_operations() -> None:
    answer = archcalc.solve("resnet18", {"H": "32:256:32"}, "bit_operations <= 100G", dtype="int8").answers[0]
    assert answer.settings["H"] == 192
    report = archcalc.analyze("resnet18", settings={"H": 192}, dtype="int8")
    assert answer.quantities["bit_operations"] == sum(report.counts("bit_operations")) <= 10**11


def test_expectations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    rows = "[{useful_mult_adds: 11616, mult_adds: 13824}, {at: conv, adds: 256}, {backward_mult_adds: 13824}]"
    path.write_text(spec("[{conv: {out: 4, kernel: 3, padding: 1}}, relu]", expect=rows), "utf-8")
    assert main(["check", str(path)]) == 0
    path.write_text(spec("[relu]", expect="[{compares: 383}]"), "utf-8")
    assert main(["check", str(path)]) == 1
    assert "compares 383, computed 384" in capsys.readouterr().out
