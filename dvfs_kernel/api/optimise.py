"""``dvfs.optimise``: the schedule of least energy within each bound on latency, proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, overload

from dvfs_kernel.api.arguments.idle_mode import idle_mode
from dvfs_kernel.api.arguments.making import Making, open_bench, takes_making
from dvfs_kernel.api.arguments.study_plan import PAPER_QOS, check_study, study_plan
from dvfs_kernel.api.network import network_name
from dvfs_kernel.inference.parts import ScheduledLayer, ScheduledRun, scheduled_layers
from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.study_plan import Bounds, ClocksLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.inference.deployment_plan import Plan
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.networks.by_name import ByName
    from dvfs_kernel.optimisation.problem import Optimum
    from dvfs_kernel.storage.rows import Row
    from dvfs_kernel.studies import Bound, Candidate

__all__ = ["OptimalSchedule", "OptimisationResult", "optimise"]


@dataclass(frozen=True, eq=False, repr=False)
class OptimalSchedule(ScheduledRun):
    """The schedule of least energy within one bound, by prediction; `dvfs.deploy` runs it.

    Parameters
    ----------
    workload
        Network, input and board.
    bound
        What was asked for.
    candidate, optimum
        What it should take, and the proof.
    plan
        What is deployed.
    """

    workload: Workload
    bound: Bound
    candidate: Candidate
    optimum: Optimum
    plan: Plan

    def __repr__(self) -> str:
        return (
            f"<Schedule for {self.workload.network.name} within {self.bound.name}: "
            f"{self.latency_s * 1e3:.3f} ms of {self.window_s * 1e3:.3f} ms, "
            f"{self.window_j * 1e3:.3f} mJ, {self.status}>"
        )

    @property
    def schedule(self) -> Schedule:
        """Granularity and clocks of every layer."""
        return self.candidate.schedule

    @property
    def window_s(self) -> float:
        """The bound as a time, which is the length of the window."""
        return self.candidate.window_s

    @property
    def latency_s(self) -> float:
        """Time of the inference."""
        return self.candidate.prediction.latency_s

    @property
    def inference_j(self) -> float:
        """Energy of the inference."""
        return self.candidate.prediction.inference_j

    @property
    def window_j(self) -> float:
        """Energy of the window, idling included."""
        return self.candidate.predicted_window_j

    @property
    def status(self) -> str:
        """``optimal`` where that is proved."""
        return self.optimum.solution.status

    @property
    def gap_j(self) -> float:
        """How far below at most a better schedule could be."""
        return self.optimum.solution.gap

    @cached_property
    def layers(self) -> ByName[ScheduledLayer]:
        """The layers, by name or number."""
        prediction = self.candidate.prediction
        return scheduled_layers(
            self.workload.network,
            self.schedule,
            (prediction.time_s, prediction.energy_j),
            (prediction.entry_time_s, prediction.entry_energy_j),
        )

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the plan into a folder, for ``dvfs deploy``; return its path."""
        return _save({self.bound.slug: self.plan}, folder)[0]


class OptimisationResult(Tabled, Sequence[OptimalSchedule]):
    """The optimal schedules, one for each bound, in the order of the bounds."""

    def __init__(self, found: Sequence[OptimalSchedule]) -> None:
        self._found = tuple(found)

    @overload
    def __getitem__(self, key: int) -> OptimalSchedule: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[OptimalSchedule]: ...

    def __getitem__(self, key: int | slice) -> OptimalSchedule | Sequence[OptimalSchedule]:
        return self._found[key]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<Schedules for {', '.join(one.bound.name for one in self._found)}>"

    @property
    def rows(self) -> list[Row]:
        """One row a bound."""
        return [
            {
                "bound": one.bound.name,
                "window_s": one.window_s,
                "latency_s": one.latency_s,
                "inference_j": one.inference_j,
                "window_j": one.window_j,
                "status": one.status,
                "gap_j": one.gap_j,
            }
            for one in self._found
        ]

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write a plan for each bound into a folder, for ``dvfs deploy``; return their paths."""
        return _save({one.bound.slug: one.plan for one in self._found}, folder)


def _save(plans: dict[str, Plan], folder: str | os.PathLike[str]) -> list[Path]:
    from dvfs_kernel.studies.plans import write_plans

    return write_plans(Path(folder), plans)


@takes_making
def optimise(
    network: NetworkLike,
    *,
    qos: Bounds = (),
    latency: Bounds = (),
    clocks: ClocksLike = "default",
    granularities: Sequence[int] | None = None,
    idle: Literal["gated", "stop"] = "stop",
    **making: Unpack[Making],
) -> OptimisationResult:
    """Find the schedule of a network with the least energy within each bound, and prove it.

    Nothing but the exploration is run; `dvfs.deploy` runs a plan, `dvfs.study` does everything.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    qos
        Bounds in per cent over the baseline's latency; without any bound 10, 30 and 50.
    latency
        Bounds as times, in seconds or as text such as ``"180ms"``.
    clocks, granularities
        As of `dvfs.explore`.
    idle
        How the rest of the window is spent; asleep on the fastest clock where a bound leaves no
        time to lock the PLL behind it.
    **making
        On which board runs are made, by whom, and where they are kept: see `Making`.

    Raises
    ------
    InfeasibleBoundError
        No schedule keeps a bound; the message tells the least that is possible.
    DvfsError
        As `dvfs.explore`.
    """
    mode = idle_mode(idle, ("gated", "stop"))
    check_study(making, clocks, granularities, qos, latency)
    with open_bench(network, **making) as bench:
        from dvfs_kernel.exploration.tolerance import PLAN_MARGIN
        from dvfs_kernel.studies import survey
        from dvfs_kernel.studies.plans import plan_of

        plan = study_plan(bench.hse_hz, clocks, granularities, qos, latency, default=PAPER_QOS)
        ground = survey(bench, plan)
        candidates = ground.candidates
        found = []
        for bound in plan.bounds:
            bound_s = bound.seconds(ground.baseline.latency_s)
            candidate, optimum = candidates.dvfs_or_awake(bound_s, mode, PLAN_MARGIN * bound_s)
            deployed = plan_of(candidate, bound, bench.workload, network_name(network))
            found.append(OptimalSchedule(bench.workload, bound, candidate, optimum, deployed))
    return OptimisationResult(found)
