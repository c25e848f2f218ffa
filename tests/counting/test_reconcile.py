"""From one number to another: the steps are the difference, and each says by which rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from asking import ask

import archcalc
from archcalc.cli import main
from archcalc.counting.profile import names, profile
from archcalc.counting.terms import Term, terms
from archcalc.recorded import Recorded, divide

if TYPE_CHECKING:
    from pathlib import Path

    from archcalc.counting.reconcile import Waterfall

HEAD = "tool: mine\nversion: 2\nunit: operations\n"


def waterfall(tmp_path: Path, one: str, other: str, layers: str) -> Waterfall:
    files = [tmp_path / "one.yaml", tmp_path / "other.yaml"]
    for file, text in zip(files, (one, other), strict=True):
        file.write_text(HEAD + text)
    return archcalc.reconcile(ask(layers), *files)


def test_the_published_waterfall_of_resnet50() -> None:
    """The totals were measured with both tools on a hand-written ResNet-50."""
    found = archcalc.reconcile(archcalc.analyze("resnet50"), "paper", "fvcore")
    assert found.start.operations == 4_089_184_256
    assert found.end.operations == 4_111_512_576
    assert [(step.op, step.size, step.rule) for step in found.operations] == [
        ("batch_norm", 22_227_968, "2*inputs"),
        ("global_avg_pool", 100_352, "inputs"),
    ]
    assert found.params == ()


def test_a_step_is_an_operator_and_a_rule(tmp_path: Path) -> None:
    rules = "operators: {relu: 2*inputs if call == module else inputs}"
    found = waterfall(tmp_path, "operators: {relu: 0}", rules, "[relu, relu, {relu, call: function}]")
    assert [(s.call, s.layers, s.size, s.rule) for s in found.operations] == [
        ("module", 2, 4 * 384, "2*inputs"),
        ("function", 1, 384, "inputs"),
    ]


def test_parameters_have_their_own_steps(tmp_path: Path) -> None:
    found = waterfall(
        tmp_path,
        "operators: {}\nunlisted: zero",
        "operators: {}\nunlisted: zero\nparams: params + buffers",
        "[batch_norm]",
    )
    assert found.operations == ()
    assert [(s.op, s.size, s.rule) for s in found.params] == [("batch_norm", 12, "buffers")]
    frozen = "[{conv: [2, 1], trainable: false}]"
    found = waterfall(
        tmp_path, "unlisted: zero\noperators: {}", "unlisted: zero\noperators: {}\nparams: trainable_params", frozen
    )
    assert [(s.op, s.size) for s in found.params] == [("conv", -14)]


def test_free_names_leave_formulas() -> None:
    report = archcalc.analyze("vgg16", free=["classes"])
    step = archcalc.reconcile(report, "paper", "fvcore").operations[-1]
    assert step.rule == "inputs"


def test_terms_of_sums_and_products() -> None:
    x, y = Recorded("x", 3), Recorded("y", 5)
    assert set(terms(2 * x, (x + 1) * (y - 2) + x)) == {
        Term(-3, ("x",)),
        Term(1, ("x", "y")),
        Term(1, ("y",)),
        Term(-2, ()),
    }
    assert terms(0, divide(x + 2 * y, 4)) == terms(0, divide(x, 4) + divide(y, 2))
    assert terms(x // 2, x // 2 + 1) == (Term(1, ()),)
    assert [str(term) for term in terms(0, divide(x, y) + x)] == ["x/y", "x"]


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_the_steps_are_the_difference(name: str) -> None:
    report = archcalc.analyze(name)
    for other in names():
        if profile(other).operators is not None:
            found = archcalc.reconcile(report, "paper", other)
            assert found.start.operations is not None
            assert found.end.operations == found.start.operations + sum(int(s.size) for s in found.operations)
        found = archcalc.reconcile(report, other, "paper")
        assert found.end.params == found.start.params + sum(int(s.size) for s in found.params)


def test_the_command_lists_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", "resnet50", "--tools", "fvcore"]) == 0
    assert capsys.readouterr().out.splitlines()[3:] == [
        '  4,089,184,256  paper: multiply-accumulates, called "mult-adds"',
        "+    22,227,968  batch_norm, 2 per element that flows in",
        "+       100,352  global_avg_pool, 1 per element that flows in",
        '= 4,111,512,576  fvcore 0.1.5.post20221221: multiply-accumulates, called "flops"',
    ]
    assert main(["reconcile", "resnet50", "--tools", "fvcore,paper", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["waterfalls"]
    assert [step["difference"] for step in found["operations"]] == [-22_227_968, -100_352]


def test_a_tool_without_a_number_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{HEAD}operators: {{conv: mult_adds}}")
    assert main(["reconcile", "vgg16", "--tools", f"paper,fvcore,{file}"]) == 0
    assert "mine 2 has no number for relu at conv1/relu1" in capsys.readouterr().out.replace("\n", " ")
    assert main(["reconcile", "vgg16", "--tools", str(file)]) == 2
    assert main(["reconcile", "vgg16", "--tools", "fvcoer"]) == 2
    assert "did you mean 'fvcore'?" in capsys.readouterr().err
