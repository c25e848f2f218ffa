"""Useful mult-adds beside what XLA counts, and beside every pair of a position and a tap, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asking import ask
from evaluating import at
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archcalc
from archcalc import OPS
from archcalc.recorded import Recorded, is_free, product
from archcalc.shape import features, space

if TYPE_CHECKING:
    from archcalc.ops.op import Op

AMOUNTS = st.integers(0, 9)


def useful(op: Op, x: tuple[Any, ...]) -> Any:
    """The useful mult-adds of an operator on one input."""
    return op.useful_mult_adds(op.output(x), x)


def pairs(op: Any, positions: tuple[Any, ...], sizes: tuple[Any, ...], x: tuple[int, ...]) -> int:
    """On all axes together, the pairs of a position and a tap that lie inside, by trying each."""
    counts = []
    for window, many, size in zip(op.windows(x), positions, sizes, strict=True):
        places = [
            window.stride * position + window.dilation * tap - window.before
            for position in range(many)
            for tap in range(window.kernel)
        ]
        counts.append(sum(0 <= place < size for place in places))
    return int(product(counts))


def test_what_xla_counts() -> None:
    """Source: github.com/google/flax/issues/3392, where 256 flops of a convolution are counted as 196."""
    conv = OPS["conv"](out=2, kernel=2, padding="same", bias=False)
    x = (1, 4, 4)
    assert 2 * conv.work(conv.output(x), x).mult_adds == 256
    assert 2 * useful(conv, x) == 196


def test_by_hand() -> None:
    """Of 3 taps at 8 positions, one hangs over each end; stride 2 leaves the one at the start."""
    three = {"out": 5, "kernel": 3, "padding": 1}
    assert useful(OPS["conv"](**three), (8, 4)) == 5 * 4 * (3 * 8 - 2)
    assert useful(OPS["conv"](**three, stride=2), (8, 4)) == 5 * 4 * (3 * 4 - 1)
    assert useful(OPS["conv"](**three, groups=2), (8, 4)) == 5 * 2 * (3 * 8 - 2)
    assert useful(OPS["depthwise_conv"](kernel=3, padding=1, multiplier=2), (8, 4)) == 4 * 2 * (3 * 8 - 2)
    assert useful(OPS["transposed_conv"](out=5, kernel=4, stride=2, padding=1), (8, 4)) == 5 * 4 * (4 * 8 - 2)


PADDED = st.tuples(AMOUNTS, AMOUNTS)


@given(
    st.integers(1, 10),
    st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3)),
    st.one_of(st.just("same"), st.tuples(PADDED, PADDED)),
)
@settings(max_examples=400, deadline=None)
def test_convolutions_pair_by_pair(size: int, rows: tuple[int, ...], columns: tuple[int, ...], padding: Any) -> None:
    kernel, stride, dilation = zip(rows, columns, strict=True)
    x = (6, size, 7)
    op: Any = OPS["conv"](out=4, kernel=kernel, stride=stride, dilation=dilation, padding=padding, groups=2)
    assume(all(window.span <= window.room(n) for window, n in zip(op.windows(x), space(x), strict=True)))
    output = op.output(x)
    assert useful(op, x) == 4 * 3 * pairs(op, space(output), space(x), x) <= op.work(output, x).mult_adds
    depthwise: Any = OPS["depthwise_conv"](kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    assert useful(depthwise, x) == 6 * pairs(op, space(output), space(x), x)


@given(
    st.integers(1, 10),
    st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3)),
    PADDED,
    st.integers(0, 4),
)
@settings(max_examples=300, deadline=None)
def test_transposed_convolutions_pair_by_pair(
    size: int, window: tuple[int, ...], padding: tuple[int, int], more: int
) -> None:
    kernel, stride, dilation = window
    op: Any = OPS["transposed_conv"](
        out=4, kernel=kernel, stride=stride, dilation=dilation, padding=(padding,), output_padding=more, groups=2
    )
    x = (size, 6)
    output = op.output(x)
    assume(output[0] >= 1)
    assert useful(op, x) == 6 * 2 * pairs(op, space(x), space(output), x) <= op.work(output, x).mult_adds


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3)),
    st.one_of(st.just("same"), st.integers(0, 3)),
    st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_formulas_in_the_size_give_the_numbers(window: tuple[int, ...], padding: Any, size: int) -> None:
    kernel, stride, dilation = window
    op: Any = OPS["conv"](out=2, kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    assume(all(window.span <= window.room(size) for window in op.windows((size, 3))))
    formula = useful(op, (Recorded("n"), 3))
    assert is_free(formula)
    assert at(formula, {"n": size}) == useful(op, (size, 3))


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_formulas_in_the_kernel_give_the_numbers(kernel: int, size: int) -> None:
    free = Recorded("k")
    formula = useful(OPS["conv"](out=1, kernel=free, padding=free // 2), (Recorded("n"), 1))
    numbers = OPS["conv"](out=1, kernel=kernel, padding=kernel // 2)
    assert at(formula, {"k": kernel, "n": size}) == useful(numbers, (size, 1))


@pytest.mark.parametrize("name", OPS)
def test_no_more_than_the_mult_adds(name: str) -> None:
    """What has no padding of its own wastes none."""
    cls = OPS[name]
    report = archcalc.analyze(f"input: {cls.example_input}\nlayers:\n- {cls.example}\n", training=True)
    for layer, count in zip(report.layers, report.counts("useful_mult_adds"), strict=True):
        assert count <= layer.mult_adds
        assert count == layer.mult_adds or "padding" in OPS[layer.op].fields


def test_a_pad_of_its_own_is_not_looked_through() -> None:
    valid = ask("[{pad: 1}, {conv: {out: 4, kernel: 3}}]")
    padded = ask("[{conv: {out: 4, kernel: 3, padding: 1}}]")
    assert sum(valid.counts("useful_mult_adds")) == valid.totals.mult_adds == padded.totals.mult_adds
    assert padded.counts("useful_mult_adds") == (4 * 6 * 22 * 22,)


def test_huge_kernels() -> None:
    """Where nothing is strided any number of taps is one formula; else too many are refused."""
    many = 10**9
    conv = OPS["conv"](out=1, kernel=2 * many + 1, padding=many)
    assert useful(conv, (many, 1)) == many * many == features((many, 1)) * many**2
    strided = "{input: [4, 1], layers: [{conv: {out: 1, kernel: 1000000001, padding: 1000000000, stride: 2}}]}"
    report = archcalc.analyze(strided)
    with pytest.raises(archcalc.LimitError, match=r"^conv: more than 4,096 taps of a kernel can lie on padding$"):
        report.counts("useful_mult_adds")
