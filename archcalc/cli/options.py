"""The options that say which network is meant, shared by the commands that ask about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import archcalc
from archcalc.errors import UsageError
from archcalc.limits import LIMITS
from archcalc.precision import PRECISIONS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable


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


def shown(parser: ArgumentParser, formats: Iterable[str], usual: str = "table") -> None:
    """In which format the answer is shown, and where."""
    parser.add_argument("--format", choices=formats, default=usual, help=f"how to show it (default: {usual})")
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of the screen")


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


def analyzed(arguments: Namespace, **more: Any) -> archcalc.Report:
    """The report on the network that is meant."""
    return archcalc.analyze(arguments.spec, **choices(arguments), **more)


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
