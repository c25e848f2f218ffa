"""CSV: RFC 4180, every layer, sums that are the totals, and no formulas of a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc import zoo
from archcalc.render import csv as renderer
from archcalc.render import json as as_json

if TYPE_CHECKING:
    from collections.abc import Callable

    Reports = Callable[..., archcalc.Report]

COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", zoo.specs())
def test_columns_add_up_to_the_totals(name: str, report_of: Reports) -> None:
    report = report_of(name)
    for choice in ({}, {"levels": 1}, {"levels": 2, "expand": True}):
        rows = _read(renderer.render(report, **choice))  # type: ignore[arg-type]
        for field in COUNTS:
            assert sum(int(row[field]) for row in rows) == getattr(report.totals, field)


def test_every_layer_is_a_line_as_in_the_json(report_of: Reports) -> None:
    report = report_of("resnet18")
    layers = json.loads(as_json.render(report))["layers"]
    rows = _read(renderer.render(report))
    assert len(rows) == len(layers)
    for row, layer in zip(rows, layers, strict=True):
        assert (row["path"], row["op"], row["times"], row["layers"]) == (layer["path"], layer["op"], "1", "1")
        assert json.loads(row["output_shape"]) == layer["output_shape"]
        assert [int(row[field]) for field in COUNTS] == [layer[field] for field in COUNTS]
        field = layer["receptive_field"]
        for axis in ("size", "stride", "start"):
            text = row[f"receptive_field.{axis}"]
            assert (json.loads(text) if text else None) == (field and field[axis])


def test_lines_end_as_the_standard_says(report_of: Reports) -> None:
    text = renderer.render(report_of("vgg16"))
    assert text.count("\r\n") == text.count("\n") == 41
    assert text.startswith("path,times,op,layers,output_shape,params,")


def test_text_never_starts_a_formula() -> None:
    names = ["=SUM(A1)", "+1", "-1", "@x", 'a,"b"']
    steps = ", ".join(f"{{conv: [4, 1], name: {json.dumps(name)}}}" for name in names)
    rows = _read(renderer.render(archcalc.analyze(f"input: [3, 8, 8]\nlayers: [{steps}]")))
    assert [row["path"] for row in rows] == ["'=SUM(A1)", "'+1", "'-1", "'@x", 'a,"b"']


def test_formulas_are_whole(report_of: Reports) -> None:
    rows = _read(renderer.render(report_of("densenet121", free=("growth",)), levels=1))
    whole = sum(eval(row["params"], {"growth": 32}) for row in rows)
    assert whole == 7_978_856
