"""A loop whose count is left free: closed forms in the count, which give what the numeric engine gives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from asking import ask, messages, refusal, spec
from evaluating import at
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

import archcalc
from archcalc.cli import main
from archcalc.render.json import as_data

COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations", "depth", "shortest_path")


def compared(text: str, free: list[str], points: list[dict[str, Any]], *, field: bool = True) -> int:
    """How many points satisfy the conditions; there all totals, output shapes and the field are those of numbers."""
    data = as_data(archcalc.analyze(text, free=free))
    count = 0
    for values in points:
        if not all(at(condition, values) for condition in data["conditions"]):
            continue
        numeric = as_data(archcalc.analyze(text, settings=values))
        for quantity in COUNTS:
            assert at(data["totals"][quantity], values) == at(numeric["totals"][quantity], {}), (quantity, values)
        for ours, theirs in zip(data["outputs"], numeric["outputs"], strict=True):
            assert at(ours["shape"], values) == at(theirs["shape"], {})
        seen = data["totals"]["receptive_field"]
        if seen is not None:
            theirs = numeric["totals"]["receptive_field"]
            for quantity in ("size", "stride", "start"):
                assert at(seen[quantity], values) == at(theirs[quantity], {}), (quantity, values)
        elif field:
            raise AssertionError("no receptive field")
        sums = [
            sum(at(layer[name], values) for layer in data["layers"]) for name in ("params", "mult_adds", "activations")
        ]
        assert sums == [at(numeric["totals"][name], {}) for name in ("params", "mult_adds", "activations")]
        count += 1
    return count


DEPTHS = [{"n": n} for n in range(1, 6)]
ZOO: list[tuple[str, list[str], list[dict[str, Any]]]] = [
    ("resnet20_cifar", ["n"], DEPTHS),
    ("resnet110_cifar", ["n", "classes"], [{"n": n, "classes": 10 * n} for n in (1, 2, 7)]),
    ("densenet40_k12", ["L"], [{"L": n} for n in (7, 10, 13, 40)]),
    ("densenet40_k12", ["L", "growth"], [{"L": n, "growth": k} for n, k in ((7, 3), (10, 12), (22, 24))]),
    ("densenet_b100_k12", ["L", "growth"], [{"L": n, "growth": k} for n, k in ((10, 4), (16, 12), (22, 5))]),
    ("densenet_c100_k12", ["L", "growth"], [{"L": n, "growth": k} for n, k in ((7, 4), (10, 12), (22, 5))]),
    ("densenet_bc100_k12", ["L", "growth"], [{"L": n, "growth": k} for n, k in ((10, 4), (16, 12), (22, 5))]),
]


@pytest.mark.parametrize(("name", "free", "points"), ZOO, ids=[f"{name}-{'-'.join(free)}" for name, free, _ in ZOO])
def test_networks_of_the_zoo(name: str, free: list[str], points: list[dict[str, Any]]) -> None:
    assert compared(name, free, points) == len(points)


def test_the_cifar_resnets_as_the_paper_counts_their_layers() -> None:
    totals = as_data(archcalc.analyze("resnet20_cifar", free=["n"]))["totals"]
    assert totals["depth"] == "6*n + 2"
    assert totals["params"] == "97216*n - 21926"


def test_the_depth_of_a_densenet_is_its_name() -> None:
    assert as_data(archcalc.analyze("densenet_bc100_k12", free=["L"]))["totals"]["depth"] == "L"


SMALL = {
    "plain": "[{repeat: n, layers: [{conv: [3, 3, 1, 1]}, relu]}]",
    "residual": "[{repeat: n, layers: [{add: {body: [{conv: [3, 3, 1, 1]}, batch_norm], shortcut: []}}]}]",
    "dense": "[{repeat: n, layers: [{concat: {features: [], body: [{conv: [4, 3, 1, 1]}]}}]}, {conv: [5, 1]}]",
    "dense twice": "[{repeat: n, layers: [{concat: {a: [], b: [{conv: [4, 3, 1, 1]}], c: [{conv: [channels, 1]}]}}]}]"
    .replace("channels, 1", "2, 1"),
    "no padding in a first pass": "[{repeat: n, layers: [{if: first, then: [{max_pool: 2}], else: [{conv: [3, 5, 1, 2]}]}]}]",
    "a count of two more": "[{repeat: n + 2, layers: [{conv: [3, 3, 1, 1]}]}]",
    "inside one another": "[{repeat: n, layers: [{conv: [3, 3, 1, 1]}, {repeat: n, layers: [{conv: [3, 1]}, relu]}]}]",
    "dense inside one another": "[{repeat: n, layers: [{repeat: n, layers: [{concat: {a: [], b: [{conv: [2, 1]}]}}]}, {conv: [3, 1]}]}]",
    "by index": "[{repeat: n, layers: [{conv: [index + 1, 1]}, {conv: [3, 1]}]}]",
    "by square of index": "[{repeat: n, layers: [{conv: [(index + 1) * (index + 2), 1]}, {conv: [3, 1]}]}]",
    "shared": "[{repeat: n, layers: [{conv: [3, 3, 1, 1], share: same}]}]",
    "frozen": "[{repeat: n, layers: [{conv: [3, 3, 1, 1], trainable: false}]}]",
    "named": "[{repeat: n, name: 'unit{index + 1}', layers: [{conv: [3, 3, 1, 1]}]}]",
    "one behind another": "[{repeat: n, layers: [{conv: [3, 3, 1, 1]}]}, {max_pool: 2}, {repeat: 2 * n, layers: [{conv: [3, 5, 1, 2]}]}]",
    "in a branch": "[{add: {a: [{repeat: n, layers: [{conv: [3, 3, 1, 1]}]}], b: [{conv: [3, 1]}]}}]",
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_small_networks(name: str) -> None:
    assert (
        compared(spec(SMALL[name], "[3, 8, 8]", hyperparameters="n: 2"), ["n"], DEPTHS, field=name != "in a branch")
        == 5
    )


def test_a_squeeze_and_excitation_sees_the_whole_input_in_every_pass() -> None:
    gate = "{multiply: {x: [], gate: [global_avg_pool, {linear: 3}, sigmoid]}}"
    text = spec(f"[{{repeat: n, layers: [{{conv: [3, 3, 1, 1]}}, {gate}]}}]", "[3, 8, 8]", hyperparameters="n: 2")
    report = archcalc.analyze(text, free=["n"])
    assert report.totals.receptive_field is not None
    assert report.totals.receptive_field.whole_input
    assert compared(text, ["n"], DEPTHS) == 5


def test_the_count_is_in_the_path() -> None:
    report = ask("[{repeat: n, layers: [{conv: [3, 3, 1, 1]}]}]", "[3, 8, 8]", hyperparameters="n: 2", free=["n"])
    assert [layer.path for layer in report.layers] == ["conv", "i=2..n/conv"]
    assert report.layers[1].inputs == ("conv",)


def test_a_count_that_need_not_be_whole() -> None:
    data = as_data(
        ask("[{repeat: (n - 2) / 3, layers: [{conv: [3, 3, 1, 1]}]}]", "[3, 8, 8]", hyperparameters="n: 8", free=["n"])
    )
    assert data["conditions"] == ["n >= 5", "n % 3 == 2"]
    assert data["totals"]["depth"] == "n/3 - 2/3"


REFUSED = {
    "[{repeat: n, layers: [{max_pool: 2}]}]": "'n' is free, but one pass changes the size of its tensor",
    "[{repeat: n, layers: [{conv: [2 * channels, 1]}]}]": "'n' is free, but one pass changes the features by another number each time",
    "[{repeat: n, layers: [{if: last, then: [relu]}]}]": "which pass is the last depends on a free symbol",
    "[{repeat: n, layers: [{conv: [index // 2 + 1, 1]}, {conv: [3, 1]}]}]":
        "'n' is free, but what i=2..n/conv1 costs is no polynomial in the number of the pass: (i - 1)//2 + 1",
    "[{repeat: n, layers: [{output: {a: [relu]}}, relu]}]": "'n' is free, and the loop gives names or outputs that would be as many",
    "[{repeat: n, layers: [{relu, as: x}]}, {from: x}]": "'n' is free, and the loop gives names or outputs that would be as many",
    "[{as: x}, {repeat: n, layers: [{conv: [3, 1], from: x, as: x}]}]": "'n' is free, and the loop gives names or outputs that would be as many",
    "[{as: x}, {repeat: n, layers: [{relu, from: x}, {if: not first, then: [{as: x}]}]}]":
        "'n' is free, and the loop gives names or outputs that would be as many",
    "[{as: x}, {conv: [3, 1]}, {repeat: n, layers: [{add: {a: [], b: [{from: x}]}}]}]":
        "'n' is free, but i=2..n/add reads a tensor from outside the loop",
    "[{repeat: n, layers: [global_avg_pool]}]": "a global pool needs a sequence, map or volume, not the vector (3)",
    "[{for: {x: range(n)}, layers: [relu]}]": "a free symbol cannot say how long a list is",
    "[{conv: [3, 1], as: a}, {repeat: n, layers: [{from: [a, a]}]}, add]": "'n' is free, but 2 tensors flow from pass to pass, where one can",
    "[{if: n == 3, then: [relu]}, {if: n > 3, then: [relu]}]": "whether n > 3 depends on a free symbol",
}  # fmt: skip


@pytest.mark.parametrize("layers", REFUSED)
def test_what_is_refused_and_why(layers: str) -> None:
    said = refusal(spec(layers, "[3, 8, 8]", hyperparameters="n: 2"), free=["n"])
    assert messages(said)[0] == REFUSED[layers]
    assert said.startswith("<text>:4:")


STEPS = st.sampled_from(
    [
        "{conv: [channels, 3, 1, 1]}", "{conv: [channels, 1]}", "{depthwise_conv: {kernel: 3, padding: 1}}", "batch_norm", "relu",
        "{concat: {a: [], b: [{conv: [GROWTH, 3, 1, 1]}]}}", "{add: {a: [], b: [{conv: [channels, 1]}, relu]}}",
        "{conv: [channels + GROWTH, 1]}", "{conv: [channels, 5, 1, 2]}", "{max_pool: [3, 1, 1]}",
    ]
)  # fmt: skip


@trying(max_examples=60)
@given(body=st.lists(STEPS, min_size=1, max_size=4), behind=st.lists(STEPS, max_size=2), growth=st.integers(1, 5))
def test_any_small_body(body: list[str], behind: list[str], growth: int) -> None:
    layers = f"[{{conv: [6, 1]}}, {{repeat: n, layers: [{', '.join(body)}]}}, {', '.join(behind)}{', ' if behind else ''}relu]"
    text = spec(layers.replace("GROWTH", str(growth)), "[3, 8, 8]", hyperparameters="n: 2")
    assert compared(text, ["n"], [{"n": n} for n in (1, 2, 4)]) == 3


def test_the_depth_is_explained_pass_by_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "resnet20_cifar", "depth", "--free", "n"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "  = 6*n + 2"
    assert "  + n - 1  layer1/i=2..n/basic/add/body/conv1" in lines


def test_compiled_functions_take_the_count() -> None:
    counts = list(range(1, 30))
    found = archcalc.compile("resnet20_cifar", free=["n"], of=["params", "depth"])(n=counts)
    assert found["params"].tolist() == [97216 * n - 21926 for n in counts]
    assert found["depth"].tolist() == [6 * n + 2 for n in counts]


def test_sums_of_squares_are_whole() -> None:
    text = spec(SMALL["by square of index"], "[3, 8, 8]", hyperparameters="n: 2")
    found = archcalc.compile(text, free=["n"], of=["params"])(n=[1, 2, 3, 1000])["params"].tolist()
    assert found[:3] == [archcalc.analyze(text, settings={"n": n}).totals.params for n in (1, 2, 3)]
    assert all(isinstance(number, int) and not isinstance(number, Fraction) for number in found)
