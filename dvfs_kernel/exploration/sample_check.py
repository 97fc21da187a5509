"""Options run at their real clocks, against what was worked out from the reference runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.exploration.exploration import WINDOW_S, reference_jobs
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.tolerance import (
    allowed_energy_j,
    allowed_time_s,
    energy_tolerance,
    time_tolerance,
)
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy.typing as npt

    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record

__all__ = ["Sample", "SampleCheck", "check_samples"]

#: How far a single layer may be off, beyond one timer interrupt. Which lines of the caches it finds
#: depends on what ran before it, the firmware's clock change among it; where a layer's maps collide
#: in the cache's sets, that goes on through the whole layer.
LAYER_TIME_TOLERANCE, LAYER_ENERGY_TOLERANCE = 0.06, 0.06

#: The wall clock interrupts twice in 4.1 ms, and so hits a layer in one run and not in another:
#: entry, handler and return, caches cold. Some hundred cycles were seen; of a layer of a few
#: microseconds that is more than a hundredth.
TIMER_INTERRUPT_CYCLES = 200

# Room for SYSCLK on the HSE and for the clock between inferences.
_CLOCKS_OF_A_RUN = abi.CLOCKS_MAX - 2


@dataclass(frozen=True)
class Sample:
    """One layer at one option: predicted and executed.

    Parameters
    ----------
    hclk_hz
        Of the state.
    """

    layer: int
    granularity: int
    state: ClockState
    hops: bool
    hclk_hz: int
    predicted_s: float
    executed_s: float
    predicted_j: float
    executed_j: float

    @property
    def time_error(self) -> float:
        """Relative error of the predicted time, beyond one timer interrupt."""
        return self._beyond(self.predicted_s - self.executed_s, 1.0) / self.executed_s

    @property
    def energy_error(self) -> float:
        """Relative error of the predicted energy, beyond one timer interrupt."""
        power_w = self.executed_j / self.executed_s
        return self._beyond(self.predicted_j - self.executed_j, power_w) / self.executed_j

    def _beyond(self, difference: float, per_second: float) -> float:
        """Return what of a difference one interrupt does not explain."""
        explained = TIMER_INTERRUPT_CYCLES / self.hclk_hz * per_second
        return math.copysign(max(abs(difference) - explained, 0.0), difference)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "layer": self.layer,
            "granularity": self.granularity,
            "clock": str(self.state),
            "lfo": str(HSE) if self.hops else None,
            "predicted_s": self.predicted_s,
            "executed_s": self.executed_s,
            "predicted_j": self.predicted_j,
            "executed_j": self.executed_j,
        }


@dataclass(frozen=True)
class SampleCheck:
    """All samples, run by run.

    Parameters
    ----------
    runs
        The samples of each run, one a layer.
    spread
        By how much runs differ that do the same: see `Exploration.spread`.
    """

    runs: tuple[tuple[Sample, ...], ...]
    spread: float = 0.0

    def __repr__(self) -> str:
        return (
            f"<Check of {len(self.samples)} layers in {len(self.runs)} runs: within "
            f"{self.worst_time:.2%} in time, {self.worst_energy:.2%} in energy>"
        )

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples of all runs."""
        return tuple(sample for run in self.runs for sample in run)

    @property
    def worst_time(self) -> float:
        """Largest relative error of a layer's time, beyond one timer interrupt."""
        return max((abs(sample.time_error) for sample in self.samples), default=0.0)

    @property
    def worst_energy(self) -> float:
        """Largest relative error of a layer's energy, beyond one timer interrupt."""
        return max((abs(sample.energy_error) for sample in self.samples), default=0.0)

    @property
    def worst_run_time(self) -> float:
        """Largest relative error of a run's time."""
        return max((abs(mine / theirs - 1) for mine, theirs in self._run_times_s), default=0.0)

    @property
    def worst_run_energy(self) -> float:
        """Largest relative error of a run's energy."""
        return max((abs(mine / theirs - 1) for mine, theirs in self._run_energies_j), default=0.0)

    @property
    def _run_times_s(self) -> list[tuple[float, float]]:
        """Predicted and executed time of each run."""
        return [
            (ordered_sum(s.predicted_s for s in run), ordered_sum(s.executed_s for s in run))
            for run in self.runs
        ]

    @property
    def _run_energies_j(self) -> list[tuple[float, float]]:
        """Predicted and executed energy of each run."""
        return [
            (ordered_sum(s.predicted_j for s in run), ordered_sum(s.executed_j for s in run))
            for run in self.runs
        ]

    def verify(self) -> None:
        """Refuse predictions that samples do not bear out.

        Raises
        ------
        VerificationError
            A run is too far off, or a layer; the message names the one that is furthest.
        """
        if any(
            abs(mine - theirs) > allowed_time_s(theirs, self.spread)
            for mine, theirs in self._run_times_s
        ) or any(
            abs(mine - theirs) > allowed_energy_j(theirs, self.spread)
            for mine, theirs in self._run_energies_j
        ):
            raise VerificationError(
                f"a run at other clocks was predicted {self.worst_run_time:.2%} off in time and "
                f"{self.worst_run_energy:.2%} in energy; {time_tolerance(self.spread):.1%} and "
                f"{energy_tolerance(self.spread):.1%} are allowed"
            )
        worst = max(self.samples, key=_strain, default=None)
        if worst is None or _strain(worst) <= 1:
            return
        hops = f", memory segments on {HSE}" if worst.hops else ""
        raise VerificationError(
            f"layer {worst.layer} at granularity {worst.granularity} on {worst.state}{hops} was "
            f"predicted {worst.time_error:+.2%} off in time and {worst.energy_error:+.2%} in "
            f"energy; {LAYER_TIME_TOLERANCE:.0%} and {LAYER_ENERGY_TOLERANCE:.0%} are allowed"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "samples": [sample.to_dict() for sample in self.samples],
            "worst_time": self.worst_time,
            "worst_energy": self.worst_energy,
            "time_tolerance": LAYER_TIME_TOLERANCE,
            "energy_tolerance": LAYER_ENERGY_TOLERANCE,
            "worst_run_time": self.worst_run_time,
            "worst_run_energy": self.worst_run_energy,
            "run_time_tolerance": time_tolerance(self.spread),
            "run_energy_tolerance": energy_tolerance(self.spread),
        }


def _strain(sample: Sample) -> float:
    """Return the larger error of a layer, in tolerances."""
    return max(
        abs(sample.time_error) / LAYER_TIME_TOLERANCE,
        abs(sample.energy_error) / LAYER_ENERGY_TOLERANCE,
    )


def check_samples(bench: Bench, exploration: Exploration, runs: int = 3) -> SampleCheck:
    """Run every layer at clocks drawn at random, each run a walk through the clock states.

    Each run has one of the forms of the reference runs (granularity, with or without hops): what
    differs is the clock, which is what was worked out. That forms mix in a schedule, and a kernel
    then finds another one's code in the cache, shows when the schedule is run.

    Parameters
    ----------
    runs
        How many forms are run: interleaved, and others drawn at random.
    """
    draws = Draws(0)
    forms = list(reference_jobs(exploration.space))
    others = draws.shuffled(len(forms) - 1)[: runs - 1] + 1
    walks = [_walk(exploration, forms[index], draws) for index in (0, *others)]
    # In windows, as the runs from which it was worked out.
    jobs = [Job(_schedule(exploration.space, rows), WINDOW_S, abi.IdleMode.GATED) for rows in walks]
    records = bench.run(jobs, "samples at their real clocks")
    return SampleCheck(
        tuple(
            tuple(_compared(exploration.space, rows, record))
            for rows, record in zip(walks, records, strict=True)
        ),
        exploration.spread,
    )


def _walk(exploration: Exploration, form: tuple[int, bool], draws: Draws) -> npt.NDArray[Any]:
    """Draw a clock state for each layer, so that the firmware can go from each to the next."""
    granularity, hops = form
    space = exploration.space
    here: ClockState | None = None
    used: dict[ClockSetting, None] = {}
    rows: list[Any] = []
    for layer, fitting in enumerate(space.fitting(granularity)):
        options = exploration.of_layer(layer)
        options = options[
            (options["granularity"] == fitting) & (options["hops"] == (hops and fitting > 0))
        ]
        allowed = np.array([_may_follow(here, state, used) for state in space.states])
        options = options[allowed[options["state"]]]
        row = options[draws.below(len(options))]
        here = space.states[row["state"]]
        used[here.setting] = None
        rows.append(row)
    return np.array(rows)


def _may_follow(here: ClockState | None, state: ClockState, used: Collection[ClockSetting]) -> bool:
    """Tell whether the firmware can go on in a state, and the schedule has room for its clock."""
    if state.setting not in used and len(used) >= _CLOCKS_OF_A_RUN:
        return False
    # The first layer finds the PLL off.
    return (here or IDLE).reaches(state)


def _schedule(space: DesignSpace, rows: npt.NDArray[Any]) -> Schedule:
    settings = [space.states[row["state"]].setting for row in rows]
    hsi = ClockSetting("hsi")
    extra = [HSE, hsi] if space.hops else [hsi]
    clocks = list(dict.fromkeys([*settings, *extra]))
    plans = tuple(
        LayerPlan(
            int(row["granularity"]),
            clocks.index(setting),
            clocks.index(HSE) if row["hops"] else None,
        )
        for row, setting in zip(rows, settings, strict=True)
    )
    return Schedule(space.hse_hz, tuple(clocks), plans, clocks.index(hsi))


def _compared(space: DesignSpace, rows: npt.NDArray[Any], record: Record) -> Iterable[Sample]:
    for row in rows:
        layer = int(row["layer"])
        yield Sample(
            layer=layer,
            granularity=int(row["granularity"]),
            state=space.states[row["state"]],
            hops=bool(row["hops"]),
            hclk_hz=space.states[row["state"]].setting.hclk_hz(space.hse_hz),
            predicted_s=float(row["time_s"]),
            executed_s=float(record.time_s[layer]),
            predicted_j=float(row["energy_j"]),
            executed_j=float(record.energy_j[layer]),
        )
