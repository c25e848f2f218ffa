"""Design 3, "Merges": named branches from what flows in, or the several tensors that flow in."""

from __future__ import annotations

import pytest
from asking import ask, messages, out, paths, refusal, refused, shapes, spec


def test_each_branch_starts_from_what_flows_in() -> None:
    report = ask("[{concat: {a: [{conv: [1, 1]}], b: [{conv: [2, 1]}, {conv: [3, 1]}], c: []}}]")
    assert shapes(report) == {
        "concat/a/conv": (1, 8, 8), "concat/b/conv1": (2, 8, 8), "concat/b/conv2": (3, 8, 8), "concat": (10, 8, 8),
    }  # fmt: skip
    assert report.layers[-1].inputs == ("concat/a/conv", "concat/b/conv2", "input")


def test_branches_are_merged_in_written_order() -> None:
    report = ask("[{concat: {z: [relu], a: [tanh]}}]")
    assert report.layers[-1].inputs == ("concat/z/relu", "concat/a/tanh")


@pytest.mark.parametrize("merge", ["add", "mean", "multiply", "max"])
def test_equal_shapes(merge: str) -> None:
    report = ask(f"[{{{merge}: {{body: [relu], shortcut: []}}}}]")
    assert shapes(report) == {f"{merge}/body/relu": (6, 8, 8), merge: (6, 8, 8)}


def test_an_empty_branch_is_the_identity() -> None:
    assert ask("[{add: {a: [], b: []}}]").layers[0].inputs == ("input", "input")


@pytest.mark.parametrize("empty", ["[]", "{layers: []}", "{when: true, layers: []}"])
def test_ways_to_write_an_empty_branch(empty: str) -> None:
    assert ask(f"[{{add: {{a: [relu], b: {empty}}}}}]").layers[-1].inputs == ("add/a/relu", "input")


@pytest.mark.parametrize("merge", ["add", "concat", "mean", "multiply", "max"])
def test_a_branch_whose_condition_is_false_is_absent(merge: str) -> None:
    report = ask(f"[{{{merge}: {{a: [relu], b: {{when: 1 > 2, layers: [tanh]}}, c: {{when: 1 < 2, layers: [elu]}}}}}}]")
    assert report.layers[-1].inputs == (f"{merge}/a/relu", f"{merge}/c/elu")


def test_an_if_that_does_not_hold_leaves_the_identity() -> None:
    """Not the same network as a branch that is absent."""
    report = ask("[{concat: {a: [relu], b: [{if: false, then: [tanh]}]}}]")
    assert (out(report), report.layers[-1].inputs) == ((12, 8, 8), ("concat/a/relu", "input"))
    assert out(ask("[{concat: {a: [relu], b: {when: false, layers: [tanh]}}}]")) == (6, 8, 8)


def test_one_branch_alone() -> None:
    report = ask("[{add: {a: [relu]}}]")
    assert shapes(report) == {"add/a/relu": (6, 8, 8), "add": (6, 8, 8)}


@pytest.mark.parametrize("branches", ["{}", "{a: {when: false, layers: []}}"])
def test_no_branch_at_all_is_an_error(branches: str) -> None:
    assert refused(f"[{{add: {branches}}}]") == "no branch of 'add' is there"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{add: relu}", "'add' takes named branches, each a list of steps"),
        ("{add: [relu, tanh]}", "'add' takes named branches, each a list of steps"),
        ("{add: {a: relu}}", "the branch 'a' is a list of steps"),
        ("{add: {a: }}", "the branch 'a' is a list of steps"),
        ("{add: {a: {when: true}}}", "the branch 'a' has no layers"),
        ("{add: {a: {wen: true, layers: []}}}", "a branch has no key 'wen'"),
        ("{add: {a: {conv: [3, 3]}}}", "a branch has no key 'conv'"),
        ("{add: {a: {when: 3, layers: []}}}", "a condition is true or false, not 3"),
        ("{add: {a/b: []}}", "'a/b' cannot be the name of a branch"),
        ("{add: {a: [], a: [relu]}}", "'a' stands here twice"),
    ],
)
def test_mistakes(step: str, message: str) -> None:
    assert message in messages(refusal(spec(f"[{step}]")))


@pytest.mark.parametrize(
    "name",
    ["left", "1x1", "3", "1.5", "pool-proj", "a b", "true", "r\N{LATIN SMALL LETTER E WITH ACUTE}sidu", "if", "when2"],
)
def test_names_of_branches_are_free_text(name: str) -> None:
    assert paths(ask(f"[{{concat: {{{name}: [relu]}}}}]"))[0] == f"concat/{name}/relu"


# Joining what flows in.


def test_a_merge_without_branches_joins_what_flows_in() -> None:
    report = ask("[{as: a}, {conv: [4, 1]}, {as: b}, {concat, from: [a, b, a]}]")
    assert out(report) == (16, 8, 8)
    assert report.layers[-1].inputs == ("input", "conv", "input")


@pytest.mark.parametrize("step", ["concat", "{concat: }", "{concat}"])
def test_ways_to_join(step: str) -> None:
    assert out(ask(f"[{{as: a}}, {{from: [a, a]}}, {step}]")) == (12, 8, 8)


def test_a_merge_with_branches_gives_each_branch_all_that_flows_in() -> None:
    report = ask("[{as: a}, relu, {as: b}, {from: [a, b]}, {concat: {x: [add], y: [multiply]}}]")
    assert out(report) == (12, 8, 8)
    assert paths(report) == ["relu", "concat/x/add", "concat/y/multiply", "concat"]


def test_a_branch_may_end_in_several_tensors() -> None:
    report = ask("[{as: a}, {concat: {x: [{from: [a, a]}], y: []}}]")
    assert out(report) == (18, 8, 8)


def test_an_operator_of_one_input_refuses_several() -> None:
    assert "relu takes one tensor, but 2 flow in" in refused("[{as: a}, {from: [a, a]}, relu]")


# Shapes.


@pytest.mark.parametrize("merge", ["add", "mean", "multiply", "max"])
@pytest.mark.parametrize("order", ["{a: [], b: [global_avg_pool]}", "{b: [global_avg_pool], a: []}"])
def test_a_vector_is_spread_over_all_positions(merge: str, order: str) -> None:
    assert out(ask(f"[{{{merge}: {order}}}]")) == (6, 8, 8)


def test_a_vector_is_spread_over_a_sequence() -> None:
    assert out(ask("[{multiply: {a: [], gate: [global_avg_pool, sigmoid]}}]", "[5, 7]")) == (5, 7)


def test_a_vector_of_other_length_is_not() -> None:
    assert refused("[{multiply: {a: [], gate: [global_avg_pool, {linear: 5}]}}]") == "cannot multiply (6, 8, 8) and (5)"


def test_concat_does_not_spread() -> None:
    assert refused("[{concat: {a: [], b: [global_avg_pool]}}]") == "cannot concatenate (6, 8, 8) and (6)"


@pytest.mark.parametrize(
    ("shape", "left", "right", "joined"),
    [
        ("[6]", "{linear: 2}", "{linear: 3}", (5,)), ("[4, 6]", "{linear: 2}", "{linear: 3}", (4, 5)),
        ("[6, 4, 5]", "{conv: [2, 1]}", "{conv: [3, 1]}", (5, 4, 5)), ("[6, 2, 4, 5]", "{conv: [2, 1]}", "{conv: [3, 1]}", (5, 2, 4, 5)),
    ],
)  # fmt: skip
def test_concat_adds_features(shape: str, left: str, right: str, joined: tuple[int, ...]) -> None:
    assert out(ask(f"[{{concat: {{a: [{left}], b: [{right}]}}}}]", shape)) == joined


@pytest.mark.parametrize(
    ("merge", "right", "message"),
    [
        ("add", "{max_pool: 2}", "cannot add (6, 8, 8) and (6, 4, 4)"),
        ("add", "{conv: [4, 1]}", "cannot add (6, 8, 8) and (4, 8, 8)"),
        ("add", "{conv: [1, 1]}", "cannot add (6, 8, 8) and (1, 8, 8)"),
        ("mean", "{conv: [4, 1]}", "cannot average (6, 8, 8) and (4, 8, 8)"),
        ("multiply", "{max_pool: [1, 2]}", "cannot multiply (6, 8, 8) and (6, 4, 4)"),
        ("max", "{conv: [4, 1]}", "cannot take the maximum of (6, 8, 8) and (4, 8, 8)"),
        ("concat", "{max_pool: 2}", "cannot concatenate (6, 8, 8) and (6, 4, 4)"),
        ("add", "{reshape: [[6, 64]]}", "cannot add (6, 8, 8) and (6, 64)"),
    ],
)
def test_shapes_that_do_not_fit(merge: str, right: str, message: str) -> None:
    assert refused(f"[{{{merge}: {{a: [], b: [{right}]}}}}]") == message


def test_the_first_mistake_of_each_branch_and_nothing_that_follows() -> None:
    layers = "[{add: {a: [flatten, {conv: [3, 1]}, {conv: [4, 100]}], b: [{linear: 3}, {linear: 3}], c: [relu]}}, {linear: 3}]"
    assert messages(refusal(spec(layers))) == [
        "conv needs a sequence, map or volume, not the vector (384)",
        "linear works on vectors and on the tokens of a sequence, not on the map (6, 8, 8)",
    ]
