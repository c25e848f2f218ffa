"""Design 3, "Tensors": as, from, collections, what is carried through loops, bodies, several inputs, outputs."""

from __future__ import annotations

import pytest
from asking import ask, messages, out, paths, refusal, refused, shapes, spec

import archcalc


def test_as_names_what_flows_out_of_a_step() -> None:
    assert out(ask("[{conv: [4, 1], as: x}, {conv: [3, 1], as: y}, {concat, from: [x, y]}]")) == (7, 8, 8)


def test_as_alone_names_what_flows_here() -> None:
    report = ask("[{conv: [4, 1]}, {as: x}, relu, {as: y}, {concat, from: [x, y]}]")
    assert report.layers[-1].inputs == ("conv", "relu")


def test_from_replaces_what_flows_in() -> None:
    report = ask("[{as: x}, {conv: [4, 1], as: y}, {conv: [3, 1], from: x, as: z}, {concat, from: [y, z]}]")
    assert report.layers[1].inputs == ("input",)


def test_from_alone() -> None:
    report = ask("[relu, {as: x}, tanh, {as: y}, {from: x}, elu, {as: z}, {add, from: [y, z]}]")
    assert [layer.inputs for layer in report.layers] == [("input",), ("relu",), ("relu",), ("tanh", "elu")]


def test_naming_again_means_the_new_one() -> None:
    report = ask("[{as: x}, relu, {as: x}, tanh, {as: y}, {add, from: [x, y]}]")
    assert report.layers[-1].inputs == ("relu", "tanh")


def test_as_takes_several_apart() -> None:
    report = ask("[{as: x}, relu, {as: y}, {from: [x, y]}, {as: [a, b]}, {add, from: [b, a]}]")
    assert report.layers[-1].inputs == ("relu", "input")


def test_one_name_for_several() -> None:
    report = ask("[{as: x}, relu, {as: y}, {from: [x, y], as: both}, {concat, from: [both, x]}]")
    assert report.layers[-1].inputs == ("input", "relu", "input")


@pytest.mark.parametrize("names", ["[a, b]", "[a, b, c]"])
def test_as_many_names_as_tensors(names: str) -> None:
    count = names.count(",") + 1
    assert refused(f"[relu, {{as: {names}}}]") in (
        f"'as' gives {count} names, but 1 tensor flows here",
        f"'as' gives {count} names, but 1 tensor flows here",
    )


def test_a_collection_is_its_elements_in_order_of_index() -> None:
    layers = "[{as: 'x[1]'}, relu, {as: 'x[0]'}, tanh, {as: 'x[7]'}, {concat, from: x}]"
    assert ask(layers).layers[-1].inputs == ("relu", "input", "tanh")


@pytest.mark.parametrize(
    ("written", "chosen"),
    [
        ("x", (0, 1, 2, 3)), ("'x[2]'", (2,)), ("'x[[0, 2]]'", (0, 2)), ("'x[[3, 3]]'", (3, 3)), ("['x[1]', x]", (1, 0, 1, 2, 3)),
        ("'[x[3], x[0]]'", (3, 0)), ("'x[len(x) - 1]'", (3,)), ("'x[range(1, 4, 2)]'", (1, 3)), ("'x if true else x[0]'", (0, 1, 2, 3)),
        ("'x[reversed(range(4))]'", (3, 2, 1, 0)), ("'[[x[0]], [[x[1]]]]'", (0, 1)),
    ],
)  # fmt: skip
def test_elements_and_choices_of_a_collection(written: str, chosen: tuple[int, ...]) -> None:
    layers = f"[{{repeat: 4, layers: [{{relu, as: 'x[index]'}}]}}, {{concat, from: {written}, as: y}}, {{concat, from: [y, x]}}]"
    report = ask(layers)
    assert report.layers[4].inputs == tuple(f"relu{i + 1}" for i in chosen)


def test_a_missing_element() -> None:
    said = refusal(spec("[{as: 'x[0]'}, relu, {as: 'x[2]'}, {from: 'x[1]'}]"))
    assert messages(said) == ["no tensor has index 1 here"]
    assert said.endswith("there are: 0, 2")


@pytest.mark.parametrize("index", ["1/2", "true", "relu", "[0]"])
def test_an_index_is_a_whole_number(index: str) -> None:
    refused(f"[{{as: 'x[{index}]'}}, {{from: x}}]")


def test_a_name_becomes_a_collection_and_back() -> None:
    report = ask("[{as: x}, relu, {as: 'x[0]'}, tanh, {as: 'x[1]'}, {concat, from: x}, {as: x}, {elu, from: x}]")
    assert out(report) == (12, 8, 8)
    assert report.layers[2].inputs == ("relu", "tanh")


def test_a_list_of_tensors_inside_a_list_is_spliced() -> None:
    layers = "[{as: a}, relu, {as: b}, {from: [a, b], as: pair}, {concat, from: [pair, a, [b, [pair]]]}]"
    assert ask(layers).layers[-1].inputs == ("input", "relu", "input", "relu", "input", "relu")


def test_an_expression_chooses_one() -> None:
    layers = "[{as: a}, relu, {as: b}, {tanh, from: a if channels == 6 else b, as: c}, {add, from: [b, c]}]"
    assert ask(layers).layers[1].inputs == ("input",)


@pytest.mark.parametrize("chosen", ["3", "relu", "true", "[3]", "[a, 3]", "'[]'", "[]"])
def test_from_names_tensors(chosen: str) -> None:
    refused(f"[{{as: a}}, {{relu, from: {chosen}}}]")


MADE = "{repeat: 3, layers: [{relu, as: 'x[index]'}]}"


@pytest.mark.parametrize(
    "step",
    [
        "{conv: ['x[0]', 1]}", "{conv: [x, 1]}", "{tanh, name: 'a{x}'}", "{tanh, name: 'a{x[0]}'}", "{tanh, share: 'a{x}'}", "{unit: x}",
        "{unit: 'x[0]'}", "{unit: ['[x[0]]']}", "{for: {t: '[x[0], x[1]]'}, layers: [tanh]}", "{for: {t: x}, layers: [tanh]}",
        "{repeat: x, layers: [tanh]}", "{if: 'x == x', then: [tanh]}", "{if: 'x[0] == x[0]', then: [tanh]}", "{if: 'x in [x]', then: [tanh]}",
        "{add: {a: {when: 'x == x', layers: []}}}", "{tanh, trainable: 'x == x'}", "{as: 'y[x]'}", "{as: 'y[x[0]]'}", "{select: [x]}",
    ],
)  # fmt: skip
def test_tensors_are_chosen_only_in_from(step: str) -> None:
    """Elsewhere a tensor is read only as x.channels and so on: never as a value."""
    said = refused(f"[{MADE}, {step}, {{as: last}}, {{concat, from: [last, x]}}]", blocks="{'unit(t)': [tanh]}")
    assert "tensor" in said


@pytest.mark.parametrize(
    "chosen",
    [
        "'x[y]'",
        "'x[[y]]'",
        "'x[y.channels - 6 + y]'",
        "'[y] + y'",
        "'reversed(y)'",
        "'x[x]'",
        "'x[x[0]]'",
        "'[x[0], x[1]][y]'",
    ],
)
def test_a_tensor_is_no_index(chosen: str) -> None:
    said = refused(f"[{{as: y}}, {MADE}, {{as: z}}, {{concat, from: {chosen}, as: w}}, {{concat, from: [w, x, y, z]}}]")
    assert not any(character.isdigit() for character in said)


@pytest.mark.parametrize(
    "layers",
    ["[{from: []}]", "[relu, {from: []}]", "[{from: [], as: x}, {from: input}]", "[{from: [[], []]}, {from: input}]"],
)
def test_nothing_flows(layers: str) -> None:
    refused(layers)


def test_an_index_may_be_any_whole_number() -> None:
    assert ask("[{as: 'x[7]'}, relu, {as: 'x[-1]'}, {concat, from: x}]").layers[-1].inputs == ("relu", "input")


def test_from_of_nothing() -> None:
    said = refusal(spec("[{as: before}, {from: befor}]"))
    assert messages(said) == ["nothing is called 'befor'"]
    assert said.endswith("did you mean 'before'?")


def test_a_name_before_it_is_given() -> None:
    refused("[{concat, from: [x, input]}, {as: x}]")


@pytest.mark.parametrize(
    "name", ["n", "index", "channels", "training", "true", "3", "a b", "a.b", "''", "x[", "x]", "x[0", "x[0][1]"]
)
def test_names_a_tensor_cannot_have(name: str) -> None:
    refused(f'[{{as: "{name}"}}, {{linear: n}}]', "[3]", hyperparameters="{n: 3}")


def test_a_tensor_and_a_number_do_not_share_a_name() -> None:
    message = "'n' is a number already: a tensor needs a name of its own"
    assert message in messages(refusal(spec("[{as: n}, {linear: n}]", "[3]", hyperparameters="{n: 3}")))
    assert message in messages(refusal(spec("[{for: {n: [1]}, layers: [relu, {as: n}]}]")))
    assert message in messages(refusal(spec("[{b: 3}]", blocks="{'b(n)': [relu, {as: n}]}")))


def test_a_loop_variable_called_like_a_tensor_is_an_error() -> None:
    refused("[{as: n}, {for: {n: [1, 2]}, layers: [relu]}, {from: n}]")


def test_a_parameter_called_like_a_tensor_of_the_caller_is_none() -> None:
    assert out(ask("[{as: n}, {b: 3}, {as: m}, {concat, from: [n, m]}]", blocks="{'b(n)': [{conv: [n, 1]}]}")) == (
        9,
        8,
        8,
    )


# Bodies.


def test_a_branch_reads_the_names_around_it() -> None:
    report = ask(
        "[{as: x}, {conv: [4, 1]}, {concat: {a: [{from: x}], b: [{conv: [2, 1], from: x}]}}, {as: z}, {from: z}]".replace(
            "{conv: [4, 1]}, ", ""
        )
    )
    assert report.layers[-1].inputs == ("input", "concat/b/conv")


def test_a_branch_cannot_give_a_name_anew() -> None:
    said = refused("[{as: x}, {add: {a: [relu, {as: x}], b: []}}]")
    assert said == "'x' is named around this branch, which can read it and not give it anew"


def test_a_branch_cannot_give_the_name_of_the_input_anew() -> None:
    assert "'input' is named around this branch" in refused("[{add: {a: [relu, {as: input}], b: []}}]")


def test_a_branch_cannot_give_a_name_anew_from_an_inner_branch() -> None:
    assert "is named around this branch" in refused(
        "[{as: x}, {add: {a: [{add: {b: [relu, {as: x}], c: []}}], d: []}}]"
    )


def test_a_name_around_that_is_given_only_later_is_free_in_the_branch() -> None:
    assert len(ask("[{add: {a: [relu, {as: x}], b: []}}, {as: x}, {from: x}]").layers) == 2


def test_names_of_a_branch_end_with_it() -> None:
    refused("[{add: {a: [{relu, as: x}], b: []}}, {from: x}]")


def test_names_of_a_branch_are_not_seen_by_the_next() -> None:
    refused("[{add: {a: [{relu, as: x}], b: [{from: x}]}}]")


def test_two_branches_may_use_one_name() -> None:
    body = "[relu, {as: x}, tanh, {as: y}, {add, from: [x, y]}]"
    assert len(ask(f"[{{concat: {{a: {body}, b: {body}}}}}]").layers) == 7


@pytest.mark.parametrize(
    "around",
    [
        "{repeat: 1, layers: [relu, {as: x}]}",
        "{for: {i: [1]}, layers: [relu, {as: x}]}",
        "{if: true, then: [relu, {as: x}]}",
    ],
)
def test_loops_and_choices_are_no_bodies(around: str) -> None:
    assert ask(f"[{around}, tanh, {{as: y}}, {{add, from: [x, y]}}]").layers[-1].inputs == ("relu", "tanh")


def test_naming_again_in_a_loop_carries_state() -> None:
    """DenseNet: what flows is all that was made so far."""
    layers = "[{as: x}, {repeat: 3, layers: [{conv: [2, 3, 1, 1], from: x, as: new}, {concat, from: [x, new], as: x}]}]"
    assert [layer.output_shape[0] for layer in ask(layers).layers] == [2, 8, 2, 10, 2, 12]


def test_a_collection_that_grows_in_a_loop() -> None:
    layers = "[{as: 'x[0]'}, {repeat: 3, layers: [{concat, from: x}, {conv: [2, 1], as: 'x[index + 1]'}]}]"
    assert [layer.output_shape[0] for layer in ask(layers).layers] == [6, 2, 8, 2, 10, 2]


def test_an_inner_index_of_an_inner_loop() -> None:
    layers = """
    - for: {stage: range(2)}
      layers:
        - repeat: 2
          layers: [{relu, as: "x[2 * stage + index]"}]
    - {concat, from: x}
    """
    assert ask(layers).layers[-1].inputs == ("relu1", "relu2", "relu3", "relu4")


# The cell of the design.

CELL = """
unit(F, k): [relu, {conv: [F, k, 1, k // 2]}]
sep_3(F): [{unit: [F, 3]}]
sep_5(F): [{unit: [F, 5]}]
skip(F): [{if: channels != F, then: [{conv: [F, 1]}]}]
fit(F): [{conv: [F, 1]}]
cell(genotype, join, F):
  - as: [before, current]
  - {fit: F, from: current, as: "state[0]"}
  - {fit: F, from: before, as: "state[1]"}
  - for: {"(left, a), (right, b)": genotype}
    layers:
      - add: {left: [{left: F, from: "state[a]"}], right: [{right: F, from: "state[b]"}]}
        as: state[index + 2]
  - {concat, from: "state[join]"}
"""
GENOTYPE = "{normal: [[[sep_5, 0], [sep_3, 1]], [[skip, 0], [sep_3, 2]]], normal_join: [2, 3], N: 3, F: 4}"
STACK = """
- as: [before, current]
- repeat: N
  layers:
    - {cell: [normal, normal_join, F], from: [before, current], as: new}
    - {from: [current, new], as: [before, current]}
- {from: current}
"""


def test_the_cell_of_the_design() -> None:
    layers = f"[{{as: x}}, {{from: [x, x]}}]\n{STACK}".replace("[{as: x}, {from: [x, x]}]", "- as: x\n- from: [x, x]")
    report = ask(layers, hyperparameters=GENOTYPE, blocks=CELL)
    assert out(report) == (8, 8, 8)
    assert [row.output_shape[0] for row in report.layers if row.op == "concat"] == [8, 8, 8]
    first = [row for row in report.layers if row.path.startswith("cell1/")]
    assert [row.path for row in first] == [
        "cell1/fit1/conv", "cell1/fit2/conv", "cell1/add1/left/sep_5/unit/relu", "cell1/add1/left/sep_5/unit/conv",
        "cell1/add1/right/sep_3/unit/relu", "cell1/add1/right/sep_3/unit/conv", "cell1/add1",
        "cell1/add2/right/sep_3/unit/relu", "cell1/add2/right/sep_3/unit/conv", "cell1/add2", "cell1/concat",
    ]  # fmt: skip
    # cell 1 sees (x, x), cell 2 (x, cell 1), cell 3 (cell 1, cell 2)
    fits = {row.path: row.inputs for row in report.layers if "fit" in row.path}
    assert fits["cell2/fit1/conv"] == ("cell1/concat",)
    assert fits["cell2/fit2/conv"] == ("input",)
    assert fits["cell3/fit1/conv"] == ("cell2/concat",)
    assert fits["cell3/fit2/conv"] == ("cell1/concat",)
    cell = 4 * 4 * 25 + 4 + 2 * (4 * 4 * 9 + 4)
    fits_of_6, fits_of_8 = 3 * (6 * 4 + 4), 3 * (8 * 4 + 4)
    assert report.totals.params == 3 * cell + fits_of_6 + fits_of_8


# Several inputs.


def test_several_inputs_all_flow_in() -> None:
    report = ask("[concat]", "{image: [3, 8, 8], depth: [1, 8, 8]}")
    assert out(report) == (4, 8, 8)
    assert [(i.name, i.shape) for i in report.inputs] == [("image", (3, 8, 8)), ("depth", (1, 8, 8))]


def test_several_inputs_by_name() -> None:
    layers = "[{linear: 4, from: question, as: q}, {conv: [4, 1], from: image}, {as: i}, {multiply, from: [i, q]}]"
    assert out(ask(layers, "{image: [3, 8, 8], question: [7]}")) == (4, 8, 8)


def test_one_input_with_a_name() -> None:
    report = ask("[relu, {as: x}, {add, from: [x, picture]}]", "{picture: [3, 8, 8]}")
    assert report.layers[-1].inputs == ("relu", "picture")


def test_several_inputs_into_an_operator_of_one() -> None:
    assert "relu takes one tensor, but 2 flow in" in refused("[relu]", "{a: [3], b: [3]}")


def test_an_input_called_like_a_hyperparameter() -> None:
    refused("[concat]", "{a: [n, 8, 8], n: [1, 8, 8]}", hyperparameters="{n: 3}")


# What reaches no output.


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ("[{as: x}, {conv: [3, 1]}, {from: x}, tanh]", "conv"),
        ("[{as: x}, {repeat: 2, layers: [relu]}, {from: x}, tanh]", "relu1"),
        ("[{as: x}, {add: {a: [relu], b: []}}, {from: x}, tanh]", "add"),
        ("[{relu, as: x}, {from: input}, tanh]", "relu"),
        ("[unit]", "unit/relu"),
    ],
)
def test_a_result_that_reaches_no_output_is_an_error(layers: str, path: str) -> None:
    said = messages(refusal(spec(layers, blocks="{unit: [{as: x}, relu, {from: x}]}")))
    assert f"the result of {path} reaches no output" in said


def test_an_input_that_nothing_uses() -> None:
    """Only steps have results; an input is given."""
    assert out(ask("[{relu, from: a}]", "{a: [3], b: [4]}")) == (3,)


# Outputs.


def test_what_flows_out_of_layers_is_the_output() -> None:
    report = ask("[relu]")
    assert [(o.name, o.shape, o.path) for o in report.outputs] == [("output", (6, 8, 8), "relu")]


def test_several_tensors_may_flow_out() -> None:
    report = ask("[{as: x}, relu, {as: y}, {from: [y, x]}]")
    assert [o.path for o in report.outputs] == ["relu", "input"]
    assert len({o.name for o in report.outputs}) == 2


def test_output_makes_each_branch_a_further_output() -> None:
    report = ask("[{conv: [4, 1]}, {output: {aux1: [global_avg_pool, {linear: 10}], aux2: []}}, relu]")
    assert {o.name: o.shape for o in report.outputs} == {"output": (4, 8, 8), "aux1": (10,), "aux2": (4, 8, 8)}
    assert report.outputs[0].name == "output"
    assert shapes(report) == {"conv": (4, 8, 8), "aux1/global_avg_pool": (4,), "aux1/linear": (10,), "relu": (4, 8, 8)}


def test_output_lets_what_flows_in_pass_on() -> None:
    report = ask("[relu, {output: {aux: [tanh]}}, elu]")
    assert report.layers[-1].inputs == ("relu",)


def test_output_inside_a_block_and_with_when() -> None:
    blocks = "{'aux(on)': [{output: {head: {when: on, layers: [tanh]}}}]}"
    assert [o.name for o in ask("[relu, {aux: true}]", blocks=blocks).outputs] == ["output", "head"]
    assert [o.name for o in ask("[relu, {aux: false}]", blocks=blocks).outputs] == ["output"]


def test_output_of_several_tensors_is_an_error() -> None:
    refused("[{as: x}, relu, {output: {aux: [{from: [x, x]}]}}]")


def test_an_output_called_output() -> None:
    try:
        report = ask("[{output: {output: [relu]}}, tanh]")
    except archcalc.ArchcalcError:
        return
    assert len({o.name for o in report.outputs}) == 2


def test_outputs_of_one_name_are_told_apart_or_refused() -> None:
    try:
        report = ask("[{repeat: 2, layers: [relu, {output: {aux: [tanh]}}]}]")
    except Exception:
        return
    assert len({o.name for o in report.outputs}) == 3


# Training.


def test_training_parts() -> None:
    layers = "[relu, {if: training, then: [{output: {aux: [flatten, {linear: 10}]}}]}, global_avg_pool]"
    assert [o.name for o in ask(layers).outputs] == ["output"]
    report = ask(layers, training=True)
    assert [o.name for o in report.outputs] == ["output", "aux"]
    assert report.totals.params == 384 * 10 + 10
    assert (ask(layers).mode, report.mode) == ("inference", "training")


def test_training_inside_a_block_and_a_branch() -> None:
    """RepVGG: three branches while it is trained, one afterwards."""
    layers = "[{unit: 6}]"
    blocks = "{'unit(n)': [{add: {a: [{conv: [n, 3, 1, 1]}], b: {when: training, layers: [{conv: [n, 1]}]}, c: {when: training, layers: []}}}]}"
    assert len(ask(layers, blocks=blocks, training=True).layers[-1].inputs) == 3
    assert len(ask(layers, blocks=blocks).layers[-1].inputs) == 1


def test_paths_do_not_depend_on_how_tensors_are_named() -> None:
    assert paths(ask("[{relu, as: x}, {tanh, from: x}]")) == paths(ask("[relu, tanh]"))
