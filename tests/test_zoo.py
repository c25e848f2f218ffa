"""The zoo: what its specs expect holds, its figures are those printed and measured elsewhere, and it stays short."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import archcalc
from archcalc import zoo
from archcalc.render.json import as_data
from archcalc.report import Report
from archcalc.studies.expectations import check

SPECS = zoo.specs()
OWN = re.compile(r"^(layers|blocks):", re.MULTILINE)
EACH_SPEC = pytest.mark.parametrize("name", SPECS)
TORCHVISION = yaml.safe_load((Path(__file__).parent / "torchvision_totals.yaml").read_text(encoding="utf-8"))


def data(name: str, **options: Any) -> dict[str, Any]:
    """The JSON of a report."""
    return as_data(archcalc.analyze(name, **options))


def totals(name: str, **options: Any) -> Any:
    return data(name, **options)["totals"]


@EACH_SPEC
def test_what_a_spec_expects_holds(name: str) -> None:
    verdicts = list(check(archcalc.load(name)))
    assert [verdict for verdict in verdicts if not verdict.expected] == []
    exact = {v.quantity for v in verdicts if v.holds and v.figures[0].text.isdigit() and v.at is None}
    assert exact & {"params", "mult_adds"}, "no exact total is expected"


@EACH_SPEC
def test_a_spec_says_where_it_is_from(name: str) -> None:
    spec = archcalc.load(name)
    assert spec.cite, name
    assert len(spec.cite) > 10
    assert spec.name
    assert spec.name != name


def test_a_name_is_one_network() -> None:
    files = sorted(zoo.folder().rglob("*"))
    assert [f for f in files if f.is_file() and f.suffix != ".yaml"] == []
    stems = [f.stem for f in files if f.is_file()]
    assert len(stems) == len(set(stems)) == len(SPECS)


def test_the_first_zoo_is_complete() -> None:
    wanted = (
        "lenet5 alexnet alexnet_2012 vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn vgg11_lrn vgg16_c "
        "vgg16_paper vgg19_paper nin googlenet googlenet_paper inception_v3 resnet18 resnet34 resnet50 resnet101 "
        "resnet152 resnet20_cifar resnet32_cifar resnet44_cifar resnet56_cifar resnet110_cifar resnet1202_cifar "
        "densenet121 densenet161 densenet169 densenet201 densenet264 densenet40_k12 densenet_b100_k12 "
        "densenet_c100_k12 densenet_bc100_k12 mobilenet_v1 mobilenet_v1_full mobilenet_v2 squeezenet1_0 "
        "squeezenet1_1 unet"
    )
    assert set(wanted.split()) - set(SPECS) == set()
    assert any(name.startswith("fractalnet") for name in SPECS)


def lines(path: Path) -> int:
    """Lines that are neither blank nor comment nor expectation."""
    count, expecting = 0, False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1].strip() and line[0] != "#":
            expecting = line.startswith("expect")
        count += not expecting and bool(line.strip()) and not line.lstrip().startswith("#")
    return count


@pytest.mark.parametrize(
    ("family", "limit"),
    [("vgg", 40), ("googlenet", 60), ("densenet", 50), ("mobilenet/mobilenet_v1", 40), ("resnet", 70)],
)
def test_specs_are_as_short_as_their_papers_tables(family: str, limit: int) -> None:
    long = {name: lines(path) for name, path in SPECS.items() if f"/{family}" in path.as_posix()}
    assert long
    assert max(long.values()) <= limit, long


def test_a_further_member_of_a_family_is_a_few_lines() -> None:
    """Unless it brings layers or blocks of its own. The rows of its paper's table are not counted."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in SPECS.items()}
    further = [n for n, text in texts.items() if text.startswith("extends:") and not re.search(OWN, text)]
    assert len(further) >= 100
    assert {n: count for n in further if (count := lines(SPECS[n]) - texts[n].count("\n    - [")) > 12} == {}


@pytest.mark.parametrize(
    ("name", "params", "mult_adds"),
    [
        ("vgg16", 138_357_544, 15_470_264_320),
        ("alexnet", 61_100_840, 714_188_480),
        ("resnet50", 25_557_032, 4_089_184_256),
        ("densenet121", 7_978_856, 2_834_161_664),
        ("mobilenet_v1", 4_231_976, 568_740_352),
        ("googlenet", 6_624_904, 1_498_376_192),
        ("inception_v3", 23_834_568, 5_713_216_096),
    ],
)
def test_headline_totals(name: str, params: int, mult_adds: int) -> None:
    said = data(name)
    assert (said["totals"]["params"], said["totals"]["mult_adds"]) == (params, mult_adds)
    assert said["totals"]["trainable_params"] == params
    assert said["inputs"][0]["shape"] == ([3, 299, 299] if name == "inception_v3" else [3, 224, 224])


def test_lenet5_has_sixty_thousand_parameters() -> None:
    assert totals("lenet5")["params"] == 60_000


@pytest.mark.parametrize(
    ("name", "settings", "size", "stride", "start"),
    [
        ("vgg16", {}, 212, 32, -90),
        ("resnet50", {}, 427, 32, -213),
        ("resnet50", {"v1": "true"}, 483, 32, -239),
        ("inception_v3", {}, 1311, 32, -618),
        ("densenet121", {}, 2071, 32, -1021),
        ("mobilenet_v1", {"H": 224}, 315, 32, -126),
    ],
)
def test_headline_receptive_fields(name: str, settings: dict[str, Any], size: int, stride: int, start: int) -> None:
    field = totals(name, settings=settings)["receptive_field"]
    assert (field["size"], field["stride"], field["start"]) == ([size] * 2, [stride] * 2, [start] * 2)
    assert (field["period"], field["aligned"]) == (1, True)


def test_vgg16_after_its_last_pool() -> None:
    (row,) = [row for row in data("vgg16")["layers"] if row["path"] == "conv5/max_pool"]
    field = row["receptive_field"]
    assert (field["size"], field["stride"], field["start"]) == ([212, 212], [32, 32], [-90, -90])


# google-research/receptive_field, pre-computed tables: size, stride and padding of end points at 224.
END_POINTS = {
    "alexnet_v2": [(11, 4, 0), (19, 8, 0), (51, 8, 16), (99, 16, 32), (131, 16, 48), (163, 16, 64), (195, 32, 64)],
    "vgg11": [(3, 1, 1), (4, 2, 1), (10, 4, 3), (30, 8, 11), (70, 16, 27), (150, 32, 59)],
    "vgg16": [(3, 1, 1), (6, 2, 2), (10, 2, 4), (212, 32, 90)],
    "resnet_v1_50": [(483, 32, 239)],
    "mobilenet_v1": [(3, 2, 0), (7, 2, 2), (11, 4, 2), (155, 16, 62), (251, 32, 94), (315, 32, 126)],
}


@pytest.mark.parametrize("name", END_POINTS)
def test_receptive_fields_on_the_way(name: str) -> None:
    fields = [row["receptive_field"] for row in data(name)["layers"]]
    found = {(f["size"][0], f["stride"][0], -f["start"][0]) for f in fields if f}
    assert set(END_POINTS[name]) - found == set()


@pytest.mark.parametrize("row", TORCHVISION, ids=lambda row: f"{row['model']}{'-training' * ('training' in row)}")
def test_torchvision_counts_the_same(row: dict[str, Any]) -> None:
    said = data(row["model"], training=row.get("training", False))
    assert said["inputs"][0]["shape"] == [3, row["size"], row["size"]]
    for quantity in ("params", "buffers", "mult_adds", "depth"):
        if quantity in row:
            assert said["totals"][quantity] == row[quantity], quantity
    assert said["outputs"][0]["shape"] == [1000]


def test_every_row_of_torchvision_is_compared() -> None:
    assert len(TORCHVISION) == 57
    assert {row["model"] for row in TORCHVISION} <= set(SPECS)


# Where a name leads


def test_a_name_of_the_zoo_with_or_without_yaml() -> None:
    assert zoo.find("vgg16") == zoo.find("vgg16.yaml") == SPECS["vgg16"]


def test_a_path_that_exists_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "vgg16.yaml"
    mine.write_text("input: [3, 8, 8]\nlayers: [relu]\n", encoding="utf-8")
    assert zoo.find("vgg16.yaml").resolve() == mine
    assert zoo.find("vgg16") == SPECS["vgg16"]
    assert isinstance(archcalc.analyze("vgg16.yaml"), Report)
    assert archcalc.analyze("vgg16.yaml").totals.params == 0
    assert archcalc.analyze("vgg16").totals.params == 138_357_544
    (tmp_path / "vgg19").mkdir()
    assert zoo.find("vgg19") == SPECS["vgg19"], "a folder is no spec"


@pytest.mark.parametrize("name", ["vgg/vgg16", "vgg/vgg16.yaml", "./vgg16", "specs/vgg16.yaml", "/vgg16.yaml"])
def test_a_slash_never_means_the_zoo(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(archcalc.NotFoundError) as caught:
        zoo.find(name)
    assert caught.value.message == f"there is no file {name}"


def test_a_miss_names_both_places_and_the_nearest_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("vgg61", "vgg61.yaml", "VGG16"):
        with pytest.raises(archcalc.NotFoundError, match=f"there is no file {name} here, and no spec .* in the zoo"):
            zoo.find(name)
    with pytest.raises(archcalc.NotFoundError) as caught:
        zoo.find("resnet5")
    assert caught.value.hint == "did you mean 'resnet50'?"
    with pytest.raises(archcalc.NotFoundError) as caught:
        zoo.find("qqqqqqqq")
    assert caught.value.hint == "'archcalc zoo' lists the specs"
