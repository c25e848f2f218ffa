"""archcalc memory: what it prints, its options, and what it refuses."""

from __future__ import annotations

import json
import re

import pytest

from archcalc.cli import main
from archcalc.render.units import size

TINY = "{input: [2, 4, 4], layers: [{conv: [3, 1]}, relu, {max_pool: 2}, flatten, {linear: 5}]}"

CALLED_ALL = """{input: [2, 8, 8], layers: [
  {name: all, repeat: 1, layers: [{conv: [4, 3]}, tanh]}, {name: b, repeat: 2, layers: [tanh, tanh]}]}"""


@pytest.fixture
def tiny(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """A spec whose numbers can be worked out by hand."""
    monkeypatch.chdir(tmp_path)  # type: ignore[arg-type]
    with open("tiny.yaml", "w", encoding="utf-8") as file:
        file.write(TINY)
    return "tiny.yaml"


def data(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    """What the command prints as JSON."""
    assert main(["memory", *options, "--format", "json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_by_hand(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = data(capsys, tiny)
    assert answer["weights_bytes"] == 4 * (3 * 2 + 3 + 12 * 5 + 5)
    assert answer["activations_total_bytes"] == 4 * (32 + 48 + 12 + 5)
    assert answer["peak_inference_bytes"] == 4 * (32 + 48)
    assert answer["alive_at_peak"] == ["input", "conv"]
    assert answer["saved_for_backward_bytes"] == 4 * (32 + 48 + 12)  # for conv, relu and max_pool, linear
    assert answer["saved_for_backward_integer_bytes"] == 8 * 12
    assert [step["path"] for step in answer["steps"]] == ["input", "conv", "relu", "max_pool", "flatten", "linear"]  # type: ignore[attr-defined]


def test_options(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, tiny, "--no-inplace")["peak_inference_bytes"] == 4 * (48 + 48)
    assert data(capsys, tiny, "--keep-input")["peak_inference_bytes"] == 4 * (32 + 48 + 12)
    assert data(capsys, tiny, "--dtype", "int8", "--weights", "float32")["peak_inference_bytes"] == 80
    assert data(capsys, tiny, "--optimizer", "adam")["optimizer_bytes"] == 2 * 4 * 74
    assert data(capsys, tiny, "--train-from", "linear")["gradients_bytes"] == 4 * 65
    assert data(capsys, tiny, "--free", "batch")["peak_inference_bytes"] == "320*batch"


def test_the_screen_names_everything(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", tiny, "--training"]) == 0
    text = capsys.readouterr().out
    for said in ("peak at inference   320 bytes (320 B), at conv", "alive there         input, conv", "training peak"):
        assert said in text
    assert "alive in the backward pass" in text
    assert "what would lower it" in text


def test_formulas_say_where_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    halved = (
        "{hyperparameters: {H: 8}, input: [2, H, H], layers: [{max_pool: 2}, {max_pool: 2}, {reshape: [[2, H*H//16]]}]}"
    )
    assert data(capsys, halved, "--free", "H")["conditions"] == ["H >= 4", "(H**2)//16 == (H//4)**2"]
    assert main(["memory", "vgg16", "--free", "H"]) == 0
    assert "\nvalid where         H >= 32\n" in capsys.readouterr().out
    assert data(capsys, "vgg16", "--set", "H=32")["conditions"] == []
    assert main(["memory", "vgg16", "--set", "H=31"]) == 2
    assert "valid where" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--levels", "0"], "archcalc: levels are a whole number, at least 1, not 0"),
        (["--optimizer", "adm"], "archcalc: optimizer is one of sgd, momentum, adam, adamw, not 'adm'"),
        (["--checkpoint", "layer1"], "archcalc: there is no part 'layer1'"),
        (["--precision", "float31"], "archcalc: there is no precision 'float31'"),
        (
            ["--schedule", "best", "--free", "batch"],
            "archcalc: the best schedule needs numbers, but names are free here",
        ),
    ],
)
def test_refused(tiny: str, capsys: pytest.CaptureFixture[str], options: list[str], said: str) -> None:
    assert main(["memory", tiny, *options]) == 2
    assert capsys.readouterr().err.startswith(said)


def suggestions(capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, str, str]]:
    """What would lower the memory, as it stands on the screen: the option, and both peaks with it."""
    assert main(["memory", *options]) == 0
    _, _, lines = capsys.readouterr().out.partition("what would lower it")
    rows = [re.split(r" {2,}", line.strip()) for line in lines.partition("\n\n")[0].splitlines()[2:]]
    return [(option, inference, training) for option, inference, training in rows]


@pytest.mark.parametrize(
    "options",
    [
        ["vgg16"],
        ["resnet20_cifar", "--no-inplace", "--keep-input"],
        ["densenet40_k12"],
        ["vit_b_16", "--set", "H=64", "--attention", "stored"],
        ["resnet20_cifar", "--checkpoint", "layer1", "--optimizer", "adam"],
        [CALLED_ALL],
    ],
    ids=lambda options: options[0][:20],
)
def test_every_suggestion_runs_as_typed_and_keeps_its_promise(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    found = suggestions(capsys, *options)
    assert found
    for option, inference, training in found:
        left_out = re.fullmatch(r"\(without (--[a-z-]+)\)", option)
        typed = [o for o in options if o != left_out[1]] if left_out else [*options, *option.split()]
        answer = data(capsys, *typed)
        assert [size(answer["peak_inference_bytes"]), size(answer["training_peak_bytes"])] == [inference, training]  # type: ignore[arg-type]
