"""A transfer on the screen: it fits, says which parts are loaded by name, and never rounds up to all."""

from __future__ import annotations

import pytest
from asking import spec

import archcalc
from archcalc.render.screen import Screen, width
from archcalc.render.transfer import render


def text(a: str | archcalc.Graph, b: str | archcalc.Graph, *, room: int = 80, expand: bool = False) -> str:
    """The transfer as it is shown."""
    screen = render(archcalc.transfer(a, b), ("a", "b"), "table", expand=expand)
    assert isinstance(screen, Screen)
    return screen.text(room)


@pytest.mark.parametrize("room", [72, 80, 160])
@pytest.mark.parametrize("expand", [False, True])
def test_it_fits(room: int, expand: bool) -> None:
    shown = text("resnet18", "resnet34", room=room, expand=expand)
    assert max(map(width, shown.splitlines())) <= room


def test_formulas_fit() -> None:
    networks = [archcalc.graph("resnet50", free=["classes", "H"]) for _ in range(2)]
    assert max(map(width, text(*networks).splitlines())) <= 80


def test_a_share_of_100_is_all() -> None:
    assert ">99.9" in text("vgg16", archcalc.graph("vgg16", settings={"classes": 10}))
    assert ">99.9" not in text("vgg16", "vgg16")


def test_parts_loaded_by_name() -> None:
    assert "by name   layer4, fc\n" in text("resnet50", "resnet101")
    networks = [archcalc.graph("vgg16", settings={"pool": False, "H": size}) for size in (224, 320)]
    assert "by name   linear1 (bias), linear2, linear3\n" in text(*networks)


def test_many_parts_are_counted() -> None:
    first = "{conv: [%d, 1], name: first}"
    rest = ", ".join(f"{{conv: [3, 1], name: part{i}}}" for i in range(20))
    a, b = (spec(f"[{first % n}, {{conv: [3, 1], name: second}}, {rest}]") for n in (4, 5))
    assert "part10 and 9 more, see --expand" in text(a, b).replace("\n          ", " ")


def test_nothing_fits() -> None:
    assert "loaded    nothing\n" in text(spec("[{conv: [4, 1]}]"), spec("[{conv: [5, 1]}]"))


@pytest.mark.parametrize("turned", [False, True])
def test_one_ends(turned: bool) -> None:
    pair = [spec("[{conv: [4, 1]}]"), spec("[{conv: [4, 1], name: conv}, {conv: [5, 1], name: last}]")]
    sentence = f"stops     at last: {'TO' if turned else 'FROM'} has no more layers with weights\n"
    assert sentence in text(*(reversed(pair) if turned else pair))


def test_names_are_made_safe() -> None:
    screen = render(archcalc.transfer("vgg16", "vgg16"), ("\x1b[1m", "b"), "table")
    assert isinstance(screen, Screen)
    assert "\x1b" not in screen.text(80)
