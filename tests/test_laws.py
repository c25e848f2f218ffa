"""Laws that hold of every network, and of every operator in OPS without its author writing a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from asking import ask, out, spec
from evaluating import at
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archcalc
from archcalc.notation import write
from archcalc.recorded import Recorded
from archcalc.symbolic.text import simplified

if TYPE_CHECKING:
    from archcalc.graph import Graph
    from archcalc.ops.op import Op

SMALL = st.integers(1, 6)
STEPS = st.sampled_from(
    ["{conv: [6, 3, 1, 1]}", "relu", "batch_norm", "{depthwise_conv: [3, 1, 1]}", "{add: {a: [{conv: [6, 1]}], b: []}}", "{avg_pool: [3, 1, 1]}", "layer_norm"]
)  # fmt: skip
COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations", "activation_bytes")


# Networks.


@given(st.lists(STEPS, min_size=1, max_size=4), st.integers(0, 6))
@settings(max_examples=40)
def test_a_repeat_adds_linearly(steps: list[str], turns: int) -> None:
    body = ", ".join(steps)
    once = ask(f"[{body}]").totals
    many = ask(f"[{{repeat: {turns}, layers: [{body}]}}]").totals
    for name in COUNTS:
        assert getattr(many, name) == turns * getattr(once, name)
    assert (many.depth, many.shortest_path) == (turns * once.depth, turns * once.shortest_path)


@given(st.lists(SMALL, min_size=1, max_size=5))
@settings(max_examples=30)
def test_concat_adds_channels(widths: list[int]) -> None:
    branches = ", ".join(f"b{i}: [{{conv: [{w}, 1]}}]" for i, w in enumerate(widths))
    report = ask(f"[{{concat: {{{branches}}}}}]")
    assert out(report) == (sum(widths), 8, 8)
    assert report.totals.params == sum(7 * w for w in widths)


@given(st.integers(1, 5))
@settings(max_examples=5)
def test_two_3x3_see_as_one_5x5(dilation: int) -> None:
    three = f"{{conv: {{out: 6, kernel: 3, dilation: {dilation}}}}}"
    two = ask(f"[{three}, {three}]", "[6, 64, 64]")
    one = ask(f"[{{conv: {{out: 6, kernel: 5, dilation: {dilation}}}}}]", "[6, 64, 64]")
    assert two.totals.receptive_field == one.totals.receptive_field
    assert out(two) == out(one)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=5))
@settings(max_examples=40)
def test_receptive_fields_follow_the_paper(layers: list[tuple[int, int, int]]) -> None:
    """Araujo et al. 2019: r0 = sum of (k - 1) * product of the strides before, plus 1; the start likewise from the paddings."""
    size, step, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size += (kernel - 1) * step
        start -= padding * step
        step *= stride
    steps = ", ".join(f"{{conv: [1, {k}, {s}, {p}]}}" for k, s, p in layers)
    field = ask(f"[{steps}]", "[1, 2000]".replace("1, 2000", "2000, 1")).totals.receptive_field
    assert field is not None
    assert (field.size, field.stride, field.start) == ((size,), (step,), (start,))


@given(SMALL, SMALL, SMALL, st.integers(1, 3))
@settings(max_examples=30)
def test_grouping_by_g_divides_the_weights_by_g(groups: int, channels: int, filters: int, kernel: int) -> None:
    shape = f"[{groups * channels}, 8, 8]"
    whole, parts = (
        ask(f"[{{conv: {{out: {groups * filters}, kernel: {kernel}, groups: {g}, bias: false}}}}]", shape).totals
        for g in (1, groups)
    )
    assert whole.params == groups * parts.params
    assert whole.mult_adds == groups * parts.mult_adds
    assert whole.receptive_field == parts.receptive_field


@given(SMALL, SMALL, SMALL)
@settings(max_examples=20)
def test_depthwise_is_as_many_groups_as_channels(channels: int, multiplier: int, kernel: int) -> None:
    shape = f"[{channels}, 8, 8]"
    depthwise = ask(f"[{{depthwise_conv: {{kernel: {kernel}, multiplier: {multiplier}}}}}]", shape)
    grouped = ask(f"[{{conv: {{out: {channels * multiplier}, kernel: {kernel}, groups: {channels}}}}}]", shape)
    assert depthwise.totals == grouped.totals._replace(receptive_field_of="depthwise_conv")


@given(
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
)
@settings(max_examples=80)
def test_a_transposed_convolution_is_the_adjoint(
    size: int, kernel: int, stride: int, padding: int, dilation: int, channels: int, filters: int
) -> None:
    """Forth and back is the same shape, the same weights, and each product of the one is a product of the other, padding apart."""
    span = dilation * (kernel - 1) + 1
    assume(span <= size + 2 * padding)
    assume(2 * padding < span)
    window = f"kernel: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}"
    forth = ask(f"[{{conv: {{out: {filters}, {window}, bias: false}}}}]", f"[{size}, {channels}]")
    (outputs, _) = out(forth)
    rest = (size + 2 * padding - span) % stride
    back = ask(
        f"[{{transposed_conv: {{out: {channels}, {window}, output_padding: {rest}, bias: false}}}}]",
        f"[{outputs}, {filters}]",
    )
    assert out(back) == (size, channels)
    assert back.totals.params == forth.totals.params == filters * channels * kernel
    assert back.totals.mult_adds == forth.totals.mult_adds == outputs * filters * channels * kernel


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(1, 3))
@settings(max_examples=60)
def test_an_adjoint_sees_where_it_is_seen_from(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    """Output o of the transposed convolution sees input i just when position o of a map is seen by output i of the convolution."""
    span = dilation * (kernel - 1) + 1
    assume(2 * padding < span)
    op = archcalc.OPS["transposed_conv"](out=1, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    length = (size - 1) * stride + span - 2 * padding
    reaches = op.reach((length, 1), (size, 1))
    assert reaches is not None
    (reach,) = reaches
    far = 3 * span  # as if the input went on for ever
    for o in range(length):
        seen = [
            i for i in range(-far, size + far) for tap in range(kernel) if i * stride - padding + tap * dilation == o
        ]
        turn, place = divmod(o, len(reach.windows))
        window = reach.windows[place]
        hull = window and (window[0] + turn * reach.step, window[1] + turn * reach.step)
        assert hull == ((min(seen), max(seen)) if seen else None)


@given(st.lists(STEPS | st.just("{max_pool: [3, 1, 1]}"), max_size=6))
@settings(max_examples=30)
def test_totals_are_the_sums_of_the_rows(steps: list[str]) -> None:
    report = ask(f"[{', '.join(steps)}]")
    for name in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations"):
        assert sum(getattr(row, name) for row in report.layers) == getattr(report.totals, name)
    assert report.totals.activation_bytes == 4 * report.totals.activations


@pytest.mark.parametrize(
    "name",
    [
        "vgg11",
        "googlenet",
        "resnet18",
        "densenet40_k12",
        "mobilenet_v2",
        "unet",
        "fractalnet",
        "lenet5",
        "squeezenet1_1",
    ],
)
def test_totals_of_the_zoo_are_the_sums_of_the_rows(name: str) -> None:
    report = archcalc.analyze(name)
    for quantity in ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations"):
        assert sum(getattr(row, quantity) for row in report.layers) == getattr(report.totals, quantity)
    assert len({row.path for row in report.layers}) == len(report.layers)


@given(st.lists(STEPS, min_size=1, max_size=4))
@settings(max_examples=20)
def test_names_blocks_and_branches_change_no_number(steps: list[str]) -> None:
    body = ", ".join(steps)
    plain = ask(f"[{body}]").totals
    blocked = ask("[{unit, name: x}]", blocks=f"{{unit: [{body}]}}").totals
    looped = ask(f"[{{repeat: 1, name: y, layers: [{{if: true, then: [{body}]}}]}}]").totals
    branch = ask(f"[{{concat: {{a: [{body}]}}}}]")
    assert (
        plain._replace(receptive_field_of=None)
        == blocked._replace(receptive_field_of=None)
        == looped._replace(receptive_field_of=None)
    )
    assert (branch.totals.params, branch.totals.mult_adds) == (plain.params, plain.mult_adds)


@given(st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=16)
def test_wider_and_longer(times: int, longer: int) -> None:
    """A convolution's mult-adds grow with the product of the channels and with each axis."""
    base = ask("[{conv: {out: 6, kernel: 3, padding: 1, bias: false}}]").totals
    more = ask(
        f"[{{conv: {{out: {6 * times}, kernel: 3, padding: 1, bias: false}}}}]", f"[{6 * times}, {8 * longer}, 8]"
    ).totals
    assert more.mult_adds == base.mult_adds * times**2 * longer
    assert more.params == base.params * times**2


# Every operator.

EXAMPLES = {name: yaml.load(op.example, Loader=yaml.BaseLoader) for name, op in archcalc.OPS.items()}


@pytest.mark.parametrize("name", archcalc.OPS)
def test_it_is_documented(name: str) -> None:
    said = archcalc.OPS[name].__doc__ or ""
    assert "Source: " in said
    assert len(said.split()) > 5
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


@pytest.mark.parametrize("name", archcalc.OPS)
def test_it_has_a_name_and_an_example_that_works(name: str) -> None:
    example = EXAMPLES[name]
    assert (example if isinstance(example, str) else next(iter(example))) == name
    assert graph_of(name).nodes[-1].kind == name


@pytest.mark.parametrize("name", archcalc.OPS)
def test_it_counts_nothing_below_zero(name: str) -> None:
    op, inputs = built(name)
    shape = op.output(*inputs)
    assert all(type(size) is int and size >= 1 for size in shape)
    assert all(n >= 0 for n in op.work(shape, *inputs))
    assert all(weight.size >= 1 for weight in op.weights(*inputs).values())


def graph_of(name: str) -> Graph:
    """The network of the example alone."""
    op = archcalc.OPS[name]
    return archcalc.graph(f"input: {op.example_input}\nlayers:\n- {op.example}\n")


def built(name: str) -> tuple[Op, list[tuple[Any, ...]]]:
    """The operator of the example, and the shapes that flow into it."""
    graph = graph_of(name)
    node = graph.nodes[-1]
    assert node.op is not None
    return node.op, list(graph.shapes(node))


def with_names(value: Any, name: str, values: dict[str, int], *, known: bool) -> Any:
    """A size as a recorded leaf; anything else as it is."""
    if type(value) is not int or value < 1:
        return value
    values[name] = value
    return Recorded(name, value if known else None)


def evaluated(number: Any, values: dict[str, int]) -> Any:
    """What a recorded number comes to by its text, read by the language and worked out there."""
    return at(write(number), values) if isinstance(number, Recorded) else number


def known(number: Any) -> Any:
    return number.value if isinstance(number, Recorded) else number


def facts(op: Op, inputs: list[tuple[Any, ...]]) -> dict[str, Any]:
    """All that an operator says of its inputs, but the field."""
    shape = op.output(*inputs)
    weights = op.weights(*inputs)
    return {
        "shape": list(shape),
        "work": list(op.work(shape, *inputs)),
        "useful": [op.useful_mult_adds(shape, *inputs)],
        "weights": [size for weight in weights.values() for size in weight.shape],
        "learned": [weight.learned for weight in weights.values()],
        "names": list(weights),
        "requires": [side for r in op.requires(*inputs) for side in (r.left, r.right)],
    }


@pytest.mark.parametrize("name", archcalc.OPS)
def test_recorded_then_evaluated_equals_numeric(name: str) -> None:
    """Leaves with values remember how they were used; what they come to is what plain numbers come to."""
    op, inputs = built(name)
    values: dict[str, int] = {}
    recorded = [
        tuple(with_names(n, f"x{i}_{j}", values, known=True) for j, n in enumerate(shape))
        for i, shape in enumerate(inputs)
    ]
    numeric, remembered = facts(op, inputs), facts(op, recorded)
    for fact, expected in numeric.items():
        assert [known(n) for n in remembered[fact]] == expected, fact
        assert [evaluated(n, values) for n in remembered[fact]] == expected, fact
    reach, theirs = op.reach(op.output(*inputs), *inputs), op.reach(op.output(*recorded), *recorded)
    if reach is None:
        assert theirs is None
    else:
        assert theirs is not None
        for plain, other in zip(reach, theirs, strict=True):
            assert (plain.step, plain.windows) == (
                known(other.step),
                tuple(w and (known(w[0]), known(w[1])) for w in other.windows),
            )


@pytest.mark.parametrize("name", archcalc.OPS)
def test_free_sizes_then_evaluated_equal_numeric(name: str) -> None:
    """Free names instead of the input sizes: what is written down comes to the same when their values are put in."""
    op, inputs = built(name)
    values: dict[str, int] = {}
    free = [
        tuple(with_names(n, f"x{i}_{j}", values, known=False) for j, n in enumerate(shape))
        for i, shape in enumerate(inputs)
    ]
    if len(inputs) > 1:  # merges ask that sizes are equal: they are the same names
        free = [free[0] if shape == inputs[0] else free[i] for i, shape in enumerate(inputs)]
    numeric = facts(op, inputs)
    try:
        symbolic = facts(op, free)
    except archcalc.UndecidedError:
        pytest.skip("what it needs of its sizes a symbol cannot say")
    for fact, expected in numeric.items():
        if fact != "requires":
            assert [evaluated(n, values) for n in symbolic[fact]] == expected, fact


@pytest.mark.parametrize("name", archcalc.OPS)
def test_recorded_arguments_equal_numeric(name: str) -> None:
    """Whole-number arguments as recorded leaves."""
    op, inputs = built(name)
    values: dict[str, int] = {}

    def leaf(value: Any, label: str) -> Any:
        if isinstance(value, tuple):
            return tuple(leaf(item, f"{label}_{i}") for i, item in enumerate(value))
        return with_names(value, label, values, known=True)

    given_arguments = {key: leaf(value, key) for key, value in op.arguments.items()}
    other = type(op)(**given_arguments)
    numeric, remembered = facts(op, inputs), facts(other, inputs)
    for fact, expected in numeric.items():
        assert [known(n) for n in remembered[fact]] == expected, fact
        assert [evaluated(n, values) for n in remembered[fact]] == expected, fact


@pytest.mark.parametrize("name", archcalc.OPS)
@given(height=st.integers(4, 40), width=st.integers(4, 40))
@settings(max_examples=6)
def test_recorded_equals_numeric_on_other_sizes(name: str, height: int, width: int) -> None:
    op, inputs = built(name)
    shapes = [(shape[0], height, width) if len(shape) == 3 else shape for shape in inputs]
    assume(all(_holds(r) for r in op.requires(*shapes)))
    values: dict[str, int] = {}
    recorded = [
        tuple(with_names(n, f"x{i}_{j}", values, known=True) for j, n in enumerate(shape))
        for i, shape in enumerate(shapes)
    ]
    try:
        numeric = facts(op, shapes)
    except archcalc.ArchcalcError:
        return
    remembered = facts(op, recorded)
    for fact, expected in numeric.items():
        assert [evaluated(n, values) for n in remembered[fact]] == expected, fact


def _holds(requirement: Any) -> bool:
    left, relation, right, _ = requirement
    return bool(left == right if relation == "==" else left <= right)


# Free names of whole networks.


def substituted(number: Any, values: dict[str, int]) -> Any:
    """What a number of a symbolic report comes to by its simplified text, as a reader of the JSON works it out."""
    return at(simplified([number])[0], values) if isinstance(number, Recorded) else number


FREE: list[tuple[str, str, list[int]]] = [
    ("vgg11", "H", [224, 225, 256, 64]), ("vgg11", "classes", [10, 1000]), ("resnet18", "H", [224, 223, 65, 97]), ("alexnet", "H", [224, 227]),
    ("mobilenet_v1", "H", [224, 192, 160, 128]), ("densenet40_k12", "growth", [12, 24, 5]), ("squeezenet1_1", "H", [224, 231]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "free", "values"), FREE)
def test_free_then_substituted_equals_numeric(name: str, free: str, values: list[int]) -> None:
    symbolic = archcalc.analyze(name, free=[free])
    for value in values:
        numeric = archcalc.analyze(name, settings={free: value})
        for quantity in COUNTS:
            assert substituted(getattr(symbolic.totals, quantity), {free: value}) == getattr(
                numeric.totals, quantity
            ), (quantity, value)
        rows = list(zip(symbolic.layers, numeric.layers, strict=True))
        for row, plain in rows[:: max(1, len(rows) // 12)]:
            assert [substituted(n, {free: value}) for n in row.output_shape] == list(plain.output_shape)
            assert substituted(row.mult_adds, {free: value}) == plain.mult_adds


@given(st.integers(20, 60))
@settings(max_examples=12)
def test_a_free_size_through_every_window(size: int) -> None:
    layers = "[{conv: [4, 3, 2]}, {max_pool: {kernel: 3, stride: 2, ceil_mode: true}}, {conv: {out: 3, kernel: 4, stride: 3, padding: same}}, {upsample: 2}, {transposed_conv: [2, 3, 2, 1]}, {crop: {margin: 1}}]"
    text = spec(layers, "[3, H, W]", hyperparameters="{H: 33, W: H}")
    symbolic, numeric = archcalc.analyze(text, free=["H"]), archcalc.analyze(text, settings={"H": size})
    for row, plain in zip(symbolic.layers, numeric.layers, strict=True):
        assert [substituted(n, {"H": size}) for n in row.output_shape] == list(plain.output_shape)
        for quantity in ("params", "mult_adds", "flops", "activations"):
            assert substituted(getattr(row, quantity), {"H": size}) == getattr(plain, quantity)
