"""What is done with a finished run of labels: thinning it, and completing it to whole paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.label_search import Sample
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds
    from dvfs_kernel.layered_graph.label_search import Limits, Place
    from dvfs_kernel.layered_graph.merging import Run
    from dvfs_kernel.layered_graph.wanted_region import Region

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["complete_to_best", "complete_to_sample", "new_sample", "thin_out"]

INFINITY = np.inf
_CHECK = 1 << 16  # labels between two looks at the clock


@compiled
def new_sample(buckets: int, start: float, end: float) -> Sample:
    """Return so many empty buckets from one time to another."""
    return Sample(
        start,
        max((end - start) / max(buckets, 1), 1e-300),
        np.full(buckets, INFINITY),
        np.full(buckets, INFINITY),
        np.zeros((buckets, 4), np.int64),
    )


@compiled
def thin_out(run: Run, length: int, width: float, region: Region) -> int:
    """Keep of every stretch of time the label that is furthest inside the wanted region."""
    since, top, price, count = region.since, region.top, region.price, region.pieces[0]
    times, energies, traces = run
    out, piece, most, current = 0, 0, -INFINITY, -INFINITY
    for label in range(length):
        time = times[label]
        while piece + 1 < count and time >= since[piece + 1]:
            piece += 1
        margin = top[piece] - region.prices[price[piece]] * time - energies[label]
        stretch = np.floor(time / width)
        if stretch != current:
            current, most = stretch, -INFINITY
            out += 1
        if margin > most:
            most = margin
            times[out - 1], energies[out - 1], traces[out - 1] = (
                time,
                energies[label],
                traces[label],
            )
    return out


@compiled
def complete_to_best(
    run: Run, length: int, place: Place, bounds: Bounds, limits: Limits, best: Floats
) -> None:
    """Complete each label by the cheapest rest at each price; keep the best that is in time.

    The labels are those behind the ones that are stored. Behind the deadline the labels that are
    left are not completed.
    """
    layer, state = place.layer, place.state
    for label in range(length):
        if label % _CHECK == _CHECK - 1 and monotonic_s() > limits.deadline_s:
            break
        for price in range(bounds.after_time.shape[2]):
            whole = run[1][label] + bounds.after_energy[layer, state, price]
            if whole >= best[0]:
                continue
            if run[0][label] + bounds.after_time[layer, state, price] <= limits.surely_in_time:
                best[0], best[1], best[2] = whole, layer, place.stored + label
                best[3], best[4] = state, price


@compiled
def complete_to_sample(
    run: Run, length: int, place: Place, bounds: Bounds, region: Region, sample: Sample
) -> None:
    """Complete each label at the price it is wanted for; keep the best of each bucket of time."""
    since, price, count = region.since, region.price, region.pieces[0]
    layer, state = place.layer, place.state
    piece = 0
    for label in range(length):
        while piece + 1 < count and run[0][label] >= since[piece + 1]:
            piece += 1
        which = price[piece]
        whole_time = run[0][label] + bounds.after_time[layer, state, which]
        whole_energy = run[1][label] + bounds.after_energy[layer, state, which]
        behind = (whole_time - sample.start) / sample.width
        bucket = int(min(max(behind, 0.0), sample.time.size - 1.0))
        if whole_energy < sample.energy[bucket] or (
            whole_energy == sample.energy[bucket] and whole_time < sample.time[bucket]
        ):
            sample.time[bucket], sample.energy[bucket] = whole_time, whole_energy
            sample.origin[bucket, 0], sample.origin[bucket, 1] = layer, place.stored + label
            sample.origin[bucket, 2], sample.origin[bucket, 3] = state, which
