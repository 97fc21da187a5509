"""Options run at their real clocks, against what was worked out from the reference runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel import abi
from dvfs_kernel.bench.job import Job
from dvfs_kernel.clocks import ClockSetting
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.schedule import LayerPlan, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from dvfs_kernel.bench.bench import Bench
    from dvfs_kernel.bench.record import Record
    from dvfs_kernel.clock_state import ClockState
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.exploration import Exploration

__all__ = ["ENERGY_TOLERANCE", "TIME_TOLERANCE", "Sample", "SampleCheck", "check_samples"]

#: How far a layer may be off, as a part of what it really took.
TIME_TOLERANCE, ENERGY_TOLERANCE = 0.01, 0.02

# Room for SYSCLK on the HSE and for the clock between inferences.
_CLOCKS_OF_A_RUN = abi.CLOCKS_MAX - 2


@dataclass(frozen=True)
class Sample:
    """One layer at one option: predicted and executed."""

    layer: int
    granularity: int
    state: ClockState
    hops: bool
    predicted_s: float
    executed_s: float
    predicted_j: float
    executed_j: float

    @property
    def time_error(self) -> float:
        """Relative error of the predicted time."""
        return self.predicted_s / self.executed_s - 1

    @property
    def energy_error(self) -> float:
        """Relative error of the predicted energy."""
        return self.predicted_j / self.executed_j - 1

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
    """All samples, and the worst of them."""

    samples: tuple[Sample, ...]

    @property
    def worst_time(self) -> float:
        """Largest relative error of a layer's time."""
        return max((abs(sample.time_error) for sample in self.samples), default=0.0)

    @property
    def worst_energy(self) -> float:
        """Largest relative error of a layer's energy."""
        return max((abs(sample.energy_error) for sample in self.samples), default=0.0)

    @property
    def holds(self) -> bool:
        """Whether every layer is within the tolerances."""
        return self.worst_time <= TIME_TOLERANCE and self.worst_energy <= ENERGY_TOLERANCE

    def verify(self) -> None:
        """Refuse predictions that samples do not bear out.

        Raises
        ------
        VerificationError
            Names the layer that is furthest off.
        """
        if self.holds:
            return
        worst = max(
            self.samples,
            key=lambda s: max(
                abs(s.time_error) / TIME_TOLERANCE, abs(s.energy_error) / ENERGY_TOLERANCE
            ),
        )
        hops = f", memory segments on {HSE}" if worst.hops else ""
        raise VerificationError(
            f"layer {worst.layer} at granularity {worst.granularity} on {worst.state}{hops} was "
            f"predicted {worst.time_error:+.2%} off in time and {worst.energy_error:+.2%} in "
            f"energy; {TIME_TOLERANCE:.0%} and {ENERGY_TOLERANCE:.0%} are allowed"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "samples": [sample.to_dict() for sample in self.samples],
            "worst_time": self.worst_time,
            "worst_energy": self.worst_energy,
            "time_tolerance": TIME_TOLERANCE,
            "energy_tolerance": ENERGY_TOLERANCE,
        }


def check_samples(bench: Bench, exploration: Exploration, runs: int = 2) -> SampleCheck:
    """Run every layer at options drawn at random, each run a walk through the clock states.

    Parameters
    ----------
    runs
        How many options of each layer are drawn.
    """
    draw = np.random.default_rng(0)
    walks = [_walk(exploration, draw) for _ in range(runs)]
    jobs = [Job(_schedule(exploration.space, rows)) for rows in walks]
    records = bench.run(jobs, "samples at their real clocks")
    samples = [
        sample
        for rows, record in zip(walks, records, strict=True)
        for sample in _compared(exploration.space, rows, record)
    ]
    return SampleCheck(tuple(samples))


def _walk(exploration: Exploration, draw: np.random.Generator) -> npt.NDArray[Any]:
    """Draw an option for each layer, so that the firmware can go from each to the next."""
    states = exploration.space.states
    # It has to be able to begin: in a state that needs no PLL locked before.
    here = next(state for state in states if not (state.pll is not None and state.on_hse))
    used: dict[ClockSetting, None] = {}
    rows: list[Any] = []
    for layer in range(exploration.layers):
        options = exploration.of_layer(layer)
        allowed = [
            (not rows or here.reaches(state))
            and (bool(rows) or not (state.pll is not None and state.on_hse))
            and (state.setting in used or len(used) < _CLOCKS_OF_A_RUN)
            for state in states
        ]
        options = options[np.array(allowed)[options["state"]]]
        row = options[draw.integers(len(options))]
        here = states[row["state"]]
        used[here.setting] = None
        rows.append(row)
    return np.array(rows)


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
            predicted_s=float(row["time_s"]),
            executed_s=float(record.time_s[layer]),
            predicted_j=float(row["energy_j"]),
            executed_j=float(record.energy_j[layer]),
        )
