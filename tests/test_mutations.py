"""Specs of the zoo with random damage: an answer or an ArchcalcError, never a traceback."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import pytest
import yaml
from asking import is_plain
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc
from archcalc import zoo

BOUNDED = 300  # seconds after which conftest stops a test that hangs
LIMITS = archcalc.LIMITS._replace(layers=1500, steps=20_000)
LONG = {"resnet1202_cifar", "resnet110_cifar", "densenet_bc190_k40", "densenet_bc250_k24", "densenet264", "densenet201"}
TEXTS = {name: path.read_text("utf-8") for name, path in zoo.specs().items() if name not in LONG}
TOKEN = re.compile(r"[A-Za-z_]\w*|[0-9]+|\s+|.", re.DOTALL)
PIECES = [
    "", " ", "\n", "  ", "\t", ":", ": ", "- ", ",", "[", "]", "{", "}", "(", ")", "[]", "{}", "#", "&a ", "*a", "!a ", "|", ">", "%", "'",
    '"', "\\", "0", "1", "-1", "2", "1/2", "0.75", "9999999", "10**9", "10**400", "9**9**9", "true", "false", "null", "~", "x", "relu",
    "conv", "add", "concat", "channels", "index", "first", "last", "training", "same", "valid", "input", "layers", "blocks", "extends",
    "repeat", "for", "if", "then", "else", "when", "from", "as", "name", "share", "trainable", "output", "with", "at", "range(3)",
    "range(channels)", "x.channels", "max_pool", "flatten", "global_avg_pool", "linear", "identity", "unit", "{relu, name: x}",
    "{conv: [4, 3]}", "[[1, 2], [3, 4]]", "a, b", '"x[0]"', "\N{SNOWMAN}", "\0", "\x85", "\N{LINE SEPARATOR}", "\ufeff", "---\n",
]  # fmt: skip
Tree: TypeAlias = Any


def answer(spec: str | dict[str, Any], **options: Any) -> None:
    """What is asked of every mutation."""
    try:
        report = archcalc.analyze(spec, limits=LIMITS, **options)
    except archcalc.ArchcalcError as error:
        said = str(error)
        assert said.strip()
        assert is_plain(said.splitlines())
        assert error.exit_code == 2
    else:
        assert report.totals.params is not None


@st.composite
def damaged_text(draw: st.DrawFn) -> str:
    """The text of a spec with characters, tokens or lines deleted, doubled, exchanged or put in."""
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["character", "token", "token", "line"]))
        parts = {"character": list(text), "token": TOKEN.findall(text), "line": text.splitlines(keepends=True)}[kind]
        at = draw(st.integers(0, max(0, len(parts) - 1)))
        other = draw(st.integers(0, max(0, len(parts) - 1)))
        what = draw(st.sampled_from(["delete", "insert", "replace", "exchange", "double", "copy", "indent"]))
        if not parts or what == "insert":
            parts.insert(at, draw(st.sampled_from(PIECES)))
        elif what == "delete":
            del parts[at]
        elif what == "replace":
            parts[at] = draw(st.sampled_from(PIECES) | st.text(max_size=3))
        elif what == "exchange":
            parts[at], parts[other] = parts[other], parts[at]
        elif what == "double":
            parts.insert(at, parts[at])
        elif what == "copy":
            parts[at] = parts[other]
        else:
            parts[at] = draw(st.sampled_from([" ", "  ", "    "])) + parts[at]
        text = "".join(parts)
    return text + "\n"


def nodes(tree: Tree) -> list[tuple[Any, Any]]:
    """Every place of a tree, as the container and the key or index in it."""
    found: list[tuple[Any, Any]] = []
    waiting, seen = [tree], set[int]()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        places = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for place in places:
            found.append((here, place))
            waiting.append(here[place])
    return found


@st.composite
def damaged_tree(draw: st.DrawFn) -> dict[str, Any]:
    """The nodes of a spec with some deleted, exchanged, wrapped, renamed, or taken from another spec."""
    names = st.sampled_from(sorted(TEXTS))
    tree: dict[str, Any] = yaml.load(TEXTS[draw(names)], Loader=yaml.BaseLoader)
    donor: dict[str, Any] = yaml.load(TEXTS[draw(names)], Loader=yaml.BaseLoader)
    for _ in range(draw(st.integers(1, 4))):
        places, gifts = nodes(tree), nodes(donor)
        if not places:
            break
        holder, place = places[draw(st.integers(0, len(places) - 1))]
        what = draw(st.sampled_from(["delete", "gift", "scalar", "exchange", "wrap", "key", "double"]))
        if what == "delete":
            del holder[place]
        elif what == "gift":
            giver, key = gifts[draw(st.integers(0, len(gifts) - 1))]
            holder[place] = giver[key]
        elif what == "scalar":
            holder[place] = draw(st.sampled_from(PIECES) | st.integers(-2, 300) | st.none() | st.booleans())
        elif what == "exchange":
            there, key = places[draw(st.integers(0, len(places) - 1))]
            holder[place], there[key] = there[key], holder[place]
        elif what == "wrap":
            holder[place] = draw(st.sampled_from([[holder[place]], {"x": holder[place]}, [holder[place]] * 2]))
        elif what == "key" and isinstance(holder, dict):
            holder[draw(st.sampled_from(PIECES))] = holder.pop(place)
        elif isinstance(holder, list):
            holder.insert(place, holder[place])
    return tree


def run(strategy: Any, examples: int, **options: Any) -> None:
    """Ask about so many mutations."""

    @settings(max_examples=examples)
    @given(strategy)
    def ask(spec: Any) -> None:
        answer(spec, **options)

    ask()


def test_damaged_texts() -> None:
    run(damaged_text(), 600)


def test_damaged_trees() -> None:
    run(damaged_tree(), 400)


def test_damaged_texts_with_a_free_size() -> None:
    run(damaged_text(), 25, free=["H"])


def test_damaged_trees_with_a_free_size_and_training() -> None:
    run(damaged_tree(), 25, free=["H"], training=True)


def test_damaged_settings() -> None:
    settings_ = st.dictionaries(
        st.sampled_from(["H", "W", "classes", "depths", "widths", "bn"]), st.sampled_from(PIECES), max_size=3
    )

    @settings(max_examples=100)
    @given(settings_)
    def ask(chosen: dict[str, str]) -> None:
        answer("vgg11", settings=chosen)

    ask()


@pytest.mark.thorough
def test_ten_thousand_mutations() -> None:
    run(damaged_text(), 6000)
    run(damaged_tree(), 4000)
    run(damaged_text() | damaged_tree(), 500, free=["H"])
