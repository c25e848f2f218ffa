"""Columns on request: exactly these, in every format, with sums that are the totals."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc import zoo
from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.cli import main
from archcalc.render import csv as as_csv
from archcalc.render import json as as_json
from archcalc.render import latex, markdown, table
from archcalc.render.columns import BESIDE, TITLES, Columns, columns, count
from archcalc.render.rows import rows

if TYPE_CHECKING:
    from collections.abc import Callable

    Reports = Callable[..., archcalc.Report]

NAMES = ("mult_adds", "useful_mult_adds", "backward_mult_adds", "adds")
TITLED = ["mult-adds", "useful", "backward", "adds"]


def test_every_count_has_a_title() -> None:
    assert tuple(BESIDE) == ARITHMETIC
    assert not set(TITLES) & set(BESIDE)


@pytest.mark.parametrize("name", [name for name in zoo.specs() if "resnet" in name or "mobilenet" in name][:12])
@pytest.mark.parametrize("choice", [{}, {"levels": 1}, {"levels": 2}, {"expand": True}], ids=str)
def test_sums_are_the_totals(name: str, choice: dict[str, int], report_of: Reports) -> None:
    report = report_of(name)
    asked = columns(report, ARITHMETIC)
    shown = rows(report, columns=asked, **choice)  # type: ignore[arg-type]
    for one in asked.more:
        assert sum(row.number(one.name) for row in shown) == one.total == sum(one.layers)


def test_parts_with_other_counts_are_not_put_together() -> None:
    """The first convolution of all has no gradient of its input."""
    report = archcalc.analyze("""
    input: [4, 8, 8]
    layers:
    - {name: stage1, repeat: 1, layers: [{conv: [4, 3, 1, 1]}, relu, {conv: [4, 3, 1, 1]}]}
    - {name: stage2, repeat: 1, layers: [{conv: [4, 3, 1, 1]}, relu, {conv: [4, 3, 1, 1]}]}
    - {name: stage3, repeat: 1, layers: [{conv: [4, 3, 1, 1]}, relu, {conv: [4, 3, 1, 1]}]}
    """)
    assert [(row.path, row.times) for row in rows(report, levels=1)] == [("stage1-3", 3)]
    shown = rows(report, levels=1, columns=columns(report, ["backward_mult_adds"]))
    one = 4 * 4 * 9 * 64
    assert [(row.path, row.times, row.number("backward_mult_adds")) for row in shown] == [
        ("stage1", 1, 3 * one),
        ("stage2-3", 2, 8 * one),
    ]


def test_a_table_has_exactly_these(report_of: Reports) -> None:
    report = report_of("resnet18")
    text = table.render(report, columns=columns(report, NAMES)).text(120)
    (header,) = [line for line in text.splitlines() if line.startswith("layer ")]
    assert header.split() == ["layer", "output", *TITLED, "RF"]
    (last,) = [line for line in text.splitlines() if line.startswith("total ")]
    assert last.split() == ["total", "1,814,073,344", "1,680,390,912", "3,510,132,736", "3,261,928", "435"]
    assert "useful mult-adds   1,680,390,912 (1.68 G)\n" in text
    assert re.sub(r"\s+", " ", text).count("useful: mult-adds without multiplications by the zeros of padding.") == 1


@pytest.mark.parametrize("room", [40, 60, 80, 100, 200])
def test_columns_that_do_not_fit_stand_below(room: int, report_of: Reports) -> None:
    report = report_of("resnet18")
    text = table.render(report, columns=columns(report, (*TITLES, *BESIDE))).text(room)
    assert max(map(len, text.splitlines())) <= room
    headers = [line.split() for line in text.splitlines() if line.startswith("layer ")]
    shown = [word for words in headers for word in words if word not in ("layer", "output", "RF")]
    assert shown == [*TITLES.values(), *(title for title, _ in BESIDE.values())]


def test_columns_of_zeros_are_shown_where_they_are_asked_for() -> None:
    report = archcalc.analyze("{input: [4], layers: [relu]}")
    text = table.render(report, columns=columns(report, ["divides", "compares"])).text(80)
    assert ["total", "0", "4"] in [line.split() for line in text.splitlines()]


def test_markdown(report_of: Reports) -> None:
    report = report_of("resnet18")
    lines = markdown.render(report, columns=columns(report, NAMES)).splitlines()
    header, rule, *_, total = [line for line in lines if line.startswith("|")]
    assert header == f"| layer | operators | output | {' | '.join(TITLED)} | RF |"
    assert rule.count(":---|") == 2
    assert rule.count("---:|") == 6
    assert "**1,680,390,912**" in total
    assert "- useful mult-adds: 1,680,390,912 (1.68 G)" in lines


def test_latex(report_of: Reports) -> None:
    report = report_of("resnet18")
    text = latex.render(report, columns=columns(report, NAMES))
    assert rf"layer & operators & output & {' & '.join(TITLED)} & RF \\" in text
    assert r"\begin{longtable}{lllrrrrr}" in text
    assert r"total &  &  & 1{,}814{,}073{,}344 & 1{,}680{,}390{,}912 &" in text


def test_csv(report_of: Reports) -> None:
    report = report_of("resnet18")
    lines = list(csv.DictReader(io.StringIO(as_csv.render(report, columns=columns(report, NAMES)), newline="")))
    assert [name for name in lines[0] if name in (*TITLES, *BESIDE)] == list(NAMES)
    for name in NAMES:
        assert sum(int(line[name]) for line in lines) == sum(report.counts(name))


def test_json_adds_keys_and_changes_none(report_of: Reports) -> None:
    report = report_of("resnet18")
    usual = json.loads(as_json.render(report))
    more = json.loads(as_json.render(report, columns=columns(report, NAMES)))
    added = {"useful_mult_adds", "backward_mult_adds", "adds"}
    assert set(more["totals"]) - set(usual["totals"]) == added
    for layer, other in zip(usual["layers"], more["layers"], strict=True):
        assert {key: other[key] for key in layer} == layer
        assert set(other) - set(layer) == added
    for name in added:
        assert more["totals"][name] == sum(layer[name] for layer in more["layers"])


def test_formulas_agree_in_every_format(report_of: Reports) -> None:
    report = report_of("vgg16", free=("H",))
    asked = columns(report, ["useful_mult_adds"])
    total = json.loads(as_json.render(report, columns=asked))["totals"]["useful_mult_adds"]
    assert isinstance(total, str)
    assert total in table.render(report, columns=asked).text(2000)
    assert f"**`{total}`**" in markdown.render(report, columns=asked)
    assert "useful" in latex.render(report, columns=asked)


def test_a_count_beside_the_usual_ones(report_of: Reports) -> None:
    """Whoever counts something else of each layer can show it too."""
    report = report_of("resnet18")
    ones = count("layers", "ops", "operators", "ops: how many operators.", [1] * len(report.layers))
    beside = Columns(more=(ones,))
    text = table.render(report, columns=beside).text(200)
    (header,) = [line for line in text.splitlines() if line.startswith("layer ")]
    assert header.split()[-3:] == ["ops", "RF", "stride"]
    assert json.loads(as_json.render(report, columns=beside))["totals"]["layers"] == len(report.layers)
    assert "| ops | RF |" in markdown.render(report, columns=beside)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mult_add", "archcalc: there is no column 'mult_add'\n  did you mean 'mult_adds'?\n"),
        ("params,xyz", "archcalc: there is no column 'xyz'\n  columns: params, trainable_params,"),
        (",", "archcalc: no column is asked for\n  columns: params, trainable_params,"),
    ],
)
def test_mistakes(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "vgg16", "--columns", asked]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A name said twice is one column; the precision of weights is shown, and in JSON where it is given."""
    options = ["report", "resnet18", "--columns", "bit_operations, adds,adds", "--dtype", "int8", "--weights", "int4"]
    assert main(options) == 0
    text = capsys.readouterr().out
    assert "inference, int8, weights int4\n" in text
    assert "bit operations     58,050,347,008 (58.1 G)\n" in text
    assert main([*options, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["precision"], data["weights_precision"]) == ("int8", "int4")
    assert main(["report", "resnet18", "--weights", "int99"]) == 2
    assert "there is no precision 'int99'" in capsys.readouterr().err
