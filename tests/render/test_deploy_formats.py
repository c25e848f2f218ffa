"""A deployment as table, JSON and CSV: the same numbers, names that are safe to show, and what is put together."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

from asking import is_plain, spec

import archcalc
from archcalc.render.deploy import FORMATS, SHOWN, as_data, render
from archcalc.render.json import as_data as report_data
from archcalc.render.units import TIMES, duration

if TYPE_CHECKING:
    import pytest

    from archcalc.studies.deploy import Deployment

MACHINE: dict[str, Any] = {"flops_per_second": "2T", "bandwidth": "50GB"}


def lines(deployment: Deployment, *, expand: bool = False, room: int = 80) -> list[str]:
    shown = render(deployment, "table", expand=expand)
    assert not isinstance(shown, str)
    return shown.text(room).splitlines()


def layer_rows(shown: list[str]) -> list[str]:
    """The lines of the table of layers, from its rule on."""
    start = next(i for i, line in enumerate(shown) if line.startswith("layer "))
    return shown[start + 2 : shown.index("", start)]


def test_a_small_network_word_by_word() -> None:
    """4*32 + 32 weights, 4 + 32 numbers in and out: 288 flops, 784 bytes; b >= 640 / (2*288 - 144) from b = 2 on."""
    network = spec("[{linear: 32}]", "[4]")
    deployment = archcalc.deploy(f"name: Small\n{network}", flops_per_second="1G", bandwidth="2GB")
    assert [line.replace(TIMES, "x") for line in lines(deployment)][:21] == [
        "Small",
        "4 → 32, inference, float32, weights float32, batch = 1",
        "",
        "on disk       bytes         smaller",
        "───────────────────────────────────",
        "float32         640  640 B       x1",
        "float16         320  320 B       x2",
        "int8            160  160 B       x4",
        "int4             80   80 B       x8",
        "",
        "layer         flops  bytes  flop/byte   limit    time      %  from",
        "──────────────────────────────────────────────────────────────────",
        "linear          288  784 B      0.367  memory  392 ns  100.0     2",
        "──────────────────────────────────────────────────────────────────",
        "total           288  784 B      0.367          392 ns",
        "",
        "flops              288",
        "least traffic      784 bytes: weights, inputs and outputs once",
        "                   0.367 flops per byte",
        "machine            1.00 G flops and 2.00 G bytes per second: ridge point 0.500",
        "                   flops per byte",
    ]


def test_all_rows_add_up() -> None:
    deployment = archcalc.deploy("resnet50", **MACHINE)
    few, every = (layer_rows(lines(deployment, expand=expand)) for expand in (False, True))
    moving = [one for one in deployment.layers if one.demand.moves]
    assert len(few) == SHOWN + 3
    assert few[SHOWN].startswith(f"{len(moving) - SHOWN} others")
    assert len(every) == len(moving) + 2
    assert few[-1].split() == every[-1].split()


def test_the_layers_that_take_longest_are_shown_in_their_order() -> None:
    deployment = archcalc.deploy("vgg16", **MACHINE)
    seconds = {one.layer.path: one.bound.seconds for one in deployment.layers if one.bound}
    names = [row.split()[0] for row in layer_rows(lines(deployment))[:SHOWN]]
    assert names == [path for path in seconds if path in names]
    assert min(seconds[path] for path in names) >= max(seconds[path] for path in seconds.keys() - names)


def test_every_line_fits() -> None:
    for deployment in (
        archcalc.deploy("resnet50", **MACHINE),
        archcalc.deploy("gpt2", weights="int8"),
        archcalc.deploy("lenet_d2l", free=["classes", "H"], batch="b"),
    ):
        for room in (80, 120):
            shown = lines(deployment, expand=True, room=room)
            assert max(map(len, shown)) <= room
            assert is_plain(shown)


def test_json_has_the_schema_and_whole_numbers_as_such() -> None:
    data = json.loads(render(archcalc.deploy("vgg16", **MACHINE), "json"))  # type: ignore[arg-type]
    assert data["schema"] == "archcalc.deploy/1"
    assert data["machine"] == {"flops_per_second": 2 * 10**12, "bandwidth": 50 * 10**9, "ridge": 40}
    assert data["on_disk"][2] == {
        "precision": "int8",
        "params_bytes": 138357544,
        "buffers_bytes": 0,
        "bytes": 138357544,
        "times_smaller": 4,
    }
    flatten, linear = (next(one for one in data["layers"] if one["path"] == path) for path in ("flatten", "linear1"))
    assert flatten == {
        "path": "flatten", "op": "flatten", "line": flatten["line"], "flops": 0, "weight_bytes": 0,
        "activation_bytes": 0, "bytes": 0, "intensity": None, "seconds": None, "limited_by": None,
        "compute_bound_from": None,
    }  # fmt: skip
    assert Fraction(linear["intensity"]) == Fraction(linear["flops"], linear["bytes"])
    assert Fraction(linear["seconds"]) == Fraction(linear["bytes"], 50 * 10**9)
    assert sum(Fraction(one["seconds"] or 0) for one in data["layers"]) == Fraction(data["layer_by_layer"]["seconds"])


def test_json_without_a_machine_and_with_formulas() -> None:
    data = as_data(archcalc.deploy("vgg16", free=["H"]))
    assert data["machine"] is data["layer_by_layer"]["seconds"] is data["whole_network"]["seconds"] is None
    assert data["conditions"] == report_data(archcalc.analyze("vgg16", free=["H"]))["conditions"]
    json.dumps(data)


def test_csv_has_a_row_per_layer() -> None:
    deployment = archcalc.deploy("alexnet", **MACHINE)
    text = render(deployment, "csv")
    assert isinstance(text, str)
    rows = list(csv.DictReader(StringIO(text)))
    data = as_data(deployment)["layers"]
    assert [row["path"] for row in rows] == [layer["path"] for layer in data]
    for row, layer in zip(rows, data, strict=True):
        assert {key: "" if layer[key] is None else str(layer[key]) for key in row} == row


def test_names_are_text() -> None:
    network = 'name: "[bold]x"\n' + spec('[{conv: [4, 1], name: "=1+1"}]')
    deployment = archcalc.deploy(network, **MACHINE)
    assert lines(deployment)[0] == "[bold]x"
    assert "'=1+1,conv," in render(deployment, "csv")  # type: ignore[operator]


def test_every_format_takes_a_network_that_moves_nothing() -> None:
    for form in FORMATS:
        assert render(archcalc.deploy(spec("[identity]"), **MACHINE), form)
    assert "limited by memory  0 of 0 layers" in lines(archcalc.deploy(spec("[identity]"), **MACHINE))


def test_durations() -> None:
    texts = [duration(Fraction(1, 10**n)) for n in range(0, 14, 2)]
    assert texts == ["1.00 s", "10.0 ms", "100 µs", "1.00 µs", "10.0 ns", "100 ps", "1.00 ps"]
    assert duration(Fraction(0)) == "0 s"
    assert duration(Fraction(123456, 1000)) == "123 s"
    assert duration(Fraction(99999, 100)) == "1.00e3 s"
    assert duration(Fraction(10**40)) == "1.00e40 s"


def test_numbers_beyond_reason() -> None:
    shown = lines(archcalc.deploy("vgg16", flops_per_second=10**80 + 1, bandwidth=Fraction(1, 10**30), batch=10**60))
    assert max(map(len, shown)) <= 80
    assert len(shown) < 70


def test_nothing_but_numbers_needs_no_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "archcalc.symbolic.quotient", None)
    assert lines(archcalc.deploy("lenet5", **MACHINE))
