"""The schedule that a few options make: every layer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.networks.network import Network

__all__ = ["uniform_schedule"]


def uniform_schedule(
    network: Network,
    hse_hz: int,
    hfo: ClockSetting | None,
    lfo: ClockSetting | None,
    granularity: int,
) -> Schedule:
    """Run every layer on the same clocks, those that can in the DAE form."""
    # These cost a second to load: not before the arguments are right.
    from dvfs_kernel.image.dae_form import dae_granularities  # noqa: PLC0415
    from dvfs_kernel.inference.schedule import Schedule  # noqa: PLC0415

    return Schedule.uniform(
        len(network.layers),
        hse_hz,
        hfo=hfo,
        lfo=lfo,
        granularity=dae_granularities(network, granularity),
    )
