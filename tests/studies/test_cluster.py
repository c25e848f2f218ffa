"""The same rows from a real Dask cluster, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet as reader

import archcalc
from archcalc.cli import main
from archcalc.studies import cluster
from archcalc.studies.grid import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcalc.studies.structures import Part

distributed = pytest.importorskip("distributed", reason="the extra archcalc[dask] is not installed")

OPTIONS: dict[str, Any] = {
    "over": {"alpha": "0.01:2:0.01", "H": "0:1000", "classes": "10,100,1000"},
    "sample": 12 * CHUNK + 5,
    "seed": 3,
    "sort": ["max:params", "mult_adds", "H"],
    "top": 500,
}


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Any]:
    made = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with made:
        yield made


def killing(parts: Iterator[Part], pid: int) -> Iterator[Part]:
    """The same, with a worker killed after the third."""
    for number, part in enumerate(parts):
        if number == 3:
            os.kill(pid, signal.SIGKILL)
        yield part


def test_the_rows_are_those_of_one_machine_though_a_worker_dies(two_workers: Any) -> None:
    local, remote = archcalc.sweep("mobilenet_v1", **OPTIONS), archcalc.sweep("mobilenet_v1", **OPTIONS)
    (ours,) = local.rows()
    pid = two_workers.workers[0].process.pid
    with cluster.parts(remote, two_workers.scheduler_address) as parts:
        (theirs,) = remote.rows(killing(parts, pid))
    assert not Path(f"/proc/{pid}").exists()
    assert len(theirs) == 500
    assert remote.cells(theirs) == local.cells(ours)
    assert remote.refused == local.refused
    assert remote.refused


def test_the_command_writes_one_file(two_workers: Any, tmp_path: Path) -> None:
    files = {engine: tmp_path / f"{engine}.parquet" for engine in ("local", "dask")}
    for engine, file in files.items():
        where = ["--scheduler", two_workers.scheduler_address] if engine == "dask" else []
        arguments = ["resnet50", "--over", "depths=[3,4,6,3],[3,4,23,3]", "--over", "H=1:40000", "--format", "parquet"]
        assert main(["sweep", *arguments, "--engine", engine, *where, "--output", str(file)]) == 0
    ours, theirs = map(reader.read_table, files.values())
    assert ours.num_rows == 80_000
    assert theirs.equals(ours)


def test_without_dask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["sweep", "vgg16", "--over", "H=32", "--engine", "dask"]) == 2
    assert capsys.readouterr().err == "archcalc: the engine needs Dask\n  pip install 'archcalc[dask]'\n"


def test_a_scheduler_is_one_of_dask(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "vgg16", "--over", "H=32", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "archcalc: a scheduler is one of Dask\n  --engine dask\n"


def test_a_cluster_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "vgg16", "--over", "H=32", "--engine", "dask", "--scheduler", "nowhere://x"]) == 2
    assert capsys.readouterr().err.startswith("archcalc: no Dask scheduler answers at nowhere://x: ")


def test_a_cluster_of_this_machine() -> None:
    """As a process: the workers start from its main module."""
    done = subprocess.run(
        [sys.executable, "-m", "archcalc", "sweep", "lenet5", "--over", "H=1:70000", "--of", "params", "--where", "H == 65537", "--engine", "dask", "--format", "csv"],
        env=os.environ | {"PYTHONPATH": str(Path(archcalc.__file__).parent.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "H,params")
    assert done.stdout.splitlines()[1:] == [f"65537,{archcalc.analyze('lenet5', settings={'H': 65537}).totals.params}"]
    assert done.stderr.startswith("31 configurations are no network:\n  16, the first H = 16: ")
