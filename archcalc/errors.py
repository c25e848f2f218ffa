"""What can go wrong, as one tree.

    ArchcalcError
    ├── UsageError       the command or the call is wrong
    ├── NotFoundError    no spec lies where the name points
    ├── SpecError        the text of a spec is wrong; holds every problem found, with its place
    ├── ArgumentError    an operator refuses the value of an argument
    ├── ShapeError       an operator refuses its inputs
    ├── UndecidedError   a free symbol leaves open what must be known
    └── LimitError       more work or more text than the limits allow

The low layers say what is wrong; the spec layer turns that into a SpecError that also says where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_PROBLEMS = 20
EXCERPT_WIDTH = 96
LONGEST_WORD = 100
MOST_WORDS = 1_000  # of the known ones, those whose length is nearest
LONGEST_LINE = 500


class ArchcalcError(Exception):
    """Every error that archcalc raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None, details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)

    def __str__(self) -> str:
        lines = [self.message, *self.details, *([self.hint] if self.hint else [])]
        return "\n  ".join(map(_on_one_line, lines))


class UsageError(ArchcalcError):
    """The command or the call is wrong, whatever the spec says."""


class NotFoundError(ArchcalcError):
    """No spec lies where the name points."""


class ArgumentError(ArchcalcError):
    """An operator refuses the value of one of its arguments, which `argument` names."""

    argument: str | None = None


class ShapeError(ArchcalcError):
    """An operator refuses the shapes that flow into it."""


class UndecidedError(ArchcalcError):
    """A free symbol leaves open what must be known here."""


class LimitError(ArchcalcError):
    """The input asks for more than the limits allow."""


class Place(NamedTuple):
    """Where in a text: file, line and column from 1, how many characters, and that line itself."""

    file: str
    line: int
    column: int
    length: int
    excerpt: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing that is wrong with a spec."""

    message: str
    place: Place | None = None
    hint: str | None = None
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        below = list(self.details)
        if self.place and not below:
            below = _excerpt(self.place)
        if self.hint:
            below.append(self.hint)
        return "\n  ".join(map(_on_one_line, [where + self.message, *below]))


class SpecError(ArchcalcError):
    """The text of a spec is wrong; `problems` holds each thing that is, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems[0].message)

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            shown.append(f"... and {len(self.problems) - SHOWN_PROBLEMS} more")
        return "\n".join(shown)


def _excerpt(place: Place) -> list[str]:
    """The line of the text, with carets below the part that is meant."""
    start = max(0, min(place.column - 1 - EXCERPT_WIDTH // 2, len(place.excerpt) - EXCERPT_WIDTH))
    text = place.excerpt[start : start + EXCERPT_WIDTH]
    shift = place.column - 1 - start
    carets = "^" * max(1, min(place.length, len(text) - shift))
    number = str(place.line)
    blank = "".join("\t" if character == "\t" else " " for character in text[:shift])
    return [f"{number} | {text}", f"{' ' * len(number)} | {blank}{carets}"]


def _on_one_line(text: str) -> str:
    return printable(text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 3]}...")


def printable(text: str) -> str:
    """The text on one line, with control and other unprintable characters escaped."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest, or none where nothing is near."""
    from difflib import get_close_matches  # no report that succeeds needs these
    from heapq import nsmallest

    alike = nsmallest(MOST_WORDS, known, key=lambda other: (abs(len(other) - len(word)), other))
    near = get_close_matches(word[:LONGEST_WORD], alike, n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word, or none where nothing is near."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else None
