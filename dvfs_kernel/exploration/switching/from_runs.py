"""Switching costs between the states of a design space, measured by the firmware."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.state import IDLE
from dvfs_kernel.exploration.exploration import WINDOW_S
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.switching.completion import complete_relocks
from dvfs_kernel.exploration.switching.measurement import costs_of_walks
from dvfs_kernel.exploration.switching.walks import (
    plan_walks,
    possible_changes,
    sampled_changes,
    walk_schedule,
)
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
    from dvfs_kernel.exploration.switching.measurement import Change

__all__ = ["measured_switching"]


def measured_switching(bench: Bench, space: DesignSpace) -> SwitchCosts:
    """Run the network on walks over all states; relocks that were not made follow from others.

    What the network is too short to make is not looked for: it stays computed.

    Raises
    ------
    ClockError
        The states are too many for one schedule.
    """
    states = (IDLE, *space.states)
    layers = len(space.fits)
    # Relocks between layers tell what entering a state takes, and one from idle then what leaving
    # idle does. A single layer has none of the former: it makes all of the latter.
    sampled = sampled_changes(space.states)
    if layers == 1:
        sampled += [(IDLE, state) for state in space.states if IDLE.reaches(state)]
    wanted = possible_changes(space.states, layers, dict.fromkeys(sampled))
    walks = plan_walks(space.states, layers, wanted)
    # In windows, as the schedules that they are for: between these the HSE is off, too.
    jobs = [Job(walk_schedule(walk, space.hse_hz), WINDOW_S, abi.IdleMode.GATED) for walk in walks]
    records = bench.times(jobs, "clock changes")
    changes = [_changes(record) for record in records]
    return complete_relocks(costs_of_walks(states, walks, changes, space.hse_hz))


def _changes(record: Record) -> list[Change]:
    """Return the changes of clock before each layer.

    What an inference takes beside its layers, from the trigger to the first layer's marker and
    behind the last one, counts as part of leaving idle: there it runs on the slow clock.
    """
    times_s, energies_j = record.entry_time_s.copy(), record.entry_energy_j.copy()
    times_s[0] += record.latency_s - record.entry_time_s.sum() - record.time_s.sum()
    energies_j[0] += (
        record.total("inference_j") - record.entry_energy_j.sum() - record.energy_j.sum()
    )
    return [
        (time_s, None if math.isnan(energy_j) else energy_j)
        for time_s, energy_j in zip(times_s.tolist(), energies_j.tolist(), strict=True)
    ]
