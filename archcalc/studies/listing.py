"""The zoo at a glance: every spec with its totals and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc import zoo
from archcalc.report import report
from archcalc.spec.build import build
from archcalc.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.recorded import Size


class Entry(NamedTuple):
    """One spec of the zoo."""

    name: str
    family: str
    title: str
    params: Size
    mult_adds: Size
    cite: str | None


def listing(words: Iterable[str] = ()) -> list[Entry]:
    """The specs of the zoo whose name or family holds one of the words; all of them without words."""
    wanted = [word.lower() for word in words]
    entries = []
    for name, path in zoo.specs().items():
        if wanted and not any(word in name.lower() or word in path.parent.name.lower() for word in wanted):
            continue
        spec = load(path)
        totals = report(build(spec), name=spec.name).totals
        entries.append(Entry(name, path.parent.name, spec.name, totals.params, totals.mult_adds, spec.cite))
    return entries
