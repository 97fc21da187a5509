"""First and second moments of what a layer multiplies, over images and output pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.skippable import columns
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = ["Moments", "measure_moments"]


@dataclass(frozen=True)
class Moments:
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
    Sums of products of int16 are whole numbers, which double precision holds exactly up to 2**53:
    the result does not depend on how images are split into batches.

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
        seen = columns(layer, batch, zero_point).astype(np.float64)
        flat = seen.reshape(-1, seen.shape[2])
        count += len(flat)
        total = total + flat.sum(axis=0)
        products = products + flat.T @ flat
    if not count:
        raise ArgumentError(
            f"the moments of layer {layer.name!r} need at least one image, and there is none"
        )
    return Moments(count, total / count, products / count)
