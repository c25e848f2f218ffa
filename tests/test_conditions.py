"""What must hold of a free size, solved: the text is true at exactly the sizes for which there is a network."""

from __future__ import annotations

import pytest
from asking import spec
from evaluating import at
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.recorded import Recorded
from archcalc.render.json import as_data
from archcalc.symbolic.conditions import condition_texts

SPECS: dict[str, tuple[str, list[str]]] = {
    "max pools": ("[{max_pool: 2}, {max_pool: 2}]", ["H >= 4"]),
    "convolutions without padding": ("[{conv: [4, 7, 2]}, {conv: [4, 3]}]", ["H >= 11"]),
    "a small U-Net": (
        """
        - {conv: [4, 3, 1, 1], as: whole}
        - {max_pool: 2}
        - {conv: [4, 3, 1, 1], as: half}
        - {max_pool: 2}
        - {upsample: 2, as: here}
        - {concat, from: [here, half]}
        - {upsample: 2, as: there}
        - {concat, from: [there, whole]}
        """,
        ["H % 4 == 0"],
    ),
    "halves that round apart": ("[{add: {a: [{conv: [3, 3, 2, 1]}], b: [{max_pool: 2}]}}]", ["H % 2 == 0"]),
}


def sizes(layers: str) -> list[int]:
    """The heights for which the numeric engine has a network."""
    text = spec(layers, "[3, H, 16]", hyperparameters="H: 16")
    found = []
    for height in range(1, 70):
        try:
            archcalc.analyze(text, settings={"H": height})
        except archcalc.SpecError:
            continue
        found.append(height)
    return found


@pytest.mark.parametrize("name", SPECS)
def test_the_condition_holds_where_there_is_a_network(name: str) -> None:
    layers, said = SPECS[name]
    data = as_data(archcalc.analyze(spec(layers, "[3, H, 16]", hyperparameters="H: 16"), free=["H"]))
    assert data["conditions"] == said
    holding = [height for height in range(1, 70) if all(at(text, {"H": height}) for text in data["conditions"])]
    assert holding == sizes(layers)


H = Recorded("H")
SUMS = st.recursive(
    st.one_of(st.just(H), st.integers(-9, 9)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: t[0] + t[1]),
        st.tuples(inner, inner).map(lambda t: t[0] - t[1]),
        st.tuples(inner, st.integers(-3, 3)).map(lambda t: t[0] * t[1]),
        st.tuples(inner, st.integers(1, 6)).map(lambda t: t[0] // t[1]),
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(SUMS, st.sampled_from(["<=", "=="]), SUMS), min_size=1, max_size=3))
def test_what_is_said_is_what_is_needed(conditions: list[tuple[object, str, object]]) -> None:
    said = condition_texts(conditions)  # type: ignore[arg-type]
    for height in range(1, 80):
        needed = all(
            (at(left, {"H": height}) <= at(right, {"H": height}))
            if relation == "<="
            else at(left, {"H": height}) == at(right, {"H": height})
            for left, relation, right in conditions
        )
        assert all(at(text, {"H": height}) for text in said) == needed
