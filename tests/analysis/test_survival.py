"""With which probability training computes an operator: by hand, and beside all ways of dropping branches."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from asking import spec
from dropping import networks, remaining, ways
from hypothesis import given

import archcalc
from archcalc.analysis.survival import survival

if TYPE_CHECKING:
    from archcalc.recorded import Quantity


def probabilities(layers: str, **options: object) -> dict[str, Quantity]:
    """The probability of each operator, by path."""
    graph = archcalc.graph(spec(layers), **options)  # type: ignore[arg-type]
    chances = survival(graph)
    return {node.path: chances.probability(node.index) for node in graph.nodes if node.op is not None}


def refused(layers: str) -> str:
    with pytest.raises(archcalc.ArchcalcError) as caught:
        probabilities(layers)
    return str(caught.value)


def test_a_branch_is_computed_when_it_is_not_dropped() -> None:
    found = probabilities("[{add: {body: [{conv: [6, 1]}, relu, {drop_path: 0.25}], shortcut: []}}, relu]")
    assert found["add/body/conv"] == found["add/body/relu"] == found["add/body/drop_path"] == Fraction(3, 4)
    assert found["add"] == found["relu"] == 1


def test_nested_branches_multiply() -> None:
    found = probabilities(
        """
        - add:
            outer:
              - conv: [6, 1]
              - add: {inner: [{conv: [6, 1]}, {drop_path: 0.25}], rest: []}
              - drop_path: 0.5
            rest: []
        """
    )
    assert found["add/outer/add/inner/conv"] == Fraction(3, 8)
    assert found["add/outer/add"] == found["add/outer/conv"] == Fraction(1, 2)


def test_what_two_branches_read_is_computed_when_one_of_them_is() -> None:
    found = probabilities(
        """
        - as: x
        - {conv: [6, 1], as: stem}
        - add:
            a: [{relu, from: stem}, {drop_path: 0.5}]
            b: [{tanh, from: stem}, {drop_path: 0.25}]
            rest: [{identity, from: x}]
        """
    )
    assert found["conv"] == 1 - Fraction(1, 2) * Fraction(1, 4)
    assert found["add/a/relu"] == Fraction(1, 2)


def test_what_is_read_outside_is_always_computed() -> None:
    found = probabilities(
        """
        - as: x
        - {conv: [6, 1], as: stem}
        - {add: {a: [{conv: [6, 1]}, {drop_path: 0.5}], rest: []}}
        """
    )
    assert found["conv"] == 1


def test_a_rate_of_one_and_a_rate_of_zero() -> None:
    always = probabilities("[{add: {body: [relu, {drop_path: 0}], rest: []}}]")
    never = probabilities("[{add: {body: [relu, {drop_path: 1}], rest: []}}]")
    assert (always["add/body/relu"], never["add/body/relu"]) == (1, 0)


@pytest.mark.parametrize("rate", ["-0.5", "1.5"])
def test_a_rate_is_a_probability(rate: str) -> None:
    said = refused(f"[{{add: {{body: [relu, {{drop_path: {rate}}}], rest: []}}}}]")
    assert (
        said == f"add/body/drop_path drops its branch with probability {Fraction(rate)}\n  a rate lies between 0 and 1"
    )


def test_branches_that_may_all_be_dropped_at_once_are_refused() -> None:
    """FractalNet keeps at least one branch of each join, so its branches are not dropped independently."""
    said = refused("[conv: [6, 1], {mean: {deep: [relu, {drop_path: 0.15}], shallow: [tanh, {drop_path: 0.15}]}}]")
    assert said == (
        "every way from the input to mean may be dropped at once\n"
        "  branches are dropped independently; FractalNet's drop-path, which keeps one at each join, is something else"
    )


def test_a_trunk_is_no_branch() -> None:
    assert refused("[relu, {drop_path: 0.5}]").startswith("every way from the input to the output may be dropped")


@given(networks())
def test_beside_all_ways_of_dropping(network: str) -> None:
    graph = archcalc.graph(network)
    chances = survival(graph)
    expected = [Fraction(0)] * len(graph.nodes)
    for probability, dropped in ways(graph):
        for index in remaining(graph, dropped):
            expected[index] += probability
    operators = [node.index for node in graph.nodes if node.op is not None]
    assert [chances.probability(i) for i in operators] == [expected[i] for i in operators]


@given(networks(most=4))
def test_two_together_beside_all_ways_of_dropping(network: str) -> None:
    """The union and the intersection of events, as an OR and an AND over every way to drop branches."""
    graph = archcalc.graph(network)
    chances = survival(graph)
    pairs = list(combinations([node.index for node in graph.nodes], 2))[:200]
    either, both = dict.fromkeys(pairs, Fraction(0)), dict.fromkeys(pairs, Fraction(0))
    for probability, dropped in ways(graph):
        left = remaining(graph, dropped)
        for pair in pairs:
            either[pair] += probability * (not left.isdisjoint(pair))
            both[pair] += probability * left.issuperset(pair)
    decisions, events = chances.decisions, chances.events
    assert {(a, b): decisions.probability(decisions.either(events[a], events[b])) for a, b in pairs} == either
    assert {(a, b): decisions.probability(decisions.all_of(events[a], events[b])) for a, b in pairs} == both


def test_more_decisions_than_allowed_are_refused() -> None:
    limits = archcalc.LIMITS._replace(decisions=10)
    graph = archcalc.graph(spec("[{repeat: 20, layers: [{add: {a: [relu, {drop_path: 0.5}], b: []}}]}]"), limits=limits)
    with pytest.raises(archcalc.LimitError, match="decisions"):
        survival(graph)
