"""The sizes of a network: shapes, parameters, mult-adds, receptive field."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from archcalc.cli.options import analyzed, network
from archcalc.cli.write import write
from archcalc.render import FORMATS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc report`."""
    network(parser)
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to show it (default: table)")
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of the screen")
    parser.add_argument(
        "--levels", type=int, metavar="N", help="show N levels of named parts (default: what fits on a screen)"
    )
    parser.add_argument(
        "--expand", action="store_true", help="put nothing together: every layer, or every part of N levels"
    )
    parser.add_argument(
        "--count",
        metavar="PROFILE",
        help="what another tool prints too: fvcore, ptflops, ..., or a file",
    )


def run(arguments: Namespace) -> int:
    """Print the report."""
    report = analyzed(arguments, count=arguments.count)
    renderer = import_module(f"archcalc.render.{arguments.format}")
    write(renderer.render(report, levels=arguments.levels, expand=arguments.expand), arguments.output)
    return 0
