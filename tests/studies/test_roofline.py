"""The roofline of one layer: its bounds by hand, and the batch from which arithmetic is the limit by trying batches."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc.studies.machine import Machine
from archcalc.studies.roofline import COMPUTE, MEMORY, Demand, compute_bound_from, least_seconds, limited_by

COUNT = st.integers(0, 60)
RATE = st.fractions(Fraction(1, 8), 8, max_denominator=8)
MACHINE = st.builds(Machine, RATE, RATE)
TRIED = 400
"""Batches that are tried."""


def test_by_hand() -> None:
    """100 flops and 10 + 15 bytes: 4 flops per byte."""
    demand = Demand(100, 10, 15)
    assert demand.intensity == 4
    for flops, bandwidth, seconds, limit in (
        (10, 5, Fraction(10), COMPUTE),
        (20, 5, Fraction(5), COMPUTE),  # the ridge point itself
        (21, 5, Fraction(5), MEMORY),
        (50, 1, Fraction(25), MEMORY),
    ):
        machine = Machine(Fraction(flops), Fraction(bandwidth))
        assert (least_seconds(demand, machine), limited_by(demand, machine)) == (seconds, limit)
        assert (limit == COMPUTE) == (demand.intensity >= machine.ridge)


def test_what_moves_nothing_has_no_intensity() -> None:
    assert Demand(0, 0, 0).intensity is None
    assert Demand(0, 0, 4).intensity == 0


def test_the_batch_of_a_fully_connected_layer() -> None:
    """100 x 100 weights at 4 bytes, ridge 10: 2*10,000*b >= 10*(40,000 + 800*b) from b = 400/12 = 33.3 on."""
    machine = Machine(Fraction(10), Fraction(1))
    assert compute_bound_from(20_000, 40_000, [100, 100], 32, machine) == 34
    assert compute_bound_from(8_000, 0, [100, 100], 32, machine) == 1
    assert compute_bound_from(7_999, 0, [100, 100], 32, machine) is None
    assert compute_bound_from(8_000, 1, [100, 100], 32, machine) is None


@given(COUNT, COUNT, st.lists(st.integers(1, 9), min_size=1, max_size=3), st.sampled_from([4, 8, 16, 32]), MACHINE)
def test_the_batch_by_trying(flops: int, weights: int, tensors: list[int], bits: int, machine: Machine) -> None:
    """Of all batches up to TRIED, those from the answer on are at the ridge point or above, the one before is not."""
    found = compute_bound_from(flops, weights, tensors, bits, machine)
    above = [
        Fraction(batch * flops, weights + sum((batch * size * bits + 7) // 8 for size in tensors)) >= machine.ridge
        for batch in range(1, TRIED)
    ]
    if found is None:
        assert not all(above[TRIED // 2 :])
    else:
        assume(found < TRIED)
        assert all(above[found - 1 :])
        assert found == 1 or not above[found - 2]


@given(COUNT, st.integers(1, 60), st.integers(1, 60), MACHINE, st.integers(1, 9))
def test_a_machine_that_is_faster_by_a_factor(flops: int, weights: int, moved: int, machine: Machine, by: int) -> None:
    demand, faster = Demand(flops, weights, moved), Machine(by * machine.flops_per_second, by * machine.bandwidth)
    assert least_seconds(demand, machine) == by * least_seconds(demand, faster)
    assert limited_by(demand, machine) == limited_by(demand, faster)
