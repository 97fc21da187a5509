"""Runs the same image and schedules on two boards, and tells where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.evidence.measurement.campaign import Campaign, Subject
from dvfs_kernel.image.dae_form import has_dae_form
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.by_name import ByName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.evidence.measurement.campaign import Measured, Plan
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.inference.result import InferenceResult
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = [
    "Comparison",
    "LayerComparison",
    "ScheduleComparison",
    "SegmentComparison",
    "compare",
    "usual_schedules",
]

SCHEMA = "dvfs-kernel/comparison"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class SegmentComparison:
    """One kind of segment of one layer on both boards.

    Parameters
    ----------
    cycles, time_s
        On the board that is looked at, and on the one that it is held against.
    """

    layer: int
    name: str
    segment: abi.Segment
    clock: str
    cycles: tuple[int, int]
    time_s: tuple[float, float]

    @property
    def cycles_off(self) -> float:
        """By how much the other board counts more cycles, as a share of this one's."""
        return self.cycles[1] / self.cycles[0] - 1 if self.cycles[0] else 0.0

    @property
    def time_off(self) -> float:
        """By how much the other board takes longer, as a share of this one's time."""
        return self.time_s[1] / self.time_s[0] - 1 if self.time_s[0] else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "layer": self.layer,
            "name": self.name,
            "segment": self.segment.name.lower(),
            "clock": self.clock,
            "cycles": list(self.cycles),
            "time_s": list(self.time_s),
        }


@dataclass(frozen=True)
class LayerComparison:
    """One layer on both boards.

    Parameters
    ----------
    cycles, time_s
        On the board that is looked at, and on the one that it is held against.
    """

    index: int
    name: str
    cycles: tuple[int, int]
    time_s: tuple[float, float]

    @property
    def time_off(self) -> float:
        """By how much the other board takes longer, as a share of this one's time."""
        return self.time_s[1] / self.time_s[0] - 1


@dataclass(frozen=True, eq=False)
class ScheduleComparison:
    """One schedule on both boards.

    Parameters
    ----------
    runs
        On the board that is looked at, and on the one that it is held against.
    measured
        Energy of an inference on the board that is looked at, by its INA219; None without one.
    energy_j
        What the other board knows of an inference that is not profiled either; None: it does not.
    """

    name: str
    runs: tuple[InferenceResult, InferenceResult]
    measured: Measured | None = None
    energy_j: float | None = None

    @property
    def same_output(self) -> bool:
        """Whether every output byte is equal."""
        first, second = (run.outputs for run in self.runs)
        return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    @property
    def same_switching(self) -> bool:
        """Whether both relocked and hopped equally often."""
        first, second = ((run.profile.relocks, run.profile.hops) for run in self.runs)
        return first == second

    @property
    def time_off(self) -> float:
        """By how much the other board takes longer for the inference."""
        mine, other = (run.profile.time_s for run in self.runs)
        return other / mine - 1

    @property
    def energy_off(self) -> float | None:
        """By how much the other board has more energy; None where nobody measured."""
        if self.measured is None or self.energy_j is None:
            return None
        return self.energy_j / self.measured.energy_j.mean - 1

    @property
    def layers(self) -> ByName[LayerComparison]:
        """The layers, by name or number."""
        mine, other = (run.profile.layers for run in self.runs)
        return ByName(
            LayerComparison(
                layer.index,
                layer.info.name,
                (layer.cycles, twin.cycles),
                (layer.time_s, twin.time_s),
            )
            for layer, twin in zip(mine, other, strict=True)
        )

    @property
    def segments(self) -> Iterator[SegmentComparison]:
        """Every kind of segment of every layer that both boards have."""
        mine, other = (run.profile for run in self.runs)
        for layer, same in zip(mine.layers, other.layers, strict=True):
            others = {segment.segment: segment for segment in same.segments}
            for segment in layer.segments:
                twin = others.get(segment.segment)
                if twin is not None:
                    yield SegmentComparison(
                        layer.index,
                        layer.info.name,
                        segment.segment,
                        segment.clock,
                        (segment.cycles, twin.cycles),
                        (segment.time_s, twin.time_s),
                    )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; what is not known is None."""
        mine, other = (run.profile for run in self.runs)
        return {
            "name": self.name,
            "schedule": self.runs[0].schedule.to_dict(),
            "same_output": self.same_output,
            "same_switching": self.same_switching,
            "time_s": [mine.time_s, other.time_s],
            "cycles": [mine.cycles, other.cycles],
            "measured": None if self.measured is None else self.measured.to_dict(),
            "energy_j": self.energy_j,
            "segments": [segment.to_dict() for segment in self.segments],
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """All schedules on both boards.

    Parameters
    ----------
    boards
        What the two are called.
    """

    network: Network
    boards: tuple[str, str]
    schedules: tuple[ScheduleComparison, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": self.network.name,
            "boards": list(self.boards),
            "schedules": [schedule.to_dict() for schedule in self.schedules],
        }

    def chart_rows(self) -> list[dict[str, Any]]:
        """Return one row a schedule and layer, as `charts.prediction_errors` takes them."""
        rows = []
        for schedule in self.schedules:
            mine, other = (run.profile.layers for run in schedule.runs)
            for layer, twin in zip(mine, other, strict=True):
                rows.append(
                    {
                        "bound": schedule.name,
                        "index": layer.index,
                        "name": layer.info.name,
                        "predicted_s": twin.time_s,
                        "executed_s": layer.time_s,
                        "predicted_j": twin.energy_j,
                        "executed_j": layer.energy_j,
                    }
                )
        return rows


def usual_schedules(network: Network, hse_hz: int, granularity: int = 8) -> dict[str, Schedule]:
    """Return schedules that show different parts of the models.

    The fastest clock, where waits for memory weigh most; the HSE, where they weigh least; and,
    where layers have a DAE form, that form on one clock, and hopping to the HSE.
    """
    fastest, hse = ClockSetting.fastest(hse_hz), ClockSetting("hse")
    count = len(network.layers)
    schedules = {str(fastest): Schedule.uniform(count, hse_hz, hfo=fastest)}
    if hse_hz:
        schedules["hse"] = Schedule.uniform(count, hse_hz, hfo=hse)
    dae = [granularity if has_dae_form(layer, network) else 0 for layer in network.layers]
    if any(dae):
        name = f"{fastest}, g = {granularity}"
        schedules[name] = Schedule.uniform(count, hse_hz, hfo=fastest, granularity=dae)
        if hse_hz:
            schedules[f"{name}, LFO on the HSE"] = Schedule.uniform(
                count, hse_hz, hfo=fastest, lfo=hse, granularity=dae
            )
    return schedules


def compare(
    mine: Deployment,
    other: Deployment,
    data: npt.NDArray[Any],
    schedules: Mapping[str, Schedule],
    *,
    ammeter: Ammeter | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run schedules on two boards that hold the same network.

    Parameters
    ----------
    mine, other
        The board that is looked at, a physical one say, and the one that it is held against.
    data : ndarray
        The network's input.
    ammeter
        Measures the energy of every schedule on ``mine``; None: nobody does.
    plan
        How much is measured.
    progress
        Told of every schedule.

    Raises
    ------
    ScheduleError
        The boards hold different images or firmware, or a schedule counts on another HSE.
    """
    if mine.image.data != other.image.data or mine.hello.build_id != other.hello.build_id:
        raise ScheduleError(
            "the two boards do not run the same: the data image or the firmware differs "
            f"(builds {mine.hello.build_id:08x} and {other.hello.build_id:08x})"
        )
    found = []
    for done, (name, schedule) in enumerate(schedules.items()):
        if progress is not None:
            progress("schedules", done, len(schedules))
        runs = tuple(deployment.infer(data, schedule) for deployment in (mine, other))
        # The firmware profiles nothing while the sensor is read: profiling takes energy too.
        plain = other.infer(data, schedule, level=abi.ProfileLevel.OFF).profile
        measured = _measure(mine, schedule, ammeter, plan)
        found.append(ScheduleComparison(name, (runs[0], runs[1]), measured, plain.energy_j))
    if progress is not None:
        progress("schedules", len(schedules), len(schedules))
    return Comparison(mine.network, (mine.board.name, other.board.name), tuple(found))


def _measure(
    deployment: Deployment, schedule: Schedule, ammeter: Ammeter | None, plan: Plan | None
) -> Measured | None:
    if ammeter is None:
        return None
    campaign = Campaign(deployment, ammeter, [Subject("inference", schedule)], plan=plan)
    campaign.run()
    return campaign.results()[0]
