"""What idling costs, measured behind the baseline's inference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.clocks.supply_current import waiting_current_a
from dvfs_kernel.exploration.exploration import reference_jobs
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation.idle_cost import UNSURE_S, IdleCost, IdleLine
from renode_platform.devices.power import DEFAULT_MODEL

if TYPE_CHECKING:
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench

__all__ = ["measured_idle"]

# Idle times in which the idle modes are measured, in latencies of the baseline and at least in
# seconds: long enough for every mode (Stop is worth it from 1 ms on), and so far apart that the
# slope between them is not lost in the fixed part.
_IDLE_TIMES: Final = ((0.1, 4e-3), (0.5, 20e-3))

# From the end of an inference to the firmware's look at what is left, and from there to the HSI:
# up to 5 us, and 16 us from a slow clock to 38 us where over-drive has to be left.
_LOOK_S: Final = 5e-6
_WAY_S: Final = 27e-6

_WAITS_S: Final = abi.WINDOW_ENTRY_TICKS / abi.TICK_HZ + _LOOK_S + UNSURE_S
_RESTS_S: Final = abi.GATED_TICKS_MIN / abi.TICK_HZ + _LOOK_S + _WAY_S + UNSURE_S
_GATED_S: Final = abi.STOP_TICKS_MIN / abi.TICK_HZ + _LOOK_S + _WAY_S + UNSURE_S

# Where the shorter stretches are measured: in the core waiting on the last layer's clock, and on
# the HSI before it is worth dividing it.
_WAITING_S: Final = (0.1 * _WAITS_S, 0.9 * _WAITS_S)
_RESTING_S: Final = (_WAITS_S + 0.2 * (_RESTS_S - _WAITS_S), _WAITS_S + 0.8 * (_RESTS_S - _WAITS_S))


def measured_idle(
    bench: Bench, space: DesignSpace, latency_s: float
) -> dict[abi.IdleMode, IdleCost]:
    """Measure each idle mode in windows behind the baseline's inference.

    Parameters
    ----------
    latency_s
        Of the baseline.

    Raises
    ------
    BoardError
        The board tells no energy.
    ExecutorError, CacheError, DvfsError
        As `Bench.run`.
    """
    sleep, gated, stop = abi.IdleMode.SLEEP, abi.IdleMode.GATED, abi.IdleMode.STOP
    schedule = reference_jobs(space)[0, False].schedule
    parked = replace(
        schedule,
        clocks=(*schedule.clocks, ClockSetting("hsi")),
        idle_clock=len(schedule.clocks),
    )
    longer = [latency_s + max(factor * latency_s, least_s) for factor, least_s in _IDLE_TIMES]
    jobs = [
        Job(schedule if mode is sleep else parked, window_s, mode)
        for mode in (sleep, gated, stop)
        for window_s in longer
    ]
    asleep, asleep_longer, *rest = bench.run(jobs, "idle modes")
    # From the HSI an inference takes longer: how much is known only now.
    shorter = [
        Job(parked, rest[0].latency_s + idle_s, gated) for idle_s in (*_WAITING_S, *_RESTING_S)
    ]
    records = bench.run(shorter, "short idle times")
    in_gated = (
        IdleLine.through(records[0], records[1], _WAITS_S, waits=True),
        IdleLine.through(records[2], records[3], _RESTS_S),
    )
    # On the way to Stop the core idles as in gated Sleep, until Stop itself is worth it.
    long_gated = IdleLine.through(rest[0], rest[1], _GATED_S)
    waiting = _waiting(bench, space)
    return {
        sleep: IdleCost.measured(sleep, asleep, asleep_longer),
        gated: IdleCost.measured(gated, rest[0], rest[1], in_gated, waiting),
        stop: IdleCost.measured(stop, rest[2], rest[3], (*in_gated, long_gated), waiting),
    }


def _waiting(bench: Bench, space: DesignSpace) -> dict[ClockState, float]:
    """Return what waiting takes in each state, as a part of what it takes on the fastest clock."""
    profile = bench.workload.board.profile
    model = DEFAULT_MODEL if profile is None else profile.current_model()
    hse_hz = space.hse_hz
    fastest_a = waiting_current_a(ClockState.of(ClockSetting.fastest(hse_hz)), hse_hz, model)
    return {state: waiting_current_a(state, hse_hz, model) / fastest_a for state in space.states}
