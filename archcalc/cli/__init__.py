"""The command line: one file per command, each a thin layer over what Python callers have."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, HelpFormatter
from importlib import import_module
from typing import TYPE_CHECKING

from archcalc import __version__
from archcalc.errors import ArchcalcError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "report": "the sizes of a network: shapes, parameters, mult-adds, receptive field",
    "formula": "totals as closed forms in the hyperparameters left free",
    "explain": "the worked answer for one layer or one total, with formula, numbers and result",
    "compare": "two networks side by side, in numbers or as the exact quotient in their symbols",
    "reconcile": "how the number of one tool becomes that of another, operator by operator",
    "claim": "which convention, resolution and variant give the figures that a paper states",
    "transfer": "which weights of one network can be loaded into another, and how much of each that is",
    "finetune": "what finetuning trains and costs: the whole, from a part on, the head only",
    "sweep": "one network at many values of its hyperparameters, with conditions and fronts",
    "solve": "which hyperparameters keep a budget or come nearest to a figure",
    "expected": "what training costs on average where branches are dropped: stochastic depth",
    "memory": "what is alive step by step, what training keeps, and the peaks of both",
    "fit": "the largest batch, or resolution or width, that fits into a memory",
    "deploy": "size on disk by precision, arithmetic intensity, and what a machine makes of it",
    "check": "validate specs and test what they expect",
    "zoo": "list the specs that come with archcalc",
    "tables": "published tables, each figure beside what follows from the specs",
}
USAGE = """usage: archcalc COMMAND ...

Exact sizes of neural-network architectures, from a YAML spec and without running anything.

commands:
{commands}

'archcalc COMMAND --help' tells more; 'archcalc --version' prints the version.
"""


class _Help(HelpFormatter):
    """Help in 80 columns; to ask for the width of the screen would load a quarter of the standard library."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 fine; 1 the answer is no; 2 wrong input; 130 and 141 for Ctrl-C and a closed pipe, quietly.
    """
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # What is left in the buffer has nowhere to go; without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ArchcalcError as error:
        print(f"{_prefix(error)}{error}", file=sys.stderr)
        return error.exit_code


def _prefix(error: ArchcalcError) -> str:
    return "" if getattr(error, "problems", None) else "archcalc: "


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        width = max(map(len, COMMANDS))
        print(USAGE.format(commands="\n".join(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())))
        return 0 if argv else 2
    if argv[0] in ("-V", "--version"):
        print(f"archcalc {__version__}")
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        raise UsageError(
            f"there is no command '{name}'", hint=did_you_mean(name, COMMANDS) or f"commands: {', '.join(COMMANDS)}"
        )
    command = import_module(f"archcalc.cli.{name}")
    parser = ArgumentParser(
        prog=f"archcalc {name}", description=command.__doc__, allow_abbrev=False, formatter_class=_Help
    )
    command.arguments(parser)
    try:
        arguments = parser.parse_args(rest)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return int(command.run(arguments))
