"""What is compared in every window: each technique alone, and all of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import InfeasibleBoundError, InfeasibleLatencyError
from dvfs_kernel.inference.run_names import Technique
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import FORMS, PACKED
from dvfs_kernel.studies.candidate import Candidate
from dvfs_kernel.studies.compared_schedules import IDLING
from dvfs_kernel.studies.joint.form_options import useful
from dvfs_kernel.studies.joint.joint_problem import JointProblem

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.layered_graph import Solution
    from dvfs_kernel.studies.joint.variants import Variant
    from dvfs_kernel.studies.study import Ground

__all__ = ["TechniqueCandidate", "Techniques"]

_SAVING = (abi.IdleMode.GATED, abi.IdleMode.STOP)


@dataclass(frozen=True, eq=False)
class TechniqueCandidate:
    """A schedule of one variant.

    Parameters
    ----------
    variant
        Whose network runs.
    loss_points
        The loss that was allowed; None where nothing is skipped.
    candidate
        The schedule; its rows have forms.
    solution
        The proof; None where the clock is given.
    """

    variant: Variant
    loss_points: float | None
    candidate: Candidate
    solution: Solution | None = None


class Techniques:
    """Makes the candidates of every window.

    Parameters
    ----------
    ground
        Of the exact packed network: what changes of clock and idling cost.
    budget_bytes
        For the image.
    """

    def __init__(self, ground: Ground, budget_bytes: int) -> None:
        self._ground = ground
        self._budget_bytes = budget_bytes
        self._problems: dict[tuple[int, tuple[str, ...], abi.IdleMode], JointProblem] = {}
        self._fastest = ClockState.of(ClockSetting.fastest(ground.exploration.space.hse_hz))
        self._variants: list[Variant] = []  # held, so that no other object has their identity

    def problem(
        self, variant: Variant, mode: abi.IdleMode, forms: tuple[str, ...] = FORMS
    ) -> JointProblem:
        """Return the problem of a variant with an idle mode; its graph is made once."""
        key = id(variant), forms, mode
        if key not in self._problems:
            self._variants.append(variant)
            options = variant.options.only(*forms)
            if forms != (PACKED,):
                options = options.together()
            self._problems[key] = JointProblem(
                exploration=self._ground.exploration,
                switching=self._ground.switching,
                idle=self._ground.idle[mode],
                beside=self._ground.beside,
                # Packed layers keep the plain form, which one would have shipped.
                options=options.layers
                if forms == (PACKED,)
                else tuple(map(useful, options.layers)),
                budget_bytes=float(options.need.room_bytes(self._budget_bytes)),
                followers={} if forms == (PACKED,) else options.fused,
            )
        return self._problems[key]

    def quickest(self, variant: Variant, forms: tuple[str, ...] = FORMS) -> npt.NDArray[Any]:
        """Return the options of least time at the fastest clock."""
        return self.problem(variant, abi.IdleMode.STOP, forms).quickest(self._fastest)

    def latency_s(self, variant: Variant, rows: npt.NDArray[Any]) -> float:
        """Return how long an inference takes at the fastest clock, which it finds set."""
        return self.problem(variant, abi.IdleMode.STOP).predict(rows, self._fastest).latency_s

    def at_fastest(
        self,
        name: str,
        variant: Variant,
        window_s: float,
        *,
        forms: tuple[str, ...] = FORMS,
        mode: abi.IdleMode = abi.IdleMode.STOP,
        loss_points: float | None = None,
    ) -> TechniqueCandidate:
        """Return the quickest forms at the fastest clock, throughout."""
        problem = self.problem(variant, mode, forms)
        rows = problem.quickest(self._fastest, interleaved=forms == (PACKED,))
        stays = mode is abi.IdleMode.SLEEP
        candidate = Candidate(
            name,
            f"{_TITLES[name]}, {IDLING[mode]}",
            window_s,
            problem.schedule(rows, *([self._fastest.setting] if stays else [])),
            rows,
            problem.predict(rows, *([self._fastest] if stays else [])),
            problem.idle,
        )
        return TechniqueCandidate(variant, loss_points, candidate)

    def with_clocks(
        self,
        name: str,
        variant: Variant,
        window_s: float,
        *,
        forms: tuple[str, ...] = FORMS,
        loss_points: float | None = None,
        given_up_s: float = 0.0,
    ) -> TechniqueCandidate:
        """Return the schedule of least energy, in whichever idle mode is better.

        Raises
        ------
        InfeasibleLatencyError
            None is quick enough.
        """
        found = []
        for mode in _SAVING:
            problem = self.problem(variant, mode, forms)
            try:
                optimum = problem.solve(window_s - given_up_s)
            except InfeasibleLatencyError:
                continue
            candidate = Candidate(
                name,
                f"{_TITLES[name]}, {IDLING[mode]}",
                window_s,
                optimum.schedule,
                optimum.rows,
                optimum.prediction,
                problem.idle,
                given_up_s,
            )
            found.append(TechniqueCandidate(variant, loss_points, candidate, optimum.solution))
        if not found:
            return self._awake(name, variant, window_s, forms, loss_points, given_up_s)
        return min(found, key=lambda one: one.candidate.predicted_window_j)

    def _awake(
        self,
        name: str,
        variant: Variant,
        window_s: float,
        forms: tuple[str, ...],
        loss_points: float | None,
        given_up_s: float,
    ) -> TechniqueCandidate:
        """Return what there is where a window leaves no time to lock the PLL: the quickest forms.

        Raises
        ------
        InfeasibleLatencyError
            They are not quick enough.
        """
        sleep = abi.IdleMode.SLEEP
        one = self.at_fastest(
            name, variant, window_s, forms=forms, mode=sleep, loss_points=loss_points
        )
        least_s = one.candidate.prediction.latency_s
        if least_s > window_s - given_up_s:
            raise InfeasibleLatencyError(window_s - given_up_s, least_s)
        return replace(one, candidate=replace(one.candidate, given_up_s=given_up_s))

    def of_window(self, variants: tuple[Variant, ...], window_s: float) -> list[TechniqueCandidate]:
        """Return everything that is compared in a window: the baseline first.

        DVFS alone is left out where packed kernels are not quick enough.

        Raises
        ------
        InfeasibleLatencyError
            Not even unpacked code is quick enough.
        """
        exact, packed = variants[0], (PACKED,)
        found = [
            self.at_fastest(
                Technique.BASELINE, exact, window_s, forms=packed, mode=abi.IdleMode.SLEEP
            ),
            self.at_fastest(Technique.RACE, exact, window_s, forms=packed),
        ]
        with suppress(InfeasibleBoundError):
            found.append(self.with_clocks(Technique.DVFS, exact, window_s, forms=packed))
        found.append(self.at_fastest(Technique.UNPACKING, exact, window_s))
        found.append(self.with_clocks(Technique.UNPACKING_DVFS, exact, window_s))
        chosen = [(loss, variant) for variant in variants for loss in variant.losses_points]
        for loss, variant in sorted(chosen, key=lambda pair: pair[0]):
            found.append(self.at_fastest(Technique.SKIPPING, variant, window_s, loss_points=loss))
            found.append(self.with_clocks(Technique.JOINT, variant, window_s, loss_points=loss))
        return found


_TITLES = {
    Technique.BASELINE: "Packed kernels, fastest clock",
    Technique.RACE: "Packed kernels, fastest clock",
    Technique.DVFS: "DVFS alone",
    Technique.UNPACKING: "Unpacking alone, fastest clock",
    Technique.UNPACKING_DVFS: "Unpacking and DVFS",
    Technique.SKIPPING: "Unpacking and skipping, fastest clock",
    Technique.JOINT: "Joint: unpacking, skipping and DVFS",
}
