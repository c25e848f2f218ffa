"""What training costs on average where branches are dropped at random: stochastic depth, drop-path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, shown
from archcalc.cli.running import running, setup
from archcalc.cli.write import write
from archcalc.render import expected as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc expected`."""
    network(parser)
    running(parser)
    parser.add_argument("--expand", action="store_true", help="each branch, not parts of the network")
    shown(parser, renderer.FORMATS, usual="text")


def run(arguments: Namespace) -> int:
    """Print the averages."""
    found = archcalc.expected(arguments.spec, setup=setup(arguments), **choices(arguments))
    write(renderer.render(found, arguments.format, expand=arguments.expand), arguments.output)
    return 0
