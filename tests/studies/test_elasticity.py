"""d log cost / d log name: by hand on small networks, and by finite differences of the numeric engine."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from asking import spec

import archcalc
from archcalc.cli import main
from archcalc.studies.elasticity import sensitivities

if TYPE_CHECKING:
    from pathlib import Path


def asked(text: str, free: list[str], of: list[str]) -> dict[tuple[str, str, str], Fraction | None]:
    found = sensitivities(archcalc.analyze(text, free=free), archcalc.analyze(text), of)
    return {(row.path, row.quantity, row.name): row.value for row in found.rows}


def test_by_hand() -> None:
    """9*3*k + k weights, 9*3*k multiply-accumulates at each of H*H positions, then k*10 + 10 weights."""
    text = spec(
        "[{conv: {out: k, kernel: 3, padding: 1}}, global_avg_pool, {linear: 10}]",
        "[3, H, H]",
        hyperparameters="k: 5\nH: 8",
    )
    found = asked(text, ["k", "H"], ["params", "mult_adds"])
    assert found["conv", "params", "k"] == 1
    assert found["linear", "params", "k"] == Fraction(50, 60)
    assert found["", "params", "k"] == Fraction(28 * 5 + 50, 28 * 5 + 60)
    assert found["conv", "mult_adds", "H"] == 2
    assert found["linear", "mult_adds", "H"] == 0
    assert found["", "mult_adds", "H"] == Fraction(2 * 27 * 5 * 64, 27 * 5 * 64 + 50)
    assert found["global_avg_pool", "params", "k"] is None


def test_floors_count_as_quotients_and_choices_as_they_fall() -> None:
    text = spec("[{conv: ['max(k // 2, 3)', 1]}]", "[4, 2, 2]", hyperparameters="k: 9")
    assert asked(text, ["k"], ["mult_adds"])["", "mult_adds", "k"] == 1
    assert asked(text.replace("k: 9", "k: 5"), ["k"], ["mult_adds"])["", "mult_adds", "k"] == 0


@pytest.mark.parametrize(("name", "free"), [("densenet121", "growth"), ("resnet50", "width_per_group")])
def test_beside_differences_of_the_numeric_engine(name: str, free: str) -> None:
    """A polynomial of degree 2: the symmetric difference is its slope."""
    value = archcalc.graph(name).hyperparameters[free]
    assert isinstance(value, int)
    exact = asked(name, [free], ["params"])["", "params", free]
    totals = [archcalc.analyze(name, settings={free: value + step}).totals.params for step in (-1, 0, 1)]
    low, here, high = (Fraction(int(n)) for n in totals)
    assert exact == value * (high - low) / 2 / here


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(spec("[{conv: {out: k, kernel: 3, padding: 1}, name: stem}]", "[3, 8, 8]", hyperparameters="k: 5"))
    assert main(["formula", str(path), "--free", "k", "--elasticity", "--of", "params,mult_adds"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[2:6]] == [
        ["k", "=", "5", "params", "mult_adds"],
        [lines[3]],
        ["stem", "1", "1"],
        ["total", "1", "1"],
    ]
    assert main(["formula", str(path), "--free", "k", "--elasticity", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["schema"], data["at"]) == ("archcalc.elasticity/1", {"k": "5"})
    assert {"path": "", "quantity": "params", "of": "k", "value": "1"} in data["elasticity"]
    assert main(["formula", str(path), "--free", "k", "--elasticity", "--format", "latex"]) == 2
    assert capsys.readouterr().err == "archcalc: --elasticity has no format 'latex'\n  formats: text, json\n"
