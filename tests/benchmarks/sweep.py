"""How fast a sweep is: python tests/benchmarks/sweep.py, and with --full also 100,000,000 samples with their front.

MobileNet v1 over its width multiplier and its image size. Ratios are to the yardstick of speed.py, timed in the same run.
"""

from __future__ import annotations

import resource
import sys
import time
from fractions import Fraction

import numpy as np
from speed import timed, yardstick  # type: ignore[import-not-found] # a script finds what lies beside it

import archcalc
from archcalc.arrays import Values

WIDTHS = "0.001:1:0.001"
SIZES = "1:1000"


def compiled() -> None:
    """A million configurations by the compiled function: a grid of 1000 x 1000, and as many independent samples."""
    start = time.perf_counter()
    network = archcalc.compile("mobilenet_v1", free=["alpha", "H"])
    print(f"compiled in {time.perf_counter() - start:.2f} s, {len(network.program.instructions)} instructions")
    unit = timed(yardstick, 41)
    random = np.random.default_rng(1)
    thousandths, sizes = np.arange(1, 1001), np.arange(1, 1001)
    cases = {
        "grid of 1000 x 1000": (thousandths[:, None], sizes[None, :]),
        "1,000,000 samples": (random.integers(1, 1001, 10**6), random.integers(1, 1001, 10**6)),
    }
    for name, (alpha, size) in cases.items():
        given = {"alpha": Values(alpha, 1000), "H": size}
        start = time.perf_counter()
        found = network(**given)
        first = time.perf_counter() - start
        assert found["mult_adds"].size == 10**6
        spot = archcalc.analyze(
            "mobilenet_v1", settings={"alpha": Fraction(int(alpha.ravel()[-1]), 1000), "H": int(size.ravel()[-1])}
        )
        assert found["mult_adds"].ravel()[-1] == spot.totals.mult_adds
        seconds = timed(lambda given=given: network(**given), 7)
        print(f"{name:<20} first {first:.3f} s, then {seconds:.3f} s, {seconds / unit:.0f} of the yardstick")


def whole() -> None:
    """The same grid as a sweep, with its front: rows in chunks."""
    over = {"alpha": WIDTHS, "H": SIZES}
    sweep = archcalc.sweep("mobilenet_v1", over=over, pareto=["max:params", "mult_adds"])
    seconds = timed(lambda: list(sweep.rows()), 3)
    print(f"sweep with its front  {seconds:.3f} s, {seconds / timed(yardstick, 41):.0f} of the yardstick")


def many(samples: int) -> None:
    """So many samples of a grid, with their front, and the most memory that the process has had."""
    over = {"alpha": "0.0001:1:0.0001", "H": "1:1000"}
    sweep = archcalc.sweep("mobilenet_v1", over=over, pareto=["max:params", "mult_adds"], sample=samples, seed=1)
    start = time.perf_counter()
    front = sum(len(rows) for rows in sweep.rows())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{samples:,} samples: {time.perf_counter() - start:.0f} s, {front:,} on the front, peak {peak:.0f} MiB")


if __name__ == "__main__":
    compiled()
    whole()
    many(100_000_000 if "--full" in sys.argv else 1_000_000)
