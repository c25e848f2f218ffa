"""List the specs that come with archcalc, with params, mult-adds and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc.render.zoo as renderer
from archcalc.cli.write import write
from archcalc.studies.listing import listing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc zoo`."""
    parser.add_argument("name", nargs="*", help="only specs whose name or family holds one of these texts")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to show it (default: table)")


def run(arguments: Namespace) -> int:
    """Print the list."""
    entries = listing(arguments.name)
    write(renderer.as_json(entries) if arguments.format == "json" else renderer.as_table(entries))
    return 0
