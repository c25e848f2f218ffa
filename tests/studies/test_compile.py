"""archcalc.compile: what the compiled functions give is what the numeric engine gives, point by point."""

from __future__ import annotations

import pickle
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from asking import spec
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc import zoo
from archcalc.arrays import Values, holds, run, values
from archcalc.program import program
from archcalc.recorded import COMPUTE, Quantity, Recorded, choose, divide, maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations", "activation_bytes")


def numeric(name: str, point: dict[str, Any]) -> tuple[int, ...] | None:
    """The counts of the network at a point, or none where there is no such network."""
    try:
        totals: Any = archcalc.analyze(name, settings=point).totals
    except archcalc.SpecError:
        return None
    return tuple(getattr(totals, count) for count in COUNTS)


def points(free: Sequence[str], seed: str, count: int) -> list[dict[str, Any]]:
    """Random values: whole ones, and rational ones for multipliers."""
    random = Random(seed)
    return [
        {
            name: Fraction(random.randint(1, 60), random.choice((8, 10, 25)))
            if name in ("alpha", "compression")
            else random.randint(1, 300)
            for name in free
        }
        for _ in range(count)
    ]


CASES: list[tuple[str, list[str]]] = [
    ("vgg16", ["H", "classes"]),
    ("resnet50", ["H", "W"]),
    ("resnet18", ["width_per_group", "H"]),
    ("densenet121", ["growth", "H"]),
    ("densenet121", ["compression", "growth"]),
    ("mobilenet_v1", ["alpha", "H"]),
    ("mobilenet_v2", ["alpha", "classes"]),
    ("googlenet", ["H"]),
    ("unet", ["H", "W"]),
    ("alexnet_2012", ["H"]),
]


@pytest.mark.parametrize(("name", "free"), CASES, ids=[f"{name}-{'-'.join(free)}" for name, free in CASES])
def test_every_point_is_as_the_numeric_engine_has_it(name: str, free: list[str]) -> None:
    compiled = archcalc.compile(name, free=free, of=COUNTS)
    tried = points(free, name, 12)
    given = {key: [point[key] for point in tried] for key in free}
    valid = compiled.valid(**given)
    theirs = [numeric(name, point) for point in tried]
    for ours, answer in zip(valid, theirs, strict=True):
        assert not ours or answer is not None  # where the formulas hold, there is a network
    kept = [i for i, ours in enumerate(valid) if ours]
    if kept:
        results = compiled(**{key: [column[i] for i in kept] for key, column in given.items()})
        assert list(zip(*(results[count].tolist() for count in COUNTS), strict=True)) == [theirs[i] for i in kept]
    assert all(answer is None for i, answer in enumerate(theirs) if i not in kept) or "!=" in [
        c.relation for c in compiled.conditions
    ]


def test_some_points_are_valid_and_some_are_not() -> None:
    valid = archcalc.compile("vgg16", free=["H"]).valid(H=[1, 31, 32, 33])
    assert valid.tolist() == [False, False, True, True]


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.specs())
def test_every_spec_of_the_zoo(name: str) -> None:
    free = [n for n in ("H", "W") if n in archcalc.load(name).hyperparameters]
    if not free:
        pytest.skip("it has no H")
    compiled = archcalc.compile(name, free=free, of=COUNTS)
    for point in points(free, name, 20):
        if compiled.valid(**point).all():
            results = compiled(**point)
            assert tuple(int(results[count]) for count in COUNTS) == numeric(name, point)


def test_a_grid_is_worked_out_axis_by_axis() -> None:
    alpha, sizes = ["0.25", "1/2", "1"], [128, 160]
    compiled = archcalc.compile("mobilenet_v1", free=["alpha", "H"])
    grid = compiled(alpha=np.array([[Fraction(a)] for a in alpha], dtype=object), H=np.array([sizes]))
    assert grid["params"].shape == grid["mult_adds"].shape == (3, 2)
    for i, a in enumerate(alpha):
        for j, size in enumerate(sizes):
            totals = archcalc.analyze("mobilenet_v1", settings={"alpha": a, "H": size}).totals
            assert (grid["params"][i, j], grid["mult_adds"][i, j]) == (totals.params, totals.mult_adds)


@pytest.mark.parametrize("size", [2**20, 2**29, 2**40, 10**300])
def test_sizes_past_64_bits_are_exact(size: int) -> None:
    compiled = archcalc.compile("vgg16", free=["H"], batch="batch", of=["mult_adds", "activation_bytes"])
    totals = archcalc.analyze("vgg16", settings={"H": size}, batch=7).totals
    found = compiled(H=[size], batch=7)
    assert [int(n[0]) for n in found.values()] == [totals.mult_adds, totals.activation_bytes]


def test_axes_have_names() -> None:
    of = ["output_shape", "receptive_field", "receptive_field_stride", "receptive_field_start"]
    text = spec("[{conv: {out: 7, kernel: [3, 5], stride: 2}}]", "[3, H, 40]", hyperparameters="H: 9")
    found = archcalc.compile(text, free=["H"], of=of)(H=[9, 10, 11])
    assert {name: array.tolist() for name, array in found.items()} == {
        "output_channels": [7, 7, 7],
        "output_height": [4, 4, 5],
        "output_width": [18, 18, 18],
        "receptive_field_height": [3, 3, 3],
        "receptive_field_width": [5, 5, 5],
        "receptive_field_stride_height": [2, 2, 2],
        "receptive_field_stride_width": [2, 2, 2],
        "receptive_field_start_height": [0, 0, 0],
        "receptive_field_start_width": [0, 0, 0],
    }


def test_a_compiled_function_can_be_pickled() -> None:
    compiled = archcalc.compile("mobilenet_v2", free=["alpha", "H"])
    again = pickle.loads(pickle.dumps(compiled))
    assert again == compiled
    assert again(alpha="0.75", H=96)["params"].tolist() == compiled(alpha="3/4", H=96)["params"].tolist()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alpha": 0.5, "H": 224}, "alpha: 0.5 is a float, which is not exact"),
        ({"alpha": "0.5", "H": 0}, "H takes whole numbers from 1"),
        ({"alpha": "0.5", "H": "1.5"}, "H takes whole numbers from 1"),
        ({"alpha": "0", "H": 224}, "alpha takes numbers above 0"),
        ({"alpha": "0.5"}, "no value is given for H"),
        ({"alpha": "0.5", "H": 224, "h": 3}, "'h' is not free here"),
        ({"alpha": "half", "H": 224}, "alpha: 'half' is no exact number"),
        ({"alpha": None, "H": 224}, "alpha: None is no exact number"),
        ({"alpha": True, "H": 224}, "alpha: True is no exact number"),
    ],
)
def test_what_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.compile("mobilenet_v1", free=["alpha", "H"])(**given)
    assert caught.value.message == said


def test_where_the_formulas_do_not_hold() -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.compile("vgg16", free=["H"])(H=[31, 32, 16])
    assert str(caught.value) == (
        "VGG-16 is another network, or none, at 2 of 3 points\n  valid(...) tells where the formulas hold"
    )


def test_a_divisor_that_can_be_zero() -> None:
    text = spec("[{linear: m}]", "[4]", hyperparameters="n: 4\nm: 16 // (n - 2)")
    compiled = archcalc.compile(text, free=["n"], of=["params"])
    assert compiled.valid(n=[2, 3, 4]).tolist() == [False, True, True]
    assert compiled(n=[3, 4])["params"].tolist() == [80, 40]


def test_a_divisor_that_can_be_zero_in_what_is_not_asked() -> None:
    text = spec("[{conv: [2, 3]}, {pad: {padding: m}}]", "[3, 8, 8]", hyperparameters="n: 4\nm: 16 // (n - 2)")
    assert archcalc.compile(text, free=["n"], of=["params"]).valid(n=[2, 3, 4]).tolist() == [False, True, True]


def test_conditions_are_compared_exactly() -> None:
    large, small = Values(np.array([2**62, 1])), Values(np.array([1, 5_000]), 1000)
    assert holds(large, "<=", small).tolist() == [False, True]
    assert holds(large, "!=", Values(np.array(2**62))).tolist() == [False, True]


def test_one_point_past_64_bits() -> None:
    n = Recorded("n")
    (result,) = run(program([choose(n, 5, n, 10**18) * n * 10]), {"n": values([7]).at(0)})
    assert result.array().tolist() == 10**18 * 70


def test_arrays_of_integers_are_taken_as_they_are() -> None:
    compiled = archcalc.compile("vgg16", free=["H"], of=["mult_adds"])
    sizes = [32, 64, 224, 225]
    expected = compiled(H=sizes)["mult_adds"].tolist()
    for kind in (np.int16, np.int32, np.uint64, object):
        found = compiled(H=np.array(sizes, dtype=kind).reshape(2, 2))["mult_adds"]
        assert found.shape == (2, 2)
        assert found.ravel().tolist() == expected


def test_exact_pairs_are_taken_as_they_are() -> None:
    compiled = archcalc.compile("mobilenet_v1", free=["alpha"], of=["params"])
    assert compiled(alpha=Values(np.array([1, 2, 3, 4]), 4))["params"].tolist() == [470072, 1331592, 2585560, 4231976]


def test_one_axis_can_be_asked_for() -> None:
    of = ["output_height", "receptive_field_width"]
    text = spec("[{conv: {out: 7, kernel: [3, 5], stride: 2}}]", "[3, H, 40]", hyperparameters="H: 9")
    found = archcalc.compile(text, free=["H"], of=of)(H=[9, 11])
    assert {name: array.tolist() for name, array in found.items()} == {
        "output_height": [4, 5],
        "receptive_field_width": [5, 5],
    }
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.compile(text, free=["H"], of=["output_length"])
    assert str(caught.value) == "<text> has no output length\n  its axes: channels, height, width"


def test_what_cannot_be_asked() -> None:
    with pytest.raises(archcalc.UsageError, match="there is no quantity 'parms'"):
        archcalc.compile("vgg16", free=["H"], of=["parms"])
    with pytest.raises(archcalc.UsageError, match="has no receptive field that could be given as a formula"):
        archcalc.compile("unet", free=["H"], of=["receptive_field"])


LEAVES = st.one_of(
    st.integers(-5, 9), st.fractions(-2, 3, max_denominator=6), st.sampled_from([Recorded("n"), Recorded("a", integral=False)])
)  # fmt: skip
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: t[0] + t[1]),
        st.tuples(inner, inner).map(lambda t: t[0] - t[1]),
        st.tuples(inner, inner).map(lambda t: t[0] * t[1]),
        st.tuples(inner, st.integers(1, 7)).map(lambda t: t[0] // t[1]),
        st.tuples(inner, st.integers(1, 7)).map(lambda t: t[0] % t[1]),
        st.tuples(inner, st.integers(1, 5)).map(lambda t: divide(*t)),
        st.tuples(inner, st.integers(0, 3)).map(lambda t: t[0] ** t[1]),
        st.tuples(inner, inner).map(lambda t: maximum(*t)),
        st.tuples(inner, inner).map(lambda t: minimum(*t)),
        st.tuples(inner, inner, inner, inner).map(lambda t: choose(*t)),
        st.tuples(inner, st.sampled_from([Recorded("n"), Recorded("a", integral=False)])).map(lambda t: t[0] // t[1]),
        st.tuples(inner, st.sampled_from([Recorded("n"), Recorded("a", integral=False)])).map(lambda t: divide(*t)),
    ),
    max_leaves=12,
)


def at(number: Any, point: dict[str, Any]) -> Any:
    """A recorded number at a point, worked out by COMPUTE one operator at a time."""
    if not isinstance(number, Recorded):
        return number
    if number.operator == "name":
        return point[number.name]
    return COMPUTE[number.operator](*[at(operand, point) for operand in number.operands])


@given(
    expression=EXPRESSIONS,
    points=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 7, 10**6, 2**40, 2**70]), st.fractions(Fraction(1, 9), 9)), min_size=1, max_size=5
    ),
)  # fmt: skip
def test_any_expression_is_worked_out_exactly(expression: Quantity, points: list[tuple[int, Fraction]]) -> None:
    made = program([expression])
    given = {"n": values([n for n, _ in points]), "a": values([a for _, a in points])}
    (result,) = run(made, given)
    ours = np.broadcast_to(result.array(), len(points)).tolist()
    assert ours == [at(expression, {"n": n, "a": a}) for n, a in points]
