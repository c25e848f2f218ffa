"""archcalc against the referee: random small networks, really run in numpy."""

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.strategies import booleans
from referee import Facts, Network, Row, emit, run
from referee.resizing import Crop
from referee.sliding import Conv, TransposedConv
from referee.strategies import networks

import archcalc
from archcalc.report import Layer, Totals

ANY_SPEED = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SAME_EVERY_TIME = settings(ANY_SPEED, max_examples=300, derandomize=True)


def agree(network: Network, terse: bool) -> None:
    """Every number of the report is what happened in the run."""
    text = emit(network, terse)
    facts, report = run(network), archcalc.analyze(text)
    assume(not any(row.blind for row in facts.rows))
    assert [row.path for row in report.layers] == [row.path for row in facts.rows], text
    assert report.counts("useful_mult_adds") == tuple(row.tally.useful_mult_adds for row in facts.rows), text
    for answer, row in zip(report.layers, facts.rows, strict=True):
        agree_on_layer(answer, row, f"{row.path} in\n{text}")
    agree_on_totals(report.totals, facts, text)


def agree_on_layer(answer: Layer, row: Row, text: str) -> None:
    """Shape, counts and receptive field of one layer."""
    tally, field, theirs = row.tally, row.field, answer.receptive_field
    assert (answer.op, answer.output_shape) == (row.op, row.output_shape), text
    assert (answer.params, answer.buffers, answer.mult_adds) == (tally.params, tally.buffers, tally.mult_adds), text
    assert answer.activations == row.written, text
    if row.flow.met:
        assert theirs is not None, text
        assert not theirs.aligned, text
    elif field is None:
        assert theirs is None, text
    else:
        assert theirs is not None, text
        assert (theirs.size, theirs.stride, theirs.start) == (field.size, field.stride, field.start), text
        assert (theirs.period, theirs.whole_input, theirs.aligned) == (field.period, field.whole_input, True), text


def agree_on_totals(totals: Totals, facts: Facts, text: str) -> None:
    """Sums over all layers, and the paths through them."""
    end = facts.rows[-1].flow
    assert (totals.params, totals.buffers, totals.mult_adds) == (facts.params, facts.buffers, facts.mult_adds), text
    assert totals.activations == facts.activations, text
    assert (totals.depth, totals.shortest_path) == (end.longest, end.shortest), text
    last = next((row for row in reversed(facts.rows) if row.field or row.flow.met), None)
    theirs = totals.receptive_field
    assert theirs is not None, text
    assert theirs.aligned == (last is None or not last.flow.met), text
    assert totals.receptive_field_of == (last.flow.met or last.path if last else "input"), text


@SAME_EVERY_TIME
@given(networks(), booleans())
def test_random_networks(network: Network, terse: bool) -> None:
    agree(network, terse)


@pytest.mark.thorough
@settings(ANY_SPEED, max_examples=5000)
@given(networks(), booleans())
def test_thousands_of_random_networks(network: Network, terse: bool) -> None:
    agree(network, terse)


def test_a_layer_that_meets_only_holes_has_no_field() -> None:
    one, two = (1,), (2,)
    spread = TransposedConv(1, one, two, ((0, 0),), (0,), one, 1, bias=True)
    steps = (spread, Crop(None, ((1, 0),)), Conv(1, one, two, "valid", one, 1, bias=True))
    network = Network((1, 8), steps)
    assert run(network).rows[-1].blind
    assert archcalc.analyze(emit(network)).layers[-1].receptive_field is None
