"""Significance of pairs where the weights that stay make up for those that go.

The error of leaving a pair out is least if the other weights of the output channel are fitted anew
by least squares. Pair after pair is removed, always the one that costs least then: the optimal
brain surgeon (B. Hassibi and D. G. Stork, NIPS 1992), exact for one layer as in optimal brain
compression (E. Frantar and D. Alistarh, NeurIPS 2022, arXiv 2208.11580), here for pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.pairs import NO_POSITION
from dvfs_kernel.approximation.skipping.skippable import weight_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.approximation.significance.moments import Moments
    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = ["fitted_weights", "removal_scores"]

# Added to the diagonal, in units of its mean: what keeps inputs that hardly vary from having
# weights without bounds.
_REMOVAL_DAMPING = 1e-2
_FIT_DAMPING = 1e-4
_LEAST_VARIANCE = 1e-6


def removal_scores(
    layer: Skippable,
    moments: Moments,
    factors: npt.NDArray[np.float64],
    pairs: npt.NDArray[np.intp],
    channel_done: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float64]:
    """Return what removing each pair costs when its turn comes, (output channels, pairs).

    Parameters
    ----------
    factors
        From `scores.output_factors`: costs are in squared steps of the layer's output.
    channel_done
        Called with the number of output channels done so far; may raise to interrupt.

    Notes
    -----
    A pair's turn never comes before that of one with a lower score in its channel: what is at most
    a threshold is the set that was removed by then. Time grows as channels × positions³.
    """
    covariance = _damped(moments.covariance, _REMOVAL_DAMPING)
    inverse: npt.NDArray[np.float64] = np.linalg.inv(covariance).astype(np.float64)
    weights = weight_matrix(layer) * factors[:, None]
    scores = np.zeros((len(weights), len(pairs)))
    for channel, row in enumerate(weights):
        scores[channel] = _removals(row, inverse, pairs)
        if channel_done is not None:
            channel_done(channel + 1)
    return scores


def fitted_weights(
    layer: Skippable, moments: Moments, dropped: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    """Return weights whose sums are closest to the layer's without the dropped products.

    Rows of which nothing with a weight is dropped stay as they are. Means are left to the bias.
    """
    covariance = moments.covariance
    damping = _damped(covariance, _FIT_DAMPING) - covariance
    own = weight_matrix(layer)
    result = np.where(dropped, np.int8(0), own)
    for channel in np.flatnonzero((dropped & (own != 0)).any(axis=1)):
        stays = np.flatnonzero(~dropped[channel])
        if not len(stays):
            continue
        row = own[channel].astype(np.float64)
        # What is damped is the change: without need the weights stay what they are.
        target = covariance[stays] @ row + damping[stays, stays] * row[stays]
        matrix = covariance[np.ix_(stays, stays)] + damping[np.ix_(stays, stays)]
        fitted = np.linalg.solve(matrix, target)
        result[channel, stays] = np.clip(np.rint(fitted), -127, 127).astype(np.int8)
    return result


def _damped(covariance: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    mean = float(np.diag(covariance).mean())
    return covariance + max(share * mean, _LEAST_VARIANCE) * np.eye(len(covariance))


def _removals(
    row: npt.NDArray[np.float64], inverse: npt.NDArray[np.float64], pairs: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Remove all pairs of one output channel, and return what each one cost."""
    scores = np.zeros(len(pairs))
    weights, inverse = row.copy(), inverse.copy()
    alive = np.arange(len(pairs))  # pairs that are there still
    places = pairs.copy()  # where their positions are in weights and inverse
    cost = 0.0
    while len(alive):
        costs = _pair_costs(weights, inverse, places)
        cheapest = int(costs.argmin())
        cost = max(cost, float(costs[cheapest]))
        scores[alive[cheapest]] = cost
        gone = places[cheapest][places[cheapest] != NO_POSITION]
        columns = inverse[:, gone]
        step = columns @ np.linalg.inv(inverse[np.ix_(gone, gone)])
        weights -= step @ weights[gone]
        inverse -= step @ columns.T
        weights[gone] = 0
        alive = np.delete(alive, cheapest)
        places = np.delete(places, cheapest, axis=0)
        if len(places) * 4 < len(weights) and len(places):
            # Half of what is held has gone: the rest is done on a matrix of a quarter.
            kept = np.unique(places[places != NO_POSITION])
            where = np.zeros(len(weights), dtype=np.intp)
            where[kept] = np.arange(len(kept))
            places = np.where(places == NO_POSITION, NO_POSITION, where[places])
            weights, inverse = weights[kept], inverse[np.ix_(kept, kept)]
    return scores


def _pair_costs(
    weights: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    places: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Return w_pᵀ (H⁻¹_pp)⁻¹ w_p of each pair p."""
    first, second = places.T
    alone = second == NO_POSITION
    diagonal = np.diag(inverse)
    a, b = weights[first], np.where(alone, 0.0, weights[second])
    aa, bb = diagonal[first], np.where(alone, 1.0, diagonal[second])
    ab = np.where(alone, 0.0, inverse[first, second])
    determinant = np.maximum(aa * bb - ab**2, 1e-30)
    costs: npt.NDArray[np.float64] = (a**2 * bb + b**2 * aa - 2 * a * b * ab) / determinant
    return np.maximum(costs, 0.0)
