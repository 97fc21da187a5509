"""What the rest of a window costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link import abi

__all__ = ["IdleCost"]


@dataclass(frozen=True)
class IdleCost:
    """Energy of idling: a fixed part, and one that grows with time.

    Parameters
    ----------
    mode
        How the chip idles.
    power_w
        Of every second of it.
    fixed_j
        Of getting there and of waking up.
    """

    mode: abi.IdleMode
    power_w: float
    fixed_j: float

    @classmethod
    def measured(cls, mode: abi.IdleMode, shorter: Record, longer: Record) -> Self:
        """Draw the line through two runs of one schedule in windows of different lengths.

        Raises
        ------
        BoardError
            The runs do not differ in their idle times, or the board has no energy to tell.
        """
        times_s = [run.total("window_s") - run.latency_s for run in (shorter, longer)]
        energies_j = [run.total("idle_j") for run in (shorter, longer)]
        if not times_s[1] > times_s[0] > 0 or energies_j[0] != energies_j[0]:
            raise BoardError(
                f"idle times of {times_s[0]:g} s and {times_s[1]:g} s with {energies_j[0]:g} J and "
                f"{energies_j[1]:g} J tell no idle power; two different times with energies do"
            )
        power_w = (energies_j[1] - energies_j[0]) / (times_s[1] - times_s[0])
        return cls(mode, power_w, energies_j[0] - power_w * times_s[0])

    def energy_j(self, time_s: float) -> float:
        """Return the energy of an idle time."""
        return self.fixed_j + self.power_w * time_s
