"""A report or a study -> text; one file per format, each with the same public name, `render`."""

from __future__ import annotations

FORMATS = ("table", "json", "csv", "markdown", "latex")
