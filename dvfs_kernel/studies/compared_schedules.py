"""What is compared in every window: what one would have shipped, and what the optimiser finds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import InfeasibleLatencyError
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation.problem import WindowProblem, paper_problem, window_problem
from dvfs_kernel.optimisation.window_optimum import least_energy
from dvfs_kernel.studies.candidate import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
    from dvfs_kernel.optimisation.idle_cost import IdleCost
    from dvfs_kernel.optimisation.problem import Optimum

__all__ = ["Candidates", "Names"]


#: How the rest of a window is spent, for people.
IDLING = {
    abi.IdleMode.SLEEP: "Sleep at full clock",
    abi.IdleMode.GATED: "Sleep with clocks gated",
    abi.IdleMode.STOP: "Stop",
}
#: Of the paper's schedule, for people.
PAPER_TITLE = f"Paper's MCKP, {IDLING[abi.IdleMode.GATED]}"
_SAVING = (abi.IdleMode.GATED, abi.IdleMode.STOP)


class Names:
    """Names of the candidates."""

    TINYENGINE = "tinyengine"
    GATED = "tinyengine-gated"
    RACE = "race-to-stop"
    SINGLE = "single-clock"
    PAPER = "paper-mckp"
    DVFS = "dvfs"

    @classmethod
    def is_ours(cls, name: str) -> bool:
        """Tell whether a candidate is chosen here, not given by the baseline or by the paper."""
        return name == cls.SINGLE or name.startswith(cls.DVFS)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Makes the candidates of a window.

    Parameters
    ----------
    idle
        Cost of each idle mode.
    beside
        Of `WindowProblem`.
    """

    exploration: Exploration
    switching: SwitchCosts
    idle: Mapping[abi.IdleMode, IdleCost]
    beside: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_problems", {})

    def __repr__(self) -> str:
        return f"<Candidates of {self.exploration!r}>"

    @property
    def fastest(self) -> ClockState:
        """The state of the baselines: the fastest clock, throughout."""
        return ClockState.of(ClockSetting.fastest(self.exploration.space.hse_hz))

    def problem(self, mode: abi.IdleMode) -> WindowProblem:
        """Return our problem with an idle mode; its graph is made once.

        In Sleep the core stays on the fastest clock from one inference to the next, and so do the
        layers: what is chosen is their form.
        """
        problems: dict[abi.IdleMode, WindowProblem] = self.__dict__["_problems"]
        if mode not in problems:
            problem = replace(
                window_problem(self.exploration, self.switching, self.idle[mode]),
                beside=self.beside,
            )
            if mode is abi.IdleMode.SLEEP:
                fastest = problem.states.index(self.fastest)
                kept = tuple(rows[rows["state"] == fastest] for rows in problem.options)
                problem = replace(problem, options=kept, before=self.fastest)
            problems[mode] = problem
        return problems[mode]

    def baselines(self, window_s: float) -> list[Candidate]:
        """Return what runs on the fastest clock and idles in one way or another.

        The first is TinyEngine's: everything interleaved (g = 0), the clock never changes, Sleep
        at full clock until the window ends. Then the same with everything gated meanwhile, and
        the same in Stop mode: race to idle.
        """
        sleep, gated, stop = abi.IdleMode.SLEEP, abi.IdleMode.GATED, abi.IdleMode.STOP
        return [
            self._uniform(
                Names.TINYENGINE,
                "TinyEngine: fastest clock, Sleep at full clock",
                self.fastest,
                window_s,
                sleep,
            ),
            self._uniform(
                Names.GATED, "TinyEngine, Sleep with clocks gated", self.fastest, window_s, gated
            ),
            self._uniform(
                Names.RACE, "Race to idle: fastest clock, Stop", self.fastest, window_s, stop
            ),
        ]

    def single_clock(self, window_s: float, latency_s: float | None = None) -> Candidate:
        """Return the best of all runs on one clock, g = 0, in whichever idle mode is better.

        Parameters
        ----------
        latency_s
            How long the inference may take; by default the whole window.

        Raises
        ------
        InfeasibleLatencyError
            No clock is quick enough.
        """
        states = [state for state in self.exploration.space.states if not state.keeps_pll]
        tried = [
            self._uniform(
                Names.SINGLE, f"Best single clock: {state}, {IDLING[mode]}", state, window_s, mode
            )
            for state in states
            for mode in _SAVING
        ]
        bound_s = window_s if latency_s is None else latency_s
        kept = [one for one in tried if one.prediction.latency_s <= bound_s]
        if not kept:
            least_s = min(one.prediction.latency_s for one in tried)
            raise InfeasibleLatencyError(bound_s, least_s)
        return min(kept, key=lambda one: one.predicted_window_j)

    def paper_problem(self) -> WindowProblem:
        """Return the paper's problem: it idles with clocks gated."""
        return paper_problem(self.exploration, self.switching, self.idle[abi.IdleMode.GATED])

    def paper(self, window_s: float) -> Candidate:
        """Return what the paper's knapsack chooses: it does not know of switching costs."""
        problem = self.paper_problem()
        optimum = problem.solve(window_s)
        return Candidate.of(Names.PAPER, PAPER_TITLE, problem, optimum, window_s)

    def dvfs(
        self, window_s: float, mode: abi.IdleMode, given_up_s: float = 0.0
    ) -> tuple[Candidate, Optimum]:
        """Return our optimum with an idle mode, which leaves so much of the window unused."""
        problem = self.problem(mode)
        optimum = least_energy(problem, window_s, window_s - given_up_s)
        name = f"{Names.DVFS}-{mode.name.lower()}"
        candidate = Candidate.of(name, f"DVFS, {IDLING[mode]}", problem, optimum, window_s)
        return replace(candidate, given_up_s=given_up_s), optimum

    def every_dvfs(self, window_s: float) -> list[tuple[Candidate, Optimum]]:
        """Return our optimum with each idle mode that saves anything.

        Where a bound leaves no time to lock the PLL behind any of them, or too little for it to
        pay, the core sleeps on the fastest clock, and only the forms of layers are left to choose.

        Raises
        ------
        InfeasibleLatencyError
            Nothing is quick enough.
        """
        found = []
        for mode in _SAVING:
            with suppress(InfeasibleLatencyError):
                found.append(self.dvfs(window_s, mode))
        awake = self.dvfs(window_s, abi.IdleMode.SLEEP)
        least_j = min((one.predicted_window_j for one, _ in found), default=float("inf"))
        # In the shortest of windows locking the PLL costs more than it saves.
        return found if awake[0].predicted_window_j >= least_j else [*found, awake]

    def dvfs_or_awake(
        self, window_s: float, mode: abi.IdleMode, given_up_s: float = 0.0
    ) -> tuple[Candidate, Optimum]:
        """Return our optimum with an idle mode, or in Sleep where that takes too long to leave.

        Parameters
        ----------
        given_up_s
            Of the window, for what the prediction may be short by; where nothing is so quick,
            nothing is given up.
        """
        for share_s in (given_up_s, 0.0):
            with suppress(InfeasibleLatencyError):
                return self.dvfs(window_s, mode, share_s)
        return self.dvfs(window_s, abi.IdleMode.SLEEP)

    def tightened(self, candidate: Candidate, given_up_s: float) -> Candidate:
        """Return what takes a candidate's place if it may use that much less than its window.

        Parameters
        ----------
        candidate
            Of `dvfs` or `single_clock`.

        Raises
        ------
        InfeasibleLatencyError
            Nothing is quick enough.
        """
        if candidate.name == Names.SINGLE:
            latency_s = candidate.window_s - given_up_s
            return replace(self.single_clock(candidate.window_s, latency_s), given_up_s=given_up_s)
        tighter, _ = self.dvfs(candidate.window_s, candidate.idle.mode, given_up_s)
        return replace(tighter, name=candidate.name, title=candidate.title)

    def _uniform(
        self, name: str, title: str, state: ClockState, window_s: float, mode: abi.IdleMode
    ) -> Candidate:
        """Return a run in one state, interleaved; in Sleep the clock stays what it is."""
        problem = self.problem(mode)
        rows = problem.uniform(state)  # of all options
        stays = mode is abi.IdleMode.SLEEP
        idle_clock = state.setting if stays else IDLE.setting
        return Candidate(
            name,
            title,
            window_s,
            problem.schedule(rows, idle_clock),
            rows,
            problem.predict(rows, state if stays else IDLE),
            self.idle[mode],
        )
