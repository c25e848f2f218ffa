"""Which convention, resolution and variant of a network give the figures that a paper or a tool states.

Listed are the readings that depart least from the spec as it is, counted as usual. The exit code is 1 if none fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import building, built, shown
from archcalc.cli.write import write
from archcalc.render import claim as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc claim`."""
    parser.add_argument("specs", nargs="+", metavar="spec", help="a path, or the name of a spec of the zoo")
    building(parser, free=False)
    parser.add_argument("--params", metavar="FIGURE", help="the parameters as printed: 25.5M, or 25557032")
    parser.add_argument(
        "--flops", metavar="FIGURE", help="the operations as printed, a multiply-accumulate as one or as two: 3.8G"
    )
    parser.add_argument("--mult-adds", metavar="FIGURE", help="the same where a multiply-accumulate is certainly one")
    parser.add_argument("--all", action="store_true", help="also what departs further than a reading that fits")
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print the readings."""
    chosen = built(arguments)
    del chosen["free"]
    found = archcalc.claim(
        *arguments.specs,
        params=arguments.params,
        flops=arguments.flops,
        mult_adds=arguments.mult_adds,
        **chosen,
    )
    write(renderer.render(found, arguments.format, every=arguments.all), arguments.output)
    return 0 if found.fits else 1
