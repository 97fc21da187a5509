"""What is known of the rests of paths under several vectors of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.extension import Arcs, Rest
from dvfs_kernel.layered_graph.potentials import OUT_OF_TIME_STATE, backward, best_through, tables
from dvfs_kernel.layered_graph.relaxation import priced
from dvfs_kernel.layered_graph.search_limits import ALL_LIMITS, nothing_found

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.potentials import Tables

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Rests", "backwards"]


@compiled
def _sums_of_rests(graph: Graph, resources: Floats, option: Ints, following: Ints) -> Floats:
    """Return (layers, states, 2 + resources) sums of the rest behind each layer and state."""
    layers, states = option.shape
    sums = np.full((layers, states, 2 + resources.shape[1]), np.inf)
    for layer in range(layers - 1, -1, -1):
        boundary = layer if graph.switch_time.shape[0] > 1 else 0
        for state in range(states):
            own = sums[layer, state]
            target = following[layer, state]
            if layer == layers - 1:
                own[0], own[1], own[2:] = graph.leave[1, state], graph.leave[0, state], 0.0
            elif target >= 0:
                taken = option[layer + 1, target]
                own[:] = sums[layer + 1, target]
                own[0] += graph.energy[taken] + graph.switch_energy[boundary, state, target]
                own[1] += graph.time[taken] + graph.switch_time[boundary, state, target]
                for index in range(resources.shape[1]):
                    own[2 + index] += resources[taken, index]
    return sums


def backwards(graph: Graph) -> tuple[Graph, Ints]:
    """Return the graph from its last layer to its first.

    Returns
    -------
    tuple of (Graph, array)
        That graph, and the (options) index of each of its options in ``graph``.
    """
    states = graph.entry.shape[1]
    size = np.diff(graph.start).reshape(-1, states)
    first = graph.start[:-1].reshape(-1, states)
    order = np.concatenate(
        [
            np.arange(begin, begin + count)
            for begin, count in zip(first[::-1].ravel(), size[::-1].ravel(), strict=True)
        ]
    )
    turned = type(graph)(
        graph.time[order],
        graph.energy[order],
        np.concatenate([[0], np.cumsum(size[::-1].ravel())]),
        np.ascontiguousarray(graph.switch_time[::-1].transpose(0, 2, 1)),
        np.ascontiguousarray(graph.switch_energy[::-1].transpose(0, 2, 1)),
        graph.leave,
        graph.entry,
    )
    return turned, order


class Rests:
    """Bounds on the rests of paths, for one direction through the layers.

    Parameters
    ----------
    graph, resources
        The graph, and (options, resources).
    prices
        (prices, 1 + resources) on time and resources, the best first.
    deadline_s
        Latest time on the monotonic clock.

    Raises
    ------
    SearchTooLargeError
        There was no time to find the bounds.
    """

    def __init__(self, graph: Graph, resources: Floats, prices: Floats, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.graph, self.resources, self.prices = graph, resources, prices
        self.states = graph.entry.shape[1]
        self.layers = (graph.start.size - 1) // self.states
        self.state_of = (
            np.repeat(np.arange(graph.start.size - 1), np.diff(graph.start)) % self.states
        )
        #: Options of one kind take the same of all resources.
        self.kind = np.unique(resources, axis=0, return_inverse=True)[1].ravel()
        filled = tables(self.layers, self.states)
        after, option, following = filled[0], filled[-2], filled[-1]
        self.after, self.option, self.following, whole = [], [], [], []
        for row in prices:
            self._fill(priced(graph, resources, row[1:]), row[0], 1.0, filled)
            self.after.append(after.copy())
            self.option.append(option.copy())
            self.following.append(following.copy())
            whole.append(_sums_of_rests(graph, resources, option, following))
        single = []
        for index, weights in enumerate(np.eye(prices.shape[1])):
            costs = priced(graph, resources, weights[1:], energy=False)
            self._fill(costs, weights[0], 0.0 if index == 0 else 1.0, filled)
            single.append(after.copy())
        leasts, wholes = np.array(self.after), np.array(whole)
        singles = np.array(single)
        self.rest = [
            Rest(
                np.ascontiguousarray(leasts[:, layer].T),
                np.ascontiguousarray(singles[:, layer].T),
                np.ascontiguousarray(wholes[:, layer].transpose(1, 0, 2)),
            )
            for layer in range(self.layers)
        ]

    def _fill(self, graph: Graph, time: float, energy: float, filled: Tables) -> None:
        state = backward(graph, time, energy, *filled, self.deadline_s)[3]
        if state == OUT_OF_TIME_STATE:
            raise nothing_found("time limit", ALL_LIMITS)

    def hopeful(self, ceiling: Floats) -> Flags:
        """Tell through which options paths below the ceiling at all prices may lead."""
        result = np.ones(self.graph.time.size, np.bool_)
        through = np.empty(self.graph.time.size)
        for index, row in enumerate(self.prices):
            costs = priced(self.graph, self.resources, row[1:])
            if not best_through(costs, row[0], self.after[index], through, self.deadline_s):
                break
            result &= through <= ceiling[index]
        return result

    def arcs(self, layer: int, hopeful: Flags) -> Arcs:
        """Return the ways into a layer, to its hopeful options."""
        graph, states, best = self.graph, self.states, self.prices[0]
        low, high = graph.start[layer * states], graph.start[(layer + 1) * states]
        option = low + np.flatnonzero(hopeful[low:high])
        target = self.state_of[option]
        cost = graph.energy[option] + best[0] * graph.time[option]
        cost += self.resources[option] @ best[1:] + self.after[0][layer, target]
        if layer == 0:
            energy, time = graph.entry[1:2, target], graph.entry[0:1, target]
        else:
            boundary = layer - 1 if graph.switch_time.shape[0] > 1 else 0
            energy = graph.switch_energy[boundary][:, target]
            time = graph.switch_time[boundary][:, target]
        possible = np.isfinite(time)
        priced = energy + best[0] * np.where(possible, time, 0.0)  # a price of nothing times never
        reduced = np.where(possible, priced, np.inf) + cost
        order = np.argsort(reduced, axis=1, kind="stable")
        reduced = np.take_along_axis(reduced, order, axis=1)
        allowed = np.isfinite(reduced)
        counts = allowed.sum(axis=1)
        start = np.zeros(states + 2, np.int64)
        if layer == 0:
            start[-1] = counts[0]
        else:
            start[1:-1] = np.cumsum(counts)
            start[-1] = start[-2]
        return Arcs(
            start,
            option[order][allowed],
            target[order][allowed],
            np.take_along_axis(energy, order, axis=1)[allowed],
            np.take_along_axis(time, order, axis=1)[allowed],
            reduced[allowed],
        )

    def complete(self, path: Ints, layer: int, price: int) -> None:
        """Write the cheapest options behind a layer, under one vector of prices, into a path."""
        state = self.state_of[path[layer]]
        for place in range(layer + 1, self.layers):
            state = self.following[price][place - 1, state]
            path[place] = self.option[price][place, state]
