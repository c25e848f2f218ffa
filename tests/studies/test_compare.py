"""`archcalc compare`: differences of two reports, layers matched by path, and the quotients that papers print."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from evaluating import at

import archcalc
from archcalc.cli import main
from archcalc.recorded import known
from archcalc.report import COUNTS
from archcalc.studies.compare import TOTALS, common_symbols, differing

if TYPE_CHECKING:
    from archcalc.studies.compare import Comparison


def compared(
    a: str, b: str, *, a_with: dict[str, Any] | None = None, b_with: dict[str, Any] | None = None
) -> Comparison:
    return archcalc.compare(archcalc.analyze(a, settings=a_with), archcalc.analyze(b, settings=b_with))


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    """What `archcalc compare` prints."""
    assert main(["compare", *command]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


PAIRS = [("resnet101", "resnet50"), ("vgg16", "vgg16_bn"), ("lenet5", "alexnet"), ("densenet121", "densenet169")]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_totals_are_those_of_the_reports(a: str, b: str) -> None:
    comparison = compared(a, b)
    ours, theirs = archcalc.analyze(a).totals, archcalc.analyze(b).totals
    for name in TOTALS:
        pair = comparison.total(name)
        assert (pair.a, pair.b) == (getattr(ours, name), getattr(theirs, name))
        assert pair.difference == getattr(ours, name) - getattr(theirs, name)
        if pair.b:
            assert pair.ratio == Fraction(getattr(ours, name), getattr(theirs, name))
            assert pair.quotient == str(pair.ratio)
        else:
            assert pair.ratio is None
            assert pair.quotient is None


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_every_layer_is_matched_once(a: str, b: str) -> None:
    comparison = compared(a, b)
    assert [m.a for m in comparison.layers if m.a] == list(comparison.a.layers)
    assert sorted(m.b.path for m in comparison.layers if m.b) == sorted(row.path for row in comparison.b.layers)
    assert all(row.path == match.path for match in comparison.layers for row in (match.a, match.b) if row)


@pytest.mark.parametrize(("a", "b"), PAIRS)
@pytest.mark.parametrize("levels", [None, 1, 2])
def test_what_differs_adds_up_to_the_difference(a: str, b: str, levels: int | None) -> None:
    comparison = compared(a, b)
    parts = differing(comparison, levels)
    for name in COUNTS:
        change = sum(getattr(row, name) for part in parts for row in part.a) - sum(
            getattr(row, name) for part in parts for row in part.b
        )
        assert change == comparison.total(name).difference
    assert not levels or all(part.path.count("/") < levels for part in parts)


def test_a_part_that_one_has_is_one_part() -> None:
    parts = differing(compared("resnet101", "resnet50"))
    assert [part.path for part in parts] == [f"layer3/bottleneck{i}" for i in range(7, 24)]
    assert all(part.a and not part.b for part in parts)


def test_a_network_is_equal_to_itself() -> None:
    comparison = compared("resnet50", "resnet50")
    assert differing(comparison) == []
    assert all(pair.difference == 0 for pair in comparison.totals)


def test_what_only_the_second_has_follows_what_it_follows_there() -> None:
    a = spec("[{conv: {out: 4, kernel: 1}, name: first}, {relu, name: last}]")
    b = spec(
        "[{identity, name: start}, {conv: {out: 4, kernel: 1}, name: first}, {tanh, name: mid}, {relu, name: last}]"
    )
    assert [match.path for match in compared(a, b).layers] == ["start", "first", "mid", "last"]


def test_receptive_fields_axis_by_axis() -> None:
    a, b = (spec(f"[{{conv: {{out: 4, kernel: {kernel}}}}}]") for kernel in ("[3, 1]", "3"))
    pairs = {pair.quantity: pair for pair in compared(a, b).totals}
    assert (pairs["receptive_field[0]"].difference, pairs["receptive_field[1]"].difference) == (0, -2)
    assert pairs["receptive_field_start"].ratio is None
    flat = spec("[{linear: 3}]", "[4]")
    assert compared(a, flat).total("receptive_field[0]")[1:] == (3, None)


# Published savings: the specs, what is fixed, and the quotient of weights and of mult-adds.

SAVINGS = [
    # arXiv:1704.04861, section 3.1, equation 4
    ("separable_conv", "one_conv", {}, {"bias": "false"}, "C H W out kernel", "1/out + 1/kernel**2"),
    # arXiv:1409.1556, section 2.3: 3(3**2 C**2) = 27 C**2 and 7**2 C**2 = 49 C**2
    ("stacked_convs", "stacked_convs", {"count": "3"}, {"count": "1", "kernel": "7"}, "C H W", "27/49"),
    # arXiv:1512.00567, section 3.1: 9 + 9 over 25
    ("stacked_convs", "stacked_convs", {"count": "2"}, {"count": "1", "kernel": "5"}, "C H W", "18/25"),
    # arXiv:1409.4842, Table 1: 1x1 + reductions + pool projection, and the 3x3 and 5x5 behind them
    (
        "inception_module", "one_conv", {}, {"bias": "false", "kernel": "5", "out": "256"}, "C H W",
        "13/400 + 482/(25*C)",
    ),
    # arXiv:1512.03385, Figure 5: C w + 9 w w + w C over 2 (9 C C)
    ("bottleneck_block", "basic_block", {"width": "C/4"}, {}, "C H W", "17/288"),
    ("bottleneck_block", "basic_block", {}, {}, "C H W width", "width/(9*C) + width**2/(2*C**2)"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "a_with", "b_with", "free", "quotient"), SAVINGS)
def test_published_savings(
    a: str, b: str, a_with: dict[str, str], b_with: dict[str, str], free: str, quotient: str
) -> None:
    reports = []
    for name, settings in ((a, a_with), (b, b_with)):
        known = archcalc.load(name).hyperparameters
        reports.append(archcalc.analyze(name, free=[n for n in free.split() if n in known], settings=settings))
    comparison = archcalc.compare(*reports)
    assert comparison.total("params").quotient == quotient
    assert comparison.total("mult_adds").quotient == quotient


@pytest.mark.parametrize(
    ("a", "b", "values"),
    [
        ("separable_conv", "one_conv", {"C": 6, "H": 9, "out": 10, "kernel": 4}),
        ("mobilenet_v1", "mobilenet_v1_full", {"alpha": Fraction(5, 7), "H": 61}),
        ("densenet121", "densenet169", {"growth": 12, "H": 77}),
        ("resnet101", "vgg16", {"H": 225, "classes": 7}),
        ("unet", "unet", {"H": 572}),
    ],
)
def test_quotients_evaluate_to_the_ratio_of_the_numbers(a: str, b: str, values: dict[str, Any]) -> None:
    free = archcalc.compare(archcalc.analyze(a, free=values), archcalc.analyze(b, free=values))
    given = {name: str(value) for name, value in values.items()}
    exact = compared(a, b, a_with=given, b_with=given)
    for name in COUNTS:
        quotient = free.total(name).quotient
        assert (quotient is None) == (exact.total(name).ratio is None)
        assert quotient is None or at(quotient, values) == exact.total(name).ratio


def test_common_symbols_leave_the_structure_alone() -> None:
    resnets = archcalc.load("resnet50"), archcalc.load("resnet101")
    # depths and widths are lists, block and shortcut words, v1 a truth; a reduction would add operators
    assert common_symbols(*resnets) == ("H", "W", "classes", "groups", "width_per_group")
    assert common_symbols(*resnets, fixed={"groups", "W"}) == ("H", "classes", "width_per_group")
    assert common_symbols(archcalc.load("gpt2_xl"), archcalc.load("lenet5")) == ()


def test_one_name_of_two_kinds_is_refused() -> None:
    a, b = (spec("[{conv: {out: ceil(8*k), kernel: 1}}]", hyperparameters=f"k: {value}") for value in ("2", "2.0"))
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.compare(archcalc.analyze(a, free=["k"]), archcalc.analyze(b, free=["k"]))
    assert str(caught.value) == "'k' is whole in one network and a fraction in the other"


def test_unequal_precision_is_refused() -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.compare(archcalc.analyze("lenet5"), archcalc.analyze("lenet5", dtype="int8"))
    assert str(caught.value) == "one network is counted in float32, the other in int8"


# The command.


def test_sides_are_set_alone_or_together(capsys: pytest.CaptureFixture[str]) -> None:
    plain = json.loads(said(capsys, "resnet50", "--set-b", "v1=true", "--set", "H=192", "--format", "json"))
    assert (plain["a"]["hyperparameters"]["v1"], plain["b"]["hyperparameters"]["v1"]) == (False, True)
    assert plain["a"]["hyperparameters"]["H"] == plain["b"]["hyperparameters"]["H"] == 192
    ours, theirs = (
        known(archcalc.analyze("resnet50", settings={"H": 192, "v1": v1}).totals.mult_adds) for v1 in (False, True)
    )
    assert plain["totals"]["mult_adds"] == {
        "a": ours,
        "b": theirs,
        "difference": ours - theirs,
        "ratio": str(Fraction(ours, theirs)),
    }


def test_a_name_of_one_spec_in_the_values_of_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("asymmetric_convs", "one_conv", "--symbolic", "--set", "bias=false", "--set-b", "kernel=n", "--format")
    answer = json.loads(said(capsys, *command, "json"))
    assert answer["symbols"] == ["C", "H", "W", "n"]
    assert answer["totals"]["params"] == {
        "a": "2*C**2*n",
        "b": "C**2*n**2",
        "difference": "-C**2*n**2 + 2*C**2*n",
        "ratio": "2/n",
    }
    assert answer["conditions"] == ["H + 2*(n//2) >= n", "W + 2*(n//2) >= n"]
    rows = dict(csv.reader(StringIO(said(capsys, *command, "csv"))))
    assert rows["params"] == "2/n"


def test_free_on_one_side_and_set_on_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("one_conv", "--symbolic", "--set", "bias=false", "--set-b", "groups=1", "--free", "C,groups")
    assert json.loads(said(capsys, *command, "--format", "json"))["totals"]["params"]["ratio"] == "(C//groups)/C"


def test_csv_has_every_layer_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(StringIO(said(capsys, "vgg16", "vgg16_bn", "--format", "csv"))))
    for letter, name in (("a", "vgg16"), ("b", "vgg16_bn")):
        for quantity in COUNTS:
            total = sum(int(row[f"{letter}.{quantity}"] or 0) for row in rows)
            assert total == getattr(archcalc.analyze(name).totals, quantity)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_every_line_of_the_tables_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        for command in (("vgg16", "resnet50"), ("densenet201", "densenet121"), ("vgg16", "resnet50", "--symbolic")):
            text = said(capsys, *command, "--format", form)
            assert form == "markdown" or max(map(len, text.splitlines())) <= int(columns)
            assert len(text.splitlines()) < 70


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "stacked_convs", "--set-a", "count=1", "--set-b", "count=1", "--format", "markdown").endswith(
        "| its start | -1 | -1 | 0 |  |\n\nNo layer differs.\n"
    )
    command = ("stacked_convs", "--symbolic", "--free", "C", "--set-b", "kernel=5", "--format", "markdown")
    assert said(capsys, *command).splitlines()[-6:-2] == [
        "| in C | A / B |",
        "|:---|:---|",
        "| params | `9/25` |",
        "| mult-adds | `9/25` |",
    ]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["vgg16"], "a network is compared with another\n  name a second spec, or change one with --set-b"),
        (["vgg16", "lenet5", "--free", "H"], "a free symbol gives formulas, not numbers\n  add --symbolic"),
        (["vgg16", "--set-b", "H"], "--set-b takes name=value, not 'H'"),
        (
            ["vgg16", "--set-b", "h=3"],
            "VGG-16 has no hyperparameter 'h'\n  hyperparameters: H, W, classes, depths, widths, bn, pool",
        ),
        (
            ["vgg16", "lenet5", "--symbolic", "--free", "clases"],
            "VGG-16 has no hyperparameter 'clases' to leave free\n  did you mean 'classes'?",
        ),
        (["vgg16", "lenet5", "--levels", "0"], "levels are a whole number, at least 1, not 0"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], command: list[str], message: str) -> None:
    assert said(capsys, *command, code=2) == f"archcalc: {message}\n"


def test_comparing_numbers_loads_neither_sympy_nor_numpy() -> None:
    from test_arrows import loaded

    code = "from archcalc.cli import main; assert main(['compare', 'vgg16', 'resnet50']) == 0"
    assert loaded(code, "sympy", "numpy") == []
