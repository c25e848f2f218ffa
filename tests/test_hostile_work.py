"""Small texts that ask for much work: each is refused for what it asks, or answered with what can be known of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from asking import is_clear, refusal, spec

import archcalc
from archcalc.limits import LIMITS
from archcalc.render import FORMATS
from archcalc.studies.compare import common_symbols
from archcalc.studies.expectations import check

if TYPE_CHECKING:
    from pathlib import Path

BOUNDED = 60  # seconds after which conftest stops a test that hangs; none takes five

TOO_MANY_ITEMS = "too many items altogether"
LISTS = "a: range(50000)\nb: range(49999)"

WALKED = {
    "summed": "sum(a) < 0",
    "summed where it is made": "sum(range(99999)) < 0",
    "searched": "-1 in a",
    "compared": "a != b",
    "compared with a number": "a == 1",
    "compared inside lists": "[[a], 1] == [[b], 1]",
    "joined": "len(a + []) < 0",
    "turned round": "len(reversed(a)) < 0",
    "picked from": "len(a[a]) < 0",
    "made": "len([a, 1]) < 0",
    "asked for its least": "min(a) < 0",
    "asked for its length": "len(a) < 0",
}


@pytest.mark.parametrize("name", WALKED)
def test_lists_that_are_walked_at_every_step(name: str) -> None:
    layers = f"[{{repeat: 100000, layers: [{{if: '{WALKED[name]}', then: [relu]}}]}}, {{if: a != b, then: [relu]}}]"
    said = refusal(spec(layers, hyperparameters=LISTS))
    assert is_clear(said)
    assert TOO_MANY_ITEMS in said


@pytest.mark.parametrize(
    "layers",
    [
        "[{repeat: 100000, layers: [{select: [a]}]}]",
        "[{repeat: 50000, layers: [{as: 'x[index]'}]}, {repeat: 9999, layers: [{concat, from: 'x[c]'}, {slice: [0, 6]}]}]",
        "[{repeat: 50000, layers: [{as: 'x[index]'}]}, {repeat: 9999, layers: [{concat, from: x}, {slice: [0, 6]}]}]",
    ],
)
def test_lists_that_go_to_operators_at_every_step(layers: str) -> None:
    said = refusal(spec(layers, hyperparameters="a: range(100000)\nc: range(50000)"))
    assert is_clear(said)


def test_lists_of_long_lists() -> None:
    a = f"a: [{', '.join(['range(100000)'] * 60_000)}]"
    said = refusal(spec("[{if: len(a) > 1, then: [relu]}]", hyperparameters=a))
    assert is_clear(said)
    assert TOO_MANY_ITEMS in said


def test_a_long_expression_at_every_step() -> None:
    condition = " and ".join(["n == 1"] * 900)
    said = refusal(spec(f"[{{repeat: 100000, layers: [{{if: {condition}, then: [relu]}}]}}]", hyperparameters="n: 1"))
    assert is_clear(said)
    assert TOO_MANY_ITEMS in said


def test_a_long_expression_worked_out_once() -> None:
    total = " + ".join(["n"] * 2500)
    assert archcalc.analyze(spec("[{linear: s}]", "[1]", hyperparameters=f"n: 1\ns: {total}")).totals.params == 5000


@pytest.mark.parametrize(
    "layers",
    [
        "[{adaptive_avg_pool: 4093}, {repeat: 1000, layers: [{conv: {out: 1, kernel: 3001, padding: 1500}}]}]",
        "[{upsample: 4096}, {repeat: 2000, layers: [{conv: {out: 1, kernel: 101, padding: 50}}]}]",
        "[{upsample: 4093}, {repeat: 2000, layers: [{add: {a: [{conv: {out: 1, kernel: 5, padding: 2}}], b: []}}]}]",
    ],
)
def test_receptive_fields_of_long_periods(layers: str) -> None:
    """What they are is given up after so many windows; all the rest is known."""
    report = archcalc.analyze(spec(layers, "[1, 4099, 3]"), limits=LIMITS._replace(windows=40_000))
    assert report.totals.receptive_field is None
    assert report.totals.params > 0


def test_names_that_are_near_nothing() -> None:
    """Twenty thousand blocks that each call what is not there: only what is shown looks for near words."""
    blocks = "\n".join(f"b{i}(x): [{{b{i + 1}y: [x]}}]" for i in range(20_000))
    said = refusal(spec("[relu]", blocks=blocks))
    assert is_clear(said)
    assert said.splitlines()[-1] == "... and 19980 more"


@pytest.mark.parametrize(
    ("layers", "row"),
    [
        ("[{repeat: n, layers: [relu]}]", "{params: 0, with: {n: NUMBER}}"),
        ("[{repeat: 900, layers: [{if: n < 0, then: [relu]}]}, relu]", "{params: 0, with: {n: NUMBER}}"),
        ("[{repeat: n, layers: [relu]}]", "{params: 0, at: reluNUMBER}"),
    ],
)
def test_rows_of_expect_that_ask_too_much(layers: str, row: str) -> None:
    rows = "\n".join(f"- {row.replace('NUMBER', str(i))}" for i in range(200, 290))
    text = spec(layers, hyperparameters="n: 300", expect=rows)
    with pytest.raises(archcalc.SpecError, match="ask for too many networks, or look at too many layers"):
        list(check(archcalc.load(text), limits=LIMITS._replace(expectations=10_000)))


def test_hyperparameters_that_two_networks_would_try_one_by_one() -> None:
    names = [f"n{i}" for i in range(600)]
    layers = f"[{', '.join(f'{{conv: [{name}, 1]}}' for name in names)}]"
    loaded = archcalc.load(spec(layers, hyperparameters="\n".join(f"{name}: 3" for name in names)))
    with pytest.raises(archcalc.LimitError, match="too many hyperparameters to try each for so many layers"):
        common_symbols(loaded, loaded)


def test_files_that_extend_one_another_to_a_great_length(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"n{i}.yaml").write_text(f"extends: n{i + 1}.yaml\n" + "# a line\n" * 50_000)
    (tmp_path / "n3.yaml").write_text(spec("[relu]"))
    said = refusal(tmp_path / "n0.yaml")
    assert is_clear(said)
    assert "the files that extend one another are larger than 1,048,576 bytes" in said


@pytest.mark.parametrize("form", FORMATS)
def test_a_network_without_layers(form: str) -> None:
    report = archcalc.analyze(spec("[]"))
    shown = import_module(f"archcalc.render.{form}").render(report)
    assert report.totals.params == 0
    assert shown if isinstance(shown, str) else shown.text(80)
