"""The sizes of a network: shapes, parameters, mult-adds, receptive field."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from archcalc.analysis.setup import Setup
from archcalc.cli.options import analyzed, listed, network
from archcalc.cli.write import write
from archcalc.render import FORMATS
from archcalc.render.columns import BESIDE, TITLES, USUAL, columns, with_counted

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc report`."""
    network(parser)
    add = parser.add_argument
    add("--weights", metavar="TYPE", help="precision of the weights, where it is not that of activations")
    add("--columns", metavar="NAME,...", help=f"the counts to show of each layer: {', '.join((*TITLES, *BESIDE))}")
    add("--format", choices=FORMATS, default="table", help="how to show it (default: table)")
    add("--output", metavar="FILE", help="write to a file instead of the screen")
    add("--levels", type=int, metavar="N", help="show N levels of named parts (default: what fits on a screen)")
    add("--expand", action="store_true", help="put nothing together: every layer, or every part of N levels")
    add("--count", metavar="PROFILE", help="what another tool prints too: fvcore, ptflops, ..., or a file")


def run(arguments: Namespace) -> int:
    """Print the report."""
    report = analyzed(arguments, setup=Setup(weights=arguments.weights), count=arguments.count)
    shown = USUAL if arguments.columns is None else columns(report, listed(arguments.columns))
    if arguments.format != "json":  # which has it under a key of its own
        shown = with_counted(shown, report)
    renderer = import_module(f"archcalc.render.{arguments.format}")
    write(renderer.render(report, levels=arguments.levels, expand=arguments.expand, columns=shown), arguments.output)
    return 0
