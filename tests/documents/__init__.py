"""The documents of the project as something that runs: their fenced examples, and the page made from OPS."""

from pathlib import Path

from .examples import Block, blocks, replay
from .operators import page

__all__ = ["DOCUMENTS", "ROOT", "Block", "blocks", "page", "replay"]

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
