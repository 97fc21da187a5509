"""What a schedule will take, before it has run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dvfs_kernel.clocks.state import ClockState
    from dvfs_kernel.optimisation.idle_cost import IdleCost

__all__ = ["Prediction"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Time and energy of a schedule, layer by layer.

    Parameters
    ----------
    entry_time_s, entry_energy_j
        (layers,) of the clock change before each layer.
    time_s, energy_j
        (layers,) of each layer's kernel.
    last
        The state in which the inference ends; None where nobody asks.
    spread
        By how much runs differ that do the same: see `Exploration.spread`.
    """

    entry_time_s: Floats
    entry_energy_j: Floats
    time_s: Floats
    energy_j: Floats
    last: ClockState | None = None
    spread: float = 0.0

    def __repr__(self) -> str:
        return (
            f"<Prediction of {len(self.time_s)} layers: {self.latency_s * 1e3:.3f} ms, "
            f"{self.inference_j * 1e3:.3f} mJ>"
        )

    @property
    def latency_s(self) -> float:
        """Time of the inference, from leaving idle to the end of the last layer."""
        return float(self.entry_time_s.sum() + self.time_s.sum())

    @property
    def inference_j(self) -> float:
        """Energy of the inference."""
        return float(self.entry_energy_j.sum() + self.energy_j.sum())

    def window_j(self, window_s: float, idle: IdleCost) -> float:
        """Return the energy of a window, its idle time included."""
        left_s = max(window_s - self.latency_s, 0.0)
        return self.inference_j + idle.energy_j(left_s, self.last)

    def to_dict(self, window_s: float, idle: IdleCost) -> dict[str, Any]:
        """Return the sums as plain values."""
        return {
            "latency_s": self.latency_s,
            "inference_j": self.inference_j,
            "window_j": self.window_j(window_s, idle),
        }
