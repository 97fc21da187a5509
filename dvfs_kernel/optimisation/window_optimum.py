"""The schedule of least energy in a window, however the rest of the window is spent.

A layered graph knows one idle power. Idling has a line for each of some stretches of idle time
(`idle_cost`), and while the core waits, one for each state that the last layer may be in. So every
line is a graph of its own, with a bound that leaves its idle time. What is found is the best of
all by what it really takes; every other schedule lies on one of the lines, where a graph's lower
bound holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleLatencyError, UnreachableError
from dvfs_kernel.optimisation.idle_cost import IdleCost

if TYPE_CHECKING:
    from collections.abc import Collection

    from dvfs_kernel.layered_graph.solution import Status
    from dvfs_kernel.optimisation.idle_cost import IdleLine
    from dvfs_kernel.optimisation.problem import Optimum, WindowProblem

__all__ = ["least_energy"]

# Energies closer than this, relatively, are one sum in two orders.
_SAME = 1e-12


def least_energy(
    problem: WindowProblem, window_s: float, latency_s: float | None = None
) -> Optimum:
    """Return the schedule of least energy in a window.

    Parameters
    ----------
    latency_s
        How long the inference may take; by default the whole window.

    Returns
    -------
    Optimum
        Energies of its solution are those of the window.

    Raises
    ------
    InfeasibleLatencyError
        None is quick enough.
    """
    search = _Search(problem, window_s, window_s if latency_s is None else latency_s)
    for least_s, line in reversed(list(problem.idle.lines)):
        if line.waits:
            search.wait(line)
        else:
            search.idle(line, least_s)
    return search.result()


class _Search:
    """What was found so far, and what cannot be undercut."""

    def __init__(self, problem: WindowProblem, window_s: float, latency_s: float) -> None:
        self._problem = problem
        self._window_s = window_s
        self._latency_s = latency_s
        self._best: Optimum | None = None
        self._least_j = float("inf")
        self._bound_j = float("inf")
        self._unproved: Status | None = None
        self._refused: InfeasibleLatencyError | None = None

    def idle(self, line: IdleLine, least_s: float) -> None:
        """Look among the schedules that leave an idle time."""
        self._bound_j = min(self._bound_j, self._solve(self._problem, line, least_s))

    def wait(self, line: IdleLine) -> None:
        """Look among the schedules behind which the core waits on the last layer's clock.

        States with a low power first: when not even all that are left undercut what is known, at
        the lowest power of them, none of them does.
        """
        parts = self._waiting_parts()
        left = set(parts)
        for index in sorted(parts, key=lambda index: parts[index]):
            state = self._problem.states[index]
            frugal = self._problem.idle.waiting_in(line, state)
            if len(left) > 1:
                least_j = self._solve(self._ending_in(left), frugal)
                if least_j >= self._least_j:
                    self._bound_j = min(self._bound_j, least_j)
                    return
            self._bound_j = min(self._bound_j, self._solve(self._ending_in({index}), frugal))
            left.discard(index)

    def result(self) -> Optimum:
        """Return the best of all, with what is proved of it."""
        if self._best is None:
            raise self._refused or InfeasibleLatencyError(self._latency_s, float("inf"))
        bound_j = min(self._bound_j, self._least_j)
        proved = bound_j >= self._least_j * (1 - _SAME)
        solution = replace(
            self._best.solution,
            energy=self._least_j,
            lower_bound=self._least_j if proved else bound_j,
            status="optimal" if proved else self._unproved or "tolerance",
        )
        return replace(self._best, solution=solution)

    def _solve(self, problem: WindowProblem, line: IdleLine, least_s: float = 0.0) -> float:
        """Take what a graph of one idle line finds; return what nothing in it undercuts."""
        whole_j = line.fixed_j + line.power_w * self._window_s
        single = replace(problem, idle=IdleCost(problem.idle.mode, line.power_w, line.fixed_j))
        bound_s = min(self._latency_s, self._window_s - least_s)
        if bound_s <= 0:
            return float("inf")
        try:
            found = single.solve(bound_s)
        except InfeasibleLatencyError as error:
            if least_s == 0 and self._refused is None:
                self._refused = InfeasibleLatencyError(self._latency_s, error.least_time)
            return float("inf")
        except UnreachableError:
            return float("inf")  # the network is too short to come to these states
        if found.solution.status != "optimal":
            self._unproved = found.solution.status
        taken_j = found.prediction.window_j(self._window_s, self._problem.idle)
        if taken_j < self._least_j:
            self._best, self._least_j = self._among_all(found), taken_j
        return found.solution.lower_bound + whole_j

    def _waiting_parts(self) -> dict[int, float]:
        """Return what waiting takes in each state that the last layer can be in."""
        waiting = self._problem.idle.waiting
        return {
            int(index): waiting.get(self._problem.states[index], 1.0)
            for index in np.unique(self._problem.options[-1]["state"])
        }

    def _among_all(self, found: Optimum) -> Optimum:
        """Return the optimum with its choice among all options of the last layer."""
        last = self._problem.options[-1]
        choice = found.solution.choice.copy()
        choice[-1] = np.flatnonzero(last == found.rows[-1])[0]
        return replace(found, solution=replace(found.solution, choice=choice))

    def _ending_in(self, states: Collection[int]) -> WindowProblem:
        *before, last = self._problem.options
        kept = last[np.isin(last["state"], list(states))]
        return replace(self._problem, options=(*before, kept))
