"""First and second moments of what a layer multiplies, over images and output pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.skippable import columns
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = ["Moments", "measure_moments"]

# Stored value minus zero point is at most 255; single precision holds whole numbers to 2**24.
_COLUMNS_AT_ONCE = (1 << 24) // 255**2


@dataclass(frozen=True, eq=False)
class Moments(ByContent):
    """Moments of a layer's columns x, stored values minus zero point.

    Parameters
    ----------
    count
        Columns seen: images times output pixels.
    mean
        E[x], (input positions).
    second
        E[x xᵀ], (input positions, input positions).
    """

    count: int
    mean: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]

    @property
    def covariance(self) -> npt.NDArray[np.float64]:
        """E[x xᵀ] − E[x] E[x]ᵀ."""
        return self.second - np.outer(self.mean, self.mean)


def measure_moments(
    layer: Skippable, batches: Iterable[npt.NDArray[Any]], zero_point: int
) -> Moments:
    """Add up the moments of a layer's columns.

    Parameters
    ----------
    batches
        Inputs of the layer as stored, each (images, height, width, channels).
    zero_point
        Of the layer's input.

    Notes
    -----
    All sums are exact, so that the result does not depend on how images are split into batches:
    of so few columns at once single precision holds them, and double precision up to 2**53.

    Raises
    ------
    ArgumentError
        There is not one image.
    """
    count = 0
    total: Any = 0.0
    products: Any = 0.0
    for batch in batches:
        if not len(batch):
            continue
        seen = columns(layer, batch, zero_point)
        flat = seen.reshape(-1, seen.shape[2])
        count += len(flat)
        total = total + flat.sum(axis=0, dtype=np.int64)
        for begin in range(0, len(flat), _COLUMNS_AT_ONCE):
            part = flat[begin : begin + _COLUMNS_AT_ONCE].astype(np.float32)
            products = products + (part.T @ part).astype(np.float64)
    if not count:
        raise ArgumentError(
            f"the moments of layer {layer.name!r} need at least one image, and there is none"
        )
    return Moments(count, total / count, products / count)
