"""What is counted while a layer runs: weights when they are made, products when they are done."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Tally:
    """Hands out random weights and does the multiplying, and keeps count of both."""

    def __init__(self, seed: int = 0) -> None:
        self.mult_adds = 0
        self.useful_mult_adds = 0
        self.learned: list[Array] = []
        self.stored: list[Array] = []
        self._random = np.random.default_rng(seed)

    @property
    def params(self) -> int:
        """Scalars that training could change."""
        return sum(array.size for array in self.learned)

    @property
    def buffers(self) -> int:
        """Scalars that are stored and not trained."""
        return sum(array.size for array in self.stored)

    def learn(self, *shape: int) -> Array:
        """A new array of weights."""
        self.learned.append(self._random.uniform(0.1, 1.0, shape) * self._random.choice([-1.0, 1.0], shape))
        return self.learned[-1]

    def store(self, *shape: int) -> Array:
        """A new array of constants."""
        self.stored.append(self._random.uniform(0.1, 1.0, shape))
        return self.stored[-1]

    def apply(self, matrices: Array, vectors: Array, padding: bool = False) -> Array:
        """One matrix times one vector per group: every entry of a matrix is one multiply-accumulate."""
        self.mult_adds += matrices.size
        self.useful_mult_adds += 0 if padding else matrices.size
        product: Array = (matrices * vectors[:, None, :]).sum(axis=-1)
        return product
