"""Which weights of one network can be loaded into another, and how much of each network that is.

Bottom up, the n-th layer with weights goes into the n-th, to the first that does not fit. What loading by name adds, by
equal paths and shapes beyond that layer, is told apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import building, built, settings, shown
from archcalc.cli.write import write
from archcalc.errors import UsageError
from archcalc.render import transfer as renderer
from archcalc.spec.given import with_settings

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc transfer`."""
    parser.add_argument("source", metavar="FROM", help="the network that has the weights: a path, or a name of the zoo")
    parser.add_argument("target", metavar="TO", nargs="?", help="where they go (default: the same spec, see --set-to)")
    building(parser)
    for side in ("from", "to"):
        parser.add_argument(
            f"--set-{side}",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help=f"like --set, for {side.upper()} only",
        )
    shown(parser, renderer.FORMATS)
    parser.add_argument("--expand", action="store_true", help="every layer that is loaded")


def run(arguments: Namespace) -> int:
    """Print what can be loaded."""
    chosen = built(arguments)
    shared, free = chosen.pop("settings"), chosen.pop("free")
    own = [
        settings(given, option)
        for given, option in ((arguments.set_from, "--set-from"), (arguments.set_to, "--set-to"))
    ]
    if arguments.target is None and not any(own):
        raise UsageError("the weights go from one network into another", hint="name a second spec, or use --set-to")
    names = (arguments.source, arguments.target or arguments.source)
    specs = [with_settings(archcalc.load(name), {**shared, **given}) for name, given in zip(names, own, strict=True)]
    ours, theirs = (spec.hyperparameters for spec in specs)
    left = [n for n in free if n not in own[0] and (n in ours or n not in theirs)]
    right = [n for n in free if n not in own[1] and n in theirs]
    source, target = (archcalc.graph(spec, free=n, **chosen) for spec, n in zip(specs, (left, right), strict=True))
    write(
        renderer.render(
            archcalc.transfer(source, target),
            (specs[0].name, specs[1].name),
            arguments.format,
            expand=arguments.expand,
        ),
        arguments.output,
    )
    return 0
