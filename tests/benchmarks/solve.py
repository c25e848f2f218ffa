"""How fast questions are answered backwards, beside the yardstick of speed.py: python tests/benchmarks/solve.py"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from speed import timed, yardstick  # type: ignore[import-not-found]  # the script beside this one

import archcalc

if TYPE_CHECKING:
    from archcalc.studies.solve import Solution

QUESTIONS: list[tuple[str, Any, str]] = [
    ("resnet50", ["batch", "H"], "activation_bytes <= 8GiB"),
    ("mobilenet_v1", ["alpha", "H"], "mult_adds <= 300M"),
    ("mobilenet_v1", ["alpha"], "mult_adds <= 300M"),
    ("densenet121", ["growth"], "params = 10M"),
]


def main() -> None:
    """In a warm process, from the loaded spec to the verified answers."""
    unit = timed(yardstick, 41)
    print(f"{'question':<58}{'points':>10}{'s':>7}{'of the yardstick':>18}")
    for name, over, target in QUESTIONS:
        spec = archcalc.load(name)

        def ask(spec: archcalc.Spec = spec, over: Any = over, target: str = target) -> Solution:
            return archcalc.solve(spec, over, target)

        points = prod(len(axis.items) for axis in ask().axes)
        seconds = timed(ask, 5)
        question = f"{name} over {', '.join(over)}: {target}"
        print(f"{question:<58}{points:>10,}{seconds:>7.2f}{seconds / unit:>18.1f}")


if __name__ == "__main__":
    main()
