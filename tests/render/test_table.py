"""The table on the screen: what it shows, how it fits, and that text of a spec stays text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import archcalc
from archcalc import zoo
from archcalc.render import table
from archcalc.render.screen import width
from archcalc.render.units import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

    Reports = Callable[..., archcalc.Report]

HOSTILE = r"""
name: "[bold]loud[/bold] \e[31m \u202e wide 中文"
cite: "[link=http://example.org]here[/link] :smile:"
input: [3, 8, 8]
layers:
  - {conv: [4, 3], name: "[red]c[red]"}
  - {conv: [4, 1], name: "中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文中文"}
  - {conv: [4, 1], name: "[b]"}
"""


def _column(text: str, header: str) -> list[str]:
    """The cells of a right-aligned column, from the first row to the totals."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    end = next(i for i, line in enumerate(lines) if line.startswith("total "))
    right = lines[start].index(f" {header}") + 1 + len(header)
    body = [line for line in lines[start + 2 : end + 1] if not line.startswith("─")]
    return ["" if right > len(line) or line[right - 1] == " " else line[:right].split()[-1] for line in body]


@pytest.mark.parametrize("name", zoo.specs())
def test_the_rows_add_up_to_the_totals(name: str, report_of: Reports) -> None:
    report = report_of(name)
    text = table.render(report).text(240)
    for header in ("params", "mult-adds", "flops", "activations"):
        *cells, whole = (int(cell.replace(",", "")) for cell in _column(text, header))
        assert sum(cells) == whole == getattr(report.totals, header.replace("-", "_"))


@pytest.mark.parametrize("name", zoo.specs())
@pytest.mark.parametrize("room", [80, 100, 160])
def test_it_fits(name: str, room: int, report_of: Reports) -> None:
    for choice in ({}, {"levels": 3}):
        text = table.render(report_of(name), **choice).text(room)  # type: ignore[arg-type]
        assert max(map(width, text.splitlines())) <= room
        # Only names may be shortened, and the line of hyperparameters.
        for line in text.split("layer  ")[1].splitlines():
            assert "…" not in line.split(TIMES)[-1][3:].replace(" ", "  ").split("  ")[1:]


@pytest.mark.parametrize("room", [30, 40])
def test_on_a_narrow_screen_numbers_get_short_and_stay_whole(room: int, report_of: Reports) -> None:
    text = table.render(report_of("vgg16")).text(room)
    assert " 138 M " in text
    assert "15.5 G" in text
    if room >= 40:
        assert max(map(width, text.splitlines())) <= room


def test_vgg16_at_80_columns(report_of: Reports) -> None:
    """Weights of Table 1, column D, counted by hand; receptive fields from the published table."""
    lines = table.render(report_of("vgg16")).text(80).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[: lines.index("depth              16") + 1] if line}
    assert lines[0] == "VGG-16"
    assert lines[1] == "arXiv:1409.1556, Table 1, column D; torchvision"
    assert lines[2] == f"3{TIMES}224{TIMES}224 → 1000, inference, float32"
    assert lines[5].split() == ["layer", "output", "params", "mult-adds", "%", "RF"]
    map64 = f"64{TIMES}224{TIMES}224"
    assert rows["conv1/conv1"] == ["+relu", map64, "1,792", "86,704,128", "0.6", "3"]
    assert rows["conv1/conv2"] == ["+relu", map64, "36,928", "1,849,688,064", "12.0", "5"]
    assert rows["conv5/max_pool"] == [f"512{TIMES}7{TIMES}7", "0", "0", "212"]
    assert rows["linear1"] == ["+relu", "+dropout", "4096", "102,764,544", "102,760,448", "0.7"]
    assert rows["linear3"] == ["1000", "4,097,000", "4,096,000", "<0.1"]
    assert rows["total"] == ["138,357,544", "15,470,264,320", "212"]
    assert rows["conv"] == ["13", "14.7", "M", "10.6", "15.3", "G", "99.2", "13.5", "M", "47.3"]
    assert rows["linear"] == ["3", "124", "M", "89.4", "124", "M", "0.8", "9.19", "K", "<0.1"]
    assert rows["depth"] == ["16"]
    assert rows["receptive"] == ["field", "212,", "stride", "32,", "start", "-90,", "at", "adaptive_avg_pool"]
    assert rows["activation"] == ["memory", "114,671,520", "bytes", "(109", "MiB),", "float32"]
    assert "mult-adds: multiply-accumulates of convolutions, linear layers and matrix" in lines


def test_wide_screens_show_more(report_of: Reports) -> None:
    def header(room: int) -> list[str]:
        text = table.render(report_of("resnet50")).text(room)
        return next(line.split() for line in text.splitlines() if line.startswith("layer "))

    assert header(40) == ["layer", "params", "mult-adds"]
    assert header(80) == ["layer", "output", "params", "%", "mult-adds", "%", "RF"]
    assert header(100) == ["layer", "output", "params", "%", "mult-adds", "%", "activations", "RF"]
    assert header(160) == [
        "layer", "output", "params", "%", "buffers", "mult-adds", "%", "flops", "activations", "RF", "stride",
    ]  # fmt: skip


def test_long_paths_are_shortened_in_the_middle(report_of: Reports) -> None:
    text = table.render(report_of("resnet50"), expand=True).text(80)
    assert "layer1/bottleneck1/add/…/conv1 " in text
    assert "layer1/bot…1/…/batch_norm1 " in text
    assert "layer1/bottleneck1/add/body/conv1 " in table.render(report_of("resnet50"), expand=True).text(120)


def test_text_of_a_spec_is_no_markup() -> None:
    screen = table.render(archcalc.analyze(HOSTILE))
    for colours in (False, True):
        out = io.StringIO()
        console = Console(file=out, width=80, force_terminal=colours, no_color=not colours, highlight=False)
        console.print(screen)
        text = out.getvalue()
        assert r"[bold]loud[/bold] \x1b[31m \u202e wide 中文" in text
        assert "[link=http://example.org]here[/link] :smile:" in text
        assert "[red]c[red]" in text
        assert "[b] " in text
        assert "\x1b[31m" not in text
        assert ("\x1b[" in text) == colours


def test_wide_characters_keep_the_columns_straight() -> None:
    lines = table.render(archcalc.analyze(HOSTILE)).text(80).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    assert {width(line) for line in lines[start : start + 7]} == {width(lines[start])}
    assert width(lines[start]) <= 80


def test_rich_draws_what_text_says(report_of: Reports) -> None:
    screen = table.render(report_of("resnet18"))
    out = io.StringIO()
    Console(file=out, width=100, highlight=False).print(screen)
    assert [line.rstrip() for line in out.getvalue().splitlines()] == screen.text(100).splitlines()


def test_formulas_are_cut_in_the_rows_and_whole_below(report_of: Reports) -> None:
    report = report_of("densenet121", free=("growth",))
    lines = table.render(report).text(80).splitlines()
    assert max(map(width, lines)) <= 80
    assert any(line.startswith("denseblock1 ") and "324*growth**2 + …" in line for line in lines)
    said = " ".join(" ".join(lines).split())
    # Table 1 with growth k: the weights of every layer, summed by hand in the specs' own tests, here at k = 32
    formula = said.split("params 6700")[1].split(" buffers")[0]
    assert eval(f"6700{formula}", {"growth": 32}) == 7_978_856
    assert "growth free" in said


def test_conditions_are_stated(report_of: Reports) -> None:
    text = table.render(report_of("vgg16", free=("H",))).text(100)
    assert "valid where        H >= 32\n" in text


def test_a_free_batch_is_in_the_bytes_only(report_of: Reports) -> None:
    text = table.render(report_of("resnet50", batch="B")).text(80)
    assert "activation memory  150239136*B bytes, float32, batch B\n" in text
    assert "total                                25,557,032        4,089,184,256        427\n" in text


def test_frozen_parameters_are_told_apart() -> None:
    report = archcalc.analyze("input: [4]\nlayers: [{linear: 4, trainable: false}, relu, {linear: 2}]")
    text = table.render(report).text(100)
    assert "trainable          10\n" in text
    assert _column(text, "trainable") == ["0", "10", "10"]


def test_numbers_too_wide_for_any_screen_are_written_short() -> None:
    report = archcalc.analyze("hyperparameters: {n: 10**500}\ninput: [n]\nlayers: [{linear: n}]")
    text = table.render(report).text(80)
    assert "1.00e1000" in text.split("operator")[0]


def test_no_layer_is_no_mistake() -> None:
    text = table.render(archcalc.analyze("input: [3]\nlayers: [identity]")).text(80)
    assert "total" in text


def test_strides_that_do_not_agree_are_said() -> None:
    """2 steps at once on one way, 1 on the other."""
    report = archcalc.analyze("input: [3, 16, 16]\nlayers: [{concat: {a: [{max_pool: [1, 2]}], b: [{conv: [4, 9]}]}}]")
    assert "receptive field    none: paths of unequal stride meet at concat\n" in table.render(report).text(80)
