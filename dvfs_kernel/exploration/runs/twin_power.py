"""Energy of a physical board's runs: times of the board, power of the same runs on a virtual one.

A serial line tells no energy, and the INA219 none of a single run. What is known is the power that
the current model gives each layer at its clock, with what the core counts in it: the virtual board
makes the same run, and

    energy of a layer = measured time x energy / time of the layer on the virtual board.

So an error of the modelled times cancels, one of the modelled currents does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record

__all__ = ["with_power_of"]

Floats = npt.NDArray[np.float64]


def with_power_of(twin: Record, record: Record) -> Record:
    """Return a record with the energies that its times and the power of another one give.

    Parameters
    ----------
    twin
        The same run on a board that knows its energy.
    record
        A run without energies.
    """
    entry_j = _energy(record.entry_time_s, twin.entry_time_s, twin.entry_energy_j)
    kernel_j = _energy(record.time_s, twin.time_s, twin.energy_j)
    layers_j = float(entry_j.sum() + kernel_j.sum())
    # Before the first marker and behind the last one.
    rest_s = record.latency_s - float(record.entry_time_s.sum() + record.time_s.sum())
    twin_rest_s = twin.latency_s - float(twin.entry_time_s.sum() + twin.time_s.sum())
    twin_rest_j = twin.total("inference_j") - float(twin.entry_energy_j.sum() + twin.energy_j.sum())
    rest_j = max(rest_s, 0.0) * (twin_rest_j / twin_rest_s if twin_rest_s > 0 else 0.0)
    inference_j = layers_j + rest_j
    totals = {**record.totals, "inference_j": inference_j}
    if record.totals["window_s"] is not None:
        idle_j = _idle_j(record, twin)
        totals |= {"idle_j": idle_j, "window_j": inference_j + idle_j}
    return replace(record, entry_energy_j=entry_j, energy_j=kernel_j, totals=totals)


def _energy(time_s: Floats, twin_time_s: Floats, twin_energy_j: Floats) -> Floats:
    power_w = np.divide(
        twin_energy_j, twin_time_s, out=np.zeros_like(twin_time_s), where=twin_time_s > 0
    )
    return np.asarray(time_s * power_w, np.float64)


def _idle_j(record: Record, twin: Record) -> float:
    """Return the energy of the idle time; what is fixed in it counts in proportion."""
    idle_s = max(record.total("window_s") - record.latency_s, 0.0)
    twin_s = twin.total("window_s") - twin.latency_s
    if twin_s > 0:
        return twin.total("idle_j") * idle_s / twin_s
    # The twin had nothing left to idle in. So little is waited out on the last layer's clock.
    return idle_s * float(twin.energy_j[-1] / twin.time_s[-1])
