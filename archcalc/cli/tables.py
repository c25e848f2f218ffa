"""The published tables, each figure beside what follows from the specs; --all audits every one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.cli.write import write
from archcalc.render import tables as renderer
from archcalc.studies.audit import audit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """The options of `archcalc tables`."""
    parser.add_argument("name", nargs="*", help="tables to print; without a name, the list of tables")
    parser.add_argument(
        "--all", action="store_true", help="audit every table; exit code 1 if a status is not the recorded one"
    )
    parser.add_argument("--format", choices=renderer.FORMATS, default="table", help="how to show them (default: table)")
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of the screen")


def run(arguments: Namespace) -> int:
    """Print the list, the tables, or the audit."""
    if not arguments.name and not arguments.all:
        write(renderer.listing(), arguments.output)
        return 0
    audited = audit(None if arguments.all else arguments.name)
    if arguments.all and arguments.format == "table":
        write(renderer.summary(audited), arguments.output)
    else:
        write(renderer.render(audited, arguments.format), arguments.output)
    return 0 if all(cell.as_recorded for table in audited for cell in table.cells) else 1
