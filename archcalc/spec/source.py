"""YAML text -> nodes that know their place. Scalars stay text; anchors, tags and second documents are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import yaml

from archcalc.errors import NotFoundError, Place, Problem, SpecError
from archcalc.limits import LIMITS

if TYPE_CHECKING:
    from pathlib import Path

    from archcalc.errors import ArchcalcError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Position(Protocol):
    """A line and a column, from 0."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column."""


class Offset(NamedTuple):
    """A position in a text that no parser has read."""

    line: int
    column: int


class Node:
    """A piece of a text, and where it stands; line and column count from 1."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: Position, end: Position) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def line(self) -> int:
        """The line it starts on."""
        return self.start.line + 1

    @property
    def column(self) -> int:
        """The column it starts in."""
        return self.start.column + 1

    @property
    def place(self) -> Place:
        """The place with the line of the text, for a message."""
        length = self.end.column - self.start.column if self.end.line == self.start.line else 1
        return self.source.place(self.line, self.column, max(1, length))

    def problem(self, error: ArchcalcError) -> Problem:
        """What is wrong here."""
        return Problem(error.message, self.place, error.hint, error.details)


class Scalar(Node):
    """A piece of text, and whether it was quoted."""

    __slots__ = ("quoted", "text")

    def __init__(self, source: Source, start: Position, end: Position, text: str, quoted: bool = False) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.text = text
        self.quoted = quoted

    def part(self, text: str) -> Scalar:
        """A part of the text, which stands where the whole does."""
        return Scalar(self.source, self.start, self.end, text, self.quoted)


class Sequence(Node):
    """A list of nodes."""

    __slots__ = ("items",)

    def __init__(self, source: Source, start: Position, items: list[Node]) -> None:
        self.source = source
        self.start = self.end = start
        self.items = items


class Mapping(Node):
    """Keys and what stands behind them, in order; no key twice."""

    __slots__ = ("entries",)

    def __init__(self, source: Source, start: Position, entries: list[tuple[Scalar, Node]]) -> None:
        self.source = source
        self.start = self.end = start
        self.entries = entries


class Source:
    """The text of one spec and the name it goes by in messages."""

    def __init__(self, text: str, name: str, folder: Path | None = None) -> None:
        self.text = text
        self.name = name
        self.folder = folder
        self._lines: list[str] | None = None

    def place(self, line: int, column: int, length: int = 1) -> Place:
        """A place in this text, with its line."""
        if self._lines is None:
            self._lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text)
        excerpt = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return Place(self.name, line, column, length, excerpt)


def read_file(path: Path) -> Source:
    """The text of a file; raises NotFoundError or SpecError if there is none to be had."""
    name = str(path)
    try:
        if not path.is_file():
            raise NotFoundError(f"{name} is not a regular file" if path.exists() else f"there is no file {name}")
        with path.open("rb") as file:
            data = file.read(LIMITS.file_bytes + 1)
    except OSError as error:
        raise NotFoundError(f"cannot read {name}: {error.strerror}") from None
    except ValueError:
        raise NotFoundError("the name of the file holds a null character") from None
    if len(data) > LIMITS.file_bytes:
        raise SpecError([Problem(f"{name} is larger than {LIMITS.file_bytes:,} bytes")])
    try:
        return Source(data.decode("utf-8-sig"), name, path.parent)
    except UnicodeDecodeError as error:
        raise SpecError([Problem(f"{name} is not text in UTF-8: byte {error.start} cannot be read")]) from None


def parse(source: Source) -> Mapping:
    """The nodes of a text; raises SpecError with YAML's own complaints translated."""
    if len(source.text) > LIMITS.file_bytes:
        raise SpecError([Problem(f"{source.name} is larger than {LIMITS.file_bytes:,} bytes")])
    reader = _Reader(source)
    try:
        root = reader.read()
    except yaml.YAMLError as error:
        from archcalc.spec.complaints import translated

        raise SpecError([*reader.problems, translated(source, error)]) from None
    except (UnicodeEncodeError, ValueError):
        raise SpecError([Problem(f"{source.name} holds characters that are no text")]) from None
    if reader.problems:
        raise SpecError(reader.problems)
    if not isinstance(root, Mapping):
        raise SpecError([Problem("a spec is a mapping with 'input' and 'layers'", source.place(1, 1))])
    return root


class _Reader:
    """Builds nodes from parser events, with a stack of its own: no depth of the text can exhaust Python's."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def read(self) -> Node | None:
        """The one node of the text."""
        source = self.source
        next_event = _LOADER(source.text).get_event
        scalar, opening = yaml.ScalarEvent, (yaml.SequenceStartEvent, yaml.MappingStartEvent)
        top: list[Node] = []
        items = top  # of the innermost open list or mapping
        outer: list[tuple[list[Node], Position]] = []
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is scalar:
                if event.anchor is not None or event.tag is not None:
                    self._refuse_extras(event)
                items.append(Scalar(source, event.start_mark, event.end_mark, event.value, event.style in _QUOTES))
            elif kind in opening:
                if event.anchor is not None or event.tag is not None:
                    self._refuse_extras(event)
                outer.append((items, event.start_mark))
                items = []
                if len(outer) > LIMITS.nesting:
                    raise SpecError([self._problem(f"nested more than {LIMITS.nesting} deep", event)])
            elif kind is yaml.SequenceEndEvent:
                inner = items
                items, start = outer.pop()
                items.append(Sequence(source, start, inner))
            elif kind is yaml.MappingEndEvent:
                inner = items
                items, start = outer.pop()
                items.append(Mapping(source, start, self._entries(inner)))
            elif kind is yaml.AliasEvent:
                message = f"'*{event.anchor}' is an alias of YAML, which specs do not use"
                hint = "quote it if a product is meant; a block serves to say a thing once"
                raise SpecError([self._problem(message, event, hint)])
            elif kind is yaml.DocumentStartEvent and top:
                raise SpecError([self._problem("a second document starts here; a file holds one spec", event)])
        return top[0] if top else None

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor is not None:
            message, hint = f"'&{event.anchor}' is an anchor", "a block serves to say a thing once"
        else:
            message, hint = f"'{event.tag}' is a tag", "quote the text, or write 'not' where that is meant"
        raise SpecError([self._problem(f"{message} of YAML, which specs do not use", event, hint)])

    def _entries(self, items: list[Node]) -> list[tuple[Scalar, Node]]:
        entries: list[tuple[Scalar, Node]] = []
        seen: set[str] = set()
        for position in range(0, len(items), 2):
            key = items[position]
            if not isinstance(key, Scalar):
                self._wrong("a key is text, not a list or a mapping", key, "quote it if brackets are meant as text")
            elif key.text == "<<" and not key.quoted:
                hint = "a block serves to say a thing once"
                self._wrong("'<<' is a merge key of YAML, which specs do not use", key, hint)
            elif key.text in seen:
                self._wrong(f"'{key.text}' stands here twice", key)
            else:
                seen.add(key.text)
                entries.append((key, items[position + 1]))
        return entries

    def _wrong(self, message: str, node: Node, hint: str | None = None) -> None:
        self.problems.append(Problem(message, node.place, hint))

    def _problem(self, message: str, event: Any, hint: str | None = None) -> Problem:
        mark = event.start_mark
        return Problem(message, self.source.place(mark.line + 1, mark.column + 1), hint)


_QUOTES = frozenset(("'", '"'))
