"""Published receptive fields at intermediate end points of networks of the zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import archcalc
from archcalc.studies.expectations import find_path

ROWS = yaml.safe_load((Path(__file__).parent / "receptive_field_endpoints.yaml").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['spec']}-{row['at']}-{row.get('with', {}).get('H', '')}")
def test_end_point(row: dict[str, Any]) -> None:
    report = archcalc.analyze(row["spec"], settings=row.get("with"))
    layers = report.part(find_path(report, row["at"]))
    field = next(layer.receptive_field for layer in reversed(layers) if layer.receptive_field)
    expected = {key: value for key, value in row.items() if key.startswith("receptive_field")}
    assert expected
    for quantity, value in expected.items():
        part = quantity.removeprefix("receptive_field").removeprefix("_") or "size"
        assert getattr(field, part) == (value, value)
