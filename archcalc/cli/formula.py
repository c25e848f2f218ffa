"""Totals as closed forms in the hyperparameters left free, with what must hold for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import analyzed, choices, network, shown
from archcalc.cli.write import write
from archcalc.errors import UsageError
from archcalc.render import formula as renderer
from archcalc.studies.formula import USUAL, assumption, formulas
from archcalc.studies.quantities import QUANTITIES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from archcalc.report import Report


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc formula`."""
    network(parser)
    parser.add_argument(
        "--of", default=",".join(USUAL), metavar="NAME,...", help=f"quantities: {', '.join(QUANTITIES)}"
    )
    parser.add_argument(
        "--elasticity", action="store_true", help="by how many percent each part grows when a name grows by one percent"
    )
    parser.add_argument("--layers", action="store_true", help="of every layer too")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="CONDITION", help="such as 'H %% 32 == 0' or 'H >= 32'"
    )
    shown(parser, renderer.FORMATS, usual="text")


def run(arguments: Namespace) -> int:
    """Print the formulas."""
    report = analyzed(arguments)
    if not report.symbolic:
        names = ", ".join(report.hyperparameters)
        raise UsageError("nothing is left free", hint=f"--free NAME leaves a hyperparameter open: {names}")
    of = [name for name in arguments.of.split(",") if name]
    if arguments.elasticity:
        return _elasticity(arguments, report, of)
    assume = [assumption(text) for text in arguments.assume]
    write(
        renderer.render(formulas(report, of, layers=arguments.layers, assume=assume), arguments.format),
        arguments.output,
    )
    return 0


def _elasticity(arguments: Namespace, free: Report, of: list[str]) -> int:
    from archcalc.render import elasticity
    from archcalc.studies.elasticity import sensitivities

    if arguments.format not in elasticity.FORMATS:
        raise UsageError(
            f"--elasticity has no format '{arguments.format}'", hint=f"formats: {', '.join(elasticity.FORMATS)}"
        )
    usual = archcalc.analyze(arguments.spec, **(choices(arguments) | {"free": []}))
    write(elasticity.render(sensitivities(free, usual, of), arguments.format), arguments.output)
    return 0
