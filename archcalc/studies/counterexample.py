"""For which values of one whole hyperparameter a spec is a network, and the first value for which it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import SpecError, UsageError
from archcalc.ops import OPS
from archcalc.report import report
from archcalc.spec.build import build
from archcalc.spec.given import with_settings
from archcalc.studies.compile import compiled
from archcalc.symbolic.conditions import condition_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcalc.ops.op import Op
    from archcalc.spec.load import Spec

MOST = 4_096  # values that are tried


class Range(NamedTuple):
    """The smallest value for which there is a network, the conditions, and the first larger one with none, and why."""

    name: str
    first: int | None
    conditions: tuple[str, ...]
    broken_at: int | None
    error: SpecError | None

    @property
    def proved(self) -> bool:
        """Whether the conditions say that every value from the first on is good."""
        return self.broken_at is None and self.conditions in ((), (f"{self.name} >= {self.first}",))


def valid_range(spec: Spec, name: str, ops: Mapping[str, type[Op]] = OPS) -> Range:
    """What values of a whole hyperparameter the network takes, the others as they are.

    The candidates come from the conditions of the free network, the numeric engine decides.
    Raises UsageError for a name that stands for fractions, SpecError where it cannot be left free.
    """
    if name not in spec.hyperparameters:
        raise UsageError(f"{spec.name} has no hyperparameter '{name}' to leave free")
    graph = build(spec, ops=ops, free=[name])
    free = report(graph, name=spec.name, hyperparameters=graph.hyperparameters)
    made = compiled(free, ())
    if not all(whole for _, whole in made.names):
        raise UsageError(f"'{name}' stands for fractions, and has no next value")
    conditions = tuple(condition_texts([c[:3] for c in free.conditions]))
    good = made.valid(**{name: list(range(1, MOST + 1))}).tolist()
    first = next((value for value in range(1, MOST + 1) if good[value - 1]), None)
    for value in range(first or MOST, MOST + 1):
        error = None if good[value - 1] else _refusal(spec, name, value, ops)
        if error is not None:
            return Range(name, first, conditions, value, error)
    return Range(name, first, conditions, None, None)


def _refusal(spec: Spec, name: str, value: int, ops: Mapping[str, type[Op]]) -> SpecError | None:
    try:
        build(with_settings(spec, {name: value}), ops=ops)
    except SpecError as error:
        return error
    return None
