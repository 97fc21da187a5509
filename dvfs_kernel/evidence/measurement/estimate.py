"""A quantity that was measured several times: its mean, and how well the mean is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import stats

from dvfs_kernel.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["CONFIDENCE", "Estimate"]

#: Of every interval that is not told otherwise.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its confidence interval, mean ± half_width.

    Parameters
    ----------
    half_width
        Infinite where a single value says nothing of the spread.
    count
        Values that went in.
    """

    mean: float
    half_width: float
    count: int

    @classmethod
    def of(
        cls, values: Sequence[float] | npt.NDArray[np.float64], confidence: float = CONFIDENCE
    ) -> Self:
        """Estimate the mean of a population from independent values, by Student's t.

        Samples that follow each other closely are not independent: give means of blocks that lie
        apart.

        Raises
        ------
        MeasurementError
            There is no value.
        """
        array = np.asarray(values, dtype=np.float64)
        if array.size == 0:
            raise MeasurementError("no value was measured")
        if array.size == 1:
            return cls(float(array[0]), math.inf, 1)
        error = float(array.std(ddof=1)) / math.sqrt(array.size)
        quantile = float(stats.t.ppf((1 + confidence) / 2, array.size - 1))
        return cls(float(array.mean()), quantile * error, int(array.size))

    @property
    def relative(self) -> float:
        """Half width as a share of the mean."""
        return self.half_width / abs(self.mean) if self.mean else math.inf

    def __mul__(self, other: Estimate) -> Estimate:
        """Multiply two independent estimates; small relative errors add as squares."""
        mean = self.mean * other.mean
        half_width = math.hypot(self.half_width * other.mean, other.half_width * self.mean)
        return Estimate(mean, half_width, min(self.count, other.count))

    def scaled(self, factor: float) -> Estimate:
        """Multiply by a number that is known exactly."""
        return Estimate(self.mean * factor, self.half_width * abs(factor), self.count)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields; a half width that is not known is None."""
        known = math.isfinite(self.half_width)
        return {
            "mean": self.mean,
            "half_width": self.half_width if known else None,
            "count": self.count,
        }
