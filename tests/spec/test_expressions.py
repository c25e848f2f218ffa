"""Design 3, "Expressions": exact arithmetic on names and numbers, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, messages, out, refusal, refused, spec
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc

if TYPE_CHECKING:
    from collections.abc import Callable


def value(text: str, **others: str) -> Any:
    """What an expression comes to, as a hyperparameter."""
    names = "".join(f"  {name}: {other}\n" for name, other in others.items())
    used = " and ".join(f"{name} == {name}" for name in ("x", *others))
    quoted = '"' + text + '"'
    return archcalc.analyze(
        f"hyperparameters:\n  x: {quoted}\n{names}input: [6, 8, 8]\nlayers: [{{if: {used}, then: [relu]}}]\n"
    ).hyperparameters["x"]


VALUES: list[tuple[str, object]] = [
    ("0", 0), ("7", 7), ("00001 if false else 3", None), ("3.0", 3), ("0.75", Fraction(3, 4)), ("0.50", Fraction(1, 2)),
    ("0.1 + 0.2", Fraction(3, 10)), ("1.10 * 10", 11), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("2 - 3 - 4", -5), ("2 - (3 - 4)", 3),
    ("7 / 2", Fraction(7, 2)), ("8 / 2", 4), ("8 / 2 / 2", 2), ("8 / (2 / 2)", 8), ("7 // 2", 3), ("-7 // 2", -4), ("7 % 3", 1),
    ("-7 % 3", 2), ("7.5 // 2", 3), ("7.5 % 2", Fraction(3, 2)), ("2 ** 10", 1024), ("2 ** 3 ** 2", 512), ("-2 ** 2", -4),
    ("(-2) ** 2", 4), ("2 ** -1", Fraction(1, 2)), ("2 ** -1 * 2", 1), ("0.5 ** 2", Fraction(1, 4)), ("0 ** 0", 1), ("-(3)", -3),
    ("- - 3", 3), ("3 * -2", -6), ("10 - 2 * 3 ** 2 // 4", 6),
    ("1 < 2", True), ("2 < 1", False), ("1 <= 1", True), ("1 >= 2", False), ("1 == 1.0", True), ("1 != 1", False), ("1 < 2 < 3", True),
    ("1 < 3 < 2", False), ("1 < 2 == 2", True), ("1/3 + 2/3 == 1", True), ("0.1 + 0.2 == 0.3", True),
    ("1 in [1, 2]", True), ("3 in [1, 2]", False), ("3 not in [1, 2]", True), ("1 in []", False), ("[1] in [[1], 2]", True),
    ("relu in [relu, tanh]", True), ("relu == relu", True), ("relu == tanh", False), ("relu != tanh", True), ("[1, 2] == [1, 2]", True),
    ("[1, 2] == [2, 1]", False), ("[] == []", True), ("true == true", True), ("true != false", True), ("1 == true", False),
    ("relu == 1", False), ("[1] == 1", False),
    ("true and false", False), ("true or false", True), ("not true", False), ("not false and true", True), ("not (true and false)", True),
    ("true or false and false", True), ("not 1 == 2", True), ("1 < 2 and 2 < 3", True),
    ("1 if true else 2", 1), ("1 if 1 > 2 else 2", 2), ("1 if false else 2 if false else 3", 3), ("(1 if true else 2) + 1", 2),
    ("1 + 1 if false else 5", 5),
    ("[1, 2, 3][0]", 1), ("[1, 2, 3][2]", 3), ("[1, 2, 3][-1]", 3), ("[1, [2, 3]][1][0]", 2), ("[1, 2, 3][[0, 2]]", (1, 3)),
    ("[5, 6][1 - 1]", 5), ("[1, 2, 3][[]]", ()), ("[]", ()), ("[1]", (1,)), ("[1, 2]", (1, 2)), ("[1, relu, true]", (1, "relu", True)),
    ("[1] + [2, 3]", (1, 2, 3)), ("[] + []", ()), ("[[1]] + [2]", ((1,), 2)),
    ("min(3, 1, 2)", 1), ("max(3, 1, 2)", 3), ("min([3, 1])", 1), ("max([3, 1.5])", 3), ("min(3)", 3), ("max(1/2, 1/3)", Fraction(1, 2)),
    ("abs(-3)", 3), ("abs(1/2 - 1)", Fraction(1, 2)), ("ceil(1.1)", 2), ("ceil(-1.1)", -1), ("ceil(2)", 2), ("floor(1.9)", 1),
    ("floor(-1.1)", -2), ("floor(2)", 2), ("round(0.5)", 1), ("round(1.5)", 2), ("round(2.5)", 3), ("round(-0.5)", 0), ("round(-1.5)", -1),
    ("round(2.4)", 2), ("round(2.6)", 3), ("round(7)", 7),
    ("round_to(20, 8)", 24), ("round_to(19, 8)", 16), ("round_to(3, 8)", 0), ("round_to(4, 8)", 8), ("round_to(24, 8)", 24),
    ("round_to(0.3, 0.25)", Fraction(1, 4)), ("round_to(12.5, 5)", 15),
    ("make_divisible(3, 8)", 8), ("make_divisible(32 * 0.75, 8)", 24), ("make_divisible(19, 8)", 24), ("make_divisible(16, 8)", 16),
    ("make_divisible(18, 8)", 24), ("make_divisible(17, 8)", 16), ("make_divisible(12, 8)", 16), ("make_divisible(11, 8)", 16),
    ("make_divisible(1280 * 1.4, 8)", 1792), ("make_divisible(320 * 0.35, 8)", 112), ("make_divisible(10, 3)", 9),
    ("make_divisible(9.9, 8)", 16), ("make_divisible(8.8, 8)", 8),
    ("len([1, 2])", 2), ("len([])", 0), ("sum([1, 2, 3])", 6), ("sum([])", 0), ("sum([1/2, 1/2])", 1),
    ("range(3)", (0, 1, 2)), ("range(0)", ()), ("range(2, 5)", (2, 3, 4)), ("range(5, 2)", ()), ("range(1, 8, 3)", (1, 4, 7)),
    ("range(5, 0, -2)", (5, 3, 1)), ("reversed([1, 2, 3])", (3, 2, 1)), ("reversed(range(3))", (2, 1, 0)), ("sum(range(5))", 10),
    ("max(range(3))", 2), ("len(range(100000))", 100_000), ("relu", "relu"), ("same", "same"), ("true", True), ("false", False),
    ("  3  +  4  ", 7), ("((((3))))", 3), ("training", False), ("not training", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [pair for pair in VALUES if pair[1] is not None], ids=lambda p: str(p)[:40]
)
def test_value(text: str, expected: object) -> None:
    got = value(text)
    assert got == expected
    assert type(got) is type(expected)


def test_make_divisible_is_the_rule_of_mobilenet_v2() -> None:
    """The published function: max(m, int(x + m/2) // m * m), one multiple more when that is below 0.9 x."""
    for m in (1, 2, 4, 8, 16):
        for x in range(1, 200):
            nearest = max(m, (2 * x + m) // (2 * m) * m)
            assert value(f"make_divisible({x}, {m})") == nearest + (m if 10 * nearest < 9 * x else 0)
        if m > 2:
            break


def test_names() -> None:
    assert value("a * b + c[1]", a="3", b="a + 1", c="[1, 2]") == 14


# Hypothesis: random expressions come to what Python's fractions say.

Tree = tuple[str, Any]
NUMBERS = st.integers(0, 40).map(lambda n: (str(n), Fraction(n))) | st.tuples(
    st.integers(0, 20), st.integers(0, 99)
).map(lambda p: (f"{p[0]}.{p[1]:02}", p[0] + Fraction(p[1], 100)))


BINARY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y if y else Fraction(0),
    "//": lambda x, y: Fraction(x // y) if y else Fraction(0), "%": lambda x, y: x % y if y else Fraction(0),
}  # fmt: skip
CALLS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "min": min, "max": max, "sum": lambda values: sum(values, Fraction(0)), "abs": lambda values: abs(values[0]),
    "ceil": lambda values: Fraction(ceil(values[0])), "floor": lambda values: Fraction(floor(values[0])),
    "round": lambda values: Fraction(floor(values[0] + Fraction(1, 2))),
}  # fmt: skip


def _binary(left: Tree, symbol: str, right: Tree) -> Tree:
    (a, x), (b, y) = left, right
    if symbol in ("/", "//", "%"):
        return f"({a} {symbol} {b} if {b} != 0 else 0)", BINARY[symbol](x, y)
    return f"({a} {symbol} {b})", BINARY[symbol](x, y)


def _call(name: str, *arguments: Tree) -> Tree:
    inside = ", ".join(text for text, _ in arguments)
    written = f"{name}([{inside}])" if name == "sum" else f"{name}({inside})"
    return written, CALLS[name]([number for _, number in arguments])


def _choice(condition: Tree, symbol: str, other: Tree, then: Tree, otherwise: Tree) -> Tree:
    holds = {
        "<": condition[1] < other[1],
        "<=": condition[1] <= other[1],
        "==": condition[1] == other[1],
        "!=": condition[1] != other[1],
    }[symbol]
    return f"({then[0]} if {condition[0]} {symbol} {other[0]} else {otherwise[0]})", then[1] if holds else otherwise[1]


def _more(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return (
        st.builds(_binary, inner, st.sampled_from(sorted(BINARY)), inner)
        | st.builds(_call, st.sampled_from(["min", "max", "sum"]), inner, inner)
        | st.builds(_call, st.sampled_from(["abs", "ceil", "floor", "round"]), inner)
        | st.builds(_choice, inner, st.sampled_from(["<", "<=", "==", "!="]), inner, inner, inner)
        | inner.map(lambda t: (f"-{t[0]}", -t[1]))
        | inner.map(lambda t: (f"({t[0]}) ** 2", t[1] ** 2))
        | st.builds(lambda a, b, i: (f"[{a[0]}, {b[0]}][{i}]", (a, b)[i][1]), inner, inner, st.integers(0, 1))
    )


EXPRESSIONS = st.recursive(NUMBERS, _more, max_leaves=12)


@settings(max_examples=200)
@given(EXPRESSIONS)
def test_random_expressions_are_exact(tree: Tree) -> None:
    text, expected = tree
    assert value(text) == expected


CHAINS = st.tuples(
    st.lists(st.tuples(st.sampled_from(["", "", "-", "not "]), st.sampled_from("1235")), min_size=2, max_size=6),
    st.lists(st.sampled_from(["+", "-", "*", "//", "%", "**", "<", "<=", "==", "!=", "and", "or", "if true else", "if false else"]), min_size=6, max_size=6),
).map(lambda drawn: "".join(f"{sign}{digit} {symbol} " for (sign, digit), symbol in zip(*drawn, strict=False)) + "2")  # fmt: skip


@settings(max_examples=300)
@given(CHAINS)
def test_precedence_is_that_of_python(text: str) -> None:
    """Where both read whole numbers and truths, it comes to the same; what has no brackets shows how it binds."""
    try:
        expected = eval(text, {"true": True, "false": False})
    except (SyntaxError, ArithmeticError):
        return
    try:
        got = value(text)
    except archcalc.ArchcalcError:
        return  # numbers have no truth here
    if not isinstance(expected, float):
        assert got == expected
        assert isinstance(got, bool) == isinstance(expected, bool)


# What a name is.


def test_an_argument_comes_before_a_hyperparameter() -> None:
    report = ask("[{unit: 5}, {linear: n}]", "[3]", hyperparameters="{n: 7}", blocks="{'unit(n)': [{linear: n}]}")
    assert [layer.output_shape for layer in report.layers] == [(5,), (7,)]


def test_a_loop_variable_comes_before_a_hyperparameter() -> None:
    assert out(ask("[{linear: n}, {for: {n: [4, 5]}, layers: [{linear: n}]}]", "[3]", hyperparameters="{n: 7}")) == (5,)


def test_channels_are_those_of_what_flows_in_at_that_step() -> None:
    report = ask("[{conv: [channels * 2, 1]}, {conv: [channels * 2, 1]}, {conv: [channels + 1, 1]}]")
    assert [layer.output_shape[0] for layer in report.layers] == [12, 24, 25]


@pytest.mark.parametrize(("shape", "channels"), [("[7]", 7), ("[5, 7]", 7), ("[7, 4, 5]", 7), ("[7, 3, 4, 5]", 7)])
def test_channels_are_the_features(shape: str, channels: int) -> None:
    report = ask("[{if: channels == n, then: [relu]}]", shape, hyperparameters=f"{{n: {channels}}}")
    assert len(report.layers) == 1


def test_channels_after_from_are_those_that_it_chooses() -> None:
    layers = "[{as: x}, {conv: [20, 1]}, {as: y}, {conv: [channels, 1], from: x, as: z}, {concat, from: [y, z]}]"
    assert out(ask(layers)) == (26, 8, 8)


def test_channels_of_several_tensors_have_no_meaning() -> None:
    assert "'channels' has no meaning here: 2 tensors flow in" in refused(
        "[{as: x}, {from: [x, x]}, {conv: [channels, 1]}]"
    )


@pytest.mark.parametrize(
    ("shape", "axis", "size"),
    [
        ("[5, 7, 9]", "channels", 5), ("[5, 7, 9]", "height", 7), ("[5, 7, 9]", "width", 9), ("[5, 7]", "length", 5),
        ("[5, 7]", "channels", 7), ("[5]", "channels", 5), ("[5, 6, 7, 8]", "height", 7), ("[5, 6, 7, 8]", "width", 8),
    ],
)  # fmt: skip
def test_sizes_of_a_named_tensor(shape: str, axis: str, size: int) -> None:
    report = ask(f"[{{as: x}}, {{if: x.{axis} == {size}, then: [relu], else: [tanh]}}]", shape)
    assert report.layers[0].op == "relu"


@pytest.mark.parametrize(
    ("shape", "axis"), [("[5]", "height"), ("[5, 6]", "width"), ("[5, 6, 7]", "length"), ("[5]", "length")]
)
def test_sizes_a_tensor_does_not_have(shape: str, axis: str) -> None:
    refused(f"[{{as: x}}, {{if: x.{axis} == 3, then: [relu]}}]", shape)


def test_the_input_is_a_tensor_by_its_name() -> None:
    assert out(ask("[{if: input.height == 8, then: [{conv: [3, 1]}]}]")) == (3, 8, 8)


def test_a_tensor_is_no_number() -> None:
    assert refused("[{as: x}, {conv: [x, 3]}]") == "'x' is a tensor"
    assert "is a tensor" in refused("[{as: x}, {if: x == x, then: [relu]}]")


def test_a_word_stands_for_itself() -> None:
    report = ask(
        "[{for: {act: [relu, same, unit]}, layers: [{if: act != same, then: [act]}]}]", blocks="{unit: [tanh]}"
    )
    assert [layer.op for layer in report.layers] == ["relu", "tanh"]


def test_anything_else_is_an_error() -> None:
    assert refused("[{conv: [outs, 3]}]") == "nothing is called 'outs'"


@pytest.mark.parametrize("name", ["index", "first", "last"])
def test_loop_names_outside_loops(name: str) -> None:
    assert refused(f"[{{if: {name} == 0, then: [relu]}}]") == f"'{name}' has a meaning only inside 'repeat' and 'for'"


def test_or_and_and_stop_early() -> None:
    assert value("true or 1/0 == 1") is True
    assert value("false and 1/0 == 1") is False
    assert value("1 if true else 1/0") == 1


# What is no expression; programs are in test_hostile.

ERRORS = {
    "1 / 0": "division by zero", "1 // 0": "division by zero", "1 % 0": "division by zero", "0 ** -1": "division by zero",
    "2 ** 0.5": "an exponent is a whole number, not 1/2", "1 if 1 else 2": "a condition is true or false, not 1",
    "not 0": "a condition is true or false, not 0", "1 and true": "a condition is true or false, not 1",
    "true + 1": "true is no number", "[1] * 2": "the list [1] is no number", "relu + 1": "the word 'relu' is no number",
    "[1, 2] < [1, 3]": "the list [1, 2] is no number", "true < false": "true is no number", "1 in 2": "'in' asks for a list, not 2",
    "[1, 2][2]": "index 2 is past the end of a list of 2", "[1, 2][-3]": "index -3 is past the end of a list of 2",
    "[1, 2][1/2]": "an index is a whole number, not 1/2", "[1][true]": "an index is a whole number, not true", "3[0]": "3 has no items",
    "len(3)": "3 has no length", "sum(3)": "sum takes a list, not 3", "reversed(3)": "reversed takes a list, not 3",
    "range(1/2)": "range takes whole numbers, not 1/2", "min([])": "min of an empty list", "nope(3)": "there is no function 'nope'",
    "abs(1, 2)": "abs takes 1 argument, not 2", "round_to(1)": "round_to takes 2 arguments, not 1",
    "range(1, 2, 3, 4)": "range takes 1 to 3 arguments, not 4", "min()": "min takes at least 1 argument, not 0",
    "x[1:2]": "':' has no meaning in an expression: x[1:2]", "1:30": "':' has no meaning in an expression: 1:30",
    "017": "'017' is no number", "1e5": "'1e5' is no number", "0x10": "'0x10' is no number", ".5": "'.5' is no number",
    "5.": "'5.' is no number", "1_000": "'1_000' is no number", "1.2.3": "'1.2.3' is no number",
    "True": "'True' has no meaning in an expression", "None": "'None' has no meaning in an expression",
    "''": '"\'" has no meaning in an expression: \'\'', "(1, 2)": "'(1, 2)' has no meaning in an expression",
    "1 is 1": "comparisons are == != < <= > >= in, not in", "a = 3": "this is no expression: a = 3",
    "1 2": "this is no expression: 1 2", "x.shape": "'.shape' has no meaning", "x.channels.y": "'.y' has no meaning",
}  # fmt: skip


@pytest.mark.parametrize("text", ERRORS)
def test_error(text: str) -> None:
    said = refusal(f'hyperparameters:\n  a: 1\n  x: "{text}"\ninput: [6]\nlayers: [{{if: x == a, then: [relu]}}]\n')
    assert ERRORS[text] in messages(said)


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "null", "~", "Yes", "TRUE", "True", "Null"])
def test_only_true_and_false_are_truths(text: str) -> None:
    refused(f"[{{if: {text}, then: [relu]}}]")


def test_3_1_is_a_name() -> None:
    """YAML 1.1 reads 3_1 as 31; here a name cannot start with a digit, and a number has no _."""
    assert refused("[{linear: 3_1}]", "[3]") == "'3_1' is no number"
    report = ask("[sep_3_1]", blocks="{sep_3_1: [relu]}")
    assert len(report.layers) == 1


def test_trailing_zeros_do_not_matter_to_a_number() -> None:
    assert value("0.50") == value("0.5") == Fraction(1, 2)


# YAML's quoting.


def test_a_comma_in_a_flow_mapping_needs_quotes() -> None:
    said = refusal(spec("[{conv: {out: round_to(channels*4, 8), kernel: 3}}]"))
    assert "quote it: inside { } a comma ends the value" in said
    assert out(ask("[{conv: {out: 'round_to(channels*4, 8)', kernel: 3}}]")) == (24, 6, 6)


def test_a_comma_in_a_flow_list_needs_quotes() -> None:
    assert "quote it" in refusal(spec("[{conv: [max(3, 4), 3]}]"))
    assert out(ask("[{conv: ['max(3, 4)', 3]}]")) == (4, 6, 6)


def test_brackets_in_a_flow_list_need_quotes() -> None:
    said = refusal(spec("[{conv: [widths[0], 3]}]", hyperparameters="{widths: [4, 5]}"))
    assert "quote it" in said
    assert out(ask("[{conv: ['widths[0]', 3]}]", hyperparameters="{widths: [4, 5]}")) == (4, 6, 6)


def test_none_of_this_needs_quotes_in_block_style() -> None:
    layers = """
    - conv:
        out: round_to(channels*4, 8)
        kernel: sizes[0]
    """
    assert out(ask(layers, hyperparameters="{sizes: [3]}")) == (24, 6, 6)


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ("{linear: *x}", "quote"), ("{linear: [x}", "quote"), ("{linear: &x 3}", "a block serves to say a thing once"),
        ("{if: !x, then: [relu]}", "not"), ("{linear: %3}", "quote"), ("{linear: @x}", "quote"), ("{linear: `x`}", "quote"),
        ("{linear: a: b}", "quote"),
    ],
)  # fmt: skip
def test_the_complaints_of_yaml_are_translated(step: str, hint: str) -> None:
    said = refusal(spec(f"[{step}]", "[3]"))
    assert hint in said.splitlines()[-1]
    assert "YAML: " not in said
    assert "found" not in said


def test_a_comparison_at_the_start_of_a_value() -> None:
    said = refusal("input: [3]\nlayers:\n- if: > 3\n  then: [relu]\n")
    assert "quote" in said.splitlines()[-1]
