"""Switching costs composed from the data sheet's numbers, for boards that cannot be asked.

What the firmware does between two layers (``firmware/src/clocks/clock.c``), in stretches of one
current:

- on the clock that is left: its bookkeeping, then the hand-over of SYSCLK;
- for a relock, on whichever of HSE and HSI is faster: over-drive off (the core stands for the time
  of DS11532 Rev 7, Table 23), PLL off, the registers of the new setting, then the wait for the lock
  (Table 47), in which over-drive comes on where the new setting needs it;
- on the clock that is entered: bookkeeping again.

Currents are those of `current_model`. The data sheet says nothing of the firmware's own
instructions: their cycles stand here as counted on the virtual board, and a test holds the whole
against measured matrices.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dvfs_kernel.clocks.pll_lock import TYPICAL, PllLock
from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.clocks.supply_current import (
    firmware_current_a,
    park_setting,
    run_current_a,
    running_on,
    state_clocks,
)
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.storage.ordered_sum import ordered_sum
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dvfs_kernel.clocks.setting import ClockSetting
    from renode_platform.devices.clock_tree import Clocks

__all__ = ["modelled_switch"]

# The firmware's own instructions in core cycles, as the virtual board counts them with warm caches.
# Estimates for silicon: its pipeline and caches are modelled, not measured.
_STAY_CYCLES: Final = 95  # finds that there is nothing to do
_LEAVE_HSE_CYCLES: Final = 84  # a hop, before the hand-over …
_LEAVE_PLL_CYCLES: Final = 115  # … which after a lock has its registers to work out once
_ENTER_CYCLES: Final = 55  # and after it, on any clock
_PARK_CYCLES: Final = 214  # a relock, on the clock that is left
_LOCK_CYCLES: Final = 310  # on the clock meanwhile, beside what it waits for
_OVERDRIVE_OFF_CYCLES: Final = 48
_STOP_PLL_CYCLES: Final = 50
# Their activity, and that of polling a ready flag: busy cycles of all, flash words of all.
_WORKING: Final = (0.9, 0.0)
_POLLING: Final = (0.66, 0.0)
_STANDING: Final = (0.0, 0.0)  # while the clock stands for over-drive

#: A stretch of time at one current: seconds and amperes.
_Stretch = tuple[float, float]


@lru_cache(maxsize=1 << 14)
def modelled_switch(
    before: ClockState, after: ClockState, hse_hz: int, pll_lock: PllLock = TYPICAL
) -> tuple[float, float]:
    """Return time in seconds and energy in joules of one change of state.

    Parameters
    ----------
    pll_lock
        The PLL's lock latency.

    Returns
    -------
    tuple of float
        Infinite where the firmware cannot go. `IDLE` is reached from every state: the firmware
        switches the PLL off where an inference has ended.
    """
    if before.reaches(after):
        steps = _between_layers(before, after, hse_hz, pll_lock)
    elif after == IDLE:
        steps = _to_idle(before, hse_hz)
    else:
        return math.inf, math.inf
    stretches = list(steps)
    time_s = ordered_sum(duration_s for duration_s, _ in stretches)
    return time_s, SUPPLY_V * ordered_sum(
        duration_s * current_a for duration_s, current_a in stretches
    )


def _between_layers(
    before: ClockState, after: ClockState, hse_hz: int, pll_lock: PllLock
) -> Iterator[_Stretch]:
    if before == after:
        yield _run(_STAY_CYCLES, state_clocks(before, hse_hz))
    elif before.factors == after.factors:
        yield from _hop(before, after, hse_hz)
    else:
        yield from _relock(before, after, hse_hz, pll_lock)


def _hop(before: ClockState, after: ClockState, hse_hz: int) -> Iterator[_Stretch]:
    leave = _LEAVE_PLL_CYCLES if before.setting.source == "pll" else _LEAVE_HSE_CYCLES
    yield _run(leave, state_clocks(before, hse_hz))
    yield from _hand_over(before.setting, after.setting, hse_hz, run_current_a(before, hse_hz))
    yield _run(_ENTER_CYCLES, state_clocks(after, hse_hz))


def _relock(
    before: ClockState, after: ClockState, hse_hz: int, pll_lock: PllLock
) -> Iterator[_Stretch]:
    if after.pll is None:
        raise ValueError(f"{after} needs no lock")
    park = park_setting(hse_hz)
    yield _run(_PARK_CYCLES, state_clocks(before, hse_hz))
    yield from _hand_over(before.setting, park, hse_hz, run_current_a(before, hse_hz))
    if before.pll is not None and before.pll.needs_overdrive(hse_hz):
        yield from _leave_overdrive(park, before.pll, hse_hz)
    yield _run(_LOCK_CYCLES, park.clocks(hse_hz))
    yield from _lock(park, after.pll, hse_hz, pll_lock)
    yield from _hand_over(park, after.pll, hse_hz, firmware_current_a(park.clocks(hse_hz)))
    yield _run(_ENTER_CYCLES, state_clocks(after, hse_hz))


def _lock(
    park: ClockSetting, pll: ClockSetting, hse_hz: int, pll_lock: PllLock
) -> Iterator[_Stretch]:
    """Wait for the lock; over-drive comes on meanwhile and may take longer."""
    lock_ps = pll_lock.latency_ps(pll.vco_hz(hse_hz))
    clocks = running_on(park, hse_hz, locked=pll)
    before_ps = lock_ps
    if clocks.overdrive:
        # The device table says how long the core stands; it draws its current all the while.
        before_ps = ds.OVERDRIVE_READY_PS
        pause_ps = clock_tree.overdrive_switch_ps(True, park.source, hse_hz)
        yield pause_ps / ds.PS_PER_S, firmware_current_a(clocks, _STANDING)
        rest_ps = max(lock_ps - before_ps - pause_ps, 0)
        yield rest_ps / ds.PS_PER_S, firmware_current_a(clocks, _POLLING)
        clocks.overdrive = False
    yield before_ps / ds.PS_PER_S, firmware_current_a(clocks, _POLLING)


def _to_idle(before: ClockState, hse_hz: int) -> Iterator[_Stretch]:
    """Switch SYSCLK to HSI, then over-drive and the PLL off."""
    if before.pll is None:
        raise ValueError(f"{before} reaches idle without a PLL to switch off")
    hsi = IDLE.setting
    yield _run(_LEAVE_PLL_CYCLES, state_clocks(before, hse_hz))
    yield from _hand_over(before.setting, hsi, hse_hz, run_current_a(before, hse_hz))
    if before.pll.needs_overdrive(hse_hz):
        yield from _leave_overdrive(hsi, before.pll, hse_hz)
    yield _run(_ENTER_CYCLES + _STOP_PLL_CYCLES, hsi.clocks(hse_hz))


def _leave_overdrive(
    running: ClockSetting, locked: ClockSetting, hse_hz: int
) -> Iterator[_Stretch]:
    clocks = running_on(running, hse_hz, locked=locked)
    yield _run(_OVERDRIVE_OFF_CYCLES, clocks)
    clocks.overdrive = False
    pause_ps = clock_tree.overdrive_switch_ps(False, running.source, hse_hz)
    yield pause_ps / ds.PS_PER_S, firmware_current_a(clocks, _STANDING)


def _run(cycles: int, clocks: Clocks) -> _Stretch:
    return cycles / clocks.hclk_hz, firmware_current_a(clocks, _WORKING)


def _hand_over(
    before: ClockSetting, after: ClockSetting, hse_hz: int, current_a: float
) -> Iterable[_Stretch]:
    """Wait for the edges of both clocks where SYSCLK changes its source."""
    if before.source == after.source:
        return ()
    edges_s = (1 / before.sysclk_hz(hse_hz) + 1 / after.sysclk_hz(hse_hz)) * ds.SYSCLK_SWITCH_CYCLES
    return ((edges_s, current_a),)
