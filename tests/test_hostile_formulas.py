"""Small texts whose formulas would grow without end: each is refused, or said only by its names."""

from __future__ import annotations

import pytest
from asking import ask, is_clear, refusal, spec

import archcalc
from archcalc.limits import LIMITS
from archcalc.notation import write
from archcalc.recorded import Recorded
from archcalc.studies.explanation import explained
from archcalc.symbolic.conditions import condition_texts
from archcalc.symbolic.text import simplified

BOUNDED = 60  # seconds after which conftest stops a test that hangs; none takes five

SQUARES = "n: 2\na0: n + 1\n" + "\n".join(f"a{i + 1}: a{i} * a{i}" for i in range(60))


@pytest.mark.parametrize(
    ("hyperparameters", "what"),
    [
        ("n: 2\na: " + "(" * 30 + "n + 1" + ")**2 + 1" * 30, "2,000 terms"),
        ("n: 2\na: " + "(" * 30 + "2 * n" + ")**64" * 30, "4,096 bits in a number"),
        ("n: 2\na: " + "(" * 30 + "n" + ")**64" * 30, "4,096 factors in a term"),
        ("n: 2\na0: n + 1\n" + "\n".join(f"a{i + 1}: a{i} * a{i} + n" for i in range(60)) + "\na: a60", "2,000 terms"),
        ("n: 2\na0: n\n" + "\n".join(f"a{i + 1}: a{i} * a{i}" for i in range(60)) + "\na: a60", "4,096 factors in a term"),
    ],
)  # fmt: skip
def test_formulas_that_grow_without_end(hyperparameters: str, what: str) -> None:
    said = refusal(spec("[{conv: [3, 1]}]", "[a, 8, 8]", hyperparameters=hyperparameters), free=["n"])
    assert is_clear(said)
    assert f"a formula has more than {what}" in said


def test_sums_of_many_symbols() -> None:
    names = [f"n{i}" for i in range(1000)]
    text = spec(
        "[{linear: s}]", "[s]", hyperparameters="\n".join(f"{n}: 2" for n in names) + f"\ns: {' + '.join(names)}"
    )
    report = archcalc.analyze(text, free=names)
    with pytest.raises(archcalc.LimitError, match="more than 2,000 terms"):
        simplified([report.totals.mult_adds])


@pytest.mark.parametrize(
    ("width", "what"),
    [
        ("max(channels // 2, n // 3) + 1", "40 choices inside one another"),
        ("(channels * 3 + n) // 2 % 1000 + 7", "20,000 signs"),
        ("ceil(channels * b / (channels + 1)) + 1", "20,000 signs"),
        ("make_divisible(channels * 0.9 + 3, 8)", "5,000 signs to compare"),
    ],
)
def test_choices_inside_choices(width: str, what: str) -> None:
    """Each layer's width holds the width before it, in a floor or a choice."""
    fractions = ["b"] if "b /" in width else []
    hyperparameters = "n: 64" + "".join(f"\n{name}: 0.75" for name in fractions)
    text = spec(f"[{{repeat: 2000, layers: [{{conv: ['{width}', 1]}}]}}]", "[n, 8, 8]", hyperparameters=hyperparameters)
    said = refusal(text, free=["n", *fractions])
    assert is_clear(said)
    assert f"a formula has more than {what}" in said


def test_strides_that_are_free() -> None:
    layers = "[{repeat: 500, layers: [{conv: {out: 4, kernel: 3, padding: 1, stride: n}}]}]"
    said = refusal(spec(layers, "[3, n, n]", hyperparameters="n: 2"), free=["n"])
    assert is_clear(said)
    assert "a formula has more than 40 choices inside one another" in said


@pytest.mark.parametrize(
    "layers",
    ["[{max_pool: {kernel: 2, ceil_mode: a60}}]", "[{repeat: a60, layers: [{max_pool: 2}]}]", "[{conv: [a60, 3]}]"],
)
def test_messages_about_what_shares_its_parts(layers: str) -> None:
    """Written out, a60 has 2**60 terms."""
    said = refusal(spec(layers, "[3, 8, 8]", hyperparameters=SQUARES), free=["n"])
    assert is_clear(said)


def test_what_shares_its_parts_is_said_by_its_names() -> None:
    number = Recorded("n") + Recorded("m")
    for _ in range(60):
        number = number * number
    assert write(number) == "(a long formula in m, n)"
    assert ask("[{relu, name: 'x{a60}'}]", hyperparameters=SQUARES, free=["n"]).layers[0].path == (
        "x(a long formula in n)"
    )


def test_what_is_deep_is_said_by_its_names() -> None:
    number = Recorded("n")
    for _ in range(5_000):
        number = (number + 1) // 2
    assert write(number) == "(a long formula in n)"


def test_powers_inside_floors_inside_powers() -> None:
    """The least and the greatest value have 2**26 bits, if they are worked out."""
    names = ["n: 2", "a0: min(n, 2**1000)", "c0: (a8 + n) // 3", "d: (c8 + n) // 3", "e: d * d * d * d - n"]
    names += [f"{letter}{i + 1}: {letter}{i} * {letter}{i}" for letter in "ac" for i in range(8)]
    graph = archcalc.graph(spec("[{conv: [e, 1]}]", hyperparameters="\n".join(names)), free=["n"])
    assert [condition.relation for condition in graph.conditions] == ["<="]


def test_conditions_with_very_many_exceptions() -> None:
    """A kernel of at most a milliard: the values that are valid are not listed."""
    report = ask("[{conv: [1, [n, 1]]}]", "[3, 1000000000, 9]", hyperparameters="n: 3", free=["n"])
    assert condition_texts([c[:3] for c in report.conditions]) == ["1000000000 >= n"]


def test_more_layers_than_formulas_are_worked_out_for() -> None:
    text = spec("[{repeat: 5001, layers: [relu]}]", "[n, 8, 8]", hyperparameters="n: 3")
    said = refusal(text, free=["n"])
    assert "the network has more than 5,000 operators" in said
    assert archcalc.analyze(text).totals.activations == 5001 * 3 * 64
    assert len(archcalc.analyze(text, free=["n"], limits=LIMITS.with_layers(6_000)).layers) == 5001


def test_the_working_of_a_layer_far_down_a_chain() -> None:
    text = spec(
        "[{repeat: 600, layers: [{conv: {out: 4, kernel: 3, padding: 1, stride: 2}}]}]",
        "[3, n, n]",
        hyperparameters="n: 64",
    )
    graph, report = archcalc.graph(text, free=["n"]), archcalc.analyze(text, free=["n"])
    (working,) = explained(graph, report, "conv599")
    assert "a long formula in n" in write(working.shape[1].formula)  # type: ignore[union-attr]
