"""What must hold of every network and of every operator, whoever wrote it."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, out, spec
from evaluating import at
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

import archcalc
from archcalc import OPS
from archcalc.analysis.explain import known, named
from archcalc.ops.op import Op
from archcalc.recorded import Recorded
from archcalc.render import csv as csv_format
from archcalc.render.json import as_data
from archcalc.report import PRECISIONS
from archcalc.shape import AXIS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.graph import Node

few = trying(max_examples=25)
COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")


def counts(report: archcalc.Report) -> tuple[Any, ...]:
    return tuple(getattr(report.totals, name) for name in COUNTS)


def seen(report: archcalc.Report) -> tuple[Any, ...]:
    field = report.totals.receptive_field
    assert field is not None
    return field.size, field.stride, field.start


# Laws of networks


@few
@given(st.integers(0, 40), st.integers(1, 9), st.booleans())
def test_a_repeat_adds_linearly(times: int, channels: int, bias: bool) -> None:
    unit = f"{{conv: {{out: {channels}, kernel: 3, padding: 1, bias: {str(bias).lower()}}}}}, batch_norm, relu"
    many = ask(f"- repeat: {times}\n  layers: [{unit}]\n- relu", f"[{channels}, 8, 8]")
    one, none = (ask(layers, f"[{channels}, 8, 8]") for layers in (f"[{unit}, relu]", "- relu"))
    for total, single, rest in zip(counts(many), counts(one), counts(none), strict=True):
        assert total == times * (single - rest) + rest
    assert many.totals.depth == times
    assert seen(many)[0] == (2 * times + 1,) * 2


@few
@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_concat_adds_channels_and_nothing_else(widths: list[int]) -> None:
    branches = "\n".join(f"    b{i}: [{{conv: [{width}, 1]}}]" for i, width in enumerate(widths))
    report = ask(f"- concat:\n{branches}")
    assert out(report) == (sum(widths), 8, 8)
    assert report.layers[-1].flops == 0
    assert report.totals.params == ask(f"- conv: [{sum(widths)}, 1]").totals.params


@few
@given(st.integers(1, 64), st.integers(5, 20))
def test_two_threes_see_as_one_five_and_cost_less(channels: int, size: int) -> None:
    shape = f"[{channels}, {size}, {size}]"
    threes = ask(f"- repeat: 2\n  layers: [{{conv: {{out: {channels}, kernel: 3, bias: false}}}}]", shape)
    five = ask(f"- conv: {{out: {channels}, kernel: 5, bias: false}}", shape)
    assert (out(threes), seen(threes)) == (out(five), seen(five))
    assert threes.totals.params * 25 == five.totals.params * 18


@few
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_grouping_divides_weights_and_products(groups: int, ins: int, outs: int, kernel: int) -> None:
    for kind in ("conv", "transposed_conv"):
        step = f"- {kind}: {{out: {groups * outs}, kernel: {kernel}, bias: false, groups: %d}}"
        whole, parts = (ask(step % g, f"[{groups * ins}, 8, 8]") for g in (1, groups))
        assert out(whole) == out(parts)
        assert whole.totals.params == groups * parts.totals.params
        assert whole.totals.mult_adds == groups * parts.totals.mult_adds


@few
@given(st.integers(1, 12), st.integers(1, 3))
def test_depthwise_is_a_convolution_with_as_many_groups_as_channels(channels: int, multiplier: int) -> None:
    shape = f"[{channels}, 8, 8]"
    depthwise = ask(f"- depthwise_conv: {{kernel: 3, padding: 1, multiplier: {multiplier}}}", shape)
    grouped = ask(f"- conv: {{out: {channels * multiplier}, kernel: 3, padding: 1, groups: {channels}}}", shape)
    assert (out(depthwise), counts(depthwise), seen(depthwise)) == (out(grouped), counts(grouped), seen(grouped))


@trying(max_examples=60)
@given(
    n=st.integers(1, 30), kernel=st.integers(1, 5), stride=st.integers(1, 4), dilation=st.integers(1, 3),
    before=st.integers(0, 3), after=st.integers(0, 3), groups=st.integers(1, 2),
)  # fmt: skip
def test_transposed_conv_is_the_adjoint_of_conv(
    n: int, kernel: int, stride: int, dilation: int, before: int, after: int, groups: int
) -> None:
    span = dilation * (kernel - 1) + 1
    rest = n + before + after - span
    if rest < 0:
        return
    shared = (
        f"kernel: {kernel}, stride: {stride}, dilation: {dilation}, padding: [[{before}, {after}]], "
        f"groups: {groups}, bias: false"
    )
    there = ask(f"- conv: {{out: 6, {shared}}}", f"[{n}, 4]")
    (positions, _) = out(there)
    back = ask(f"- transposed_conv: {{out: 4, output_padding: {rest % stride}, {shared}}}", f"[{positions}, 6]")
    assert out(back) == (n, 4)
    assert back.totals.params == there.totals.params
    assert back.totals.mult_adds == there.totals.mult_adds


@trying(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=6))
def test_receptive_fields_compose(windows: list[tuple[int, int, int]]) -> None:
    # Araujo, Norris and Sim 2019: size = 1 + sum of (k - 1)*step before, start = -sum of p*step before.
    size, step, start, layers = 1, 1, 0, ""
    for kernel, stride, padding in windows:
        size, step, start = size + (kernel - 1) * step, step * stride, start - padding * step
        layers += f"- conv: {{out: 1, kernel: {kernel}, stride: {stride}, padding: {padding}}}\n"
    assert seen(ask(layers, "[5000, 1]")) == ((size,), (step,), (start,))


def test_freezing_changes_what_is_trainable_and_nothing_else() -> None:
    free, frozen = (ask(f"- {{conv: [4, 3]{extra}}}\n- conv: [4, 3]") for extra in ("", ", trainable: false"))
    assert frozen.totals.trainable_params == 4 * 4 * 9 + 4
    assert frozen.totals._replace(trainable_params=free.totals.params) == free.totals


@few
@given(st.permutations(["conv: [4, 1]", "conv: [5, 1]", "max_pool: [3, 1, 1]", "identity"]))
def test_the_order_of_branches_does_not_matter(steps: list[str]) -> None:
    first, other = (
        ask("- concat:\n" + "\n".join(f"    b{i}:\n      - {step}" for i, step in enumerate(order)))
        for order in (sorted(steps), steps)
    )
    assert (counts(first), seen(first), out(first)) == (counts(other), seen(other), out(other))
    assert first.totals.shortest_path == other.totals.shortest_path == 0


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float8", "int4"])
def test_bytes_follow_from_elements_batch_and_precision(dtype: str) -> None:
    bits = PRECISIONS[dtype]
    text = spec("- conv: [3, 3]\n- relu", "[1, 5, 5]")  # 27 elements each: an odd number
    for batch in (1, 2, 7):
        total = archcalc.analyze(text, batch=batch, dtype=dtype).totals
        assert total.activations == 54
        assert total.activation_bytes == 2 * -(-27 * batch * bits // 8)


@pytest.mark.parametrize("name", ["lenet5", "googlenet_paper", "densenet_bc100_k12", "mobilenet_v2", "unet"])
@pytest.mark.parametrize("training", [False, True])
def test_totals_are_the_sums_of_the_rows(name: str, training: bool) -> None:
    report = archcalc.analyze(name, training=training)
    data = as_data(report)
    table = list(csv.DictReader(io.StringIO(csv_format.render(report, expand=True))))
    rows = [row for row in table if row["op"]]
    for count in COUNTS:
        total = getattr(report.totals, count)
        assert total == sum(getattr(row, count) for row in report.layers) == data["totals"][count]
        assert total == sum(row[count] for row in data["layers"])
        if count in table[0]:
            assert total == sum(int(row[count]) for row in rows)
    assert report.totals.activation_bytes == 4 * report.totals.activations


# Laws of operators

VARIANTS = [
    "conv: {out: 4, kernel: [3, 2], stride: [2, 1], padding: [[0, 1], 1], dilation: [1, 2], groups: 2, bias: false}",
    "conv: {out: 4, kernel: 5, stride: 3, padding: same}",
    "conv: {out: 4, kernel: 4, padding: same, dilation: 2}",
    "conv: {out: 4, kernel: 3, stride: 2, padding: valid}",
    "depthwise_conv: {kernel: [1, 3], stride: 2, multiplier: 2, padding: same, bias: false}",
    "transposed_conv: {out: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1, dilation: 2, groups: 2}",
    "max_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true}",
    "max_pool: {kernel: 2, stride: 1, dilation: 3}",
    "max_pool: {kernel: 1, stride: 3, ceil_mode: true}",
    "avg_pool: {kernel: [3, 2], stride: [1, 2], padding: [1, 0]}",
    "avg_pool: {kernel: 3, stride: 2, padding: same}",
    "lp_pool: {kernel: 3, stride: 2, power: 3}",
    "adaptive_avg_pool: [[3, 5]]",
    "adaptive_max_pool: 3",
    "batch_norm: {shift: false, statistics: false}",
    "layer_norm: {scale: false}",
    "group_norm: {groups: 3, shift: false}",
    "instance_norm: {scale: true, shift: true}",
    "prelu: {channelwise: false}",
    "maxout: 3",
    "pad: {padding: [[1, 2], 3], channels: [1, 4]}",
    "crop: {margin: [[1, 2], 0]}",
    "crop: {size: [3, 4]}",
    "upsample: {scale: [2, 3], mode: linear}",
    "upsample: {scale: 3, mode: cubic}",
    "upsample: {size: [12, 20]}",
    "scale: {shift: false}",
]
EXAMPLES = [(kind, f"- {OPS[kind].example}") for kind in OPS] + [(v.partition(":")[0], f"- {v}") for v in VARIANTS]
NAMES = [f"{kind}-{i - len(OPS)}" if i >= len(OPS) else kind for i, (kind, _) in enumerate(EXAMPLES)]
EVERY = pytest.mark.parametrize(("kind", "layers"), EXAMPLES, ids=NAMES)


def of_kind(kind: str, layers: str) -> tuple[archcalc.Graph, Node]:
    graph = archcalc.graph(spec(layers, OPS[kind].example_input))
    return graph, next(node for node in graph.nodes if node.kind == kind)


def answers(op: Op, shapes: list[Any]) -> tuple[Any, ...]:
    """What the rules of an operator say, as plain numbers where there are any."""
    output = op.output(*shapes)
    weights = {name: (plain(weight.shape), weight.learned) for name, weight in op.weights(*shapes).items()}
    reach = op.reach(output, *shapes)
    return (
        plain(output),
        weights,
        plain(op.work(output, *shapes)),
        reach and [(plain(r.step), plain(r.windows)) for r in reach],
        {(plain(r.left), r.relation, plain(r.right)) for r in op.requires(*shapes)},
    )


def plain(value: Any) -> Any:
    return [plain(item) for item in value] if isinstance(value, tuple) else known(value)


@EVERY
def test_recorded_then_evaluated_equals_numeric(kind: str, layers: str) -> None:
    """The rules on numbers that remember how they were made give the numbers that the rules on numbers give."""
    graph, node = of_kind(kind, layers)
    assert node.op is not None
    shapes = graph.shapes(node)
    recorded = [
        tuple(Recorded(f"input{i} {axis}", size) for axis, size in zip(AXIS_NAMES[len(shape)], shape, strict=True))  # type: ignore[arg-type]
        for i, shape in enumerate(shapes)
    ]
    assert answers(named(node.op), recorded) == answers(node.op, shapes)
    facts = node.facts
    assert facts is not None
    assert plain(facts.shape) == plain(node.op.output(*shapes))
    assert facts.work == node.op.work(facts.shape, *shapes)


VALUES: list[Mapping[str, int]] = [
    {"C": c, "H": h, "W": w, "T": 5}
    for c, h, w in [(6, 8, 8), (12, 16, 4), (6, 7, 9), (24, 23, 32), (4, 2, 8), (1, 1, 1), (30, 4, 3), (6, 9, 5)]
]


def row_numbers(row: dict[str, Any], values: Mapping[str, int]) -> Any:
    numbers = [at(row[key], values) for key in ("input_shapes", "output_shape", *COUNTS)]
    field = row["receptive_field"]
    return numbers, field and [at(field[key], values) for key in ("size", "stride", "start")]


@EVERY
def test_free_then_evaluated_equals_numeric(kind: str, layers: str) -> None:
    """With free sizes: where the conditions hold, the formulas give the numbers; where not, numbers are refused."""
    sizes = at(OPS[kind].example_input, {})
    free = ("C", "CH", "CHW", "CHWT")[len(sizes) - 1]
    stated = ", ".join(f"{name}: {size}" for name, size in zip(free, sizes, strict=True))
    text = spec(layers, f"[{', '.join(free)}]", hyperparameters=f"{{{stated}}}")
    report = archcalc.analyze(text, free=free)
    data = as_data(report)
    compared = 0
    for every in VALUES:
        values = {name: every[name] for name in free}
        holds = all(at(condition, values) for condition in data["conditions"])
        recorded = all(holds_at(condition, values) for condition in report.conditions)
        assert holds == recorded, (data["conditions"], report.conditions)
        numeric = analyzed(text, values)
        assert holds == (numeric is not None), f"{values}: {data['conditions']}"
        if numeric is None:
            continue
        compared += 1
        for formula, row, number in zip(data["layers"], report.layers, as_data(numeric)["layers"], strict=True):
            theirs, ours = row_numbers(number, {}), row_numbers(formula, values)
            assert ours[0] == theirs[0]
            if ours[1] is not None:  # how windows of free sizes share an axis may stay open
                assert ours[1] == theirs[1]
            assert [at(getattr(row, count), values) for count in COUNTS] == ours[0][2:]
    assert compared


def analyzed(text: str, values: Mapping[str, int]) -> archcalc.Report | None:
    """The report with numbers, or none where they are refused."""
    try:
        return archcalc.analyze(text, settings=values)
    except archcalc.SpecError:
        return None


def holds_at(condition: Any, values: Mapping[str, int]) -> bool:
    left, right = at(condition.left, values), at(condition.right, values)
    return bool({"==": left == right, "<=": left <= right, "!=": left != right}[condition.relation])


FORMULA = r"[\w)]\s*[-+*/]\s*[\w(]|\w\([^)]+\)|: |product|per (element|channel)"


@pytest.mark.parametrize("kind", OPS)
def test_every_operator_is_documented(kind: str) -> None:
    operator = OPS[kind]
    said = operator.__dict__.get("__doc__") or ""
    formula, _, source = said.partition("Source: ")
    assert len(source.strip()) > 5, f"{kind} has no source"
    assert re.search(FORMULA, formula), f"{kind} has no formula"
    assert said.splitlines()[0].rstrip().endswith((".", ":", '"')), kind
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kind)
    assert kind.replace("_", "") == operator.__name__.lower()


@pytest.mark.parametrize("kind", OPS)
def test_every_operator_has_an_example_that_analyzes(kind: str) -> None:
    assert OPS[kind].example, f"{kind} has no example"
    graph, node = of_kind(kind, f"- {OPS[kind].example}")
    assert isinstance(node.op, OPS[kind])
    assert any(graph.nodes[index] is node for _, index in graph.outputs), "the example ends in its operator"


def test_every_class_of_operator_is_in_the_table() -> None:
    def leaves(cls: type[Op]) -> set[type[Op]]:
        below = [c for c in cls.__subclasses__() if c.__module__.startswith("archcalc.ops")]
        own = {cls} if cls.example else set()
        return own.union(*(leaves(c) for c in below))

    assert leaves(Op) == set(OPS.values())
    assert len(set(OPS.values())) == len(OPS)
