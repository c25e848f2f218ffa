"""What all tests share: hypothesis gives the same examples every time, and tests of hostile input are bounded."""

from __future__ import annotations

import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

MUCH_MEMORY = 300 << 20

settings.register_profile(
    "same",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("same")


class Hangs(BaseException):
    """A test took far too long; nothing that is tested may catch this."""


def _stop(*_: object) -> None:
    raise Hangs


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """In modules that say BOUNDED = seconds, stop what hangs, and refuse memory beyond reason."""
    seconds = getattr(pyfuncitem.module, "BOUNDED", 0)
    if not seconds:
        return (yield)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    much = MUCH_MEMORY * (8 if pyfuncitem.get_closest_marker("thorough") else 1)  # hypothesis keeps its examples
    resource.setrlimit(resource.RLIMIT_AS, (used + much, limits[1]))
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(seconds)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
