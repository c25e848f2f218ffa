"""Whole networks: what each tool prints of torchvision's own models, and of four that were written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import archcalc
from archcalc.counting.profile import profile

HERE = Path(__file__).parent
RECORDED = yaml.safe_load((HERE / "torchvision_counted.yaml").read_text("utf-8"))["models"]
MODELS = [row for row in RECORDED if "batch" not in row]
BATCHES = [row for row in RECORDED if "batch" in row]
WRITTEN = yaml.safe_load((HERE / "handwritten.yaml").read_text("utf-8"))["networks"]


def printed(row: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The operations and parameters of each tool, as recorded."""
    params, other = row["params"], row.get("other_params", {})
    return {tool: (operations, other.get(tool, params)) for tool, operations in row["operations"].items()}


def counted(spec: str | Path, tools: list[str]) -> dict[str, tuple[Any, Any]]:
    """The same, by the profiles."""
    report = archcalc.analyze(spec)
    return {tool: (c.operations, c.params) for tool in tools for c in [archcalc.count(report, tool)]}


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row["model"])
def test_torchvision(row: dict[str, Any]) -> None:
    assert counted(row["model"], list(row["operations"])) == printed(row)


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row["spec"])
def test_written_by_hand(row: dict[str, Any]) -> None:
    assert counted(HERE / "specs" / f"{row['spec']}.yaml", list(row["operations"])) == printed(row)


def test_all_tools_are_on_record() -> None:
    assert {len(row["operations"]) for row in MODELS} == {12}
    assert len(MODELS) == 55


@pytest.mark.parametrize("row", BATCHES, ids=lambda row: row["model"])
def test_a_batch(row: dict[str, Any]) -> None:
    """Tools multiply by the batch, but for ptflops, which runs one sample, and for what they count once."""
    report = archcalc.analyze(row["model"], batch=row["batch"])
    multiplied = [tool for tool in row["operations"] if profile(tool).batch]
    found = {tool: archcalc.count(report, tool).operations for tool in multiplied}
    assert found == {tool: row["operations"][tool] for tool in multiplied}
