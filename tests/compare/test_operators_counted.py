"""The recorded counts of single steps, measured anew: pytest -m compare, with the tools installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.compare

RECORDED = Path(__file__).parents[1] / "counting" / "operators_counted.yaml"


@pytest.mark.filterwarnings("ignore")  # tools use what PyTorch has deprecated
def test_operators_counted() -> None:
    pytest.importorskip("torch")
    from .record_operators import lines

    assert list(lines()) == [f"{line}\n" for line in RECORDED.read_text("utf-8").splitlines() if line.startswith("- ")]
