"""`archcalc sweep` as a process: what is printed, where, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet

import archcalc
from archcalc.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = [sys.executable, "-m", "archcalc", "sweep"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(archcalc.__file__).parent.parent), "PYTHONUNBUFFERED": "1"}
MANY = ["mobilenet_v1", "--over", "alpha=0.0001:1:0.0001", "--over", "H=1:100000"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["sweep", *arguments])
    return code, *capsys.readouterr()


def test_rows_go_to_stdout_and_reasons_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "vgg16", "--over", "H=31,32", "--of", "params", "--format", "csv")
    assert (code, out) == (0, "H,params\r\n31,\r\n32,138357544\r\n")
    assert err.startswith("1 configuration is no network:\n  1, the first H = 31: ")


def test_where_nothing_is_a_network_the_answer_is_no(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "vgg16", "--over", "H=30,31", "--of", "params", "--format", "csv")
    assert (code, out) == (1, "H,params\r\n30,\r\n31,\r\n")


IMPATIENT = "import sys; from archcalc.cli import main, sweep; sweep.PATIENCE = -1; sys.exit(main(sys.argv[1:]))"


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    over = ["--over", "depths=[3,4,6,3],[3,4,23,3],[3,8,36,3]"]
    command = [sys.executable, "-c", IMPATIENT, "sweep", "resnet50", *over, "--output"]
    screen, terminal = pty.openpty()
    with subprocess.Popen([*command, str(tmp_path / "rows")], env=ENVIRONMENT, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):
            while piece := os.read(screen, 4096):
                shown += piece
    os.close(screen)
    assert process.returncode == 0
    assert b"configurations" in shown
    assert b"3/3" in shown


def test_options_reach_the_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys, "lenet5", "--over", "H=32:40:4", "--over", "classes=10,20", "--set", "W=32", "--batch", "2", "--dtype",
        "float16", "--of", "params, activation_bytes", "--where", "params > 1", "--pareto", "params,max:H", "--sort",
        "max:H", "--top", "2", "--format", "json",
    )  # fmt: skip
    rows = json.loads(out)["rows"]
    assert (code, err, [row["H"] for row in rows]) == (0, "", [40, 36])
    totals = archcalc.analyze("lenet5", settings={"H": 40, "W": 32}, batch=2, dtype="float16").totals
    assert (rows[0]["params"], rows[0]["activation_bytes"]) == (totals.params, totals.activation_bytes)


def test_equal_seeds_draw_equal_samples(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [
        run(capsys, "lenet5", "--over", "H=32:99", "--sample", "5", "--seed", seed, "--format", "csv")[1]
        for seed in ("1", "1", "2")
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vgg16"], "a sweep is over something\n  --over H=128,160,192 or --over alpha=0.25:1:0.25"),
        (["vgg16", "--over", "H"], "--over takes name=value, not 'H'"),
        (["vgg16", "--over", "H=32", "--over", "H=64"], "--over gives H twice"),
        (["vgg16", "--over", "H=32", "--format", "parquet"], "Parquet is written to a file\n  --output FILE"),
        (["vgg16", "--over", "H=32", "--batch", "B"], "the batch of a sweep is a number\n  --over batch=1,8,64 sweeps it"),
    ],
)  # fmt: skip
def test_wrong_commands(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *arguments) == (2, "", f"archcalc: {said}\n")


def rows_of_json(file: Path) -> int:
    data = json.loads(file.read_text("utf-8"))
    assert data["complete"] is False
    return len(data["rows"])


def rows_of_csv(file: Path) -> int:
    lines = file.read_text("utf-8").splitlines()
    assert {line.count(",") for line in lines} == {4}
    return len(lines) - 1


def rows_of_parquet(file: Path) -> int:
    return int(parquet.read_table(file).num_rows)


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_ctrl_c_leaves_a_valid_file(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"rows.{form}"
    count: dict[str, Callable[[Path], int]] = {"json": rows_of_json, "csv": rows_of_csv, "parquet": rows_of_parquet}
    process = subprocess.Popen(
        [*COMMAND, *MANY, "--format", form, "--output", str(file)], env=ENVIRONMENT, stderr=subprocess.PIPE
    )
    for _ in range(600):
        if file.exists() and file.stat().st_size > 100_000:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert count[form](file) % 65536 == 0 < count[form](file)


def test_a_closed_pipe() -> None:
    process = subprocess.Popen(
        [*COMMAND, *MANY, "--format", "csv"], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), err) == (141, b"")
