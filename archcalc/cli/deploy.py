"""Size on disk by precision, arithmetic intensity of every layer, and the roofline of a machine.

On disk are all parameters and buffers, each array in ceil(elements*bits / 8) bytes; integer precisions leave buffers
in float32; container and quantization scales are not counted. A layer reads its inputs once and writes its output
once, its weights and buffers are read once per batch; views and idle operators move nothing. Its arithmetic intensity
is the flops of the batch over these bytes. Given two numbers of a machine, layers below its ridge point (flops per
second / bandwidth) are limited by memory; the least time of a layer is max(flops / flops per second, bytes /
bandwidth).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcalc
from archcalc.analysis.setup import Setup
from archcalc.cli.options import choices, network, shown
from archcalc.cli.write import write
from archcalc.precision import PRECISIONS
from archcalc.render import deploy as renderer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc deploy`."""
    network(parser)
    parser.add_argument("--flops-per-second", metavar="RATE", help="the most flops per second of a machine: 2T, 312T")
    parser.add_argument(
        "--bandwidth", metavar="RATE", help="the most bytes per second between its memory and arithmetic: 50GB, 1.5TB"
    )
    parser.add_argument(
        "--weights",
        metavar="TYPE",
        help=f"precision of the weights (default: that of --dtype): {', '.join(PRECISIONS)}",
    )
    parser.add_argument("--fold-batch-norm", action="store_true", help="inside the layer before it")
    shown(parser, renderer.FORMATS)
    parser.add_argument(
        "--expand", action="store_true", help=f"every layer (default: the {renderer.SHOWN} that take longest)"
    )


def run(arguments: Namespace) -> int:
    """Print the deployment."""
    deployment = archcalc.deploy(
        arguments.spec,
        flops_per_second=arguments.flops_per_second,
        bandwidth=arguments.bandwidth,
        weights=arguments.weights,
        setup=Setup(fold_batch_norm=arguments.fold_batch_norm),
        **choices(arguments),
    )
    write(renderer.render(deployment, arguments.format, expand=arguments.expand), arguments.output)
    return 0
