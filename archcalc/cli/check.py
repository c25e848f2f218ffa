"""Validate specs and test what they expect: a line per expectation; exit code 1 when one fails, 2 for a wrong spec.

With --free, also for which values of a whole hyperparameter there is a network; a gap above the smallest one fails.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import archcalc
from archcalc.errors import ArchcalcError, printable
from archcalc.render.units import exact
from archcalc.studies.expectations import check

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from archcalc.spec.load import Spec
    from archcalc.studies.expectations import Verdict


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc check`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="paths, or names of specs of the zoo")
    parser.add_argument(
        "--free", metavar="NAME", action="append", default=[], help="try every value of a whole hyperparameter"
    )
    parser.add_argument("--quiet", action="store_true", help="print only what fails")


def run(arguments: Namespace) -> int:
    """Print the verdicts."""
    code = 0
    for name in arguments.files:
        try:
            count = 0
            spec = archcalc.load(name)
            for verdict in check(spec):
                count += 1
                if not verdict.expected:
                    code = max(code, 1)
                if not (verdict.expected and arguments.quiet):
                    print(printable(line(verdict)))
            if count == 0 and not arguments.quiet:
                print(printable(f"ok    {name}: valid, expects nothing"))
            for free in [one for names in arguments.free for one in names.split(",")]:
                code = max(code, _tried(spec, name, free, quiet=arguments.quiet))
        except ArchcalcError as error:
            sys.stdout.flush()
            print(error, file=sys.stderr)
            code = 2
    return code


def _tried(spec: Spec, name: str, free: str, *, quiet: bool) -> int:
    """Say which values of a hyperparameter the network takes; 1 where some larger than the smallest are none."""
    from archcalc.studies.counterexample import MOST, valid_range

    found = valid_range(spec, free)
    where = " and ".join(found.conditions) or f"{free} >= 1"
    if found.first is None:
        print(printable(f"FAIL  {name}: no {free} from 1 to {MOST:,} gives a network"))
        return 1
    if found.error is not None:
        gap = f"{free} = {found.broken_at} is no network, {free} = {found.first} is one"
        print(printable(f"FAIL  {name}: {gap}; valid where {where}"))
        print("\n".join(f"      {line}" for line in str(found.error).splitlines()))
        return 1
    if not quiet:
        tried = "" if found.proved else f", tried to {MOST:,}"
        print(printable(f"ok    {name}: valid where {where}{tried}"))
    return 0


def line(verdict: Verdict) -> str:
    """One verdict on one line."""
    where = f"{verdict.place.file}:{verdict.place.line}"
    what = (
        verdict.quantity
        + (f" of {verdict.at}" if verdict.at else "")
        + (f" with {verdict.settings}" if verdict.settings else "")
    )
    printed = ", ".join(figure.text for figure in verdict.figures)
    computed = ", ".join(map(exact, verdict.values))
    said = (
        f"{printed} = {computed}"
        if verdict.holds and printed.replace(",", "") != computed.replace(",", "")
        else computed
    )
    if not verdict.holds:
        said = f"{printed}, computed {computed}"
    if verdict.differs is not None:
        said += f" (differs: {verdict.differs})" if verdict.expected else ", marked as differing, but it holds"
    return f"{'ok  ' if verdict.expected else 'FAIL'}  {where}: {what} {said}"
