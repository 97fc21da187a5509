"""A layered graph whose schedules have to keep budgets, in the form in which searches start."""

from __future__ import annotations

import time as clock
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBudgetError
from dvfs_kernel.layered_graph.compact import Graph
from dvfs_kernel.layered_graph.halves import sums_of_path
from dvfs_kernel.layered_graph.lattice import Lattice, sums_are_exact
from dvfs_kernel.layered_graph.orthants import undominated_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.resources import Resources

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["BudgetedProblem", "binding"]

_EFFORT = 1 << 40  # boxes looked at for each group of options: all
_SORT_S = 1e-6  # of each option, to sort them


def binding(prepared: Prepared, resources: Resources, budgets: Floats) -> Ints:
    """Return which budgets are not sure to be kept by every schedule."""
    first = prepared.first[:-1]
    size = np.maximum.reduceat(np.abs(resources.amount), first, axis=1).sum(axis=1)
    greatest = np.maximum.reduceat(resources.amount, first, axis=1).sum(axis=1)
    return np.flatnonzero(budgets < greatest + prepared.roundings * size)


class BudgetedProblem:
    """The graph without options that are dominated in time, energy and all resources.

    Parameters
    ----------
    prepared, resources
        The graph, and what its options take.
    budgets
        (resources) most of each; those that are sure to be kept are left out.
    deadline_s
        When dominated options that were not found yet may stay.

    Attributes
    ----------
    graph, resources, place
        The graph, (options, resources) what options take, and where they are in ``prepared``.
    used
        Which resources are left.

    Raises
    ------
    InfeasibleBudgetError
        A budget is less than the least possible.
    """

    def __init__(
        self, prepared: Prepared, resources: Resources, budgets: Floats, deadline_s: float
    ) -> None:
        self.prepared, self.names = prepared, resources.names
        self.all, self.all_budgets = resources, budgets
        self.layers, self.states = prepared.layers, prepared.states
        rounding = prepared.roundings
        first = prepared.first[:-1]
        size = np.maximum.reduceat(np.abs(resources.amount), first, axis=1).sum(axis=1)
        self.used = binding(prepared, resources, budgets)
        self.all_resources = np.ascontiguousarray(resources.amount[self.used].T)
        amount = self.all_resources[prepared.order]
        whole = (amount == np.rint(amount)).all(axis=0) & (size[self.used] < 2.0**50)
        self.slack_resources = np.where(whole, 0.0, rounding * size[self.used])
        self.exact = whole
        self.budgets = budgets[self.used]
        self.offset = np.minimum.reduceat(resources.amount[self.used], first, axis=1).sum(axis=1)
        graph = prepared.sorted
        groups = graph.start.size - 1
        group = np.repeat(np.arange(groups), np.diff(graph.start))
        points = np.column_stack([graph.energy, graph.energy, graph.time, amount])
        stays = np.ones(group.size, np.bool_)
        if clock.monotonic() + _SORT_S * group.size < deadline_s:
            rank = np.empty(group.size, np.int64)
            rank[np.lexsort(points.T[::-1])] = np.arange(group.size)
            stays, _ = undominated_points(
                points, group, groups, rank, np.zeros(points.shape[1]),
                np.full(group.size, -1), _EFFORT, deadline_s,
            )  # fmt: skip
        kept = np.flatnonzero(stays)
        counts = np.bincount(group[kept], minlength=groups)
        self.graph = Graph(
            graph.time[kept],
            graph.energy[kept],
            np.concatenate([[0], np.cumsum(counts)]),
            *graph[3:],
        )
        self.resources = np.ascontiguousarray(amount[kept])
        self.place = prepared.order[kept]
        self.state_of = group[kept] % self.states

    def sums(self, path: Ints) -> Floats:
        """Return energy, time and resources of a path, summed in the defining order."""
        result = np.empty(2 + self.used.size)
        sums_of_path(self.graph, self.resources, self.state_of, path, result)
        return result

    def choice(self, path: Ints) -> Ints:
        """Return the options of the layers for a path in ``graph``."""
        choice: Ints = self.place[path] - self.prepared.first[:-1]
        return choice

    @cached_property
    def slack(self) -> Floats:
        """(2 + resources) bounds on rounding errors of energy, time and resources."""
        time, energy = self.prepared.slack
        graph = self.graph  # with options that are dominated but for their resources
        if sums_are_exact(graph, graph.time, (graph.switch_time, graph.entry[0], graph.leave[0])):
            time = 0.0
        if sums_are_exact(
            graph, graph.energy, (graph.switch_energy, *graph.entry[1:], graph.leave[1])
        ):
            energy = 0.0
        return np.concatenate([[energy, time], self.slack_resources])

    def slack_at(self, prices: Floats) -> Floats:
        """Bounds on rounding errors of costs under (…, 1 + resources) prices."""
        time, energy = self.prepared.slack
        size = np.concatenate([[time], np.maximum(self.slack_resources, self._size)])
        result: Floats = energy + prices @ size
        return result

    @cached_property
    def _size(self) -> Floats:
        rounding = self.prepared.roundings
        first = self.graph.start[: -1 : self.states]
        size: Floats = np.maximum.reduceat(np.abs(self.resources), first).sum(axis=0)
        return rounding * size

    @cached_property
    def lattice(self) -> Lattice:
        """The energies that are possible, if all numbers are whole."""
        return Lattice.of(self.graph, self.prepared.slack[1], with_time=False)

    @cached_property
    def most_energy(self) -> float:
        """An energy that no path exceeds."""
        graph = self.graph
        most = float(np.maximum.reduceat(graph.energy, graph.start[: -1 : self.states]).sum())
        for extra, times in (
            (graph.switch_energy, self.layers),
            (graph.entry[1], 1),
            (graph.leave[1], 1),
        ):
            most += times * float(extra[np.isfinite(extra)].max(initial=0.0))
        return most + self.prepared.slack[1]

    def check_budgets(self, least: Floats) -> None:
        """Raise if a budget is less than the least of its resource.

        Parameters
        ----------
        least
            (resources) least of each resource that a path takes, but for rounding.
        """
        for index, number in enumerate(self.used.tolist()):
            if self.budgets[index] < least[index] - self.slack_resources[index]:
                raise InfeasibleBudgetError(
                    {self.names[number]: float(self.budgets[index])},
                    {self.names[number]: float(least[index])},
                )

    def together(self, bound: float, least: Floats) -> InfeasibleBudgetError:
        """Return the error for limits of which each can be kept, but not all together."""
        names = [self.names[number] for number in self.used]
        return InfeasibleBudgetError(
            dict(zip(names, self.budgets.tolist(), strict=True)),
            dict(zip(names, least.tolist(), strict=True)),
            bound=bound,
            least_time=self.prepared.least_time,
        )
