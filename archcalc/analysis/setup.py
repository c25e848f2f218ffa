"""What memory depends on beside the network: batch, precisions, and how it is run and trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import UsageError, did_you_mean
from archcalc.precision import MIXED, bits, buffer_bits, tensor_bytes
from archcalc.recorded import total
from archcalc.saved import ACTIVATION, INDEX, MASK, STATISTIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.recorded import Size

OPTIMIZERS = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
"""How many numbers an optimizer keeps for each weight that is trained. Source: Kingma and Ba 2014, arXiv:1412.6980."""
MASKS = {"float32": 32, "byte": 8}
"""Bits of an element of a dropout mask: PyTorch keeps float32 on a CPU and bytes on a GPU."""
MASTER = 32  # bits of the copy of the weights that mixed precision trains


class Setup(NamedTuple):
    """How a network is run and trained, as far as its memory depends on it."""

    batch: Size = 1
    activations: str = "float32"
    weights: str | None = None  # the precision of the weights; that of the activations where it is not said
    master_weights: bool = False  # the optimizer trains a float32 copy of the weights
    inplace: bool = True
    keep_input: bool = False
    dropout_mask: str = "float32"
    attention: str = "fused"
    concat: str = "copy"
    checkpoint: tuple[str, ...] = ()  # paths of parts; "all" is every outermost part of several operators
    optimizer: str = "sgd"
    train_from: str | None = None
    fold_batch_norm: bool = False
    schedule: str = "file"

    @property
    def in_training(self) -> Setup:
        """The same where training is asked about, which runs in the order of the file and folds nothing."""
        return self._replace(schedule="file", fold_batch_norm=False)

    @property
    def weights_precision(self) -> str:
        """The precision of the weights: that of activations where they have none of their own."""
        return self.weights or self.activations

    @property
    def weight_bits(self) -> int:
        """Bits of a stored weight."""
        return bits(self.weights_precision)

    @property
    def buffer_bits(self) -> int:
        """Bits of a stored constant; in mixed precision float32."""
        return MASTER if self.master_weights else buffer_bits(self.weights_precision)

    def bytes_of(self, elements: Size, kind: str = ACTIVATION, *, per_sample: bool = True) -> Size:
        """The bytes of a tensor of so many elements, per sample or of the whole batch."""
        count = elements * self.batch if per_sample else elements
        return tensor_bytes(count, self._bits(kind))

    def _bits(self, kind: str) -> int:
        if kind == ACTIVATION:
            return bits(self.activations)
        return {STATISTIC: 32, INDEX: 64, MASK: MASKS[self.dropout_mask]}[kind]

    def is_whole(self, kind: str) -> bool:
        """Whether the tensor holds whole numbers or bytes, and no floating-point numbers."""
        return kind == INDEX or (kind == MASK and self.dropout_mask == "byte")

    def weights_bytes(self, arrays: Iterable[Size]) -> Size:
        """The bytes of weights, or of their gradients: arrays of so many elements."""
        return total([tensor_bytes(elements, self.weight_bits) for elements in arrays])

    def optimizer_bytes(self, arrays: Iterable[Size]) -> Size:
        """The bytes that the optimizer keeps for weights that are trained, the master copy included."""
        width = MASTER if self.master_weights else self.weight_bits
        copies = OPTIMIZERS[self.optimizer] + self.master_weights
        return total([tensor_bytes(elements, width) for elements in arrays]) * copies


USUAL = Setup()
WORDS: Mapping[str, tuple[str, ...]] = {
    "dropout_mask": tuple(MASKS),
    "attention": ("fused", "stored"),
    "concat": ("copy", "shared"),
    "optimizer": tuple(OPTIMIZERS),
    "schedule": ("file", "best"),
}
"""What may be chosen, by the name of the choice."""


def checked(setup: Setup, precision: str) -> Setup:
    """The setup in a precision: of activations, and of weights unless these have their own. Raises UsageError.

    Mixed precision is float16 for both, with a float32 copy of the weights for the optimizer. Source: Micikevicius et
    al. 2017, arXiv:1710.03740, section 3.1; Rajbhandari et al. 2019, arXiv:1910.02054, section 3.1.
    """
    for name, words in WORDS.items():
        said = getattr(setup, name)
        if said not in words:
            message = f"{name.replace('_', ' ')} is one of {', '.join(words)}, not '{said}'"
            raise UsageError(message, hint=did_you_mean(str(said), words))
    if precision == MIXED:
        return setup._replace(activations="float16", master_weights=True)
    bits(precision)
    if setup.weights is not None:
        bits(setup.weights)
    return setup._replace(activations=precision)
