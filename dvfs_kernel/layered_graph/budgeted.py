"""The best schedule within one bound on time and budgets for resources, with a certificate."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.budgeted_problem import BudgetedProblem, binding
from dvfs_kernel.layered_graph.budgeted_search import (
    OUT_OF_LABELS,
    OUT_OF_TIME,
    BudgetedIncumbent,
    BudgetedSearch,
)
from dvfs_kernel.layered_graph.potentials import OUT_OF_TIME_STATE, backward, tables
from dvfs_kernel.layered_graph.relaxation import SLACK_MOST, priced, relax
from dvfs_kernel.layered_graph.search_limits import (
    ALL_LIMITS,
    checked_bound,
    checked_limit,
    nothing_found,
)
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.solve import solve_until

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.relaxation import Relaxation
    from dvfs_kernel.layered_graph.resources import Resources
    from dvfs_kernel.layered_graph.solution import Status

    Floats = NDArray[np.float64]

__all__ = ["check_limits", "solve_budgeted", "solve_problem"]

# Prices around the best ones at which labels are bounded: each price alone, and all together.
_LADDER = (0.0, 0.3, 0.6, 0.8, 0.9, 1.1, 1.25, 1.6, 3.0, 10.0)
_STEPS = 12  # of the relaxation, whose prices are taken too
_FIRST_STEP = 1 / 16  # of the distance between the bounds, for the first search
_BLIND_STEP = 1e-4  # of all energies, for the first search if no schedule is known
_WIDER = 4.0  # how much further the next search looks
_BEAMS = (100, 2_000, 20_000)  # labels of a layer in searches that only look for a good schedule
_TRIAL_LABELS = 2_000_000  # for a search before a good schedule is looked for by a wide beam
_ALL = 1 << 62


def solve_budgeted(
    prepared: Prepared,
    resources: Resources,
    bound: float,
    budgets: Floats,
    tolerance: float,
    time_limit_s: float | None,
    label_limit: int,
) -> Solution:
    """Find the schedule of least energy within bound and budgets (see `LayeredGraph.solve`)."""
    deadline_s = clock.monotonic() + checked_limit(time_limit_s)
    bound = checked_bound(prepared, bound)
    if not tolerance >= 0.0:
        raise LayeredGraphError(f"tolerance is {tolerance}; it must not be negative")
    if not binding(prepared, resources, budgets).size:
        return solve_until(prepared, bound, tolerance, deadline_s, label_limit)
    problem = BudgetedProblem(prepared, resources, budgets, deadline_s)
    return solve_problem(problem, bound, tolerance, deadline_s, label_limit)


def solve_problem(
    problem: BudgetedProblem, bound: float, tolerance: float, deadline_s: float, label_limit: int
) -> Solution:
    """Find the best schedule of a problem with at least one budget that may bind."""
    prepared = problem.prepared
    bound = prepared.finite(bound)
    least = check_limits(problem, deadline_s)
    limits = np.concatenate([[bound], problem.budgets])
    relaxed = relax(problem, limits, deadline_s)
    if not relaxed.feasible:
        with np.errstate(over="ignore"):
            surely = float(relaxed.prices @ problem.slack_at(np.eye(limits.size)))
        if relaxed.lower > surely:
            raise problem.together(bound, least)
        relaxed.prices = np.zeros(limits.size)
    nothing = np.zeros(limits.size)
    if not relaxed.tried:
        relaxed.prices, relaxed.lower = nothing, -np.inf
    lower = relaxed.lower - float(problem.slack_at(relaxed.prices))
    lower = max(lower, least_energy(problem, deadline_s))
    if not relaxed.prices[1:].any():
        # budgets that cost nothing may be kept without asking for it
        loose = solve_until(prepared, bound, tolerance, deadline_s, label_limit)
        lower = max(lower, loose.lower_bound)
        if (_taken(problem, loose) <= problem.budgets).all():
            return loose
    with np.errstate(over="ignore"):
        vectors = _vectors(relaxed)
    vectors = vectors[problem.slack_at(vectors) < SLACK_MOST]
    incumbent = BudgetedIncumbent(problem, limits)
    for path in relaxed.paths:
        incumbent.offer(path)
    try:
        search = BudgetedSearch(problem, incumbent, vectors, deadline_s, label_limit)
    except SearchTooLargeError:
        if incumbent.energy == np.inf:
            raise
        status: Status = "time limit"
        lower = min(lower, incumbent.energy)
    else:
        narrowing = _Narrowing(search, lower, least)
        status = narrowing.run(tolerance, deadline_s, label_limit)
        lower = narrowing.lower
    multipliers = dict.fromkeys(problem.names, 0.0)
    for number, price in zip(problem.used.tolist(), relaxed.prices[1:].tolist(), strict=True):
        multipliers[problem.names[number]] = price
    return Solution(
        problem.choice(incumbent.path),
        float(incumbent.best[1]),
        incumbent.energy,
        lower,
        status,
        float(relaxed.prices[0]),
        resource_multipliers=multipliers,
    )


def least_energy(problem: BudgetedProblem, deadline_s: float) -> float:
    """Return an energy that no path is below: that of the best one but for rounding, if in time."""
    energy = _least_cost(problem, problem.graph, deadline_s)
    if energy is None:
        return problem.prepared.least_energy
    return energy - float(problem.slack_at(np.zeros(1 + problem.used.size)))


def check_limits(problem: BudgetedProblem, deadline_s: float) -> Floats:
    """Return the least of each resource that a path takes.

    Raises
    ------
    InfeasibleBudgetError
        A budget is less.
    SearchTooLargeError
        There was no time to find out.
    """
    amounts = []
    for row in np.eye(problem.used.size):
        graph = priced(problem.graph, problem.resources, row, energy=False)
        amount = _least_cost(problem, graph, deadline_s)
        if amount is None:
            raise nothing_found("time limit", ALL_LIMITS)
        amounts.append(amount)
    least = np.array(amounts)
    problem.check_budgets(least)
    return least


def _least_cost(problem: BudgetedProblem, graph: Graph, deadline_s: float) -> float | None:
    """Return the least energy of a path through a graph; None if time is up."""
    filled = tables(problem.layers, problem.states)
    cost, _, _, state = backward(graph, 0.0, 1.0, *filled, deadline_s)
    return None if state == OUT_OF_TIME_STATE else float(cost)


def _taken(problem: BudgetedProblem, solution: Solution) -> Floats:
    place = problem.prepared.places(solution.choice)
    amount = np.zeros(problem.used.size)
    for row in problem.all_resources[place]:
        amount += row
    return amount


def _vectors(relaxed: Relaxation) -> Floats:
    """Return prices around the best ones."""
    best = relaxed.prices
    rows = [best]
    for factor in _LADDER:
        for index in range(best.size):
            if best[index] > 0.0:
                row = best.copy()
                row[index] *= factor
                rows.append(row)
        rows.append(best * factor)
    tried = sorted(relaxed.tried, key=lambda step: -step[0])
    rows += [prices for _, prices in tried[1:_STEPS]]
    _, kept = np.unique(np.array(rows), axis=0, return_index=True)
    return np.array(rows)[np.sort(kept)]


class _Narrowing:
    """Close the distance between a lower bound and the best schedule."""

    def __init__(self, search: BudgetedSearch, lower: float, least: Floats) -> None:
        self.search, self.problem, self.least = search, search.problem, least
        lattice = self.problem.lattice
        self.unit = lattice.unit
        self.lower = min(lattice.at_least(lower, 0.0, 0.0, 0.0), self.energy)

    @property
    def energy(self) -> float:
        """Energy of the best schedule."""
        return self.search.incumbent.energy

    def run(self, tolerance: float, deadline_s: float, label_limit: int) -> Status:
        """Search until the gap is closed; say why it ended."""
        problem, search = self.problem, self.search
        beams = list(_BEAMS)
        for most in beams[:2]:
            if self.energy > self.lower:
                self._beam(most, label_limit, deadline_s)
        del beams[:2]
        highest = problem.most_energy
        if self.energy < np.inf:
            width = (self.energy - self.lower) * _FIRST_STEP
        else:
            width = (highest - self.lower) * _BLIND_STEP
        if self.unit:
            width = np.floor(width / self.unit) * self.unit
        while self.energy > self.lower:
            if self.energy - self.lower <= tolerance * abs(self.energy):
                return "tolerance"
            if clock.monotonic() > deadline_s:
                return self._stopped("time limit")
            target = min(self.lower + width, self.energy - self.unit)
            labels = min(label_limit, _TRIAL_LABELS) if beams else label_limit
            status = search.run(target, _ALL, labels, deadline_s)
            if status == OUT_OF_TIME:
                continue
            if status == OUT_OF_LABELS:
                if not beams:
                    return self._stopped("label limit")
                before = self.energy
                self._beam(beams.pop(0), label_limit, deadline_s)
                if self.energy < before and not self.unit:
                    width = min(width, (self.energy - self.lower) / _WIDER)
                continue
            if self.energy <= target:
                self.lower = self.energy
            elif target >= highest:
                if self.energy == np.inf:
                    raise problem.together(float(search.limits[0]), self.least)
                self.lower = self.energy
            else:
                self.lower = min(self.energy, max(self.lower, target + self.unit))
                width = max(width, self.unit, np.spacing(abs(target))) * _WIDER
        self.lower = self.energy
        return "optimal"

    def _beam(self, most: int, label_limit: int, deadline_s: float) -> None:
        """Look for a good schedule; nothing is proved."""
        self.search.run(self.energy - self.unit, most, label_limit, deadline_s)

    def _stopped(self, status: Status) -> Status:
        if self.energy == np.inf:
            raise nothing_found(status, ALL_LIMITS)
        return status
