"""Which of many formulas can be the largest: nothing is lost at any point, and what is certainly reached is left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcalc import LIMITS, LimitError
from archcalc.recorded import Quantity, Recorded, known, replaced
from archcalc.symbolic import largest
from archcalc.symbolic.largest import undominated

H, BATCH, ALPHA = Recorded("H"), Recorded("batch"), Recorded("alpha", integral=False)


@st.composite
def formulas(draw: st.DrawFn) -> Quantity:
    """a*batch*((H + b)//d)**2 + c*H*batch + e, and the like."""
    total: Quantity = draw(st.integers(0, 50))
    for _ in range(draw(st.integers(0, 3))):
        divisor = draw(st.sampled_from([1, 2, 4, 8]))
        part = (H + draw(st.integers(0, divisor - 1))) // divisor
        power = draw(st.integers(0, 2))
        term: Quantity = draw(st.integers(1, 300))
        for _ in range(power):
            term = term * part
        total = total + (term * BATCH if draw(st.booleans()) else term)
    return total


def at(number: Quantity, height: int, batch: int) -> Quantity:
    """The number where both names have values."""
    return known(replaced(replaced(number, "H", height), "batch", batch))


@settings(deadline=None, max_examples=150)
@given(st.lists(formulas(), min_size=1, max_size=6), st.integers(1, 400), st.integers(1, 50))
def test_the_largest_is_among_those_left(numbers: list[Quantity], height: int, batch: int) -> None:
    left = undominated(numbers)
    values = [at(number, height, batch) for number in numbers]
    assert max(values) == max(values[place] for place in left)


@pytest.mark.parametrize(
    ("numbers", "left"),
    [
        ([512 * H * H, 1024 * (H // 2) * (H // 2), 2048 * (H // 4) * (H // 4)], [0]),
        ([512 * ((H + 1) // 2) * ((H + 1) // 2), 3072 * ((H + 3) // 4) * ((H + 3) // 4)], [1]),
        ([3 * BATCH, 3 * BATCH, 2 * BATCH], [0]),
        ([3 * BATCH, 2 * BATCH + 5], [0, 1]),
        ([H * BATCH, H + BATCH], [0, 1]),  # 1 and 2 at H = batch = 1
        ([2 * H * BATCH, H + BATCH], [0]),
        ([1 + 0 * H, (32 * ALPHA) // 1], [0, 1]),  # a rational name may be less than 1
    ],
)
def test_what_is_certainly_reached_is_left_out(numbers: list[Quantity], left: list[int]) -> None:
    assert sorted(undominated(numbers)) == left


def test_comparisons_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(largest, "LIMITS", LIMITS._replace(maxima=2))
    with pytest.raises(LimitError, match="more than 2 pairs"):
        undominated([4 * H, 3 * H, 2 * H, 1 * H])
