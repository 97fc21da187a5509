"""A schedule in a window: what it should take, and what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from dvfs_kernel.errors import VerificationError
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.tolerance import (
    TIME_FLOOR_S,
    allowed_energy_j,
    allowed_time_s,
    energy_tolerance,
    time_tolerance,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.optimisation.idle_cost import IdleCost
    from dvfs_kernel.optimisation.prediction import Prediction
    from dvfs_kernel.optimisation.problem import Optimum, WindowProblem

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
    given_up_s
        How much less than the window the optimiser was allowed: see `missed_bound`.
    """

    name: str
    title: str
    window_s: float
    schedule: Schedule
    rows: npt.NDArray[Any]
    prediction: Prediction
    idle: IdleCost
    given_up_s: float = 0.0

    @classmethod
    def of(
        cls, name: str, title: str, problem: WindowProblem, optimum: Optimum, window_s: float
    ) -> Self:
        """Return what an optimum of a problem is in a window."""
        return cls(
            name,
            title,
            window_s,
            optimum.schedule,
            optimum.rows,
            optimum.prediction,
            problem.idle,
        )

    def __repr__(self) -> str:
        return f"<{self.name}: {self.title}, window of {self.window_s * 1e3:.3f} ms>"

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

    def __repr__(self) -> str:
        return (
            f"<{self.candidate.name}: {self.record!r}, {self.window_j * 1e3:.3f} mJ in the window>"
        )

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

    @property
    def allowed_s(self) -> float:
        """How far the predicted latency may be off."""
        return allowed_time_s(self.record.latency_s, self.candidate.prediction.spread)

    @property
    def allowed_j(self) -> float:
        """How far the predicted energy may be off.

        Where idling ends at a step of its cost, a few microseconds decide over that, too.
        """
        candidate = self.candidate
        left_s = candidate.window_s - self.record.latency_s
        step_j = candidate.idle.step_j(left_s, TIME_FLOOR_S, candidate.prediction.last)
        return allowed_energy_j(self.window_j, candidate.prediction.spread) + step_j

    @property
    def as_predicted(self) -> bool:
        """Whether latency and energy are as near to the prediction as is allowed."""
        late_s = self.candidate.prediction.latency_s - self.record.latency_s
        more_j = self.candidate.predicted_window_j - self.window_j
        return abs(late_s) <= self.allowed_s and abs(more_j) <= self.allowed_j

    def verify(self, *, strict: bool) -> None:
        """Refuse a run that is not what was predicted.

        Parameters
        ----------
        strict
            Whether the bound has to be kept too.

        Raises
        ------
        VerificationError
            Another output, a bound that was not kept, time or energy too far off.
        """
        name = f"{self.candidate.title}, window of {self.candidate.window_s * 1e3:.3f} ms"
        if not self.same_output:
            raise VerificationError(f"{name}: the output differs from the baseline's")
        if strict and not self.keeps_bound:
            raise VerificationError(
                f"{name}: the inference took {self.record.latency_s * 1e3:.3f} ms"
            )
        if not self.as_predicted:
            spread = self.candidate.prediction.spread
            raise VerificationError(
                f"{name}: predicted {self.latency_error:+.2%} off in time and "
                f"{self.energy_error:+.2%} in energy; {time_tolerance(spread):.1%} and "
                f"{energy_tolerance(spread):.1%} are allowed"
            )
