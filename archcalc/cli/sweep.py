"""One network at many values of its hyperparameters: a row each, exact; with conditions, fronts and orders."""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import archcalc
from archcalc.cli.options import choices, listed, network, settings
from archcalc.cli.write import opened, write
from archcalc.errors import UsageError, printable
from archcalc.render import sweep as renderer
from archcalc.studies.grid import CHUNK

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator

    from archcalc.studies.structures import Part
    from archcalc.studies.sweep import Sweep

PATIENCE = 1
"""Seconds after which a progress bar appears."""


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc sweep`."""
    network(parser, free=False)
    add = parser.add_argument
    add(
        "--over",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="values of a hyperparameter (or of batch): 128,160,192 or 0.25:1:0.25 (the stop included), also words and "
        "lists; all combinations are rows, the last --over fastest",
    )
    add("--of", metavar="NAMES", default="params,mult_adds,activations", help="quantities (default: %(default)s)")
    add("--where", metavar="CONDITION", help="keep rows for which it holds: 'params < 5M and mult_adds < 600e6'")
    add(
        "--pareto",
        metavar="NAMES",
        default="",
        help="keep rows that no other is better than: small is better, large in max:NAME; of equal rows the first",
    )
    add("--sort", metavar="NAMES", default="", help="smallest first, or largest in max:NAME; up to a million rows")
    add("--top", metavar="N", type=int, help="keep the first N by --sort, of any number of rows")
    add("--sample", metavar="N", type=int, help="N random rows of the grid, drawn with replacement")
    add("--seed", metavar="N", type=int, default=0, help="equal seeds draw equal samples (default: 0)")
    add("--format", choices=renderer.FORMATS, default="table", help="how to write it (default: table, of 1,000 rows)")
    add("--engine", choices=("local", "dask"), default="local", help="where it is worked out (default: local)")
    add("--scheduler", metavar="ADDRESS", help="of a Dask cluster; without it, dask starts processes of this machine")
    add("--output", metavar="FILE", help="write to a file instead of the screen")


def run(arguments: Namespace) -> int:
    """Write the rows; on stderr, what is no network and why. The exit code is 1 where nothing is one."""
    if arguments.format == "parquet" and arguments.output is None:
        raise UsageError("Parquet is written to a file", hint="--output FILE")
    if arguments.scheduler is not None and arguments.engine != "dask":
        raise UsageError("a scheduler is one of Dask", hint="--engine dask")
    options = {name: value for name, value in choices(arguments).items() if name != "free"}
    sweep = archcalc.sweep(
        arguments.spec,
        over=settings(arguments.over, "--over"),
        of=listed(arguments.of),
        where=arguments.where,
        pareto=listed(arguments.pareto),
        sort=listed(arguments.sort),
        top=arguments.top,
        sample=arguments.sample,
        seed=arguments.seed,
        **options,
    )
    try:
        with _engine(sweep, arguments) as parts, _interruptible() as stoppable, _progress(sweep) as watched:
            _write(sweep, watched(stoppable(parts)), arguments.format, arguments.output)
    finally:
        said = renderer.refusals(sweep)
        if said:
            sys.stdout.flush()
            print("\n".join(map(printable, said.splitlines())), file=sys.stderr)
    return 1 if sum(refusal.configurations for refusal in sweep.refused.values()) == sweep.grid.size else 0


def _engine(sweep: Sweep, arguments: Namespace) -> AbstractContextManager[Iterable[Part]]:
    if arguments.engine == "local":
        return nullcontext(map(sweep.part, range(sweep.grid.chunks)))
    from archcalc.studies import cluster

    return cluster.parts(sweep, arguments.scheduler)


def _write(sweep: Sweep, parts: Iterable[Part], form: str, output: str | None) -> None:
    rows = sweep.rows(parts)
    if form == "table":
        write(renderer.as_table(sweep, rows), output)
    elif form == "parquet":
        from archcalc.render import parquet

        parquet.write(sweep, rows, str(output))
    else:
        with opened(output) as put:
            for piece in renderer.as_csv(sweep, rows) if form == "csv" else renderer.as_json(sweep, rows):
                put(piece)


@contextmanager
def _interruptible() -> Iterator[Callable[[Iterable[Part]], Iterator[Part]]]:
    """Ctrl-C is heard while the next part is worked out, and never while one is written."""
    heard: list[int] = []
    working: list[bool] = [False]

    def hear(number: int, frame: object) -> None:
        heard.append(number)
        if working[0]:
            raise KeyboardInterrupt

    def stoppable(parts: Iterable[Part]) -> Iterator[Part]:
        waiting = iter(parts)
        while True:
            if heard:
                raise KeyboardInterrupt
            working[0] = True
            try:
                part = next(waiting, None)
            finally:
                working[0] = False
            if part is None:
                return
            yield part

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield stoppable
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


@contextmanager
def _progress(sweep: Sweep) -> Iterator[Callable[[Iterable[Part]], Iterator[Part]]]:
    """Shows how far the parts are, on a terminal, once that takes long."""
    bar = _Bar(sweep.grid.size)

    def watched(parts: Iterable[Part]) -> Iterator[Part]:
        for number, part in enumerate(parts, 1):
            bar.reach(number * CHUNK)
            yield part

    if sys.stderr.isatty():
        sweep.structures.watch = lambda rows: bar.reach(bar.reached + rows)
    else:
        bar.due = inf
    try:
        yield watched
    finally:
        bar.close()


class _Bar:
    """A progress bar that appears after a while."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.due = monotonic() + PATIENCE
        self.reached = 0
        self.shown: Any = None

    def reach(self, rows: int) -> None:
        """So many rows are worked out."""
        self.reached = rows
        if self.shown is None and monotonic() > self.due:
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, Progress

            columns = (*Progress.get_default_columns(), MofNCompleteColumn())
            self.shown = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.shown.add_task("configurations", total=self.size)
            self.shown.start()
        if self.shown is not None:
            self.shown.update(self.task, completed=min(rows, self.size))

    def close(self) -> None:
        """Nothing of it is left."""
        if self.shown is not None:
            self.shown.stop()
