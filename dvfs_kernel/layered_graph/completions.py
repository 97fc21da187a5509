"""What is done with a finished run of labels: thinning it, and completing it to whole paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds
    from dvfs_kernel.layered_graph.merging import Run

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["complete_to_best", "complete_to_sample", "thin_out"]

INFINITY = np.inf
_CHECK = 1 << 16  # labels between two looks at the clock


@compiled
def thin_out(
    run: Run, length: int, width: float,
    prices: Floats, pieces: int, since: Floats, top: Floats, price: Ints,
) -> int:  # fmt: skip
    """Keep of every stretch of time the label that is furthest inside the wanted region."""
    out, piece, most, current = 0, 0, -INFINITY, -INFINITY
    for label in range(length):
        time = run[0][label]
        while piece + 1 < pieces and time >= since[piece + 1]:
            piece += 1
        margin = top[piece] - prices[price[piece]] * time - run[1][label]
        stretch = np.floor(time / width)
        if stretch != current:
            current, most = stretch, -INFINITY
            out += 1
        if margin > most:
            most = margin
            run[0][out - 1], run[1][out - 1], run[2][out - 1] = time, run[1][label], run[2][label]
    return out


@compiled
def complete_to_best(
    run: Run, length: int, first_label: int, layer: int, state: int,
    bounds: Bounds, latest: float, deadline_s: float, best: Floats,
) -> None:  # fmt: skip
    """Complete each label by the cheapest rest at each price; keep the best that is in time.

    Behind the deadline the labels that are left are not completed.
    """
    for label in range(length):
        if label % _CHECK == _CHECK - 1 and monotonic_s() > deadline_s:
            break
        for price in range(bounds.after_time.shape[2]):
            whole = run[1][label] + bounds.after_energy[layer, state, price]
            if whole < best[0] and run[0][label] + bounds.after_time[layer, state, price] <= latest:
                best[0], best[1], best[2] = whole, layer, first_label + label
                best[3], best[4] = state, price


@compiled
def complete_to_sample(
    run: Run, length: int, first_label: int, layer: int, state: int,
    bounds: Bounds, pieces: int, since: Floats, price: Ints,
    sample_start: float, sample_width: float,
    sample_time: Floats, sample_energy: Floats, sample: Ints,
) -> None:  # fmt: skip
    """Complete each label at the price it is wanted for; keep the best of each bucket of time."""
    piece = 0
    for label in range(length):
        while piece + 1 < pieces and run[0][label] >= since[piece + 1]:
            piece += 1
        which = price[piece]
        whole_time = run[0][label] + bounds.after_time[layer, state, which]
        whole_energy = run[1][label] + bounds.after_energy[layer, state, which]
        place = (whole_time - sample_start) / sample_width
        bucket = int(min(max(place, 0.0), sample_time.size - 1.0))
        if whole_energy < sample_energy[bucket] or (
            whole_energy == sample_energy[bucket] and whole_time < sample_time[bucket]
        ):
            sample_time[bucket], sample_energy[bucket] = whole_time, whole_energy
            sample[bucket, 0], sample[bucket, 1] = layer, first_label + label
            sample[bucket, 2], sample[bucket, 3] = state, which
