"""Runs of labels sorted by time, and how they are merged without their dominated labels.

A run is a triple of arrays: times, energies, traces. A trace packs where a label came from: the
index of its parent (−1: none) in the high half and its option in the low half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Run = tuple[Floats, Floats, Ints]

__all__ = [
    "BYTES_PER_LABEL", "TRACE_SHIFT", "Pair", "grown", "grown_pair", "merge_runs", "new_pair",
    "new_run", "room_left",
]  # fmt: skip

TRACE_SHIFT = 32
INFINITY = np.inf
BYTES_PER_LABEL = 16  # of the memory that a limit on labels stands for
_SLOT = 24  # bytes of a label in a run
_TRACE = 8  # bytes of a label that is kept
_CHECK = 1 << 17  # labels merged between two looks at the clock
_LARGE = 1 << 20  # labels from which on room is not doubled any more
_SMALL = 1 << 15  # labels for which there is always room


class Pair(NamedTuple):
    """Labels that are to be merged, and as much room to merge them into."""

    run: Run
    spare: Run


@compiled
def new_run(size: int) -> Run:
    """Return room for a number of labels."""
    return np.empty(size), np.empty(size), np.empty(size, np.int64)


@compiled
def new_pair(size: int) -> Pair:
    """Return room for a number of labels, and as much to merge them into."""
    return Pair(new_run(size), new_run(size))


@compiled
def room_left(held: int, stored: int, most: int) -> int:
    """Return how many labels more may be held, beside ``stored`` traces, for ``most`` labels."""
    return (most * BYTES_PER_LABEL - stored * _TRACE) // _SLOT - held


@compiled
def grown(run: Run, used: int, size: int, room: int) -> tuple[Run, bool]:
    """Return the run with place for at least ``size`` labels, the first ``used`` ones kept.

    The second value tells whether that needs no more than ``room`` labels; if not, the run is as
    it was.
    """
    if size <= run[0].size:
        return run, True
    if size > room and size > _SMALL:
        return run, False
    before = run[0].size
    larger = new_run(max(size, min(before + (before // 4 if before > _LARGE else before), room)))
    larger[0][:used] = run[0][:used]
    larger[1][:used] = run[1][:used]
    larger[2][:used] = run[2][:used]
    return larger, True


@compiled
def grown_pair(pair: Pair, used: int, size: int, room: int) -> tuple[Pair, bool]:
    """Return a pair whose run is as `grown` returns it."""
    if size <= pair.run[0].size:
        return pair, True
    if 2 * size > room and size > _SMALL:
        return pair, False
    larger, _ = grown(pair.run, used, size, max(room // 2, size))
    return Pair(larger, new_run(larger[0].size)), True


@compiled
def _merge_two(source: Run, first: int, middle: int, last: int, result: Run, out: int) -> int:
    """Merge [first, middle) and [middle, last); of equal labels the first run's stays.

    What was added since a run was sorted can have made neighbours equal in time: then the later
    one has less energy, and takes the place of the one before.
    """
    times, energies, traces = source
    out_times, out_energies, out_traces = result
    left, right, best, latest = first, middle, INFINITY, -INFINITY
    while left < middle and right < last:
        if times[right] < times[left] or (
            times[right] == times[left] and energies[right] < energies[left]
        ):
            take = right
            right += 1
        else:
            take = left
            left += 1
        if energies[take] < best:
            best = energies[take]
            out -= times[take] == latest
            latest = times[take]
            out_times[out], out_energies[out], out_traces[out] = latest, best, traces[take]
            out += 1
    if left == middle:
        left, middle = right, last
    for take in range(left, middle):
        if energies[take] < best:
            best = energies[take]
            out -= times[take] == latest
            latest = times[take]
            out_times[out], out_energies[out], out_traces[out] = latest, best, traces[take]
            out += 1
    return out


@compiled
def _merge_two_keeping(
    source: Run, first: int, middle: int, last: int, result: Run, out: int, smallest: Floats
) -> int:
    """Merge as `_merge_two`, dropping labels behind as many at least as good as ``smallest``."""
    times, energies, traces = source
    left, right = first, middle
    smallest[:] = INFINITY
    while left < middle or right < last:
        if left == middle or (
            right < last
            and (
                times[right] < times[left]
                or (times[right] == times[left] and energies[right] < energies[left])
            )
        ):
            take = right
            right += 1
        else:
            take = left
            left += 1
        value = energies[take]
        if value >= smallest[-1]:
            continue
        place = smallest.size - 1
        while place > 0 and smallest[place - 1] > value:
            smallest[place] = smallest[place - 1]
            place -= 1
        smallest[place] = value
        result[0][out], result[1][out], result[2][out] = times[take], value, traces[take]
        out += 1
    return out


@compiled
def merge_runs(
    pair: Pair, ends: Ints, count: int, smallest: Floats, deadline_s: float
) -> tuple[Pair, int]:
    """Merge ``count`` runs that lie end to end in a pair's run; run i ends before ``ends[i + 1]``.

    A label stays if fewer than ``smallest.size`` labels before it, in order of time, are at
    least as good in energy. ``ends`` is overwritten.

    Returns
    -------
    tuple of (Pair, int)
        The pair, its run the result, and the result's length, or −1 if time was up.
    """
    run, spare = pair
    until_check = _CHECK
    while count > 1:
        out, made = 0, 0
        for left in range(0, count, 2):
            first, middle = ends[left], ends[left + 1]
            last = ends[left + 2] if left + 1 < count else middle
            until_check -= last - first
            if until_check < 0:
                until_check = _CHECK
                if monotonic_s() > deadline_s:
                    return Pair(run, spare), -1
            if smallest.size == 1:
                out = _merge_two(run, first, middle, last, spare, out)
            else:
                out = _merge_two_keeping(run, first, middle, last, spare, out, smallest)
            made += 1
            ends[made] = out
        count = made
        run, spare = spare, run
    return Pair(run, spare), ends[1] if count == 1 else 0
