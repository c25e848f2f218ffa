"""What `archcalc explain` answers: one layer worked out, or a total as its sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis import explain
from archcalc.recorded import Quantity, total
from archcalc.studies.expectations import find_path

if TYPE_CHECKING:
    from archcalc.analysis.explain import Addend, Working
    from archcalc.graph import Graph
    from archcalc.report import Report

TOTALS = ("params", "trainable_params", "buffers", "mult_adds", "flops", "activations")
PATHS = ("depth", "shortest_path")


class Sum(NamedTuple):
    """A total, and the parts that add up to it."""

    quantity: str
    of: str
    addends: tuple[Addend, ...]
    result: Quantity


def explained(graph: Graph, report: Report, what: str | None, *, expand: bool = False) -> list[Working | Sum]:
    """The working of the layer at a path, the sum behind a total, or of the whole network when `what` is None.

    Sums are of the parts one level below, of every layer with `expand`. Raises ArchcalcError for an unknown path.
    """
    training = report.mode == "training"
    if what is None:
        return [_sum(graph, report, quantity, "", expand=expand) for quantity in ("params", "mult_adds")]
    if what in TOTALS:
        return [_sum(graph, report, what, "", expand=expand)]
    if what in PATHS:
        steps = explain.path_of(graph, what)
        return [Sum(what, report.name, steps, total([step.value for step in steps]))]  # type: ignore[misc]
    path = find_path(report, what, (*TOTALS, *PATHS))
    nodes = [node for node in graph.nodes if node.op is not None and node.path == path]
    if nodes and all(row.path == path for row in report.part(path)):
        return [explain.layer(graph, nodes[0], training=training)]
    sums: list[Working | Sum] = [
        _sum(graph, report, quantity, path, expand=expand) for quantity in ("params", "mult_adds")
    ]
    return [explain.layer(graph, nodes[0], training=training), *sums] if nodes else sums


def _sum(graph: Graph, report: Report, quantity: str, path: str, *, expand: bool) -> Sum:
    """The terms inside a path, added up by the parts one level below it."""
    inside = f"{path}/" if path else ""
    terms = [t for t in explain.total(graph, quantity, training=report.mode == "training") if t.path.startswith(inside)]
    result = total([term.value for term in terms])  # type: ignore[misc]
    if not expand:
        groups: dict[str, list[Quantity]] = {}
        for term in terms:
            groups.setdefault(inside + term.path.removeprefix(inside).split("/")[0], []).append(term.value)
        terms = [explain.Addend(name, total(values)) for name, values in groups.items()]  # type: ignore[arg-type]
    return Sum(quantity, path or report.name, tuple(terms), result)
