"""Design 3, "Blocks": arguments, defaults, what a body sees, and blocks that call themselves."""

from __future__ import annotations

import pytest
from asking import ask, messages, out, paths, refusal, refused, shapes, spec

import archcalc


@pytest.mark.parametrize(
    "call", ["unit: 5", "unit: [5]", "unit: {out: 5}", "unit: [5, 1]", "unit: {kernel: 1, out: 5}"]
)
def test_forms_of_a_call(call: str) -> None:
    assert out(ask(f"[{{{call}}}]", blocks="{'unit(out, kernel=1)': [{conv: [out, kernel]}]}")) == (5, 8, 8)


@pytest.mark.parametrize("head", ["unit", "unit()", " unit ", "unit ( )"])
def test_a_block_without_parameters(head: str) -> None:
    assert paths(ask("[unit, {unit: }, {unit: []}]", blocks=f"{{'{head}': [relu]}}")) == [
        "unit1/relu",
        "unit2/relu",
        "unit3/relu",
    ]


def test_an_empty_block_is_the_identity() -> None:
    report = ask("[{add: {body: [unit], shortcut: [relu]}}]", blocks="{unit: []}")
    assert paths(report) == ["add/shortcut/relu", "add"]


def test_defaults_may_use_earlier_arguments() -> None:
    report = ask(
        "[{unit: 3}, {unit: [3, 4]}, {unit: {a: 3, c: 9}}]",
        "[2]",
        blocks="{'unit(a, b=2 * a, c=a + b)': [{linear: c}]}",
    )
    assert [layer.output_shape for layer in report.layers] == [(9,), (7,), (9,)]


def test_defaults_see_the_channels_that_flow_in() -> None:
    report = ask(
        "[{unit: 2}, {unit: 3}]", "[5]", blocks="{'unit(t, hidden=t * channels)': [{linear: 1}, {linear: hidden}]}"
    )
    assert [layer.output_shape for layer in report.layers] == [(1,), (10,), (1,), (30,)]


def test_defaults_see_hyperparameters_and_lists() -> None:
    blocks = "{'unit(i, out=max(widths[i], 4))': [{linear: out}]}"
    report = ask("[{unit: 0}, {unit: 1}]", "[3]", hyperparameters="{widths: [2, 7]}", blocks=blocks)
    assert [layer.output_shape for layer in report.layers] == [(4,), (7,)]


def test_a_default_does_not_see_later_arguments() -> None:
    assert "nothing is called 'b'" in refused(
        "[{unit: 3}]", "[3]", blocks="{'unit(a=b, b=2)': [{linear: a}, {linear: b}]}"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("unit", "unit needs 'out'"),
        ("{unit: []}", "unit needs 'out'"),
        ("{unit: {kernel: 3}}", "unit needs 'out'"),
        ("{unit: [1, 2, 3]}", "unit takes 2 arguments, not 3"),
        ("{unit: {out: 3, kernal: 1}}", "unit has no argument 'kernal'"),
    ],
)
def test_arguments_are_checked(call: str, message: str) -> None:
    blocks = "{'unit(out, kernel=1)': [{conv: [out, kernel]}]}"
    assert refused(f"[{call}]", blocks=blocks) == message


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("unit(", "'unit(' does not start a block"), ("3(a)", "'3(a)' does not start a block"), ("a b", "'a b' does not start a block"),
        ("unit(a, a)", "the parameter 'a' stands here twice"), ("unit(a=1, b)", "'b' needs a default: it comes after a parameter that has one"),
        ("unit(3)", "'3' cannot be the name of a parameter"), ("unit(channels)", "'channels' cannot be the name of a parameter: it has a meaning of its own"),
        ("unit(a=)", "a value is missing here"), ("unit(a=3 +)", "this is no expression: 3 +"), ("training", "'training' cannot be the name of a block: it has a meaning of its own"),
        ("unit(a,)", "'' cannot be the name of a parameter"), ("", "'' does not start a block"),
    ],
)  # fmt: skip
def test_mistakes_in_a_head(head: str, message: str) -> None:
    assert message in messages(refusal(spec("[relu]", blocks=f'{{"{head}": [relu]}}')))


def test_blocks_that_nothing_uses_are_read_all_the_same() -> None:
    assert refused("[relu]", blocks="{unit: [rleu]}") == "there is no operator or block 'rleu'"
    assert paths(ask("[relu]", blocks="{unit: [tanh]}")) == ["relu"]


def test_two_blocks_of_one_name_with_other_parameters() -> None:
    assert refused("[unit]", blocks="{unit: [relu], 'unit()': [tanh]}") == "the block 'unit' stands here twice"


# What a body sees.


def test_a_body_sees_arguments_hyperparameters_and_what_flows_in() -> None:
    report = ask("[{unit: 3}]", "[7]", hyperparameters="{n: 5}", blocks="{'unit(a)': [{linear: a + n + channels}]}")
    assert out(report) == (15,)


def test_a_body_does_not_see_the_variables_of_its_caller() -> None:
    said = refused("[{for: {n: [1, 2]}, layers: [unit]}]", "[3]", blocks="{unit: [{linear: n}]}")
    assert said == "nothing is called 'n'"


@pytest.mark.parametrize("name", ["index", "first", "last"])
def test_a_body_does_not_see_the_index_of_its_caller(name: str) -> None:
    said = refused("[{repeat: 2, layers: [unit]}]", blocks=f"{{unit: [{{if: {name} == 0, then: [relu]}}]}}")
    assert said == f"'{name}' has a meaning only inside 'repeat' and 'for'"


def test_a_body_does_not_see_the_arguments_of_a_block_around() -> None:
    said = refused("[{outer: 3}]", "[3]", blocks="{'outer(n)': [inner], inner: [{linear: n}]}")
    assert said == "nothing is called 'n'"


def test_a_body_does_not_see_the_tensors_of_its_caller() -> None:
    assert refused("[{as: x}, unit]", blocks="{unit: [relu, {from: x}]}") == "nothing is called 'x'"


def test_names_of_a_body_end_with_it() -> None:
    assert refused("[unit, {from: x}]", blocks="{unit: [relu, {as: x}]}") == "nothing is called 'x'"


def test_the_name_of_the_input_is_not_seen_in_a_block() -> None:
    assert refused("[unit]", blocks="{unit: [relu, {from: input}]}") == "nothing is called 'input'"


def test_each_call_has_its_own_tensors() -> None:
    report = ask("[unit, unit]", blocks="{unit: [{as: x}, relu, {as: y}, {add, from: [x, y]}]}")
    assert paths(report) == ["unit1/relu", "unit1/add", "unit2/relu", "unit2/add"]


def test_an_argument_may_change_nothing_outside() -> None:
    report = ask("[{unit: 3}, {linear: n}]", "[2]", hyperparameters="{n: 8}", blocks="{'unit(n)': [{linear: n}]}")
    assert [layer.output_shape for layer in report.layers] == [(3,), (8,)]


def test_arguments_are_worked_out_where_the_call_stands() -> None:
    layers = "[{for: {n: [4, 5]}, layers: [{unit: channels + n + index}]}]"
    report = ask(layers, "[2]", blocks="{'unit(out)': [{linear: 1}, {linear: out}]}")
    assert [layer.output_shape for layer in report.layers] == [(1,), (6,), (1,), (12,)]


def test_blocks_and_operators_as_arguments() -> None:
    report = ask(
        "[{stage: [bottleneck, tanh]}]",
        blocks="{'stage(kind, act)': [{kind: 3}, act], 'bottleneck(n)': [{conv: [n, 1]}]}",
    )
    assert shapes(report) == {"stage/bottleneck/conv": (3, 8, 8), "stage/tanh": (3, 8, 8)}


def test_lists_as_arguments() -> None:
    report = ask(
        "[{stage: [[3, 4, 5]]}]", "[2]", blocks="{'stage(widths)': [{for: {w: widths}, layers: [{linear: w}]}]}"
    )
    assert [layer.output_shape for layer in report.layers] == [(3,), (4,), (5,)]


def test_several_tensors_flow_in_and_out() -> None:
    blocks = "{swap: [{as: [a, b]}, {from: [b, a]}]}"
    layers = "[{as: x}, {conv: [2, 1]}, {as: y}, {swap, from: [x, y], as: [p, q]}, {from: p}, {if: p.channels == 2 and q.channels == 6, then: [relu]}, {as: r}, {concat, from: [r, q]}]"
    assert out(ask(layers, blocks=blocks)) == (8, 8, 8)


def test_a_block_that_is_given_one_tensor_and_takes_two() -> None:
    assert "'as' gives 2 names, but 1 tensor flows here" in refused(
        "[pair]", blocks="{pair: [{as: [a, b]}, {from: [a, b]}, concat]}"
    )


# Recursion.

FRACTAL = """
fractal(depth, out):
  - if: depth == 1
    then: [{conv: [out, 1]}]
    else:
      - mean:
          short: [{conv: [out, 1]}]
          long: [{fractal: [depth - 1, out]}, {fractal: [depth - 1, out]}]
"""


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_a_block_that_calls_itself(depth: int) -> None:
    """FractalNet: f(1) is one convolution, f(n) joins one with f(n - 1) twice: 2**n - 1 convolutions."""
    report = ask(f"[{{fractal: [{depth}, 6]}}]", blocks=FRACTAL)
    assert sum(layer.op == "conv" for layer in report.layers) == 2**depth - 1
    assert report.totals.depth == 2 ** (depth - 1)
    assert report.totals.shortest_path == 1


def test_recursion_to_a_few_dozen_levels() -> None:
    report = ask("[{down: 30}]", "[3]", blocks="{'down(n)': [{linear: n + 1}, {if: n > 0, then: [{down: n - 1}]}]}")
    assert out(report) == (1,)
    assert report.layers[-1].path == "down/" * 31 + "linear"


@pytest.mark.parametrize(
    "blocks",
    [
        "{a: [a]}",
        "{a: [b], b: [a]}",
        "{a: [{repeat: 1, layers: [a]}]}",
        "{a: [{add: {x: [a]}}]}",
        "{a: [{if: true, then: [a]}]}",
    ],
)
def test_recursion_without_end(blocks: str) -> None:
    assert "120 deep inside one another" in refused("[a]", blocks=blocks)


def test_the_bound_is_on_depth_not_on_calls() -> None:
    report = ask("[{repeat: 500, layers: [unit]}]", blocks="{unit: [inner, inner], inner: [identity]}")
    assert len(report.layers) == 1000


def test_steps_are_bounded() -> None:
    limits = archcalc.LIMITS._replace(steps=1000)
    text = spec("[{tree: 12}]", blocks="{'tree(n)': [{if: n > 0, then: [{tree: n - 1}, {tree: n - 1}]}]}")
    assert "more than 1,000 steps" in refusal(text, limits=limits)


def test_layers_are_bounded() -> None:
    text = spec("[{repeat: 20, layers: [relu]}]")
    assert "more than 19 operators" in refusal(text, limits=archcalc.LIMITS._replace(layers=19))
    assert len(archcalc.analyze(text, limits=archcalc.LIMITS._replace(layers=20)).layers) == 20
