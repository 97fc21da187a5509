"""The lower convex hull of all schedules, and the prices at which a frontier is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.potentials import OUT_OF_TIME_STATE, backward

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["convex_hull", "spread_prices"]

_STEEPEST = 1e290  # slope beyond which a price would overflow
_FLATTEST = 1e-300  # slopes below this are none


@compiled
def convex_hull(graph: Graph, most: int, deadline_s: float) -> Floats:
    """Return (vertices, 2) times and energies on the lower convex hull, by time.

    Behind the deadline there are fewer: those found, or none at all.

    The quickest and the most frugal schedule come first; between two neighbours the price at
    which both cost the same either finds a schedule that costs less, a new vertex, or proves
    that there is none (Y. P. Aneja, K. P. K. Nair, "Bicriteria transportation problem",
    Management Science 25 (1979) 73–78). At most ``most`` vertices, the widest gaps first.
    """
    states = graph.entry.shape[1]
    shape = ((graph.start.size - 1) // states, states)
    after, after_time = np.empty(shape), np.empty(shape)
    after_energy, arrival = np.empty(shape), np.empty(shape)
    option, following = np.empty(shape, np.int64), np.empty(shape, np.int64)
    points = np.empty((most, 2))
    for end in range(2):
        path = backward(
            graph, 1.0 - end, float(end),
            after, after_time, after_energy, arrival, option, following, deadline_s,
        )  # fmt: skip
        if path[3] == OUT_OF_TIME_STATE:
            return points[:0]
        points[end, 0], points[end, 1] = path[1], path[2]
    used = 2
    # pairs of neighbours still to look between, first in first out: wide gaps before narrow ones
    queue = np.zeros((4 * most, 2), np.int64)
    queue[0, 1] = 1
    head, tail = 0, 1
    while head < tail and used < most:
        left, right = queue[head]
        head += 1
        wider = points[right, 0] - points[left, 0]
        lower = points[left, 1] - points[right, 1]
        if not (wider > 0.0 and lower > 0.0):
            continue
        if wider <= lower / _STEEPEST:
            continue
        price = lower / wider
        cost, time, energy, state = backward(
            graph, price, 1.0,
            after, after_time, after_energy, arrival, option, following, deadline_s,
        )  # fmt: skip
        if state == OUT_OF_TIME_STATE:
            break
        chord = points[left, 1] + price * points[left, 0]
        inside = points[left, 0] < time < points[right, 0]
        if not inside or cost >= chord - 1e-13 * abs(chord):
            continue
        points[used, 0], points[used, 1] = time, energy
        queue[tail, 0], queue[tail, 1] = left, used
        queue[tail + 1, 0], queue[tail + 1, 1] = used, right
        tail += 2
        used += 1
    points = points[:used]
    return points[np.argsort(points[:, 0])]


def spread_prices(hull: Floats, count: int, highest: float, usual: float) -> tuple[Floats, Floats]:
    """Spread prices over the hull's slopes, and split its range of time between them.

    Parameters
    ----------
    highest
        Most price.
    usual
        A price for a hull without slopes: one schedule is both the quickest and the most frugal.

    Returns
    -------
    tuple of arrays
        (prices) descending prices, the last one 0; (prices) times, ascending: between those at i
        and i + 1 schedules are bounded at these two prices.
    """
    wide = np.concatenate([[True], np.diff(hull[:, 0]) > 0.0])
    hull = hull[wide]
    fall, run = -np.diff(hull[:, 1]), np.diff(hull[:, 0])
    with np.errstate(over="ignore"):
        slopes = np.clip(fall / run, 0.0, highest / 2)
    if not slopes.max(initial=0.0) > _FLATTEST:
        return np.array([usual, 0.0]), hull[[0, 0], 0]
    slopes = np.maximum.accumulate(slopes[::-1])[::-1]  # they fall, but for rounding
    middle = (hull[1:, 0] + hull[:-1, 0]) / 2
    # twice the steepest slope bounds what is even quicker, 0 what is even more frugal
    slopes = np.concatenate([[2.0 * slopes[0]], slopes, [0.0]])
    middle = np.concatenate([hull[:1, 0], middle, hull[-1:, 0]])
    place = np.linspace(0.0, slopes.size - 1.0, count)
    prices = np.minimum.accumulate(np.interp(place, np.arange(slopes.size), slopes))
    times = np.interp(place, np.arange(slopes.size), middle)
    distinct = np.concatenate([[True], np.diff(prices) < 0.0])
    return prices[distinct], times[distinct]
