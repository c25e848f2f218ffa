"""`archcalc solve` beside brute force: the numeric engine asked at every single value."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from functools import cache
from io import StringIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec

import archcalc
from archcalc.cli import main
from archcalc.recorded import Recorded, choose, divide, floor, maximum, minimum
from archcalc.studies import grid as grids
from archcalc.studies import solve as study
from archcalc.studies.plateau import plateau
from archcalc.studies.targets import read_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.recorded import Number
    from archcalc.studies.solve import Solution

# Rounding rules, congruences (the add wants an even H), lower bounds, and a cost that falls and rises again with k.
ROUNDED = spec(
    """
    - {conv: {out: "make_divisible(alpha * 24, 8)", kernel: 3, stride: 2, padding: 1}}
    - relu
    - {conv: {out: "max(round_to(alpha * 40, 4), 12)", kernel: 1}}
    - global_avg_pool
    - linear: 10
    """,
    "[3, H, H]",
    hyperparameters="{alpha: 1.0, H: 32}",
)
SKIP = spec(
    """
    - add:
        body: [{max_pool: 2}, {upsample: 2}]
        shortcut: []
    - {conv: {out: 4, kernel: 5}}
    """,
    "[2, H, H]",
    hyperparameters="{H: 16}",
)
WAVE = spec(
    "[{conv: {out: (k - 12) * (k - 12) + 1, kernel: 1}}, {conv: {out: 4, kernel: 1}}]",
    "[2, 6, 6]",
    hyperparameters="{k: 3}",
)
DEEP = spec(
    "[{repeat: n, layers: [{conv: {out: width, kernel: 3, padding: 1}}, relu]}, global_avg_pool, {linear: 10}]",
    "[3, 8, 8]",
    hyperparameters="{n: 2, width: 8}",
)
# Where the first convolution keeps the channels there is a shortcut, else none.
SHORTCUT = spec(
    """
    - add:
        body: [{conv: {out: width, kernel: 3, padding: 1}}]
        shortcut: {when: channels == width, layers: [{conv: {out: width, kernel: 1}}]}
    """,
    "[8, 6, 6]",
    hyperparameters="{width: 4}",
)


@cache
def numbers(text: str, point: tuple[tuple[str, Any], ...]) -> dict[str, Any] | None:
    """The totals at a point by the numeric engine, or none where there is no network."""
    try:
        totals: Any = archcalc.analyze(text, settings={n: str(v) for n, v in point}).totals
    except archcalc.SpecError:
        return None
    return {name: getattr(totals, name) for name in ("params", "mult_adds", "activations", "activation_bytes", "depth")}


def brute(text: str, name: str, values: list[Any]) -> dict[Any, dict[str, Any]]:
    """Every value that gives a network, with its totals."""
    found = {value: numbers(text, ((name, value),)) for value in values}
    return {value: totals for value, totals in found.items() if totals is not None}


def told(solution: Solution) -> list[tuple[str, Any]]:
    """Each answer as its kind and the value of its one name."""
    return [(answer.kind, next(iter(answer.settings.values()))) for answer in solution.answers]


ALPHAS = [Fraction(i, 20) for i in range(1, 41)]
ONE_NAME = [
    ("rounded alpha", ROUNDED, "alpha", "0.05:2:0.05", ALPHAS, "mult_adds", [0, 123_456, 200_000, 400_000, 10**7]),
    ("rounded H", ROUNDED, "H", "1:40", list(range(1, 41)), "mult_adds", [0, 5_000, 100_000, 333_333, 10**7]),
    ("congruence", SKIP, "H", "1:40", list(range(1, 41)), "mult_adds", [0, 5_000, 51_200, 100_000, 10**6]),
    ("not monotone", WAVE, "k", "1:30", list(range(1, 31)), "params", [0, 10, 90, 200, 10**6]),
    ("structure", DEEP, "n", "1:12", list(range(1, 13)), "params", [0, 1_000, 3_000, 6_150, 10**6]),
    ("another network", SHORTCUT, "width", "1:20", list(range(1, 21)), "params", [0, 300, 584, 656, 657, 900, 10**5]),
]


@pytest.mark.parametrize("case", ONE_NAME, ids=lambda case: case[0])
def test_largest_and_smallest_are_those_of_brute_force(
    case: tuple[str, str, str, str, list[Any], str, list[int]],
) -> None:
    _, text, name, stated, values, quantity, figures = case
    everything = brute(text, name, values)
    for figure in figures:
        kept = [value for value, totals in everything.items() if totals[quantity] <= figure]
        found = told(archcalc.solve(text, {name: stated}, f"{quantity} <= {figure}"))
        assert found == ([("largest", max(kept))] if kept else [])
        kept = [value for value, totals in everything.items() if totals[quantity] > figure]
        found = told(archcalc.solve(text, {name: stated}, f"{quantity} > {figure}"))
        assert found == ([("smallest", min(kept))] if kept else [])


@pytest.mark.parametrize("case", ONE_NAME, ids=lambda case: case[0])
def test_nearest_are_those_of_brute_force(case: tuple[str, str, str, str, list[Any], str, list[int]]) -> None:
    _, text, name, stated, values, quantity, figures = case
    everything = brute(text, name, values)
    for figure in figures:
        below = [
            (figure - totals[quantity], value) for value, totals in everything.items() if totals[quantity] <= figure
        ]
        above = [
            (totals[quantity] - figure, value) for value, totals in everything.items() if totals[quantity] > figure
        ]
        expected = [(kind, min(side)[1]) for kind, side in (("below", below), ("above", above)) if side]
        if below and min(below)[0] == 0:
            expected = [("exact", min(below)[1])]
        solution = archcalc.solve(text, {name: stated}, f"{quantity} = {figure}")
        assert told(solution) == expected
        assert solution.nearest is not None
        assert abs(solution.nearest.quantities[quantity] - figure) == min(d for d, _ in (*below, *above))


@pytest.mark.parametrize(
    "targets",
    [
        ["mult_adds <= 200K", "params <= 1500"],
        ["mult_adds <= 200K", "params >= 1200"],
        ["params >= 1000", "params <= 1700", "activations < 9K"],
        ["params <= 10"],
    ],
)
def test_several_bounds_at_once(targets: list[str]) -> None:
    read = [read_target(text) for text in targets]
    kept = [
        alpha
        for alpha, totals in brute(ROUNDED, "alpha", ALPHAS).items()
        if all(target.kept(totals[target.quantity]) for target in read)
    ]
    ends = {"smallest": [t.least for t in read], "largest": [t.most for t in read]}
    expected = [
        (kind, min(kept) if kind == "smallest" else max(kept))
        for kind, bounds in ends.items()
        if kept and any(bound is not None for bound in bounds)
    ]
    assert told(archcalc.solve(ROUNDED, {"alpha": "0.05:2:0.05"}, targets)) == expected


def grid(text: str, axes: Mapping[str, list[Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    for values in product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        totals = numbers(text, tuple(point.items()))
        if totals is not None:
            found.append((point, totals))
    return found


TWO: dict[str, list[Any]] = {"alpha": ALPHAS[4::4], "H": list(range(6, 30, 2))}
TWO_STATED = {"alpha": "0.25:2:0.2", "H": "6:28:2"}


@pytest.mark.parametrize("block", [1 << 18, 24, 5])
def test_two_names_near_a_figure(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(grids, "CHUNK", block)
    solution = archcalc.solve(ROUNDED, TWO_STATED, "mult_adds = 100K", top=7)
    everything = {tuple(p.items()): t for p, t in grid(ROUNDED, TWO)}
    distances: list[Any] = sorted({abs(totals["mult_adds"] - 100_000) for totals in everything.values()})
    found: list[Any] = [abs(answer.quantities["mult_adds"] - 100_000) for answer in solution.answers]
    assert found == sorted(found)
    assert found[0] == distances[0]
    assert sorted(set(found)) == distances[: len(set(found))]
    for answer in solution.answers:
        assert everything[tuple(answer.settings.items())]["mult_adds"] == answer.quantities["mult_adds"]


@pytest.mark.parametrize("block", [1 << 18, 24, 5])
def test_two_names_under_bounds_leave_no_larger_value(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(grids, "CHUNK", block)
    solution = archcalc.solve(ROUNDED, TWO_STATED, ["mult_adds <= 100K", "params <= 2K"], top=1000)
    kept = {
        tuple(point.values()): totals
        for point, totals in grid(ROUNDED, TWO)
        if totals["mult_adds"] <= 100_000 and totals["params"] <= 2_000
    }
    largest: dict[Any, Any] = {
        (alpha, h): totals
        for (alpha, h), totals in kept.items()
        if (alpha + Fraction(1, 5), h) not in kept and (alpha, h + 2) not in kept
    }
    found = [tuple(answer.settings.values()) for answer in solution.answers]
    assert len(found) > 2
    assert set(found) <= set(largest)
    assert {tuple(sorted(largest[p].items())) for p in found} == {tuple(sorted(t.items())) for t in largest.values()}


def test_two_figures_at_once() -> None:
    solution = archcalc.solve(ROUNDED, TWO_STATED, ["mult_adds = 100K", "params = 2000"], top=1)

    def farthest(totals: dict[str, Number]) -> Fraction:
        return max(abs(Fraction(totals["mult_adds"], 100_000) - 1), abs(Fraction(totals["params"], 2000) - 1))

    assert farthest(dict(solution.answers[0].quantities)) == min(farthest(totals) for _, totals in grid(ROUNDED, TWO))


def test_conditions_choose_among_the_points() -> None:
    solution = archcalc.solve(
        ROUNDED, TWO_STATED, "mult_adds = 100K", where="H % 4 == 0 and activations > 2000 and alpha <= 1", top=1
    )
    kept = [
        (abs(totals["mult_adds"] - 100_000), point)
        for point, totals in grid(ROUNDED, TWO)
        if point["H"] % 4 == 0 and totals["activations"] > 2000 and point["alpha"] <= 1
    ]
    assert dict(solution.answers[0].settings) in [p for d, p in kept if d == min(kept, key=lambda pair: pair[0])[0]]


def test_the_batch_is_a_name() -> None:
    solution = archcalc.solve(ROUNDED, "batch", "activation_bytes <= 1MB")
    one = archcalc.analyze(ROUNDED).totals.activation_bytes
    assert told(solution) == [("largest", 1_000_000 // one)]
    assert solution.answers[0].quantities["activation_bytes"] == one * (1_000_000 // one)


def test_words_and_truths_are_values() -> None:
    solution = archcalc.solve("resnet50", {"v1": "true,false", "block": "basic,bottleneck"}, "params <= 22M")
    assert {tuple(answer.settings.values()) for answer in solution.answers} == {(True, "basic"), (False, "basic")}


def test_numbers_from_python() -> None:
    solution = archcalc.solve(ROUNDED, {"alpha": [Fraction(1, 2), 2, 1]}, ["mult_adds <= 1G"], settings={"H": 8})
    assert told(solution) == [("largest", 2)]
    assert [(axis.name, axis.items) for axis in solution.axes] == [("alpha", (Fraction(1, 2), 1, 2))]


def test_what_misses_by_least() -> None:
    solution = archcalc.solve(ROUNDED, {"alpha": "0.05:2:0.05"}, ["mult_adds <= 300K", "params >= 2500"])
    assert not solution.answers
    assert solution.closest is not None
    totals = brute(ROUNDED, "alpha", ALPHAS)

    def missed(alpha: Any) -> Fraction:
        over = max(Fraction(totals[alpha]["mult_adds"], 300_000) - 1, Fraction(0))
        return max(over, 1 - Fraction(min(totals[alpha]["params"], 2500), 2500))

    assert missed(solution.closest.settings["alpha"]) == min(map(missed, totals))


def test_no_network_at_all() -> None:
    solution = archcalc.solve("vgg16", {"H": "1:31"}, "mult_adds <= 300M")
    assert (solution.answers, solution.closest) == ((), None)
    assert solution.refusal is not None
    assert "the kernel spans 2, but the input with its padding is only 1\n" in solution.refusal


# The interval of a rational name in which the network is the same.


@pytest.mark.parametrize(
    ("name", "at"),
    [
        *product(["mobilenet_v1"], ["0.004", "0.3", "0.72", "1", "1.35"]),
        ("mobilenet_v2", "0.72"),
    ],
)
def test_the_network_is_the_same_in_the_interval_and_another_beyond(name: str, at: str) -> None:
    (answer,) = archcalc.solve(name, {"alpha": at}, "params <= 1T").answers
    found = answer.plateau
    assert found is not None
    assert found.high is not None
    assert (found.low or 0) <= Fraction(at) <= found.high
    tiny = Fraction(1, 10**9)

    def params(value: Number) -> Any:
        return numbers(name, (("alpha", value),))

    low = found.low or 0
    inside: list[Number] = [low + tiny, Fraction(low + found.high) / 2, found.high - tiny]
    outside: list[Number] = [found.high + tiny]
    (inside if found.high_closed else outside).append(found.high)
    if found.low is not None:
        outside.append(low - tiny)
        (inside if found.low_closed else outside).append(low)
    here = params(Fraction(at))
    assert all(params(value) == here for value in inside)
    assert all(params(value) != here for value in outside)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("mobilenet_v1", "0.1:1:0.1"), ("mobilenet_v1", "0.01:1:0.01"), ("mobilenet_v2", "0.1:0.9:0.2")],
)
def test_how_far_a_name_may_rise_and_fall_between_the_steps(name: str, steps: str) -> None:
    """Whatever values are tried, the end is that of brute force on a fine grid."""
    smallest, largest = archcalc.solve(name, {"alpha": steps}, ["mult_adds <= 210M", "mult_adds >= 90M"]).answers
    assert smallest.kept is not None
    assert largest.kept is not None

    def fits(value: Any) -> bool:
        totals = numbers(name, (("alpha", value),))
        return totals is not None and 90_000_000 <= totals["mult_adds"] <= 210_000_000

    tiny = Fraction(1, 10**9)
    low, high = Fraction(smallest.kept.low or 0), Fraction(largest.kept.high or 0)
    assert (fits(low), fits(high)) == (smallest.kept.low_closed, largest.kept.high_closed)
    assert fits(low + tiny)
    assert fits(high - tiny)
    assert not fits(low - tiny)
    assert not fits(high + tiny)


def test_how_far_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dense.yaml").write_text(spec('[{linear: "ceil(10 * k)"}]', "[4]", hyperparameters="{k: 0.5}"))
    command = ("dense.yaml", "--for", "k=0.2:3:0.3", "--target", "params <= 90", "--target", "params >= 40")
    assert said(capsys, *command).splitlines()[-4:] == [
        "smallest: the same network for 0.7 < k <= 0.8",
        "smallest: k may fall to just above 0.7",
        "largest: the same network for 1.6 < k <= 1.7",
        "largest: k may rise to 1.8",
    ]


def test_no_interval_where_costs_change_continuously() -> None:
    x = Recorded("x", integral=False)
    assert plateau([x * 3], 2) is None
    assert plateau([floor(x * x)], 2) is None
    assert plateau([x * 3 - x - 2 * x], 2) is not None


@pytest.mark.parametrize(
    ("make", "at", "interval"),
    [
        (lambda x: floor(x * 10), Fraction(1, 4), ("1/5", True, "3/10", False)),
        (lambda x: 0 - floor(0 - x * 10), Fraction(1, 4), ("1/5", False, "3/10", True)),
        (lambda x: maximum(8, floor(x * 8)), Fraction(1, 2), ("None", False, "9/8", False)),
        (lambda x: floor(maximum(x, 3 - x)), Fraction(5, 2), ("2", True, "3", False)),
        (lambda x: 0 - floor(0 - x * 3) - floor(x * 3), Fraction(1, 2), ("1/3", False, "2/3", False)),
        (lambda x: floor(minimum(x, 3 - x)), 2, ("1", True, "2", True)),
        (lambda x: choose(x, 2, 5, 7), Fraction(1, 2), ("None", False, "2", False)),
        (lambda x: choose(x, 2, 5, 7), 2, ("2", True, "None", False)),
        (lambda x: x % 3 - x, 4, ("3", True, "6", False)),
        (lambda x: floor(divide(x, 3)) ** 2 * floor(x), 4, ("4", True, "5", False)),
        (lambda x: floor(maximum(1, x) * 2), 1, ("None", False, "3/2", False)),
        (lambda x: 7, 4, ("None", False, "None", False)),
    ],
)
def test_intervals_by_hand(make: Any, at: Number, interval: tuple[str, bool, str, bool]) -> None:
    found = plateau([make(Recorded("x", integral=False))], at)
    assert found is not None
    assert (str(found.low), found.low_closed, str(found.high), found.high_closed) == interval


# Values, targets, and mistakes.


@pytest.mark.parametrize(
    ("text", "kept", "refused"),
    [
        ("params <= 1.5", [1], [2]),
        ("params < 3", [2], [3]),
        ("params >= 1.5", [2], [1]),
        ("params > 3", [4], [3]),
        ("params<=10M", [10**7], [10**7 + 1]),
        ("activation_bytes <= 8 GiB", [8 << 30], [(8 << 30) + 1]),
        ("params = 7", [0, 7, 100], []),
    ],
)
def test_targets(text: str, kept: list[int], refused: list[int]) -> None:
    target = read_target(text)
    assert all(target.kept(number) for number in kept)
    assert not any(target.kept(number) for number in refused)


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    """What `archcalc solve` prints."""
    assert main(["solve", *command]) == code
    captured = capsys.readouterr()
    return captured.err if code == 2 else captured.out


TARGET = ("--target", "params <= 1M")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            ("vgg16", "--for", "h", *TARGET),
            "VGG-16 has no hyperparameter 'h'\n  hyperparameters: H, W, classes, depths, widths, bn, pool",
        ),
        (("vgg16", "--for", "H,H", *TARGET), "--for takes each name once, as NAME or NAME=VALUES, not 'H,H'"),
        (("vgg16", "--for", "H=9:3", *TARGET), "H: the steps of 9:3 do not lead from 9 to 3"),
        (("vgg16", "--for", "H=3,,4", *TARGET), "H=: a value is missing here"),
        (
            ("vgg16", "--for", "H,W,classes", *TARGET),
            "there are 1,073,741,824 points to try, more than 2,000,000\n  give fewer values: --for H=128:256:32",
        ),
        (
            ("fractalnet", "--for", "columns=1:9000", *TARGET),
            "there are 9,000 structures to try, more than 2,000\n  give fewer values of columns, on which the structure hangs",
        ),
        (("vgg16", "--set", "H=3", "--for", "H", *TARGET), "H is both set and solved for"),
        (("vgg16", "--batch", "N", "--for", "H", *TARGET), "the batch of a question is a number\n  --for batch solves for it"),
        (("vgg16", "--for", "batch=1,many", *TARGET), "batch takes whole numbers from 1"),
        (("vgg16", "--for", "H", "--target", "params"), "'params' is no target\n  write 'mult_adds <= 300M', 'depth >= 50' or 'params = 10M'"),
        (("vgg16", "--for", "H", "--target", "parms = 1"), "there is no quantity 'parms'\n  did you mean 'params'?"),
        (("vgg16", "--for", "H", "--target", "params = 1X"), "params: '1X' is no figure\n  write 138357544, 138M, 0.27M or 528 MiB"),
        (
            ("vgg16", "--for", "H", "--target", "params = at most 3"),
            "params: 'at most 3' is a bound already\n  write <= for 'at most', >= for 'at least'",
        ),
        (("vgg16", "--for", "H", *TARGET, "--where", "H >"), "--where H >: this is no expression: H >"),
        (("vgg16", "--for", "H", *TARGET, "--where", "parms > 1"), "--where parms > 1: there is no 'parms' here\n  did you mean 'params'?"),
        (("vgg16", "--for", "H=224", "--target", "params <= 1G", "--where", "H"), "--where H: 'H' is no condition\n  compare, as in 'params < 5M and mult_adds < 600e6'"),
        (("vgg16", "--for", "H", *TARGET, "--top", "0"), "at least one answer is asked for, not 0"),
    ],
)  # fmt: skip
def test_mistakes(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], message: str) -> None:
    assert said(capsys, *command, code=2) == f"archcalc: {message}\n"


def test_numbers_are_those_of_the_numeric_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula that is wrong is found out before its answer is told."""
    monkeypatch.setattr(study, "scalars", lambda report, of: dict.fromkeys(of, 1))
    with pytest.raises(archcalc.ArchcalcError, match=r"the network \{'params': 1, 'mult_adds': 1\}"):
        archcalc.solve(ROUNDED, {"H": "8:12"}, "params <= 1M")


def test_json_and_csv(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("mobilenet_v1", "--for", "alpha=0.25:1:0.01", "--target", "mult_adds = 300M", "--format")
    answer = json.loads(said(capsys, *command, "json"))
    assert answer["values"] == {"alpha": {"first": "0.25", "last": 1, "count": 76}}
    assert [found["kind"] for found in answer["answers"]] == ["below", "above"]
    assert answer["answers"][0] == {
        "kind": "below",
        "nearest": True,
        "hyperparameters": {"alpha": "0.72"},
        "quantities": {"mult_adds": 299_816_242, "params": 2_410_208},
        "same_network": "0.7197265625 <= alpha < 0.720703125",
        "bounds_kept": None,
    }
    rows = list(csv.DictReader(StringIO(said(capsys, *command, "csv"))))
    assert [(row["kind"], row["alpha"], row["mult_adds"]) for row in rows] == [
        ("below", "0.72", "299816242"),
        ("above", "0.73", "306572464"),
    ]


def test_exit_code_says_whether_there_is_an_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = said(capsys, "vgg16", "--for", "H=32:64:32", "--target", "params <= 10M", code=1)
    assert text.splitlines()[3:5] == ["no value of H does that", "what misses by least:"]
    text = said(capsys, "vgg16", "--for", "H=1:31", "--target", "params <= 10M", code=1)
    assert text.splitlines()[3:5] == ["no value of H does that", "there is no network:"]
    assert "the kernel spans 2, but the input with its padding is only 1" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80
    text = said(capsys, "vgg16", "--for", "H=32:64:32", "--target", "mult_adds <= 100G")
    assert text.splitlines()[-1].startswith("largest: nothing beyond it was tried")


def test_compound_scaling(tmp_path: Path) -> None:
    """EfficientNet, arXiv:1905.11946, section 3.3: 1.2 for depth, 1.1 for width, 1.15 for resolution is allowed."""
    path = tmp_path / "scaled.yaml"
    path.write_text(
        "extends: efficientnet_b0.yaml\n"
        "hyperparameters: {alpha: 1.0, beta: 1.0, gamma: 1.0, depth: alpha, width: beta, H: round(224 * gamma)}\n"
    )
    solution = archcalc.solve(
        path,
        {"alpha": "1.2", "beta": "1:1.2:0.1", "gamma": "1:1.2:0.05"},
        "mult_adds = 1G",
        where="abs(alpha*beta**2*gamma**2 - 2) <= 1/10",
        top=100,
    )
    found = {tuple(map(str, answer.settings.values())) for answer in solution.answers}
    assert ("6/5", "11/10", "23/20") in found
    tenths = [Fraction(i, 10) for i in (10, 11, 12)]
    for alpha, beta, gamma in product(tenths[-1:], tenths, [1 + Fraction(i, 20) for i in range(5)]):
        allowed = abs(alpha * beta**2 * gamma**2 - 2) <= Fraction(1, 10)
        assert ((str(alpha), str(beta), str(gamma)) in found) == allowed
