"""The options that say which network is meant, shared by the commands that ask about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import archcalc
from archcalc.analysis.setup import WORDS, Setup
from archcalc.errors import UsageError
from archcalc.limits import LIMITS
from archcalc.precision import PRECISIONS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def network(parser: ArgumentParser, *, free: bool = True) -> None:
    """A spec, what to change in it, and how it is counted; `free` where symbols can be left."""
    parser.add_argument("spec", help="a path, or the name of a spec of the zoo")
    building(parser, free=free)
    number = "a number or a symbol" if free else "a number"
    parser.add_argument("--batch", default="1", help=f"samples at once, {number}; multiplies bytes only")
    parser.add_argument(
        "--dtype", default="float32", metavar="TYPE", help=f"precision of an element: {', '.join(PRECISIONS)}"
    )


def building(parser: ArgumentParser, *, free: bool = True) -> None:
    """What to change in a spec; `free` where symbols can be left."""
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="another value for a hyperparameter"
    )
    if free:
        parser.add_argument(
            "--free", metavar="NAME", action="append", default=[], help="leave a hyperparameter free, as a symbol"
        )
    parser.add_argument(
        "--training-parts", action="store_true", help="with the parts that only training has, such as auxiliary heads"
    )
    parser.add_argument(
        "--max-layers",
        type=int,
        metavar="N",
        help=f"the most operators (default {LIMITS.layers:,}; {LIMITS.free_layers:,} with names left free)",
    )


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
    add("--checkpoint", default="", metavar="PATH,...", help="parts that are run again instead of kept")
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


def choices(arguments: Namespace) -> dict[str, Any]:
    """The keyword arguments of archcalc.analyze."""
    return {**built(arguments), "batch": arguments.batch, "dtype": arguments.dtype}


def built(arguments: Namespace) -> dict[str, Any]:
    """The keyword arguments of archcalc.graph."""
    return {
        "settings": settings(arguments.set),
        "free": [name for names in getattr(arguments, "free", ()) for name in listed(names)],
        "training": arguments.training_parts,
        "limits": LIMITS if arguments.max_layers is None else LIMITS.with_layers(max(1, arguments.max_layers)),
    }


def analyzed(arguments: Namespace) -> archcalc.Report:
    """The report on the network that is meant."""
    return archcalc.analyze(arguments.spec, **choices(arguments))


def listed(names: str) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in names.split(",") if name.strip()]


def settings(given: list[str], option: str = "--set") -> dict[str, str]:
    """--set name=value as a mapping."""
    result = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} takes name=value, not '{text}'")
        if name.strip() in result:
            raise UsageError(f"{option} gives {name.strip()} twice")
        result[name.strip()] = value.strip()
    return result
