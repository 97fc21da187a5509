"""Seeded whole numbers that are the same on every machine and with every version of NumPy."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Draws"]


class Draws:
    """Draws from the raw 64-bit stream of PCG64.

    NumPy keeps the streams of its bit generators for good; those of `numpy.random.Generator` may
    change from version to version.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Whole numbers from `low` up to, not including, `high`, evenly (but for 1 part in 2⁵⁰)."""
        raw = self._bits.random_raw(prod(shape))
        drawn: npt.NDArray[np.int64] = (raw % np.uint64(high - low)).astype(np.int64) + low
        return drawn.reshape(shape)

    def integer(self, low: int, high: int) -> int:
        """Draw one whole number."""
        return int(self.integers(low, high, (1,))[0])
