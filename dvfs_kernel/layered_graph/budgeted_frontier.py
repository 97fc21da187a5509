"""The least energy for every bound on time, of schedules that keep budgets."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.budgeted import check_limits, solve_problem
from dvfs_kernel.layered_graph.budgeted_problem import BudgetedProblem, binding
from dvfs_kernel.layered_graph.budgeted_search import FINISHED, BudgetedIncumbent, BudgetedSearch
from dvfs_kernel.layered_graph.frontier import Frontier, frontier
from dvfs_kernel.layered_graph.search_limits import checked_bound, checked_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.resources import Resources
    from dvfs_kernel.layered_graph.solution import Solution, Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["budgeted_frontier"]

_ONE_SEARCH_LABELS = 300_000  # more than these take longer than one bound after the other
_ONE_SEARCH_S = 5.0  # likewise
_ONE_SEARCH_SHARE = 0.25  # of the time there is


@dataclass(frozen=True, eq=False)
class BudgetedFrontier(Frontier):
    """A frontier whose schedules are listed."""

    _choices: Ints = field(default_factory=lambda: np.empty((0, 0), np.int64), repr=False)

    @property
    def _least_time(self) -> float:
        return float(self.time[0])

    def _choice(self, index: int) -> Ints:
        choice: Ints = self._choices[index]
        return choice


def budgeted_frontier(
    prepared: Prepared,
    resources: Resources,
    budgets: Floats,
    epsilon: float,
    longest: float,
    time_limit_s: float | None,
    label_limit: int,
) -> Frontier:
    """Find the frontier within budgets (see `LayeredGraph.frontier`)."""
    deadline_s = clock.monotonic() + checked_limit(time_limit_s)
    if not epsilon >= 0.0:
        raise LayeredGraphError(f"epsilon is {epsilon}; it must not be negative")
    longest = checked_bound(prepared, longest)
    if not binding(prepared, resources, budgets).size:
        return frontier(prepared, epsilon, longest, deadline_s, label_limit, resources)
    problem = BudgetedProblem(prepared, resources, budgets, deadline_s)
    check_limits(problem, deadline_s)
    limits = np.concatenate([[prepared.finite(longest)], problem.budgets])
    nothing = np.zeros((1, limits.size))
    incumbent = BudgetedIncumbent(problem, limits)
    search = BudgetedSearch(problem, incumbent, nothing, deadline_s, label_limit)
    now_s = clock.monotonic()
    until_s = now_s + min(_ONE_SEARCH_S, _ONE_SEARCH_SHARE * max(deadline_s - now_s, 0.0))
    finished, choices = search.all_paths(min(label_limit, _ONE_SEARCH_LABELS), until_s)
    error = 0.0
    status: Status = "optimal"
    if finished != FINISHED:
        filling = _Filling(problem, longest, deadline_s, label_limit)
        choices, error = filling.run(epsilon)
        status = filling.status
    elif not choices.size:
        raise problem.together(longest, check_limits(problem, deadline_s))
    sums = np.array([prepared.evaluate(choice) for choice in choices])
    order = np.lexsort(sums.T[::-1])
    lowest = np.minimum.accumulate(sums[order, 1])
    order = order[np.concatenate([[True], sums[order, 1][1:] < lowest[:-1]])]
    return BudgetedFrontier(
        sums[order, 0], sums[order, 1], error, status if error else "optimal",
        prepared, np.empty((0, 2), np.int64), (), None, resources, choices[order],
    )  # fmt: skip


@dataclass
class _Gap:
    """A stretch of time in which a better schedule than the one before it may exist.

    Parameters
    ----------
    since
        There is none up to this bound.
    until, lower
        Time of the next schedule, and the least energy before it.
    energy
        Of the schedule before.
    late
        Nothing better was found in the gap's first half: it may be only at its end.
    """

    since: float
    until: float
    energy: float
    lower: float
    late: bool = False

    @property
    def error(self) -> float:
        """By how much a schedule in this gap may be better."""
        return max(self.energy - self.lower, 0.0) if self.since < self.last else 0.0

    @property
    def last(self) -> float:
        """The last bound before the next schedule."""
        return float(np.nextafter(self.until, -np.inf))


class _Filling:
    """One bound after the other, where the gap between neighbours is widest."""

    def __init__(
        self, problem: BudgetedProblem, longest: float, deadline_s: float, label_limit: int
    ) -> None:
        self.problem, self.longest = problem, longest
        self.deadline_s, self.label_limit = deadline_s, label_limit
        self.found: list[Solution] = []
        self.rest_error = 0.0  # of solutions that are not proved
        self.status: Status = "tolerance"

    def _solve(self, bound: float) -> Solution:
        found = solve_problem(self.problem, bound, 0.0, self.deadline_s, self.label_limit)
        self.found.append(found)
        self.rest_error = max(self.rest_error, found.gap)
        if found.gap:
            self.status = found.status
        return found

    def run(self, epsilon: float) -> tuple[Ints, float]:
        """Return (schedules, layers) choices, and how far the frontier may be below them."""
        last = self._solve(self.longest)
        quickest = self._quickest()
        if quickest < last.time:
            first = self._solve(quickest)
            gaps = [_Gap(quickest, last.time, first.energy, last.lower_bound)]
            while gaps:
                gap = max(gaps, key=lambda one: one.error)
                if gap.error <= epsilon:
                    break
                if clock.monotonic() > self.deadline_s:
                    self.status = "time limit"
                    break
                gaps.remove(gap)
                gaps += self._halved(gap)
            left = max((gap.error for gap in gaps), default=0.0)
        else:
            left = 0.0
        return np.array([one.choice for one in self.found]), max(left, self.rest_error)

    def _halved(self, gap: _Gap) -> list[_Gap]:
        middle = gap.since + (gap.until - gap.since) / 2
        bound = gap.last if gap.late or not gap.since < middle < gap.last else middle
        try:
            found = self._solve(bound)
        except SearchTooLargeError:
            self.rest_error = max(self.rest_error, gap.error)
            in_time = clock.monotonic() <= self.deadline_s
            self.status = "label limit" if in_time else "time limit"
            return []
        if found.energy >= gap.energy:
            return [_Gap(bound, gap.until, gap.energy, gap.lower, late=True)]
        return [
            _Gap(gap.since, found.time, gap.energy, found.lower_bound),
            _Gap(bound, gap.until, found.energy, gap.lower),
        ]

    def _quickest(self) -> float:
        """Return the least time within the budgets."""
        problem = BudgetedProblem(
            self.problem.prepared.for_time(),
            self.problem.all,
            self.problem.all_budgets,
            self.deadline_s,
        )
        found = solve_problem(problem, self.longest, 0.0, self.deadline_s, self.label_limit)
        self.found.append(found)
        return found.time
