"""What becomes a row: nothing lost, equal parts together, as the tables of the papers."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

import archcalc
from archcalc import zoo
from archcalc.recorded import Recorded
from archcalc.render.rows import SCREEN, kinds, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.render.rows import Row

    Reports = Callable[..., archcalc.Report]

COUNTS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")


def _label(row: Row) -> str:
    return " ".join((row.path, *(f"+{op}" for op in row.then), *([f"x{row.times}"] if row.times > 1 else [])))


@pytest.mark.parametrize("name", zoo.specs())
@pytest.mark.parametrize("choice", [{}, {"levels": 1}, {"levels": 2}, {"levels": 99}, {"expand": True}], ids=str)
def test_sums_are_the_totals(name: str, choice: dict[str, int], report_of: Reports) -> None:
    report = report_of(name)
    shown = rows(report, **choice)  # type: ignore[arg-type]
    for field in COUNTS:
        assert sum(getattr(row, field) for row in shown) == getattr(report.totals, field)
    assert sum(row.layers for row in shown) == len(report.layers)
    assert shown[-1].output_shape == report.layers[-1].output_shape


@pytest.mark.parametrize("name", zoo.specs())
def test_kinds_sum_to_the_totals(name: str, report_of: Reports) -> None:
    report = report_of(name)
    found = kinds(report)
    for field in ("params", "buffers", "mult_adds", "flops", "activations"):
        assert sum(getattr(kind, field) for kind in found) == getattr(report.totals, field)
    assert sum(kind.layers for kind in found) == len(report.layers)


@pytest.mark.parametrize("name", zoo.specs())
def test_the_usual_rows_fit_on_a_screen(name: str, report_of: Reports) -> None:
    least = 1 if zoo.specs()[name].parent.name == "lessons" else 5  # a lesson is about a layer or two
    assert least <= len(rows(report_of(name))) <= SCREEN


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "inception_v3"])
def test_expanded_rows_are_the_layers(name: str, report_of: Reports) -> None:
    report = report_of(name)
    shown = rows(report, expand=True)
    assert [row.path for row in shown] == [layer.path for layer in report.layers]
    for row, layer in zip(shown, report.layers, strict=True):
        assert (row.op, row.times, row.then, row.layers) == (layer.op, 1, (), 1)
        assert all(
            getattr(row, field) == getattr(layer, field) for field in (*COUNTS, "receptive_field", "shared_with")
        )


def test_vgg16_is_table_1(report_of: Reports) -> None:
    """Column D: 13 convolutions, 5 pools, 3 fully connected layers; torchvision adds a pool and the flattening."""
    shown = rows(report_of("vgg16"))
    stages = [
        [f"conv{stage}/conv{i} +relu" for i in range(1, depth + 1)] + [f"conv{stage}/max_pool"]
        for stage, depth in enumerate((2, 2, 3, 3, 3), 1)
    ]
    head = ["adaptive_avg_pool", "flatten", "linear1 +relu +dropout", "linear2 +relu +dropout", "linear3"]
    assert [_label(row) for row in shown] == [*chain(*stages), *head]


def test_resnet50_is_table_1(report_of: Reports) -> None:
    """Three, four, six and three bottlenecks, of which the first of a stage differs."""
    shown = rows(report_of("resnet50"))
    assert [_label(row) for row in shown] == [
        "conv1 +batch_norm +relu",
        "maxpool",
        "layer1/bottleneck1",
        "layer1/bottleneck2-3 x2",
        "layer2/bottleneck1",
        "layer2/bottleneck2-4 x3",
        "layer3/bottleneck1",
        "layer3/bottleneck2-6 x5",
        "layer4/bottleneck1",
        "layer4/bottleneck2-3 x2",
        "global_avg_pool",
        "fc",
    ]
    # 1x1 256 -> 64, 3x3, 1x1 64 -> 256, and three batch norms, twice
    assert shown[3].params == 2 * (256 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256))
    assert shown[3].layers == 2 * 10
    field = shown[7].receptive_field
    last = report_of("resnet50").part("layer3/bottleneck6")[-1].receptive_field
    assert field is not None
    assert field == last  # of the last of the equal parts


def test_named_rows_of_the_papers(report_of: Reports) -> None:
    google = [row.path for row in rows(report_of("googlenet_paper"))]
    for name in ("inception3a", "inception3b", "inception4a", "inception4e", "inception5b", "maxpool4"):
        assert name in google
    dense = [row.path for row in rows(report_of("densenet121"))]
    assert dense[2:9] == [
        "denseblock1",
        "transition1",
        "denseblock2",
        "transition2",
        "denseblock3",
        "transition3",
        "denseblock4",
    ]
    assert [row.path for row in rows(report_of("lenet5")) if "/" not in row.path] == [
        "C1",
        "S2",
        "S4",
        "C5",
        "flatten",
        "F6",
        "OUTPUT",
    ]
    # Table 1 of MobileNet: five times the same pair
    mobile = [_label(row) for row in rows(report_of("mobilenet_v1"))]
    assert "Conv2d_7-11/depthwise +batch_norm +relu x5" in mobile
    assert "Conv2d_7-11/pointwise +batch_norm +relu x5" in mobile


def test_parts_named_on_purpose_stay_apart(report_of: Reports) -> None:
    """Mixed_6c and Mixed_6d of Inception v3 are equal, but not numbered."""
    paths = [row.path for row in rows(report_of("inception_v3"))]
    assert "Mixed_6c" in paths
    assert "Mixed_6d" in paths


def test_levels(report_of: Reports) -> None:
    report = report_of("resnet50")
    one = rows(report, levels=1)
    assert [row.path for row in one] == [
        "conv1", "maxpool", "layer1", "layer2", "layer3", "layer4", "global_avg_pool", "fc",
    ]  # fmt: skip
    assert one[2].params == sum(layer.params for layer in report.part("layer1"))
    two = rows(report, levels=2)
    assert _label(two[7]) == "layer3/bottleneck2-6 x5"
    unfolded = rows(report, levels=2, expand=True)
    assert [row.path for row in unfolded if row.path.startswith("layer3")] == [
        f"layer3/bottleneck{i}" for i in range(1, 7)
    ]
    deep = rows(report, levels=6)
    assert "layer3/bottleneck2-6/add/body/conv2 +batch_norm +relu x5" in [_label(row) for row in deep]
    assert "layer3/bottleneck2-6/add +relu x5" in [_label(row) for row in deep]


@pytest.mark.parametrize("levels", [0, -1])
def test_levels_less_than_one_are_refused(levels: int, report_of: Reports) -> None:
    with pytest.raises(archcalc.UsageError, match=f"levels are a whole number, at least 1, not {levels}"):
        rows(report_of("lenet5"), levels=levels)


def test_runs_of_several_layers_are_put_together() -> None:
    """Twenty times a pair: the pair is what repeats."""
    report = archcalc.analyze(
        "input: [4, 9, 9]\nlayers: [{repeat: 50, layers: [{conv: [4, 3, 1, 1]}, {max_pool: [3, 1, 1]}]}, flatten]"
    )
    assert [_label(row) for row in rows(report)] == ["conv1-50 x50", "max_pool1-50 x50", "flatten"]


def test_only_what_follows_directly_shares_a_row() -> None:
    report = archcalc.analyze(
        """
        input: [4, 9, 9]
        layers:
          - {conv: [4, 1], as: x}
          - {conv: [4, 1], as: y}
          - {relu, from: x}
          - as: z
          - {add, from: [y, z]}
          - relu
        """
    )
    assert [_label(row) for row in rows(report)] == ["conv1", "conv2", "relu1", "add +relu"]


def test_shared_weights_are_named() -> None:
    report = archcalc.analyze(
        "input: [4]\nlayers: [{linear: 4, share: w}, sigmoid, {linear: 4, share: w}, {linear: 2}]"
    )
    shown = rows(report)
    assert [(row.path, row.params, row.shared_with) for row in shown] == [
        ("linear1", 20, None),
        ("linear2", 0, "linear1"),
        ("linear3", 10, None),
    ]


def test_equal_formulas_make_equal_parts(report_of: Reports) -> None:
    shown = rows(report_of("resnet18", free=("H",)))
    assert [_label(row) for row in shown] == [_label(row) for row in rows(report_of("resnet18"))]
    first = next(row for row in shown if row.times == 2)
    assert isinstance(first.mult_adds, Recorded)
    assert first.params == 2 * 2 * (9 * 64 * 64 + 2 * 64)


def test_nothing_but_a_merge_is_opened() -> None:
    """Where the whole network is one merge, its branches are the rows."""
    steps = "[{conv: [4, 3, 1, 1]}, relu, {max_pool: 2}, {conv: [8, 3, 1, 1]}, relu, {conv: [8, 1]}, relu]"
    report = archcalc.analyze(
        f"input: [3, 8, 8]\nlayers: [{{add: {{left: {steps}, right: {steps}, other: {steps}, more: {steps},"
        f" fifth: {steps}, last: {steps}}}}}]"
    )
    assert len(report.layers) == 43
    shown = [_label(row) for row in rows(report)]
    assert shown[:4] == ["add/left/conv1 +relu", "add/left/max_pool", "add/left/conv2 +relu", "add/left/conv3 +relu"]
    assert len(shown) == 25


def test_a_network_without_parts_is_shown_whole_if_it_must_be() -> None:
    """Fifty layers of which no two are equal, and no part to close."""
    steps = ", ".join(f"{{conv: [{i}, 1]}}" for i in range(1, 51))
    assert len(rows(archcalc.analyze(f"input: [3, 8, 8]\nlayers: [{steps}]"))) == 50


def test_parts_inside_equal_parts() -> None:
    """Sixteen pairs in four times two times two: what the last of all sees grows by 2 with each of 32 windows of 3."""
    report = archcalc.analyze(
        """
        input: [3, 9, 9]
        blocks:
          pair: [{repeat: 2, layers: [{conv: [3, 3, 1, 1]}, {max_pool: [3, 1, 1]}]}]
          pairs: [{repeat: 2, layers: [pair]}]
        layers: [{repeat: 4, layers: [pairs]}]
        """
    )

    def seen(levels: int | None) -> list[tuple[str, int, object]]:
        shown = rows(report, levels=levels)
        return [(row.path, row.times, row.receptive_field and row.receptive_field.size[0]) for row in shown]

    assert seen(1) == [("pairs1-4", 4, 65)]
    assert seen(2) == [("pairs1-4/pair1-2", 8, 65)]
    assert seen(3) == [
        ("pairs1-4/pair1-2/conv1", 8, 59),
        ("pairs1-4/pair1-2/max_pool1", 8, 61),
        ("pairs1-4/pair1-2/conv2", 8, 63),
        ("pairs1-4/pair1-2/max_pool2", 8, 65),
    ]
    assert seen(None) == [("pairs1-4/pair1-2/conv1-2", 16, 63), ("pairs1-4/pair1-2/max_pool1-2", 16, 65)]
