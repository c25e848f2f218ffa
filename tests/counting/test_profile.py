"""Profiles: what their files may say, and how their rules are applied."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

import pytest
from asking import ask

import archcalc
from archcalc.cli import main
from archcalc.counting.profile import names, profile
from archcalc.recorded import Recorded, replaced

if TYPE_CHECKING:
    from pathlib import Path

    from archcalc.counting.count import Counted

HEAD = "tool: mine\nversion: 2\nunit: operations\n"


def counted(tmp_path: Path, text: str, layers: str, shape: str = "[6, 8, 8]") -> Counted:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + text)
    return archcalc.count(ask(layers, shape), file)


def refused(tmp_path: Path, text: str, layers: str = "[relu]") -> str:
    with pytest.raises(archcalc.ArchcalcError) as caught:
        counted(tmp_path, text, layers)
    return str(caught.value).replace(str(tmp_path), "")


def test_a_rule_is_an_expression_of_counts_and_arguments(tmp_path: Path) -> None:
    text = "operators: {conv: 2*mult_adds + bias_adds, max_pool: (kernel - 1)*outputs}"
    found = counted(tmp_path, text, "[{conv: [4, 3, 1, 1]}, {max_pool: 2}]")
    assert found.layers == (2 * 4 * 64 * 54 + 4 * 64, 3 * 4 * 16)
    assert found.operations == sum(found.layers)
    assert found.params == 4 * 54 + 4


def test_how_an_operator_is_called_can_matter(tmp_path: Path) -> None:
    text = "operators: {relu: inputs if call == module else 0}"
    assert counted(tmp_path, text, "[relu, {relu, call: function}, {relu, call: module}]").layers == (384, 0, 384)


def test_the_first_rule_that_holds_applies(tmp_path: Path) -> None:
    text = "operators: {relu: [{when: call == function, count: 1, bug: too few}, {count: inputs, note: all}]}"
    found = counted(tmp_path, text, "[relu, {relu, call: function}]")
    assert found.layers == (384, 1)
    assert [*found.bugs, *found.notes] == [("relu", "too few"), ("relu", "all")]


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    found = counted(tmp_path, "operators: {relu: 0}\nunlisted: zero", "[relu, {conv: [2, 1]}, flatten, dropout]")
    assert found.left_out == ("relu", "conv")


def test_an_absent_argument_is_a_word(tmp_path: Path) -> None:
    text = "operators: {max_pool: 1 if stride == none else stride}"
    assert counted(tmp_path, text, "[{max_pool: 2}, {max_pool: [2, 2]}]").layers == (1, 2)


def test_the_batch_counts_where_the_tool_multiplies_by_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    for batch, expected in (("true", 8 * 384), ("false", 384)):
        file.write_text(f"{HEAD}batch: {batch}\noperators: {{relu: inputs}}")
        report = archcalc.analyze("{input: [6, 8, 8], layers: [relu]}", batch=8, count=file)
        assert report.counted is not None
        assert report.counted.operations == expected


def test_parameters_are_counted_once(tmp_path: Path) -> None:
    layers = "[{conv: [6, 1], share: w}, {conv: [6, 1], share: w}, batch_norm, {conv: [6, 1], trainable: false}]"
    text = "operators: {conv: params}\nunlisted: zero\n"
    assert counted(tmp_path, text, layers).params == 42 + 12 + 42
    assert counted(tmp_path, text, layers).layers == (42, 42, 0, 42)
    assert counted(tmp_path, f"{text}params: trainable_params", layers).params == 42 + 12
    assert counted(tmp_path, f"{text}params: {{others: params, batch_norm: buffers}}", layers).params == 42 + 12 + 42


def test_free_names_give_formulas(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{HEAD}operators: {{relu: 2*inputs}}")
    spec = "{hyperparameters: {H: 8}, input: [6, H, H], layers: [relu]}"
    report = archcalc.analyze(spec, free=["H"], count=file)
    assert report.counted is not None
    assert str(report.counted.operations) == "2*(6*H*H)"


def test_what_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    assert refused(tmp_path, "operators: {rellu: 1}") == (
        "/mine.yaml:4:13: there is no operator 'rellu'\n"
        "  4 | operators: {rellu: 1}\n"
        "    |             ^^^^^\n"
        "  did you mean 'relu'?"
    )
    assert "nothing is called 'input_elements' here" in refused(tmp_path, "operators: {relu: input_elements}")
    assert "did you mean 'mult_adds'?" in refused(tmp_path, "operators: {relu: mult_add}")
    assert "a rule has a count, or an error" in refused(tmp_path, "operators: {relu: {note: no}}")
    assert "unlisted is error or zero, not 'nul'" in refused(tmp_path, "operators: {relu: 1}\nunlisted: nul")
    assert "params says what 'others' have" in refused(tmp_path, "operators: {relu: 1}\nparams: {conv: 1}")


def test_an_operator_without_a_rule_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "operators: {conv: mult_adds}") == (
        "mine 2 has no number for relu at relu, line 2: the profile has no rule for it\n"
        "  a profile of your own may have one: --count FILE"
    )
    text = "operators: {relu: {error: it depends on the weather}}"
    assert "relu at relu, line 2: it depends on the weather" in refused(tmp_path, text)
    assert "mine.yaml:4: a condition is true or false, not 1" in refused(
        tmp_path, "operators: {relu: {when: 1, count: 1}}"
    )
    assert "inputs / 5 is 384/5 for relu at relu, which is not whole" in refused(
        tmp_path, "operators: {relu: inputs / 5}"
    )


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(archcalc.NotFoundError, match="did you mean 'fvcore'"):
        profile("fvcor")
    with pytest.raises(archcalc.NotFoundError):
        profile("../fvcore")


@pytest.mark.parametrize("name", names())
def test_every_operator_is_named_or_refused(name: str) -> None:
    shipped = profile(name)
    if shipped.operators is not None and shipped.unlisted == "zero":
        assert archcalc.OPS.keys() <= shipped.operators.keys()


def test_call_belongs_to_an_operator() -> None:
    def message(layers: str, blocks: str = "") -> str:
        with pytest.raises(archcalc.SpecError) as caught:
            archcalc.graph(f"{{input: [6, 8, 8], {blocks} layers: {layers}}}")
        return str(caught.value)

    assert "call is module, subclass or function, not 'functional'" in message("[{relu, call: functional}]")
    assert "'call' belongs to an operator" in message("[{repeat: 2, layers: [relu], call: function}]")
    unit = "blocks: {unit: [relu]},"
    assert "'call' belongs to an operator, but 'unit' is a block" in message("[{unit, call: function}]", unit)


def test_the_table_has_a_column_of_the_tool(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "lenet_d2l", "--count", "ptflops", "--expand"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^layer .* ptflops", printed, re.MULTILINE)
    assert main(["report", "resnet18", "--count", "ptflops", "--format", "csv", "--columns", "params"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert sum(int(row["counted"]) for row in rows) == 1_825_313_768
    assert main(["report", "resnet18", "--count", "ptflops", "--format", "json"]) == 0
    counted = json.loads(capsys.readouterr().out)["counted"]
    assert (counted["operations"], sum(counted["layers"])) == (1_825_313_768, 1_825_313_768)


def test_a_rule_that_cannot_be_added_up_over_passes_is_refused(tmp_path: Path) -> None:
    """Rounding down is no polynomial in the number of the pass."""
    file = tmp_path / "mine.yaml"
    file.write_text(f"{HEAD}operators: {{relu: inputs // 5, concat: 0, conv: mult_adds}}")
    layers = "[{repeat: n, layers: [relu, {concat: {x: [], more: [{conv: [3, 1]}]}}]}]"
    spec = f"{{hyperparameters: {{n: 3}}, input: [6, 8, 8], layers: {layers}}}"
    report = archcalc.analyze(spec, free=["n"])
    with pytest.raises(archcalc.UndecidedError, match="no polynomial in the number of the pass"):
        archcalc.count(report, file)


def test_sizes_that_are_whole_under_conditions_are_counted(tmp_path: Path) -> None:
    """L layers in three blocks: a formula with thirds, which is whole where the network is one."""
    report = archcalc.analyze("densenet40_k12", free=["L"])
    operations = archcalc.count(report, "paper").operations
    assert isinstance(operations, Recorded)
    for depth in (40, 100):
        plain = archcalc.analyze("densenet40_k12", settings={"L": depth})
        assert replaced(operations, "L", depth) == plain.totals.mult_adds
    file = tmp_path / "mine.yaml"
    file.write_text(f"{HEAD}operators: {{conv: mult_adds / 5}}\nunlisted: zero")
    with pytest.raises(archcalc.UsageError, match="which is not whole"):
        archcalc.count(report, file)
