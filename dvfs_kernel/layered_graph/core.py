"""The core of a problem without switching: which layers to decide first, and what to fall back on.

Without switching the layers may be taken in any order. Those whose best two options cost nearly
the same at the best price are the ones where the optimum may differ from the relaxation (the
core: E. Balas and E. Zemel, "An algorithm for large zero-one knapsack problems", Operations
Research 28 (1980) 1130–1154; for multiple-choice problems D. Pisinger, EJOR 83 (1995) 394–410).
Taking them first, and completing each label by the break solution, finds an optimum long before
the last layer if sums are dense. Sums of whole numbers are exact, so their order is free; sums of
real numbers are not, so for those the layers keep their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compact import Bounds, Graph
from dvfs_kernel.layered_graph.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["core_first", "in_order", "with_break_path"]


@compiled
def core_first(graph: Graph, price: float, bound: float) -> tuple[Ints, Ints]:
    """Return the layers in core order, and the break path.

    The break path takes in every layer an option that is cheapest at the price, the slowest one
    as long as the bound is kept, else the quickest.
    """
    layers = graph.start.size - 1
    path, slow = np.empty(layers, np.int64), np.empty(layers, np.int64)
    least = np.empty(layers)
    used = 0.0
    for layer in range(layers):
        first, last = graph.start[layer], graph.start[layer + 1]
        costs = graph.energy[first:last] + price * graph.time[first:last]
        least[layer] = costs.min()
        near = least[layer] + 1e-12 * (np.abs(costs).max() + 1e-300)
        fast = -1
        for index in range(first, last):
            if costs[index - first] <= near:
                if fast < 0:
                    fast = index
                slow[layer] = index
        path[layer] = fast
        used += graph.time[fast]
    split = -1
    for layer in range(layers):
        more = graph.time[slow[layer]] - graph.time[path[layer]]
        if used + more <= bound:
            used += more
            path[layer] = slow[layer]
        elif split < 0:
            split = layer
    loss = np.full(layers, np.inf)
    for layer in range(layers):
        for index in range(graph.start[layer], graph.start[layer + 1]):
            if index != path[layer]:
                cost = graph.energy[index] + price * graph.time[index] - least[layer]
                loss[layer] = min(loss[layer], cost)
    # of equal losses those next to where slow gives way to quick: they leave room both ways
    near_split = np.argsort(np.abs(np.arange(layers) - split), kind="mergesort")
    return near_split[np.argsort(loss[near_split], kind="mergesort")], path


@compiled
def in_order(graph: Graph, order: Ints) -> tuple[Graph, Ints]:
    """Return the graph without switching with its layers in another order.

    Returns
    -------
    tuple of (Graph, array)
        That graph, and the (options) index of each of its options in ``graph``.
    """
    moved = np.empty(graph.time.size, np.int64)
    start = np.zeros(graph.start.size, np.int64)
    used = 0
    for place in range(order.size):
        for index in range(graph.start[order[place]], graph.start[order[place] + 1]):
            moved[used] = index
            used += 1
        start[place + 1] = used
    return (
        Graph(
            graph.time[moved], graph.energy[moved], start,
            graph.switch_time, graph.switch_energy, graph.entry, graph.leave,
        ),
        moved,
    )  # fmt: skip


@compiled
def with_break_path(graph: Graph, bounds: Bounds, path: Ints) -> Bounds:
    """Return the bounds with one more way to complete labels: by the rest of a path."""
    layers, states, prices = bounds.after_time.shape
    shape = (layers, states, prices + 1)
    after_time, after_energy = np.empty(shape), np.empty(shape)
    option, following = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    after_time[:, :, :prices] = bounds.after_time
    after_energy[:, :, :prices] = bounds.after_energy
    option[:, :, :prices] = bounds.option
    following[:, :, :prices] = bounds.following
    time, energy = graph.leave[0, 0], graph.leave[1, 0]
    for layer in range(layers - 1, -1, -1):
        after_time[layer, 0, prices], after_energy[layer, 0, prices] = time, energy
        option[layer, 0, prices] = path[layer]
        time += graph.time[path[layer]]
        energy += graph.energy[path[layer]]
    return Bounds(
        bounds.prices, bounds.arrival, bounds.after, after_time, after_energy, option, following,
        bounds.quickest_arrival, bounds.quickest_after,
    )  # fmt: skip
