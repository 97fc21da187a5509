"""Shortest paths through the layered graph under a price on time: the Lagrangian relaxation.

For a price λ ≥ 0 on time, the cost ``energy + λ · time`` is additive along a path, so a single
pass over the layers finds the cheapest path with the clock state carried exactly. These passes
are the bounds of every search in this package; ``docs/solver.md`` states the theorems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compact import Bounds
from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Tables = tuple[Floats, Floats, Floats, Floats, Ints, Ints]

__all__ = [
    "OUT_OF_TIME_STATE", "backward", "best_through", "bounds_at", "follow", "quickest",
    "steepest_price", "tables",
]  # fmt: skip

INFINITY = np.inf
OUT_OF_TIME_STATE = -2
_CHECK = 1 << 16  # sums between two looks at the clock
_STEPS_MOST = 300  # towards the best price: some thirty do, unless sums differ by rounding alone


def tables(layers: int, states: int) -> Tables:
    """Return what `backward` fills."""
    shape = (layers, states)
    return (
        np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape),
        np.empty(shape, np.int64), np.empty(shape, np.int64),
    )  # fmt: skip


@compiled
def backward(
    graph: Graph,
    weight_time: float,
    weight_energy: float,
    after: Floats,
    after_time: Floats,
    after_energy: Floats,
    arrival: Floats,
    option: Ints,
    following: Ints,
    deadline_s: float,
) -> tuple[float, float, float, int]:
    """Fill the cheapest completions from every (layer, state); return those of the whole graph.

    ``after[k, s]`` is the least cost of what follows the option of layer k when that option is in
    state s, ``after_time`` and ``after_energy`` its parts, ``following`` the next state;
    ``arrival[k, s]`` is the same with the option of layer k included, ``option`` that option.
    Equal costs are decided by less time (by less energy if energy has no weight), then by the
    lower index.

    Returns
    -------
    tuple of (float, float, float, int)
        Least cost, its time, its energy and the first state (−1: no path at all;
        ``OUT_OF_TIME_STATE``: the deadline passed, and nothing is filled that can be used).
    """
    time, energy, start = graph.time, graph.energy, graph.start
    entry, leave = graph.entry, graph.leave
    states = entry.shape[1]
    layers = (start.size - 1) // states
    boundaries = graph.switch_time.shape[0]
    arrival_time = np.empty(states)
    arrival_energy = np.empty(states)
    until_check = _CHECK
    for layer in range(layers - 1, -1, -1):
        boundary = layer if boundaries > 1 else 0
        until_check -= states * states + start[(layer + 1) * states] - start[layer * states]
        if until_check < 0:
            until_check = _CHECK
            if monotonic_s() > deadline_s:
                return INFINITY, INFINITY, INFINITY, OUT_OF_TIME_STATE
        for state in range(states):
            best, best_time, best_energy, best_next = INFINITY, INFINITY, INFINITY, -1
            if start[layer * states + state] == start[layer * states + state + 1]:
                pass
            elif layer == layers - 1:
                if leave[0, state] < INFINITY:
                    best_time, best_energy = leave[0, state], leave[1, state]
                    best = weight_time * best_time + weight_energy * best_energy
            else:
                for target in range(states):
                    step_time = graph.switch_time[boundary, state, target]
                    if arrival[layer + 1, target] == INFINITY or step_time == INFINITY:
                        continue
                    step_energy = graph.switch_energy[boundary, state, target]
                    cost = (
                        weight_time * step_time
                        + weight_energy * step_energy
                        + arrival[layer + 1, target]
                    )
                    if cost > best:
                        continue
                    total_time = step_time + arrival_time[target]
                    total_energy = step_energy + arrival_energy[target]
                    if (
                        cost < best
                        or (weight_energy > 0.0 and total_time < best_time)
                        or (weight_energy == 0.0 and total_energy < best_energy)
                    ):
                        best, best_time, best_energy = cost, total_time, total_energy
                        best_next = target
            after[layer, state] = best
            after_time[layer, state] = best_time
            after_energy[layer, state] = best_energy
            following[layer, state] = best_next
        for state in range(states):
            best, best_option = INFINITY, -1
            if after[layer, state] < INFINITY:
                for index in range(
                    start[layer * states + state], start[layer * states + state + 1]
                ):
                    cost = weight_time * time[index] + weight_energy * energy[index]
                    if cost < best or (
                        cost == best
                        and (
                            time[index] < time[best_option]
                            if weight_energy > 0.0
                            else energy[index] < energy[best_option]
                        )
                    ):
                        best, best_option = cost, index
            option[layer, state] = best_option
            arrival[layer, state] = INFINITY
            if best_option >= 0:
                arrival[layer, state] = best + after[layer, state]
                arrival_time[state] = time[best_option] + after_time[layer, state]
                arrival_energy[state] = energy[best_option] + after_energy[layer, state]
    best, best_time, best_energy, best_state = INFINITY, INFINITY, INFINITY, -1
    for state in range(states):
        if arrival[0, state] == INFINITY or entry[0, state] == INFINITY:
            continue
        cost = weight_time * entry[0, state] + weight_energy * entry[1, state] + arrival[0, state]
        total_time = entry[0, state] + arrival_time[state]
        total_energy = entry[1, state] + arrival_energy[state]
        if cost < best or (
            cost == best
            and (total_time < best_time if weight_energy > 0.0 else total_energy < best_energy)
        ):
            best, best_time, best_energy, best_state = cost, total_time, total_energy, state
    return best, best_time, best_energy, best_state


@compiled
def bounds_at(graph: Graph, prices: Floats, deadline_s: float) -> tuple[Bounds, bool]:
    """Return the completion bounds at these prices, and those on time alone.

    Returns
    -------
    tuple of (Bounds, bool)
        The bounds, and whether there was time for all of them; if not, none is of any use.
    """
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    shape = (layers, states)
    after, after_time = np.empty(shape), np.empty(shape)
    after_energy, arrival = np.empty(shape), np.empty(shape)
    option, following = np.empty(shape, np.int64), np.empty(shape, np.int64)
    every = (layers, states, prices.size)
    all_arrival, all_after = np.empty(every), np.empty(every)
    all_time, all_energy = np.empty(every), np.empty(every)
    all_options, all_following = np.empty(every, np.int64), np.empty(every, np.int64)
    in_time = True
    for index in range(prices.size + 1):
        alone = index == prices.size
        state = backward(
            graph, 1.0 if alone else prices[index], 0.0 if alone else 1.0,
            after, after_time, after_energy, arrival, option, following, deadline_s,
        )[3]  # fmt: skip
        if state == OUT_OF_TIME_STATE:
            in_time = False
            break
        if alone:
            break
        all_arrival[:, :, index] = arrival
        all_after[:, :, index] = after
        all_time[:, :, index] = after_time
        all_energy[:, :, index] = after_energy
        all_options[:, :, index] = option
        all_following[:, :, index] = following
    bounds = Bounds(
        prices, all_arrival, all_after, all_time, all_energy, all_options, all_following,
        arrival, after,
    )  # fmt: skip
    return bounds, in_time


@compiled
def follow(bounds: Bounds, price: int, layer: int, state: int, path: Ints) -> None:
    """Write into ``path`` the cheapest options at one price, from the option of a layer on.

    ``state`` is the one in which that option is.
    """
    for place in range(layer, path.size):
        path[place] = bounds.option[place, state, price]
        state = bounds.following[place, state, price]


@compiled
def best_through(
    graph: Graph, price: float, after: Floats, through: Floats, deadline_s: float
) -> bool:
    """Write into ``through`` the least cost, at that price, of a path through each option.

    Returns whether there was time enough to fill it.
    """
    time, energy, start, entry = graph.time, graph.energy, graph.start, graph.entry
    states = entry.shape[1]
    layers = (start.size - 1) // states
    boundaries = graph.switch_time.shape[0]
    before = np.empty(states)
    leaving = np.empty(states)
    for state in range(states):
        before[state] = INFINITY
        if entry[0, state] < INFINITY:
            before[state] = entry[1, state] + price * entry[0, state]
    until_check = _CHECK
    for layer in range(layers):
        until_check -= states * states + start[(layer + 1) * states] - start[layer * states]
        if until_check < 0:
            until_check = _CHECK
            if monotonic_s() > deadline_s:
                return False
        for state in range(states):
            leaving[state] = INFINITY
            rest = before[state] + after[layer, state]
            for index in range(start[layer * states + state], start[layer * states + state + 1]):
                cost = energy[index] + price * time[index]
                through[index] = rest + cost
                leaving[state] = min(leaving[state], before[state] + cost)
        if layer == layers - 1:
            break
        boundary = layer if boundaries > 1 else 0
        for target in range(states):
            before[target] = INFINITY
            place = (layer + 1) * states + target
            if start[place] == start[place + 1]:
                continue
            for state in range(states):
                step_time = graph.switch_time[boundary, state, target]
                if leaving[state] < INFINITY and step_time < INFINITY:
                    step = graph.switch_energy[boundary, state, target] + price * step_time
                    before[target] = min(before[target], leaving[state] + step)
    return True


@compiled
def steepest_price(
    graph: Graph, reach: float, highest: float, deadline_s: float
) -> tuple[float, float, float]:
    """Maximise the Lagrangian bound over the price, by the slopes between two paths.

    From a path that is too slow and one that keeps the bound, the price at which both cost the
    same is tried next; the path it yields replaces one of the two. Every step meets a new vertex
    of the lower convex hull of all paths, so the number of steps is finite (Handler and Zang,
    "A dual algorithm for the constrained shortest path problem", Networks 10 (1980) 293–309).

    Parameters
    ----------
    reach
        The bound on time, with room for rounding: no path that keeps it has more, however summed.
    highest
        Most price.

    Returns
    -------
    tuple of (float, float, float)
        Price, the lower bound on the energy at it but for rounding (−inf: there was no time to
        find one), and the least time of any path. The price is infinite if no path keeps the
        bound, and NaN if there is no path at all.
    """
    states = graph.entry.shape[1]
    shape = ((graph.start.size - 1) // states, states)
    after, after_time = np.empty(shape), np.empty(shape)
    after_energy, arrival = np.empty(shape), np.empty(shape)
    option, following = np.empty(shape, np.int64), np.empty(shape, np.int64)
    cost, fast_time, fast_energy, state = backward(
        graph, 1.0, 0.0,
        after, after_time, after_energy, arrival, option, following, deadline_s,
    )  # fmt: skip
    least_time = fast_time
    if state == OUT_OF_TIME_STATE:
        return 0.0, -INFINITY, INFINITY
    if state < 0:
        return np.nan, INFINITY, INFINITY
    if fast_time > reach:
        return INFINITY, INFINITY, least_time
    best_bound, slow_time, slow_energy, state = backward(
        graph, 0.0, 1.0,
        after, after_time, after_energy, arrival, option, following, deadline_s,
    )  # fmt: skip
    if state == OUT_OF_TIME_STATE:
        return 0.0, -INFINITY, least_time
    best_price = 0.0
    if slow_time <= reach:
        return best_price, best_bound, least_time
    for _ in range(_STEPS_MOST):
        if not (slow_time > fast_time and fast_energy > slow_energy):
            break
        rise, run = fast_energy - slow_energy, slow_time - fast_time
        price = highest if run * highest <= rise else rise / run
        cost, path_time, path_energy, state = backward(
            graph, price, 1.0,
            after, after_time, after_energy, arrival, option, following, deadline_s,
        )  # fmt: skip
        if state == OUT_OF_TIME_STATE:
            break
        if cost - price * reach > best_bound:
            best_price, best_bound = price, cost - price * reach
        if path_time <= reach:
            if path_energy >= fast_energy:
                break
            fast_time, fast_energy = path_time, path_energy
        else:
            if path_time >= slow_time:
                break
            slow_time, slow_energy = path_time, path_energy
    return best_price, best_bound, least_time


@compiled
def quickest(graph: Graph) -> tuple[float, Ints]:
    """Return the least time of any path, summed in the defining order, and such a path."""
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    before = graph.entry[0].copy()
    leaving = np.empty(states)
    option = np.full((layers, states), -1, np.int64)
    origin = np.zeros((layers, states), np.int64)
    for layer in range(layers):
        boundary = layer - 1 if graph.switch_time.shape[0] > 1 else 0
        for target in range(states):
            arrival = before[target] if layer == 0 else INFINITY
            if layer > 0:
                for state in range(states):
                    step = before[state] + graph.switch_time[boundary, state, target]
                    if step < arrival:
                        arrival = step
                        origin[layer, target] = state
            group = layer * states + target
            leaving[target] = INFINITY
            for index in range(graph.start[group], graph.start[group + 1]):
                if arrival + graph.time[index] < leaving[target]:
                    leaving[target] = arrival + graph.time[index]
                    option[layer, target] = index
        before[:] = leaving
    ends = before + graph.leave[0]
    state = ends.argmin()
    least = ends[state]
    path = np.empty(layers, np.int64)
    for layer in range(layers - 1, -1, -1):
        path[layer] = option[layer, state]
        state = origin[layer, state]
    return least, path
