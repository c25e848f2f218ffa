"""What would lower the memory of a network: the ways to run it, tried one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.backward import ALL, outermost
from archcalc.analysis.memory import Memory

if TYPE_CHECKING:
    from archcalc.analysis.setup import Setup
    from archcalc.graph import Graph
    from archcalc.recorded import Size
    from archcalc.report import Report


class Change(NamedTuple):
    """An option of the command line, and the peaks in bytes with it alone."""

    option: str
    peak_inference_bytes: Size
    training_peak_bytes: Size


def changes(report: Report) -> list[Change]:
    """The changes that lower a peak, those that lower the peak at inference most first."""
    now = report.memory
    found = []
    for option, other in _ways(report.graph, report.setup):
        then = Memory(report.graph, other)
        lower = then.peak_inference_bytes < now.peak_inference_bytes
        if lower or then.training_peak_bytes < now.training_peak_bytes:
            found.append(Change(option, then.peak_inference_bytes, then.training_peak_bytes))
    return sorted(found, key=lambda change: (change.peak_inference_bytes, change.training_peak_bytes))


def _ways(graph: Graph, setup: Setup) -> list[tuple[str, Setup]]:
    ways = [
        ("--schedule best", setup._replace(schedule="best")),
        ("--concat shared", setup._replace(concat="shared")),
        ("--fold-batch-norm", setup._replace(fold_batch_norm=True)),
        ("--attention fused", setup._replace(attention="fused")),
        ("--dropout-mask byte", setup._replace(dropout_mask="byte")),
        ("(without --no-inplace)", setup._replace(inplace=True)),
        ("(without --keep-input)", setup._replace(keep_input=False)),
    ]
    if setup.activations == "float32":
        ways.append(("--precision float16", setup._replace(activations="float16")))
        ways.append(("--precision mixed", setup._replace(activations="float16", master_weights=True)))
    if not setup.checkpoint and outermost(graph):
        ways.append((f"--checkpoint {ALL}", setup._replace(checkpoint=(ALL,))))
    return [(option, other) for option, other in ways if other != setup]
