"""Label setting with dominance on the layered graph: the search behind every answer.

A label is a partial path through the first layers: its time, its energy, and where it came from.
Labels of one layer and state form a run sorted by time; a label is dropped when it is dominated
(``merging.py``) or when no completion of it can be wanted (``wanted_region.py``).
``docs/solver.md`` has the theorems, ``label_stages.py`` what is done in each layer and state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.completions import (
    complete_to_best,
    complete_to_sample,
    new_sample,
    thin_out,
)
from dvfs_kernel.layered_graph.label_buffers import new_buffers, out_of_time
from dvfs_kernel.layered_graph.label_search import FINISHED, OUT_OF_TIME, Ceilings, Place, Search
from dvfs_kernel.layered_graph.label_stages import (
    Sources,
    arrive,
    begin,
    keep,
    room_to_keep,
    share,
    take_only_option,
    take_option,
    whole_paths,
)
from dvfs_kernel.layered_graph.merging import new_pair, new_run
from dvfs_kernel.layered_graph.switching import link_states
from dvfs_kernel.layered_graph.wanted_region import Step, find_region, new_region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds, Graph
    from dvfs_kernel.layered_graph.label_search import Limits, Manner

    Floats = NDArray[np.float64]

__all__ = ["set_labels"]

_AT_FIRST = 1024  # labels for which there is room in each run


@compiled
def _lower(lines: Floats, prices: Floats, best_energy: float, limits: Limits) -> None:
    """Lower the ceilings to what a path that is better than the best one can cost."""
    for index in range(lines.size):
        most = best_energy - limits.step + prices[index] * limits.bound
        lines[index] = min(lines[index], most)


@compiled
def set_labels(
    graph: Graph, bounds: Bounds, ceilings: Ceilings, limits: Limits, manner: Manner
) -> Search:
    """Set the labels of all layers.

    Parameters
    ----------
    graph, bounds
        The problem, and what is known of the rest of paths.
    ceilings, limits, manner
        What is wanted, when the search gives up, and how it goes about it.
    """
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    ceilings = Ceilings(ceilings.lines.copy(), ceilings.tents)
    region = new_region(bounds.prices)
    buffers = new_buffers(graph, manner.keep)
    before, made, shared = new_run(_AT_FIRST), new_run(_AT_FIRST), new_run(_AT_FIRST)
    sources = Sources(before, shared)
    arrivals, taken = new_pair(_AT_FIRST), new_pair(_AT_FIRST)
    buffers.held[0] = 7 * _AT_FIRST
    trace, layer_start = np.empty(_AT_FIRST, np.int64), np.zeros(layers + 1, np.int64)
    best = np.array([limits.best_energy, -1.0, -1.0, -1.0, -1.0])
    sample = new_sample(manner.buckets, manner.sample_start, manner.sample_end)
    links = link_states(graph.switch_time[0], graph.switch_energy[0], manner.keep == 1)
    count, size = 0, 0
    for layer in range(layers):
        stored = layer_start[layer]
        if layer > 0:
            if layer > 1 and graph.switch_time.shape[0] > 1:
                links = link_states(
                    graph.switch_time[layer - 1], graph.switch_energy[layer - 1], manner.keep == 1
                )
                buffers.until_check[0] -= states * states * states
            shared, arrivals, size = share(sources, arrivals, buffers, links, limits, stored)
            if size < 0:
                break
            sources = Sources(before, shared)
        count = 0
        for state in range(states):
            buffers.made_start[state] = count
            first = graph.start[layer * states + state]
            options = graph.start[layer * states + state + 1] - first
            if options == 0:
                continue
            place = Place(layer, state, stored + count)
            if layer == 0:
                size = begin(arrivals.run, graph.entry, state)
            else:
                rest, quickest = bounds.arrival[layer, state], bounds.quickest_arrival[layer, state]
                if not find_region(region, rest, quickest, ceilings, limits):
                    continue
                arrivals, size = arrive(arrivals, sources, links, region, buffers, limits, place)
                if size < 0:
                    break
            if size == 0:
                continue
            if options == 1 and layer > 0 and not (manner.thin > 0.0 or manner.buckets > 0):
                step = Step(graph.time[first], graph.energy[first], first)
                take_only_option(arrivals.run, size, step)
                taken, arrivals = arrivals, taken
                buffers.ends[1] = size
            else:
                rest, quickest = bounds.after[layer, state], bounds.quickest_after[layer, state]
                if not find_region(region, rest, quickest, ceilings, limits):
                    continue
                taken, size = take_option(
                    taken, arrivals.run, size, graph, region, buffers, limits, place
                )
                if size < 0:
                    break
                if manner.thin > 0.0:
                    size = thin_out(taken.run, size, manner.thin, region)
            if out_of_time(buffers.until_check, size, limits.deadline_s):
                size = -OUT_OF_TIME
                break
            whole = place.stored + size
            if whole > min(limits.label_limit, trace.size) or count + size > made[0].size:
                made, trace, ended = room_to_keep(
                    made, trace, count, size, place.stored, buffers, limits
                )
                if ended < 0:
                    size = ended
                    break
            keep(made, trace, count, place.stored, taken.run, size)
            buffers.until_check[0] -= size
            if manner.complete:
                complete_to_best(taken.run, size, place, bounds, limits, best)
            if manner.buckets > 0:
                complete_to_sample(taken.run, size, place, bounds, region, sample)
            count += size
        if size < 0:
            break
        buffers.made_start[states] = count
        buffers.before_start[:] = buffers.made_start
        layer_start[layer + 1] = stored + count
        before, made = made, before
        sources = Sources(before, shared)
        if best[1] == layer:
            _lower(ceilings.lines, bounds.prices, best[0], limits)
            if best[0] <= limits.stop_at:
                count = 0
        if count == 0:
            break
    status = -size if size < 0 else FINISHED
    size = 0
    if status == FINISHED and count > 0:
        arrivals, size = whole_paths(
            arrivals, before, count, graph.leave, buffers, limits, layer_start[layers]
        )
        if size < 0:
            status, size = -size, 0
    times, energies, last_labels = arrivals.run
    return Search(
        status, times[:size].copy(), energies[:size].copy(), last_labels[:size].copy(),
        trace, layer_start, best, sample,
    )  # fmt: skip
