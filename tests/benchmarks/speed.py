"""How fast archcalc is, beside a fixed piece of pure Python timed in the same run: python tests/benchmarks/speed.py

Absolute times say more of the machine than of archcalc; the ratios to the yardstick are what to compare.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import archcalc
from archcalc import zoo
from archcalc.limits import LIMITS
from archcalc.spec.load import from_source
from archcalc.spec.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

BASELINE = "import yaml, rich.console, rich.table"
CHAIN = "input: [8, 64, 64]\nlayers:\n  - repeat: {}\n    layers: [{{conv: {{out: 8, kernel: 3, padding: 1}}}}]\n"


def yardstick() -> int:
    """Twenty thousand steps of a fixed pseudo-random walk over small integers, tuples and a dict."""
    seen: dict[tuple[int, int], int] = {}
    state = 1
    for step in range(20_000):
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
        key = (state % 61, step % 53)
        seen[key] = seen.get(key, 0) + 1
    return len(seen)


def timed(run: Callable[[], object], times: int) -> float:
    """The median of several runs, in seconds, after one that does not count."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return median(taken)


def analysis() -> None:
    """Text to report object, in a warm process."""
    print(f"{'network':<14}{'ms':>9}{'of the yardstick':>19}")
    for name in ("vgg16", "resnet50", "densenet201"):
        path = zoo.find(name)
        source = Source(path.read_text(), name, path.parent)
        seconds, unit = timed(lambda source=source: archcalc.analyze(from_source(source)), 41), timed(yardstick, 41)  # type: ignore[misc]
        print(f"{name:<14}{seconds * 1e3:>9.2f}{seconds / unit:>19.2f}")
    print(f"{'yardstick':<14}{timed(yardstick, 41) * 1e3:>9.2f}{1:>19.2f}")


def chains() -> None:
    """Chains of 100,000 and 1,000,000 layers: how cost grows with length."""
    seconds = {}
    for layers in (100_000, 1_000_000):
        start = time.perf_counter()
        report = archcalc.analyze(CHAIN.format(layers), limits=LIMITS.with_layers(layers))
        seconds[layers] = time.perf_counter() - start
        assert len(report.layers) == layers
        print(f"chain of {layers:>9,} layers: {seconds[layers]:7.2f} s")
    print(f"ratio: {seconds[1_000_000] / seconds[100_000]:.1f}")


def commands() -> None:
    """A whole `archcalc report vgg16.yaml` beside the imports it cannot do without, in turn."""
    report = [sys.executable, "-m", "archcalc", "report", "vgg16.yaml"]
    ratios = []
    for _ in range(15):
        pair = []
        for command in (report, [sys.executable, "-c", BASELINE]):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            pair.append(time.perf_counter() - start)
        ratios.append(pair[0] / pair[1])
    print(f"archcalc report vgg16.yaml over '{BASELINE}': {median(ratios):.2f}")


if __name__ == "__main__":
    analysis()
    commands()
    if "--quick" not in sys.argv:
        chains()
