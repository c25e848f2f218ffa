"""What goes wrong while a spec is unrolled, with its place in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.errors import ArchcalcError, LimitError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.spec.source import Node


class Failed(ArchcalcError):
    """Something is wrong; branches go on to collect what is wrong with theirs, unless it is `final`."""

    def __init__(self, problems: Iterable[Problem], *, final: bool = False) -> None:
        self.problems = tuple(problems)
        self.final = final
        super().__init__(self.problems[0].message)


def wrong(mark: Node, error: str | ArchcalcError, hint: str | None = None) -> Failed:
    """What is wrong, and where."""
    if isinstance(error, str):
        error = ArchcalcError(error, hint=hint)
    return Failed([mark.problem(error)], final=isinstance(error, LimitError))
