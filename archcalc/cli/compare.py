"""Two networks side by side: A - B and A / B of every total, and the layers that differ.

With --symbolic, A / B as an exact formula in the hyperparameters that both have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, settings, shown
from archcalc.cli.write import write
from archcalc.errors import UsageError
from archcalc.render import compare as renderer
from archcalc.spec.given import with_settings
from archcalc.studies.compare import common_symbols, lent

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc compare`."""
    network(parser)
    parser.add_argument("other", nargs="?", help="what to compare it with (default: the same spec, see --set-b)")
    for letter, which in (("a", "first"), ("b", "second")):
        parser.add_argument(
            f"--set-{letter}", metavar="NAME=VALUE", action="append", default=[], help=f"the same for the {which} only"
        )
    parser.add_argument(
        "--symbolic",
        action="store_true",
        help="exact quotients in the names left free (default: all that both have and that can be)",
    )
    shown(parser, renderer.FORMATS)
    parser.add_argument("--levels", type=int, metavar="N", help="compare parts of N levels (default: what fits)")
    parser.add_argument("--expand", action="store_true", help="every layer that differs, however many")


def run(arguments: Namespace) -> int:
    """Print the comparison."""
    chosen = choices(arguments)
    shared, free = chosen.pop("settings"), chosen.pop("free")
    if free and not arguments.symbolic:
        raise UsageError("a free symbol gives formulas, not numbers", hint="add --symbolic")
    own = [settings(given, option) for given, option in ((arguments.set_a, "--set-a"), (arguments.set_b, "--set-b"))]
    if arguments.other is None and not any(own):
        raise UsageError("a network is compared with another", hint="name a second spec, or change one with --set-b")
    loaded = [archcalc.load(name) for name in (arguments.spec, arguments.other or arguments.spec)]
    a, b = (with_settings(spec, {**shared, **given}) for spec, given in zip(loaded, own, strict=True))
    if arguments.symbolic:
        a, b = lent(a, b), lent(b, a)
        building = {name: chosen[name] for name in ("training", "limits")}
        free = free or common_symbols(a, b, {*shared, *own[0], *own[1]}, **building)
    left = [n for n in free if n not in own[0] and (n in a.hyperparameters or n not in b.hyperparameters)]
    right = [n for n in free if n not in own[1] and n in b.hyperparameters]
    comparison = archcalc.compare(archcalc.analyze(a, free=left, **chosen), archcalc.analyze(b, free=right, **chosen))
    write(
        renderer.render(
            comparison,
            arguments.format,
            symbolic=arguments.symbolic,
            levels=arguments.levels,
            expand=arguments.expand,
        ),
        arguments.output,
    )
    return 0
