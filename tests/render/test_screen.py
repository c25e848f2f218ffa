"""Layout for a width: names shortened, lines wrapped, columns left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcalc.render.screen import Cell, Column, Name, cut, shortened, shown, table, width, wrapped

segments = st.text(st.characters(exclude_characters="/", categories=["L", "N", "P"]), min_size=1, max_size=12)
paths = st.lists(segments, min_size=1, max_size=6).map("/".join)


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (40, "layer1/bottleneck12/add/body/conv1"),
        (34, "layer1/bottleneck12/add/body/conv1"),
        (33, "layer1/bottleneck12/add/…/conv1"),
        (28, "layer1/bottleneck12/…/conv1"),
        (24, "layer1/bot…12/…/conv1"),
        (20, "layer1/…/conv1"),
        (12, "layer…/conv1"),
        (5, "la…v1"),
    ],
)
def test_paths_lose_their_middle(room: int, text: str) -> None:
    assert shortened("layer1/bottleneck12/add/body/conv1", room) == text


@given(paths, st.integers(4, 60))
def test_shortened_paths_fit(path: str, room: int) -> None:
    assert width(shortened(path, room)) <= room


@given(st.text(st.characters(categories=["L", "N", "P", "Z"])), st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert all(width(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_cut() -> None:
    assert cut("29532*growth**2", 20) == "29532*growth**2"
    assert cut("29532*growth**2", 10) == "29532*gro…"
    assert cut("中文中文", 6) == "中文…"


def test_width() -> None:
    assert width("abc") == 3
    assert width("中文") == 4
    assert width("e\u0301") == 1


def test_text_of_a_spec_is_shown_without_control_characters() -> None:
    assert shown("a\x1b[1m\tb\u202e") == r"a\x1b[1m\tb\u202e"


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (40, "conv1 +batch_norm +relu x2"),
        (25, "conv1 +bn +relu x2"),
        (15, "conv1 +… x2"),
        (10, "c…v1 +… x2"),
    ],
)
def test_names_give_up_what_follows_first(room: int, text: str) -> None:
    assert "".join(piece for piece, _ in Name("conv1", " +batch_norm +relu", " x2").pieces(room)) == text


def test_columns_of_high_rank_are_left_out_first() -> None:
    columns = [
        Column("must", [Cell("1"), Cell("2")]),
        Column("last", [Cell("3"), Cell("4")], rank=3),
        Column("next", [Cell("5"), Cell("6")], rank=2),
    ]

    def texts(room: int) -> list[str]:
        return ["".join(piece for piece, _ in line) for line in table("n", [Name("a"), Name("b")], columns, room)]

    # Names get at least 12 columns where they need them; these need one.
    assert [line.split() for line in texts(80)] == [
        ["n", "must", "last", "next"],
        ["─" * 30],
        ["a", "1", "3", "5"],
        ["b", "2", "4", "6"],
    ]
