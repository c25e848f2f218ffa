"""The chunks of a sweep worked out on a Dask cluster, an existing one or one of this machine; the extra archcalc[dask].

The cluster schedules, and repeats what a lost worker had; here chunks are asked for, a few ahead, and taken in order.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from logging import CRITICAL
from typing import TYPE_CHECKING, Any

from archcalc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcalc.studies.structures import Part
    from archcalc.studies.sweep import Sweep

AHEAD = 4
"""How many chunks each thread of the cluster is asked for at once."""


@contextmanager
def parts(sweep: Sweep, scheduler: str | None = None) -> Iterator[Iterator[Part]]:
    """The chunks in order, from the cluster at this address or from one of this machine's processes.

    Raises UsageError where Dask is missing or the address does not answer.
    """
    dask = _distributed()
    if scheduler is None:
        options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": CRITICAL}
        with dask.LocalCluster(**options) as cluster, dask.Client(cluster) as client:
            yield _parts(sweep, client)
        return
    try:
        client = dask.Client(scheduler)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        yield _parts(sweep, client)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError("the engine needs Dask", hint="pip install 'archcalc[dask]'") from None
    return distributed


def _parts(sweep: Sweep, client: Any) -> Iterator[Part]:
    yield sweep.part(0)  # what is compiled for it goes along to the workers
    if sweep.grid.chunks == 1:
        return
    shared = client.submit(_itself, sweep, pure=False)  # a task, not data: it is made again where it is lost
    numbers = iter(range(1, sweep.grid.chunks))
    waiting: deque[Any] = deque()
    ahead = AHEAD * max(1, sum(client.nthreads().values()))
    while True:
        while len(waiting) < ahead and (number := next(numbers, None)) is not None:
            waiting.append(client.submit(_part, shared, number, pure=False))
        if not waiting:
            return
        try:
            part: Part = waiting.popleft().result()
        except Exception as error:  # clusters fail in ways of their own
            raise UsageError(f"the Dask cluster gave up: {error}") from None
        yield part


def _itself(sweep: Sweep) -> Sweep:
    return sweep


def _part(sweep: Sweep, number: int) -> Part:
    return sweep.part(number)
