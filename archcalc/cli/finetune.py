"""What finetuning trains and costs: parameters, memory and mult-adds of the whole, of a part, of the head only.

All that lies before the cut is frozen: it runs forward, but needs no gradients and keeps nothing for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, shown
from archcalc.cli.running import running, setup
from archcalc.cli.write import write
from archcalc.render import finetune as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc finetune`."""
    network(parser)
    running(parser)
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print the cuts."""
    found = archcalc.finetune(arguments.spec, setup=setup(arguments), **choices(arguments))
    write(renderer.render(found, arguments.format), arguments.output)
    return 0
