"""The published tables: every cell follows from its spec as far as is recorded, in every format, and errors have a place."""

from __future__ import annotations

import csv
import io
import json
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from documents.errata import audited
from documents.errata import render as render_errata

from archcalc.cli import main
from archcalc.errors import NotFoundError, SpecError
from archcalc.render.latex import escaped
from archcalc.render.tables import MARKS, number, render
from archcalc.render.units import TIMES
from archcalc.spec.figure import read_figure
from archcalc.studies import tables
from archcalc.studies.audit import audit, counted
from archcalc.studies.tables import STATUSES, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = tables.names()
EACH_TABLE = pytest.mark.parametrize("name", NAMES)
REFERENCE = """
alexnet alexnet-cs231n amoebanet bert bit capsnet compound-scaling d2l-complexity darknet darts densenet-cifar
densenet-imagenet dpn dsn efficientnet-table1 efficientnet-table2 efficientnet-table3 efficientnet-table7 enas fcn
fitnets fractalnet fractalnet-depth gluon-zoo gluon-zoo-mobilenets googlenet-ensembles googlenet-table1 gpt2
highway-cifar highway-mnist inception-bn inception-v3-table inception-v3-v4 inception-vs-conv kernel-arithmetic
lenet-variants lenet5-1998 mnasnet mobilenet mobilenet-v1-grid mobilenet-v1-table10 mobilenet-v1-table2
mobilenet-v1-table3 mobilenet-v1-table4 mobilenet-v1-table5 mobilenet-v1-table6 mobilenet-v1-table7
mobilenet-v1-table8 mobilenet-v1-table9 mobilenet-v2-grid mobilenet-v2-table3 mobilenet-v2-table4 mobilenet-v3 nas-v1
nasnet-table1-cifar nasnet-table2-3-imagenet nin nin-d2l noisy-student pnasnet preact-resnet receptive-field
receptive-field-computed receptive-field-endpoints receptive-fields resnet-cifar resnet-imagenet resnext-cifar
resnext-template resnext101 resnext50 seed-claims senet senet-ratio shake-shake shufflenet-v1-release
shufflenet-v1-table1 shufflenet-v2-table8 squeezenet-table1 squeezenet-variants stochastic-depth torchvision-exact
unet vgg vgg-d2l vgg16-cs231n vit vqa-kazemi weight-compression wrn-block-types wrn-cifar wrn-imagenet xception zfnet
"""
SMALL = """\
title: Two layers
cite: a note, Table 1
columns:
  params: params
  shape: {heading: output, value: output_shape}
rows:
  - {label: LeNet, spec: lenet_d2l, params: PARAMS, shape: [10]}
"""


def test_every_table_of_the_reference_is_there() -> None:
    wanted = set(REFERENCE.split())
    assert len(wanted) == 94
    assert wanted - set(NAMES) == set()


@EACH_TABLE
def test_every_cell_has_the_recorded_status(name: str) -> None:
    table = audited(name)
    wrong = [
        f"{cell.cell.mark.place}: {', '.join(map(str, cell.values))} is {cell.status}, on record: {cell.cell.recorded}"
        for cell in table.cells
        if not cell.as_recorded
    ]
    assert wrong == []
    assert table.rows
    assert table.table.title
    assert table.table.cite
    for row in table.rows:
        assert row.row.label
        assert row.cells or row.row.unpublished, f"{row.row.label}: nothing is said of it"
        for cell in row.cells:
            assert bool(cell.cell.reason) == (cell.status in ("near", "differs")), row.row.label
            assert bool(cell.values) == (cell.status != "no network")


def test_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    """All tables in well under a minute; the last line is the count of each status."""
    start = time.process_time()
    assert main(["tables", "--all"]) == 0
    assert time.process_time() - start < 60
    counts = counted([audited(name) for name in NAMES])
    assert tuple(counts) == STATUSES
    said = ", ".join(f"{amount} {kind}" for kind, amount in counts.items())
    assert capsys.readouterr().out.splitlines()[-1] == f"{len(NAMES)} tables: {said}"
    cells = sum(len(audited(name).cells) for name in NAMES)
    bare = sum(not row.cells for name in NAMES for row in audited(name).rows)
    assert cells <= sum(counts.values()) <= cells + bare


@EACH_TABLE
def test_json_holds_every_cell(name: str) -> None:
    (found,) = json.loads(str(render([audited(name)], "json")))
    assert (found["table"], found["title"], found["cite"]) == (name, *audited(name).table[1:3])
    for row, shown in zip(audited(name).rows, found["rows"], strict=True):
        assert shown["label"] == row.row.label
        assert set(shown["cells"]) == {cell.cell.column for cell in row.cells}
        for cell in row.cells:
            data = shown["cells"][cell.cell.column]
            assert data["printed"] == [figure.text for figure in cell.cell.printed]
            assert [Fraction(value) for value in data["computed"]] == list(cell.values)
            assert (data["status"], data["reason"]) == (cell.status, cell.cell.reason)


@EACH_TABLE
def test_csv_holds_every_cell(name: str) -> None:
    lines = list(csv.DictReader(io.StringIO(str(render([audited(name)], "csv")))))
    cells = [(row.row.label, cell) for row in audited(name).rows for cell in row.cells]
    for (label, cell), line in zip(cells, lines, strict=True):
        assert (line["table"], line["row"].removeprefix("'"), line["column"]) == (name, label, cell.cell.column)
        assert line["printed"].removeprefix("'") == " ".join(figure.text for figure in cell.cell.printed)
        assert [Fraction(value) for value in line["computed"].split()] == list(cell.values)
        assert (line["status"], line["reason"]) == (cell.status, cell.cell.reason or "")


def in_cells(name: str, written: Callable[[str], str], text: str, start: str, mark: str) -> None:
    """Every row is a line of its own, with what is printed, what is computed and the mark of each cell."""
    lines = [line for line in text.splitlines() if line.startswith(start)][-len(audited(name).rows) :]
    headings = [column for column, _ in audited(name).table.columns]
    for row, line in zip(audited(name).rows, lines, strict=True):
        label, *texts = line.removeprefix(start).split(mark)
        assert label.startswith(written(row.row.label))
        for cell in row.cells:
            shown = texts[headings.index(cell.cell.column)]
            printed = ", ".join(figure.text for figure in cell.cell.printed)
            for part in (printed, TIMES.join(map(number, cell.values)), MARKS[cell.status]):
                assert written(part) in shown
        if row.row.unpublished:
            assert written(row.row.unpublished) in text
        assert all(written(cell.cell.reason) in text for cell in row.cells if cell.cell.reason)


@EACH_TABLE
def test_markdown_holds_every_cell(name: str) -> None:
    in_cells(name, lambda text: text.replace("|", "\\|"), str(render([audited(name)], "markdown")), "| ", " | ")


@EACH_TABLE
def test_latex_holds_every_cell(name: str) -> None:
    body = str(render([audited(name)], "latex")).replace(r" \\" + "\n", "\n")
    in_cells(name, escaped, body, "{}", " & ")


@EACH_TABLE
def test_the_screen_holds_every_cell(name: str) -> None:
    for room in (80, 200):
        screen: Any = render([audited(name)], "table")
        text = "".join(screen.text(room).split())
        for cell in audited(name).cells:
            assert all("".join(number(value).split()) in text for value in cell.values)
            assert all("".join(figure.text.split()) in text for figure in cell.cell.printed)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of tables, empty."""
    monkeypatch.setattr(tables, "_HERE", tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.mark.parametrize(
    ("cell", "code", "kind"),
    [
        ("61706", 0, "exact"),
        ('"61,706"', 0, "exact"),
        ("62K", 0, "rounds to it"),
        ("{printed: 61K, cut: true}", 0, "cut to it"),
        ("{printed: 61K, near: one less}", 1, "cut to it"),
        ("61K", 1, "cut to it"),
        ("{printed: 62K, differs: not so}", 1, "rounds to it"),
        ("{printed: 62K, cut: true}", 1, "rounds to it"),
        ("{printed: 61707, near: one more}", 0, "near"),
        ("61707", 1, "near"),
        ("{printed: 70K, differs: another network}", 0, "differs"),
        ("70K", 1, "differs"),
        ("[61706, 61706]", 1, "differs"),
        ("{printed: 123412, value: 2 * params}", 0, "exact"),
        ("{printed: 2, value: twice.params / params, networks: {twice: {spec: vgg11}}}", 1, "differs"),
        ("{printed: 150, at: conv1, value: weights}", 0, "exact"),
        ("{}", 0, "no figure"),
    ],
)
def test_exit_code(cell: str, code: int, kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A status that is not the recorded one gives exit code 1, and is shown beside that."""
    (folder / "small.yaml").write_text(SMALL.replace("PARAMS", cell), "utf-8")
    assert main(["tables", "--all"]) == code
    *wrong, _ = capsys.readouterr().out.splitlines()
    assert len(wrong) == code
    assert all(line.startswith("small: ") and "small.yaml:7:" in line and f": {kind}, on" in line for line in wrong)
    for form in ("table", "markdown", "latex", "json", "csv"):
        assert main(["tables", "small", "--format", form]) == code
        assert kind in capsys.readouterr().out or form in ("table", "markdown", "latex")
    (first, shape), *_ = [row.cells for row in audit(["small"])[0].rows]
    assert (first.status, shape.status, shape.values) == (kind, "exact", (10,))


@pytest.mark.parametrize(
    ("cell", "place", "message"),
    [
        ("{printed: abc}", "7:55", "'abc' is no figure"),
        ("{printed: 5, near: a, differs: b}", "7:45", "a cell has one status, not near and differs"),
        ("{nope: 1}", "7:46", "a cell has no key 'nope'"),
        ("{value: parms}", "7:45", "there is no quantity 'parms'"),
        ("{value: other.params}", "7:45", "no network is called 'other' here"),
        ("{at: nowhere}", "7:45", "has no path 'nowhere'"),
        ("{with: {colours: 3}}", "7:45", "has no hyperparameter 'colours'"),
        ("{spec: lenet55}", "7:45", "there is no file lenet55 here"),
        ("{value: params +}", "7:53", "this is no expression"),
        ("{value: params / 0}", "7:45", "division by zero"),
    ],
)
def test_errors_have_a_place(
    cell: str, place: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "small.yaml").write_text(SMALL.replace("PARAMS", cell), "utf-8")
    assert main(["tables", "small"]) == 2
    said = capsys.readouterr().err
    assert f"small.yaml:{place}: " in said
    assert message in said
    with pytest.raises(SpecError):
        audit()


@pytest.mark.parametrize("text", ["- 1", "title: a", "title: a\nrows: [3]", "title: [", "rows: 3", "colour: red"])
def test_files_that_are_no_tables(text: str, folder: Path) -> None:
    (folder / "small.yaml").write_text(text, "utf-8")
    with pytest.raises(SpecError, match=r"small\.yaml:\d+:\d+: "):
        tables.table("small")


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name, the names; with a wrong one, the nearest."""
    assert main(["tables"]) == 0
    assert capsys.readouterr().out.splitlines() == NAMES == sorted(NAMES)
    assert main(["tables", "vggg"]) == 2
    assert "there is no table 'vggg'\n  did you mean 'vgg'" in capsys.readouterr().err
    with pytest.raises(NotFoundError):
        audit(["../vgg"])


@pytest.mark.parametrize(
    ("figures", "values", "expected"),
    [
        (["138357544"], [138357544], "exact"),
        (["138M"], [138_000_000], "exact"),
        (["138M"], [138_357_544], "rounds to it"),
        (["138M"], [138_500_000], "rounds to it"),  # a tie, either way
        (["138M"], [137_500_000], "rounds to it"),
        (["138M"], [138_500_001], "cut to it"),
        (["138M"], [138_999_999], "cut to it"),
        (["138M"], [139_000_000], "near"),
        (["138M"], [137_499_999], "near"),
        (["138M"], [137_000_000], "near"),
        (["138M"], [139_000_001], "differs"),
        (["138M"], [136_999_999], "differs"),
        (["0.27M"], [269_722], "rounds to it"),
        (["100"], [101], "near"),  # a whole number has no digits that could be cut
        (["100"], [Fraction(201, 2)], "near"),
        (["1.19"], [Fraction(2_116_800, 1_110_821)], "differs"),
        (["-3.4"], [Fraction(-17, 5)], "exact"),
        (["-3.45"], [Fraction(-17, 5)], "differs"),
        (["-2.5"], [Fraction(-259, 100)], "cut to it"),
        (["4.8 MiB"], [5 * 1024**2 - 200_000], "rounds to it"),
        (["at most 600M"], [600_000_000], "rounds to it"),
        (["at most 600M"], [600_000_001], "differs"),
        (["64", "112", "112"], [64, 112, 112], "exact"),
        (["64", "112", "112"], [64, 112, 113], "near"),
        (["64", "112", "112"], [64, 120, 113], "differs"),
        (["10", "2.0K"], [10, 2_001], "rounds to it"),
        (["64", "112"], [64, 112, 112], "differs"),
        (["64", "112"], [64], "differs"),
        (["64"], [], "differs"),
        ([], [5], "no figure"),
        ([], [5, 6], "no figure"),
    ],
)
def test_status(figures: list[str], values: list[Any], expected: str) -> None:
    assert status(tuple(map(read_figure, figures)), tuple(values)) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (138_357_544, "138,357,544"),
        (-45, "-45"),
        (Fraction(18_375, 2), "9,187.5"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(2, 3), "0.6667"),
        (Fraction(1, 20_000), "0.0001"),
        (Fraction(1, 20_001), "0"),
        (Fraction(20_000_001, 2), "10,000,000.5"),
        (Fraction(7, 1), "7"),
        (Fraction(100, 1), "100"),
        (Fraction(-17, 5), "-3.4"),
        (Fraction(-1, 3), "-0.3333"),
        (Fraction(-1, 30_000), "0"),
    ],
)
def test_number(value: int | Fraction, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("cell", "section", "line"),
    [
        ("{printed: 70K, differs: another one}", "Errata", "LeNet | params | 70K | 61,706 (62K) | another one"),
        ("{printed: 61, differs: in units}", "Errata", "LeNet | params | 61 | 61,706 | in units"),
        ("{printed: 61707, near: a slip}", "Near", "LeNet | params | 61707 | 61,706 | a slip"),
        ("{printed: 60000, differs: loose}", "Round figures", "LeNet | params | 60000 | 61,706 | loose"),
    ],
)
@pytest.mark.parametrize("verified", [True, False])
def test_errata(cell: str, section: str, line: str, verified: bool, folder: Path) -> None:
    """A figure stands in one section; that of a transcription that is not verified is no erratum."""
    text = SMALL.replace("PARAMS", cell) + ("" if verified else "verified: false\n")
    (folder / "small.yaml").write_text(text, "utf-8")
    sections = {part.partition("\n")[0]: part for part in render_errata(audit()).split("\n## ")}
    wanted = section if verified else "Transcription not verified"
    assert [name for name, part in sections.items() if f"{line} |" in part] == [wanted]
    assert "| [errata](#errata): do not follow | " + str(int(section == "Errata" and verified)) in "".join(
        sections.values()
    )


def test_errata_of_the_audit() -> None:
    """The known ones are there, each figure that does not follow once, none without its reason."""
    pages = render_errata([audited(name) for name in NAMES])
    errata, _, rest = pages.partition("\n## Near\n")
    for line in (
        "| conv1 | ops | 34M | 118,013,952 (118M) |",
        "| TOTAL memory | memory (bytes) | 96MB | 60,950,432 (61MB) |",
        "| mobilenetv2\\_1.0 | parameters | 3530136 | 3,539,136 |",
        "| Conv 3x3 | mult-adds (%) | 1.19 | about 1.9056 |",
    ):
        assert line in errata
    assert "| Conv MobileNet | 4866M, 29.3M | " in rest
    for name in NAMES:
        if any(cell.status == "differs" for cell in audited(name).cells):
            assert f"`archcalc tables {name}`" in pages or f"| `{name}` |" in pages
        if not audited(name).table.verified:
            assert f"`archcalc tables {name}`" not in errata
