"""Energy of every layer from a current trace, which the trigger pin ties to the run.

PE2 is high while an inference runs. The firmware tells how long each layer of it took; between the
rise and the fall of the pin its clock is drawn out to the instrument's, and the charge between two
layers' beginnings is what the layer drew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.measurement.estimate import Estimate
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.evidence.measurement.trace_file import Trace

__all__ = ["AlignedEnergy", "align"]

Floats = npt.NDArray[np.float64]

#: How far the two clocks may be apart: the HSI is within 1 %, an instrument far closer.
_CLOCKS_APART_MOST = 0.03


@dataclass(frozen=True)
class AlignedEnergy:
    """What the inferences of a trace took.

    Parameters
    ----------
    layers
        Energy of each layer in joules, over all inferences.
    total_j
        Energy of an inference.
    time_s
        (layers,) durations as the firmware told them.
    total_s
        Duration of an inference, likewise.
    clock_ratio
        The instrument's seconds for one of the firmware's. Energies count in the instrument's,
        whose clock is the better one.
    inferences, others
        How many spells of the trigger were used, and how many lasted otherwise.
    edge_s
        How well the ends of a layer are known: a sample of the instrument.
    """

    layers: tuple[Estimate, ...]
    total_j: Estimate
    time_s: tuple[float, ...]
    total_s: float
    clock_ratio: float
    inferences: int
    others: int
    edge_s: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "inferences": self.inferences,
            "other_spells": self.others,
            "clock_ratio": self.clock_ratio,
            "edge_s": self.edge_s,
            "time_s": self.total_s,
            "energy_j": self.total_j.to_dict(),
            "layers": [
                {"time_s": time_s, "energy_j": energy_j.to_dict()}
                for time_s, energy_j in zip(self.time_s, self.layers, strict=True)
            ],
        }


def align(trace: Trace, layer_s: Sequence[float], total_s: float, supply_v: float) -> AlignedEnergy:
    """Cut a trace into inferences and layers.

    Parameters
    ----------
    layer_s
        Durations of the layers of one inference by the firmware's clock.
    total_s
        Of the whole inference; what it exceeds their sum by is split between its ends.
    supply_v
        Voltage that the current was drawn at.

    Raises
    ------
    MeasurementError
        The trigger shows no inference of that length, or samples are longer than layers.
    """
    if trace.sample_s * 2 > max(layer_s, default=0.0):
        raise MeasurementError(
            f"a sample every {trace.sample_s * 1e6:.1f} us tells no layers apart, the longest of "
            f"which takes {max(layer_s, default=0.0) * 1e6:.1f} us"
        )
    starts, ends = _spells(trace)
    lengths = ends - starts
    fitting = np.abs(lengths / total_s - 1) <= _CLOCKS_APART_MOST
    if not fitting.any():
        seen = ", ".join(f"{length * 1e3:.3f}" for length in lengths[:5]) or "none"
        raise MeasurementError(
            f"the trigger shows no inference of {total_s * 1e3:.3f} ms: it was high for {seen} ms; "
            "was it the same schedule, and is the pin PE2?"
        )
    begins = (total_s - ordered_sum(layer_s)) / 2 + np.concatenate([[0.0], np.cumsum(layer_s)])
    charge_c = np.concatenate([[0.0], np.cumsum(trace.current_a[:-1] * np.diff(trace.time_s))])
    energies, totals = [], []
    for start, end in zip(starts[fitting], ends[fitting], strict=True):
        bounds = start + begins * ((end - start) / total_s)
        energies.append(_charges(trace, charge_c, bounds) * supply_v)
        totals.append(float(_charges(trace, charge_c, np.array([start, end]))[0]) * supply_v)
    return AlignedEnergy(
        layers=tuple(Estimate.of(values) for values in np.array(energies).T),
        total_j=Estimate.of(totals),
        time_s=tuple(layer_s),
        total_s=total_s,
        clock_ratio=float(np.mean(lengths[fitting])) / total_s,
        inferences=int(fitting.sum()),
        others=int((~fitting).sum()),
        edge_s=trace.sample_s,
    )


def _spells(trace: Trace) -> tuple[Floats, Floats]:
    """Return when the trigger rose and fell, whole spells only, each in the middle of a sample."""
    edges = np.flatnonzero(np.diff(trace.trigger.astype(np.int8)))
    times_s = (trace.time_s[edges] + trace.time_s[edges + 1]) / 2
    rising = trace.trigger[edges + 1]
    rises, falls = times_s[rising], times_s[~rising]
    falls = falls[len(falls) - (falls > rises[0]).sum() :] if len(rises) else falls[:0]
    count = min(len(rises), len(falls))
    return rises[:count], falls[:count]


def _charges(trace: Trace, charge_c: Floats, bounds_s: Floats) -> Floats:
    return np.diff(np.interp(bounds_s, trace.time_s, charge_c))
