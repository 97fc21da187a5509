"""A schedule in a window: what it should take, and what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.bench.job import Job

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.bench.record import Record
    from dvfs_kernel.optimisation.idle import IdleCost
    from dvfs_kernel.optimisation.prediction import Prediction
    from dvfs_kernel.schedule import Schedule

__all__ = ["Candidate", "Outcome"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to spend a window.

    Parameters
    ----------
    name, title
        For programs and for people.
    rows
        The option that each layer takes (`exploration.OPTION_DTYPE`).
    prediction
        What the inference will take.
    idle
        How the rest of the window is spent, and what that costs.
    """

    name: str
    title: str
    window_s: float
    schedule: Schedule
    rows: npt.NDArray[Any]
    prediction: Prediction
    idle: IdleCost

    @property
    def job(self) -> Job:
        """The run that shows what it really takes."""
        return Job(self.schedule, self.window_s, self.idle.mode)

    @property
    def predicted_window_j(self) -> float:
        """Energy that the window will take."""
        return self.prediction.window_j(self.window_s, self.idle)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A candidate and its run.

    Parameters
    ----------
    same_output
        Whether every output byte is the baseline's.
    """

    candidate: Candidate
    record: Record
    same_output: bool

    @property
    def keeps_bound(self) -> bool:
        """Whether the inference ended within the window."""
        return self.record.latency_s <= self.candidate.window_s

    @property
    def window_j(self) -> float:
        """Energy of the window."""
        return self.record.total("window_j")

    @property
    def latency_error(self) -> float:
        """Relative error of the predicted latency."""
        return self.candidate.prediction.latency_s / self.record.latency_s - 1

    @property
    def energy_error(self) -> float:
        """Relative error of the predicted energy of the window."""
        return self.candidate.predicted_window_j / self.window_j - 1
