"""The region of wanted labels of one layer and state, and the walk of a run of labels over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled, compiled_into_callers
from dvfs_kernel.layered_graph.envelope import lower_envelope, upper_envelope_of_tents

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.label_search import Ceilings, Limits
    from dvfs_kernel.layered_graph.merging import Run

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Region", "Step", "append_wanted", "find_region", "new_region"]

INFINITY = np.inf


class Region(NamedTuple):
    """Which labels are wanted: those under an envelope (``envelope.py``), up to a time.

    Attributes
    ----------
    prices
        To which the pieces' numbers belong.
    since
        When each piece of the envelope begins.
    top, price
        Height of its line at time 0, and the number of its price.
    pieces
        (1) how many there are; 0: no label is wanted.
    latest
        (1) most time of a label.
    """

    prices: Floats
    since: Floats
    top: Floats
    price: Ints
    pieces: Ints
    latest: Floats


class Step(NamedTuple):
    """What one more switch or option adds to a label."""

    time: float
    energy: float
    trace: int


@compiled
def new_region(prices: Floats) -> Region:
    """Return an empty region, with room for an envelope of lines or tents of these prices."""
    most = 2 * prices.size + 1
    return Region(
        prices, np.empty(most), np.empty(most), np.zeros(most, np.int64),
        np.zeros(1, np.int64), np.empty(1),
    )  # fmt: skip


@compiled_into_callers
def find_region(
    region: Region, rest: Floats, quickest: float, ceilings: Ceilings, limits: Limits
) -> bool:
    """Find the region in which a label can be completed to a wanted path; tell if there is one.

    Invariant: a label outside it has no completion that costs no more than the ceilings allow and
    keeps the bound on time.

    Parameters
    ----------
    region
        Overwritten.
    rest
        (prices) least cost of the rest of a path.
    quickest
        Least time of the rest.
    """
    prices, since, top, price, pieces, latest = region
    if ceilings.lines.size == 0:
        pieces[0] = upper_envelope_of_tents(
            prices, rest, ceilings.tents, limits.bound, since, top, price
        )
    else:
        pieces[0] = lower_envelope(prices, rest, ceilings.lines, since, top, price)
    latest[0] = limits.bound + limits.slack_time - quickest
    return bool(pieces[0] > 0)


@compiled_into_callers
def append_wanted(
    source: Run, first: int, last: int, step: Step, region: Region, result: Run, out: int
) -> int:
    """Append the labels [first, last), moved by a step, that are still wanted.

    Invariant: labels stay in order; what is left out lies outside the region.
    """
    times, energies, traces = source
    out_times, out_energies, out_traces = result
    prices, since, top, price = region.prices, region.since, region.top, region.price
    count, latest = region.pieces[0], region.latest[0]
    more_time, more_energy, more_trace = step
    piece = 0
    until = since[1] if count > 1 else INFINITY
    height, slope = top[0], prices[price[0]]
    for label in range(first, last):
        time = times[label] + more_time
        if time > latest:
            break
        while time >= until:
            piece += 1
            until = since[piece + 1] if piece + 1 < count else INFINITY
            height, slope = top[piece], prices[price[piece]]
        energy = energies[label] + more_energy
        if energy + slope * time <= height:
            out_times[out], out_energies[out] = time, energy
            out_traces[out] = traces[label] + more_trace
            out += 1
    return out
