"""The documents say what is so: examples run, generated pages are equal, tables name everything there is.

With UPDATE=1 in the environment, outputs and generated pages are written anew instead.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from documents import DOCUMENTS, PAGES, ROOT, blocks, replay

import archcalc
from archcalc.analysis.arithmetic import ARITHMETIC
from archcalc.counting.profile import names as profiles
from archcalc.precision import PRECISIONS
from archcalc.recorded import product
from archcalc.render import claim, fit, memory, reconcile, transfer
from archcalc.render.deploy import as_data as deployment_data
from archcalc.render.finetune import as_data as finetuning_data
from archcalc.render.json import as_data
from archcalc.shape import space
from archcalc.spec.figure import QUANTITIES, UNITS
from archcalc.spec.functions import FUNCTIONS
from archcalc.spec.language import KEYS, MERGES, MODIFIERS
from archcalc.studies.quantities import MEMORY

if TYPE_CHECKING:
    from pathlib import Path

    from archcalc.report import Layer

UPDATE = bool(os.environ.get("UPDATE"))
ANEW = "UPDATE=1 pytest tests/test_docs.py writes it anew"
CONVENTIONS = (ROOT / "docs" / "conventions.md").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_examples(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Specs pass their checks, and every example prints what stands below it, in a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    text = document.read_text("utf-8")
    now = replay(text)
    if UPDATE:
        document.write_text(now, "utf-8")
    else:
        assert now == text, ANEW


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages(name: str) -> None:
    """The pages made from the operators, the zoo and the audit of the tables say what those say now."""
    path = ROOT / "docs" / name
    now = PAGES[name]()
    if UPDATE:
        path.write_text(now, "utf-8")
    assert path.read_text("utf-8") == now, ANEW


def test_setup_commands() -> None:
    """README.md has two commands for a fresh clone, each one line: .ci/run takes them from there."""
    commands = [block.text for block in blocks((ROOT / "README.md").read_text("utf-8")) if block.language == "sh"]
    assert len(commands) == 2
    assert all(command.count("\n") == 1 for command in commands)
    assert "archcalc report vgg16" in commands[0]
    assert "pytest" in commands[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document: Path) -> None:
    """Links inside the project lead somewhere, to a heading too."""
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text("utf-8")):
        if not target.startswith("https://"):
            name, _, heading = target.partition("#")
            path = document.parent / name if name else document
            assert path.exists(), target
            assert not heading or heading in _anchors(path.read_text("utf-8")), target


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_house_is_complete() -> None:
    """docs/architecture.md draws every file of the package, and none that is not there."""
    drawing = next(
        b.text for b in blocks((ROOT / "docs" / "architecture.md").read_text("utf-8")) if b.language == "text"
    )
    drawn, room = set(), ""
    for line in drawing.splitlines():
        folder = re.match(r"( *)(\w+)/", line)
        if folder:
            room = f"archcalc/{folder[2]}" if folder[1] else folder[2]
        drawn |= {f"{room}/{name}" for name in re.findall(r"\b(\w+\.py)\b", line)}
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "archcalc").rglob("*.py")}
    assert drawn == there


def test_language_is_complete() -> None:
    """docs/spec.md names every key, modifier, merge, function, quantity and unit."""
    words = set(re.findall(r"[\w]+", (ROOT / "docs" / "spec.md").read_text("utf-8")))
    assert words >= {*KEYS, *MODIFIERS, *MERGES, *FUNCTIONS, *QUANTITIES, *UNITS} - {""}


def test_json_keys() -> None:
    """docs/json.md lists exactly the keys that a report has."""
    data = as_data(archcalc.analyze("vgg16", count="paper"))
    field = data["layers"][0]["receptive_field"]
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    assert _listed(text, "The object") == set(data)
    assert _listed(text, "`totals`") == set(data["totals"])
    assert _listed(text, "`counted`") == set(data["counted"])
    assert _listed(text, "A layer") == set(data["layers"][0])
    assert _listed(text, "`receptive_field`") == {*field, "of"} == set(data["totals"]["receptive_field"])
    json.dumps(data)


def test_json_keys_on_request() -> None:
    """docs/json.md lists the keys that can be asked for, and docs/conventions.md what they mean."""
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    assert _listed(text, "Keys on request") == set(ARITHMETIC)
    assert _listed(CONVENTIONS, "Arithmetic") == set(ARITHMETIC)


def test_json_keys_of_a_transfer() -> None:
    """docs/json.md lists exactly the keys that a transfer has."""
    answer = archcalc.transfer("vgg16", archcalc.graph("vgg16", settings={"classes": 10}))
    data = transfer.as_data(answer, ("VGG-16", "VGG-16"))
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    assert _listed(text, "The object of a transfer") == set(data)
    assert _listed(text, "A network of a transfer") == set(data["to"])
    assert _listed(text, "A layer that is loaded") == set(data["loaded"][0])
    assert _listed(text, "`stop`") == set(data["stop"])


def test_json_keys_of_a_memory() -> None:
    """docs/json.md lists exactly the keys that memory has, and docs/conventions.md its quantities."""
    data = memory.as_data(archcalc.analyze("vgg16"), archcalc.memory("vgg16"))
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    assert _listed(text, "The object of a memory") == set(data)
    assert _listed(text, "A step") == set(data["steps"][0])
    assert _listed(CONVENTIONS, "Memory") == set(MEMORY)


def test_json_keys_of_finetuning() -> None:
    """docs/json.md lists exactly the keys that finetuning has."""
    data = finetuning_data(archcalc.finetune("vgg16"))
    text = (ROOT / "docs" / "json.md").read_text("utf-8")
    assert _listed(text, "The object of finetuning") == set(data)
    assert _listed(text, "A cut") == set(data["whole"])
    assert set(data["whole"]["ratios"]) < set(data["whole"])


def test_json_keys_of_a_fit() -> None:
    """docs/json.md lists exactly the keys that a fit has."""
    data = fit.as_data(archcalc.fit("vgg16", "1GiB"))
    section = (ROOT / "docs" / "json.md").read_text("utf-8").split("# The JSON of `archcalc fit`", 1)[1]
    assert _listed(section, "The object of a fit") == set(data)
    assert _listed(section, "A row of a fit") == set(data["rows"][0])
    assert set(data["rows"][0]["closed_form"]) <= set(re.findall(r"`(\w+)`", section))


def test_json_keys_of_a_claim() -> None:
    """docs/json.md lists exactly the keys that a claim has."""
    data = claim.as_data(archcalc.claim("vgg16", params="138M"))
    section = (ROOT / "docs" / "json.md").read_text("utf-8").split("# The JSON of `archcalc claim`", 1)[1]
    assert _listed(section, "The object of a claim") == set(data)
    assert _listed(section, "A reading") == set(data["fits"][0])
    assert set(data["fits"][0]["params"]) <= set(re.findall(r"`(\w+)`", section))


def test_json_keys_of_a_deployment() -> None:
    """docs/json.md names every key that a deployment has beside those of a report."""
    deployment = deployment_data(archcalc.deploy("vgg16", flops_per_second="2T", bandwidth="50GB"))
    section = (ROOT / "docs" / "json.md").read_text("utf-8").split("# The JSON of `archcalc deploy`", 1)[1]
    nested = (deployment["machine"], deployment["whole_network"], deployment["on_disk"][0], deployment["layers"][0])
    assert {*deployment, *(key for keys in nested for key in keys)} <= set(re.findall(r"`(\w+)`", section))


def test_json_keys_of_a_waterfall() -> None:
    """docs/json.md names every key that a waterfall has beside those of a report."""
    report = archcalc.analyze("vgg16")
    data = reconcile.as_data(report, [archcalc.reconcile(report, "paper", "fvcore")], [])
    (waterfall,) = data["waterfalls"]
    section = (ROOT / "docs" / "json.md").read_text("utf-8").split("# The JSON of `archcalc reconcile`", 1)[1]
    nested = (waterfall, waterfall["from"], waterfall["operations"][0])
    assert {"waterfalls", "refused", *(key for keys in nested for key in keys)} <= set(re.findall(r"`(\w+)`", section))


def test_quantities_are_explained() -> None:
    """docs/conventions.md says of every total what it means, and names every precision."""
    totals = as_data(archcalc.analyze("vgg16"))["totals"]
    assert _listed(CONVENTIONS, "The quantities") == set(totals)
    assert all(f"`{name}`" in CONVENTIONS for name in PRECISIONS)


def _listed(text: str, heading: str) -> set[str]:
    """The names in the first column of the table below a heading."""
    return {name for row in _rows(text, heading) for name in re.findall(r"`(\w+)`", row[0])}


def _rows(text: str, heading: str) -> list[list[str]]:
    section = re.split(r"\n#+ ", text.split(f"## {heading}\n", 1)[1], maxsplit=1)[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if "`" in line[:3]]


FLOPS = {
    name: formula.strip("`")
    for operators, formula, *_ in _rows(CONVENTIONS, "Flops, operator by operator")
    for name in re.findall(r"`(\w+)`", operators)
}


@pytest.mark.parametrize("name", archcalc.OPS)
def test_flops_table(name: str) -> None:
    """The formula of docs/conventions.md gives the flops of the operator's example."""
    cls = archcalc.OPS[name]
    spec = f"input: {cls.example_input}\nlayers:\n- {cls.example}\n"
    row, operator = archcalc.analyze(spec).layers[-1], archcalc.graph(spec).nodes[-1].op
    assert operator is not None
    assert eval(FLOPS[name], dict(operator.arguments), _letters(name, row)) == row.flops


def _letters(name: str, row: Layer) -> dict[str, Any]:
    shape = row.input_shapes[0]
    positions = product(space(shape))
    groups = {
        "layer_norm": positions,
        "l2_norm": positions,
        "squash": positions,
        "group_norm": 2,
        "instance_norm": shape[0],
    }
    pairs = {"attention": 2 * positions**2, "capsule": 10 * positions, "glimpse": product(shape)}
    return {
        "E": product(row.output_shape),
        "I": product(shape),
        "M": row.mult_adds,
        "S": product(shape),  # the windows of the examples do not overlap
        "k": 4,
        "n": len(row.input_shapes),
        "g": groups.get(name),
        "p": pairs.get(name),
    }


def test_table_of_tools() -> None:
    """docs/counting.md has every profile, and what it gives for our ResNet-50."""
    report = archcalc.analyze("resnet50")
    text = (ROOT / "docs" / "counting.md").read_text("utf-8")
    table = text.partition("| profile |")[2].partition("\n\n")[0]
    rows = [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert {name for name, *_ in rows} == set(profiles())
    for name, tool, quantity, _, operations, params in rows:
        found = archcalc.count(report, name)
        assert (tool, quantity) == (found.profile.title, found.profile.quantity or "")
        assert operations == ("" if found.operations is None else f"{found.operations:,}")
        assert params == f"{found.params:,}"
