"""The recorded counts of other tools, asked anew: pytest -m compare, with the tools and torchvision installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.compare, pytest.mark.filterwarnings("ignore")]  # tools use what PyTorch has deprecated

RECORDED = Path(__file__).parents[1] / "counting"
MODELS = yaml.safe_load((RECORDED / "torchvision_counted.yaml").read_text("utf-8"))["models"]
WRITTEN = yaml.safe_load((RECORDED / "handwritten.yaml").read_text("utf-8"))["networks"]


@pytest.fixture(autouse=True)
def original_thop() -> None:
    """Skips where the directory of the original thop is not named: see counters.py."""
    if "ORIGINAL_THOP" not in os.environ:
        pytest.skip("ORIGINAL_THOP is not set")


@pytest.mark.parametrize("row", MODELS, ids=lambda row: f"{row['model']}-{row.get('batch', 1)}")
def test_torchvision(row: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    from .record_counted import counted

    case: dict[str, Any] = {name: row[name] for name in ("model", "size", "batch") if name in row}
    assert counted(case) == row


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row["spec"])
def test_written_by_hand(row: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from .counters import TOOLS
    from .handwritten import NETWORKS

    model, inputs = NETWORKS[row["spec"]](), (torch.rand(1, 3, 224, 224),)
    for tool, operations in row["operations"].items():
        found = TOOLS[tool](model, inputs)
        assert (tool, found.operations, found.params) == (tool, operations, row["params"])


def test_steps() -> None:
    pytest.importorskip("torch")
    from .record_operators import lines

    recorded = (RECORDED / "operators_counted.yaml").read_text("utf-8")
    assert list(lines()) == [f"{line}\n" for line in recorded.splitlines() if line.startswith("- ")]


def test_a_tool_that_fails_leaves_nothing_patched() -> None:
    torch = pytest.importorskip("torch")
    from .counters import PATCHED, TOOLS

    mismatched = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(5, 5))
    before = [dict(vars(owner)) for owner in PATCHED]
    for count in TOOLS.values():
        found = count(mismatched, (torch.zeros(1, 4),))
        assert found.operations is None
        assert found.reason
    for owner, names in zip(PATCHED, before, strict=True):
        assert all(vars(owner)[name] is value for name, value in names.items())
