"""Switching costs as the firmware itself has them, measured on a board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import BoardError
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.exploration.switching.walks import plan_walks, walk_schedule
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from dvfs_kernel.exploration.switching.walks import Walk
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.inference.result import InferenceResult
    from dvfs_kernel.link.progress_callback import Progress

#: Seconds, and joules where they are known.
Change = tuple[float, float | None]

__all__ = ["SwitchingRun", "costs_of_walks", "measure_switching"]


@dataclass(frozen=True)
class SwitchingRun:
    """Switching costs, and the runs that they come from.

    Parameters
    ----------
    costs
        Mean of every change that was made.
    walks
        The state of each layer of each run.
    results
        One for each walk: layer by layer what the network cost at each clock.
    """

    costs: SwitchCosts
    walks: tuple[Walk, ...]
    results: tuple[InferenceResult, ...]


def measure_switching(
    deployment: Deployment,
    data: npt.NDArray[Any],
    states: Sequence[ClockState],
    progress: Progress | None = None,
) -> SwitchingRun:
    """Run a network on walks over the states until every change has been made.

    Parameters
    ----------
    deployment
        Any network on any board. The caches that its kernels leave behind are part of what the next
        change costs, a microsecond at most.
    data : ndarray
        The network's input.
    progress
        Told of every run.

    Raises
    ------
    ClockError
        A state cannot be reached, or the network is too short or the list too long.
    """
    hse_hz = deployment.board.hse_hz
    walks = plan_walks(states, len(deployment.network.layers))
    schedules = [walk_schedule(walk, hse_hz) for walk in walks]
    parked = Schedule.uniform(len(deployment.network.layers), hse_hz, hfo=IDLE.setting)
    results = []
    for done, schedule in enumerate(schedules):
        if progress is not None:
            progress("switching", done, len(schedules))
        deployment.session.set_schedule(parked)  # uses no PLL: the firmware switches it off
        results.append(deployment.infer(data, schedule, level=abi.ProfileLevel.LAYER))
    if progress is not None:
        progress("switching", len(schedules), len(schedules))
    return SwitchingRun(
        costs=costs_of_walks(states, walks, map(_changes, results), hse_hz),
        walks=tuple(walks),
        results=tuple(results),
    )


def costs_of_walks(
    states: Sequence[ClockState],
    walks: Sequence[Walk],
    changes: Iterable[Sequence[Change]],
    hse_hz: int,
) -> SwitchCosts:
    """Take the switching costs out of runs of `switching_walks.walk_schedule`.

    Parameters
    ----------
    changes
        For each walk, time and energy of the change of clock before each layer; without an energy
        the mean power of the change is computed.
    hse_hz
        The board's HSE.

    Notes
    -----
    `IDLE` after a state with the PLL locked is never a step between layers; its entry is computed.
    """
    costs = SwitchCosts.modelled(states, hse_hz)
    index = {state: place for place, state in enumerate(states)}
    found: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for walk, taken in zip(walks, changes, strict=True):
        steps = zip((IDLE, *walk), walk, taken, strict=False)
        for before, after, (time_s, energy_j) in steps:
            if before not in index or after not in index:
                continue
            place = index[before], index[after]
            modelled_w = costs.energy_j[place] / costs.time_s[place]
            found[place].append((time_s, time_s * modelled_w if energy_j is None else energy_j))
    for place, values in found.items():
        costs.time_s[place], costs.energy_j[place] = np.mean(values, axis=0)
        costs.measured[place] = True
    return costs


def _changes(result: InferenceResult) -> list[Change]:
    """Return the changes of clock before each layer.

    Ground truth where the board has one; else times of the profile, in ticks.
    """
    return [_boundary(result, layer) for layer in range(len(result.network.layers))]


def _boundary(result: InferenceResult, layer: int) -> Change:
    """Return time and energy of the switching stretch at the beginning of a layer."""
    truth = result.inference_truth
    if truth is not None:
        for stretch in truth.stretches:
            if (stretch.layer, stretch.segment) == (layer, abi.Segment.SWITCHING):
                return stretch.duration_s, stretch.energy_j
    else:
        for segment in result.profile.layers[layer].segments:
            if segment.segment is abi.Segment.SWITCHING:
                return segment.time_s, None
    raise BoardError(f"the board tells nothing of the clock change before layer {layer}")
