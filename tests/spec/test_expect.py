"""Design 3, "Expect": exact numbers, printed figures, budgets, under other hyperparameters and at a path."""

from __future__ import annotations

from fractions import Fraction

import pytest
from asking import messages, spec

import archcalc
from archcalc.spec.figure import FigureError, read_figure
from archcalc.studies.expectations import Verdict, check

HYPER = "{width: 4, on: false, k: 3}"
LAYERS = """
- {conv: [width, k, 1, 1], name: stem}
- {if: on, then: [batch_norm]}
- repeat: 2
  layers: [unit]
- {max_pool: 2}
- flatten
- {if: training, then: [{output: {aux: [{linear: 2}]}}]}
- {linear: 10}
"""
BLOCKS = "{unit: [{add: {body: [{conv: [channels, 1]}, relu], shortcut: []}}]}"
STEM, UNIT, HEAD = 4 * 6 * 9 + 4, 4 * 4 + 4, 64 * 10 + 10
PARAMS = STEM + 2 * UNIT + HEAD


def verdicts(expect: str) -> list[Verdict]:
    text = spec(LAYERS, hyperparameters=HYPER, blocks=BLOCKS, expect=expect)
    return list(check(archcalc.load(text)))


def wrong(expect: str) -> list[str]:
    with pytest.raises(archcalc.SpecError) as caught:
        verdicts(expect)
    return messages(str(caught.value))


def test_a_whole_number_is_exact() -> None:
    (right,) = verdicts(f"[{{params: {PARAMS}}}]")
    assert (right.holds, right.expected, right.values) == (True, True, (PARAMS,))
    (off,) = verdicts(f"[{{params: {PARAMS + 1}}}]")
    assert (off.holds, off.expected) == (False, False)


FIGURES: list[tuple[str, int, bool]] = [
    ("138M", 138357544, True), ("138.4M", 138357544, True), ("138.3M", 138357544, False), ("138.36M", 138357544, True),
    ("139M", 138500000, True), ("138M", 138500000, True), ("138M", 138500001, False), ("138M", 137500000, True), ("138M", 137499999, False),
    ("1.0M", 1049999, True), ("1M", 1049999, True), ("1.00M", 1049999, False), ("1.05M", 1049999, True),
    ("60M", 60965224, False), ("61M", 60965224, True), ("61.0M", 60965224, True), ("0.27M", 269722, True),
    ("15.5G", 15470264320, True), ("15.5B", 15470264320, True), ("15.47B", 15470264320, True), ("1T", 10**12, True),
    ("1K", 1000, True), ("1K", 1024, True), ("1.00K", 1024, False), ("1KiB", 1024, True), ("1.00KiB", 1024, True), ("1.00KiB", 1030, False),
    ("528 MiB", 528 * 2**20, True), ("528MiB", 528 * 2**20 + 2**19, True), ("528MiB", 528 * 2**20 + 2**19 + 1, False),
    ("1 MB", 10**6, True), ("1.5 GB", 15 * 10**8, True), ("2GiB", 2**31, True), ("1KB", 1499, True), ("1KB", 1501, False),
    ("138,357,544", 138357544, True), ("138,357,545", 138357544, False), ("62.3", 62, False), ("62.0", 62, True),
    ("at most 600M", 600_000_000, True), ("at most 600M", 600_000_001, False), ("at most 600M", 3, True), ("at least 224", 224, True),
    ("at least 224", 223, False), ("at most 5", 5, True), ("-90", -90, True), ("-90", 90, False), ("0", 0, True), ("0M", 499_999, True),
]  # fmt: skip


@pytest.mark.parametrize(("figure", "value", "holds"), FIGURES)
def test_a_figure_holds_within_half_a_unit_of_its_last_digit(figure: str, value: int, holds: bool) -> None:
    assert read_figure(figure).holds(value) is holds


@pytest.mark.parametrize(
    ("figure", "value", "holds"),
    [
        ("60M", 60965224, True), ("60M", 60000000, True), ("60M", 61000000, False), ("60M", 59999999, True), ("60M", 59400000, False),
        ("1.2G", 1299999999, True), ("1.2G", 1300000000, False), ("61M", 60965224, True),
    ],
)  # fmt: skip
def test_a_cut_figure_holds_for_all_that_begins_with_its_digits(figure: str, value: int, holds: bool) -> None:
    assert read_figure(figure).holds(value, cut=True) is holds


@pytest.mark.parametrize(
    "text",
    ["", "M", "many", "1.M", ".5M", "1e6", "1,5M", "12 34", "5X", "5 m", "5mb", "about 5M", "at most", "at most M", "5M!", "1/2", "0x10", "true",
     "--5", "5 MMiB", "1.2.3", ",5", "5,", "1,,0", "5_", "_5", "1__0", "9" * 500],
)  # fmt: skip
def test_what_is_no_figure(text: str) -> None:
    with pytest.raises(FigureError):
        read_figure(text)


def test_figures_are_exact_values() -> None:
    figure = read_figure("0.10M")
    assert (figure.value, figure.last_digit) == (100_000, 10_000)
    assert read_figure("0.1").value == Fraction(1, 10)


@pytest.mark.parametrize(
    ("expect", "value"),
    [
        ("params: 0", PARAMS), ("trainable_params: 0", PARAMS), ("buffers: 1", 0), ("params_and_buffers: 0", PARAMS),
        ("mult_adds: 0", 64 * 4 * 54 + 2 * 64 * 16 + 640), ("depth: 0", 4), ("shortest_path: 0", 2), ("activations: 0", 4 * 64 * 7 + 64 + 10),
        ("activation_bytes: 0", 4 * (4 * 64 * 7 + 64 + 10)), ("output_shape: 0", 10),
    ],
)  # fmt: skip
def test_every_total_can_be_stated(expect: str, value: int) -> None:
    (verdict,) = verdicts(f"[{{{expect}}}]")
    assert (verdict.holds, verdict.values) == (False, (value,))


def test_several_quantities_in_one_row_are_several_verdicts() -> None:
    found = verdicts(f"[{{params: {PARAMS}, buffers: 0, depth: 5}}]")
    assert [(v.quantity, v.holds) for v in found] == [("params", True), ("buffers", True), ("depth", False)]


def test_lists_are_one_figure_per_axis() -> None:
    (verdict,) = verdicts("[{output_shape: [4, 8, 8], at: stem}]")
    assert verdict.holds
    assert [v.holds for v in verdicts("[{receptive_field: [4, 4]}, {receptive_field: 4}, {receptive_field: [4, 5]}]")] == [
        True, True, False,
    ]  # fmt: skip


def test_a_list_of_other_length_does_not_hold() -> None:
    assert [v.holds for v in verdicts("[{output_shape: [10]}, {output_shape: [10, 1]}, {params: [1, 2]}]")] == [
        True,
        False,
        False,
    ]


def test_receptive_fields() -> None:
    """conv 3 with padding 1 sees 3 from -1; max pool 2 sees 4 in steps of 2."""
    expect = (
        "[{receptive_field: 4, receptive_field_stride: 2, receptive_field_start: -1}, {receptive_field: 3, at: stem}]"
    )
    assert all(v.holds for v in verdicts(expect))


# with


def test_with_puts_other_hyperparameters_in() -> None:
    found = verdicts(
        f"[{{params: {PARAMS}}}, {{params: {2 * 55 + 2 * 6 + 32 * 10 + 10}, with: {{width: 2}}}}, {{buffers: 8, with: {{on: true}}}}]"
    )
    assert all(v.holds for v in found)
    assert [v.settings for v in found] == ["", "width=2", "on=true"]


def test_with_takes_expressions_and_lists() -> None:
    assert all(v.holds for v in verdicts(f"[{{params: {PARAMS}, with: {{width: 2 + 2, k: 6 / 2}}}}]"))


def test_with_training() -> None:
    found = verdicts(
        f"[{{params: {PARAMS + 64 * 2 + 2}, with: {{training: true}}}}, {{params: {PARAMS}, with: {{training: false}}}}]"
    )
    assert all(v.holds for v in found)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{params: 1, with: {widht: 3}}", "<text> has no hyperparameter 'widht'"),
        ("{params: 1, with: {width: 3 +}}", "this is no expression: 3 +"),
        ("{params: 1, with: {training: 3}}", "'training' is true or false, not 3"),
        ("{params: 1, with: 3}", "'with' is a mapping of hyperparameters to values"),
        ("{params: many}", "'many' is no figure"),
        ("{parms: 1}", "a row of expect has no key 'parms'"),
        ("{cite: x}", "a row of expect states at least one quantity"),
        ("{params: 1, cut: maybe}", "'cut' is true or false"),
        ("{params: {a: 1}}", "a figure is a number or a text, or a list of these"),
        ("{params: }", "'' is no figure"),
        ("{params: 1, at: nowhere}", "there is no path 'nowhere'"),
        ("{depth: 1, at: stem}", "'depth' is a total of the network, and has no 'at'"),
        ("{params: 1, at: relu}", "'relu' is the end of 2 paths: unit1/add/body/relu, unit2/add/body/relu"),
        ("{receptive_field: 1, at: linear}", "no window path leads here: there is no receptive field"),
    ],
)  # fmt: skip
def test_mistakes(row: str, message: str) -> None:
    assert message in wrong(f"[{row}]")


@pytest.mark.parametrize("expect", ["3", "relu", "{params: 3}", "[3]", "[relu]", "[[]]"])
def test_expect_is_a_list_of_rows(expect: str) -> None:
    assert "expect is a list of mappings, as in '- {params: 138M}'" in wrong(expect)


def test_a_mistake_under_with_is_told() -> None:
    assert "out must be at least 1, not 0" in wrong("[{params: 1, with: {width: 0}}]")


# at


@pytest.mark.parametrize(
    ("at", "params"),
    [
        ("stem", STEM), ("unit1/add/body/conv", UNIT), ("unit2", UNIT), ("unit1/add", UNIT), ("unit1/add/body", UNIT), ("linear", HEAD),
        ("unit1/add/body/relu", 0),
    ],
)  # fmt: skip
def test_at_asks_about_a_path_or_all_inside(at: str, params: int) -> None:
    assert verdicts(f"[{{params: {params}, at: {at}}}]")[0].holds


def test_the_end_of_a_path_is_enough_if_it_is_the_only_one() -> None:
    assert verdicts("[{params: 0, at: unit2/add/body/relu}, {params: 20, at: unit2/add}]")[0].holds
    text = spec(
        "[{add: {left: [{linear: 3}], right: []}}]",
        "[3]",
        expect="[{params: 12, at: left/linear}, {params: 12, at: linear}]",
    )
    assert all(v.holds for v in check(archcalc.load(text)))


def test_a_whole_path_comes_before_the_end_of_another() -> None:
    text = spec(
        "[{conv: [6, 1]}, unit]",
        blocks="{unit: [{conv: [1, 1]}]}",
        expect="[{params: 42, at: conv}, {params: 7, at: unit/conv}]",
    )
    assert all(v.holds for v in check(archcalc.load(text)))


def test_the_shape_at_a_path_is_what_flows_out_of_it() -> None:
    expect = "[{output_shape: [4, 8, 8], at: unit1}, {output_shape: [4, 4, 4], at: max_pool}, {output_shape: 64, at: flatten}]"
    assert all(v.holds for v in verdicts(expect))


# differs, cut, budgets


def test_differs_marks_what_is_known_not_to_hold() -> None:
    (verdict,) = verdicts("[{params: 5, differs: the paper counts otherwise}]")
    assert (verdict.holds, verdict.expected, verdict.differs) == (False, True, "the paper counts otherwise")


def test_differs_that_holds_after_all_is_the_error() -> None:
    (verdict,) = verdicts(f"[{{params: {PARAMS}, differs: typo}}]")
    assert (verdict.holds, verdict.expected) == (True, False)


def test_cut_in_a_row() -> None:
    assert [v.holds for v in verdicts("[{params: 0.91K, cut: true}, {params: 0.91K}, {params: 0.90K, cut: true}]")] == [
        True,
        True,
        False,
    ]
    assert PARAMS == 910


def test_budgets_are_words() -> None:
    found = verdicts(
        "[{params: at most 1K, mult_adds: at least 1K}, {params: at most 100}, {receptive_field: at least 5}]"
    )
    assert [v.holds for v in found] == [True, True, False, False]


def test_verdicts_know_their_place_and_source() -> None:
    text = spec("[relu]", expect="\n- {params: 0, cite: Table 1}\n- {buffers: 1}")
    first, second = check(archcalc.load(text))
    assert (first.cite, first.place.line, second.place.line) == ("Table 1", 4, 5)
    assert second.place.excerpt.strip() == "- {buffers: 1}"


def test_a_spec_that_expects_nothing_is_still_unrolled() -> None:
    with pytest.raises(archcalc.SpecError):
        list(check(archcalc.load("input: [3]\nlayers: [{linear: 0}]\n")))
