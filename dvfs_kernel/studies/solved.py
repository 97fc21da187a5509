"""A network explored and solved for every bound at once: what is known of each without work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from dvfs_kernel.link import abi
from dvfs_kernel.studies.candidate import Candidate
from dvfs_kernel.studies.compared_schedules import PAPER_TITLE, Names

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.layered_graph import Frontier
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.optimisation.problem import Optimum, WindowProblem
    from dvfs_kernel.studies.compared_schedules import Candidates
    from dvfs_kernel.studies.study import Ground

__all__ = ["LOOSEST", "Solved"]

LOOSEST: Final = 100  # per cent over the baseline, or further where nothing is as quick
_ROOM: Final = 0.5  # beyond the quickest schedule then
_SCHEDULES_COUNTED: Final = 200  # of the frontier, to tell which options are used


@dataclass(frozen=True, eq=False)
class Solved:
    """Our frontier and the paper's, and what is known of the network.

    Parameters
    ----------
    choices
        Of schedules spread over the frontier: one row of options a schedule.
    """

    ground: Ground
    candidates: Candidates
    problem: WindowProblem
    frontier: Frontier
    choices: npt.NDArray[np.int64]
    paper: WindowProblem
    paper_frontier: Frontier

    @classmethod
    def of(cls, ground: Ground, mode: abi.IdleMode, progress: Progress) -> Self:
        """Draw both frontiers of what was explored.

        Raises
        ------
        DvfsError
            As `WindowProblem.frontier`.
        """
        progress("frontier", 0, 2)
        candidates = ground.candidates
        problem = candidates.problem(mode)
        # In a short network, locking the PLL first may take longer than the inference.
        quickest_s = problem.graph.least_time
        longest_s = max(ground.baseline.latency_s * (1 + LOOSEST / 100), quickest_s * (1 + _ROOM))
        frontier = problem.frontier(longest_s)
        progress("the paper's frontier", 1, 2)
        paper = candidates.paper_problem()
        stride = max(len(frontier) // _SCHEDULES_COUNTED, 1)
        choices = np.array(
            [frontier.solution(index).choice for index in range(0, len(frontier), stride)]
        )
        return cls(ground, candidates, problem, frontier, choices, paper, paper.frontier(longest_s))

    def bound_s(self, percent: float) -> float:
        """Return a bound, given in per cent over the baseline's latency."""
        return float(self.ground.baseline.latency_s * (1 + percent / 100))

    @property
    def quickest_percent(self) -> int:
        """The tightest bound that a schedule keeps, in whole per cent over the baseline."""
        return math.ceil(100 * (float(self.frontier.time[0]) / self.bound_s(0) - 1))

    @property
    def loosest_percent(self) -> int:
        """The loosest bound that there is an answer for, in whole per cent over the baseline."""
        least = self.problem.graph.least_time * (1 + _ROOM) / self.bound_s(0) - 1
        return max(LOOSEST, math.floor(100 * least))

    def optimum(self, bound_s: float) -> Optimum:
        """Return the schedule of least energy.

        Raises
        ------
        InfeasibleBoundError
            None is quick enough.
        """
        return self.problem.optimum(self.frontier.at(bound_s))

    def compared(self, bound_s: float, title: str) -> list[Candidate]:
        """Return what is compared in a window: baselines, the paper's schedule, and ours last."""
        late = bound_s < self.bound_s(0)
        found = [] if late else self.candidates.baselines(bound_s)
        if self.paper_frontier.time[0] <= bound_s:
            optimum = self.paper.optimum(self.paper_frontier.at(bound_s))
            found.append(Candidate.of(Names.PAPER, PAPER_TITLE, self.paper, optimum, bound_s))
        ours = Candidate.of(Names.DVFS, title, self.problem, self.optimum(bound_s), bound_s)
        return [*found, ours]

    def saved_percent(self, percent: float) -> float:
        """Return what our schedule with Stop saves of TinyEngine's window."""
        bound_s = self.bound_s(percent)
        ours, _ = self.candidates.dvfs_or_awake(bound_s, abi.IdleMode.STOP)
        baseline = self.candidates.baselines(bound_s)[0]
        return 100 * (1 - ours.predicted_window_j / baseline.predicted_window_j)
