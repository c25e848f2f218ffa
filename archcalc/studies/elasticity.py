"""Which hyperparameter buys most: by how many percent each part of a network grows when one grows by one percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.recorded import Recorded, known, total
from archcalc.report import COUNTS
from archcalc.symbolic.elasticity import elasticity
from archcalc.symbolic.form import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from archcalc.recorded import Number, Size
    from archcalc.report import Report


class Sensitivity(NamedTuple):
    """d log quantity / d log name of a top-level part, or of the whole network where `path` is empty."""

    path: str
    quantity: str
    name: str
    value: Fraction | None  # None where the part has none of the quantity


class Sensitivities(NamedTuple):
    """All of them, and the point they are taken at."""

    network: str
    point: Mapping[str, Number]
    rows: tuple[Sensitivity, ...]


def sensitivities(free: Report, usual: Report, of: Iterable[str]) -> Sensitivities:
    """Those of a report with free names, at the values that a report without them has."""
    point = {name: _value(usual, name) for name, v in free.hyperparameters.items() if _is_free_name(name, v)}
    quantities = [quantity for quantity in of if quantity in COUNTS]
    stages: dict[str, list[int]] = {}
    for index, layer in enumerate(free.layers):
        stages.setdefault(layer.path.split("/", 1)[0], []).append(index)
    sums: dict[tuple[str, str], Size] = {
        (path, quantity): total([getattr(free.layers[i], quantity) for i in indices])
        for quantity in quantities
        for path, indices in stages.items()
    }
    sums |= {("", quantity): getattr(free.totals, quantity) for quantity in quantities}
    rows = [
        Sensitivity(path, quantity, name, elasticity(normal(value), name, point))
        for (path, quantity), value in sums.items()
        for name in point
    ]
    return Sensitivities(free.name, point, tuple(rows))


def _is_free_name(name: str, value: object) -> bool:
    return isinstance(value, Recorded) and value.value is None and value.operator == "name" and value.name == name


def _value(usual: Report, name: str) -> Number:
    value: Number = known(usual.hyperparameters[name])  # type: ignore[arg-type]
    return value
