"""The worked answer: its text on the classic example, and that every line of it is the report's own number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from evaluating import at

import archcalc
from archcalc.analysis import explain
from archcalc.cli import main
from archcalc.notation import write
from archcalc.recorded import Recorded, is_free
from archcalc.report import report as asked
from archcalc.studies.explanation import PATHS, TOTALS, Sum, explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archcalc.analysis.explain import Line, Working


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What `archcalc explain ...` prints."""

    def run(*arguments: str) -> str:
        assert main(["explain", *arguments]) == 0
        return capsys.readouterr().out

    return run


def joined(text: str) -> str:
    """The text with broken lines put together."""
    return re.sub(r"\s+", " ", text)


def test_the_first_layer_of_vgg16_as_with_paper_and_pen(said: Any) -> None:
    text = said("vgg16", "conv1/conv1")
    line = next(i for i, row in enumerate(source("vgg16"), 1) if "conv:" in row)
    assert text.startswith(f"conv1/conv1: conv, line {line} of vgg16.yaml\n")
    rows = [" ".join(row.split()) for row in text.splitlines()]
    assert f"kernel = 3 line {line}" in rows
    assert f"out = 64 line {line}: width" in rows
    assert "stride = 1 default" in rows
    assert any(row.startswith("height = 224 the network's input, line ") for row in rows)
    words = joined(text)
    for expected in (
        "height = floor((height - kernel + 2*padding)/stride) + 1 = floor((224 - 3 + 2*1)/1) + 1 = 224",
        "width = floor((width - kernel + 2*padding)/stride) + 1 = floor((224 - 3 + 2*1)/1) + 1 = 224",
        "weight = out*channels*kernel*kernel = 64*3*3*3 = 1,728",
        "bias = out = 64",
        "params = 1,728 + 64 = 1,792",
        "= 64*224*224*3*3*3 = 86,704,128",
        "= 64*224*224 = 3,211,264",
        "first = first before + stride before*(0 - padding) = 0 + 1*(0 - 1) = -1",
        "last = last before + stride before*(kernel - 1 - padding) = 0 + 1*(3 - 1 - 1) = 1",
        "size = last - first + 1 = 1 - (-1) + 1 = 3",
        "stride = stride before*stride = 1*1 = 1",
    ):
        assert expected in words, expected
    assert "floor((224 - 3 + 2*1)/1) + 1 = 224" in text, "the worked step stands on one line"
    assert all(len(row) <= 80 for row in text.splitlines())


def source(name: str) -> list[str]:
    return archcalc.load(name).source.text.splitlines()


# Every layer, every line

NETWORKS: list[tuple[str, dict[str, Any]]] = [
    ("lenet5", {}),
    ("vgg16", {"H": 230, "W": 250}),
    ("alexnet_2012", {}),
    ("googlenet_paper", {}),
    ("resnet18", {"v1": "true"}),
    ("mobilenet_v1", {"H": 100, "W": 130}),
    ("squeezenet1_1", {}),
    ("unet", {"H": 204, "W": 236}),
    ("fractalnet_cifar10", {}),
    ("densenet40_k12", {}),
]


def worked(graph: archcalc.Graph, training: bool = False) -> Iterator[tuple[Any, Working]]:
    report = asked(graph, name="it", training=training)
    nodes = [node for node in graph.nodes if node.op is not None]
    for node, row in zip(nodes, report.layers, strict=True):
        yield row, explain.layer(graph, node, training=training)


def results(lines: tuple[Line, ...]) -> list[Any]:
    return [line.result for line in lines]


def leaves(number: Any, found: dict[str, Any]) -> dict[str, Any]:
    waiting = [number]
    while waiting:
        top = waiting.pop()
        if isinstance(top, Recorded):
            if top.operator == "name":
                assert found.setdefault(top.name, top.value) == top.value, f"two numbers are called {top.name}"
            else:
                waiting.extend(top.operands)
    return found


def plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def agree(row: Any, working: Working) -> None:
    assert (working.path, working.kind, working.line) == (row.path, row.op, row.line)
    assert tuple(results(working.shape)) == row.output_shape
    learned = [line.result for line in working.weights if not line.what.endswith("(buffer)")]
    if row.shared_with is None:
        assert sum(learned) == row.params
        assert sum(results(working.weights)) - sum(learned) == row.buffers
    work = {line.what: line.result for line in working.work}
    assert work.get("mult-adds", 0) == row.mult_adds
    assert sum(work.values()) + row.mult_adds == row.flops  # a multiply-accumulate is two
    field = row.receptive_field
    if working.receptive_field:
        seen: dict[str, list[Any]] = {}
        for line in working.receptive_field:
            seen.setdefault(line.what.partition(" ")[0], []).append(line.result)
        for what, numbers in (("size", field.size), ("stride", field.stride), ("first", field.start)):
            assert tuple(seen[what] * (len(numbers) if len(seen[what]) == 1 else 1)) == numbers, what
    given = {row.name: row.value for row in working.given}
    for line in (*working.shape, *working.weights, *working.work, *working.receptive_field):
        worked_line(line, given)


def worked_line(line: Line, given: dict[str, Any]) -> None:
    """The line as printed, with names and with numbers, gives its result when somebody works it out."""
    if not isinstance(line.formula, Recorded):
        assert line.formula == line.result
        return
    assert at(write(line.formula, values=True, paper=True), {}) == line.result
    values = leaves(line.formula, {})
    either = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    names = re.sub(rf"(?<!\w)({either})(?!\w)", lambda match: plain(match[0]), write(line.formula, paper=True))
    assert at(names, {plain(name): value for name, value in values.items()}) == line.result, names
    for name, value in values.items():
        if not name.startswith("output ") and name not in ("first", "last") and not name.endswith(" before"):
            assert given[name] == value, f"{name} is used, and not given"


@pytest.mark.parametrize(("name", "settings"), NETWORKS, ids=[name for name, _ in NETWORKS])
def test_each_layer_is_explained_as_reported(name: str, settings: dict[str, Any]) -> None:
    for row, working in worked(archcalc.graph(name, settings=settings)):
        agree(row, working)


def test_training_parts_are_explained_as_reported() -> None:
    for row, working in worked(archcalc.graph("googlenet_paper", training=True), training=True):
        agree(row, working)


KINDS = """
- {conv: {out: 8, kernel: [3, 2], stride: [2, 1], padding: [[0, 1], 1], dilation: [1, 2], groups: 2}, name: uneven}
- {conv: {out: 8, kernel: 4, stride: 2, padding: same}, name: same}
- {batch_norm, trainable: false}
- {transposed_conv: {out: 6, kernel: 3, stride: 2, padding: 1, output_padding: 1, groups: 2}, name: up}
- {max_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true}, name: ceiling}
- {adaptive_max_pool: 5, name: adaptive}
- {upsample: {mode: linear}, name: larger}
- {conv: {out: 6, kernel: 3, padding: 1, bias: false}, share: w}
- {conv: {out: 6, kernel: 3, padding: 1, bias: false}, share: w}
- prelu
- {channel_shuffle: 2}
- {slice: [1, 5]}
- {pad: {padding: [[1, 0], 2], channels: [1, 0]}}
- {crop: {size: [7, 9]}}
- add: {a: [group_norm: 1], b: [local_response_norm], c: [softmax]}
- concat: {a: [maxout: 5], b: []}
- multiply: {x: [], gate: [global_max_pool, {linear: 6}, sigmoid]}
- flatten
- {dropout: 0.3}
- {radial_basis: 4}
"""


def test_every_kind_of_layer_is_explained_as_reported() -> None:
    graph = archcalc.graph(spec(KINDS, "[4, 19, 23]"))
    for row, working in worked(graph):
        agree(row, working)
    notes = {row.path: working.notes for row, working in worked(graph)}
    assert notes["dropout"] == ("idle at inference: nothing is computed and nothing is written",)
    assert notes["batch_norm"] == ("frozen: its parameters are not trained",)
    assert notes["conv2"] == ("its weights are those of conv1, and count there",)


def test_a_formula_of_the_width_speaks_of_the_width() -> None:
    graph = archcalc.graph(spec(KINDS, "[4, 20, 20]"))
    for _, working in worked(graph):
        for line in working.shape:
            names = leaves(line.formula, {})
            other = {"height": "width", "width": "height"}.get(line.what)
            assert other is None or not any(other in name for name in names), f"{working.path}: {line.what} of {names}"


@pytest.mark.parametrize(("name", "settings"), NETWORKS, ids=[name for name, _ in NETWORKS])
def test_totals_are_explained_by_sums_that_are_right(name: str, settings: dict[str, Any]) -> None:
    graph = archcalc.graph(name, settings=settings)
    report = asked(graph, name=name)
    for expand in (False, True):
        for quantity in (*TOTALS, *PATHS):
            (answer,) = explained(graph, report, quantity, expand=expand)
            assert isinstance(answer, Sum)
            assert answer.result == getattr(report.totals, quantity)
            assert sum(addend.value for addend in answer.addends) == answer.result
            assert len({addend.path for addend in answer.addends}) == len(answer.addends)
    both = explained(graph, report, None)
    assert [part.quantity for part in both if isinstance(part, Sum)] == ["params", "mult_adds"]


def test_a_part_is_explained_by_the_sum_of_its_layers(said: Any) -> None:
    rows = archcalc.analyze("resnet50").part("layer2/bottleneck1")
    words = joined(said("resnet50", "layer2/bottleneck1"))
    assert f"params of layer2/bottleneck1 = {sum(row.params for row in rows):,}" in words
    assert f"mult_adds of layer2/bottleneck1 = {sum(row.mult_adds for row in rows):,}" in words


def test_depth_names_the_layers_of_the_longest_path(said: Any) -> None:
    text = said("vgg16", "depth")
    assert text.startswith("depth of VGG-16 = 16\n")
    assert len(re.findall(r"\b1  (conv|linear)", text)) == 16


# One kind after the other, as text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["unet", "up4/transposed_conv"], "(height - 1)*stride + kernel - 2*padding + output_padding"),
        (["unet", "up4/transposed_conv"], "= (28 - 1)*2 + 2 - 2*0 + 0 = 56"),
        (["unet", "up4/transposed_conv"], "out*kernel*kernel = 1024*28*28*512*2*2 = 1,644,167,168"),
        (["unet", "up4/concat"], "channels = input 1 channels + input 2 channels = 512 + 512 = 1,024"),
        (["vgg16", "conv1/max_pool"], "height = floor((height - kernel)/kernel) + 1 = floor((224 - 2)/2) + 1 = 112"),
        (["vgg16", "conv1/max_pool"], "= 64*112*112*(2*2 - 1) = 2,408,448"),
        (["vgg16", "dropout1"], "idle at inference: nothing is computed and nothing is written"),
        (["vgg16", "adaptive_avg_pool"], "height = size = 7"),
        (["resnet18", "layer1/basic1/add"], "additions"),
        (["vgg16", "linear1"], "weight = out*features = 4096*25088 = 102,760,448"),
        (["vgg16", "conv1/conv1", "--free", "H"], "= H"),
        (["vgg16", "conv1/max_pool", "--free", "H"], "= H//2"),
        (["vgg16", "mult_adds", "--free", "H"], "= 38592*H**2 + "),
        (["densenet121", "params", "--free", "growth"], "growth**2"),
        (["googlenet_paper", "params", "--training-parts"], "params of"),
        (["vgg16", "conv1/conv1", "--set", "H=320"], "floor((320 - 3 + 2*1)/1) + 1 = 320"),
    ],
)  # fmt: skip
def test_texts(arguments: list[str], expected: str, said: Any) -> None:
    text = said(*arguments)
    assert expected in joined(text)
    assert "--free" in arguments or all(len(row) <= 100 for row in text.splitlines())


def test_a_floor_is_not_written_as_a_division_by_one(said: Any) -> None:
    words = said("mobilenet_v1", "Conv2d_2/pointwise", "--free", "alpha")
    assert "max(floor(alpha*128), 8)" in words


def test_lines_of_the_spec_are_those_that_state_the_number(tmp_path: Path, said: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "# a comment\n"
        "hyperparameters: {width: 5}\n"
        "input: [3, 8, 8]\n"
        "layers:\n"
        "  - conv:\n"
        "      out: 2 * width\n"
        "      kernel: 3\n"
        "  - max_pool: 2\n",
        encoding="utf-8",
    )
    rows = [" ".join(row.split()) for row in said(str(path), "conv").splitlines()]
    assert rows[0] == "conv: conv, line 5 of mine.yaml"
    assert {"channels = 3 the network's input, line 3", "out = 10 line 6: 2 * width", "kernel = 3 line 7"} <= set(rows)
    rows = [" ".join(row.split()) for row in said(str(path), "max_pool").splitlines()]
    assert {"channels = 10 output of conv, line 5", "kernel = 2 line 8"} <= set(rows)


@pytest.mark.parametrize(
    ("layer", "hint"), [("conv1/conv9", "did you mean 'conv1/conv"), ("mult_add", "did you mean"), ("qqqq", "")]
)
def test_an_unknown_layer_is_told_with_a_hint(layer: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "vgg16", layer]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"archcalc: there is no path '{layer}'\n")
    assert hint in err


def test_an_end_that_many_layers_have_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "vgg16", "conv1"]) == 0
    assert "params of conv1 = 38,720" in capsys.readouterr().out
    assert main(["explain", "vgg16", "max_pool"]) == 2
    assert "'max_pool' is the end of 5 paths: conv1/max_pool, conv2/max_pool, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "free", "settings"),
    [
        ("vgg11", ["H"], {"H": 70}),
        ("densenet40_k12", ["growth"], {"growth": 5}),
        ("mobilenet_v2", ["H"], {"H": 77}),
        ("unet", ["H"], {"H": 204}),
    ],
)
def test_explained_formulas_give_the_numbers(name: str, free: list[str], settings: dict[str, int]) -> None:
    """With a free name each result is a formula in it, which at a value is what the numeric report says."""
    graph = archcalc.graph(name, free=free)
    numeric = archcalc.analyze(name, settings=settings)
    nodes = [node for node in graph.nodes if node.op is not None]
    for node, row in list(zip(nodes, numeric.layers, strict=True))[::3]:
        working = explain.layer(graph, node)
        assert [at(result, settings) for result in results(working.shape)] == list(row.output_shape)
        learned = [line.result for line in working.weights if not line.what.endswith("(buffer)")]
        assert sum(at(number, settings) for number in learned) == row.params
        for line in (*working.shape, *working.weights):
            assert is_free(line.result) or not isinstance(line.result, Recorded)
