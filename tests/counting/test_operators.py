"""Every shipped profile on every recorded step of PyTorch: the number that the tool prints."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

import archcalc
from archcalc.counting.profile import names

ROWS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("operators_counted.yaml").read_text("utf-8"))
TOOLS = list(ROWS[0]["operations"])
COMPOSED = {"radial_basis", "glimpse", "capsule", "squash"}  # by hand, in more ways than one


def test_every_tool_that_counts_operations_is_recorded() -> None:
    assert {*TOOLS, "keras", "paper"} == set(names())


def test_every_number_is_the_one_that_the_tool_prints() -> None:
    """What is refused: operators composed by hand, attentions of unequal widths, and what the original thop rounds."""
    wrong, refused = [], []
    for row in ROWS:
        report = archcalc.analyze(f"{{input: {row['input']}, layers: [{{{row['step']}}}]}}")
        for tool, operations in row["operations"].items():
            try:
                found = archcalc.count(report, tool)
            except archcalc.UsageError:
                refused.append((tool, report.layers[-1].op))
                continue
            params = row.get("other_params", {}).get(tool, row["params"])
            if (found.operations, found.params) != (operations, params):
                wrong.append((tool, row["step"], row["input"]))
    assert wrong == []
    assert {op for _, op in refused} >= COMPOSED
    assert Counter(pair for pair in refused if pair[1] not in COMPOSED) == {
        ("ptflops-aten", "attention"): 2,
        ("flop_counter", "attention"): 2,
        ("thop", "adaptive_avg_pool"): 4,
    }
