"""The documents of the project as something that runs: their fenced examples, and the pages made from the code."""

from pathlib import Path

from . import errata, gallery, operators
from .examples import Block, blocks, replay

__all__ = ["DOCUMENTS", "PAGES", "ROOT", "Block", "blocks", "replay"]

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {"operators.md": operators.page, "gallery.md": gallery.page, "errata.md": errata.page}
