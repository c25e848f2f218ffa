"""How the number of one tool becomes that of another: which operators differ, by which rule, and how much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import building, built, listed
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
    parser.add_argument("--format", choices=renderer.FORMATS, default="table", help="how to show it (default: table)")
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of the screen")


def run(arguments: Namespace) -> int:
    """Print the waterfalls."""
    report = archcalc.analyze(arguments.spec, **built(arguments))
    asked = names() if arguments.tools is None else listed(arguments.tools)
    first, *others = [PAPER, *asked] if len(asked) == 1 else asked if arguments.tools else [PAPER, *asked]
    waterfalls, refused = [], []
    for other in [name for name in dict.fromkeys(others) if arguments.tools or name != PAPER]:
        try:
            waterfalls.append(archcalc.reconcile(report, first, other))
        except UsageError as error:
            if len(others) == 1 or other == first:
                raise
            refused.append(error.message)
    write(renderer.render(report, waterfalls, refused, arguments.format), arguments.output)
    return 0
