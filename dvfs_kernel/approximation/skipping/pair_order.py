"""An order of input channels that brings what is insignificant into the same pairs.

All output channels and all taps of a kernel share the order. A pair is left out where both of its
products are: so two channels belong together where leaving out both, seen over all outputs and
taps, happens most often. That is a matching of greatest weight; it is found greedily and then
improved by exchanging partners between two pairs until nothing is gained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.pairs import lane_pairs, natural_order
from dvfs_kernel.approximation.skipping.skippable import channel_count, weight_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = ["order_by_gain", "pair_order", "together"]

# Gain of pairing two positions that do not exist: never.
_NEVER = -1e18
_EXCHANGES_PER_PAIR = 50


def pair_order(
    layer: Skippable,
    joint_scores: Callable[[npt.NDArray[np.intp]], npt.NDArray[np.float64]],
    threshold: float,
) -> npt.NDArray[np.intp]:
    """Return the order of input channels with which most pairs are below a threshold.

    Parameters
    ----------
    joint_scores
        Significance of pairs of positions, (output channels, pairs), of pairs (pairs, 2).
    threshold
        A pair whose significance is at most this is left out.

    Returns
    -------
    intp array
        Input channels in their order. It is the natural one where pairs reach from one tap of the
        kernel into the next, as with the three channels of a picture, or where nothing is gained.
    """
    channels = channel_count(layer)
    taps = weight_matrix(layer).shape[1] // channels
    if channels < 3 or (taps > 1 and channels % 4):
        return natural_order(layer)
    gain = together(channels, taps, joint_scores, threshold)
    return order_by_gain(gain)


def together(
    channels: int,
    taps: int,
    joint_scores: Callable[[npt.NDArray[np.intp]], npt.NDArray[np.float64]],
    threshold: float,
) -> npt.NDArray[np.float64]:
    """Count for each two input channels the pairs that are left out where they are partners.

    Returns
    -------
    float array, (channels, channels + 1)
        The last column: of a channel that has no partner.
    """
    gain = np.zeros((channels, channels + 1))
    bases = np.arange(taps) * channels
    for channel in range(channels):
        others = np.arange(channel + 1, channels + 1)
        right = np.where(others == channels, -1, bases[:, None] + others)
        left = np.broadcast_to(bases[:, None] + channel, right.shape)
        scores = joint_scores(np.stack([left, right], axis=2).reshape(-1, 2))
        counts = (scores <= threshold).sum(axis=0).reshape(taps, -1).sum(axis=0)
        gain[channel, channel + 1 :] = counts
    square = gain[:, :channels]
    gain[:, :channels] = square + square.T
    return gain


def order_by_gain(gain: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return the order in which partners with the greatest gain in sum share their pairs.

    Parameters
    ----------
    gain
        As `together` returns it.
    """
    channels = len(gain)
    # Of four places the pairs are (0, 2) and (1, 3): two channels that are left have none but gaps.
    gaps = (0, 1, 2, 1)[channels % 4]
    size = channels + gaps
    full = np.full((size, size), _NEVER)
    full[:channels, :channels] = gain[:, :channels]
    full[:channels, channels:] = gain[:, channels:]
    full[channels:, :channels] = gain[:, channels:].T
    np.fill_diagonal(full, _NEVER)
    left, right = _exchanged(full, *_greedy(full))
    natural = np.arange(channels)
    own, other = lane_pairs(channels).T
    if full[left, right].sum() <= full[own, np.where(other < 0, channels, other)].sum():
        return natural
    return _laid_out(left, right, channels)


def _greedy(gain: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    size = len(gain)
    rows, places = np.triu_indices(size, 1)
    best_first = np.argsort(-gain[rows, places], kind="stable")
    free = np.ones(size, dtype=bool)
    chosen = []
    for a, b in zip(rows[best_first], places[best_first], strict=True):
        if free[a] and free[b]:
            free[a] = free[b] = False
            chosen.append((a, b))
    left, right = np.array(chosen, dtype=np.intp).reshape(-1, 2).T
    return left.copy(), right.copy()


def _exchanged(
    gain: npt.NDArray[np.float64], left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Exchange partners of two pairs while the sum grows."""
    for _ in range(_EXCHANGES_PER_PAIR * len(left)):
        own = gain[left, right]
        before = own[:, None] + own
        crossed = gain[np.ix_(left, right)]
        cross = crossed + crossed.T - before  # (a, d), (c, b)
        straight = gain[np.ix_(left, left)] + gain[np.ix_(right, right)] - before  # (a, c), (b, d)
        np.fill_diagonal(cross, 0)
        np.fill_diagonal(straight, 0)
        use_cross = cross.max(initial=0) >= straight.max(initial=0)
        better = cross if use_cross else straight
        if better.max(initial=0) <= 0:
            break
        i, j = np.unravel_index(int(better.argmax()), better.shape)
        if use_cross:
            right[i], right[j] = right[j], right[i]
        else:
            right[i], left[j] = left[j], right[i]
    return left, right


def _laid_out(
    left: npt.NDArray[np.intp], right: npt.NDArray[np.intp], channels: int
) -> npt.NDArray[np.intp]:
    """Place partners two apart, full pairs before those with a gap."""
    first, second = np.minimum(left, right), np.maximum(left, right)
    ranks = np.lexsort((first, second >= channels))
    first, second = first[ranks], second[ranks]
    if len(first) % 2:
        first, second = np.append(first, channels), np.append(second, channels)
    fours = np.stack([first[0::2], first[1::2], second[0::2], second[1::2]], axis=1).reshape(-1)
    order: npt.NDArray[np.intp] = fours[fours < channels]
    return order
