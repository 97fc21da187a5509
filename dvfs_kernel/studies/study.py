"""Explores, optimises and runs a network; every run is kept, so that the next study finds it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import InfeasibleBoundError
from dvfs_kernel.exploration import DesignSpace, SampleCheck, check_samples, explore
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.exploration.exploration import reference_jobs
from dvfs_kernel.exploration.switching.from_runs import measured_switching
from dvfs_kernel.inference.run_names import RunName, is_dvfs
from dvfs_kernel.layered_graph.warm_up import warming_up
from dvfs_kernel.link import abi
from dvfs_kernel.studies.candidate import Outcome
from dvfs_kernel.studies.compared_schedules import Candidates
from dvfs_kernel.studies.idle_measurement import measured_idle
from dvfs_kernel.studies.missed_bound import keep_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.clocks.lists import ClockList
    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
    from dvfs_kernel.layered_graph import Frontier, Solution
    from dvfs_kernel.optimisation.idle_cost import IdleCost
    from dvfs_kernel.optimisation.problem import Optimum, WindowProblem
    from dvfs_kernel.studies.bound import Bound
    from dvfs_kernel.studies.candidate import Candidate

__all__ = ["BoundResult", "Ground", "Study", "StudyPlan", "run_study", "survey"]

# Less than a cycle, and more than sums of floats differ by.
_UNTOLD_S = 1e-9
# How far beyond the longest bound the frontier is drawn.
_BEYOND = 1.25


@dataclass(frozen=True)
class StudyPlan:
    """What to study.

    Parameters
    ----------
    clocks
        Clocks to choose from; the fastest one and the HSE are always among them.
    granularities
        Granularities to choose from; None: the paper's, as far as some layer can have them.
    bounds
        Bounds on latency.
    """

    clocks: ClockList
    bounds: tuple[Bound, ...]
    granularities: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        bounds = ", ".join(bound.name for bound in self.bounds)
        return f"<Study plan: {self.clocks!r}, bounds {bounds}>"


@dataclass(frozen=True, eq=False)
class Ground:
    """What is known before anything is optimised.

    Parameters
    ----------
    baseline
        The run that bounds count from: everything interleaved, fastest clock.
    wall_s
        How long getting to know it took; next to nothing where every run was found.
    runs_made
        How many runs had to be made for it.
    """

    exploration: Exploration
    switching: SwitchCosts
    check: SampleCheck
    idle: dict[abi.IdleMode, IdleCost]
    baseline: Record
    wall_s: float
    runs_made: int

    def __repr__(self) -> str:
        return f"<Ground of a study: {self.exploration!r}, {self.check!r}>"

    @property
    def top_hz(self) -> float:
        """SYSCLK of the fastest clock."""
        hse_hz = self.exploration.space.hse_hz
        return float(ClockSetting.fastest(hse_hz).sysclk_hz(hse_hz))

    @property
    def candidates(self) -> Candidates:
        """Makes candidates of what is known."""
        return Candidates(self.exploration, self.switching, self.idle, self.beside)

    @property
    def beside(self) -> tuple[float, float]:
        """Time and energy of the baseline's inference beside its layers and their clocks.

        With these the baseline is predicted as it ran, but for less than can be told: a bound of
        just its latency is kept.
        """
        run, fastest = self.baseline, ClockState.of(ClockSetting.fastest(self.switching.hse_hz))
        stay_s, stay_j = self.switching.cost(fastest, fastest)
        layers = len(run.time_s)
        return (
            run.latency_s - float(run.time_s.sum()) - layers * stay_s - _UNTOLD_S,
            run.total("inference_j") - float(run.energy_j.sum()) - layers * stay_j,
        )


@dataclass(frozen=True, eq=False)
class BoundResult:
    """One bound: the optimum, and everything that was run in its window.

    Parameters
    ----------
    problem, solution
        Of the headline schedule, its energies those of the window; where an outcome gave up some
        of its bound to keep it, the solution is still that of the whole bound, whose lower bound
        holds for all.
    """

    bound: Bound
    bound_s: float
    problem: WindowProblem
    solution: Solution
    outcomes: tuple[Outcome, ...]

    def __repr__(self) -> str:
        window = f"{self.bound_s * 1e3:.3f} ms"
        return f"<{self.bound.name}: {len(self.outcomes)} schedules run in {window}>"

    def outcome(self, name: str) -> Outcome | None:
        """Return one of the runs by the name of its candidate."""
        return next((o for o in self.outcomes if o.candidate.name == name), None)

    @property
    def headline(self) -> Outcome | None:
        """The run of ours with the idle mode that suits it best; None where none was made."""
        return self.outcome(RunName.DVFS)

    @property
    def best(self) -> Outcome:
        """The run of least energy among those that kept the bound."""
        kept = [outcome for outcome in self.outcomes if outcome.keeps_bound]
        return min(kept or self.outcomes, key=lambda outcome: outcome.window_j)

    @property
    def lower_bound_j(self) -> float:
        """No schedule in this window takes less, as far as the predictions hold."""
        return self.solution.lower_bound


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that was found out about one network."""

    plan: StudyPlan
    ground: Ground
    frontier: Frontier
    results: tuple[BoundResult, ...]

    def __repr__(self) -> str:
        return f"<Study: {self.ground.exploration!r}, {len(self.results)} bounds>"

    def verify(self) -> None:
        """Refuse a study whose predictions the board does not bear out.

        Raises
        ------
        VerificationError
            Names the first sample, schedule or output that is not as predicted.
        """
        self.ground.check.verify()
        for result in self.results:
            for outcome in result.outcomes:
                outcome.verify(strict=is_dvfs(outcome.candidate.name))


def survey(bench: Bench, plan: StudyPlan, *, other_forms: bool = False) -> Ground:
    """Find out what every layer, every clock change and every idle mode costs.

    Parameters
    ----------
    other_forms
        As of `DesignSpace.of`.

    Raises
    ------
    ClockError, ScheduleError
        The design space is empty or does not fit the board.
    ExecutorError, CacheError, DvfsError
        As `Bench.run`.
    """
    started = time.perf_counter()
    hse_hz = bench.hse_hz
    made_before = bench.made
    clocks = [*plan.clocks.settings, ClockSetting.fastest(hse_hz)]
    if hse_hz:
        clocks.append(HSE)
    space = DesignSpace.of(
        bench.workload,
        hse_hz,
        list(dict.fromkeys(clocks)),
        plan.granularities,
        other_forms=other_forms,
    )
    exploration = explore(bench, space)
    switching = measured_switching(bench, space)
    check = check_samples(bench, exploration)
    baseline = bench.run([reference_jobs(space)[0, False]], "baseline")[0]
    idle = measured_idle(bench, space, baseline.latency_s)
    return Ground(
        exploration,
        switching,
        check,
        idle,
        baseline,
        wall_s=time.perf_counter() - started,
        runs_made=bench.made - made_before,
    )


def run_study(bench: Bench, plan: StudyPlan) -> Study:
    """Do everything for every bound.

    Raises
    ------
    InfeasibleBoundError
        No schedule keeps one of the bounds; nothing has been run for any of them.
    """
    # The solver is wanted when the runs have been made; until then this process waits for others.
    with warming_up():
        ground = survey(bench, plan)
    candidates = ground.candidates
    bounds_s = [bound.seconds(ground.baseline.latency_s) for bound in plan.bounds]
    headline = candidates.problem(abi.IdleMode.STOP)
    found = [_candidates_of(candidates, bound_s) for bound_s in bounds_s]
    frontier = headline.frontier(_longest_s(candidates, bounds_s, ground) * _BEYOND)
    every = [candidate for group, _ in found for candidate in group]
    records = bench.run([candidate.job for candidate in every], "schedules on the board")
    digest = ground.baseline.output_digest
    outcomes = iter(
        keep_bounds(
            bench,
            candidates,
            [
                Outcome(candidate, record, record.output_digest == digest)
                for candidate, record in zip(every, records, strict=True)
            ],
            digest,
        )
    )
    results = []
    for bound, bound_s, (group, optima) in zip(plan.bounds, bounds_s, found, strict=True):
        made = _headline_last(islice(outcomes, len(group)))
        mode = made[-1].candidate.idle.mode
        problem, solution = candidates.problem(mode), optima[mode].solution
        results.append(BoundResult(bound, bound_s, problem, solution, made))
    return Study(plan, ground, frontier, tuple(results))


def _longest_s(candidates: Candidates, bounds_s: Sequence[float], ground: Ground) -> float:
    """Return how far a frontier has to go to show every bound, and a schedule that begins in idle.

    That takes its time to lock the PLL first: in a short network, longer than the bounds.
    """
    from_idle_s = candidates.baselines(ground.baseline.latency_s)[-1].prediction.latency_s
    return max(*bounds_s, ground.baseline.latency_s, from_idle_s)


def _candidates_of(
    candidates: Candidates, window_s: float
) -> tuple[Sequence[Candidate], dict[abi.IdleMode, Optimum]]:
    """Return what is run in a window, and the proof of each optimum by its idle mode.

    Only ours have to keep the bound: granularity and mixed clocks are quicker than one clock alone,
    and than the paper's options, which hop wherever they can.
    """
    ours = candidates.every_dvfs(window_s)
    group = candidates.baselines(window_s)
    for choose in (candidates.single_clock, candidates.paper):
        with suppress(InfeasibleBoundError):
            group.append(choose(window_s))
    group += [candidate for candidate, _ in ours]
    return group, {candidate.idle.mode: optimum for candidate, optimum in ours}


def _headline_last(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Put the best of ours at the end, under its own name: kept bounds first, then least energy."""
    made = list(outcomes)
    ours = [outcome for outcome in made if is_dvfs(outcome.candidate.name)]
    best = min(ours, key=lambda outcome: (not outcome.keeps_bound, outcome.window_j))
    made.remove(best)
    return (*made, replace(best, candidate=replace(best.candidate, name=RunName.DVFS)))
