"""The wanted region of a layer and state: the most energy a label of a given time may have.

A price p on time and a least cost ``rest`` of the rest of the path turn a ceiling on the cost of
whole paths into a line: a label is wanted only if ``energy ≤ (ceiling − rest) − p · time``.

- One bound on time: every price's line must be kept; the region ends at their lower envelope.
- A frontier: the corner of the frontier that a path might get under lies between two neighbouring
  prices; both their lines must be kept (a tent), for any one pair of neighbours; the region ends
  at the upper envelope of the tents.

Both are found as pieces sorted by time, so that a sorted run of labels is checked in one walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["lower_envelope", "upper_envelope_of_tents"]

INFINITY = np.inf
_ROUNDINGS = 32.0 * np.finfo(np.float64).eps  # of a line's value, where it crosses another one


@compiled
def lower_envelope(
    prices: Floats, rest: Floats, ceiling: Floats, since: Floats, top: Floats, price: Ints
) -> int:
    """Find the minimum of the lines ``ceiling[i] − rest[i] − prices[i] · t``, prices ascending.

    Piece i holds from ``since[i]`` on: ``top[i] − prices[price[i]] · t``. Returns their number;
    0 means that nothing is wanted.
    """
    pieces = 0
    for index in range(prices.size):
        height = ceiling[index] - rest[index]
        if not height > -INFINITY:
            return 0
        begin = -INFINITY
        while pieces > 0:
            begin = (height - top[pieces - 1]) / (prices[index] - prices[price[pieces - 1]])
            if begin > since[pieces - 1]:
                break
            pieces -= 1
            begin = -INFINITY
        since[pieces], top[pieces], price[pieces] = begin, height, index
        pieces += 1
    return pieces


@compiled
def _crossing(
    prices: Floats, tops: Floats, left: int, right: int, left_apex: float, right_apex: float
) -> float:
    """Return from when on tent ``right`` (the flatter one) is not below tent ``left``.

    Their difference never falls, because every slope of the flatter tent is at least every slope
    of the other; it is linear between the two apexes.
    """
    before, after = min(left_apex, right_apex), max(left_apex, right_apex)
    difference = np.empty(2)
    for place in range(2):
        at = before if place == 0 else after
        value_left = min(tops[left, 0] - prices[left] * at, tops[left, 1] - prices[left + 1] * at)
        value_right = min(
            tops[right, 0] - prices[right] * at, tops[right, 1] - prices[right + 1] * at
        )
        difference[place] = value_right - value_left
    if difference[0] >= 0.0:
        slope = float(prices[left + 1] - prices[right + 1])
        return before - float(difference[0]) / slope if slope > 0.0 else -INFINITY
    if difference[1] >= 0.0:
        share: float = difference[0] / (difference[0] - difference[1])
        return before + (after - before) * share
    slope = float(prices[left] - prices[right])
    return after - float(difference[1]) / slope if slope > 0.0 else INFINITY


@compiled
def upper_envelope_of_tents(
    prices: Floats, rest: Floats, ceiling: Floats, latest: float,
    since: Floats, top: Floats, price: Ints,
) -> int:  # fmt: skip
    """Find the maximum of tents, each the minimum of the lines of two neighbouring prices.

    ``prices`` descend; ``ceiling[i]`` are the two ceilings of the tent between prices i and i + 1
    (−inf: no such tent). No label has less time than 0, or more than ``latest`` but for rounding:
    what lies outside need not be right. The pieces are returned as by `lower_envelope`.

    Where two tents cross is known but for rounding, so near there a label may meet the lower one.
    Each line is raised by as much as it can fall in so short a time.
    """
    tents = prices.size - 1
    tops = np.empty((tents, 2))
    apex = np.empty(tents)
    stack = np.empty(tents, np.int64)
    begin = np.empty(tents)
    height = 0
    for tent in range(tents):
        tops[tent, 0] = ceiling[tent, 0] - rest[tent]
        tops[tent, 1] = ceiling[tent, 1] - rest[tent + 1]
        if not (tops[tent, 0] > -INFINITY and tops[tent, 1] > -INFINITY):
            continue
        meeting = (tops[tent, 0] - tops[tent, 1]) / (prices[tent] - prices[tent + 1])
        apex[tent] = min(max(meeting, 0.0), latest)
        since_when = -INFINITY
        while height > 0:
            below = stack[height - 1]
            since_when = _crossing(prices, tops, below, tent, apex[below], apex[tent])
            if since_when > begin[height - 1]:
                break
            height -= 1
            since_when = -INFINITY
        if since_when < INFINITY:
            stack[height], begin[height] = tent, since_when
            height += 1
    pieces = 0
    for place in range(height):
        tent = stack[place]
        end = begin[place + 1] if place + 1 < height else INFINITY
        if begin[place] < apex[tent]:
            since[pieces], price[pieces] = begin[place], tent + 1
            top[pieces] = tops[tent, 1] + _ROUNDINGS * prices[tent + 1] * latest
            pieces += 1
        if apex[tent] < end:
            since[pieces] = max(begin[place], apex[tent])
            top[pieces] = tops[tent, 0] + _ROUNDINGS * prices[tent] * latest
            price[pieces] = tent
            pieces += 1
    return pieces
