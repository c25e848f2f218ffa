"""Design 3, "Weights": share, tied weights, and what is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import ask, messages, refusal, refused, spec

import archcalc
from archcalc.ops.op import Op, Weight
from archcalc.window import Reach
from archcalc.work import Work

if TYPE_CHECKING:
    from archcalc.ops.arguments import Count
    from archcalc.recorded import Shape


class Table(Op):
    """A look-up of token ids in a table. Source: this test."""

    rows: Count
    width: Count

    def output(self, x: Shape) -> Shape:
        """A row for each."""
        return (*x, self.width)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """The table."""
        return {"weight": Weight((self.rows, self.width))}

    def work(self, output: Shape, x: Shape) -> Work:
        """None."""
        return Work()

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...]:
        """A token sees itself."""
        return (Reach(),)


def params(report: archcalc.Report) -> dict[str, object]:
    return {layer.path: layer.params for layer in report.layers if layer.params or layer.shared_with}


def test_equal_labels_have_the_same_weights() -> None:
    report = ask("[{linear: 3, share: w}, {linear: 3, share: w}, {linear: 3}]", "[3]")
    assert params(report) == {"linear1": 12, "linear2": 0, "linear3": 12}
    assert [layer.shared_with for layer in report.layers] == [None, "linear1", None]
    assert report.totals.params == 24
    assert report.totals.mult_adds == 27


def test_params_once_and_mult_adds_at_each_use() -> None:
    report = ask("[{repeat: 5, layers: [{conv: [6, 3, 1, 1], share: w}]}]")
    assert (report.totals.params, report.totals.mult_adds) == (6 * 6 * 9 + 6, 5 * 6 * 64 * 54)
    assert [layer.shared_with for layer in report.layers] == [None] + ["conv1"] * 4


def test_the_sum_of_the_rows_is_the_total() -> None:
    report = ask("[{repeat: 3, layers: [{linear: 4, share: a}, {linear: 4, share: b}, batch_norm]}]", "[4]")
    for quantity in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations"):
        assert sum(getattr(layer, quantity) for layer in report.layers) == getattr(report.totals, quantity)


def test_weights_only_one_has_are_its_own() -> None:
    report = ask("[{linear: 3, share: w}, {linear: {out: 3, bias: false}, share: w}]", "[3]")
    assert report.totals.params == 12
    report = ask("[{linear: {out: 3, bias: false}, share: w}, {linear: 3, share: w}]", "[3]")
    assert params(report) == {"linear1": 9, "linear2": 3}
    assert [layer.shared_with for layer in report.layers] == [None, "linear1"]


def test_a_tie_like_that_of_an_embedding() -> None:
    """Both hold weight [V, D]: a table of V rows of D, and a linear layer from D to V."""
    report = ask(
        "[{table: [10, 4], share: tokens}, {linear: {out: 10, bias: false}, share: tokens}]",
        "[5]", ops={**archcalc.OPS, "table": Table},
    )  # fmt: skip
    assert report.totals.params == 40
    assert [layer.params for layer in report.layers] == [40, 0]
    assert report.totals.mult_adds == 5 * 4 * 10


def test_other_operators_share_what_has_the_same_name() -> None:
    report = ask("[{batch_norm, share: n}, {instance_norm: [true, true], share: n}]")
    assert params(report) == {"batch_norm": 12, "instance_norm": 0}
    assert report.totals.buffers == 12


def test_shared_buffers_count_once() -> None:
    report = ask("[{batch_norm, share: n}, {batch_norm, share: n}]")
    assert (report.totals.params, report.totals.buffers) == (12, 12)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            "[{linear: 3, share: w}, {linear: 4, share: w}]",
            "'w' is shared, but weight is (4, 3) here and (3, 3) at linear1",
        ),
        (
            "[{linear: 5, share: w}, {linear: 5, share: w}]",
            "'w' is shared, but weight is (5, 5) here and (5, 3) at linear1",
        ),
    ],
)
def test_shapes_must_agree(layers: str, message: str) -> None:
    assert refused(layers, "[3]") == message


def test_the_mistake_names_the_later_step() -> None:
    assert refusal("input: [3]\nlayers:\n- {linear: 3, share: w}\n- {linear: 4, share: w}\n").startswith("<text>:4:4: ")


def test_blocks_share_by_place_inside() -> None:
    report = ask(
        "[{unit: 6, share: u}, {unit: 6, share: u}, {unit: 6}]",
        blocks="{'unit(n)': [{conv: [n, 1]}, batch_norm, {conv: [n, 3, 1, 1]}]}",
    )
    one = 6 * 6 + 6 + 12 + 6 * 6 * 9 + 6
    assert report.totals.params == 2 * one
    shared = [layer.shared_with for layer in report.layers]
    assert shared == [None] * 3 + ["unit1/conv1", "unit1/batch_norm", "unit1/conv2"] + [None] * 3


def test_blocks_share_what_lies_in_branches_and_loops() -> None:
    blocks = "{unit: [{add: {a: [{repeat: 2, layers: [{conv: [6, 1]}]}], b: []}}]}"
    report = ask("[{unit, share: u}, {unit, share: u}]", blocks=blocks)
    assert report.totals.params == 2 * 42
    assert report.layers[-2].shared_with == "unit1/add/a/conv2"


def test_blocks_of_different_make_share_what_they_have_in_common() -> None:
    blocks = "{a: [{conv: [6, 1]}], b: [{conv: [6, 1]}, batch_norm]}"
    report = ask("[{a, share: u}, {b, share: u}]", blocks=blocks)
    assert report.totals.params == 42 + 12


def test_a_label_inside_a_shared_block_is_that_label() -> None:
    blocks = "{unit: [{conv: [6, 1], share: w}, {conv: [6, 1]}]}"
    report = ask("[{unit, share: u}, {unit, share: u}, {conv: [6, 1], share: w}]", blocks=blocks)
    assert report.totals.params == 2 * 42


def test_a_block_inside_a_shared_block_shares_too() -> None:
    report = ask("[{outer, share: u}, {outer, share: u}]", blocks="{outer: [inner, inner], inner: [{conv: [6, 1]}]}")
    assert report.totals.params == 2 * 42


def test_labels_are_global() -> None:
    report = ask(
        "[unit, unit, {add: {a: [{linear: 3, share: w}], b: []}}]", "[3]", blocks="{unit: [{linear: 3, share: w}]}"
    )
    assert report.totals.params == 12


def test_labels_hold_expressions() -> None:
    report = ask("[{repeat: 4, layers: [{linear: 3, share: 'w{index % 2}'}]}]", "[3]")
    assert report.totals.params == 24
    assert [layer.shared_with for layer in report.layers] == [None, None, "linear1", "linear2"]


def test_a_label_may_be_called_like_anything() -> None:
    assert ask("[{linear: 3, share: relu}, {linear: 3, share: relu}]", "[3]").totals.params == 12


def test_a_merge_may_share_what_is_in_its_branches() -> None:
    layers = "[{add: {a: [{conv: [6, 1]}], b: []}, share: m}, {add: {a: [{conv: [6, 1]}], b: []}, share: m}]"
    assert ask(layers).totals.params == 42


def test_a_loop_may_not_pretend_to_share() -> None:
    """Steps that are operators or block calls share; on a loop the label would say nothing, so it is used or refused."""
    try:
        report = ask(
            "[{repeat: 2, share: w, layers: [{linear: 3}]}, {repeat: 2, share: w, layers: [{linear: 3}]}]", "[3]"
        )
    except archcalc.ArchcalcError:
        return
    assert report.totals.params < 48


@pytest.mark.parametrize("label", ["''", "[]", "{a: b}", "'a{'", "'{3 +}'"])
def test_labels_that_are_none(label: str) -> None:
    refused(f"[{{linear: 3, share: {label}}}]", "[3]")


# What is frozen.


@pytest.mark.parametrize("value", ["false", "1 > 2", "not on"])
def test_trainable_false_freezes_an_operator(value: str) -> None:
    report = ask(
        f"[{{linear: 3, trainable: {value}}}, {{linear: 3}}, {{if: on, then: []}}]", "[3]", hyperparameters="{on: true}"
    )
    assert (report.totals.params, report.totals.trainable_params) == (24, 12)
    assert [layer.trainable_params for layer in report.layers] == [0, 12]


def test_trainable_true_changes_nothing() -> None:
    assert ask("[{linear: 3, trainable: true}]", "[3]").totals.trainable_params == 12


@pytest.mark.parametrize(
    "step",
    [
        "{unit, trainable: false}", "{repeat: 1, trainable: false, layers: [unit]}", "{for: {i: [1]}, trainable: false, layers: [unit]}",
        "{if: true, trainable: false, then: [unit]}", "{add: {a: [unit]}, trainable: false}", "{outer, trainable: false}",
        "{output: {aux: [unit]}, trainable: false}",
    ],
)  # fmt: skip
def test_everything_inside_is_frozen(step: str) -> None:
    report = ask(
        f"[{step}, {{linear: 3}}]",
        "[3]",
        blocks="{unit: [{linear: 3}, {add: {x: [{linear: 3}], y: []}}], outer: [unit]}",
    )
    assert (report.totals.params, report.totals.trainable_params) == (36, 12)


def test_inside_what_is_frozen_nothing_thaws() -> None:
    report = ask("[{unit, trainable: false}]", "[3]", blocks="{unit: [{linear: 3, trainable: true}]}")
    assert report.totals.trainable_params == 0


def test_buffers_are_not_frozen_params() -> None:
    report = ask("[{batch_norm, trainable: false}]")
    assert (report.totals.params, report.totals.trainable_params, report.totals.buffers) == (12, 0, 12)


def test_frozen_layers_still_count_as_deep_and_cost() -> None:
    report = ask("[{linear: 3, trainable: false}]", "[3]")
    assert (report.totals.mult_adds, report.totals.depth) == (9, 1)


def test_mistakes() -> None:
    assert messages(refusal(spec("[{linear: 3, trainable: maybe}]", "[3]"))) == ["nothing is called 'maybe'"]
