"""How much an input may ask for. Everything is counted, nothing is timed."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """The counted limits on hostile or mistaken input."""

    file_bytes: int = 1 << 20  # of a file, with those it extends
    nesting: int = 40  # brackets and indentation of one file
    steps: int = 1_000_000  # steps run, empty passes too
    layers: int = 200_000  # operators in one network
    free_layers: int = 5_000  # operators in one network with names left free
    recursion: int = 120  # blocks, branches and loops inside one another
    extends: int = 16  # files that extend one another
    integer_bits: int = 4_096
    list_length: int = 100_000
    expectations: int = 5_000_000  # layers looked at for the rows of expect; a path, or a step run anew, counts as ten
    items: int = 4_000_000  # items of lists and of long expressions walked for one network
    expression_length: int = 10_000
    expression_depth: int = 60
    period: int = 4_096  # positions after which a receptive field repeats
    taps: int = 4_096  # of a strided or dilated kernel, that can lie on padding
    terms: int = 2_000  # terms of a formula
    signs: int = 20_000  # numbers, names and operations of a formula
    compared: int = 5_000  # the same, of all that one min or max compares
    choices: int = 40  # floors and choices of a formula inside one another
    written: int = 2_000  # numbers, names and operations of an expression that is written out
    written_depth: int = 200
    degree: int = 4_096  # powers in a formula
    maxima: int = 10_000  # pairs of formulas compared to find which can be the largest
    schedules: int = 100_000  # sets of steps looked at for the best schedule
    decisions: int = 200_000  # branches dropped or kept, looked at to say what training computes
    windows: int = 400_000  # windows of repeating receptive fields worked out for one network

    def with_layers(self, layers: int) -> Limits:
        """These limits for networks of up to `layers` operators."""
        return self._replace(layers=layers, free_layers=layers, steps=max(self.steps, 4 * layers))


LIMITS = Limits()
