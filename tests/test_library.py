"""The front door: analyze, load, graph; immutable typed results; own operators; errors as one tree."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from asking import spec

import archcalc
from archcalc.ops.op import Op, Weight
from archcalc.recorded import Recorded, Shape, product
from archcalc.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.ops.arguments import Count, Flag

TEXT = """
name: small
cite: nobody
hyperparameters: {width: 4, H: 8, W: H, drop: 0.5, on: true}
input: [3, H, W]
layers:
  - conv: {out: width, kernel: 3, padding: 1}
  - {if: on, then: [batch_norm]}
  - {dropout: drop}
  - flatten
  - linear: 10
expect: [{params: 2690}]
"""


def test_the_line_of_the_readme() -> None:
    assert archcalc.analyze("vgg16").totals.params == 138357544


def as_path(tmp: Path) -> object:
    path = tmp / "small.yaml"
    path.write_text(TEXT)
    return path


WAYS: dict[str, Callable[[Path], object]] = {
    "text": lambda tmp: TEXT,
    "Path": as_path,
    "path as text": lambda tmp: str(as_path(tmp)),
    "mapping": lambda tmp: yaml.load(TEXT, Loader=yaml.BaseLoader),
    "mapping of numbers": lambda tmp: {
        "name": "small", "cite": "nobody", "hyperparameters": {"width": 4, "H": 8, "W": "H", "drop": Fraction(1, 2), "on": True},
        "input": [3, "H", "W"],
        "layers": [
            {"conv": {"out": "width", "kernel": 3, "padding": 1}}, {"if": "on", "then": ["batch_norm"]}, {"dropout": "drop"}, "flatten",
            {"linear": 10},
        ],
    },
    "loaded": lambda tmp: archcalc.load(TEXT),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_gives_the_same_report(way: str, tmp_path: Path) -> None:
    expected = archcalc.analyze(TEXT)
    report = archcalc.analyze(WAYS[way](tmp_path))  # type: ignore[arg-type]
    assert report.totals == expected.totals
    assert [row._replace(line=0) for row in report.layers] == [row._replace(line=0) for row in expected.layers]
    assert (report.name, report.cite, report.hyperparameters) == ("small", "nobody", expected.hyperparameters)
    assert report.totals.params == 4 * 27 + 4 + 8 + 2560 + 10


def test_other_mappings_and_sequences() -> None:
    from collections import ChainMap, OrderedDict
    from types import MappingProxyType

    report = archcalc.analyze(
        MappingProxyType({"input": (3, 8, 8), "layers": (OrderedDict(conv=(4, 3)), ChainMap({"relu": {}}))})
    )
    assert report.outputs[0].shape == (4, 6, 6)


def test_a_mapping_is_not_changed() -> None:
    given: dict[str, Any] = yaml.load(TEXT, Loader=yaml.BaseLoader)
    before = yaml.safe_dump(given)
    archcalc.analyze(given, settings={"width": 8})
    assert yaml.safe_dump(given) == before


@pytest.mark.parametrize(
    "words", ["a, b: [c] {d} 'e' \"f\" #g", "ends in \\", "- x", " x ", "%", "", "\N{SNOWMAN}", "null", "3"]
)
def test_texts_of_a_mapping_come_through(words: str) -> None:
    report = archcalc.analyze({"name": words or "x", "cite": words or "x", "input": [3], "layers": ["relu"]})
    assert (report.name, report.cite) == (words or "x", words or "x")


def test_loading_and_asking_later() -> None:
    loaded = archcalc.load(TEXT)
    assert isinstance(loaded, archcalc.Spec)
    assert loaded.name == "small"
    assert archcalc.analyze(loaded, settings={"width": 8}).totals.params > archcalc.analyze(loaded).totals.params
    assert archcalc.analyze(loaded) == archcalc.analyze(TEXT)


def test_the_graph() -> None:
    graph = archcalc.graph(TEXT)
    assert isinstance(graph, archcalc.Graph)
    assert [node.path for node in graph.nodes] == ["input", "conv", "batch_norm", "dropout", "flatten", "linear"]


# Results.


def test_results_do_not_change() -> None:
    report = archcalc.analyze(TEXT)
    for part, name in ((report, "name"), (report.totals, "params"), (report.layers[0], "path")):
        with pytest.raises(AttributeError):
            setattr(part, name, 3)
    with pytest.raises(TypeError):
        report.layers[0] = report.layers[1]  # type: ignore[index]
    with pytest.raises((TypeError, AttributeError)):
        report.hyperparameters["width"] = 5  # type: ignore[index]
    assert isinstance(report.layers, tuple)
    assert isinstance(report.layers[0].output_shape, tuple)


def test_operators_do_not_change() -> None:
    op = archcalc.OPS["conv"](out=3, kernel=3)
    with pytest.raises(AttributeError):
        setattr(op, "out", 4)  # noqa: B010


def test_operators_compare_by_their_arguments() -> None:
    conv = archcalc.OPS["conv"]
    assert conv(out=3, kernel=3) == conv(out=3, kernel=3, stride=1)
    assert conv(out=3, kernel=3) != conv(out=4, kernel=3)
    assert len({conv(out=3, kernel=3), conv(out=3, kernel=3)}) == 1
    assert repr(archcalc.OPS["linear"](out=3)) == "Linear(out=3, bias=True, per_position=False)"


@pytest.mark.parametrize(
    "arguments", [{}, {"out": 0}, {"out": 3, "nope": 4}, {"out": "3"}, {"out": True}, {"out": 3.0}]
)
def test_operators_check_their_arguments(arguments: dict[str, object]) -> None:
    with pytest.raises(archcalc.ArgumentError):
        archcalc.OPS["linear"](**arguments)


def test_counts_are_python_integers() -> None:
    report = archcalc.analyze(TEXT)
    for name in (
        "params",
        "trainable_params",
        "buffers",
        "mult_adds",
        "flops",
        "activations",
        "activation_bytes",
        "depth",
        "shortest_path",
    ):
        assert type(getattr(report.totals, name)) is int
    for row in report.layers:
        assert all(
            type(getattr(row, name)) is int
            for name in ("params", "buffers", "mult_adds", "flops", "activations", "line")
        )


def test_a_row_knows_its_place() -> None:
    report = archcalc.analyze(TEXT)
    assert [(row.path, row.op, row.line) for row in report.layers] == [
        ("conv", "conv", 7), ("batch_norm", "batch_norm", 8), ("dropout", "dropout", 9), ("flatten", "flatten", 10), ("linear", "linear", 11),
    ]  # fmt: skip
    assert report.layers[1].inputs == ("conv",)
    assert report.layers[1].input_shapes == ((4, 8, 8),)


def test_parts_of_a_report() -> None:
    report = archcalc.analyze("resnet18")
    part = report.part("layer1")
    assert part
    assert all(row.path.startswith("layer1/") for row in part)
    assert [row.path for row in report.part("conv1")] == ["conv1"] or report.part("conv1")
    assert report.part("nothing") == []


def test_the_same_question_has_the_same_answer() -> None:
    assert archcalc.analyze("resnet18") == archcalc.analyze("resnet18")


# Settings.


@pytest.mark.parametrize(
    ("settings", "params"),
    [
        ({}, 2690),
        ({"width": 8}, 2690 + 4 * 28 + 8 + 2560),
        ({"on": False}, 2682),
        ({"H": 4, "width": 4}, 122 + 640 + 8),
        ({"W": 4}, 2690 - 1280),
    ],
)
def test_settings(settings: dict[str, object], params: int) -> None:
    assert archcalc.analyze(TEXT, settings=settings).totals.params == params


def test_batch_and_precision_change_bytes_only() -> None:
    one = archcalc.analyze(TEXT)
    other = archcalc.analyze(TEXT, batch=3, dtype="float16")
    assert other.totals.activation_bytes == one.totals.activations * 3 * 2
    assert one.totals.activation_bytes == one.totals.activations * 4
    assert other.totals._replace(activation_bytes=0) == one.totals._replace(activation_bytes=0)
    assert (other.batch, other.precision) == (3, "float16")


@pytest.mark.parametrize(
    ("dtype", "bits"), [("float64", 64), ("float32", 32), ("float16", 16), ("bfloat16", 16), ("int8", 8), ("int4", 4)]
)
def test_precisions(dtype: str, bits: int) -> None:
    assert archcalc.analyze("input: [3, 5]\nlayers: [relu]\n", dtype=dtype).totals.activation_bytes == -(
        -15 * bits // 8
    )


def test_a_symbolic_batch() -> None:
    report = archcalc.analyze(TEXT, batch="N")
    assert isinstance(report.totals.activation_bytes, Recorded)
    assert type(report.totals.params) is int


def test_free_names() -> None:
    report = archcalc.analyze(TEXT, free=["width"])
    assert isinstance(report.totals.params, Recorded)
    assert report.symbolic
    assert not archcalc.analyze(TEXT).symbolic


def test_max_layers() -> None:
    text = "input: [3]\nlayers: [{repeat: 10, layers: [relu]}]\n"
    with pytest.raises(archcalc.SpecError, match="more than 9 operators"):
        archcalc.analyze(text, limits=archcalc.LIMITS.with_layers(9))
    assert len(archcalc.analyze(text, limits=archcalc.LIMITS.with_layers(10)).layers) == 10


# Own operators.


class Double(Op):
    """Twice the features, by a matrix of its own. Source: this test."""

    times: Count = 2
    bias: Flag = False

    def output(self, x: Shape) -> Shape:
        """More features."""
        return (x[0] * self.times,)

    def weights(self, x: Shape) -> dict[str, Weight]:
        """A matrix."""
        return {"weight": Weight((x[0] * self.times, x[0])), "seen": Weight((3,), learned=False)}

    def work(self, output: Shape, x: Shape) -> Work:
        """One product per weight."""
        return Work(product(output) * x[0])

    def reach(self, output: Shape, x: Shape) -> None:
        """All there is."""


class Pair(Op):
    """The features of two tensors after one another. Source: this test."""

    def output(self, left: Shape, right: Shape) -> Shape:
        """Both."""
        return (left[0] + right[0],)

    def work(self, output: Shape, left: Shape, right: Shape) -> Work:
        """None."""
        return Work()

    def reach(self, output: Shape, left: Shape, right: Shape) -> None:
        """All there is."""


OWN = {**archcalc.OPS, "double": Double, "pair": Pair}


def test_an_operator_of_the_caller() -> None:
    report = archcalc.analyze("input: [5]\nlayers: [double, {double: 3}]\n", ops=OWN)
    assert [row.output_shape for row in report.layers] == [(10,), (30,)]
    assert (report.totals.params, report.totals.buffers, report.totals.mult_adds, report.totals.depth) == (
        350,
        6,
        350,
        2,
    )


def test_an_operator_of_two_inputs() -> None:
    text = spec("[{as: x}, {linear: 3, as: y}, {pair, from: [x, y]}]", "[5]")
    assert archcalc.analyze(text, ops=OWN).outputs[0].shape == (8,)
    with pytest.raises(archcalc.SpecError, match="pair takes 2 tensors, but"):
        archcalc.analyze("input: [5]\nlayers: [pair]\n", ops=OWN)


def test_it_is_unknown_to_others() -> None:
    with pytest.raises(archcalc.SpecError, match="there is no operator or block 'double'"):
        archcalc.analyze("input: [5]\nlayers: [double]\n")


def test_a_smaller_table() -> None:
    with pytest.raises(archcalc.SpecError, match="there is no operator or block 'conv'"):
        archcalc.analyze("input: [3, 8, 8]\nlayers: [{conv: [3, 3]}]\n", ops={"relu": archcalc.OPS["relu"]})


def test_an_operator_may_be_replaced() -> None:
    report = archcalc.analyze("input: [5]\nlayers: [{linear: 3}]\n", ops={**archcalc.OPS, "linear": Double})
    assert report.outputs[0].shape == (15,)


def test_an_own_merge_takes_no_branches_but_what_flows_in() -> None:
    text = "input: [5]\nlayers: [{as: x}, {from: [x, x]}, {pair, name: both}]\n"
    assert archcalc.analyze(text, ops=OWN).layers[0].path == "both"


# Errors.


def test_every_error_is_an_archcalc_error() -> None:
    for name in archcalc.__all__:
        thing = getattr(archcalc, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, archcalc.ArchcalcError)
            assert thing.exit_code == 2


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: archcalc.analyze("no_such_net"), archcalc.NotFoundError),
        (lambda: archcalc.analyze("./no/such.yaml"), archcalc.NotFoundError),
        (lambda: archcalc.analyze(Path("none.yaml")), archcalc.NotFoundError),
        (lambda: archcalc.analyze("vgg16", settings={"nope": 3}), archcalc.UsageError),
        (lambda: archcalc.analyze("vgg16", free=["nope"]), archcalc.UsageError),
        (lambda: archcalc.analyze("vgg16", batch=0), archcalc.UsageError),
        (lambda: archcalc.analyze("vgg16", dtype="float31"), archcalc.UsageError),
        (lambda: archcalc.analyze("vgg16", settings={"H": "3 +"}), archcalc.UsageError),
        (lambda: archcalc.analyze("vgg16", settings={"H": 5}), archcalc.SpecError),
        (lambda: archcalc.analyze("input: [3]\nlayers: [rleu]\n"), archcalc.SpecError),
        (lambda: archcalc.analyze("input: [3\n"), archcalc.SpecError),
        (lambda: archcalc.analyze({"layers": []}), archcalc.SpecError),
        (lambda: archcalc.analyze("vgg16", free=["depths"]), archcalc.SpecError),
        (lambda: archcalc.OPS["conv"](out=0, kernel=3), archcalc.ArgumentError),
        (lambda: archcalc.OPS["linear"](out=3).output((3, 4, 4)), archcalc.ShapeError),
    ],
)  # fmt: skip
def test_kinds_of_error(ask: Callable[[], object], error: type[archcalc.ArchcalcError]) -> None:
    with pytest.raises(error) as caught:
        ask()
    assert type(caught.value) is error
    assert str(caught.value)


def test_a_spec_error_holds_its_problems_with_their_places() -> None:
    with pytest.raises(archcalc.SpecError) as caught:
        archcalc.analyze("input: [3]\nlayers: [rleu, tahn]\n")
    first, second = caught.value.problems
    assert first.place is not None
    assert second.place is not None
    assert (first.place.line, first.place.column, first.place.length, first.place.excerpt) == (
        2,
        10,
        4,
        "layers: [rleu, tahn]",
    )
    assert (second.message, second.hint, second.place.column) == (
        "there is no operator or block 'tahn'",
        "did you mean 'tanh'?",
        16,
    )


def test_errors_hide_no_cause_that_frightens() -> None:
    """Context is added by who has it, `from None`."""
    for text in ("input: [3]\nlayers: [{linear: 0}]\n", "input: [3\n", "input: [3]\nlayers: [{linear: 1 +}]\n"):
        with pytest.raises(archcalc.ArchcalcError) as caught:
            archcalc.analyze(text)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_is_printed_of_a_report_is_short() -> None:
    assert len(str(archcalc.analyze(TEXT).totals)) < 1000
