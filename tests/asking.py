"""Short ways for tests to write a spec, to ask for its report, and to read what a mistake is answered with."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest

import archcalc

if TYPE_CHECKING:
    from collections.abc import Iterable


def spec(
    layers: str, shape: str = "[6, 8, 8]", *, hyperparameters: str = "", blocks: str = "", expect: str = ""
) -> str:
    """A spec; every part is the YAML text that stands behind its key."""
    parts = {"hyperparameters": hyperparameters, "input": shape, "blocks": blocks, "layers": layers, "expect": expect}
    return "".join(f"{key}:{_behind(text)}\n" for key, text in parts.items() if text)


def _behind(text: str) -> str:
    text = dedent(text).strip("\n")
    return f" {text}" if text.startswith(("[", "{")) and "\n" not in text else "\n" + indent(text, "  ")


def ask(layers: str, shape: str = "[6, 8, 8]", **parts: Any) -> archcalc.Report:
    """The report on a spec; `settings`, `free` and `training` go to the analysis, the rest into the text."""
    options = {key: parts.pop(key) for key in ("settings", "free", "training", "ops") if key in parts}
    return archcalc.analyze(spec(layers, shape, **parts), **options)


def shapes(report: archcalc.Report) -> dict[str, tuple[Any, ...]]:
    """Path and output shape of every layer, in order."""
    return {layer.path: layer.output_shape for layer in report.layers}


def paths(report: archcalc.Report) -> list[str]:
    """The paths in order."""
    return [layer.path for layer in report.layers]


def out(report: archcalc.Report) -> tuple[Any, ...]:
    """The shape of the one output."""
    (only,) = report.outputs
    return only.shape


def refusal(text: Any, **options: Any) -> str:
    """What is said about a spec that is wrong."""
    with pytest.raises(archcalc.ArchcalcError) as caught:
        archcalc.analyze(text, **options)
    return str(caught.value)


def refused(layers: str, shape: str = "[6, 8, 8]", **parts: Any) -> str:
    """The first line of what is said about a spec that is wrong, without its place."""
    options = {key: parts.pop(key) for key in ("settings", "free", "training", "ops") if key in parts}
    return messages(refusal(spec(layers, shape, **parts), **options))[0]


def messages(said: str) -> list[str]:
    """The messages of an error, without places, excerpts and hints."""
    lines = [line for line in said.splitlines() if not line.startswith(" ")]
    return [line.partition(": ")[2] if line.startswith("<") else line for line in lines]


def is_plain(lines: Iterable[str]) -> bool:
    """Whether the lines hold nothing that a terminal would obey."""
    return all(character.isprintable() or character == "\t" for line in lines for character in line)


def is_clear(said: str) -> bool:
    """One message that fits a screen and holds nothing that a terminal would obey."""
    lines = said.splitlines()
    return bool(said.strip()) and len(said) < 6000 and max(map(len, lines)) < 600 and is_plain(lines)
