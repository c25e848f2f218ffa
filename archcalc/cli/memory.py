"""What is alive step by step, what training keeps, which layer sets the peak, and what would lower it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, shown
from archcalc.cli.running import running, setup
from archcalc.cli.write import write
from archcalc.render import memory as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc memory`."""
    network(parser)
    running(parser)
    parser.add_argument("--training", action="store_true", help="draw the backward pass instead of inference")
    parser.add_argument("--levels", type=int, metavar="N", help="draw N levels of named parts (default: what fits)")
    parser.add_argument("--expand", action="store_true", help="draw every step")
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print the memory."""
    report = archcalc.analyze(arguments.spec, setup=setup(arguments), **choices(arguments))
    drawing = renderer.Drawing(arguments.training, arguments.levels, arguments.expand)
    write(renderer.render(report, arguments.format, drawing), arguments.output)
    return 0
