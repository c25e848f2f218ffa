"""`archcalc report` as a process: formats, files, widths, colours, what is loaded, how it ends."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import archcalc

HOUSE = Path(archcalc.__file__).parent.parent
PLAIN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "PYTHONIOENCODING", "PYTHONUNBUFFERED")
}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "archcalc", *arguments]


def _environment(**more: str) -> dict[str, str]:
    return PLAIN | {"PYTHONPATH": str(HOUSE), "PYTHONIOENCODING": "utf-8"} | more


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        env=_environment(**environment),
        check=False,
        timeout=60,
    )


def _on_a_terminal(*arguments: str, **environment: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        _command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=_environment(COLUMNS="80", **environment)
    ) as process:
        os.close(theirs)
        pieces = []
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            pieces.append(piece)
        os.close(ours)
        assert process.wait(timeout=60) == 0
    return b"".join(pieces).decode().replace("\r\n", "\n")


def test_a_pipe_gets_plain_text_of_80_columns() -> None:
    done = _run("report", "vgg16")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "total                                138,357,544  15,470,264,320        212\n" in done.stdout


def test_columns_says_how_wide() -> None:
    assert "stride\n" in _run("report", "vgg16", COLUMNS="160").stdout
    assert "138 M" in _run("report", "vgg16", COLUMNS="40").stdout.split("operator")[0]


def test_a_terminal_gets_colours_and_the_same_text() -> None:
    text = _on_a_terminal("report", "resnet18", TERM="xterm-256color")
    assert "\x1b[1mResNet-18\x1b[0m\n" in text
    assert "\x1b[36m" in text  # the number of equal parts
    quiet = _on_a_terminal("report", "resnet18", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[36m" not in quiet
    dumb = _on_a_terminal("report", "resnet18", TERM="dumb")
    assert "\x1b" not in dumb
    assert [line.rstrip() for line in dumb.splitlines()] == _run("report", "resnet18").stdout.splitlines()


@pytest.mark.parametrize("choice", [{}, {"PYTHONUNBUFFERED": "1"}, {"FORCE_COLOR": "1"}], ids=str)
def test_a_closed_pipe_ends_it_quietly(choice: dict[str, str]) -> None:
    with subprocess.Popen(
        _command("report", "resnet1202_cifar", "--expand"),  # far more than a pipe holds
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(COLUMNS="400", **choice),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_an_encoding_without_the_signs() -> None:
    done = _run("report", "vgg16", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "3x224x224 -> 1000, inference, float32\n" in done.stdout
    assert done.stdout.isascii()


LOADED = """
import sys
from archcalc.cli import main
code = main(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown", "latex"])
def test_nothing_is_loaded_that_is_not_needed(format_: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "report", "vgg16", "--format", format_],
        capture_output=True,
        text=True,
        env=_environment(),
        check=True,
    )
    code, *loaded = done.stderr.split()
    assert code == "0"
    assert not {"sympy", "numpy", "rich"} & set(loaded)
    assert "yaml" in loaded


def test_the_formats() -> None:
    assert json.loads(_run("report", "lenet5", "--format", "json").stdout)["totals"]["params"] == 60_000
    assert _run("report", "lenet5", "--format", "csv").stdout.startswith("path,times,op,layers,")
    assert _run("report", "lenet5", "--format", "markdown").stdout.startswith("# LeNet-5\n")
    latex = _run("report", "lenet5", "--format", "latex").stdout
    assert latex.startswith("\\documentclass{article}\n")
    assert latex.endswith("\\end{document}\n")


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown", "latex"])
def test_a_file_gets_what_the_screen_gets(format_: str, tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    done = _run("report", "resnet18", "--format", format_, "--output", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with file.open(encoding="utf-8", newline="") as written:
        text = written.read()
    shown = subprocess.run(
        _command("report", "resnet18", "--format", format_), capture_output=True, env=_environment(), check=True
    )
    assert text == shown.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--levels", "0"), "archcalc: levels are a whole number, at least 1, not 0\n"),
        (
            ("--output", "/nowhere/report.txt"),
            "archcalc: cannot write /nowhere/report.txt: No such file or directory\n",
        ),
        (("--output", "."), "archcalc: cannot write .: Is a directory\n"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: tuple[str, ...], error: str) -> None:
    done = _run("report", "lenet5", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", error)


def test_levels_and_expand() -> None:
    def paths(*arguments: str) -> list[str]:
        lines = _run("report", "resnet18", "--format", "csv", *arguments).stdout.splitlines()
        return [line.split(",")[0] for line in lines[1:]]

    assert paths("--levels", "1") == [
        "conv1",
        "maxpool",
        "layer1",
        "layer2",
        "layer3",
        "layer4",
        "global_avg_pool",
        "fc",
    ]
    assert "layer1/basic1-2" in paths("--levels", "2")
    assert "layer1/basic2" in paths("--levels", "2", "--expand")
    assert len(paths()) == len(paths("--expand")) == 68
