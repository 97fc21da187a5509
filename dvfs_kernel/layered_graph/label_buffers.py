"""What a search for labels works in, beside the runs of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled, compiled_into_callers
from dvfs_kernel.layered_graph.merging import grown, grown_pair, room_left
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.label_search import Limits
    from dvfs_kernel.layered_graph.merging import Pair, Run

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Buffers", "copied", "new_buffers", "out_of_time", "with_room", "with_room_to_merge"]

_CHECK = 1 << 15  # candidates between two looks at the clock


class Buffers(NamedTuple):
    """What all stages of a search share: it is written in place, and does not grow.

    Attributes
    ----------
    before_start, made_start
        (states + 1) where the labels of each state start, in the layer before and in this one.
    shared_start
        Where the labels of each group of `Links` start.
    ends
        Where runs end that lie end to end: run i before ``ends[i + 1]``.
    smallest
        (labels kept) as of `merge_runs`.
    held
        (1) for how many labels there is room in all runs together.
    until_check
        (1) how many candidates until the next look at the clock.
    """

    before_start: Ints
    made_start: Ints
    shared_start: Ints
    ends: Ints
    smallest: Floats
    held: Ints
    until_check: Ints


@compiled
def new_buffers(graph: Graph, keep: int) -> Buffers:
    """Return what a search on a graph works in that keeps ``keep`` labels of those in order."""
    states = graph.entry.shape[1]
    largest_group = 0
    for group in range(graph.start.size - 1):
        largest_group = max(largest_group, graph.start[group + 1] - graph.start[group])
    return Buffers(
        np.zeros(states + 1, np.int64), np.zeros(states + 1, np.int64),
        np.zeros(states * states + 1, np.int64),
        np.zeros(states + largest_group + 4, np.int64),
        np.empty(keep), np.zeros(1, np.int64), np.full(1, _CHECK),
    )  # fmt: skip


@compiled_into_callers
def out_of_time(until_check: Ints, work: int, deadline_s: float) -> bool:
    """Count candidates that were worked on; every so many, tell whether the deadline is behind."""
    until_check[0] -= work
    if until_check[0] >= 0:
        return False
    until_check[0] = _CHECK
    return bool(monotonic_s() > deadline_s)


@compiled
def copied(source: Run, first: int, last: int, target: Run, out: int) -> None:
    """Copy the labels [first, last) to where ``out`` is."""
    end = out + last - first
    target[0][out:end] = source[0][first:last]
    target[1][out:end] = source[1][first:last]
    target[2][out:end] = source[2][first:last]


@compiled
def with_room(
    run: Run, used: int, size: int, held: Ints, stored: int, limits: Limits
) -> tuple[Run, bool]:
    """Return a run with room for ``size`` labels, the first ``used`` ones kept.

    The second value tells whether memory allows it; if not, the run is as it was. ``stored`` is
    the number of labels whose traces are kept.
    """
    before = run[0].size
    run, fits = grown(run, used, size, room_left(held[0], stored, limits.memory_labels))
    held[0] += run[0].size - before
    return run, fits


@compiled
def with_room_to_merge(
    pair: Pair, used: int, size: int, held: Ints, stored: int, limits: Limits
) -> tuple[Pair, bool]:
    """Return a pair with room for ``size`` labels, as `with_room` returns a run."""
    before = pair.run[0].size
    pair, fits = grown_pair(pair, used, size, room_left(held[0], stored, limits.memory_labels))
    held[0] += 2 * (pair.run[0].size - before)
    return pair, fits
