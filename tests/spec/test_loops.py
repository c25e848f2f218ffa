"""Design 3, "Loops and choices": repeat, for, if, and what index, first and last mean."""

from __future__ import annotations

import pytest
from asking import ask, messages, out, paths, refusal, refused, spec

import archcalc


@pytest.mark.parametrize(
    ("turns", "count"), [("0", 0), ("1", 1), ("3", 3), ("2 * n", 4), ("len([1, 2])", 2), ("6 / 2", 3)]
)
def test_repeat(turns: str, count: int) -> None:
    report = ask(f"[{{repeat: '{turns}', layers: [relu]}}, {{if: n == 2, then: []}}]", hyperparameters="{n: 2}")
    assert len(report.layers) == count


@pytest.mark.parametrize("turns", ["-1", "1/2", "true", "[1]", "relu", "0.5"])
def test_repeat_takes_a_whole_number(turns: str) -> None:
    assert "'repeat' takes a whole number" in refused(f"[{{repeat: '{turns}', layers: [relu]}}]")


def test_repeat_of_nothing() -> None:
    assert paths(ask("[{repeat: 5, layers: []}, relu]")) == ["relu"]


def test_what_flows_out_of_a_turn_flows_into_the_next() -> None:
    assert out(ask("[{repeat: 4, layers: [{conv: [channels * 2, 1]}]}]")) == (96, 8, 8)


def test_index_first_last() -> None:
    layers = "[{repeat: 4, layers: [{linear: '10 * index + (1 if first else 0) + (2 if last else 0) + 5'}]}]"
    assert [layer.output_shape[0] for layer in ask(layers, "[3]").layers] == [6, 15, 25, 37]


def test_a_single_turn_is_first_and_last() -> None:
    assert out(ask("[{repeat: 1, layers: [{if: first and last and index == 0, then: [{linear: 9}]}]}]", "[3]")) == (9,)


def test_index_belongs_to_the_innermost_loop() -> None:
    layers = "[{repeat: 2, layers: [{repeat: 3, layers: [{linear: index + 1}]}, {linear: index + 10}]}]"
    assert [layer.output_shape[0] for layer in ask(layers, "[3]").layers] == [1, 2, 3, 10, 1, 2, 3, 11]


def test_a_name_for_the_outer_one() -> None:
    layers = "[{for: {stage: range(2), n: [2, 1]}, layers: [{repeat: n, layers: [{linear: 10 * stage + index + 1}]}]}]"
    assert [layer.output_shape[0] for layer in ask(layers, "[3]").layers] == [1, 2, 11]


def test_for_walks_lists_together() -> None:
    layers = "[{for: {a: [1, 2, 3], b: [4, 5, 6]}, layers: [{linear: a * b}]}]"
    assert [layer.output_shape[0] for layer in ask(layers, "[3]").layers] == [4, 10, 18]


def test_for_over_nothing() -> None:
    assert paths(ask("[{for: {a: []}, layers: [{linear: a}]}, relu]")) == ["relu"]


@pytest.mark.parametrize("items", ["ns", "range(1, 4)", "reversed([3, 2, 1])", "ns + []", "[1, n, 3]"])
def test_lists_of_a_loop(items: str) -> None:
    report = ask(
        f"[{{for: {{a: '{items}'}}, layers: [{{linear: a}}]}}, {{if: ns == ns and n == n, then: []}}]",
        "[7]",
        hyperparameters="{ns: [1, 2, 3], n: 2}",
    )
    assert [layer.output_shape[0] for layer in report.layers] == [1, 2, 3]


def test_unequal_lists() -> None:
    said = refused("[{for: {a: [1, 2], b: [1]}, layers: [{linear: a}]}]", "[3]")
    assert said == "the lists of one 'for' have equal length, but this has 1 items and the first 2"


@pytest.mark.parametrize("items", ["3", "relu", "true", "1/2"])
def test_for_walks_lists_only(items: str) -> None:
    assert refused(f"[{{for: {{a: {items}}}, layers: [relu]}}]") == f"'for' walks lists, not {items}"


def test_rows_taken_apart() -> None:
    layers = "[{for: {'a, b': rows}, layers: [{linear: 10 * a + b}]}]"
    assert [
        layer.output_shape[0] for layer in ask(layers, "[3]", hyperparameters="{rows: [[1, 2], [3, 4]]}").layers
    ] == [12, 34]


def test_nested_rows_taken_apart() -> None:
    layers = "[{for: {'(left, a), (right, b)': rows}, layers: [{left: 10 * a + b}, {right: 1}]}]"
    report = ask(layers, "[3]", hyperparameters="{rows: [[[linear, 1], [radial_basis, 2]]]}")
    assert [(layer.op, layer.output_shape) for layer in report.layers] == [("linear", (12,)), ("radial_basis", (1,))]


def test_deeper_rows_beside_another_list() -> None:
    layers = "[{for: {'a, (b, (c, d))': rows, e: [9]}, layers: [{linear: a + b + c + d + e}]}]"
    assert out(ask(layers, "[3]", hyperparameters="{rows: [[1, [2, [3, 4]]]]}")) == (19,)


@pytest.mark.parametrize("row", ["[1]", "[1, 2, 3]", "5", "[[1, 2], 3]"])
def test_rows_of_another_form(row: str) -> None:
    said = refused(
        "[{for: {'a, b': rows}, layers: [{linear: a}]}]", "[3]", hyperparameters=f"{{rows: [[1, 2], {row}]}}"
    )
    assert said == f"a row of 2 names cannot take apart {row}" or "out must be a whole number" in said


@pytest.mark.parametrize(
    "names",
    [
        "",
        "a b",
        "3",
        "(a",
        "a)",
        "a, (b",
        "()",
        "a,",
        ",a",
        "a, , b",
        "(a, b), ()",
        "index",
        "channels",
        "first",
        "true",
    ],
)
def test_names_of_a_row_that_are_none(names: str) -> None:
    refused(f"[{{for: {{'{names}': [[1, 2]]}}, layers: [relu]}}]")


@pytest.mark.parametrize("names", ["{'a, a': rows}", "{'a, (b, a)': rows}", "{a: rows, 'b, a': rows}"])
def test_a_name_twice_in_one_loop_is_an_error(names: str) -> None:
    refused(f"[{{for: {names}, layers: [relu]}}]", hyperparameters="{rows: [[1, [2, 3]], [4, [5, 6]]]}")


def test_loop_variables_end_with_the_loop() -> None:
    assert refused("[{for: {n: [1]}, layers: [relu]}, {linear: n}]") == "nothing is called 'n'"


def test_an_inner_variable_hides_the_outer_one_and_ends() -> None:
    layers = "[{for: {n: [7]}, layers: [{for: {n: [1, 2]}, layers: [{linear: n}]}, {linear: n}]}]"
    assert [layer.output_shape[0] for layer in ask(layers, "[3]").layers] == [1, 2, 7]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{repeat: 2}", "'repeat' needs 'layers'"),
        ("{for: {a: [1]}}", "'for' needs 'layers'"),
        ("{repeat: , layers: []}", "a value is missing here"),
        ("{for: , layers: []}", "'for' walks named lists, as in 'for: {width: widths}'"),
        ("{for: widths, layers: []}", "'for' walks named lists, as in 'for: {width: widths}'"),
        ("{repeat: 2, layers: relu}", "layers is a list of steps"),
        ("{repeat: {n: 2}, layers: []}", "a value is an expression or a list, not a mapping"),
        ("{repeat: 2, layers: [], then: []}", "'then' belongs to 'if'"),
        ("{if: true}", "'if' has 'then', 'else' or both"),
        ("{if: true, then: relu}", "then is a list of steps"),
        ("{if: 1, then: [relu]}", "a condition is true or false, not 1"),
        ("{if: relu, then: [relu]}", "a condition is true or false, not the word 'relu'"),
        ("{if: [true], then: [relu]}", "a condition is true or false, not the list [true]"),
        ("{then: [relu]}", "'then' belongs to 'if'"),
        ("{else: [relu]}", "'else' belongs to 'if'"),
        ("{layers: [relu]}", "'layers' belongs to 'repeat' or 'for'"),
    ],
)
def test_mistakes(step: str, message: str) -> None:
    assert message in messages(refusal(spec(f"[{step}]")))


@pytest.mark.parametrize(
    ("condition", "then", "otherwise", "ops"),
    [
        ("true", "then: [relu]", "", ["relu"]), ("false", "then: [relu]", "", []), ("true", "", "else: [tanh]", []),
        ("false", "", "else: [tanh]", ["tanh"]), ("true", "then: [relu], ", "else: [tanh]", ["relu"]),
        ("1 > 2", "then: [relu], ", "else: [tanh]", ["tanh"]), ("channels == 6", "then: [relu]", "", ["relu"]),
        ("true", "then: []", "", []),
    ],
)  # fmt: skip
def test_if(condition: str, then: str, otherwise: str, ops: list[str]) -> None:
    assert [layer.op for layer in ask(f"[{{if: {condition}, {then}{otherwise}}}]").layers] == ops


def test_what_is_not_chosen_is_not_worked_out() -> None:
    assert paths(ask("[{if: false, then: [{linear: 1/0}, {conv: [3, 100]}], else: [relu]}]")) == ["relu"]


def test_what_is_not_chosen_is_read_all_the_same() -> None:
    assert refused("[{if: false, then: [rleu]}]") == "there is no operator or block 'rleu'"


def test_repeat_is_refused_before_its_first_pass() -> None:
    limits = archcalc.LIMITS._replace(steps=1000)
    said = refusal(spec("[{repeat: 501, layers: [relu, tanh]}]"), limits=limits)
    assert messages(said)[0].startswith("501 turns of 2 steps are more than")


def test_a_loop_may_be_longer_than_a_list() -> None:
    report = ask("[{repeat: 150000, layers: []}, relu]")
    assert len(report.layers) == 1
