"""Paths taken from searches, and options that no wanted path takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compact import Graph, total
from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.merging import TRACE_SHIFT
from dvfs_kernel.layered_graph.potentials import best_through, follow
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "best_at_prices", "completed_path", "cost_of_path", "sums_at_prices", "sums_of_completions",
    "trace_back", "without_hopeless",
]  # fmt: skip

_OPTION_MASK = (1 << TRACE_SHIFT) - 1
_CHECK = 1 << 16  # options summed between two looks at the clock
_STRIDE = 16


@compiled
def trace_back(trace: Ints, label: int, path: Ints, layer: int) -> None:
    """Write the options of a label of the given layer, and of those before it, into ``path``."""
    for place in range(layer, -1, -1):
        path[place] = trace[label] & _OPTION_MASK
        label = trace[label] >> TRACE_SHIFT


@compiled
def cost_of_path(graph: Graph, path: Ints) -> tuple[float, float]:
    """Sum the options of a path in the order that defines its time and energy."""
    states = graph.entry.shape[1]
    state = np.empty(path.size, np.int64)
    for layer in range(path.size):
        for candidate in range(states):
            if path[layer] < graph.start[layer * states + candidate + 1]:
                state[layer] = candidate
                break
    return total(
        graph.time[path], graph.energy[path], state,
        graph.switch_time, graph.switch_energy, graph.entry, graph.leave,
    )  # fmt: skip


@compiled
def completed_path(
    bounds: Bounds, trace: Ints, kept: Ints,
    layer: int, label: int, state: int, price: int, path: Ints,
) -> None:  # fmt: skip
    """Write a label's options, and then the cheapest ones at a price, into ``path``.

    ``kept`` says which options of the graph, whose bounds are given, the labels' options are.
    """
    trace_back(trace, label, path, layer)
    for place in range(layer + 1):
        path[place] = kept[path[place]]
    if layer + 1 < path.size:
        follow(bounds, price, layer + 1, bounds.following[layer, state, price], path)


@compiled
def sums_of_completions(
    graph: Graph, bounds: Bounds, trace: Ints, completion: Ints, deadline_s: float
) -> tuple[Floats, Floats]:
    """Sum completed labels in the order that defines time and energy.

    Parameters
    ----------
    completion
        (paths, 4) layer, label, state and price of each.

    Returns
    -------
    tuple of arrays
        (paths) times and energies, infinite where the deadline came first; paths are taken in
        strides, so that those summed are spread over all.
    """
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    every = np.arange(graph.time.size)
    state_of = np.empty(graph.time.size, np.int64)
    for group in range(graph.start.size - 1):
        state_of[graph.start[group] : graph.start[group + 1]] = group % states
    count = completion.shape[0]
    time, energy = np.full(count, np.inf), np.full(count, np.inf)
    path = np.empty(layers, np.int64)
    until_check = _CHECK
    for first in range(min(_STRIDE, count)):
        for row in range(first, count, _STRIDE):
            until_check -= layers
            if until_check < 0:
                until_check = _CHECK
                if monotonic_s() > deadline_s:
                    return time, energy
            layer, label, state, price = completion[row]
            completed_path(bounds, trace, every, layer, label, state, price, path)
            time[row], energy[row] = total(
                graph.time[path], graph.energy[path], state_of[path],
                graph.switch_time, graph.switch_energy, graph.entry, graph.leave,
            )  # fmt: skip
    return time, energy


@compiled
def sums_at_prices(graph: Graph, bounds: Bounds, first: Ints) -> tuple[Floats, Floats]:
    """Sum the cheapest path at each price, which begins in a state, in the defining order."""
    count = bounds.prices.size
    time, energy = np.empty(count), np.empty(count)
    path = np.empty(bounds.after.shape[0], np.int64)
    for price in range(count):
        follow(bounds, price, 0, first[price], path)
        time[price], energy[price] = cost_of_path(graph, path)
    return time, energy


@compiled
def best_at_prices(graph: Graph, bounds: Bounds, bound: float) -> tuple[Ints, float, float]:
    """Return the best path in time among the cheapest at each price and the quickest.

    Returns
    -------
    tuple of (array, float, float)
        Its options, time and energy (energy infinite: none is in time).
    """
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    best, path = np.zeros(layers, np.int64), np.zeros(layers, np.int64)
    best_time, best_energy = np.inf, np.inf
    for price in range(bounds.prices.size):
        least, first = np.inf, 0
        for state in range(states):
            cost = bounds.arrival[0, state, price]
            if graph.entry[0, state] < np.inf:
                cost += graph.entry[1, state] + bounds.prices[price] * graph.entry[0, state]
                if cost < least:
                    least, first = cost, state
        follow(bounds, price, 0, first, path)
        time, energy = cost_of_path(graph, path)
        if time <= bound and (energy < best_energy or (energy == best_energy and time < best_time)):
            best[:] = path
            best_time, best_energy = time, energy
    return best, best_time, best_energy


@compiled
def without_hopeless(
    graph: Graph, bounds: Bounds, ceiling: Floats, deadline_s: float
) -> tuple[Graph, Ints]:
    """Drop the options through which every path costs more than the ceiling at some price.

    Behind the deadline the prices that are left drop none.

    Returns
    -------
    tuple of (Graph, array)
        The smaller graph, and the (options) index of each of its options in ``graph``.
    """
    through = np.empty(graph.time.size)
    hopeful = np.ones(graph.time.size, np.bool_)
    for price in range(bounds.prices.size):
        after = np.ascontiguousarray(bounds.after[:, :, price])
        if not best_through(graph, bounds.prices[price], after, through, deadline_s):
            break
        for index in range(through.size):
            if not through[index] <= ceiling[price]:
                hopeful[index] = False
    kept = np.flatnonzero(hopeful)
    start = np.empty_like(graph.start)
    used, place = 0, 0
    for group in range(graph.start.size):
        while place < graph.start[group]:
            if hopeful[place]:
                used += 1
            place += 1
        start[group] = used
    return (
        Graph(
            graph.time[kept], graph.energy[kept], start,
            graph.switch_time, graph.switch_energy, graph.entry, graph.leave,
        ),
        kept,
    )  # fmt: skip
