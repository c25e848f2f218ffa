"""Design 3, "Paths": which steps add a segment, and how equal segments are numbered."""

from __future__ import annotations

import pytest
from asking import ask, paths, refused

BLOCKS = "{unit: [{conv: [6, 1]}, relu], 'two(n)': [unit, unit], empty: []}"

CASES: dict[str, list[str]] = {
    # a single segment has no number; equal ones are numbered 1, 2, ...
    "[relu]": ["relu"],
    "[relu, tanh]": ["relu", "tanh"],
    "[relu, tanh, relu]": ["relu1", "tanh", "relu2"],
    "[relu, relu, relu]": ["relu1", "relu2", "relu3"],
    # loops and choices add none
    "[{repeat: 2, layers: [relu]}]": ["relu1", "relu2"],
    "[{repeat: 1, layers: [relu]}]": ["relu"],
    "[{for: {i: [1, 2]}, layers: [relu, tanh]}]": ["relu1", "tanh1", "relu2", "tanh2"],
    "[{if: true, then: [relu]}, relu]": ["relu1", "relu2"],
    "[{repeat: 2, layers: [{if: first, then: [relu], else: [tanh]}]}]": ["relu", "tanh"],
    # a named loop adds one per turn
    "[{repeat: 2, name: stage, layers: [relu]}]": ["stage1/relu", "stage2/relu"],
    "[{repeat: 1, name: stage, layers: [relu]}]": ["stage/relu"],
    "[{repeat: 2, name: 'conv{index + 1}', layers: [relu, relu]}]": ["conv1/relu1", "conv1/relu2", "conv2/relu1", "conv2/relu2"],
    "[{for: {d: [1, 2]}, name: 'stage{d}', layers: [{repeat: d, layers: [relu]}]}]": ["stage1/relu", "stage2/relu1", "stage2/relu2"],
    "[{repeat: 2, name: a, layers: [{repeat: 2, name: b, layers: [relu]}]}]": ["a1/b1/relu", "a1/b2/relu", "a2/b1/relu", "a2/b2/relu"],
    "[{if: true, name: part, then: [relu, relu]}]": ["part/relu1", "part/relu2"],
    # a block call adds one
    "[unit]": ["unit/conv", "unit/relu"],
    "[unit, unit]": ["unit1/conv", "unit1/relu", "unit2/conv", "unit2/relu"],
    "[{two: 3}]": ["two/unit1/conv", "two/unit1/relu", "two/unit2/conv", "two/unit2/relu"],
    "[{unit, name: stem}]": ["stem/conv", "stem/relu"],
    "[{repeat: 2, layers: [{unit, name: 'u{index}'}]}]": ["u0/conv", "u0/relu", "u1/conv", "u1/relu"],
    "[{repeat: 2, layers: [{unit, name: u}]}]": ["u1/conv", "u1/relu", "u2/conv", "u2/relu"],
    # a merge and its branches add one each
    "[{add: {body: [relu], shortcut: []}}]": ["add/body/relu", "add"],
    "[{add: {body: [relu], shortcut: []}, name: sum}]": ["sum/body/relu", "sum"],
    "[{repeat: 2, layers: [{add: {body: [relu], shortcut: [tanh]}}]}]": ["add1/body/relu", "add1/shortcut/tanh", "add1", "add2/body/relu", "add2/shortcut/tanh", "add2"],
    "[{concat: {1x1: [relu], 3x3: [relu, relu]}}]": ["concat/1x1/relu", "concat/3x3/relu1", "concat/3x3/relu2", "concat"],
    "[{add: {a: [unit], b: [unit]}}]": ["add/a/unit/conv", "add/a/unit/relu", "add/b/unit/conv", "add/b/unit/relu", "add"],
    "[{add: {a: [{add: {a: [relu], b: []}}], b: []}}]": ["add/a/add/a/relu", "add/a/add", "add"],
    "[{as: x}, relu, {add, from: [x, input]}, {as: y}, {add, from: [y, x]}]".replace("relu, ", ""): ["add1", "add2"],
    "[{as: x}, {add, from: [x, x], name: join}]": ["join"],
    # a branch of an output adds one
    "[{output: {aux: [relu]}}, tanh]": ["aux/relu", "tanh"],
    "[{output: {aux: [relu]}, name: heads}, tanh]": ["heads/aux/relu", "tanh"],
    # names replace the word; equal names are numbered, whatever they name
    "[{relu, name: act}, {tanh, name: act}]": ["act1", "act2"],
    "[{relu, name: relu}, relu]": ["relu1", "relu2"],
    "[{relu, name: 'a{1 + 1}b{true}c'}]": ["a2btruec"],
    "[{relu, name: '{3/4}'}]".replace("3/4", "3 * 4"): ["12"],
    "[{relu, name: conv 1}, {relu, name: 1.5}]": ["conv 1", "1.5"],
    "[{relu, name: '{channels}ch'}]": ["6ch"],
    # a number that is taken is passed over: paths stay unique
    "[relu, relu, {tanh, name: relu1}]": ["relu2", "relu3", "relu1"],
    "[{tanh, name: relu2}, relu, relu, relu]": ["relu2", "relu1", "relu3", "relu4"],
    "[unit, {relu, name: unit1}, unit]": ["unit2/conv", "unit2/relu", "unit1", "unit3/conv", "unit3/relu"],
    # an empty block or branch holds nothing, but has its place
    "[empty, empty, relu]": ["relu"],
}  # fmt: skip


@pytest.mark.parametrize("layers", CASES)
def test_paths(layers: str) -> None:
    assert paths(ask(layers, blocks=BLOCKS)) == CASES[layers]


@pytest.mark.parametrize("layers", CASES)
def test_paths_are_unique(layers: str) -> None:
    found = paths(ask(layers, blocks=BLOCKS))
    assert len(set(found)) == len(found)


def test_the_path_of_the_design() -> None:
    report = ask(
        "[{for: {depth: [2, 2]}, name: 'conv{index + 1}', layers: [{repeat: depth, layers: [{conv: [6, 1]}, relu]}]}]"
    )
    assert paths(report)[:4] == ["conv1/conv1", "conv1/relu1", "conv1/conv2", "conv1/relu2"]


def test_a_resnet_path() -> None:
    blocks = "{bottleneck: [{add: {body: [{conv: [6, 1]}, relu, {conv: [6, 1]}], shortcut: []}}]}"
    report = ask(
        "[{for: {n: [2, 2]}, name: 'layer{index + 1}', layers: [{repeat: n, layers: [bottleneck]}]}]", blocks=blocks
    )
    assert "layer1/bottleneck2/add/body/conv1" in paths(report)
    assert "layer2/bottleneck1/add" in paths(report)


@pytest.mark.parametrize("name", ["a/b", "''", "'{'", "'}'", "'a{b'", "[]", "{}", "'{channels'", "'{1/2}'", "' '"])
def test_names_that_are_none(name: str) -> None:
    refused(f"[{{relu, name: {name}}}]")


def test_a_named_branch_number_does_not_run_over_branches() -> None:
    report = ask("[{concat: {a: [relu], b: [relu]}}]")
    assert paths(report)[:2] == ["concat/a/relu", "concat/b/relu"]
