"""Frontiers of cost and loss, and the way along the convex hulls of several layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from dvfs_kernel.approximation.search.space import Levels

__all__ = ["hull_walk", "not_dominated"]

T = TypeVar("T")


def not_dominated(
    items: Iterable[T], cost: Callable[[T], float], loss: Callable[[T], float]
) -> list[T]:
    """Return the items of which no other one has less of one and no more of the other.

    Returns
    -------
    list
        By falling cost; the loss rises.
    """
    kept: list[T] = []
    for item in sorted(items, key=lambda item: (cost(item), loss(item))):
        if not kept or loss(item) < loss(kept[-1]):
            kept.append(item)
    return kept[::-1]


def hull_walk(
    costs: Sequence[npt.NDArray[np.float64]], losses: Sequence[npt.NDArray[np.float64]]
) -> list[Levels]:
    """Return the levels that are best for some price of a loss, if losses added up.

    Parameters
    ----------
    costs, losses
        Of each level of each layer; level 0 has no loss.

    Returns
    -------
    list of tuples
        From level 0 of all layers to the least cost there is; each differs from the one before it
        in one layer.
    """
    steps = []
    for layer, (cost, loss) in enumerate(zip(costs, losses, strict=True)):
        level, price = 0, 0.0
        while True:
            saves = cost[level] - cost
            rises = loss - loss[level]
            ahead = np.flatnonzero(saves > 0)
            if not len(ahead):
                break
            prices = np.maximum(rises[ahead], 0) / saves[ahead]
            # The cheapest step; of several the longest.
            cheapest = prices.min()
            ties = ahead[prices == cheapest]
            level = int(ties[saves[ties].argmax()])
            # Within a layer prices never fall, so that sorting keeps its steps in order.
            price = max(price, float(cheapest))
            steps.append((price, layer, level))
    steps.sort(key=lambda step: step[0])
    levels = [0] * len(costs)
    walk = [tuple(levels)]
    for _, layer, level in steps:
        levels[layer] = level
        walk.append(tuple(levels))
    return walk
