"""The stages of a search for labels, in the order in which each layer and state goes through them.

Each returns the runs that it works in, larger where it had to, and a number of labels; a negative
one is the reason why it had to end: ``-OUT_OF_TIME`` or ``-OUT_OF_LABELS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled, compiled_into_callers
from dvfs_kernel.layered_graph.label_buffers import (
    copied,
    out_of_time,
    with_room,
    with_room_to_merge,
)
from dvfs_kernel.layered_graph.label_search import FINISHED, OUT_OF_LABELS, OUT_OF_TIME
from dvfs_kernel.layered_graph.merging import TRACE_SHIFT, merge_runs
from dvfs_kernel.layered_graph.wanted_region import Step, append_wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.label_buffers import Buffers
    from dvfs_kernel.layered_graph.label_search import Limits, Place
    from dvfs_kernel.layered_graph.merging import Pair, Run
    from dvfs_kernel.layered_graph.switching import Links
    from dvfs_kernel.layered_graph.wanted_region import Region

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "Sources", "arrive", "begin", "keep", "room_to_keep", "share",
    "take_only_option", "take_option", "whole_paths",
]  # fmt: skip

_BATCH = 1 << 20  # candidates generated before they are merged
_WHOLE_TRACE = 1 << 20  # more labels get all the room at once: what is unused costs nothing
INFINITY = np.inf


class Sources(NamedTuple):
    """Where arriving labels come from.

    Attributes
    ----------
    before
        Labels of the layer before, a run for each state.
    shared
        Those of several states merged, a run for each group of `Links`.
    """

    before: Run
    shared: Run


@compiled
def share(
    sources: Sources, arrivals: Pair, buffers: Buffers, links: Links, limits: Limits, stored: int
) -> tuple[Run, Pair, int]:
    """Merge, once, the runs that several states need.

    Invariant: run g of the first value, which replaces ``shared``, holds by time the labels of
    group g's states that no other label of the group dominates.
    """
    before, shared = sources
    starts, ends = buffers.shared_start, buffers.ends
    starts[0] = 0
    for group in range(links.member_start.size - 1):
        count, size = 0, 0
        for place in range(links.member_start[group], links.member_start[group + 1]):
            first = buffers.before_start[links.member[place]]
            last = buffers.before_start[links.member[place] + 1]
            if first == last:
                continue
            if size + last - first > arrivals.run[0].size:
                arrivals, fits = with_room_to_merge(
                    arrivals, size, size + last - first, buffers.held, stored, limits
                )
                if not fits:
                    return shared, arrivals, -OUT_OF_LABELS
            copied(before, first, last, arrivals.run, size)
            size += last - first
            count += 1
            ends[count] = size
        arrivals, size = merge_runs(arrivals, ends, count, buffers.smallest, limits.deadline_s)
        if size < 0:
            return shared, arrivals, -OUT_OF_TIME
        first = starts[group]
        if first + size > shared[0].size:
            shared, fits = with_room(shared, first, first + size, buffers.held, stored, limits)
            if not fits:
                return shared, arrivals, -OUT_OF_LABELS
        copied(arrivals.run, 0, size, shared, first)
        starts[group + 1] = first + size
        buffers.until_check[0] -= size
    return shared, arrivals, starts[links.member_start.size - 1]


@compiled_into_callers
def begin(arrivals: Run, entry: Floats, state: int) -> int:
    """Let the empty path arrive in a state of the first layer, if a path may begin there.

    Invariant: the label has no parent, and costs what the entry costs.
    """
    if not entry[0, state] < INFINITY:
        return 0
    arrivals[0][0], arrivals[1][0] = entry[0, state], entry[1, state]
    arrivals[2][0] = -(1 << TRACE_SHIFT)
    return 1


@compiled_into_callers
def arrive(
    arrivals: Pair, sources: Sources, links: Links, region: Region, buffers: Buffers,
    limits: Limits, place: Place,
) -> tuple[Pair, int]:  # fmt: skip
    """Let the labels of the layer before arrive in a state.

    Invariant: ``arrivals`` holds, by time, the labels of the layer before with the switch into the
    state added, without those outside the wanted region and those that others arriving dominate.
    """
    size, count, run = 0, 0, arrivals.run
    for link in range(links.start[place.state], links.start[place.state + 1]):
        origin = links.origin[link]
        if origin >= 0:
            low, high = buffers.before_start[origin], buffers.before_start[origin + 1]
        else:
            low, high = buffers.shared_start[-1 - origin], buffers.shared_start[-origin]
        if size + high - low > run[0].size:
            arrivals, fits = with_room_to_merge(
                arrivals, size, size + high - low, buffers.held, place.stored, limits
            )
            if not fits:
                return arrivals, -OUT_OF_LABELS
            run = arrivals.run
        first = size
        size = append_wanted(
            sources.before if origin >= 0 else sources.shared, low, high,
            Step(links.time[link], links.energy[link], 0), region, run, size,
        )  # fmt: skip
        if size > first:
            count += 1
            buffers.ends[count] = size
        if out_of_time(buffers.until_check, high - low + 1, limits.deadline_s):
            return arrivals, -OUT_OF_TIME
    arrivals, size = merge_runs(arrivals, buffers.ends, count, buffers.smallest, limits.deadline_s)
    return arrivals, size if size >= 0 else -OUT_OF_TIME


@compiled_into_callers
def take_only_option(arrivals: Run, size: int, step: Step) -> None:
    """Add the only option to the first ``size`` arrivals, in place.

    Invariant: what was wanted on arrival is wanted still, for the option was counted there.
    """
    times, energies, traces = arrivals
    for label in range(size):
        times[label] += step.time
        energies[label] += step.energy
        traces[label] += step.trace


@compiled_into_callers
def take_option(
    taken: Pair, arrivals: Run, size: int, graph: Graph, region: Region, buffers: Buffers,
    limits: Limits, place: Place,
) -> tuple[Pair, int]:  # fmt: skip
    """Let the first ``size`` arrivals take one of the options of their layer and state.

    Invariant: ``taken`` holds, by time, arrivals with an option added, without those outside the
    wanted region and those that others dominate; traces name the option.
    """
    ends, smallest, deadline_s = buffers.ends, buffers.smallest, limits.deadline_s
    group = place.layer * graph.entry.shape[1] + place.state
    times, energies = graph.time, graph.energy
    count, length, run = 0, 0, taken.run
    for option in range(graph.start[group], graph.start[group + 1]):
        if length + size > run[0].size:
            taken, fits = with_room_to_merge(
                taken, length, length + size, buffers.held, place.stored, limits
            )
            if not fits and count > 1:  # merged, they may take less
                taken, length = merge_runs(taken, ends, count, smallest, deadline_s)
                if length < 0:
                    return taken, -OUT_OF_TIME
                count = 1
                fits = length + size <= taken.run[0].size
            if not fits:
                return taken, -OUT_OF_LABELS
            run = taken.run
        first = length
        length = append_wanted(
            arrivals, 0, size, Step(times[option], energies[option], option), region, run, length
        )  # fmt: skip
        if length > first:
            count += 1
            ends[count] = length
        if out_of_time(buffers.until_check, size, deadline_s):
            return taken, -OUT_OF_TIME
        if length > _BATCH and count > 1:
            taken, length = merge_runs(taken, ends, count, smallest, deadline_s)
            if length < 0:
                return taken, -OUT_OF_TIME
            count, run = 1, taken.run
    taken, length = merge_runs(taken, ends, count, smallest, deadline_s)
    return taken, length if length >= 0 else -OUT_OF_TIME


@compiled
def room_to_keep(
    made: Run, trace: Ints, count: int, length: int, stored: int, buffers: Buffers, limits: Limits
) -> tuple[Run, Ints, int]:
    """Return ``made`` and ``trace`` with room for ``length`` labels more, and 0.

    Parameters
    ----------
    count, stored
        Labels kept so far of this layer, and of all.
    """
    if stored + length > limits.label_limit:
        return made, trace, -OUT_OF_LABELS
    if count + length > made[0].size:
        made, fits = with_room(made, count, count + length, buffers.held, stored + length, limits)
        if not fits:
            return made, trace, -OUT_OF_LABELS
    if stored + length > trace.size:
        wanted = max(stored + length, 2 * trace.size)
        if wanted > _WHOLE_TRACE:
            most = min(limits.label_limit, 2 * limits.memory_labels)
            wanted = max(most, stored + length)
        larger = np.empty(wanted, np.int64)
        larger[:stored] = trace[:stored]
        trace = larger
    return made, trace, FINISHED


@compiled_into_callers
def keep(made: Run, trace: Ints, count: int, stored: int, taken: Run, length: int) -> None:
    """Keep the first ``length`` labels that took an option, behind those kept so far.

    Invariant: ``trace`` has the traces of all labels kept, in the order in which they were made; a
    label of ``made`` has in the high half of its trace its own place there.
    """
    times, energies, numbers = made
    times[count : count + length] = taken[0][:length]
    energies[count : count + length] = taken[1][:length]
    trace[stored : stored + length] = taken[2][:length]
    for label in range(length):
        numbers[count + label] = (stored + label) << TRACE_SHIFT


@compiled
def whole_paths(
    arrivals: Pair, before: Run, count: int, leave: Floats, buffers: Buffers, limits: Limits,
    stored: int,
) -> tuple[Pair, int]:  # fmt: skip
    """Let the ``count`` labels of the last layer leave it, and keep those that are in time.

    Invariant: ``arrivals`` holds, by time, the whole paths that no other dominates; their traces
    are the numbers of their last labels.
    """
    if count > arrivals.run[0].size:
        arrivals, fits = with_room_to_merge(arrivals, 0, count, buffers.held, stored, limits)
        if not fits:
            return arrivals, -OUT_OF_LABELS
    times, energies, traces = before
    whole_times, whole_energies, last_labels = arrivals.run
    runs, size = 0, 0
    for state in range(leave.shape[1]):
        first = size
        for label in range(buffers.before_start[state], buffers.before_start[state + 1]):
            whole = times[label] + leave[0, state]
            if not whole <= limits.bound or whole == INFINITY:
                break
            whole_times[size], whole_energies[size] = whole, energies[label] + leave[1, state]
            last_labels[size] = traces[label] >> TRACE_SHIFT
            size += 1
        if size > first:
            runs += 1
            buffers.ends[runs] = size
    # rounding can make neighbours of one run equal: even a single run is merged, with nothing
    buffers.ends[runs + 1] = size
    arrivals, size = merge_runs(
        arrivals, buffers.ends, runs + 1, buffers.smallest, limits.deadline_s
    )
    return arrivals, size if size >= 0 else -OUT_OF_TIME
