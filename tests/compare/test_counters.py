"""The recorded counts of other tools, asked anew: pytest -m compare, with the tools and torchvision installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.compare, pytest.mark.filterwarnings("ignore")]  # tools use what PyTorch has deprecated

RECORDED = Path(__file__).parents[1] / "counting"
MODELS = yaml.safe_load((RECORDED / "torchvision_counted.yaml").read_text("utf-8"))["models"]
WRITTEN = yaml.safe_load((RECORDED / "handwritten.yaml").read_text("utf-8"))["networks"]


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
