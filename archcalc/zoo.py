"""Where specs lie and what they are called: the only place that knows."""

from __future__ import annotations

from pathlib import Path

from archcalc.errors import NotFoundError, did_you_mean

LONGEST_NAME = 80
_HERE = Path(__file__).resolve().parent


def folder() -> Path:
    """The folder of the zoo: inside an installed package, or beside the package in a checkout."""
    inside = _HERE / "specs"
    return inside if inside.is_dir() else _HERE.parent / "specs"


def specs() -> dict[str, Path]:
    """Every spec of the zoo by its name, sorted by family and name."""
    return {path.stem: path for path in sorted(folder().glob("*/*.yaml"))}


def find(name: str) -> Path:
    """The file that a name means: a path that exists, else a spec of the zoo, with or without .yaml.

    A name with a slash never means the zoo. Raises NotFoundError, naming both places and the nearest spec.
    """
    path = Path(name)
    try:
        if path.is_file() or (path.exists() and ("/" in name or "\\" in name)):
            return path
    except (OSError, ValueError):
        raise NotFoundError(f"'{name[:LONGEST_NAME]}' is no name of a file") from None
    if "/" in name or "\\" in name:
        raise NotFoundError(
            f"there is no file {name}", hint="a name with a slash is a path; the zoo is asked for bare names"
        )
    return member(name)


def member(name: str) -> Path:
    """The spec of the zoo of that name, with or without .yaml; raises NotFoundError with the nearest."""
    stem = name.removesuffix(".yaml")
    if stem.isidentifier():  # no pattern, and no path
        for path in folder().glob(f"*/{stem}.yaml"):
            return path
    near = did_you_mean(stem, specs())
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
    raise NotFoundError(
        f"there is no file {shown} here, and no spec of that name in the zoo",
        hint=near or "'archcalc zoo' lists the specs",
    )
