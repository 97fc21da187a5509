"""Made-up pictures with the statistics of natural ones, in integer arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.networks.draws import Draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.tensor import Shape

__all__ = ["dead_leaves"]

_DISCS = 160
_NOISE = 6


def dead_leaves(shape: Shape, seed: int) -> npt.NDArray[np.int8]:
    """Make a picture of discs that cover one another, with a little noise.

    Discs with radii of density 1/r³ on top of one another have the edges and the power spectrum of
    natural pictures (Lee, Mumford, Huang: Occlusion models for natural images, 2001).

    Parameters
    ----------
    shape
        (height, width, channels).
    seed
        The same seed makes the same picture on every machine: only whole numbers are drawn and
        only integer arithmetic is used.

    Returns
    -------
    int8 array: pixel value − 128, as networks take pixels with scale 2/255 and zero point −1.
    """
    height, width, channels = shape
    draws = Draws(seed)
    rows = np.arange(height)[:, None]
    columns = np.arange(width)[None, :]
    picture = np.zeros(shape, dtype=np.int64)
    picture += draws.integers(40, 216, (channels,))
    largest = max(height, width) // 2
    for _ in range(_DISCS):
        # r = largest / k with k² uniform has density 1/r³.
        square = draws.integer(1, largest * largest // 4 + 1)
        center_row, center_column = draws.integer(0, height), draws.integer(0, width)
        colour = draws.integers(0, 256, (channels,))
        distance = (rows - center_row) ** 2 + (columns - center_column) ** 2
        picture[distance * square <= largest * largest] = colour
    picture += draws.integers(-_NOISE, _NOISE + 1, shape)
    return (np.clip(picture, 0, 255) - 128).astype(np.int8)
