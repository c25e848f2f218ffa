"""What is published: a source archive that builds a wheel, and a wheel that works anywhere by itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

import archcalc

ROOT = Path(__file__).resolve().parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """The output of a command that must succeed."""
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Built from the source archive, as a package index or a distribution does."""
    run(*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", sdist.parent, sdist)
    return next(sdist.parent.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the wheel and what it says it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    run(*PIP, "--python", folder / "bin" / "python", "install", "--no-index", "--no-deps", wheel)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    # Its dependencies are linked from this environment instead of being downloaded once more.
    for needed in needs(re.findall(r"^Requires-Dist: (.+)$", metadata, re.MULTILINE)):
        for part in {path.parts[0] for path in distribution(needed).files or () if path.parts[0] != ".."}:
            source = Path(str(distribution(needed).locate_file(part)))
            if part != "__pycache__" and source.exists():
                (packages / part).symlink_to(source)
    return folder


def needs(requirements: list[str]) -> set[str]:
    """The distributions that requirements without an extra name, and those that these need."""
    names: set[str] = set()
    waiting = list(requirements)
    while waiting:
        name, _, marker = waiting.pop().partition(";")
        name = re.split(r"[^\w.-]", name.strip())[0]
        if name not in names and not marker:
            names.add(name)
            waiting += distribution(name).requires or []
    return names


def test_source_archive_is_complete(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"README.md", "LICENSE", "pyproject.toml", "docs/spec.md", "tests/test_package.py"}
    assert names >= {path.relative_to(ROOT).as_posix() for path in (ROOT / "specs").glob("*/*.yaml")}
    assert not any("cache" in name or ".venv" in name for name in names)


def test_wheel_holds_package_zoo_tables_and_profiles_alone(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "archcalc").rglob("*.py")}
    zoo = {f"archcalc/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "specs").glob("*/*.yaml")}
    tables = {path.relative_to(ROOT).as_posix() for path in (ROOT / "archcalc" / "studies" / "tables").glob("*.yaml")}
    profiles = {path.relative_to(ROOT).as_posix() for path in (ROOT / "archcalc" / "counting").glob("*/*.yaml")}
    assert tables
    assert profiles
    assert names == {*package, *zoo, *tables, *profiles, "archcalc/py.typed"}


def test_wheel_reports_from_any_folder(environment: Path, tmp_path: Path) -> None:
    """The command of the README, where neither the checkout nor a spec lies."""
    program = environment / "bin" / "archcalc"
    printed = run(program, "report", "vgg16.yaml", "--format", "json", folder=tmp_path)
    totals = json.loads(printed)["totals"]
    assert (totals["params"], totals["mult_adds"]) == (138357544, 15470264320)


def test_wheel_has_all_it_needs(environment: Path, tmp_path: Path) -> None:
    """Every format and a free symbol work with the dependencies that the wheel names."""
    program = environment / "bin" / "archcalc"
    for form in ("table", "csv", "markdown", "latex"):
        assert "conv1" in run(program, "report", "vgg16", "--format", form, folder=tmp_path)
    assert "4096*classes" in run(program, "report", "vgg16", "--free", "classes", "--format", "json", folder=tmp_path)
    assert "lenet5" in run(program, "zoo", "lenet", folder=tmp_path)
    assert "unet" in run(program, "tables", folder=tmp_path)
    where = run(environment / "bin" / "python", "-c", "import archcalc; print(archcalc.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)


def test_version_is_said_once(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert wheel.name.startswith(f"archcalc-{archcalc.__version__}-")
