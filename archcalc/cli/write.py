"""Where a rendered answer goes: the screen, or a file."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from archcalc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcalc.render.screen import Screen

USUAL_WIDTH = 80
PIECE = 8192
_ASCII = str.maketrans({"\N{MULTIPLICATION SIGN}": "x", "…": "~", "─": "-", "→": "->", "█": "#", "▌": "#", "µ": "u"})


def write(answer: str | Screen, output: str | None = None) -> None:
    """Print to the file named, or to standard output; rich is loaded only where there may be colours.

    Raises UsageError if the file cannot be written.
    """
    if not isinstance(answer, str):
        answer = _coloured(answer) if output is None and _may_be_coloured() else answer.text(_width())
    if not answer.endswith("\n"):
        answer += "\n"
    with opened(output) as put:
        put(answer)


@contextmanager
def opened(output: str | None) -> Iterator[Callable[[str], object]]:
    """A function that writes text to the file named, or prints it; raises UsageError if the file cannot be written."""
    if output is None:
        yield _print
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="") as file:
            yield file.write
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {output}: {getattr(error, 'strerror', None) or error}") from None


def _may_be_coloured() -> bool:
    return _speaks_unicode() and (
        sys.stdout.isatty() or any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))
    )


def _coloured(screen: Screen) -> str:
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as capture:  # rich would leave with a code of its own when the pipe closes
        console.print(screen)
    return capture.get()


def _print(text: str) -> None:
    """Print the text; what the encoding of standard output lacks is replaced."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    # Piece by piece, for an unbuffered pipe that closes half way takes half of a piece without complaint.
    for start in range(0, len(text), PIECE):
        sys.stdout.write(text[start : start + PIECE])


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


def _width() -> int:
    """As many columns as COLUMNS says, or the terminal in front of or behind the pipe has."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    for stream in (2, 0, 1):
        try:
            return os.get_terminal_size(stream).columns or USUAL_WIDTH
        except OSError:
            continue
    return USUAL_WIDTH
