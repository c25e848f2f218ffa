"""A sweep as table, CSV, JSON and Parquet: what is written reads back, also after an interruption."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from pyarrow import parquet as reader

import archcalc
from archcalc.render import parquet
from archcalc.render.sweep import SHOWN_ROWS, as_csv, as_json, as_table, refusals
from archcalc.studies import grid
from archcalc.studies.grid import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archcalc.studies.structures import Part
    from archcalc.studies.sweep import Sweep

WORDS = spec(
    "[{conv: {out: n, kernel: 3}}, act, {if: on, then: [batch_norm]}, {for: {w: widths}, layers: [{conv: [w, 1]}]}]",
    "[3, H, H]",
    hyperparameters="n: 4\nact: relu\non: true\nwidths: [4]\nH: 9\n",
)
OVER: dict[str, dict[str, Any]] = {
    "numbers": {"spec": "mobilenet_v1", "over": {"alpha": "0.25:1:0.25", "H": "128,160"}},
    "no networks": {"spec": "vgg16", "over": {"H": "30:33", "classes": "10,20"}},
    "fractions": {"spec": "mobilenet_v1", "over": {"alpha": "1/3,0.5"}},
    "words": {"spec": WORDS, "over": {"act": "relu,tanh", "on": "true,false", "widths": "[],[4,8]", "H": "9,2"}},
    "none": {"spec": "vgg16", "over": {"H": "30:33"}, "where": "params < 1"},
}


def swept(case: str) -> Sweep:
    options = dict(OVER[case])
    return archcalc.sweep(options.pop("spec"), **options)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "CHUNK", 3)


def stopped(sweep: Sweep, after: int) -> Iterator[Part]:
    """The first chunks, then Ctrl-C."""
    yield from map(sweep.part, range(after))
    raise KeyboardInterrupt


def until_stopped(pieces: Iterator[str]) -> str:
    """All that is written until Ctrl-C is raised again."""
    text = []
    try:
        for piece in pieces:
            text.append(piece)  # noqa: PERF402 (what came before the interruption is kept)
    except KeyboardInterrupt:
        return "".join(text)
    raise AssertionError("nothing stopped it")


@pytest.mark.parametrize("case", OVER)
def test_csv_reads_back(case: str) -> None:
    sweep = swept(case)
    rows = list(csv.reader(StringIO("".join(as_csv(sweep, sweep.rows())), newline="")))
    assert rows[0] == list(sweep.columns)
    assert rows[1:] == [["" if v is None else written(v) for v in row.values()] for row in swept(case)]


@pytest.mark.parametrize("case", OVER)
def test_json_reads_back(case: str) -> None:
    sweep = swept(case)
    data = json.loads("".join(as_json(sweep, sweep.rows())))
    expected = [
        {name: v if v is None or isinstance(v, int) else written(v) for name, v in row.items()} for row in swept(case)
    ]
    assert data["rows"] == expected
    assert data["columns"] == list(sweep.columns)
    assert (data["schema"], data["complete"]) == ("archcalc.sweep/1", True)
    refused = sum(row[sweep.shown[0]] is None for row in archcalc.sweep(OVER[case]["spec"], over=OVER[case]["over"]))
    assert sum(row["configurations"] for row in data["refused"]) == refused


@pytest.mark.parametrize("case", OVER)
def test_parquet_reads_back(case: str, tmp_path: Path) -> None:
    sweep, file = swept(case), tmp_path / "rows.parquet"
    parquet.write(sweep, sweep.rows(), str(file))
    table = reader.read_table(file)
    assert table.column_names == list(sweep.columns)

    def as_stored(value: Any) -> Any:
        return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else value

    texts = {"alpha": "1/3"} if case == "fractions" else {}
    expected = [
        {
            name: as_stored(v) if v is None or (isinstance(v, (int, Fraction)) and name not in texts) else written(v)
            for name, v in row.items()
        }
        for row in swept(case)
    ]
    assert table.to_pylist() == expected


def test_parquet_has_types(tmp_path: Path) -> None:
    sweep, file = swept("words"), tmp_path / "rows.parquet"
    parquet.write(sweep, sweep.rows(), str(file))
    types = {field.name: str(field.type) for field in reader.read_schema(file)}
    assert types["act"] == types["widths"] == "string"
    assert (types["on"], types["H"], types["params"]) == ("bool", "int64", "int64")
    sweep = swept("numbers")
    parquet.write(sweep, sweep.rows(), str(file))
    assert str(reader.read_schema(file).field("alpha").type) == "decimal128(3, 2)"


def test_parquet_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    sweep = archcalc.sweep("vgg16", over={"H": [32, 33, 34, 2**40]}, of=["mult_adds"])
    with pytest.raises(archcalc.UsageError) as caught:
        parquet.write(sweep, sweep.rows(), str(tmp_path / "rows.parquet"))
    assert str(caught.value) == (
        "some mult_adds is not whole, or past 64 bits, which Parquet has no column for\n"
        "  --format csv and json write every number in full"
    )
    assert reader.read_table(tmp_path / "rows.parquet").num_rows == 3
    with pytest.raises(archcalc.UsageError, match=r"cannot write .*nowhere"):
        parquet.write(sweep, sweep.rows(), str(tmp_path / "nowhere" / "rows.parquet"))


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    sweep = swept("numbers")
    with pytest.raises(archcalc.UsageError) as caught:
        parquet.write(sweep, sweep.rows(), str(tmp_path / "rows.parquet"))
    assert str(caught.value) == "Parquet needs pyarrow\n  pip install 'archcalc[parquet]'"


def test_interrupted_csv_is_whole_rows() -> None:
    sweep = swept("numbers")
    text = until_stopped(as_csv(sweep, sweep.rows(stopped(sweep, 2))))
    assert len(list(csv.DictReader(StringIO(text)))) == 6


def test_interrupted_json_is_closed() -> None:
    sweep = swept("numbers")
    data = json.loads(until_stopped(as_json(sweep, sweep.rows(stopped(sweep, 2)))))
    assert (len(data["rows"]), data["complete"]) == (6, False)


def test_interrupted_parquet_has_its_footer(tmp_path: Path) -> None:
    sweep, file = swept("numbers"), tmp_path / "rows.parquet"
    with pytest.raises(KeyboardInterrupt):
        parquet.write(sweep, sweep.rows(stopped(sweep, 2)), str(file))
    assert reader.read_table(file).num_rows == 6


def test_interrupted_table_says_so() -> None:
    sweep = swept("numbers")
    assert (
        as_table(sweep, sweep.rows(stopped(sweep, 0))).text(80)
        == "interrupted; until then:\nno configuration is left\n"
    )


def test_table() -> None:
    sweep = archcalc.sweep("unet", over={"classes": "2,21", "H": "187,188,572"}, of=["params", "output_height"])
    assert as_table(sweep, sweep.rows()).text(80) == (
        "classes         H      params  output_height\n"
        "────────────────────────────────────────────\n"
        "2             187           -              -\n"
        "2             188  31,030,658              4\n"
        "2             572  31,030,658            388\n"
        "21            187           -              -\n"
        "21            188  31,031,893              4\n"
        "21            572  31,031,893            388\n"
    )


def test_a_narrow_table_is_in_short() -> None:
    sweep = archcalc.sweep("vgg16", over={"H": "224"}, of=["params", "mult_adds", "flops"])
    assert as_table(sweep, sweep.rows()).text(40).splitlines()[-1] == "224            138 M     15.5 G  31.0 G"


def test_a_long_table_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "CHUNK", 100)
    sweep = archcalc.sweep("vgg16", over={"H": "32:3000"}, of=["params"])
    lines = as_table(sweep, sweep.rows()).text(80).splitlines()
    assert len(lines) == 2 + SHOWN_ROWS + 2
    assert lines[-1] == "the first 1,000 rows; --format csv writes all, --sort and --top choose"


def test_refusals() -> None:
    sweep = swept("no networks")
    assert list(sweep)
    lines = refusals(sweep).splitlines()
    assert lines[0] == "4 configurations are no network:"
    assert lines[1].startswith("  4, the first H = 30, classes = 10: ")
    assert lines[1].endswith("the kernel spans 2, but the input with its padding is only 1")
    assert refusals(swept("numbers")) == ""


def test_text_that_a_spreadsheet_would_run() -> None:
    text = spec("[{linear: n}]", "[4]", hyperparameters="n: 1")
    sweep = archcalc.sweep(text, over={"n": ["=1"[1:], "-n"]})
    assert "'-n" in "".join(as_csv(sweep, sweep.rows()))
