"""Pairs of input positions, as one dual multiply-accumulate takes them.

A column lies in memory as int16 lanes that were widened four bytes at a time: of bytes b0 b1 b2 b3
the instruction SXTB16 leaves b0 beside b2, and b1 beside b3 after a rotation. So four positions go
in the pairs (0, 2) and (1, 3), and an order of input channels, the same at each tap of the kernel,
decides which ones these are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.skippable import channel_count, weight_matrix
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = ["NO_POSITION", "gather", "lane_pairs", "natural_order", "position_pairs", "scatter"]

#: Stands in a pair for a position beyond the last one: its product is nothing.
NO_POSITION = -1


def lane_pairs(count: int) -> npt.NDArray[np.intp]:
    """Return the pairs of so many positions in a row, (pairs, 2).

    Examples
    --------
    >>> lane_pairs(7).tolist()
    [[0, 2], [1, 3], [4, 6], [5, -1]]
    """
    fours = np.arange(0, count, 4)[:, None, None] + np.array([[0, 2], [1, 3]])
    pairs = fours.reshape(-1, 2)
    found: npt.NDArray[np.intp] = np.where(pairs < count, pairs, NO_POSITION)
    whole: npt.NDArray[np.intp] = found[pairs[:, 0] < count]
    return whole


def natural_order(layer: Skippable) -> npt.NDArray[np.intp]:
    """Return the order in which input channels are stored."""
    return np.arange(channel_count(layer))


def position_pairs(layer: Skippable, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the pairs of a layer's input positions, (pairs, 2).

    Parameters
    ----------
    order
        The input channels in the order in which columns hold them, at every tap.

    Raises
    ------
    ArgumentError
        The order is no permutation of the input channels.
    """
    channels = channel_count(layer)
    if order.shape != (channels,) or (np.sort(order) != np.arange(channels)).any():
        raise ArgumentError(
            f"layer {layer.name!r} cannot have an order of {order.shape} input channels that does "
            f"not name each of 0 to {channels - 1} once"
        )
    taps = weight_matrix(layer).shape[1] // channels
    stored = (np.arange(taps)[:, None] * channels + order).reshape(-1)
    pairs = lane_pairs(len(stored))
    return np.where(pairs == NO_POSITION, NO_POSITION, stored[pairs])


def gather(matrix: npt.NDArray[Any], pairs: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """Return the values of a matrix (channels, positions) by pairs: (channels, pairs, 2)."""
    beyond = np.zeros((len(matrix), 1), matrix.dtype)
    return np.concatenate([matrix, beyond], axis=1)[:, pairs]


def scatter(
    chosen: npt.NDArray[np.bool_], pairs: npt.NDArray[np.intp], positions: int
) -> npt.NDArray[np.bool_]:
    """Return which positions (channels, positions) are in chosen pairs (channels, pairs)."""
    result = np.zeros((len(chosen), positions + 1), dtype=bool)
    result[:, pairs] = chosen[:, :, None]
    return result[:, :positions]
