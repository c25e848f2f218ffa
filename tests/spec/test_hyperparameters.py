"""Design 3: hyperparameters use one another in any order, and give way to other values."""

from __future__ import annotations

from fractions import Fraction

import pytest
from asking import ask, out, refusal, refused, spec

import archcalc


def test_any_order() -> None:
    report = ask("[{linear: a}]", "[3]", hyperparameters="{a: b + c, b: 2 * c, c: 5}")
    assert report.hyperparameters == {"a": 15, "b": 10, "c": 5}


def test_every_kind_of_value() -> None:
    values = "{n: 3, q: 0.75, yes: true, no: false, word: relu, rows: [[1, 2], [3, [4, sep]]], empty: []}"
    layers = "[{if: yes and not no and rows == rows and empty == empty, then: [word]}, {dropout: q}, {linear: n}]"
    report = ask(layers, "[3]", hyperparameters=values, blocks="{sep: []}")
    assert report.hyperparameters == {
        "n": 3, "q": Fraction(3, 4), "yes": True, "no": False, "word": "relu", "rows": ((1, 2), (3, (4, "sep"))), "empty": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "circle"),
    [
        ("{a: a}", "a -> a"),
        ("{a: b + 1, b: c, c: 2 * a}", "a -> b -> c -> a"),
        ("{x: 1, a: b, b: a + x}", "a -> b -> a"),
    ],
)
def test_a_circle_is_an_error(values: str, circle: str) -> None:
    assert refused("[{linear: a}]", "[3]", hyperparameters=values) == f"hyperparameters go round in a circle: {circle}"


def test_a_circle_broken_by_a_setting_is_none() -> None:
    text = spec("[{linear: a}]", "[3]", hyperparameters="{a: b + 1, b: 2 * a}")
    assert archcalc.analyze(text, settings={"a": 4}).hyperparameters == {"a": 4, "b": 8}


def test_an_override_is_put_in_before_the_others_are_worked_out() -> None:
    text = spec("[relu]", "[3, H, W]", hyperparameters="{H: 8, W: H}")
    assert out(archcalc.analyze(text, settings={"H": 5})) == (3, 5, 5)
    assert out(archcalc.analyze(text, settings={"W": 5})) == (3, 8, 5)


@pytest.mark.parametrize("value", [7, "7", "3 + 4", "2 * m + 1", " 7 "])
def test_a_setting_is_an_expression(value: object) -> None:
    text = spec("[{linear: n}, {linear: m}]", "[3]", hyperparameters="{n: 1, m: 3}")
    assert archcalc.analyze(text, settings={"n": value}).hyperparameters["n"] == 7


@pytest.mark.parametrize(
    ("value", "result"),
    [("[1, 2]", (1, 2)), ([1, 2], (1, 2)), ((1, "2"), (1, 2)), ([[1], [2]], ((1,), (2,))), ("range(1, 3)", (1, 2))],
)
def test_lists_as_settings(value: object, result: object) -> None:
    text = spec("[{if: len(ns) > 0, then: [relu]}]", "[3]", hyperparameters="{ns: [5]}")
    assert archcalc.analyze(text, settings={"ns": value}).hyperparameters["ns"] == result


def test_decimals_are_exact() -> None:
    text = spec("[{dropout: q}]", "[3]", hyperparameters="{q: 0.1 + 0.2}")
    assert archcalc.analyze(text).hyperparameters["q"] == Fraction(3, 10)
    assert archcalc.analyze(text, settings={"q": "0.30"}).hyperparameters["q"] == Fraction(3, 10)
    assert archcalc.analyze(text, settings={"q": Fraction(1, 3)}).hyperparameters["q"] == Fraction(1, 3)


def test_a_truth_as_setting() -> None:
    text = spec("[{if: bn, then: [batch_norm]}]", hyperparameters="{bn: false}")
    assert archcalc.analyze(text, settings={"bn": True}).totals.params == 12
    assert archcalc.analyze(text, settings={"bn": "true"}).totals.params == 12


def test_a_word_as_setting() -> None:
    text = spec("[act]", hyperparameters="{act: relu}")
    assert archcalc.analyze(text, settings={"act": "tanh"}).layers[0].op == "tanh"


def test_settings_of_what_is_no_hyperparameter() -> None:
    text = spec("[{linear: width}]", "[3]", hyperparameters="{width: 3}")
    assert refusal(text, settings={"widht": 3}) == ("<text> has no hyperparameter 'widht'\n  did you mean 'width'?")
    assert refusal(text, settings={"zzz": 3}) == "<text> has no hyperparameter 'zzz'\n  hyperparameters: width"
    assert refusal("input: [3]\nlayers: [relu]\n", settings={"a": 3}) == (
        "<text> has no hyperparameter 'a'\n  it has no hyperparameters"
    )


@pytest.mark.parametrize(
    "name", ["channels", "index", "first", "last", "training", "true", "false", "and", "if", "in", "not", "lambda"]
)
def test_reserved_names(name: str) -> None:
    assert refused("[relu]", hyperparameters=f"{{{name}: 3}}").startswith(f"'{name}' cannot be the name of")


@pytest.mark.parametrize("name", ["3d", "a-b", "a b", "a.b", "''", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_names_are_identifiers(name: str) -> None:
    assert "cannot be the name of a hyperparameter" in refused("[relu]", hyperparameters=f"{{{name}: 3}}")


def test_a_hyperparameter_may_be_called_like_an_operator_or_an_axis() -> None:
    report = ask(
        "[{linear: scale}, {linear: depth}, {linear: width}]", "[3]", hyperparameters="{scale: 2, depth: 3, width: 4}"
    )
    assert out(report) == (4,)


def test_the_hyperparameter_comes_before_the_word() -> None:
    report = ask("[relu]", hyperparameters="{relu: tanh}")
    assert report.layers[0].op == "tanh"


def test_what_is_unknown_is_named_once_with_its_place() -> None:
    said = refusal(spec("[{linear: a}]", "[3]", hyperparameters="{a: heigth, H: 3}"))
    assert "nothing is called 'heigth'" in said


@pytest.mark.parametrize("name", ["channels", "index", "first", "last", "x.channels"])
def test_what_only_layers_know(name: str) -> None:
    refused("[{linear: a}]", "[3]", hyperparameters=f"{{a: {name}}}")


def test_training_may_be_asked_in_a_hyperparameter() -> None:
    text = spec("[{linear: a}]", "[3]", hyperparameters="{a: 5 if training else 2}")
    assert out(archcalc.analyze(text)) == (2,)
    assert out(archcalc.analyze(text, training=True)) == (5,)


def test_a_mistake_in_an_unused_list_of_the_parent_is_still_a_mistake() -> None:
    assert refused("[relu]", hyperparameters="{a: [1, 2}").startswith("the list does not go on here")
