"""The average cost of training that drops branches: the figures of the paper, and beside all ways of dropping."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from asking import spec
from dropping import longest, networks, remaining, ways, without
from evaluating import at
from hypothesis import given, settings

import archcalc
from archcalc import Setup
from archcalc.analysis.cost import costs
from archcalc.recorded import known
from archcalc.render.expected import as_data

if TYPE_CHECKING:
    from archcalc.studies.expected import Expected

QUANTITIES = ("branches", "depth", "mult_adds", "flops", "activations")
SAVED = ("saved_for_backward_bytes", "saved_for_backward_integer_bytes")
RESNET = "resnet110_stochastic_cifar"


def refusal(layers: str, **options: Any) -> str:
    with pytest.raises(archcalc.ArchcalcError) as caught:
        archcalc.expected(layers, **options)
    return str(caught.value)


def test_resnet110_has_161_quarters_of_its_54_blocks() -> None:
    """Huang et al. 2016, section 3: survival 1 - l/L*(1 - 1/2), so (3L - 1)/4 blocks; 'we expect about 40'."""
    found = archcalc.expected(RESNET)
    assert tuple(found.branches) == (54, Fraction(161, 4))
    assert found.branches.ratio == Fraction(161, 216)
    assert found.subnetworks == 2**54 == 18014398509481984
    assert found.branches.expected // 1 == 40  # as printed
    assert [row.rate for row in found.dropped] == [Fraction(block, 2 * 54) for block in range(1, 55)]
    assert [row.probability for row in found.dropped] == [1 - row.rate for row in found.dropped]


def test_resnet110_mult_adds_by_hand() -> None:
    """A block does 2*9*16*16 mult-adds at 32 x 32, as much in each stage; one that widens, three quarters of it."""
    block = 2 * 9 * 16 * 16 * 32 * 32
    found = archcalc.expected(RESNET)
    costs = [block * 3 // 4 if number in (19, 37) else block for number in range(1, 55)]
    stem, head = 9 * 3 * 16 * 32 * 32, 64 * 10
    assert [row.mult_adds for row in found.dropped] == costs
    assert found.mult_adds.full == stem + sum(costs) + head == 252887680
    mean = sum((cost * (1 - Fraction(number, 108)) for number, cost in enumerate(costs, 1)), Fraction(0))
    assert found.mult_adds.expected == stem + mean + head == Fraction(565856128, 3)
    assert [(part.path, part.branches.full) for part in found.parts] == [
        ("conv1", 0), ("layer1", 18), ("layer2", 18), ("layer3", 18), ("fc", 0),
    ]  # fmt: skip
    means = [known(part.mult_adds.expected) for part in found.parts]
    assert sum(means, Fraction(0)) == found.mult_adds.expected


@pytest.mark.parametrize(("name", "blocks", "head"), [(RESNET, 54, 2), ("resnet1202_stochastic_cifar", 600, 2)])
def test_identity_shortcuts_leave_two_convolutions_per_block_that_is_kept(name: str, blocks: int, head: int) -> None:
    found = archcalc.expected(name)
    assert found.branches == (blocks, Fraction(3 * blocks - 1, 4))
    assert found.depth == (2 * blocks + head, 2 * Fraction(3 * blocks - 1, 4) + head)


def test_resnet152_keeps_the_projections_of_its_shortcuts() -> None:
    """Where a block with a projection is dropped, one convolution is left of three."""
    found = archcalc.expected("resnet152_stochastic")
    assert found.branches == (50, Fraction(149, 4))
    assert found.depth is not None
    firsts = (1, 4, 12, 48)
    kept = {block: 1 - Fraction(block, 100) for block in range(1, 51)}
    assert found.depth.expected == 2 + sum(3 * p + (1 - p) * (block in firsts) for block, p in kept.items())


def test_rates_that_rise_as_in_torchvision() -> None:
    """torchvision: ConvNeXt-T 0.1*i/17 of 18 blocks; EfficientNet-B0 0.2*i/16 of 16, where the shape stays."""
    convnext, efficientnet = archcalc.expected("convnext_tiny"), archcalc.expected("efficientnet_b0")
    assert [row.rate for row in convnext.dropped] == [Fraction(i, 170) for i in range(18)]
    assert convnext.branches == (18, Fraction(171, 10))
    assert convnext.choices == 17
    assert [row.rate for row in efficientnet.dropped] == [Fraction(i, 80) for i in (2, 4, 6, 7, 9, 10, 12, 13, 14)]


class Spent(NamedTuple):
    """What an operator costs in training."""

    mult_adds: int
    flops: int
    activations: int
    weighted: bool


def spent(graph: archcalc.Graph) -> list[Spent]:
    found = costs(graph, training=True)
    counts = [(int(c.work.multiply_accumulates), int(c.flops), int(c.activations)) for c in found]
    return [Spent(*count, cost.weighted) for count, cost in zip(counts, found, strict=True)]


@given(networks())
def test_beside_all_ways_of_dropping(network: str) -> None:
    """Every average is the sum over all 2**n choices of branches to drop of its probability times what is left."""
    graph = archcalc.graph(network)
    found = archcalc.expected(network)
    cost = spent(graph)
    ends = [node.index for node in graph.nodes if node.kind == "drop_path"]
    mean = dict.fromkeys(QUANTITIES, Fraction(0))
    for probability, dropped in [*ways(graph), (Fraction(0), frozenset())]:
        left = remaining(graph, dropped)
        mean["branches"] += probability * len(left.intersection(ends))
        mean["depth"] += probability * longest(graph, left, [c.weighted for c in cost])
        for name in ("mult_adds", "flops", "activations"):
            mean[name] += probability * sum(getattr(cost[i], name) for i in left)
    assert {name: getattr(found, name).expected for name in QUANTITIES} == mean
    for name in ("mult_adds", "flops", "activations"):
        assert getattr(found, name).full == sum(getattr(c, name) for c in cost)
    assert found.branches.full == len(ends)
    assert found.depth is not None
    assert found.depth.full == archcalc.analyze(network).totals.depth


SETUPS = (Setup(), Setup(dropout_mask="byte", batch=3), Setup(checkpoint=("add",)), Setup(train_from="add"))


@pytest.mark.parametrize("setup", SETUPS, ids=["usual", "bytes", "checkpoint", "frozen"])
@settings(max_examples=15)
@given(networks(most=3, stems=False))
def test_what_is_saved_beside_the_memory_of_every_subnetwork(setup: Setup, network: str) -> None:
    """The average over all 2**n choices is that of networks whose text does not have the dropped branches."""
    graph = archcalc.graph(network)
    parts = [node.path.partition("/")[0] for node in graph.nodes]
    first = next(part for part in parts if part.startswith(("add", "mean")))
    chosen = setup._replace(
        checkpoint=(first,) if setup.checkpoint else (), train_from=first if setup.train_from else None
    )
    options: dict[str, Any] = {"setup": chosen, "batch": int(known(setup.batch))}
    found, whole = archcalc.expected(network, **options), archcalc.memory(network, **options)
    ends = [node.index for node in graph.nodes if node.kind == "drop_path"]
    mean = dict.fromkeys(SAVED, Fraction(0))
    for probability, dropped in ways(graph):
        left = archcalc.memory(without(network, dropped, ends), **options)
        for name in SAVED:
            mean[name] += probability * getattr(left, name)
    for name in SAVED:
        assert getattr(found, name) == (getattr(whole, name), mean[name])


def test_an_input_that_a_branch_and_others_save_is_saved_when_one_of_them_is_computed() -> None:
    """x of 64 floats is kept by the branch's convolution alone, by another branch too, or by the trunk."""
    trunk = "conv: [1, 1]"
    one = "a: [{conv: [1, 1]}, {drop_path: 0.25}]"
    two = "b: [{conv: [1, 1]}, {drop_path: 0.5}]"
    mask = 4

    def saved(branches: str) -> Any:
        found = archcalc.expected(spec(f"[{{{trunk}}}, {{add: {{{branches}, rest: []}}}}]", "[1, 8, 8]"))
        assert found.saved_for_backward_bytes is not None
        return found.saved_for_backward_bytes.expected

    x = 4 * 64
    assert saved(one) == x + Fraction(3, 4) * (x + mask)
    assert saved(f"{one}, {two}") == x + (1 - Fraction(1, 4) * Fraction(1, 2)) * x + Fraction(3, 4) * mask + mask / 2
    always = saved(f"{one}, c: [{{conv: [1, 1]}}]")
    assert always == x + x + Fraction(3, 4) * mask


def test_what_is_saved_of_resnet110_by_hand() -> None:
    """Of a block inside its branch: the input of the second convolution, the inputs of both batch norms, which are

    the outputs of both convolutions, the statistics of both, and one number that says it was kept. The input of the
    branch is what the relu before it keeps anyway. Where the channels grow, so do the maps shrink.
    """
    found = archcalc.expected(RESNET)
    widths = [16] * 18 + [32] * 18 + [64] * 18
    blocks = [4 * (3 * c * (32 * 16 // c) ** 2 + 4 * c + 1) for c in widths]
    mean = sum(cost * (1 - Fraction(number, 108)) for number, cost in enumerate(blocks, 1))
    assert found.saved_for_backward_bytes is not None
    full, expected = found.saved_for_backward_bytes
    assert full - expected == sum(blocks) - mean
    assert full == archcalc.memory(RESNET).saved_for_backward_bytes


@given(networks())
def test_a_branch_costs_what_is_saved_when_it_alone_is_dropped(network: str) -> None:
    graph = archcalc.graph(network)
    cost = [c.mult_adds for c in spent(graph)]
    for row in archcalc.expected(network).dropped:
        (end,) = (node.index for node in graph.nodes if node.path == row.path)
        gone = set(range(len(graph.nodes))) - remaining(graph, frozenset({end}))
        assert row.mult_adds == sum(cost[i] for i in gone)


def test_choices_leave_out_what_is_certain() -> None:
    """A rate of 0 or 1 leaves nothing to choose."""
    layers = "[{add: {a: [relu, {drop_path: RATE}], b: [relu, {drop_path: 1}], c: [relu, {drop_path: 0}], d: []}}]"
    found = archcalc.expected(spec(layers.replace("RATE", "1/3")))
    assert (found.branches.full, found.choices, found.subnetworks) == (3, 1, 2)


# Free names.


def evaluated(found: Expected, values: dict[str, Any]) -> dict[str, Any]:
    data = as_data(found)
    names = QUANTITIES if data[SAVED[0]] is None else (*QUANTITIES, *SAVED)
    return {name: at(str(data[name]["expected"]), values) for name in names} | {
        "ratio": at(str(data["mult_adds"]["ratio"]), values)
    }


@pytest.mark.parametrize(
    ("free", "values"),
    [
        ({"survival"}, [{"survival": Fraction(1, 4)}, {"survival": Fraction(3, 5)}]),
        ({"n"}, [{"n": 2}, {"n": 5}, {"n": 18}]),
        ({"H"}, [{"H": 32}, {"H": 20}]),
    ],
    ids=["survival", "n", "H"],
)
def test_free_names_give_what_numbers_give(free: set[str], values: list[dict[str, Any]]) -> None:
    made = archcalc.expected(RESNET, free=free)
    for point in values:
        found = archcalc.expected(RESNET, settings=point)
        names = QUANTITIES if "n" in free else (*QUANTITIES, *SAVED)
        expected = {name: getattr(found, name).expected for name in names} | {"ratio": found.mult_adds.ratio}
        assert evaluated(made, point) == expected


def test_the_formula_of_the_paper_for_any_depth() -> None:
    """(3L - 1)/4 of L = 3n blocks."""
    data = as_data(archcalc.expected(RESNET, free=["n"]))
    assert data["branches"] == {"full": "3*n", "expected": "9*n/4 - 1/4", "ratio": "3/4 - 1/(12*n)"}
    assert data["subnetworks"] == "2**(3*n)"
    assert data["dropped"][1] == {
        "path": "layer1/i=2..n/basic/add/body/drop_path", "line": 26, "rate": "i/(6*n)",
        "probability": "-i/(6*n) + 1", "mult_adds": 4718592, "passes": "n - 1",
    }  # fmt: skip


def test_a_free_rate_is_a_probability() -> None:
    data = as_data(archcalc.expected(RESNET, free=["survival"]))
    assert data["conditions"] == ["survival != 1", "1 >= survival"]
    said = refusal(
        spec("[{add: {a: [relu, {drop_path: 2 + rate}], b: []}}]", hyperparameters="{rate: 0.5}"), free=["rate"]
    )
    assert said.startswith("add/a/drop_path drops its branch with probability rate + 2\n")


def test_a_loop_inside_a_branch_is_summed() -> None:
    layers = """
        - add:
            a: [{repeat: n, layers: [{add: {b: [{conv: [6, 1]}, {drop_path: 0.25}], c: []}}]}, {drop_path: 0.5}]
            rest: []
    """
    text = spec(layers, hyperparameters="{n: 3}")
    made, found = archcalc.expected(text, free=["n"]), archcalc.expected(text)
    data = as_data(made)
    assert at(str(data["mult_adds"]["expected"]), {"n": 3}) == found.mult_adds.expected
    assert [at(str(row["mult_adds"]), {"n": 3}) for row in data["dropped"]] == [36 * 64] * 2 + [3 * 36 * 64]
    assert made.depth is None  # passes of the loop are dropped on their own, beside a shortcut


def test_passes_that_hang_on_one_another_are_refused() -> None:
    layers = "[{add: {a: [{repeat: n, layers: [{conv: [6, 1]}, {drop_path: 0.5}]}], rest: []}}]"
    said = refusal(spec(layers, hyperparameters="{n: 3}"), free=["n"])
    assert said == (
        "a pass of the loop over i is needed only where the next ones are kept\n"
        "  give the count of the loop a number with --set"
    )


# What is refused.


@pytest.mark.parametrize("name", ["vgg16", "fractalnet"])
def test_networks_that_state_no_branch_to_drop(name: str) -> None:
    said = refusal(name)
    assert said == (
        f"{archcalc.load(name).name} states no branch that training may drop\n"
        "  such a branch ends in drop_path: rate, and is dropped independently of others"
    )


def test_averages_beyond_reason_are_refused() -> None:
    """The common denominator of 1/2, 1/3, ... 1/4000 has some 5,800 bits."""
    layers = "[{repeat: 4000, layers: [{add: {a: [relu, {drop_path: 1 / (index + 2)}], b: []}}]}]"
    assert refusal(spec(layers)) == "an exact average has more than 4,096 bits"


def test_many_branches_side_by_side_have_no_expected_depth() -> None:
    branches = {f"b{i}": ["relu", {"drop_path": 0.5}] for i in range(40)}
    layers = yaml.safe_dump([{"add": branches | {"rest": []}}], default_flow_style=True, width=10_000)
    found = archcalc.expected(spec(layers))
    assert (found.depth, found.branches.expected) == (None, 20)
    assert as_data(found)["depth"] is None


def test_what_is_saved_is_left_out_where_it_hangs_on_every_branch() -> None:
    """Without weights in front, a gradient flows behind block k where one of the k branches is kept."""
    layers = "[{repeat: 30, layers: [{add: {a: [{conv: [6, 1]}, {drop_path: 0.5}], b: []}}]}]"
    found = archcalc.expected(spec(layers), limits=archcalc.LIMITS._replace(decisions=100))
    assert (found.branches.expected, found.saved_for_backward_bytes) == (15, None)
    assert archcalc.expected(spec(layers)).saved_for_backward_bytes is not None


def test_auxiliary_heads_are_off_unless_asked_for() -> None:
    layers = """
        - {add: {a: [{conv: [6, 1]}, {drop_path: 0.5}], rest: []}}
        - if: training
          then: [{output: {aux: [global_avg_pool, {linear: 10}]}}]
        - conv: [6, 1]
    """
    off, on = archcalc.expected(spec(layers)), archcalc.expected(spec(layers), training=True)
    assert on.mult_adds.full - off.mult_adds.full == 60
