"""The options that say how a network is run and trained, shared by the commands that ask about its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.analysis.setup import WORDS, Setup
from archcalc.cli.options import listed

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def running(parser: ArgumentParser) -> None:
    """How the network is run and trained, as far as memory depends on it."""
    add = parser.add_argument
    add("--precision", dest="dtype", metavar="TYPE", help="the same as --dtype; mixed: float16, weights kept twice")
    add("--weights", metavar="TYPE", help="precision of the weights, where it is not that of activations")
    add("--no-inplace", dest="inplace", action="store_false", help="activations never overwrite their input")
    add("--keep-input", action="store_true", help="the input of the network stays")
    add("--dropout-mask", default="float32", metavar="TYPE", help=_one_of("dropout_mask"))
    add("--attention", default="fused", metavar="HOW", help=_one_of("attention"))
    add("--concat", default="copy", metavar="HOW", help=_one_of("concat"))
    add("--fold-batch-norm", action="store_true", help="at inference, inside the convolution before it")
    add("--schedule", default="file", metavar="ORDER", help=_one_of("schedule"))
    add("--optimizer", default="sgd", metavar="NAME", help=_one_of("optimizer"))
    add("--checkpoint", default="", metavar="PATH,...", help="parts that run again instead of being kept; or: all")
    add("--train-from", metavar="PATH", help="all that lies before this part is frozen")


def _one_of(choice: str) -> str:
    return f"{', '.join(WORDS[choice])} (default: {WORDS[choice][0]})"


def setup(arguments: Namespace) -> Setup:
    """How it is run and trained; batch and precision apart, which `choices` has."""
    return Setup(
        weights=arguments.weights,
        inplace=arguments.inplace,
        keep_input=arguments.keep_input,
        dropout_mask=arguments.dropout_mask,
        attention=arguments.attention,
        concat=arguments.concat,
        checkpoint=tuple(listed(arguments.checkpoint)),
        optimizer=arguments.optimizer,
        train_from=arguments.train_from,
        fold_batch_norm=arguments.fold_batch_norm,
        schedule=arguments.schedule,
    )
