"""Which hyperparameters keep a budget or come nearest to a figure; all their values are tried.

With '=' the nearest below and above, with '<=' the largest that fits, with '>=' the smallest. 'batch' is a name too.
The exit code is 1 if no value does what is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, shown
from archcalc.cli.write import write
from archcalc.errors import UsageError
from archcalc.render import solve as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc solve`."""
    network(parser, free=False)
    parser.add_argument(
        "--for",
        dest="over",
        metavar="NAME[=VALUES]",
        action="append",
        required=True,
        help="what is solved for, and the values that are tried: start:stop:step or a list",
    )
    parser.add_argument(
        "--target",
        metavar="TARGET",
        action="append",
        required=True,
        help="a quantity and a figure: 'mult_adds <= 300M', 'params = 10M', 'depth >= 50'",
    )
    parser.add_argument("--where", metavar="CONDITION", help="a condition on names and quantities")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="answers for several names (default 10)")
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print the answers."""
    chosen = choices(arguments)
    del chosen["free"]
    solution = archcalc.solve(
        arguments.spec, asked(arguments.over), arguments.target, where=arguments.where, top=arguments.top, **chosen
    )
    write(renderer.render(solution, arguments.format), arguments.output)
    return 0 if solution.answers else 1


def asked(given: list[str]) -> dict[str, str | None]:
    """--for name, --for name,name and --for name=values as a mapping."""
    over: dict[str, str | None] = {}
    for text in given:
        name, equals, values = text.partition("=")
        for one in [name] if equals else name.split(","):
            if not one.strip() or one.strip() in over:
                raise UsageError(f"--for takes each name once, as NAME or NAME=VALUES, not '{text}'")
            over[one.strip()] = values.strip() if equals else None
    return over
