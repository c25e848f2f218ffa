"""archcalc.sweep: every row is what the numeric engine gives, and those are kept that are asked for."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

import archcalc
from archcalc import zoo
from archcalc.arrays import Values, front, ordered, values
from archcalc.studies import grid as grids
from archcalc.studies import structures as structures_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OF = ("params", "mult_adds", "flops", "activations", "activation_bytes", "depth")

KINDS = spec(
    """
    - repeat: n
      layers: [{conv: {out: width, kernel: k, padding: k // 2}}, act]
    - {if: on, then: [batch_norm]}
    - for: {w: widths}
      layers: [{conv: [w, 1]}]
    - {add: {body: [{conv: [width, 1]}], shortcut: {when: channels == width, layers: []}}}
    """,
    "[3, H, H]",
    hyperparameters="n: 1\nwidth: 8\nk: 3\nact: relu\non: true\nwidths: [8, 16]\nH: 9",
)


def engine(text: str, point: Mapping[str, Any], of: Iterable[str] = OF, batch: int = 1) -> tuple[Any, ...] | None:
    """The quantities as `analyze` has them, or none where it refuses."""
    try:
        totals: Any = archcalc.analyze(text, settings=point, batch=batch).totals
    except archcalc.SpecError:
        return None
    return tuple(getattr(totals, name) for name in of)


def points(over: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the values, the last name fastest."""
    axes = grids.grid(over).axes
    return [dict(zip(over, items, strict=True)) for items in product(*[axis.items for axis in axes])]


def agrees(text: str, over: Mapping[str, Any]) -> int:
    """Compare every row with the engine; how many are networks."""
    of = [name for name in OF if name not in over]
    swept = archcalc.sweep(text, over=over, of=of)
    rows = list(swept)
    expected = points(over)
    assert [{name: row[name] for name in over} for row in rows] == expected
    networks = 0
    for row, point in zip(rows, expected, strict=True):
        theirs = engine(text, point, of)
        ours = tuple(row[name] for name in of)
        assert ours == (theirs or (None,) * len(of)), point
        networks += theirs is not None
    assert sum(refusal.configurations for refusal in swept.refused.values()) == len(rows) - networks
    return networks


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "numbers": ("mobilenet_v1", {"alpha": "0.25:1:0.25", "H": "128,160,192,224"}),
    "a list that decides": ("resnet50", {"H": "32,224", "depths": "[3,4,6,3],[3,4,23,3]"}),
    "another network at small widths": ("mobilenet_v2", {"alpha": "1/100,0.05,0.1:0.5:0.1", "H": "32,33"}),
    "sizes too small": ("vgg16", {"H": "30:33", "classes": "10,100"}),
    "few sizes fit": ("unet", {"H": "180:190", "W": "[188,204][0],189"}),
    "nothing is below one": ("lenet5", {"H": "0,32,31.5,-3", "classes": "10"}),
    "words, flags, counts, lists": (
        KINDS,
        {"act": "relu,sigmoid", "n": "0:2", "on": "true,false", "widths": "[],[8],[4,8]", "width": "4,8,16", "k": "1,3"},
    ),
    "whole numbers where fractions are": (spec("[{dropout: rate}, {linear: 3}]", "[4]", hyperparameters="rate: 0.5"), {"rate": "0,1/2,1,2"}),
    "fractions where whole numbers are": (spec("[{linear: floor(k * 4)}]", "[4]", hyperparameters="k: 2"), {"k": "0.5,1,1.25,2"}),
    "sizes that are not whole": (spec("[{linear: k * 4}]", "[4]", hyperparameters="k: 2"), {"k": "0.5,1,1.3,2"}),
    "a divisor of zero": (spec("[{linear: 12 // (n - 2)}]", "[4]", hyperparameters="n: 3"), {"n": "1:5"}),
    "a count that can be left free": ("resnet20_cifar", {"n": "0:4", "H": "32,9"}),
    "huge sizes": ("vgg16", {"H": "32,2**40,10**30"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_row_is_as_the_engine_has_it(case: str) -> None:
    assert agrees(*CASES[case])


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.specs())
def test_every_number_of_every_spec(name: str) -> None:
    values = archcalc.analyze(name).hyperparameters
    for hyperparameter, value in values.items():
        if isinstance(value, (int, Fraction)) and not isinstance(value, bool):
            near = [value, value + 1, value * 2, Fraction(value) / 2, value - 1, Fraction(value) / 7, 1, 0, -1]
            agrees(name, {hyperparameter: list(dict.fromkeys(near))})


def test_a_batch_is_swept_like_a_hyperparameter() -> None:
    rows = list(archcalc.sweep("lenet5", over={"batch": "1,7", "H": "32,40"}, of=["activation_bytes"]))
    assert [row["activation_bytes"] for row in rows] == [
        (engine("lenet5", {"H": size}, ["activation_bytes"], batch) or ())[0] for batch in (1, 7) for size in (32, 40)
    ]


def test_chunks_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(archcalc.sweep(KINDS, over={"n": "0:2", "H": "1:9", "width": "4,8"}))
    monkeypatch.setattr(grids, "CHUNK", 7)
    assert list(archcalc.sweep(KINDS, over={"n": "0:2", "H": "1:9", "width": "4,8"})) == whole


def test_few_compiled_structures_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    over = {"H": "8,9", "n": "0:3", "on": "true,false"}
    whole = list(archcalc.sweep(KINDS, over=over))
    monkeypatch.setattr(structures_of, "STRUCTURES", 1)
    assert list(archcalc.sweep(KINDS, over=over)) == whole


def test_one_function_serves_all_that_decide_nothing() -> None:
    swept = archcalc.sweep("mobilenet_v1", over={"alpha": "0.25:1:0.25", "H": "1:200"})
    assert len(list(swept)) == 800
    assert len(swept.structures._kept) == 1


def test_another_network_is_compiled_once_for_all_that_have_it() -> None:
    swept = archcalc.sweep("mobilenet_v2", over={"alpha": "0.05,0.1", "H": "1:200"})
    assert len(list(swept)) == 400
    assert len(swept.structures._kept) <= 3


def test_what_is_no_network_is_counted_with_its_reason() -> None:
    swept = archcalc.sweep("vgg16", over={"H": "1:40", "classes": "10,20,0"})
    rows = list(swept)
    assert sum(row["params"] is None for row in rows) == 31 * 3 + 9
    none, small = sorted(swept.refused.values())
    assert (none.configurations, none.example) == (9, "H = 32, classes = 0")
    assert "out must be at least 1, not 0" in none.said
    assert (small.configurations, small.example) == (31 * 3, "H = 1, classes = 0")
    assert "the kernel spans 2, but the input with its padding is only 1" in small.said


# Which rows are kept


ROWS = {"alpha": "0.25:1:0.25", "H": "96:224:32", "classes": "10,1000"}


def everything() -> list[dict[str, Any]]:
    return list(archcalc.sweep("mobilenet_v1", over=ROWS))


@pytest.mark.parametrize(
    ("where", "python"),
    [
        ("params < 2M", lambda r: r["params"] < 2_000_000),
        ("params < 2e6 and mult_adds < 100M", lambda r: r["params"] < 2_000_000 and r["mult_adds"] < 10**8),
        ("not params >= 0.5M or H == 96", lambda r: r["params"] < 500_000 or r["H"] == 96),
        ("1M <= params <= 3M", lambda r: 10**6 <= r["params"] <= 3 * 10**6),
        ("mult_adds / params > 50", lambda r: r["mult_adds"] > 50 * r["params"]),
        ("alpha == 0.75", lambda r: r["alpha"] == Fraction(3, 4)),
        ("alpha != 0.75 and H in [96, 128]", lambda r: r["alpha"] != Fraction(3, 4) and r["H"] in (96, 128)),
        ("H not in [96, 128]", lambda r: r["H"] not in (96, 128)),
        ("alpha * 0.1234567890123456789 == 0.1234567890123456789", lambda r: r["alpha"] == 1),
        ("min(H, 100) == 96", lambda r: r["H"] == 96),
        ("H % 64 == 0", lambda r: r["H"] % 64 == 0),
    ],
)
def test_a_condition_keeps_what_satisfies_it(where: str, python: Any) -> None:
    kept = [row for row in everything() if python(row)]
    assert kept
    assert list(archcalc.sweep("mobilenet_v1", over=ROWS, where=where)) == kept


@pytest.mark.parametrize(
    ("where", "python"),
    [
        ("act == relu", lambda r: r["act"] == "relu"),
        ("act in [tanh, relu] and on != true", lambda r: r["act"] != "sigmoid" and not r["on"]),
        ("not on == true and params > 0", lambda r: not r["on"]),
        ("widths == [4, 8] or sum(widths) == 0", lambda r: r["widths"] in ((4, 8), ())),
    ],
)
def test_a_condition_on_words_and_lists(where: str, python: Any) -> None:
    over = {"act": "relu,sigmoid,tanh", "on": "true,false", "widths": "[],[8],[4,8]"}
    kept = [row for row in archcalc.sweep(KINDS, over=over) if python(row)]
    assert kept
    assert list(archcalc.sweep(KINDS, over=over, where=where)) == kept


@pytest.mark.parametrize("where", ["params / buffers > 0", "not params // buffers < 0", "params % (H - 32) >= 0"])
def test_a_row_at_which_a_condition_divides_by_zero_is_not_kept(where: str) -> None:
    text = spec("[{conv: [3, 3]}, {if: on, then: [batch_norm]}]", "[3, H, H]", hyperparameters="on: true\nH: 9")
    rows = list(archcalc.sweep(text, over={"on": "true,false", "H": "32,33"}, where=where, of=["buffers"]))
    kept = [row for row in rows if row["H"] != 32] if "H" in where else [row for row in rows if row["buffers"]]
    assert rows == kept
    assert len(rows) == 2


def test_what_is_asked_of_a_condition_alone_is_not_shown() -> None:
    (row,) = archcalc.sweep("lenet5", over={"H": "32,40"}, of=["params"], where="flops < 1M and output_features == 10")
    assert list(row) == ["H", "params"]


def better(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def test_the_front_is_what_none_is_better_than() -> None:
    rows = everything()
    keys = [(row["params"], -row["H"], row["mult_adds"]) for row in rows]
    kept = [row for row, key in zip(rows, keys, strict=True) if not any(better(other, key) for other in keys)]
    assert 1 < len(kept) < len(rows)
    assert list(archcalc.sweep("mobilenet_v1", over=ROWS, pareto=["params", "max:H", "min:mult_adds"])) == kept


def test_a_front_of_many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(archcalc.sweep("mobilenet_v1", over=ROWS, pareto=["params", "max:H"]))
    monkeypatch.setattr(grids, "CHUNK", 3)
    monkeypatch.setattr("archcalc.studies.sweep.CHUNK", 3)
    assert list(archcalc.sweep("mobilenet_v1", over=ROWS, pareto=["params", "max:H"])) == whole


@trying(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=40), min_size=1, max_size=4))
def test_fronts_and_orders_by_brute_force(columns: list[list[int]]) -> None:
    size = min(map(len, columns))
    keys = list(zip(*[column[:size] for column in columns], strict=True))
    arrays = [values(column[:size]).numerators for column in columns]
    least = [i for i, key in enumerate(keys) if not any(better(other, key) for other in keys) and key not in keys[:i]]
    assert front(arrays).tolist() == least
    assert ordered(arrays).tolist() == sorted(range(size), key=lambda i: keys[i])


@pytest.mark.parametrize("chunk", [5, 1 << 16])
def test_order_and_the_first_rows(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "CHUNK", chunk)
    rows = sorted(everything(), key=lambda row: (-row["params"], row["mult_adds"]))
    assert list(archcalc.sweep("mobilenet_v1", over=ROWS, sort=["max:params", "mult_adds"])) == rows
    assert list(archcalc.sweep("mobilenet_v1", over=ROWS, sort=["max:params", "mult_adds"], top=7)) == rows[:7]


@pytest.mark.parametrize("chunk", [2, 7, 1 << 16])
@pytest.mark.parametrize("top", [1, 3, 8])
def test_the_first_rows_of_a_front(chunk: int, top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hides a row from the front may itself not be among the first; of equal rows the first of the grid is kept."""
    monkeypatch.setattr(grids, "CHUNK", chunk)
    monkeypatch.setattr("archcalc.studies.sweep.CHUNK", chunk)
    rows = everything()
    for names in (["params", "max:H"], ["max:params", "mult_adds"], ["H", "max:alpha", "max:classes"]):
        signs = [(-1 if name.startswith("max:") else 1, name.removeprefix("max:")) for name in names]
        keys = [tuple(sign * row[name] for sign, name in signs) for row in rows]
        kept = [
            row
            for i, (row, key) in enumerate(zip(rows, keys, strict=True))
            if key not in keys[:i] and not any(better(other, key) for other in keys)
        ]
        kept.sort(key=lambda row: -row["mult_adds"])
        assert (
            list(archcalc.sweep("mobilenet_v1", over=ROWS, pareto=names, sort=["max:mult_adds"], top=top)) == kept[:top]
        )


def test_too_many_rows_to_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcalc.studies.sweep.MOST_ROWS", 30)
    with pytest.raises(archcalc.LimitError) as caught:
        list(archcalc.sweep("mobilenet_v1", over=ROWS, sort=["params"]))
    assert str(caught.value) == "more than 30 rows are to be kept\n  --top N keeps the first N"
    assert len(list(archcalc.sweep("mobilenet_v1", over=ROWS, sort=["params"], top=30))) == 30


def test_an_interruption_leaves_what_was_found() -> None:
    swept = archcalc.sweep("mobilenet_v1", over=ROWS, sort=["params"])

    def parts() -> Any:
        yield swept.part(0)
        raise KeyboardInterrupt

    rows = swept.rows(parts())
    assert len(next(rows)) == len(everything())
    with pytest.raises(KeyboardInterrupt):
        next(rows)


# Samples


def test_a_sample_is_drawn_from_the_grid() -> None:
    rows = list(archcalc.sweep("mobilenet_v1", over=ROWS, sample=500, seed=1))
    known = everything()
    assert len(rows) == 500
    assert all(row in known for row in rows)
    assert all(row in rows for row in known)
    assert rows == list(archcalc.sweep("mobilenet_v1", over=ROWS, sample=500, seed=1))
    assert rows != list(archcalc.sweep("mobilenet_v1", over=ROWS, sample=500, seed=2))


def test_a_sample_of_a_grid_too_large_to_walk() -> None:
    over = dict.fromkeys(("H", "W", "classes", "batch"), "1:100000")
    swept = archcalc.sweep("vgg16", over=over, sample=100)
    assert swept.grid.combinations == 10**20
    for row in swept:
        point = {name: row[name] for name in ("H", "W", "classes")}
        assert (row["params"], row["mult_adds"], row["activations"]) == engine(
            "vgg16", point, ("params", "mult_adds", "activations")
        )


# What is read, and what is refused


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1", (1,)),
        ("128,160", (128, 160)),
        ("0.25:1:0.25", (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1)),
        ("1:4", (1, 2, 3, 4)),
        ("1:4:2,10", (1, 3, 10)),
        ("3:1:-1", (3, 2, 1)),
        ("2**3, 1/3", (8, Fraction(1, 3))),
        ("[3,4,6,3],[3,4,23,3]", ((3, 4, 6, 3), (3, 4, 23, 3))),
        ("relu,[relu,tanh]", ("relu", "[relu,tanh]")),
        ("true,false", (True, False)),
        ("max(3, 4), min([5, 6])", (4, 5)),
    ],
)
def test_values_of_an_axis(text: str, items: tuple[Any, ...]) -> None:
    (axis,) = grids.grid({"x": text}).axes
    assert axis.items == items
    assert (axis.values is not None) == all(type(item) in (int, Fraction) for item in items)


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ([Fraction(1), "0.5", Fraction(1, 3)], (1, Fraction(1, 2), Fraction(1, 3))),
        (range(1, 4), (1, 2, 3)),
        ([[1, 2], (3,)], ((1, 2), (3,))),
    ],
)
def test_values_of_an_axis_from_python(given: Any, items: tuple[Any, ...]) -> None:
    (axis,) = grids.grid({"x": given}).axes
    assert axis.items == items
    assert list(map(type, axis.items)) == list(map(type, items))


def said(**options: Any) -> str:
    options = {"over": {"H": "32,64"}} | options
    with pytest.raises(archcalc.ArchcalcError) as caught:
        list(archcalc.sweep(options.pop("spec", "vgg16"), **options))
    return str(caught.value)


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"over": {}}, "a sweep is over something\n  --over H=128,160,192 or --over alpha=0.25:1:0.25"),
    ({"over": {"clases": "1"}}, "VGG-16 has no hyperparameter 'clases'\n  did you mean 'classes'?"),
    ({"over": {"H": ""}}, "H=: a value is missing here"),
    ({"over": {"H": "1,,2"}}, "H=: a value is missing here"),
    ({"over": {"H": []}}, "H has no values"),
    ({"over": {"H": 3}}, "H: 3 is no list of values\n  give a list, or text as '128,160' or '1:9:2'"),
    ({"over": {"H": [0.5]}}, "H: 0.5 is a float, which is not exact\n  give a Fraction, or text as '0.75'"),
    ({"over": {"H": "9:1"}}, "H: the steps of 9:1 do not lead from 9 to 1"),
    ({"over": {"H": "1:9:0"}}, "H: the steps of 1:9:0 do not lead from 1 to 9"),
    ({"over": {"H": "a:b"}}, "H: a:b is no range of numbers\n  a range is start:stop or start:stop:step"),
    ({"over": {"H": "1:9999999"}}, "H has more than 1,000,000 values"),
    ({"over": {"H": "1:9:1:1"}}, "H=1:9:1:1: ':' has no meaning in an expression: 1:9:1:1\n  a list has no slices; a mapping stands on lines of its own or in { }"),
    ({"over": {"H": "__import__('os')"}}, "H=__import__('os'): \"'\" has no meaning in an expression: __import__('os')\n  there is no text in expressions; a word stands for itself without quotes"),
    ({"of": ["parms"]}, "there is no quantity 'parms'\n  did you mean 'params'?"),
    ({"where": "parms < 5M"}, "--where parms < 5M: there is no 'parms' here\n  did you mean 'params'?"),
    ({"where": "params"}, "--where params: 'params' is no condition\n  compare, as in 'params < 5M and mult_adds < 600e6'"),
    ({"where": "params < 5X"}, "--where params < 5X: '5X' is no number\n  write whole numbers as 64 and exact decimals as 0.75"),
    ({"where": "params < H.real"}, "--where params < H.real: '.real' has no meaning\n  a tensor x has x.channels, x.height, x.width and x.length"),
    ({"where": "H in 3"}, "--where H in 3: 'in' asks for a list, as in 'H in [128, 160]'"),
    ({"where": "params < [1]"}, "--where params < [1]: the list [1] is no number"),
    ({"where": "(H if H < 50 else 0) > 1"}, "--where (H if H < 50 else 0) > 1: a side of a comparison cannot hold a condition\n  use 'or'"),
    ({"where": "params / 0 < 1"}, "--where params / 0 < 1: division by zero"),
    ({"pareto": ["params", "size"]}, "'size' is no number of this sweep"),
    ({"pareto": ["most:params"]}, "'most:params' is no number of this sweep"),
    ({"top": 3}, "the first rows are asked for by a number from 1 and an order\n  --sort params --top 10"),
    ({"top": 0, "sort": ["params"]}, "the first rows are asked for by a number from 1 and an order\n  --sort params --top 10"),
    ({"sample": 0}, "a sample has at least one configuration, and fewer than 2**62, not 0"),
    ({"sample": 2**62}, "a sample has at least one configuration, and fewer than 2**62, not 4611686018427387904"),
    ({"sample": 3, "seed": -1}, "a seed is a whole number from 0"),
    ({"settings": {"H": 9}}, "H is both set and swept"),
    ({"batch": "B"}, "the batch of a sweep is a number\n  --over batch=1,8,64 sweeps it"),
    ({"dtype": "float31"}, "there is no precision 'float31'\n  did you mean 'float32'?"),
    (
        {"over": dict.fromkeys(("H", "W", "classes", "batch"), "1:100000")},
        "the grid has 100,000,000,000,000,000,000 configurations\n  --sample N draws some of them",
    ),
    (
        {"spec": KINDS, "over": {"act": "relu,tanh"}, "where": "act == rellu"},
        "--where act == rellu: act is never 'rellu'\n  did you mean 'relu'?",
    ),
    (
        {"spec": KINDS, "over": {"act": "relu,tanh"}, "where": "act == params"},
        "--where act == params: 'act' is no number, and is compared with its values alone",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "text"), REFUSALS)
def test_what_is_refused(options: dict[str, Any], text: str) -> None:
    found = said(**options)
    assert found == text or (found.startswith(f"{text}\n") and "no number of this sweep" in text)


def test_a_name_that_is_a_quantity_too() -> None:
    text = spec("[{repeat: depth, layers: [{linear: 3}]}]", "[3]", hyperparameters="depth: 2")
    rows = list(archcalc.sweep(text, over={"depth": "1,2"}, of=["params"], where="depth > 1"))
    assert rows == [{"depth": 2, "params": 24}]
    assert said(spec=text, over={"depth": "1"}, of=["depth"]) == (
        "'depth' is a hyperparameter here; as a quantity it cannot be told apart"
    )


def test_products_of_many_factors() -> None:
    text = spec("[{linear: m}]", "[4]", hyperparameters="n: 1\nm: " + "*".join("n" for _ in range(40)))
    rows = list(archcalc.sweep(text, over={"n": "1,2,3"}, of=["params"]))
    assert [row["params"] for row in rows] == [5 * n**40 for n in (1, 2, 3)]


def test_rows_can_be_pickled() -> None:
    rows, refused = archcalc.sweep("vgg16", over={"H": "31:33"}).part(0)
    again, _ = pickle.loads(pickle.dumps((rows, refused)))
    assert again.quantities["params"].numerators.tolist() == rows.quantities["params"].numerators.tolist()


def test_values_with_places_are_written_as_decimals() -> None:
    written = [grids.written(Fraction(*pair)) for pair in ((1, 4), (-1, 8), (1, 3), (5, 2), (7, 1), (1, 1000))]
    assert written == ["0.25", "-0.125", "1/3", "2.5", "7", "0.001"]
    assert Values(values([Fraction(1, 2), 3]).numerators, 2).numbers() == [Fraction(1, 2), 3]
