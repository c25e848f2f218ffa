"""The list of specs on the screen and as JSON."""

from __future__ import annotations

import json

import pytest

from archcalc.render.screen import width
from archcalc.render.zoo import as_json, as_table
from archcalc.studies.listing import Entry

ENTRIES = [
    Entry("vgg16", "vgg", "VGG-16", 138_357_544, 15_470_264_320, "arXiv:1409.1556, Table 1, column D; torchvision"),
    Entry("vgg19", "vgg", "VGG-19", 143_667_240, 19_632_062_464, None),
    Entry("alien", "x", "[red]\x1b[1m name", 7, 0, "=1"),
]


@pytest.mark.parametrize("room", [80, 100, 160])
def test_it_fits(room: int) -> None:
    assert max(map(width, as_table(ENTRIES).text(room).splitlines())) <= room


def test_lines_by_family() -> None:
    lines = as_table(ENTRIES).text(80).splitlines()
    assert lines[0].split() == ["name", "params", "mult-adds", "network;", "source"]
    assert lines[2] == "vgg"
    assert lines[3].startswith("  vgg16        138 M     15.5 G  VGG-16; arXiv:1409.1556, Table 1, column D")
    assert lines[4] == "  vgg19        144 M     19.6 G  VGG-19"
    assert lines[5] == "x"
    assert lines[6] == r"  alien            7          0  [red]\x1b[1m name; =1"
    assert lines[-1] == "3 specs; 'archcalc report NAME' shows one"


def test_wide_screens_show_exact_numbers() -> None:
    assert "  138,357,544  15,470,264,320  VGG-16; arXiv:1409.1556, Table 1, column D; torchvision\n" in as_table(
        ENTRIES
    ).text(120)


def test_nothing_found() -> None:
    assert as_table([]).text(80) == "no spec has such a name or family; 'archcalc zoo' lists all\n"


def test_json() -> None:
    data = json.loads(as_json(ENTRIES))
    assert data["schema"] == "archcalc.zoo/1"
    assert data["specs"][0] == {
        "name": "vgg16",
        "family": "vgg",
        "title": "VGG-16",
        "params": 138_357_544,
        "mult_adds": 15_470_264_320,
        "cite": "arXiv:1409.1556, Table 1, column D; torchvision",
    }
    assert [spec["cite"] for spec in data["specs"][1:]] == [None, "=1"]
