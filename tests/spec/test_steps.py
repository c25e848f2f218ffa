"""Design 3, "Step": a word, or a mapping with one head and modifiers; arguments by the form of the YAML."""

from __future__ import annotations

import pytest
from asking import ask, messages, out, paths, refusal, refused, spec

import archcalc


@pytest.mark.parametrize(
    "step", ["relu", "{relu}", "{relu: }", "{relu: []}", "{relu: {}}", "'relu'", "{relu, name: relu}", "{'relu': }"]
)
def test_no_arguments(step: str) -> None:
    assert paths(ask(f"[{step}]")) == ["relu"]


@pytest.mark.parametrize(
    "step", ["linear: 10", "linear: [10]", "linear: {out: 10}", "linear: 5 + 5", "linear: '10'", "linear: [10, true]"]
)
def test_one_argument(step: str) -> None:
    assert ask(f"[{{{step}}}]", "[3]").totals.params == 40


@pytest.mark.parametrize(
    "arguments",
    [
        "[4, [1, 7]]",
        "{out: 4, kernel: [1, 7]}",
        "{kernel: [1, 7], out: 4}",
        "[4, kernel]",
        "[2 * 2, '[1, 7]']",
        "{out: 4, kernel: kernel}",
    ],
)
def test_a_kernel_of_1_by_7(arguments: str) -> None:
    report = ask(f"[{{conv: {arguments}}}, {{if: kernel == kernel, then: [relu]}}]", hyperparameters="{kernel: [1, 7]}")
    assert report.layers[0].output_shape == (4, 8, 2)


def test_a_list_is_the_arguments_in_order_never_their_value() -> None:
    """A name whose value is a list is one argument; a list in the text is several."""
    report = ask("[{reshape: shape}, {reshape: [[6, 64]]}]", hyperparameters="{shape: [6, 4, 16]}")
    assert [layer.output_shape for layer in report.layers] == [(6, 4, 16), (6, 64)]
    assert "takes 1 argument" in refused("[{reshape: [6, 64]}]")


def test_a_text_is_the_one_argument_even_when_it_looks_like_a_list() -> None:
    assert out(ask("[{reshape: '[6, 64]'}]")) == (6, 64)


def test_words_as_arguments() -> None:
    assert out(ask("[{conv: {out: 4, kernel: 3, padding: same}}]")) == (4, 8, 8)
    assert out(ask("[{conv: [4, 3, 1, valid]}]")) == (4, 6, 6)


def test_a_hyperparameter_may_choose_the_word() -> None:
    assert out(ask("[{conv: {out: 4, kernel: 3, padding: p}}]", hyperparameters="{p: same}")) == (4, 8, 8)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{conv: 4}", "conv needs 'kernel'"),
        ("conv", "conv needs 'out' and 'kernel'"),
        ("{conv: []}", "conv needs 'out' and 'kernel'"),
        ("{conv: {}}", "conv needs 'out' and 'kernel'"),
        ("{conv: {kernel: 3}}", "conv needs 'out'"),
        ("{conv: {out: 4, kernel: 3, kernal: 3}}", "conv has no argument 'kernal'"),
        ("{conv: [1, 2, 3, 4, 5, 6, true, 8]}", "conv takes 7 arguments, not 8"),
        ("{linear: }", "linear needs 'out'"),
        ("{linear: {10: 3}}", "linear has no argument '10'"),
        ("{linear: ''}", "a value is missing here"),
        ("{linear: {out: }}", "a value is missing here"),
        ("{linear: {out: {a: 3}}}", "a value is an expression or a list, not a mapping"),
        ("[relu]", "a step is a word or a mapping, not a list"),
        ("{}", "the step is empty"),
        ("3", "'3' is no operator or block"),
        ("''", "'' is no operator or block"),
        ("rleu", "there is no operator or block 'rleu'"),
        ("{rleu: 3}", "there is no operator or block 'rleu'"),
        ("repeat", "'repeat' needs a value"),
        ("from", "'from' needs a value"),
        ("same", "there is no operator or block 'same'"),
        ("{relu, tanh}", "a step does one thing, but here are 'relu' and 'tanh'"),
        ("{conv: 3, kernel: 3}", "a step does one thing, but here are 'conv' and 'kernel'"),
        ("{repeat: 2, relu, layers: []}", "a step does one thing, but here are 'repeat' and 'relu'"),
        ("{relu, layers: [relu]}", "'layers' belongs to 'repeat' or 'for'"),
        ("{relu, then: [relu]}", "'then' belongs to 'if'"),
        ("{relu, when: true}", "a step does one thing, but here are 'relu' and 'when'"),
        ("{relu, trainable: 1}", "a condition is true or false, not 1"),
        ("{relu, as: 3}", "'as' gives a name: x, x[i], or a list of these"),
        ("{relu, as: }", "'as' gives a name: x, x[i], or a list of these"),
        ("{relu, from: 3}", "'from' names tensors, not 3"),
        ("{relu, from: relu}", "'from' names tensors, not relu"),
        ("{relu, name: }", "name is a text"),
    ],
)  # fmt: skip
def test_mistakes(step: str, message: str) -> None:
    assert message in messages(refusal(spec(f"[{step}]")))


def test_layers_must_be_a_list() -> None:
    for written in ("relu", "{relu: }", "3", ""):
        assert "layers is a list of steps" in refusal(f"input: [3]\nlayers: {written}\n")


def test_a_name_whose_value_is_an_operator() -> None:
    report = ask("[act, {act: }, {act, name: last}]", hyperparameters="{act: relu6}")
    assert paths(report) == ["relu61", "relu62", "last"]
    assert [layer.op for layer in report.layers] == ["relu6"] * 3


def test_a_name_whose_value_is_an_operator_takes_its_arguments() -> None:
    report = ask("[{pool: [2, 2]}, {pool: {kernel: 2, stride: 1}}]", hyperparameters="{pool: max_pool}")
    assert [layer.output_shape for layer in report.layers] == [(6, 4, 4), (6, 3, 3)]


def test_a_name_whose_value_is_a_block() -> None:
    report = ask(
        "[{block: [4, 2]}, {block: {width: 5}}]",
        hyperparameters="{block: basic}",
        blocks="{'basic(width, stride=1)': [{conv: [width, 1, stride]}]}",
    )
    assert paths(report) == ["basic1/conv", "basic2/conv"]
    assert out(report) == (5, 4, 4)


def test_a_row_of_a_table_chooses_its_activation() -> None:
    report = ask(
        "[{for: {'width, act': rows}, layers: [{conv: [width, 1]}, act]}]",
        hyperparameters="{rows: [[4, relu], [5, elu], [6, identity]]}",
    )
    assert [layer.op for layer in report.layers] == ["conv", "relu", "conv", "elu", "conv", "identity"]


def test_scope_comes_before_blocks_and_blocks_before_operators() -> None:
    assert ask("[relu]", blocks="{relu: [tanh]}").layers[0].op == "tanh"
    report = ask("[{use: tanh}]", blocks="{'use(relu)': [relu], relu: [sigmoid]}")
    assert report.layers[0].op == "tanh"


def test_a_name_that_stands_for_itself_inside_its_own_block_is_a_recursion() -> None:
    assert "deep inside one another" in refused("[relu]", blocks="{relu: [relu]}")


@pytest.mark.parametrize("value", ["3", "[relu]", "true", "same", "0.5"])
def test_a_name_whose_value_is_neither(value: str) -> None:
    assert "which is no operator and no block" in refused("[act]", hyperparameters=f"{{act: {value}}}")


def test_arguments_of_a_chosen_operator_are_checked() -> None:
    assert refused("[{act: 3}]", hyperparameters="{act: relu}") in (
        "relu takes 0 arguments, not 1",
        "relu takes no arguments, but 1 is given",
    )
    assert refused("[{act: {out: 3}}]", hyperparameters="{act: conv}") == "conv needs 'kernel'"


def test_a_size_that_is_not_whole_is_an_error() -> None:
    assert refused("[{conv: [7 / 2, 3]}]") == "out must be whole, not 7/2"
    assert refused("[{linear: 0.75 * 10}]", "[3]") == "out must be whole, not 15/2"


def test_a_quotient_that_is_whole_is_a_size() -> None:
    assert out(ask("[{linear: 0.75 * 64}, {linear: channels / 2}]", "[3]")) == (24,)


def test_all_mistakes_of_reading_at_once() -> None:
    layers = """
        - rleu
        - {conv: {out: 4, kernal: 3}}
        - {linear: 3 +}
        - {repeat: 2}
        - {add: {a: [tnah], b: [{linear: heigth}]}}
    """
    assert messages(refusal(spec(layers))) == [
        "there is no operator or block 'rleu'",
        "conv has no argument 'kernal'",
        "this is no expression: 3 +",
        "'repeat' needs 'layers'",
        "there is no operator or block 'tnah'",
        "nothing is called 'heigth'",
    ]


def test_modifiers_alone() -> None:
    report = ask("[{as: x}, relu, {as: y}, {from: x}, tanh, {as: t}, {add, from: [t, y]}, {as: z}, {from: z}]")
    assert paths(report) == ["relu", "tanh", "add"]


def test_a_step_may_have_every_modifier() -> None:
    report = ask("[{as: x}, {conv: [4, 1], from: x, as: y, name: c, share: w, trainable: false}, {from: y}]")
    assert (paths(report), report.totals.trainable_params, report.totals.params) == (["c"], 0, 28)


def test_results_are_archcalc_errors() -> None:
    with pytest.raises(archcalc.SpecError) as caught:
        ask("[rleu]")
    assert len(caught.value.problems) == 1
