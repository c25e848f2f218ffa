"""How the number of one tool becomes that of another: which operators differ, by which rule, and how much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import building, built, listed, shown
from archcalc.cli.write import write
from archcalc.counting.profile import PAPER, names
from archcalc.errors import UsageError
from archcalc.render import reconcile as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc reconcile`."""
    parser.add_argument("spec", help="a path, or the name of a spec of the zoo")
    building(parser)
    parser.add_argument(
        "--tools",
        metavar="A,B,...",
        help=f"from the first to each other; of one, from {PAPER} to it (default: from {PAPER} to all): "
        f"{', '.join(names())}, or files",
    )
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print the waterfalls."""
    report = archcalc.analyze(arguments.spec, **built(arguments))
    first, *others = _asked(arguments.tools)
    waterfalls, refused = [], []
    for other in others:
        try:
            waterfalls.append(archcalc.reconcile(report, first, other))
        except UsageError as error:
            if len(others) == 1 or other == first:
                raise
            refused.append(error.message)
    write(renderer.render(report, waterfalls, refused, arguments.format), arguments.output)
    return 0


def _asked(tools: str | None) -> list[str]:
    """Where to start, and each other tool once."""
    if tools is None:
        return list(dict.fromkeys([PAPER, *names()]))
    first, *others = listed(tools) or [PAPER]
    return [first, *dict.fromkeys(others)] if others else [PAPER, first]
