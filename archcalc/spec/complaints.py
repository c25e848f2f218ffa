"""The complaints of YAML in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.errors import Problem

if TYPE_CHECKING:
    from archcalc.spec.source import Source

_QUOTE = "quote it: inside { } and [ ] a comma, a bracket or a colon ends the value"
_TRANSLATIONS: tuple[tuple[str, str, str], ...] = (
    ("found character '\\t'", "a tab cannot indent in YAML", "indent with spaces"),
    ("cannot start any token", "this character cannot start a value in YAML", "quote the value"),
    (
        "expected alphabetic or numeric character",
        "'*' and '&' have a meaning of their own at the start of a value",
        "quote the value",
    ),
    (
        "did not find expected alphabetic",
        "'*' and '&' have a meaning of their own at the start of a value",
        "quote the value",
    ),
    ("did not find expected ',' or ']'", "the list does not go on here", _QUOTE),
    ("did not find expected ',' or '}'", "the mapping does not go on here", _QUOTE),
    ("expected ',' or", "the list or mapping does not go on here", _QUOTE),
    ("did not find expected node content", "a value is missing here", _QUOTE),
    ("expected the node content", "a value is missing here", _QUOTE),
    (
        "mapping values are not allowed",
        "a colon starts a mapping, but none can start here",
        "quote the text if the colon belongs to it",
    ),
    ("could not find expected ':'", "a key without its colon", "check the indentation; write 'key: value'"),
    ("did not find expected key", "a key is missing here", "check the indentation and the brackets"),
    ("expected <block end>", "the indentation does not fit", "items of one list start in one column"),
    ("did not find expected '-' indicator", "the indentation does not fit", "items of one list start in one column"),
    ("block sequence entries are not allowed", "a list item cannot start here", "put it on a line of its own"),
    ("unexpected end of stream", "the text ends inside a quoted value", "close the quote"),
    ("tag", "'!' starts a tag of YAML, which specs do not use", "quote the text, or write 'not' where that is meant"),
    ("directive", "'%' at the start of a line is a directive of YAML, which specs do not use", "quote the value"),
    ("block scalar", "'|' and '>' start a block of text in YAML", "quote the value if a comparison is meant"),
    (
        "expected chomping or indentation",
        "'|' and '>' start a block of text in YAML",
        "quote the value if a comparison is meant",
    ),
    ("control characters are not allowed", "a control character, which is no text", "remove it"),
    ("special characters are not allowed", "a control character, which is no text", "remove it"),
    ("nesting", "nested too deeply", "use blocks"),
    ("found unknown escape character", "an unknown escape in a quoted text", "use single quotes"),
    ("expected <document start>", "the text goes on after the spec has ended", "check the indentation"),
)


def translated(source: Source, error: Exception) -> Problem:
    """What YAML complains of, in plain words and with its place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]
    place = source.place(mark.line + 1, mark.column + 1) if mark else None
    if place is not None and place.excerpt[place.column - 1 : place.column] == "\t":
        said = "found character '\\t'"  # libyaml does not say which character it was
    context = str(getattr(error, "context", None) or "")
    for sign, message, hint in _TRANSLATIONS:
        if sign in said or sign in context:
            return Problem(message, place, hint)
    return Problem(f"this is not YAML: {said}", place)
