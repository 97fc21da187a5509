"""Whole paths out of halves: first halves in the order of the layers, second ones backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.merging import TRACE_SHIFT
from dvfs_kernel.layered_graph.orthants import box_tree
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["join_halves", "sums_of_path", "trace_all"]

_OPTION_MASK = (1 << TRACE_SHIFT) - 1
_CHECK = 1 << 16  # boxes between two looks at the clock
INFINITY = np.inf


@compiled
def sums_of_path(graph: Graph, resources: Floats, state_of: Ints, path: Ints, sums: Floats) -> None:
    """Sum energy, time and resources of a path in the order that defines them."""
    before = state_of[path[0]]
    sums[0], sums[1], sums[2:] = graph.entry[1, before], graph.entry[0, before], 0.0
    for layer in range(path.size):
        option = path[layer]
        state = state_of[option]
        if layer > 0:
            boundary = layer - 1 if graph.switch_time.shape[0] > 1 else 0
            sums[0] += graph.switch_energy[boundary, before, state]
            sums[1] += graph.switch_time[boundary, before, state]
        sums[0] += graph.energy[option]
        sums[1] += graph.time[option]
        for index in range(resources.shape[1]):
            sums[2 + index] += resources[option, index]
        before = state
    sums[0] += graph.leave[1, before]
    sums[1] += graph.leave[0, before]


@compiled
def trace_layers(trace: Ints, start: Ints, layer: int, label: int, path: Ints) -> None:
    """Write the options of a label of a layer, and of those before it, into ``path``.

    ``trace`` holds the traces of all layers, those of layer k from ``start[k]`` on.
    """
    for place in range(layer, -1, -1):
        value = trace[start[place] + label]
        path[place] = value & _OPTION_MASK
        label = value >> TRACE_SHIFT


@compiled
def trace_all(trace: Ints, start: Ints, layer: int, labels: Ints) -> Ints:
    """Return (labels, layers) options of labels of the last layer."""
    paths = np.empty((labels.size, layer + 1), np.int64)
    for row in range(labels.size):
        trace_layers(trace, start, layer, labels[row], paths[row])
    return paths


@compiled
def join_halves(
    graph: Graph, resources: Floats, state_of: Ints,
    first: Floats, first_state: Ints, first_trace: Ints, first_start: Ints, layer: int,
    second: Floats, second_state: Ints, second_trace: Ints, second_start: Ints, forward: Ints,
    prices: Floats, slack: Floats, ceiling: float, limits: Floats,
    best: Floats, best_path: Ints, step: float, deadline_s: float,
) -> bool:  # fmt: skip
    """Find the best path that one of the first halves and one of the second ones make.

    Parameters
    ----------
    first, second
        (labels, 2 + resources) energy, time and resources up to ``layer``, and behind it.
    forward
        (options) option of the graph for each one of the graph that is taken backwards.
    prices
        (1 + resources) the best prices.
    slack
        (3 + resources) rounding errors of the price of a path, energy, time and resources.
    ceiling
        Most cost of a wanted path at these prices.
    limits
        (1 + resources) most time and resources, exactly.
    best, best_path
        (1 + …) sums, in the order that defines them, and options of the best path so far;
        overwritten by a better one.
    step
        By how much energies differ at least, 0 for real numbers.

    Returns
    -------
    bool
        Whether there was time enough.
    """
    columns = first.shape[1]
    states = graph.entry.shape[1]
    layers = best_path.size
    boundary = layer if graph.switch_time.shape[0] > 1 else 0
    path, back = np.empty(layers, np.int64), np.empty(layers, np.int64)
    sums, corner = np.empty(columns), np.empty(columns + 1)
    stack = np.empty(128, np.int64)
    until_check = _CHECK
    for target in range(states):
        member = np.flatnonzero(second_state == target)
        if member.size == 0:
            continue
        points = np.empty((member.size, columns + 1))
        for place in range(member.size):
            points[place, 1:] = second[member[place]]
            points[place, 0] = points[place, 1]
            for index in range(columns - 1):
                points[place, 0] += prices[index] * points[place, 2 + index]
        boxes, in_time = box_tree(points, deadline_s)
        if not in_time:
            return False
        for label in range(first_state.size):
            source = first_state[label]
            switch_time = graph.switch_time[boundary, source, target]
            if switch_time == INFINITY:
                continue
            energy = first[label, 0] + graph.switch_energy[boundary, source, target]
            corner[2] = limits[0] + slack[2] - first[label, 1] - switch_time
            corner[0] = ceiling - energy - prices[0] * (first[label, 1] + switch_time)
            for index in range(1, columns - 1):
                corner[2 + index] = limits[index] + slack[2 + index] - first[label, 1 + index]
                corner[0] -= prices[index] * first[label, 1 + index]
            corner[0] += slack[0]
            stack[0], used = 0, 1
            while used > 0:
                used -= 1
                box = stack[used]
                until_check -= 1
                corner[1] = best[0] - step + slack[1] - energy
                inside = boxes.first[box] < boxes.last[box]
                for dimension in range(columns + 1):
                    if boxes.least[box, dimension] > corner[dimension]:
                        inside = False
                        break
                if not inside:
                    continue
                if 2 * box + 2 < boxes.first.size:
                    stack[used], stack[used + 1] = 2 * box + 2, 2 * box + 1
                    used += 2
                    continue
                for place in range(boxes.first[box], boxes.last[box]):
                    point = boxes.order[place]
                    inside = True
                    for dimension in range(columns + 1):
                        if points[point, dimension] > corner[dimension]:
                            inside = False
                            break
                    if not inside:
                        continue
                    trace_layers(first_trace, first_start, layer, label, path)
                    trace_layers(
                        second_trace, second_start, layers - 2 - layer, member[point], back
                    )
                    for number in range(layers - 1 - layer):
                        path[layers - 1 - number] = forward[back[number]]
                    sums_of_path(graph, resources, state_of, path, sums)
                    kept = sums[0] < best[0] or (sums[0] == best[0] and sums[1] < best[1])
                    for index in range(columns - 1):
                        kept = kept and sums[1 + index] <= limits[index]
                    if kept:
                        best[:] = sums
                        best_path[:] = path
            if until_check < 0:
                until_check = _CHECK
                if monotonic_s() > deadline_s:
                    return False
    return True
