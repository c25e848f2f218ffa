"""Specs of the zoo with random damage, and specs of random pieces: an answer or an ArchcalcError, never a traceback."""

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
from archcalc.spec.functions import FUNCTIONS
from archcalc.spec.language import MERGES

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
        refused = error
    else:
        assert report.totals.params is not None
        return
    assert str(refused).strip()
    assert is_plain(str(refused).splitlines())
    assert refused.exit_code == 2


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


# Random pieces of the language, put together with no thought for what they mean.

NAMES = st.sampled_from(["n", "ns", "act", "x", "y", "channels", "index", "first", "relu", "unit", "training"])
ATOMS = st.sampled_from(
    ["0", "1", "2", "3", "-1", "1/2", "0.25", "true", "[]", "[1, 2]", "[[1, 2], [3, 4]]", "y[0]", "x.channels", "x.height"]
)  # fmt: skip


def _bigger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(
        inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "in", "and", "or"]), inner
    )
    calls = [
        st.tuples(st.just(name), st.lists(inner, min_size=least, max_size=least))
        for name, (_, least, _) in sorted(FUNCTIONS.items())
    ]
    return (
        two.map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]")
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})")
        | st.one_of(calls).map(lambda t: f"{t[0]}({', '.join(t[1])})")
        | inner.map(lambda text: f"(not {text})")
    )


VALUES = st.recursive(NAMES | ATOMS, _bigger, max_leaves=5)
NUMBERS = st.sampled_from(["1", "2", "3", "n", "n", "channels", "index + 1", "x.channels"])
CONDITIONS = st.sampled_from(
    ["true", "false", "first", "last", "n == 2", "channels > 3", "index in [0, 1]", "x.channels == 6"]
)
TENSORS = st.sampled_from(
    ["x", "y", "y[0]", "y[index]", "[x, y]", "[x, x]", "x if first else y", "y[[0, 0]]", "y[len(y) - 1]"]
)
ARGUMENTS = st.one_of(NUMBERS, NUMBERS, NUMBERS, VALUES)
ASKED = st.one_of(CONDITIONS, CONDITIONS, CONDITIONS, VALUES)
EXAMPLES = [yaml.load(op.example, Loader=yaml.BaseLoader) for op in archcalc.OPS.values()]
MODIFIERS: dict[str, st.SearchStrategy[Any]] = {
    "as": st.sampled_from(["x", "x", "y", "y[0]", "y[index]", "y[n]", "y[x]", "n"])
    | st.lists(st.sampled_from(["x", "y", "y[3]"]), max_size=3),
    "from": st.one_of(TENSORS, TENSORS, VALUES, st.lists(TENSORS, max_size=3)),
    "name": st.sampled_from(["a", "a{n}", "a{index}", "{x}", "{channels}"]) | VALUES.map(lambda text: f"{{{text}}}"),
    "share": st.sampled_from(["w", "w{n}", "w{index}"]),
    "trainable": ASKED,
}
HEADS: dict[str, list[int]] = {
    "conv": [2, 3, 4],
    "linear": [1],
    "unit": [0, 1],
    "pair": [1, 2],
    "max_pool": [1, 2],
    "slice": [2],
    "act": [0, 1],
}


@st.composite
def modified(draw: st.DrawFn, heads: st.SearchStrategy[Any]) -> Any:
    """A step, with modifiers or without."""
    head = draw(heads)
    extra = draw(st.lists(st.sampled_from(sorted(MODIFIERS)), max_size=2, unique=True)) if draw(st.booleans()) else []
    step = {head: None} if isinstance(head, str) and extra else head
    return step | {key: draw(MODIFIERS[key]) for key in extra} if extra else step


@st.composite
def called(draw: st.DrawFn) -> dict[str, Any]:
    """An operator or a block with about as many arguments as it takes."""
    head = draw(st.sampled_from(sorted(HEADS)))
    count = draw(st.sampled_from(HEADS[head]))
    return {head: draw(st.lists(ARGUMENTS, min_size=count, max_size=count))}


LEAVES = (
    modified(st.sampled_from(["relu", "concat", "add", "unit", "act", "batch_norm", "flatten", "global_avg_pool"]) | st.sampled_from(EXAMPLES) | called())
    | st.builds(lambda value: {"as": value}, MODIFIERS["as"])
    | st.builds(lambda value: {"from": value}, MODIFIERS["from"])
)  # fmt: skip


def _steps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    branch = several | st.builds(lambda when, steps: {"when": when, "layers": steps}, ASKED, several)
    branches = st.dictionaries(st.sampled_from(["a", "b", "c"]), branch, min_size=1, max_size=3)
    rows = st.sampled_from(["[1, 2]", "ns", "range(n)", "[[1, 2], [3, 4]]"]) | VALUES
    return modified(
        st.builds(lambda turns, steps: {"repeat": turns, "layers": steps}, ARGUMENTS, several)
        | st.builds(
            lambda key, items, steps: {"for": {key: items}, "layers": steps},
            st.sampled_from(["i", "i", "n", "a, b"]),
            rows,
            several,
        )
        | st.builds(lambda condition, steps: {"if": condition, "then": steps}, ASKED, several)
        | st.builds(lambda condition, steps: {"if": condition, "else": steps}, ASKED, several)
        | st.builds(lambda merge, parts: {merge: parts}, st.sampled_from([*MERGES, "output"]), branches)
    )


LAYERS = st.lists(st.recursive(LEAVES, _steps, max_leaves=5), max_size=4)
PROLOGUE = [{"as": "x"}, {"as": "y[0]"}, {"from": "x"}]  # so that most names mean something


def _body(steps: list[Any], turns: str) -> list[Any]:
    return [*PROLOGUE, {"repeat": turns, "layers": steps}]


SPECS = st.builds(
    lambda layers, turns, body, second, n, ns, act, shape: {
        "hyperparameters": {"n": n, "ns": ns, "act": act},
        "input": shape,
        "blocks": {"unit(a=2)": _body(body, "1"), "pair(a, b=channels)": _body(second, "1")},
        "layers": [*_body(layers, turns), {"if": "n == n and ns == ns and act == act", "then": []}],
    },
    LAYERS, st.sampled_from(["1", "2", "n"]), LAYERS, LAYERS, st.sampled_from(["1", "2", "3"]), st.sampled_from(["[1, 2]", "[[1, 2], [3, 4]]"]) | VALUES,
    st.sampled_from(["relu", "tanh", "unit", "conv"]),
    st.sampled_from([["6", "8", "8"], ["6", "8", "8"], ["6", "8", "8"], ["6"], ["5", "6"], {"z": ["6", "8", "8"], "w": ["6", "8", "8"]}]),
)  # fmt: skip


def test_random_pieces() -> None:
    run(SPECS, 250)


def test_random_pieces_with_a_free_number() -> None:
    run(SPECS, 50, free=["n"], training=True)


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
    run(SPECS, 4000)
    run(SPECS, 1000, free=["n"])
    run(damaged_text() | damaged_tree(), 500, free=["H"])
