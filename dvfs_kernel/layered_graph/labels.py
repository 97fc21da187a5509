"""Label setting with dominance on the layered graph: the search behind every answer.

A label is a partial path through the first layers: its time, its energy, and where it came from.
Labels of one layer and state form a run sorted by time; a label is dropped when it is dominated
(``merging.py``) or when no completion of it can be wanted (``envelope.py``). ``docs/solver.md``
has the theorems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.completions import complete_to_best, complete_to_sample, thin_out
from dvfs_kernel.layered_graph.envelope import lower_envelope, upper_envelope_of_tents
from dvfs_kernel.layered_graph.merging import (
    TRACE_SHIFT,
    grown,
    grown_pair,
    merge_runs,
    new_run,
    room_left,
)
from dvfs_kernel.layered_graph.switching import link_states
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds, Graph
    from dvfs_kernel.layered_graph.merging import Run

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["FINISHED", "OUT_OF_LABELS", "OUT_OF_TIME", "Limits", "Search", "set_labels"]

FINISHED = 0
OUT_OF_TIME = 1
OUT_OF_LABELS = 2

_BATCH = 1 << 20  # candidates generated before they are merged
_CHECK = 1 << 15  # candidates between two looks at the clock
_WHOLE_TRACE = (
    1 << 20
)  # more labels get all the room at once, of which what is unused costs nothing
INFINITY = np.inf


class Limits(NamedTuple):
    """What is searched for, and when the search gives up.

    Attributes
    ----------
    bound
        Most time of a whole path.
    slack_time
        Rounding error allowed to bounds on time.
    surely_in_time
        Most time, however summed, that is certain to keep the bound.
    best_energy
        Energy of the best path known.
    step
        By how much another path must be better: 0 for real numbers, less than the unit for
        energies that are multiples of one.
    stop_at
        A path of this energy ends the search.
    label_limit
        Most labels stored.
    memory_labels
        Most memory, as a number of labels of ``BYTES_PER_LABEL``.
    deadline_s
        Latest time on the monotonic clock.
    """

    bound: float
    slack_time: float
    surely_in_time: float
    best_energy: float
    step: float
    stop_at: float
    label_limit: int
    memory_labels: int
    deadline_s: float


class Search(NamedTuple):
    """What a search found.

    Attributes
    ----------
    status
        ``FINISHED``, ``OUT_OF_TIME`` or ``OUT_OF_LABELS``.
    time, energy, label
        (paths) of the complete paths that are not dominated, by time; the last label of each.
    trace
        (labels) traces of all labels.
    layer_start
        (layers + 1) where each layer's labels start.
    best
        Energy, layer, label, state and price of the best completion (layer −1: none).
    sample_time, sample_energy, sample
        (buckets) completions found by the way, the best of each bucket of time, and (buckets, 4)
        layer, label, state and price of each.
    """

    status: int
    time: Floats
    energy: Floats
    label: Ints
    trace: Ints
    layer_start: Ints
    best: Floats
    sample_time: Floats
    sample_energy: Floats
    sample: Ints


@compiled
def _append(
    source: Run, first: int, last: int, more_time: float, more_energy: float, more_trace: int,
    latest: float, prices: Floats, pieces: int, since: Floats, top: Floats, price: Ints,
    result: Run, out: int,
) -> int:  # fmt: skip
    """Append the labels [first, last), moved by a time and an energy, that are still wanted."""
    times, energies, traces = source
    out_times, out_energies, out_traces = result
    piece = 0
    until = since[1] if pieces > 1 else INFINITY
    height, slope = top[0], prices[price[0]]
    for label in range(first, last):
        time = times[label] + more_time
        if time > latest:
            break
        while time >= until:
            piece += 1
            until = since[piece + 1] if piece + 1 < pieces else INFINITY
            height, slope = top[piece], prices[price[piece]]
        energy = energies[label] + more_energy
        if energy + slope * time <= height:
            out_times[out], out_energies[out] = time, energy
            out_traces[out] = traces[label] + more_trace
            out += 1
    return out


@compiled
def set_labels(
    graph: Graph, bounds: Bounds, line_ceiling: Floats, tent_ceiling: Floats, limits: Limits,
    keep: int, complete: bool, buckets: int, sample_start: float, sample_end: float,
    thin: float,
) -> Search:  # fmt: skip
    """Set the labels of all layers.

    Parameters
    ----------
    graph, bounds, limits
        The problem, what is known of the rest of paths, and what is searched for.
    line_ceiling
        (prices) most cost of a wanted path at every price; empty if the tents hold instead.
    tent_ceiling
        (prices − 1, 2) the same for pairs of neighbouring prices, of which one must hold.
    keep
        A label is dominated when so many before it are at least as good.
    complete
        Whether labels are completed to find one good path early.
    buckets, sample_start, sample_end
        Buckets of time for a sample of completions; none if 0.
    """
    start, entry, leave, prices = graph.start, graph.entry, graph.leave, bounds.prices
    states = entry.shape[1]
    layers = (start.size - 1) // states
    boundaries = graph.switch_time.shape[0]
    tents = line_ceiling.size == 0
    ceiling = line_ceiling.copy()
    smallest = np.empty(keep)
    best = np.array([limits.best_energy, -1.0, -1.0, -1.0, -1.0])
    sample_time = np.full(buckets, INFINITY)
    sample_energy = np.full(buckets, INFINITY)
    sample = np.zeros((buckets, 4), np.int64)
    sample_width = max((sample_end - sample_start) / max(buckets, 1), 1e-300)
    layer_start = np.zeros(layers + 1, np.int64)
    trace = np.empty(1024, np.int64)
    old, new, shared = new_run(1024), new_run(1024), new_run(1024)
    old_start, new_start = np.zeros(states + 1, np.int64), np.zeros(states + 1, np.int64)
    arrivals, arrivals_spare = new_run(1024), new_run(1024)
    run, spare = new_run(1024), new_run(1024)
    largest_group = 0
    for group in range(start.size - 1):
        largest_group = max(largest_group, start[group + 1] - start[group])
    ends = np.zeros(states + largest_group + 4, np.int64)
    links = link_states(graph.switch_time[0], graph.switch_energy[0], keep == 1)
    shared_start = np.zeros(links.member_start.size, np.int64)
    since, top = np.empty(2 * prices.size + 1), np.empty(2 * prices.size + 1)
    price = np.zeros(2 * prices.size + 1, np.int64)
    until_check = _CHECK
    status = FINISHED
    made = 0
    for layer in range(layers):
        boundary = 0
        begun = layer_start[layer]
        if layer > 0:
            if boundaries > 1 and layer > 1:
                boundary = layer - 1
                links = link_states(
                    graph.switch_time[boundary], graph.switch_energy[boundary], keep == 1
                )
                shared_start = np.zeros(links.member_start.size, np.int64)
                until_check -= states * states * states
            # ---- runs that several states need, merged once
            for group in range(links.member_start.size - 1):
                count, size = 0, 0
                for place in range(links.member_start[group], links.member_start[group + 1]):
                    first, last = old_start[links.member[place]], old_start[links.member[place] + 1]
                    if first == last:
                        continue
                    if size + last - first > arrivals[0].size:
                        buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
                        room = room_left(buffers, begun, limits.memory_labels)
                        arrivals, arrivals_spare, fits = grown_pair(
                            arrivals, arrivals_spare, size, size + last - first, room
                        )
                        if not fits:
                            status = OUT_OF_LABELS
                            break
                    arrivals[0][size : size + last - first] = old[0][first:last]
                    arrivals[1][size : size + last - first] = old[1][first:last]
                    arrivals[2][size : size + last - first] = old[2][first:last]
                    size += last - first
                    count += 1
                    ends[count] = size
                if status != FINISHED:
                    break
                arrivals, arrivals_spare, size = merge_runs(
                    arrivals, arrivals_spare, ends, count, smallest, limits.deadline_s
                )
                if size < 0:
                    status = OUT_OF_TIME
                    break
                begin = shared_start[group]
                if begin + size > shared[0].size:
                    buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
                    room = room_left(buffers, begun, limits.memory_labels)
                    shared, fits = grown(shared, begin, begin + size, room)
                    if not fits:
                        status = OUT_OF_LABELS
                        break
                shared[0][begin : begin + size] = arrivals[0][:size]
                shared[1][begin : begin + size] = arrivals[1][:size]
                shared[2][begin : begin + size] = arrivals[2][:size]
                shared_start[group + 1] = begin + size
                until_check -= size
        if status != FINISHED:
            break
        made = 0
        for state in range(states):
            new_start[state] = made
            first, last = start[layer * states + state], start[layer * states + state + 1]
            if first == last:
                continue
            # ---- labels arrive
            size, count = 0, 0
            if layer == 0:
                if entry[0, state] < INFINITY:
                    arrivals[0][0], arrivals[1][0] = entry[0, state], entry[1, state]
                    arrivals[2][0] = -(1 << TRACE_SHIFT)
                    size = 1
            else:
                if tents:
                    pieces = upper_envelope_of_tents(
                        prices, bounds.arrival[layer, state], tent_ceiling, limits.bound,
                        since, top, price,
                    )  # fmt: skip
                else:
                    pieces = lower_envelope(
                        prices, bounds.arrival[layer, state], ceiling, since, top, price
                    )
                if pieces == 0:
                    continue
                latest = limits.bound + limits.slack_time - bounds.quickest_arrival[layer, state]
                for link in range(links.start[state], links.start[state + 1]):
                    origin = links.origin[link]
                    step_time = graph.switch_time[boundary, links.cost[link], state]
                    step_energy = graph.switch_energy[boundary, links.cost[link], state]
                    begin = size
                    if origin >= 0:
                        low, high = old_start[origin], old_start[origin + 1]
                    else:
                        low, high = shared_start[-1 - origin], shared_start[-origin]
                    until_check -= high - low + 1
                    if size + high - low > arrivals[0].size:
                        buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
                        room = room_left(buffers, begun + made, limits.memory_labels)
                        arrivals, arrivals_spare, fits = grown_pair(
                            arrivals, arrivals_spare, size, size + high - low, room
                        )
                        if not fits:
                            status = OUT_OF_LABELS
                            break
                    size = _append(
                        old if origin >= 0 else shared, low, high, step_time, step_energy, 0,
                        latest, prices, pieces, since, top, price, arrivals, size,
                    )  # fmt: skip
                    if size > begin:
                        count += 1
                        ends[count] = size
                    if until_check < 0:
                        until_check = _CHECK
                        if monotonic_s() > limits.deadline_s:
                            status = OUT_OF_TIME
                            break
                if status != FINISHED:
                    break
                arrivals, arrivals_spare, size = merge_runs(
                    arrivals, arrivals_spare, ends, count, smallest, limits.deadline_s
                )
                if size < 0:
                    status = OUT_OF_TIME
                    break
            if size == 0:
                continue
            # ---- and take one of this layer's options
            if last - first == 1 and layer > 0 and not (thin > 0.0 or buckets > 0):
                # the only option was counted on arrival already: nothing else to check or merge
                for label in range(size):
                    arrivals[0][label] += graph.time[first]
                    arrivals[1][label] += graph.energy[first]
                    arrivals[2][label] += first
                run, arrivals = arrivals, run
                spare, arrivals_spare = arrivals_spare, spare
                count, ends[1] = 1, size
                until_check -= size
            else:
                if tents:
                    pieces = upper_envelope_of_tents(
                        prices, bounds.after[layer, state], tent_ceiling, limits.bound,
                        since, top, price,
                    )  # fmt: skip
                else:
                    pieces = lower_envelope(
                        prices, bounds.after[layer, state], ceiling, since, top, price
                    )
                if pieces == 0:
                    continue
                latest = limits.bound + limits.slack_time - bounds.quickest_after[layer, state]
                count, length = 0, 0
                for index in range(first, last):
                    if length + size > run[0].size:
                        buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
                        room = room_left(buffers, begun + made, limits.memory_labels)
                        run, spare, fits = grown_pair(run, spare, length, length + size, room)
                        if not fits and count > 1:  # merged, they may take less
                            run, spare, length = merge_runs(
                                run, spare, ends, count, smallest, limits.deadline_s
                            )
                            count = 1
                            fits = 0 <= length <= run[0].size - size
                        if not fits:
                            status = OUT_OF_LABELS if length >= 0 else OUT_OF_TIME
                            break
                    begin = length
                    length = _append(
                        arrivals, 0, size, graph.time[index], graph.energy[index], index,
                        latest, prices, pieces, since, top, price, run, length,
                    )  # fmt: skip
                    if length > begin:
                        count += 1
                        ends[count] = length
                    until_check -= size
                    if until_check < 0:
                        until_check = _CHECK
                        if monotonic_s() > limits.deadline_s:
                            status = OUT_OF_TIME
                            break
                    if length > _BATCH and count > 1:
                        run, spare, length = merge_runs(
                            run, spare, ends, count, smallest, limits.deadline_s
                        )
                        count = 1
                        if length < 0:
                            status = OUT_OF_TIME
                            break
            if until_check < 0 and status == FINISHED:
                until_check = _CHECK
                if monotonic_s() > limits.deadline_s:
                    status = OUT_OF_TIME
            if status != FINISHED:
                break
            run, spare, length = merge_runs(run, spare, ends, count, smallest, limits.deadline_s)
            if length < 0:
                status = OUT_OF_TIME
                break
            if thin > 0.0:
                length = thin_out(run, length, thin, prices, pieces, since, top, price)
            # ---- what is left of them is kept
            stored = begun + made
            if stored + length > limits.label_limit:
                status = OUT_OF_LABELS
                break
            if made + length > new[0].size:
                buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
                room = room_left(buffers, stored + length, limits.memory_labels)
                new, fits = grown(new, made, made + length, room)
                if not fits:
                    status = OUT_OF_LABELS
                    break
            if stored + length > trace.size:
                wanted = max(stored + length, 2 * trace.size)
                if wanted > _WHOLE_TRACE:
                    most = min(limits.label_limit, 2 * limits.memory_labels)
                    wanted = max(most, stored + length)
                larger = np.empty(wanted, np.int64)
                larger[:stored] = trace[:stored]
                trace = larger
            new[0][made : made + length] = run[0][:length]
            new[1][made : made + length] = run[1][:length]
            trace[stored : stored + length] = run[2][:length]
            for label in range(length):
                new[2][made + label] = (stored + label) << TRACE_SHIFT
            until_check -= length
            if complete:
                complete_to_best(
                    run, length, stored, layer, state, bounds,
                    limits.surely_in_time, limits.deadline_s, best,
                )  # fmt: skip
            if buckets > 0:
                complete_to_sample(
                    run, length, stored, layer, state, bounds, pieces, since, price,
                    sample_start, sample_width, sample_time, sample_energy, sample,
                )  # fmt: skip
            made += length
        if status != FINISHED:
            break
        new_start[states] = made
        layer_start[layer + 1] = layer_start[layer] + made
        old, new = new, old
        old_start, new_start = new_start, old_start
        if best[1] == layer:
            for index in range(ceiling.size):
                most = best[0] - limits.step + prices[index] * limits.bound
                ceiling[index] = min(ceiling[index], most)
            if best[0] <= limits.stop_at:
                made = 0
        if made == 0:
            break
    # ---- the ends of the paths
    count, size = 0, 0
    if status == FINISHED and made > arrivals[0].size:
        buffers = (old, new, shared, arrivals, arrivals_spare, run, spare)
        room = room_left(buffers, layer_start[layers], limits.memory_labels)
        arrivals, arrivals_spare, fits = grown_pair(arrivals, arrivals_spare, 0, made, room)
        if not fits:
            status = OUT_OF_LABELS
    if status == FINISHED and made > 0:
        for state in range(states):
            begin = size
            for label in range(old_start[state], old_start[state + 1]):
                whole = old[0][label] + leave[0, state]
                if not whole <= limits.bound or whole == INFINITY:
                    break
                arrivals[0][size], arrivals[1][size] = whole, old[1][label] + leave[1, state]
                arrivals[2][size] = old[2][label] >> TRACE_SHIFT
                size += 1
            if size > begin:
                count += 1
                ends[count] = size
        # rounding can make neighbours of one run equal: even a single run is merged, with nothing
        ends[count + 1] = size
        arrivals, arrivals_spare, size = merge_runs(
            arrivals, arrivals_spare, ends, count + 1, smallest, limits.deadline_s
        )
        if size < 0:
            status, size = OUT_OF_TIME, 0
    return Search(
        status, arrivals[0][:size].copy(), arrivals[1][:size].copy(), arrivals[2][:size].copy(),
        trace, layer_start, best, sample_time, sample_energy, sample,
    )  # fmt: skip
