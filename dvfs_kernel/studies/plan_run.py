"""A plan on the board: predicted against executed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import ScheduleError, VerificationError
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.tolerance import (
    ENERGY_TOLERANCE,
    TIME_TOLERANCE,
    allowed_energy_j,
    allowed_time_s,
    prediction_error,
)
from dvfs_kernel.inference.schedule import Schedule

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.inference.deployment_plan import Plan

__all__ = ["PlanRun", "deploy"]


@dataclass(frozen=True, eq=False)
class PlanRun:
    """A plan and its run.

    Parameters
    ----------
    same_output
        Whether every output byte is that of the plain schedule: interleaved, one clock.
    """

    plan: Plan
    record: Record
    same_output: bool

    def __repr__(self) -> str:
        return f"<{self.plan!r} as run: {self.record!r}>"

    @property
    def latency_error(self) -> float:
        """Relative error of the predicted latency."""
        return prediction_error(self.plan.latency_s, self.record.latency_s)

    @property
    def energy_error(self) -> float:
        """Relative error of the predicted energy of the window; NaN where it is not known."""
        return prediction_error(self.plan.window_j, self.record.total("window_j"))

    def verify(self) -> None:
        """Refuse a run that is not what the plan promised.

        Raises
        ------
        VerificationError
            Names everything that is not as promised.
        """
        found = []
        if not self.same_output:
            found.append("the output differs from that of the plain schedule")
        if self.record.latency_s > self.plan.window_s:
            found.append(
                f"the inference took {self.record.latency_s * 1e3:.3f} ms; "
                f"the bound is {self.plan.window_s * 1e3:.3f} ms"
            )
        taken_s, taken_j = self.record.latency_s, self.record.total("window_j")
        if abs(self.plan.latency_s - taken_s) > allowed_time_s(taken_s):
            found.append(
                f"the latency was predicted {self.latency_error:+.2%} off; "
                f"{TIME_TOLERANCE:.0%} is allowed"
            )
        if abs(self.plan.window_j - taken_j) > allowed_energy_j(taken_j):
            found.append(
                f"the energy was predicted {self.energy_error:+.2%} off; "
                f"{ENERGY_TOLERANCE:.0%} is allowed"
            )
        if found:
            raise VerificationError("; ".join(found))

    def to_dict(self) -> dict[str, Any]:
        """Return plan and run as plain values."""
        return {
            "schema": "dvfs-kernel/deployment",
            "schema_version": 1,
            "plan": self.plan.to_dict(),
            "executed": {
                name: None if value is None else _known(value)
                for name, value in self.record.totals.items()
            },
            "latency_error": self.latency_error,
            "energy_error": _known(self.energy_error),
            "same_output": self.same_output,
            "layers": [
                {
                    "entry_s": _known(float(self.record.entry_time_s[index])),
                    "executed_s": _known(float(self.record.time_s[index])),
                    "executed_j": _known(float(self.record.energy_j[index])),
                }
                for index in range(len(self.plan.layers))
            ],
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def deploy(bench: Bench, plan: Plan) -> PlanRun:
    """Run a plan, and beside it the plain schedule whose output it has to have.

    Raises
    ------
    ScheduleError
        The plan was made for another network.
    """
    workload = bench.workload
    if plan.image_digest != workload.image_digest:
        raise ScheduleError(
            f"the plan was made for another network than this {workload.network.name}: its data "
            f"image begins with {plan.image_digest[:12]}, this one's with "
            f"{workload.image_digest[:12]} (SHA-256)"
        )
    plain = Schedule.uniform(len(workload.network.layers), plan.schedule.hse_hz)
    record, expected = bench.run(
        [Job(plan.schedule, plan.window_s, plan.idle), Job(plain)], "plan and baseline"
    )
    return PlanRun(plan, record, record.output_digest == expected.output_digest)
