"""The house: which room may import which, what is public, and what is loaded when nothing asks for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from inspect import getdoc, isclass, isfunction, signature
from pathlib import Path

import pytest

import archcalc

HOME = Path(archcalc.__file__).parent
FILES = {path.relative_to(HOME).with_suffix("").as_posix(): path for path in sorted(HOME.rglob("*.py"))}
FILES = {name: path for name, path in FILES.items() if not name.startswith("specs/")}

# What each room may import, itself apart. Arrows run one way:
# cli -> render -> studies -> report -> analysis -> graph -> ops -> window, work, shape -> recorded -> errors, limits;
# report -> counting -> analysis, spec; cli, studies -> spec -> graph.
GROUND = {"errors", "limits", "version"}
NUMBERS = GROUND | {"recorded", "notation", "symbolic"}
SHAPES = NUMBERS | {"shape", "window", "periodic", "work", "saved", "products"}
OPS = SHAPES | {"ops"}
GRAPH = OPS | {"graph"}
ANALYSIS = GRAPH | {"analysis", "precision"}
SPEC = GRAPH | {"spec", "zoo"}
COUNTING = ANALYSIS | SPEC | {"counting"}
REPORT = ANALYSIS | {"report"}
STUDIES = REPORT | COUNTING | {"studies", "program", "arrays"}
RENDER = STUDIES | {"render"}
MAY_IMPORT: dict[str, set[str]] = {
    "version": set(),
    "limits": set(),
    "errors": {"limits"},
    "recorded": GROUND | {"notation"},
    "notation": GROUND | {"recorded"},
    "symbolic": GROUND | {"recorded"},
    "program": GROUND | {"recorded"},
    "magnitude": GROUND | {"recorded", "program"},
    "arrays": GROUND | {"recorded", "program", "magnitude"},
    "zoo": GROUND,
    "shape": GROUND | {"recorded"},
    "window": NUMBERS | {"periodic"},
    "periodic": NUMBERS | {"window"},
    "work": NUMBERS,
    "saved": NUMBERS,
    "products": NUMBERS,
    "precision": NUMBERS,
    "ops": SHAPES,
    "graph": OPS,
    "analysis": GRAPH | {"precision"},
    "counting": COUNTING - {"counting"},
    "report": ANALYSIS | {"counting"},
    "spec": SPEC - {"spec"},
    "studies": STUDIES - {"studies"},
    "render": RENDER - {"render"},
    "__init__": STUDIES,
    "cli": RENDER | {"cli", "__init__"},
    "__main__": {"cli"},
}
OUTSIDE: dict[str, set[str]] = {
    "yaml": {"spec/source"},
    "sympy": {
        f"symbolic/{name}"
        for name in (
            "form",
            "bounds",
            "text",
            "quotient",
            "conditions",
            "assume",
            "names",
            "elasticity",
            "residues",
        )
    },
    "numpy": {"arrays"},
    "pyarrow": {"render/parquet"},
    "distributed": {"studies/cluster"},
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots"
            assert node.module
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(name: str) -> str:
    """The room of a file: its folder, or its own name at the top."""
    return name.split("/", maxsplit=1)[0]


def rooms_of(path: Path) -> set[str]:
    """The rooms of ours that a file imports."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "archcalc":
            inside = parts[1] if len(parts) > 1 else "__init__"
            found.add(inside if inside in MAY_IMPORT else "__init__")
    return found


def test_every_file_has_a_room() -> None:
    assert {room(name) for name in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", FILES)
def test_arrows_run_one_way(name: str) -> None:
    here = room(name)
    assert rooms_of(FILES[name]) - MAY_IMPORT[here] - {here} == set()


@pytest.mark.parametrize("package", OUTSIDE)
def test_one_door_to_each_package(package: str) -> None:
    doors = {name for name, path in FILES.items() if any(n.split(".")[0] == package for n in imports(path))}
    assert doors == OUTSIDE[package]


def test_rich_is_for_renderers_and_commands() -> None:
    rooms = {room(name) for name, path in FILES.items() if any(n.split(".")[0] == "rich" for n in imports(path))}
    assert rooms <= {"render", "cli"}


@pytest.mark.parametrize("name", FILES)
def test_nothing_else_is_needed(name: str) -> None:
    allowed = set(sys.stdlib_module_names) | {"archcalc", "yaml", "sympy", "numpy", "rich", "pyarrow", "distributed"}
    assert {n.split(".")[0] for n in imports(FILES[name])} <= allowed


LOADED = "import sys; {code}; print(*(m for m in {packages!r} if m in sys.modules))"


def loaded(code: str, *packages: str) -> list[str]:
    """Which of these packages a fresh process has loaded after this code."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(code=code, packages=packages)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


def test_import_loads_little() -> None:
    assert loaded("import archcalc", "sympy", "numpy", "rich", "dataclasses", "inspect", "asyncio") == []


@pytest.mark.parametrize("form", ["json", "table", "csv", "markdown", "latex"])
def test_a_plain_numeric_report_loads_neither_sympy_nor_numpy(form: str) -> None:
    code = f"from archcalc.cli import main; assert main(['report', 'vgg16', '--format', '{form}']) == 0"
    assert loaded(code, "sympy", "numpy") == []


def test_checking_loads_neither() -> None:
    assert loaded("from archcalc.cli import main; assert main(['check', 'vgg16']) == 0", "sympy", "numpy") == []


def test_only_tables_load_rich() -> None:
    code = "from archcalc.cli import main; assert main(['report', 'vgg16', '--format', 'json']) == 0"
    assert loaded(code, "rich") == []


def test_a_symbolic_report_loads_sympy() -> None:
    code = (
        "from archcalc.cli import main; assert main(['report', 'lenet5', '--free', 'classes', '--format', 'json']) == 0"
    )
    assert loaded(code, "sympy", "numpy") in (["sympy"], [])


# What is public.


def public(name: str) -> list[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes of a file, and the public methods of public classes."""
    tree = ast.parse(FILES[name].read_text("utf-8"))
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_what_it_is(name: str) -> None:
    said = ast.get_docstring(ast.parse(FILES[name].read_text("utf-8")))
    assert said
    assert said.isprintable() or "\n" in said


@pytest.mark.parametrize("name", FILES)
def test_public_functions_and_classes_have_docstrings(name: str) -> None:
    assert [node.name for node in public(name) if not ast.get_docstring(node)] == []


def test_all_is_sorted_and_complete() -> None:
    names = archcalc.__all__
    assert names == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert len(names) == len(set(names))
    tree = ast.parse((HOME / "__init__.py").read_text("utf-8"))
    own = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    }
    assert own <= set(names)
    for name in names:
        assert getattr(archcalc, name) is not None


def test_every_error_is_exported() -> None:
    errors = import_module("archcalc.errors")
    tree = {name for name, thing in vars(errors).items() if isclass(thing) and issubclass(thing, errors.ArchcalcError)}
    assert tree <= set(archcalc.__all__)


def test_the_tree_of_errors_is_drawn() -> None:
    errors = import_module("archcalc.errors")
    drawn = errors.__doc__ or ""
    for name, thing in vars(errors).items():
        if isclass(thing) and issubclass(thing, errors.ArchcalcError):
            assert f" {name}" in drawn
            assert getdoc(thing)


def test_public_functions_are_typed() -> None:
    for name in archcalc.__all__:
        thing = getattr(archcalc, name)
        if isfunction(thing):
            assert signature(thing).return_annotation is not signature(thing).empty
            assert all(p.annotation is not p.empty for p in signature(thing).parameters.values())


def test_the_package_is_typed() -> None:
    assert (HOME / "py.typed").is_file()


def test_no_file_is_a_drawer() -> None:
    """A file ends when its one idea is said."""
    assert {name for name, path in FILES.items() if len(path.read_text("utf-8").splitlines()) > 800} == set()
    assert not {name for name in FILES if name.rpartition("/")[2] in ("utils", "util", "helpers", "common", "misc")}
