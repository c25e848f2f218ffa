"""The worked answer for one layer or one total: the formula, the numbers put in, the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network
from archcalc.cli.write import write
from archcalc.render import explain as renderer
from archcalc.report import report
from archcalc.studies.explanation import PATHS, TOTALS, Sum, explained

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc explain`."""
    network(parser)
    listed = ", ".join((*TOTALS, *PATHS))
    parser.add_argument("layer", nargs="?", help=f"a path or the end of one, or a total: {listed}")
    parser.add_argument("--expand", action="store_true", help="sums of every layer, not of named parts")
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of the screen")


def run(arguments: Namespace) -> int:
    """Print the worked answer."""
    chosen = {name: value for name, value in choices(arguments).items() if name not in ("batch", "dtype")}
    spec = archcalc.load(arguments.spec)
    graph = archcalc.graph(spec, **chosen)
    answer = report(graph, name=spec.name, training=chosen["training"])
    file = Path(spec.source.name).name
    parts = [
        renderer.total(part.quantity, part.addends, part.result, part.of)
        if isinstance(part, Sum)
        else renderer.layer(part, file)
        for part in explained(graph, answer, arguments.layer, expand=arguments.expand)
    ]
    write("\n\n".join(parts), arguments.output)
    return 0
