"""Text laid out for a width: columns, shortened names, wrapped lines. Drawn by rich on a terminal, else plain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    Line = list[tuple[str, str]]  # pieces of text, each with the name of a style

GAP = "  "
ELLIPSIS = "…"
NARROWEST = 12
SHORT_NAMES = {
    "batch_norm": "bn",
    "layer_norm": "ln",
    "group_norm": "gn",
    "instance_norm": "in",
    "local_response_norm": "lrn",
}


class Screen:
    """What is shown, once it is known how wide the screen is.

    rich draws it as it draws anything; `text` gives the same without colours and without loading rich.
    """

    def __init__(self, lay_out: Callable[[int], Iterable[Line]]) -> None:
        self.lay_out = lay_out

    def text(self, width: int) -> str:
        """Plain lines of at most `width` columns."""
        return "".join("".join(piece for piece, _ in line).rstrip() + "\n" for line in self.lay_out(width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.segment import Segment

        for line in self.lay_out(options.max_width):
            for piece, style in line:
                yield Segment(piece, console.get_style(style) if style else None)
            yield Segment.line()


class Cell(NamedTuple):
    """What stands in a column: its text, and how it looks."""

    text: str
    style: str = ""


class Name(NamedTuple):
    """The name of a row, shortened as needed: a path, what follows it, and what is never left out."""

    path: str
    then: str = ""
    always: str = ""

    def pieces(self, room: int) -> Line:
        """The name in at most so many columns."""
        room -= width(self.always)
        short = " +".join(SHORT_NAMES.get(op, op) for op in self.then.split(" +"))
        ways = (self.then, short, f" +{ELLIPSIS}" if self.then else "")
        then = next((way for way in ways if width(self.path) + width(way) <= room), ways[-1])
        path = shortened(self.path, room - width(then))
        parents, slash, own = path.rpartition("/")
        return [(parents + slash, "dim"), (own, ""), (then, "dim"), (self.always, "cyan")]

    def __len__(self) -> int:
        return width(self.path) + width(self.then) + width(self.always)


class Column(NamedTuple):
    """A column: its header and cells; those of high rank are the first to be left out."""

    header: str
    cells: Sequence[Cell]
    left: bool = False
    rank: int = 0  # 0: always shown

    def needs(self) -> int:
        """How wide it is."""
        return max(width(self.header), max((width(cell.text) for cell in self.cells), default=0))


def table(
    header: str, names: Sequence[Name], columns: Sequence[Column], room: int, *, least: int = 28, totals: int = 0
) -> list[Line]:
    """Lines of a table that fits: names at the left get what the columns leave; the last `totals` rows are set apart.

    The columns of rank 1 leave names at least `least`, those of higher rank all they need. What ranks above a column
    that does not fit is left out too.
    """
    longest = max([NARROWEST, width(header), *map(len, names)])
    kept, taken = {}, 0  # the columns by their number, with their widths
    for i, column in sorted(enumerate(columns), key=lambda pair: pair[1].rank):
        own = column.needs() + len(GAP)
        needed = 0 if column.rank == 0 else min(longest, least) if column.rank == 1 else longest
        if column.rank and taken + own + needed > room:
            break
        kept[i] = own
        taken += own
    shown_columns = [(columns[i], kept[i]) for i in sorted(kept)]
    own = max(min(longest, room - taken), NARROWEST)
    rule: Line = [("─" * min(own + taken, room), "dim")]
    lines = [[(_padded(header, own), "bold"), *(_piece(Cell(c.header, "bold"), c, w) for c, w in shown_columns)], rule]
    for i, name in enumerate(names):
        pieces = name.pieces(own)
        pieces.append((" " * (own - sum(width(piece) for piece, _ in pieces)), ""))
        line = [piece for piece in pieces if piece[0]]
        line += [_piece(column.cells[i], column, wide) for column, wide in shown_columns]
        if i == len(names) - totals:
            lines.append(rule)
        lines.append(line if i < len(names) - totals else [(piece, "bold") for piece, _ in line])
    return lines


def _piece(cell: Cell, column: Column, wide: int) -> tuple[str, str]:
    blank = " " * (wide - len(GAP) - width(cell.text))
    return (f"{GAP}{cell.text}{blank}" if column.left else f"{GAP}{blank}{cell.text}", cell.style)


def _padded(text: str, room: int) -> str:
    return text + " " * (room - width(text))


def shown(text: str) -> str:
    """Text of a spec as it may stand on a screen: no control characters, no tabs."""
    return text if text.isascii() and text.isprintable() else printable(text).replace("\t", "\\t")


def width(text: str) -> int:
    """The columns that a text takes on a screen."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, room: int) -> str:
    """The start of a text, in at most so many columns."""
    return text if width(text) <= room else _taken(text, room - 1) + ELLIPSIS


def shortened(path: str, room: int) -> str:
    """A path without its middle, in at most so many columns: layer1/bottleneck2/…/conv1."""
    if width(path) <= room:
        return path
    *parents, own = path.split("/")
    for kept in range(len(parents) - 1, 0, -1):
        *outer, inner = parents[:kept]
        for part in (inner, _squeezed(inner)):
            short = "/".join((*outer, part, ELLIPSIS, own))
            if width(short) <= room:
                return short
    end = _taken(path[::-1], room // 2)[::-1]
    return _taken(path, max(room - 1 - width(end), 0)) + ELLIPSIS + end


def _squeezed(segment: str) -> str:
    """What tells a segment from its siblings, its number, and its beginning: bot…12."""
    number = segment[len(segment.rstrip("0123456789")) :]
    return f"{segment[:3]}{ELLIPSIS}{number}"


def _taken(text: str, room: int) -> str:
    if text.isascii():
        return text[: max(room, 0)]
    taken = 0
    for i, character in enumerate(text):
        taken += width(character)
        if taken > room:
            return text[:i]
    return text


def paragraph(text: str, room: int, style: str = "") -> Iterator[Line]:
    """The text in lines that fit."""
    yield from ([(line, style)] for line in wrapped(shown(text), room))


def wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most so many columns, broken at blanks; longer words are cut apart."""
    room = max(room, 1)
    lines, line = [], ""
    for word in text.split(" "):
        rest = word
        if line and width(line) + 1 + width(rest) <= room:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while width(rest) > room:
            start = _taken(rest, room) or rest[0]
            lines.append(start)
            rest = rest[len(start) :]
        line = rest
    return [*lines, line] if line else lines
