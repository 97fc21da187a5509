"""Schedules: from files, from plans, or the same for all layers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.storage.json_file import load_json

if TYPE_CHECKING:
    from dvfs_kernel.inference.deployment_plan import Plan
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.networks.network import Network

    #: What stands for a clock.
    ClockLike = ClockSetting | str | None
    #: What stands for a schedule.
    ScheduleLike = Schedule | Plan | str | os.PathLike[str] | None

__all__ = ["load_schedule", "uniform_schedule"]


def load_schedule(schedule: ScheduleLike) -> Schedule | None:
    """Return a schedule; that of a plan, or of the file of either.

    Raises
    ------
    ScheduleError
        The file is neither a schedule nor a plan.
    OSError
        The file cannot be read.
    """
    from dvfs_kernel.inference.deployment_plan import SCHEMA, Plan
    from dvfs_kernel.inference.schedule import Schedule

    if isinstance(schedule, Plan):
        return schedule.schedule
    if not isinstance(schedule, str | os.PathLike):
        return schedule

    def made(data: object) -> Schedule:
        is_plan = isinstance(data, dict) and data.get("schema") == SCHEMA
        return Plan.from_dict(data).schedule if is_plan else Schedule.from_dict(data)

    return load_json(schedule, made, ScheduleError)


def uniform_schedule(
    network: Network, hse_hz: int, clock: ClockLike, lfo: ClockLike, granularity: int
) -> Schedule:
    """Run every layer on the same clocks, those that can in the DAE form.

    Raises
    ------
    ClockError
        A clock cannot be read, or is illegal at this HSE.
    """
    from dvfs_kernel.image.dae_form import dae_granularities
    from dvfs_kernel.inference.schedule import Schedule

    return Schedule.uniform(
        len(network.layers),
        hse_hz,
        hfo=_setting(clock),
        lfo=_setting(lfo),
        granularity=dae_granularities(network, granularity),
    )


def _setting(clock: ClockLike) -> ClockSetting | None:
    return ClockSetting.parse(clock) if isinstance(clock, str) else clock
