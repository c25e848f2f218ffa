"""The recorded figures of PyTorch, measured anew: pytest -m compare, with torch==2.13.0 installed (CPU)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.compare

OPERATORS = Path(__file__).parents[1] / "ops" / "pytorch_saved.yaml"
NETWORKS = yaml.safe_load(Path(__file__).with_name("pytorch_memory.yaml").read_text("utf-8"))["networks"]
FIGURES = frozenset(
    [
        "saved",
        "saved_integer",
        "saved_in_place",
        "padding_copies",
        "peak",
        "peak_not_in_place",
        "peak_inside",
        "training_peak",
    ]
)


def label(case: dict[str, Any]) -> str:
    return "-".join(str(value) for name, value in case.items() if name not in FIGURES).replace(" ", "")


@pytest.mark.filterwarnings("ignore:TF32")  # of switching oneDNN off, where there is no such device
def test_operators() -> None:
    pytest.importorskip("torch")
    from .record_saved import cases, line

    recorded = OPERATORS.read_text("utf-8").partition("saved:\n")[2].splitlines()
    assert [line(case).rstrip("\n") for case in cases()] == recorded


@pytest.mark.parametrize("case", NETWORKS, ids=label)
def test_network(case: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    from .record_memory import figures, measure

    asked = {name: value for name, value in case.items() if name not in FIGURES}
    assert {**asked, **figures(measure(asked))} == case
