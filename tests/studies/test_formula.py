"""archcalc formula: closed forms that evaluate to what the numeric engine gives, and read as a person would write."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from asking import spec
from evaluating import at

import archcalc
from archcalc import zoo
from archcalc.cli import main
from archcalc.render.formula import render
from archcalc.spec.values import number
from archcalc.studies.formula import assumption, formulas
from archcalc.studies.quantities import quantities

COUNTS = ("params", "buffers", "mult_adds", "flops", "activations", "activation_bytes", "depth", "output_shape")


def data(name: str, free: list[str], *, assume: tuple[str, ...] = (), of: tuple[str, ...] = COUNTS) -> dict[str, Any]:
    """The JSON of the formulas."""
    made = formulas(archcalc.analyze(name, free=free), of, assume=[assumption(text) for text in assume])
    read: dict[str, Any] = json.loads(str(render(made, "json")))
    return read


def screen(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints."""
    assert main(["formula", *arguments]) == 0
    return capsys.readouterr().out


def short(said: dict[str, Any], quantity: str, values: dict[str, Any]) -> Any:
    """A formula worked out by way of its short names."""
    return at(said["short"][quantity], values | {name: at(text, values) for name, text in said["where"].items()})


def checked(name: str, free: list[str], points: list[dict[str, Any]]) -> int:
    """How many points satisfy the conditions; at these every formula is compared with the numeric engine."""
    said = data(name, free)
    compared = 0
    for values in points:
        if not all(at(text, values) for text in said["conditions"]):
            continue
        totals = quantities(archcalc.analyze(name, settings=values), COUNTS)
        for quantity in COUNTS:
            expected = at(totals[quantity], {})
            assert at(said["formulas"][quantity], values) == expected, (quantity, values)
            assert short(said, quantity, values) == expected, (quantity, values)
            if all(at(text, values) for text in said["congruences"]) and said["simple"]:
                assert at(said["simple"][quantity], values) == expected, (quantity, values)
        compared += 1
    return compared


def value(random: Random, usual: Any) -> Any:
    """A random value near the usual one, or far from it; rational where that is written so."""
    if isinstance(usual, Fraction):
        return Fraction(random.randint(1, 40), random.choice((8, 10, 20)))
    return random.choice(
        (random.randint(1, 12), random.randint(1, 2 * usual + 2), usual, usual + usual % 32, 32 * usual)
    )


def points(name: str, free: list[str], count: int) -> list[dict[str, Any]]:
    random = Random(f"{name} {free}")
    usual = archcalc.graph(name).hyperparameters
    return [{one: value(random, _kind(name, one, usual[one])) for one in free} for _ in range(count)]


def _kind(name: str, one: str, usual: Any) -> Any:
    """A fraction where a free name stands for rational numbers."""
    text = archcalc.load(name).hyperparameters[one].text
    return Fraction(usual) if "." in text or ("/" in text and "//" not in text) else max(1, usual)


SAMPLE = [
    ("vgg16", ["H"]),
    ("resnet50", ["H", "W"]),
    ("densenet121", ["growth", "H"]),
    ("densenet121", ["compression"]),
    ("mobilenet_v1", ["alpha"]),
    ("mobilenet_v1", ["alpha", "H"]),
    ("mobilenet_v2", ["alpha"]),
    ("inception_v3", ["H"]),
    ("unet", ["H", "W"]),
    ("resnet18", ["width_per_group"]),
]


@pytest.mark.parametrize(("name", "free"), SAMPLE, ids=[f"{name}-{'-'.join(free)}" for name, free in SAMPLE])
def test_formulas_are_what_the_numeric_engine_gives(name: str, free: list[str]) -> None:
    assert checked(name, free, points(name, free, 12)) >= 1


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.specs())
def test_every_hyperparameter_of_every_spec(name: str) -> None:
    usual = archcalc.graph(name).hyperparameters
    asked = [[one] for one in usual if _is_number(usual[one])]
    if {"H", "W"} <= usual.keys():
        asked.append(["H", "W"])
    for free in asked:
        try:
            archcalc.graph(name, free=free)
        except archcalc.SpecError:
            continue  # it decides the structure, or is written as no number
        try:
            checked(name, free, points(name, free, 6))
        except archcalc.LimitError:
            # Counts rounded up from a rational: whether a loop runs at all decides each of many longest paths.
            assert name.startswith("efficientnet")
            assert free == ["depth"]


def _is_number(usual: Any) -> bool:
    try:
        number(usual)
    except archcalc.ArchcalcError:
        return False
    return True


def test_densenet_264_over_its_growth(capsys: pytest.CaptureFixture[str]) -> None:
    said = screen("densenet264", "--free", "growth", capsys=capsys)
    assert "params      = 29532*growth**2 + 96748*growth + 1000\n" in said


def test_mobilenet_without_rounding_is_a_quadratic() -> None:
    said = formulas(
        archcalc.analyze("mobilenet_v1", free=["alpha"], settings={"rounded": "false"}), ["params", "mult_adds"]
    )
    texts = json.loads(str(render(said, "json")))
    assert texts["formulas"] == {
        "params": "3139584*alpha**2 + 1091392*alpha + 1000",
        "mult_adds": "539492352*alpha**2 + 29248000*alpha",
    }
    for alpha in ("1", "3/4", "1/2", "1/4"):
        totals = archcalc.analyze("mobilenet_v1", settings={"alpha": alpha}).totals
        values = {"alpha": Fraction(alpha)}
        assert [at(text, values) for text in texts["formulas"].values()] == [totals.params, totals.mult_adds]


def test_a_congruence_takes_the_floors_away() -> None:
    said = data("vgg16_paper", ["H"], assume=("H % 32 == 0",), of=("params", "mult_adds"))
    assert said["formulas"] == {"params": "2048*H**2 + 35597096", "mult_adds": "307904*H**2 + 20873216"}
    assert (said["assumed"], said["conditions"], said["congruences"]) == (["H % 32 == 0"], [], [])


@pytest.mark.parametrize("text", ["H % 32 == 5", "H % 7 == 3", "H >= 40", "H % 64 == 33"])
def test_under_an_assumption_the_formulas_hold_where_it_does(text: str) -> None:
    said = data("vgg16_paper", ["H"], assume=(text,))
    held = 0
    for height in range(32, 400):
        values = {"H": height}
        if all(at(condition, values) for condition in (text, *said["conditions"])):
            totals = quantities(archcalc.analyze("vgg16_paper", settings=values), COUNTS)
            assert all(at(said["formulas"][name], values) == at(totals[name], {}) for name in COUNTS)
            held += 1
    assert held > 3


def test_two_assumptions_on_one_name() -> None:
    said = data("vgg16_paper", ["H"], assume=("H >= 64", "H % 32 == 0"), of=("params",))
    assert (said["assumed"], said["conditions"]) == (["H % 32 == 0 and H >= 64"], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vgg16"], "archcalc: nothing is left free\n  --free NAME leaves a hyperparameter open: H, W, classes, depths, widths, bn, pool\n"),
        (["vgg16", "--free", "H", "--of", "parms"], "archcalc: there is no quantity 'parms'\n  did you mean 'params'?\n"),
        (["vgg16", "--free", "H", "--of", ""], "archcalc: no quantity is asked for\n  quantities: params, trainable_params, buffers, params_and_buffers, mult_adds, flops, activations, activation_bytes, depth, shortest_path, multiplies, adds, compares, divides, elementary, useful_mult_adds, bit_operations, backward_mult_adds, activations_total, peak_inference, saved_for_backward, saved_for_backward_integer, training_peak, weights, gradients, optimizer, output_shape, receptive_field, receptive_field_stride, receptive_field_start\n"),
        (["vgg16", "--free", "H", "--assume", "H is even"], "archcalc: 'H is even' is nothing to assume\n  write 'H % 32 == 0' or 'H >= 32'; W = H is --set W=H\n"),
        (["vgg16", "--free", "H", "--assume", "H % 4 == 4"], "archcalc: 'H % 4 == 4' is nothing to assume\n  write 'H % 32 == 0' or 'H >= 32'; W = H is --set W=H\n"),
        (["vgg16", "--free", "H", "--assume", "W % 4 == 0"], "archcalc: 'W' is no free whole name to assume something of\n  free whole names: H\n"),
        (["vgg16", "--free", "H", "--assume", "H % 4 == 0", "--assume", "H % 6 == 0"], "archcalc: H % 4 == 0 and H % 6 == 0 are two congruences of one name\n  give one that says both\n"),
    ],
)  # fmt: skip
def test_what_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formula", *arguments]) == 2
    assert capsys.readouterr().err == said


def test_a_name_that_decides_the_structure_is_refused_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formula", "mobilenet_v1", "--free", "units"]) == 2
    assert "mobilenet_v1.yaml:10:10: 'units' is [[64, 1]" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "free"), [("mobilenet_v2", "alpha"), ("unet", "H"), ("densenet121", "growth")])
def test_python_that_needs_nothing(name: str, free: str, capsys: pytest.CaptureFixture[str]) -> None:
    module: dict[str, Any] = {}
    exec(
        screen(name, "--free", free, "--of", "params,mult_adds,output_shape", "--format", "python", capsys=capsys),
        module,
    )
    for chosen in (Fraction(3, 4), Fraction(13, 10)) if free == "alpha" else (188, 300, 572):
        answer = quantities(archcalc.analyze(name, settings={free: chosen}), ("params", "mult_adds", "output_shape"))
        for quantity, expected in answer.items():
            ours = module[quantity](chosen)
            assert (tuple(ours) if isinstance(ours, list) else ours) == at(expected, {}) or ours == list(
                at(expected, {})
            )


def test_latex(capsys: pytest.CaptureFixture[str]) -> None:
    said = screen("vgg16_paper", "--free", "H", "--of", "params", "--format", "latex", capsys=capsys)
    floor = r"\left\lfloor{\frac{H}{32}}\right\rfloor"
    assert said == f"\\begin{{align*}}\n\\text{{params}} &= 2097152 {floor}^{{2}} + 35597096\n\\end{{align*}}\n"


def test_latex_with_names(capsys: pytest.CaptureFixture[str]) -> None:
    said = screen("mobilenet_v2", "--free", "alpha", "--of", "params", "--format", "latex", capsys=capsys)
    assert r"&= 6 a_{1}^{2} + 6 a_{1} a_{2} + a_{1} a_{3}" in said
    assert r"a_{1} &= \operatorname{make\_divisible}\left(16 \alpha, 8\right)" in said


def test_layers() -> None:
    text = spec(
        "[{conv: [4, 3], name: first}, relu, flatten]",
        "[3, H, 8]",
        hyperparameters="H: 8",
    )
    made = formulas(archcalc.analyze(text, free=["H"]), ("params", "activations"), layers=True)
    read = json.loads(str(render(made, "json")))
    assert read["layers"] == [
        {"path": "first", "params": 112, "activations": "24*H - 48"},
        {"path": "relu", "params": 0, "activations": "24*H - 48"},
        {"path": "flatten", "params": 0, "activations": 0},
    ]


def test_layers_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what a layer has is said of it."""
    said = screen("vgg16_paper", "--free", "H", "--of", "params,mult_adds", "--layers", capsys=capsys)
    assert "\n\nconv1/conv1\n  params    = 1792\n  mult_adds = 1728*H**2\n\nconv1/conv2\n" in said
    assert "relu" not in said


def test_a_screen_of_inception(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = screen("inception_v3", "--free", "H,W", capsys=capsys)
    assert len(said.splitlines()) <= 40
    assert max(map(len, said.splitlines())) <= 80
