"""The largest batch that fits into a memory, exactly; or, at a batch, the largest resolution or width.

What must fit is, at inference, weights, buffers and the peak at inference; with --training the training peak, which
holds weights and optimizer state, and buffers. The exit code is 1 if nothing fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.cli.options import choices, network, shown
from archcalc.cli.running import running, setup
from archcalc.cli.solve import asked
from archcalc.cli.write import write
from archcalc.render import fit as renderer
from archcalc.studies.largest_batch import INFERENCE, TRAINING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc fit`."""
    network(parser, free=False)
    running(parser)
    parser.set_defaults(batch=None)
    parser.add_argument("--memory", metavar="SIZE", required=True, help="the memory: 24GiB, 80GB, or bytes")
    parser.add_argument("--training", action="store_true", help="what training needs instead of inference")
    parser.add_argument(
        "--for",
        dest="over",
        metavar="NAME[=VALUES]",
        action="append",
        help="batch (the default); or a name and the values that are tried at the given --batch: start:stop:step or a "
        "list; or both, for the largest batch of each value",
    )
    shown(parser, renderer.FORMATS)


def run(arguments: Namespace) -> int:
    """Print what fits."""
    chosen = choices(arguments)
    del chosen["free"]
    found = archcalc.fit(
        arguments.spec,
        arguments.memory,
        asked(arguments.over or ["batch"]),
        during=TRAINING if arguments.training else INFERENCE,
        setup=setup(arguments),
        **chosen,
    )
    write(renderer.render(found, arguments.format), arguments.output)
    return 0 if found.fits else 1
