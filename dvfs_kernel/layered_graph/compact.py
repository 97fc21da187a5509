"""The form in which compiled code sees a layered graph, and the bounds that searches use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Bounds", "Graph", "total", "undominated"]


class Graph(NamedTuple):
    """Options of all layers in one array, sorted by layer, state and time.

    Attributes
    ----------
    time, energy
        (options) of the options.
    start
        (layers · states + 1) where the group of each (layer, state) starts.
    switch_time, switch_energy
        (1 or layers − 1, states, states) cost between neighbours; infinite: forbidden.
    entry, leave
        (2, states) time and energy before the first and after the last layer.
    """

    time: Floats
    energy: Floats
    start: Ints
    switch_time: Floats
    switch_energy: Floats
    entry: Floats
    leave: Floats


class Bounds(NamedTuple):
    """What the searches know about the rest of a path.

    Attributes
    ----------
    prices
        (prices) prices on time: ascending for one bound, descending for a frontier.
    arrival, after
        (layers, states, prices) least ``energy + price · time`` of the rest of a path that is in
        this state, with and without the option of this layer.
    after_time, after_energy
        (layers, states, prices) time and energy of the rest that has that least cost.
    option, following
        (layers, states, prices) this layer's option on it, and the next layer's state.
    quickest_arrival, quickest_after
        (layers, states) least time of the rest.
    """

    prices: Floats
    arrival: Floats
    after: Floats
    after_time: Floats
    after_energy: Floats
    option: Ints
    following: Ints
    quickest_arrival: Floats
    quickest_after: Floats


@compiled
def undominated(graph: Graph, keep: int) -> tuple[Graph, Ints]:
    """Drop options that ``keep`` others of their layer and state equal or beat in both costs.

    Returns
    -------
    tuple of (Graph, array)
        The smaller graph, and the (options) index of each of its options in ``graph``.
    """
    groups = graph.start.size - 1
    start = np.zeros(groups + 1, np.int64)
    kept = np.empty(graph.time.size, np.int64)
    smallest = np.empty(keep)
    used = 0
    for group in range(groups):
        smallest[:] = np.inf
        for index in range(graph.start[group], graph.start[group + 1]):
            value = graph.energy[index]
            if value >= smallest[-1]:
                continue
            place = keep - 1
            while place > 0 and smallest[place - 1] > value:
                smallest[place] = smallest[place - 1]
                place -= 1
            smallest[place] = value
            kept[used] = index
            used += 1
        start[group + 1] = used
    kept = kept[:used].copy()
    return (
        Graph(
            graph.time[kept], graph.energy[kept], start,
            graph.switch_time, graph.switch_energy, graph.entry, graph.leave,
        ),
        kept,
    )  # fmt: skip


@compiled
def total(
    time: Floats,
    energy: Floats,
    state: Ints,
    switch_time: Floats,
    switch_energy: Floats,
    entry: Floats,
    leave: Floats,
) -> tuple[float, float]:
    """Sum a schedule in the order that defines its time and energy.

    Parameters
    ----------
    time, energy, state
        (layers) of the chosen options.
    """
    sum_time, sum_energy = entry[0, state[0]], entry[1, state[0]]
    for layer in range(time.size):
        if layer > 0:
            boundary = layer - 1 if switch_time.shape[0] > 1 else 0
            sum_time += switch_time[boundary, state[layer - 1], state[layer]]
            sum_energy += switch_energy[boundary, state[layer - 1], state[layer]]
        sum_time += time[layer]
        sum_energy += energy[layer]
    return sum_time + leave[0, state[-1]], sum_energy + leave[1, state[-1]]
