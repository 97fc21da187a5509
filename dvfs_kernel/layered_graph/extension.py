"""One layer more for labels that carry resources: the step of the search under budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.merging import TRACE_SHIFT
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Arcs", "Labels", "Rest", "extended"]

INFINITY = np.inf
_CHECK = 1 << 16  # candidates between two looks at the clock


class Labels(NamedTuple):
    """Partial paths up to one layer.

    Attributes
    ----------
    cost
        (labels, 2 + resources) energy, time and resources of each.
    state
        (labels) of the last option; before the first layer the number of states.
    trace
        (labels) where each came from: its parent in the layer before, and its option.
    bound
        (labels) by how much a completion of it may stay below the ceiling: at most 0.
    """

    cost: Floats
    state: Ints
    trace: Ints
    bound: Floats


class Arcs(NamedTuple):
    """Ways into one layer: from each state those to all options, the cheapest first.

    Attributes
    ----------
    start
        (states + 2) where the arcs from each state start; the last state is the entry.
    option, state
        (arcs) where each leads.
    energy, time
        (arcs) of the switch.
    reduced
        (arcs) cost, at the best prices, of switch, option and the cheapest rest.
    """

    start: Ints
    option: Ints
    state: Ints
    energy: Floats
    time: Floats
    reduced: Floats


class Rest(NamedTuple):
    """What is known of the rest of a path, behind one layer.

    Attributes
    ----------
    least
        (states, prices) least cost of the rest at every vector of prices.
    single
        (states, 1 + resources) least time and least of each resource.
    whole
        (states, prices, 2 + resources) energy, time and resources of the cheapest rest.
    """

    least: Floats
    single: Floats
    whole: Floats


@compiled
def extended(
    labels: Labels, arcs: Arcs, rest: Rest, energy: Floats, time: Floats, resources: Floats,
    prices: Floats, ceiling: Floats, limits: Floats, sure: Floats,
    best_energy: float, most: int, deadline_s: float,
) -> tuple[Labels, int, float, int, int]:  # fmt: skip
    """Extend all labels by all options of a layer, and keep those that are still wanted.

    Parameters
    ----------
    energy, time, resources
        (options), (options) and (options, resources) of the graph.
    prices
        (prices, 1 + resources) on time and on resources.
    ceiling
        (prices) most cost of a wanted path.
    limits, sure
        (1 + resources) most time and resources of a path, with room for rounding errors, and
        less by them.
    best_energy
        Energy of the best path known.
    most
        Most labels.

    Returns
    -------
    tuple of (Labels, int, float, int, int)
        The labels; 0 finished, 1 out of time, 2 too many; energy, label and prices of the best
        completion that is better than the best path (label −1: none).
    """
    columns = labels.cost.shape[1]
    room = min(max(1024, 2 * labels.state.size), most + 1)
    cost, bound = np.empty((room, columns)), np.empty(room)
    state, trace = np.empty(room, np.int64), np.empty(room, np.int64)
    own = np.empty(columns)
    made, until_check = 0, _CHECK
    best, best_label, best_price = best_energy, -1, -1
    for label in range(labels.state.size):
        source = labels.state[label]
        before = labels.cost[label]
        value = before[0]
        for index in range(columns - 1):
            value += prices[0, index] * before[1 + index]
        for arc in range(arcs.start[source], arcs.start[source + 1]):
            if value + arcs.reduced[arc] > ceiling[0]:
                break
            until_check -= 1
            option, target = arcs.option[arc], arcs.state[arc]
            own[0] = before[0] + arcs.energy[arc] + energy[option]
            own[1] = before[1] + arcs.time[arc] + time[option]
            for index in range(2, columns):
                own[index] = before[index] + resources[option, index - 2]
            wanted = True
            for index in range(columns - 1):
                if own[1 + index] + rest.single[target, index] > limits[index]:
                    wanted = False
                    break
            if not wanted:
                continue
            highest = -INFINITY
            for price in range(ceiling.size):
                least = own[0] + rest.least[target, price]
                for index in range(columns - 1):
                    least += prices[price, index] * own[1 + index]
                highest = max(highest, least - ceiling[price])
                if highest > 0.0:
                    break
            if highest > 0.0:
                continue
            if made == room:
                if made > most:
                    nothing = Labels(cost[:0], state[:0], trace[:0], bound[:0])
                    return nothing, 2, best, -1, -1
                room = min(2 * room, most + 1)
                larger_cost, larger_bound = np.empty((room, columns)), np.empty(room)
                larger_cost[:made], larger_bound[:made] = cost, bound
                cost, bound = larger_cost, larger_bound
                larger_state, larger_trace = np.empty(room, np.int64), np.empty(room, np.int64)
                larger_state[:made], larger_trace[:made] = state, trace
                state, trace = larger_state, larger_trace
            cost[made] = own
            bound[made], state[made] = highest, target
            trace[made] = (label << TRACE_SHIFT) + option
            for price in range(ceiling.size):
                if own[0] + rest.whole[target, price, 0] >= best:
                    continue
                wanted = True
                for index in range(columns - 1):
                    if own[1 + index] + rest.whole[target, price, 1 + index] > sure[index]:
                        wanted = False
                        break
                if wanted:
                    best = own[0] + rest.whole[target, price, 0]
                    best_label, best_price = made, price
            made += 1
        if until_check < 0:
            until_check = _CHECK
            if monotonic_s() > deadline_s:
                return Labels(cost[:0], state[:0], trace[:0], bound[:0]), 1, best, -1, -1
    found = Labels(
        cost[:made].copy(), state[:made].copy(), trace[:made].copy(), bound[:made].copy()
    )
    return found, 0, best, best_label, best_price
