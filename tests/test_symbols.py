"""Free symbols: every formula of the JSON, read back and worked out, is the number that the numeric engine gives."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from asking import ask, messages, refusal, spec
from evaluating import at
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

import archcalc
from archcalc import zoo
from archcalc.render.json import as_data

COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")
TOTALS = (*COUNTS, "activation_bytes", "depth", "shortest_path")


def differences(free: dict[str, Any], numeric: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Where the formulas of one JSON, worked out, are not the numbers of the other."""
    found = []

    def compare(where: str, formula: Any, number: Any) -> None:
        theirs = at(number, {})
        if (ours := at(formula, values)) != theirs:
            found.append(f"{where}: {formula} is {ours}, not {theirs}, at {values}")

    for quantity in TOTALS:
        compare(quantity, free["totals"][quantity], numeric["totals"][quantity])
    for key in ("inputs", "outputs"):
        for ours, theirs in zip(free[key], numeric[key], strict=True):
            compare(key, ours["shape"], theirs["shape"])
    field(compare, "total", free["totals"]["receptive_field"], numeric["totals"]["receptive_field"])
    for ours, theirs in zip(free["layers"], numeric["layers"], strict=True):
        assert (ours["path"], ours["op"], ours["line"]) == (theirs["path"], theirs["op"], theirs["line"])
        for quantity in ("output_shape", *COUNTS):
            compare(f"{ours['path']} {quantity}", ours[quantity], theirs[quantity])
        field(compare, ours["path"], ours["receptive_field"], theirs["receptive_field"])
    return found


def field(compare: Any, where: str, ours: Any, theirs: Any) -> None:
    """Where free symbols leave a receptive field open there is none; where there is one, it is right."""
    if ours is not None and theirs is not None and ours["aligned"] and ours["period"] == theirs["period"]:
        for quantity in ("size", "stride", "start"):
            compare(f"{where} {quantity}", ours[quantity], theirs[quantity])


def numeric_data(name: str, values: dict[str, Any], batch: int = 1) -> dict[str, Any] | None:
    """The JSON with numbers, or none where they are refused."""
    try:
        return as_data(archcalc.analyze(name, settings=values, batch=batch))
    except archcalc.SpecError:
        return None


def sizes(seed: str, most: int = 400) -> list[dict[str, Any]]:
    random = Random(seed)
    return [{"H": random.randint(1, most)} for _ in range(4)] + [{"H": n} for n in (1, 31, 32, 33, 224)]


def holds(data: dict[str, Any], values: dict[str, Any]) -> bool:
    return all(at(condition, values) for condition in data["conditions"])


ALPHAS = [{"alpha": Fraction(*pair)} for pair in ((1, 4), (1, 2), (3, 4), (1, 1), (5, 7), (1, 100), (14, 10))]
GROWTHS = [{"growth": n} for n in (1, 2, 12, 32, 33, 100)]
CASES: list[tuple[str, list[str], list[dict[str, Any]]]] = [
    ("vgg11_paper", ["H"], sizes("vgg11_paper")),
    ("vgg16", ["H"], sizes("vgg16")),
    ("alexnet_2012", ["H"], [*sizes("alexnet_2012"), {"H": 227}]),
    ("lenet5", ["H"], sizes("lenet5", 80)),
    ("nin_cifar", ["H"], sizes("nin_cifar")),
    ("googlenet", ["H"], sizes("googlenet")),
    ("squeezenet1_1", ["H", "W"], [{"H": 64, "W": 99}, {"H": 224, "W": 17}, {"H": 16, "W": 99}, {"H": 99, "W": 16}]),
    ("squeezenet1_0", ["W"], [{"W": 20}, {"W": 21}, {"W": 22}, {"W": 224}]),
    ("mobilenet_v1", ["H"], sizes("mobilenet_v1")),
    ("mobilenet_v2", ["H"], sizes("mobilenet_v2")),
    ("mobilenet_v1", ["alpha"], ALPHAS),
    ("mobilenet_v1", ["alpha", "H", "classes"], [a | {"H": 97, "classes": 7} for a in ALPHAS[::2]]),
    ("mobilenet_v2", ["alpha"], [{"alpha": Fraction(*pair)} for pair in ((3, 4), (13, 10))]),
    ("densenet121", ["compression"], [{"compression": Fraction(*pair)} for pair in ((1, 2), (1, 3), (9, 10))]),
    ("resnet50", ["width_per_group"], [{"width_per_group": n} for n in (64, 128, 4, 100)]),
    ("resnet18", ["H"], sizes("resnet18")),
    ("resnet50", ["classes"], [{"classes": n} for n in (1, 10, 1000, 21841)]),
    ("resnet20_cifar", ["H"], sizes("resnet20_cifar")),
    ("densenet121", ["growth"], GROWTHS),
    ("densenet40_k12", ["growth", "H"], [g | {"H": n} for g, n in zip(GROWTHS, (32, 33, 4, 3, 50, 1), strict=True)]),
    ("fractalnet_cifar10", ["H"], sizes("fractalnet_cifar10", 100)),
    ("unet", ["H"], [{"H": n} for n in (572, 188, 187, 189, 204, 300, 333, 340, 91)]),
    ("unet", ["classes"], [{"classes": n} for n in (1, 2, 21)]),
]


@pytest.mark.parametrize(("name", "free", "points"), CASES, ids=[f"{name}-{'-'.join(free)}" for name, free, _ in CASES])
def test_formulas_give_the_numbers(name: str, free: list[str], points: list[dict[str, Any]]) -> None:
    data = as_data(archcalc.analyze(name, free=free))
    texts = [data["totals"][quantity] for quantity in TOTALS]
    assert any(isinstance(text, str) for text in texts), "nothing depends on the free name"
    assert data["hyperparameters"] | {n: n for n in free} == data["hyperparameters"]
    compared = 0
    for values in points:
        numeric = numeric_data(name, values)
        assert (numeric is not None) == holds(data, values), f"{values}: {data['conditions']}"
        if numeric is not None:
            assert differences(data, numeric, values) == []
            compared += 1
    assert compared >= 2


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.specs())
def test_formulas_of_all_specs_give_the_numbers(name: str) -> None:
    if "H" not in archcalc.load(name).hyperparameters:
        pytest.skip("it has no H")
    report = archcalc.analyze(name, free=["H"])
    data = as_data(report)
    # Where a condition with != fails there may be another network; the formulas are not of that.
    another = any(condition.relation == "!=" for condition in report.conditions)
    for values in [*sizes(name), *({"H": n} for n in range(1, 100, 7))]:
        numeric, valid = numeric_data(name, values), holds(data, values)
        assert (numeric is not None) == valid or (another and not valid), f"{values}: {data['conditions']}"
        assert not valid or (numeric is not None and differences(data, numeric, values) == [])


def test_a_free_batch_is_in_the_bytes_alone() -> None:
    data = as_data(archcalc.analyze("lenet5", batch="B", free=["H"]))
    for batch, size in ((1, 32), (7, 45), (256, 100)):
        numeric = numeric_data("lenet5", {"H": size}, batch)
        assert numeric is not None
        assert differences(data, numeric, {"B": batch, "H": size}) == []
    assert "B" in data["totals"]["activation_bytes"]
    assert not any("B" in str(data["totals"][quantity]) for quantity in COUNTS)


@pytest.mark.parametrize(
    ("name", "condition", "least"),
    [
        ("vgg16", "H >= 32", 32),
        ("vgg16_paper", "H >= 32", 32),
        ("densenet264", "H >= 29", 29),
        ("googlenet", "H >= 15", 15),
        ("inception_v3", "H >= 75", 75),
        ("squeezenet1_0", "H >= 21", 21),
        ("alexnet", "H >= 63", 63),
        ("alexnet_v2", "H >= 195", 195),
        ("nin", "H >= 67", 67),
        ("lenet5", "H >= 32", 32),
    ],
)
def test_conditions_are_the_border_of_what_numbers_may_be(name: str, condition: str, least: int) -> None:
    conditions = archcalc.analyze(name, free=["H"]).conditions
    from archcalc.symbolic.conditions import condition_texts

    assert condition_texts([(c.left, c.relation, c.right) for c in conditions]) == [condition]
    assert numeric_data(name, {"H": least}) is not None
    assert numeric_data(name, {"H": least - 1}) is None


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v1", "mobilenet_v2", "resnet20_cifar"])
def test_what_pads_enough_has_no_condition(name: str) -> None:
    assert archcalc.analyze(name, free=["H"]).conditions == ()
    assert numeric_data(name, {"H": 1}) is not None


def test_every_size_of_a_unet_is_valid_or_refused_as_its_conditions_say() -> None:
    text = spec(
        """
        - {conv: [2, 3], as: skip}
        - max_pool: 2
        - conv: [2, 3]
        - {transposed_conv: [2, 2, 2], as: up}
        - {crop: {size: [up.height, up.width]}, from: skip, as: skipped}
        - {concat, from: [skipped, up]}
        """,
        "[1, H, H]",
        hyperparameters="{H: 20}",
    )
    data = as_data(archcalc.analyze(text, free=["H"]))
    for n in range(1, 40):
        numeric = numeric_data(text, {"H": n})
        assert (numeric is not None) == holds(data, {"H": n}), (n, data["conditions"])
        assert numeric is None or differences(data, numeric, {"H": n}) == []


def test_a_skip_without_crop_is_a_congruence() -> None:
    text = spec(
        "- add: {a: [], b: [{max_pool: 4}, {upsample: 4}]}", "[1, H, H]", hyperparameters="{H: 16}"
    )  # fmt: skip
    data = as_data(archcalc.analyze(text, free=["H"]))
    assert data["conditions"]
    for n in range(1, 40):
        assert holds(data, {"H": n}) == (n % 4 == 0) == (numeric_data(text, {"H": n}) is not None)


def windows() -> st.SearchStrategy[str]:
    numbers = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
    return st.one_of(
        numbers.map(lambda n: f"conv: {{out: 2, kernel: {n[0]}, stride: {n[1]}, padding: {n[2]}, dilation: {n[3]}}}"),
        numbers.map(lambda n: f"conv: {{out: 2, kernel: {n[0]}, stride: {n[1]}, padding: same, dilation: {n[3]}}}"),
        numbers.map(
            lambda n: f"max_pool: {{kernel: {n[0]}, stride: {n[1]}, padding: {min(n[2], n[0] // 2)}, ceil_mode: true}}"
        ),
        numbers.map(lambda n: f"transposed_conv: {{out: 2, kernel: {n[0] + n[2]}, stride: {n[1]}, padding: [[0, 1]]}}"),
        numbers.map(lambda n: f"upsample: {n[1]}"),
        numbers.map(lambda n: f"pad: {{padding: [[{n[0]}, {n[2]}]]}}"),
        numbers.map(lambda n: f"crop: {{margin: [[{n[2]}, {n[3]}]]}}"),
        numbers.map(lambda n: f"adaptive_max_pool: {n[0] + 1}"),
    )


def chain_agrees(steps: list[str]) -> None:
    text = spec("\n".join(f"- {step}" for step in steps), "[n, 3]", hyperparameters="{n: 50}")
    try:
        report = archcalc.analyze(text, free=["n"])
    except archcalc.SpecError:
        assert [numeric_data(text, {"n": n}) for n in (1, 5, 50)] == [None] * 3, f"refused without a reason: {text}"
        return
    data = as_data(report)
    for n in (*range(1, 14), 50, 97):
        numeric = numeric_data(text, {"n": n})
        assert (numeric is not None) == holds(data, {"n": n}), (n, data["conditions"], text)
        assert numeric is None or differences(data, numeric, {"n": n}) == [], text


@trying(max_examples=30)
@given(st.lists(windows(), min_size=1, max_size=4))
def test_chains_of_windows_are_right_at_every_size(steps: list[str]) -> None:
    chain_agrees(steps)


@pytest.mark.thorough
@trying(max_examples=500)
@given(st.lists(windows(), min_size=1, max_size=6))
def test_many_chains_of_windows_are_right_at_every_size(steps: list[str]) -> None:
    chain_agrees(steps)


WINDOWS = """
- conv: {out: 8, kernel: k, stride: s, padding: PADDING, dilation: d}
- max_pool: {kernel: k, stride: s, CEILING}
"""


@pytest.mark.parametrize("padding", ["k // 2", "same", "valid", "[[0, k - 1], 1]"])
@pytest.mark.parametrize("ceiling", ["ceil_mode: true", "padding: same"])
def test_free_kernels_strides_and_dilations(padding: str, ceiling: str) -> None:
    layers = WINDOWS.replace("PADDING", padding).replace("CEILING", ceiling)
    text = spec(layers, "[4, 30, 17]", hyperparameters="{k: 3, s: 2, d: 1}")
    data = as_data(archcalc.analyze(text, free=["k", "s", "d"]))
    for values in ({"k": k, "s": s, "d": d} for k in (1, 2, 3, 7) for s in (1, 2, 3) for d in (1, 2, 5)):
        numeric = numeric_data(text, values)
        assert (numeric is not None) == holds(data, values), (values, data["conditions"])
        assert numeric is None or differences(data, numeric, values) == []


@pytest.mark.parametrize(
    "step", ["linear: n - 3", "pad: {channels: [0, n - 6]}", "slice: [n - 5, 6]", "linear: n // 4", "maxout: n - 1"]
)
def test_what_an_argument_must_be_at_least_is_a_condition(step: str) -> None:
    text = spec(f"- {step}", "[6]" if "linear" in step or "maxout" in step else "[6, 8, 8]", hyperparameters="{n: 7}")
    data = as_data(archcalc.analyze(text, free=["n"]))
    for n in range(1, 12):
        allowed = numeric_data(text, {"n": n}) is not None
        assert allowed == holds(data, {"n": n}), f"n = {n} is {'fine' if allowed else 'refused'}: {data['conditions']}"


def test_what_always_holds_is_no_condition() -> None:
    data = as_data(archcalc.analyze("resnext50_32x4d", free=["groups"]))
    assert data["conditions"] == []
    assert "//" not in str(data["totals"]["params"])


def test_nested_floors_are_one_floor() -> None:
    data = as_data(archcalc.analyze("resnet50", free=["H"]))
    last = [row["output_shape"] for row in data["layers"] if row["op"] == "relu"][-1]
    assert last == [2048, "(H + 31)//32", "(H + 31)//32"]
    (pool,) = [row["output_shape"] for row in as_data(archcalc.analyze("vgg11_paper", free=["H"]))["layers"]
               if row["path"] == "conv5/max_pool"]  # fmt: skip
    assert pool == [512, "H//32", "H//32"]


def test_closed_forms() -> None:
    totals = as_data(archcalc.analyze("densenet121", free=["growth"]))["totals"]
    # A layer of growth k on c channels has 2c + 4ck + 8k + 36k^2 parameters: the total is a polynomial in k.
    assert totals["params"].count("growth**2") == 1
    assert at(totals["params"], {"growth": 32}) == 7_978_856
    # VGG-16: classes enter by the last layer alone.
    assert as_data(archcalc.analyze("vgg16", free=["classes"]))["totals"]["params"] == "4097*classes + 134260544"


# What a free symbol may not decide


def test_a_free_repeat_count_of_what_shrinks_is_refused_with_its_line() -> None:
    text = spec("- repeat: n\n  layers: [relu, {max_pool: [2, 2, 1]}]", hyperparameters="{n: 3}")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "repeat" in row)
    said = refusal(text, free=["n"])
    assert said.startswith(f"<text>:{line}:")
    assert "n" in messages(said)[0]
    assert "free" in said
    assert archcalc.analyze(text, settings={"n": 2}).totals.params == 0


def test_free_numbers_that_choose_are_refused_with_their_line() -> None:
    for layers in ("- for: {i: range(n)}\n  layers: [relu]", "- if: n > 2\n  then: [relu]", "- conv: [widths[n], 1]"):
        text = spec(layers, hyperparameters="{n: 3, widths: [1, 2, 3, 4]}")
        text = text if "widths[n]" in layers else text.replace(", widths: [1, 2, 3, 4]", "")
        said = refusal(text, free=["n"])
        assert said.startswith("<text>:"), said
        assert "n" in messages(said)[0]


def test_an_order_that_the_bounds_settle_is_decided() -> None:
    assert ask("- if: n >= 1\n  then: [relu]", hyperparameters="{n: 3}", free=["n"]).totals.flops == 384
    assert ask("- if: n < 1\n  then: [relu]\n  else: [tanh, tanh]", hyperparameters="{n: 3}", free=["n"]).totals.flops
    assert ask("- if: 2 * n > n\n  then: [relu]", hyperparameters="{n: 3}", free=["n"]).totals.flops == 384


def test_equality_with_a_free_symbol_counts_as_false_and_is_listed() -> None:
    layers = "- if: channels == c\n  then: [relu]\n  else: [{conv: [c, 1]}]"
    data = as_data(ask(layers, hyperparameters="{c: 4}", free=["c"]))
    assert data["conditions"] == ["c != 6"]
    assert [row["op"] for row in data["layers"]] == ["conv"]
    assert data["totals"]["params"] == "7*c"
    same = as_data(ask(layers, hyperparameters="{c: 6}"))
    assert [row["op"] for row in same["layers"]] == ["relu"]
    other = as_data(ask("- if: channels != c\n  then: [{conv: [c, 1]}]", hyperparameters="{c: 4}", free=["c"]))
    assert other["conditions"] == ["c != 6"]
    known = as_data(ask("- if: c == c\n  then: [relu]", hyperparameters="{c: 4}", free=["c"]))
    assert (known["conditions"], [row["op"] for row in known["layers"]]) == ([], ["relu"])


def test_a_name_that_is_no_hyperparameter_cannot_be_free() -> None:
    assert "has no hyperparameter 'G' to leave free" in refusal("vgg16", free=["G"])
    assert "did you mean 'growth'?" in refusal("densenet121", free=["growht"])
