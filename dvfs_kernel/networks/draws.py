"""Seeded whole numbers that are the same on every machine and with every version of NumPy."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Draws"]

_WORD: Final = 1 << 32


class Draws:
    """Draws from the raw 64-bit stream of PCG64.

    NumPy keeps the streams of its bit generators for good; those of `numpy.random.Generator` may
    change from version to version. `below`, `shuffled` and `octets` give what NumPy 2's generator
    gives.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)
        self._upper: int | None = None  # the half of a raw number that is not used yet

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Whole numbers from `low` up to, not including, `high`, evenly (but for 1 part in 2⁵⁰)."""
        raw = self._bits.random_raw(prod(shape))
        drawn: npt.NDArray[np.int64] = (raw % np.uint64(high - low)).astype(np.int64) + low
        return drawn.reshape(shape)

    def integer(self, low: int, high: int) -> int:
        """Draw one whole number."""
        return int(self.integers(low, high, (1,))[0])

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 up to, not including, a bound of at most 2³², evenly.

        By D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019),
        algorithm 5, on 32-bit numbers.
        """
        if bound == 1:
            return 0
        product = self._word() * bound
        if product % _WORD < bound:
            threshold = (_WORD - bound) % bound
            while product % _WORD < threshold:
                product = self._word() * bound
        return product // _WORD

    def shuffled(self, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers below a count in an order drawn by Fisher and Yates's method.

        Each place is drawn in as many bits as it may need, again where it is beyond.
        """
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            mask = (1 << last.bit_length()) - 1
            while (other := self._word() & mask) > last:
                pass
            order[last], order[other] = order[other], order[last]
        return np.array(order, np.int64)

    def octets(self, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        """Draw bytes, lowest first of each raw number."""
        count = prod(shape)
        raw = self._bits.random_raw(-(-count // 8)).astype("<u8")
        return raw.view(np.uint8)[:count].reshape(shape)

    def _word(self) -> int:
        """Return 32 bits: the lower half of a raw number, then the upper one."""
        if self._upper is not None:
            word, self._upper = self._upper, None
            return word
        self._upper, word = divmod(int(self._bits.random_raw()), _WORD)
        return word
