"""``dvfs.study``: the main job: explore, optimise, run, compare, report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from dvfs_kernel.api.arguments.duty import asked_duty, duty_table
from dvfs_kernel.api.arguments.making import Making, open_bench, takes_making
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.study_plan import PAPER_QOS, check_study, study_plan
from dvfs_kernel.api.network import network_name
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.inference.parts import Part, ScheduledLayer, parts_of, scheduled_layers
from dvfs_kernel.inference.run_names import RunName
from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.api.arguments.duty import ChargeLike, PeriodLike
    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.study_plan import Bounds, ClocksLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.inference.deployment_plan import Plan
    from dvfs_kernel.networks.by_name import ByName
    from dvfs_kernel.storage.rows import Row
    from dvfs_kernel.studies import Outcome, Study

__all__ = ["StudyResult", "study"]

_DVFS = RunName.DVFS


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Tabled):
    """Everything that was found out about a network: the optimum of each bound, and what was run.

    Parameters
    ----------
    network
        Name or path, by which plans find it again.
    workload
        Network, input and board.
    study
        What was found out.
    page
        The report, where it was written.
    duty
        Period and battery that were asked for, in seconds and coulombs.
    """

    network: str
    workload: Workload
    study: Study
    page: Path | None = None
    duty: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        savings = ", ".join(
            f"{result.bound.name}: {self._saved(result.bound.name):.2%}"
            for result in self.study.results
        )
        return f"<Study of {self.workload.network.name}: saved {savings}>"

    @property
    def bounds(self) -> tuple[str, ...]:
        """What the bounds are called."""
        return tuple(result.bound.name for result in self.study.results)

    @property
    def rows(self) -> list[Row]:
        """One row for each schedule that was run in the window of each bound.

        ``saved`` counts from the first one of the bound, which sleeps at full clock until its end.
        """
        return [
            {
                "bound": result.bound.name,
                "name": outcome.candidate.name,
                "title": outcome.candidate.title,
                "window_s": outcome.candidate.window_s,
                "latency_s": outcome.record.latency_s,
                "kept": outcome.keeps_bound,
                "window_j": outcome.window_j,
                "saved": 1 - outcome.window_j / result.outcomes[0].window_j,
                "relocks": int(outcome.record.total("relocks")),
                "hops": int(outcome.record.total("hops")),
                "predicted_off": outcome.energy_error,
                "same_output": outcome.same_output,
            }
            for result in self.study.results
            for outcome in result.outcomes
        ]

    def outcome(self, bound: str, name: str = _DVFS) -> Outcome:
        """Return one of the runs.

        Parameters
        ----------
        bound
            One of `bounds`.
        name
            As in `rows`.

        Raises
        ------
        ScheduleError
            There is no such bound, or nothing of that name was run for it.
        """
        for result in self.study.results:
            if result.bound.name == bound:
                found = result.outcome(name)
                if found is not None:
                    return found
                names = ", ".join(outcome.candidate.name for outcome in result.outcomes)
                raise ScheduleError(f"{name!r} was not run within {bound}; run were {names}")
        raise ScheduleError(f"there is no bound {bound!r}; bounds are {', '.join(self.bounds)}")

    def layers(self, bound: str, name: str = _DVFS) -> ByName[ScheduledLayer]:
        """Return the layers of one of the runs, by name or number; arguments as of `outcome`."""
        outcome = self.outcome(bound, name)
        record = outcome.record
        return scheduled_layers(
            self.workload.network,
            outcome.candidate.schedule,
            (record.time_s, record.energy_j),
            (record.entry_time_s, record.entry_energy_j),
        )

    def parts(self, bound: str, name: str = _DVFS) -> list[Part]:
        """Return what the window of one of the runs consists of; arguments as of `outcome`."""
        record = self.outcome(bound, name).record
        return parts_of(
            ((layer.name, layer.time_s, layer.energy_j) for layer in self.layers(bound, name)),
            (record.latency_s, record.total("inference_j")),
            (record.total("window_s"), record.total("window_j")),
        )

    def on_battery(self, period: PeriodLike = None, battery: ChargeLike = None) -> list[Row]:
        """Return the average current, and days on a battery, at one inference a period.

        Parameters
        ----------
        period
            In seconds, or text such as ``"1s"``; by default what was asked for, or an example.
        battery
            In coulombs, or text such as ``"1200mAh"``; likewise.

        Raises
        ------
        ArgumentError
            The period is shorter than the quickest inference.
        QuantityError
            One of them is no quantity.
        """
        from dvfs_kernel.report.study_document import study_document

        duty = {**self.duty, **asked_duty(period, battery)}
        return duty_table(study_document(self.study, self.workload, "", duty))

    def plan(self, bound: str) -> Plan:
        """Return what is deployed for a bound."""
        from dvfs_kernel.studies.plans import plan_of

        outcome = self.outcome(bound)
        asked = next(r.bound for r in self.study.results if r.bound.name == bound)
        return plan_of(outcome.candidate, asked, self.workload, self.network)

    def verify(self) -> None:
        """Refuse a study whose predictions the board does not bear out.

        Raises
        ------
        VerificationError
            Names the first sample, schedule or output that is not as predicted.
        """
        self.study.verify()

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        command: str | None = None,
        progress: Shown = True,
    ) -> Path:
        """Write the report, its data and figures, the options and the plans.

        Parameters
        ----------
        folder
            Made where it is missing.
        command
            What the report says that was typed.
        progress
            As of `Making`.

        Returns
        -------
        Path
            Of ``report.html``.
        """
        from dvfs_kernel.report.study_folder import write_study

        typed = command or f"dvfs.study({self.network!r})"
        with shown_progress(progress) as shown:
            return write_study(
                Path(folder),
                self.study,
                self.workload,
                self.network,
                typed,
                shown,
                duty=self.duty,
            )

    def _saved(self, bound: str) -> float:
        return next(
            float(row["saved"])
            for row in self.rows
            if row["bound"] == bound and row["name"] == _DVFS
        )


@takes_making
def study(
    network: NetworkLike,
    *,
    qos: Bounds = (),
    latency: Bounds = (),
    clocks: ClocksLike = "default",
    granularities: Sequence[int] | None = None,
    period: PeriodLike = None,
    battery: ChargeLike = None,
    output: str | os.PathLike[str] | None = None,
    command: str | None = None,
    **making: Unpack[Making],
) -> StudyResult:
    """Find, prove and run the schedules of a network with the least energy within each bound.

    Explores every layer, optimises for each bound, and runs the optimum and what one would have
    shipped instead in windows of equal length. The command line calls it ``dvfs run``.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    qos, latency
        Bounds, as of `dvfs.optimise`; without any, 10, 30 and 50 %.
    clocks, granularities
        As of `dvfs.explore`.
    period, battery
        Tell what one inference a period draws from a battery: a time such as ``"1s"``, a charge
        such as ``"1200mAh"``; in the report an example where neither is given.
    output
        Write the report into this folder; by default nowhere.
    command
        What the report says that was typed.
    **making
        On which board runs are made, by whom, and where they are kept: see `Making`.

    Returns
    -------
    StudyResult
        Its ``save`` writes the report later, its ``verify`` refuses what the board did not bear
        out.

    Raises
    ------
    InfeasibleBoundError
        No schedule keeps one of the bounds; nothing has been run for any of them.
    DvfsError
        As `dvfs.explore`.
    """
    duty = asked_duty(period, battery)
    check_study(making, clocks, granularities, qos, latency, output)
    with open_bench(network, **making) as bench:
        from dvfs_kernel.studies import run_study

        plan = study_plan(bench.hse_hz, clocks, granularities, qos, latency, default=PAPER_QOS)
        studied = run_study(bench, plan)
        found = StudyResult(network_name(network), bench.workload, studied, duty=duty)
    if output is None:
        return found
    page = found.save(output, command=command, progress=making.get("progress", True))
    return replace(found, page=page)
