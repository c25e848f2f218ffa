"""`archcalc transfer`: what is printed, and what is said of wrong commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from archcalc.cli import main
from archcalc.render.units import TIMES

if TYPE_CHECKING:
    from pathlib import Path


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    """What `archcalc transfer` prints."""
    assert main(["transfer", *command]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def data(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """The JSON that is printed."""
    found: dict[str, Any] = json.loads(said(capsys, *command, "--format", "json"))
    return found


def test_totals_are_exact(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "vgg16", "--set-to", "classes=10")
    assert answer["schema"] == "archcalc.transfer/1"
    assert answer["from"]["params"] == {
        "total": 138_357_544,
        "loaded": 134_260_544,
        "loaded_share": "16782568/17294693",
        "by_name": 0,
        "by_name_share": 0,
    }
    assert answer["to"]["params"]["total"] == 134_301_514
    assert answer["to"]["hyperparameters"]["classes"] == 10
    assert answer["to"]["buffers"]["loaded_share"] is None
    assert answer["to"]["layers"]["loaded_share"] == "15/16"
    assert len(answer["loaded"]) == 15
    assert answer["loaded"][0] == {
        "from": "conv1/conv1",
        "to": "conv1/conv1",
        "op": "conv",
        "weights": ["weight", "bias"],
        "params": 1792,
        "buffers": 0,
    }
    assert answer["stop"] == {
        "reason": "shape",
        "from": "linear3",
        "to": "linear3",
        "from_op": "linear",
        "to_op": "linear",
        "weight": "weight",
        "from_shape": [1000, 4096],
        "to_shape": [10, 4096],
    }
    assert answer["by_name"] == []


def test_settings_go_to_both_or_to_one(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "vgg16", "--set", "H=64", "--set-from", "classes=7", "--set-to", "classes=10")
    assert [answer[side]["hyperparameters"]["H"] for side in ("from", "to")] == [64, 64]
    assert [answer[side]["hyperparameters"]["classes"] for side in ("from", "to")] == [7, 10]


def test_nothing_stops_it(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "resnet50", "resnet50", "--set-to", "H=320")
    assert answer["stop"] is None
    assert answer["to"]["params"]["loaded_share"] == 1
    assert answer["to"]["buffers"]["loaded"] == 53_120


def test_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, "vgg16", "vgg16", "--free", "classes,H")
    assert answer["to"]["params"]["loaded"] == "4097*classes + 134260544"
    assert answer["to"]["params"]["loaded_share"] == 1
    assert answer["to"]["hyperparameters"]["classes"] == "classes"
    assert answer["conditions"] == ["H >= 32"]


def test_a_name_is_free_where_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It may be in one network only, and a side that sets it has its value."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("{hyperparameters: {size: 8}, input: [3, size, size], layers: [{conv: [4, 1]}]}", "utf-8")
    other.write_text("{input: [3, 8, 8], layers: [{conv: [4, 1]}]}", "utf-8")
    for pair in ((one, other), (other, one)):
        assert data(capsys, *map(str, pair), "--free", "size")["stop"] is None
    answer = data(capsys, str(one), "--free", "size", "--set-to", "size=9")
    assert [answer[side]["hyperparameters"]["size"] for side in ("from", "to")] == ["size", 9]


def test_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = said(capsys, "resnet18", "resnet34", "--expand").splitlines()
    assert max(map(len, lines)) <= 80
    assert "params of FROM   11,689,512   157,504   1.3    11,532,008  98.7" in lines
    assert "loaded    conv1 to layer1/basic2/add/body/batch_norm2" in lines
    assert sum(line.startswith("layer") and "batch_norm" in line for line in lines) == 4 + 15


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["vgg16", "--set-to", "classes=10"], f"at linear3: weight is 1000{TIMES}4096 in FROM, 10{TIMES}4096 in TO"),
        (["resnet50", "--set-to", "H=320"], "nowhere: every layer fits"),
        (["vgg16", "fcn32s_vgg16"], "at linear1 → fc6: linear in FROM, conv in TO"),
        (["vgg16", "vgg16_bn"], "at conv1/conv2 → conv1/batch_norm1: conv in FROM, batch_norm in TO"),
    ],
)
def test_why_it_stops(capsys: pytest.CaptureFixture[str], command: list[str], sentence: str) -> None:
    assert f"stops     {sentence}" in said(capsys, *command).splitlines()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["vgg16"], "the weights go from one network into another\n  name a second spec, or use --set-to"),
        (["vgg16", "vgg61"], "there is no file vgg61 here, and no spec of that name in the zoo"),
        (["vgg16", "--set-to", "classes"], "--set-to takes name=value, not 'classes'"),
        (["vgg16", "--set-from", "a=1", "--set-from", "a=2"], "--set-from gives a twice"),
        (["vgg16", "--set-to", "klasses=10"], "VGG-16 has no hyperparameter 'klasses'"),
        (["vgg16", "resnet18", "--free", "klasses"], "VGG-16 has no hyperparameter 'klasses' to leave free"),
        (
            ["vgg16", "--set-to", "classes=10", "--free", "classes"],
            "whether weight of linear3 fits depends on classes: (classes, 4096) in one network, (10, 4096) in the other"
            "\n  --set gives a name a number",
        ),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], command: list[str], message: str) -> None:
    text = said(capsys, *command, code=2)
    assert text.startswith("archcalc: ")
    assert message in text
    assert "Traceback" not in text


def test_a_file_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    assert said(capsys, "vgg16", "vgg19", "--format", "json", "--output", str(file)) == ""
    assert json.loads(file.read_text("utf-8"))["to"]["params"]["loaded"] == 1_735_488


def test_it_loads_neither_sympy_nor_numpy() -> None:
    from test_arrows import loaded

    code = "from archcalc.cli import main; assert main(['transfer', 'vgg16', 'resnet50']) == 0"
    assert loaded(code, "sympy", "numpy") == []
