"""The JSON that is promised: its keys, integers in full, everything else as text that reads back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc import zoo
from archcalc.render import json as renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    Reports = Callable[..., archcalc.Report]

TOP = [
    "schema", "version", "name", "cite", "hyperparameters", "mode", "batch", "precision", "convention", "inputs",
    "outputs", "conditions", "totals", "layers",
]  # fmt: skip
TOTALS = [
    "params", "trainable_params", "buffers", "mult_adds", "flops", "activations", "activation_bytes", "depth",
    "receptive_field",
]  # fmt: skip
FIELD = ["size", "stride", "start", "period", "whole_input", "aligned"]
LAYER = [
    "path", "op", "line", "inputs", "input_shapes", "output_shape", "params", "trainable_params", "buffers",
    "mult_adds", "flops", "activations", "receptive_field", "shared_with",
]  # fmt: skip


@pytest.mark.parametrize("name", zoo.specs())
def test_layers_add_up_to_the_totals(name: str, report_of: Reports) -> None:
    data = json.loads(renderer.render(report_of(name)))
    for field in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations"):
        assert sum(layer[field] for layer in data["layers"]) == data["totals"][field]


def test_the_promised_keys(report_of: Reports) -> None:
    data = json.loads(renderer.render(report_of("vgg16")))
    assert data["schema"] == "archcalc.report/1"
    assert data["version"] == archcalc.__version__
    assert set(TOP) <= data.keys()
    assert set(TOTALS) <= data["totals"].keys()
    assert {*FIELD, "of"} <= data["totals"]["receptive_field"].keys()
    for layer in data["layers"]:
        assert set(LAYER) <= layer.keys()
        assert layer["receptive_field"] is None or set(FIELD) <= layer["receptive_field"].keys()


def test_known_values(report_of: Reports) -> None:
    data = json.loads(renderer.render(report_of("vgg16")))
    assert data["name"] == "VGG-16"
    assert data["hyperparameters"]["depths"] == [2, 2, 3, 3, 3]
    assert data["hyperparameters"]["bn"] is False
    assert data["inputs"] == [{"name": "input", "shape": [3, 224, 224]}]
    assert data["outputs"] == [{"name": "output", "path": "linear3", "shape": [1000]}]
    assert (data["mode"], data["batch"], data["precision"], data["conditions"]) == ("inference", 1, "float32", [])
    assert data["totals"]["params"] == 138_357_544
    assert data["totals"]["mult_adds"] == 15_470_264_320
    field = data["totals"]["receptive_field"]
    assert (field["size"], field["stride"], field["start"]) == ([212, 212], [32, 32], [-90, -90])
    first = data["layers"][0]
    assert (first["path"], first["op"], first["inputs"]) == ("conv1/conv1", "conv", ["input"])
    assert (first["input_shapes"], first["output_shape"]) == ([[3, 224, 224]], [64, 224, 224])
    assert (first["params"], first["mult_adds"]) == (1_792, 86_704_128)


def test_integers_are_written_in_full() -> None:
    text = renderer.render(archcalc.analyze(f"input: [{2**40}]\nlayers: [{{linear: {{out: {2**40}, bias: false}}}}]"))
    assert f'"params": {2**80},' in text


def test_formulas_read_back(report_of: Reports) -> None:
    data = json.loads(renderer.render(report_of("densenet121", free=("growth",), batch="B")))
    totals = data["totals"]
    assert eval(totals["params"], {"growth": 32}) == 7_978_856
    assert eval(totals["mult_adds"], {"growth": 32}) == 2_834_161_664
    assert data["batch"] == "B"
    assert data["hyperparameters"]["growth"] == "growth"
    assert eval(totals["activation_bytes"], {"growth": 32, "B": 2}) == 2 * 4 * eval(
        totals["activations"], {"growth": 32}
    )


def test_conditions_are_texts(report_of: Reports) -> None:
    assert json.loads(renderer.render(report_of("vgg16", free=("H",))))["conditions"] == ["H >= 32"]


def test_rows_are_never_put_together(report_of: Reports) -> None:
    report = report_of("vgg16")
    assert renderer.render(report, levels=1) == renderer.render(report, expand=True) == renderer.render(report)
