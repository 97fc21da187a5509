"""From what a layer counted at one clock to its time and energy at any other.

What the core executes and what its caches hold does not depend on the clock. A cycle more or less
comes from the flash alone, whose wait states follow HCLK. So with the counters of one run::

    cycles(clock) = cycles + flash waits x (wait states(clock) - wait states of the run)
    time(clock)   = cycles(clock) / HCLK + hops x time in which the clock stands
    energy(clock) = supply voltage x (base current(clock) x time(clock)
                                      + charge of a busy cycle(voltage scale) x busy cycles
                                      + charge of a flash word x flash words)

on either of the two clocks of a layer that hops. How far that holds is not taken on trust: samples
are run at their real clocks (`exploration.check`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from dvfs_kernel.boards.emulator.trace import Counters
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.clocks.supply_current import run_charges, state_clocks
from dvfs_kernel.errors import BoardError
from dvfs_kernel.exploration.runs.record import HFO, LFO
from renode_platform.devices.datasheet import SYSCLK_SWITCH_CYCLES, VDD_V
from renode_platform.devices.power import DEFAULT_MODEL, CurrentModel

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record

__all__ = ["LayerCosts", "predict"]

Floats = npt.NDArray[np.float64]


class LayerCosts(NamedTuple):
    """Costs of every layer's kernel at one option, (layers,) each."""

    time_s: Floats
    energy_j: Floats
    cycles: Floats
    lfo_time_s: Floats


def predict(
    record: Record,
    ran_in: ClockState,
    state: ClockState,
    hse_hz: int,
    model: CurrentModel = DEFAULT_MODEL,
) -> LayerCosts:
    """Return what the kernels of a run would take in another state.

    Parameters
    ----------
    record
        A run in which every layer was in one state, its memory segments perhaps on the HSE.
    ran_in
        That state.
    state
        The state asked for. Where layers hop, their memory segments stay on the HSE.
    hse_hz
        The board's HSE.
    model
        What the board draws.

    Raises
    ------
    BoardError
        The board that made the run has no counters.
    """
    if not record.counter_names:
        raise BoardError(
            "the run has no counters: only a virtual board tells what other clocks would cost"
        )
    resting = ClockState(state.pll, on_hse=True)
    hfo = _on(record, HFO, ran_in, state, hse_hz)
    lfo = _on(record, LFO, ClockState(ran_in.pll, on_hse=True), resting, hse_hz)
    # Half the hops leave the HFO, half the LFO; each stands still for some edges of both clocks,
    # which belongs to the clock that is left.
    hfo_hz, lfo_hz = state_clocks(state, hse_hz).hclk_hz, state_clocks(resting, hse_hz).hclk_hz
    pauses_s = np.zeros(len(record.hops))
    if record.hops.any():
        pauses_s = record.hops / 2 * SYSCLK_SWITCH_CYCLES * (1 / hfo_hz + 1 / lfo_hz)
    hfo_s, lfo_s = hfo / hfo_hz + pauses_s, (lfo / lfo_hz if lfo.any() else 0.0) + pauses_s
    charge_c = _charge(record, HFO, run_charges(state, hse_hz, model), hfo_s)
    if record.hops.any():
        resting_charges = run_charges(resting, hse_hz, model)
        charge_c = charge_c + _charge(record, LFO, resting_charges, lfo_s)
    return LayerCosts(hfo_s + lfo_s, VDD_V * charge_c, hfo + lfo, lfo_s)


def _charge(
    record: Record, role: int, charges: tuple[float, float, float], time_s: Floats | float
) -> Floats:
    """Return the charge that a layer's pieces on one of its clocks draw."""
    base_a, work_c, flash_c = charges
    counted = _counters(record, role)
    return np.asarray(
        base_a * time_s + work_c * counted.busy_cycles + flash_c * counted.flash_words
    )


def _counters(record: Record, role: int) -> Counters:
    """Return the counters of a layer's pieces on one of its clocks, an array each."""
    named = dict(zip(record.counter_names, record.counters[:, role, :].T, strict=True))
    return Counters(**named)


def _on(record: Record, role: int, ran_in: ClockState, state: ClockState, hse_hz: int) -> Floats:
    """Return the core cycles of the pieces that ran on one of a layer's clocks."""
    counted = _counters(record, role)
    cycles = np.asarray(counted.cycles, np.float64)
    if not cycles.any():
        return np.zeros(len(cycles))
    before = state_clocks(ran_in, hse_hz).flash_wait_states
    after = state_clocks(state, hse_hz).flash_wait_states
    return cycles + counted.flash_waits * float(after - before)
