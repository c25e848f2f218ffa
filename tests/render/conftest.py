"""Reports that many tests of the renderers read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import archcalc

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _analyzed(name: str, choices: tuple[tuple[str, Any], ...]) -> archcalc.Report:
    return archcalc.analyze(name, **dict(choices))


@pytest.fixture(scope="session")
def report_of() -> Callable[..., archcalc.Report]:
    """The report on a spec of the zoo, worked out once."""
    return lambda name, **choices: _analyzed(name, tuple(choices.items()))
