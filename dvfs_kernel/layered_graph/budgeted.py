"""The best schedule within one bound on time and budgets for resources, with a certificate."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.budgeted_problem import BudgetedProblem
from dvfs_kernel.layered_graph.budgeted_search import (
    OUT_OF_LABELS,
    OUT_OF_TIME,
    BudgetedSearch,
)
from dvfs_kernel.layered_graph.potentials import backward
from dvfs_kernel.layered_graph.relaxation import priced, relax
from dvfs_kernel.layered_graph.search_limits import checked_bound, checked_limit
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.solve import solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
_SLACK_MOST = 1e290  # prices beyond overflow
_WEIGHT = 4  # a label with resources takes up as much room as so many without


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
    started = clock.monotonic()
    bound = checked_bound(prepared, bound)
    if not tolerance >= 0.0:
        raise LayeredGraphError(f"tolerance is {tolerance}; it must not be negative")
    limit = checked_limit(time_limit_s)
    problem = BudgetedProblem(prepared, resources, budgets)
    if not problem.used.size:
        return solve(prepared, bound, tolerance, time_limit_s, label_limit)
    return solve_problem(problem, bound, tolerance, started + limit, label_limit)


def solve_problem(
    problem: BudgetedProblem, bound: float, tolerance: float, deadline_s: float, label_limit: int
) -> Solution:
    """Find the best schedule of a problem with at least one budget that may bind."""
    prepared = problem.prepared
    bound = prepared.finite(bound)
    least = check_limits(problem)
    limits = np.concatenate([[bound], problem.budgets])
    relaxed = relax(problem, limits)
    if not relaxed.feasible:
        if relaxed.lower > float(relaxed.prices @ problem.slack_at(np.eye(limits.size))):
            raise problem.together(bound, least)
        relaxed.prices = np.zeros(limits.size)
    nothing = np.zeros(limits.size)
    if not relaxed.tried or not float(problem.slack_at(relaxed.prices)) < _SLACK_MOST:
        relaxed.prices, relaxed.lower = nothing, -np.inf
    lower = relaxed.lower - float(problem.slack_at(relaxed.prices))
    lower = max(lower, least_energy(problem) - float(problem.slack_at(nothing)))
    if not relaxed.prices[1:].any():
        # budgets that cost nothing may be kept without asking for it
        left_s = None if deadline_s == np.inf else max(deadline_s - clock.monotonic(), 0.0)
        loose = solve(prepared, bound, tolerance, left_s, label_limit)
        lower = max(lower, loose.lower_bound)
        if (_taken(problem, loose) <= problem.budgets).all():
            return loose
    vectors = _vectors(relaxed)
    vectors = vectors[problem.slack_at(vectors) < _SLACK_MOST]
    search = BudgetedSearch(problem, bound, vectors)
    for path in relaxed.paths:
        search.offer(path)
    narrowing = _Narrowing(search, lower, least)
    status = narrowing.run(tolerance, deadline_s, max(label_limit // _WEIGHT, 1))
    multipliers = dict.fromkeys(problem.names, 0.0)
    for number, price in zip(problem.used.tolist(), relaxed.prices[1:].tolist(), strict=True):
        multipliers[problem.names[number]] = price
    return Solution(
        problem.choice(search.path),
        float(search.best[1]),
        float(search.best[0]),
        narrowing.lower,
        status,
        float(relaxed.prices[0]),
        resource_multipliers=multipliers,
    )


def least_energy(problem: BudgetedProblem) -> float:
    """Return the least energy of a path, but for rounding."""
    shape = (problem.layers, problem.states)
    after, time, energy, arrival = (np.empty(shape) for _ in range(4))
    option, following = np.empty(shape, np.int64), np.empty(shape, np.int64)
    return float(
        backward(problem.graph, 0.0, 1.0, after, time, energy, arrival, option, following)[0]
    )


def check_limits(problem: BudgetedProblem) -> Floats:
    """Return the least of each resource that a path takes.

    Raises
    ------
    InfeasibleBudgetError
        A budget is less.
    """
    shape = (problem.layers, problem.states)
    after, time, energy, arrival = (np.empty(shape) for _ in range(4))
    option, following = np.empty(shape, np.int64), np.empty(shape, np.int64)
    amounts = []
    for row in np.eye(problem.used.size):
        graph = priced(problem.graph, problem.resources, row, energy=False)
        amounts.append(
            backward(graph, 0.0, 1.0, after, time, energy, arrival, option, following)[0]
        )
    least = np.array(amounts)
    problem.check_budgets(least)
    return least


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
        return float(self.search.best[0])

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
            raise SearchTooLargeError(
                f"the search ended by its {status} before a schedule was found that keeps the "
                "bound and all budgets, and before it was proved that there is none; give it "
                "more, or loosen a budget"
            )
        return status
