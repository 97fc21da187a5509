"""What an INA219 beside the board would report of a run, from the current that really flowed.

The sensor averages over one conversion after another, and rounds: that is all a bench sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dvfs_kernel.errors import BoardError
from dvfs_kernel.storage.by_content import ByContent
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["CONVERSIONS", "SensorView", "sensor_view"]

#: Conversion times of the shunt voltage, by the name of the setting (SBOS448G, table 8-5).
CONVERSIONS: Final = {
    f"{bits} bit, {samples} sample{'s' if samples > 1 else ''}": duration_ps * 1e-12
    for bits, samples, duration_ps in ds.INA219_CONVERSION.values()
}


@dataclass(frozen=True, eq=False)
class SensorView(ByContent):
    """Readings of one run.

    Parameters
    ----------
    time_s
        (readings,) end of each conversion, from the start of the run.
    current_a
        (readings,) what the shunt voltage register says.
    charge_c
        Of the readings, each held for its conversion; the last conversion that fits the run ends
        it, and what comes after is missed.
    true_charge_c
        Of the current that flowed, over the whole run.
    """

    time_s: npt.NDArray[np.float64]
    current_a: npt.NDArray[np.float64]
    charge_c: float
    true_charge_c: float

    @property
    def error(self) -> float:
        """Relative error of the charge."""
        return self.charge_c / self.true_charge_c - 1


def sensor_view(
    clock: Sequence[Any] | npt.NDArray[Any],
    end_s: float,
    conversion_s: float,
    *,
    start_s: float = 0.0,
) -> SensorView:
    """Look at a run through the sensor.

    Parameters
    ----------
    clock
        Rows with ``time_s`` and ``current_a``, the current from then on.
    end_s
        Length of the run.
    conversion_s
        Of the shunt voltage; one follows the other.
    start_s
        When the first conversion begins: the sensor knows nothing of the run.

    Raises
    ------
    BoardError
        The run is shorter than a conversion, or nothing is known of its current.
    """
    if not len(clock):
        raise BoardError("the board told no current: there is nothing for the sensor to see")
    if end_s - start_s < conversion_s:
        raise BoardError(
            f"the run takes {end_s * 1e3:.3f} ms and a conversion {conversion_s * 1e3:.3f} ms: the "
            "sensor sees nothing of it; choose a quicker conversion"
        )
    times_s = np.array([float(row["time_s"]) for row in clock])
    currents_a = np.array([float(row["current_a"]) for row in clock])
    widths_s = np.diff(np.append(times_s, end_s))
    charges_c = np.concatenate(([0.0], np.cumsum(currents_a * widths_s)))
    moments_s = np.append(times_s, end_s)
    count = int((end_s - start_s) / conversion_s) + 1
    edges_s = start_s + conversion_s * np.arange(count, dtype=np.float64)
    means_a = np.diff(np.interp(edges_s, moments_s, charges_c)) / conversion_s
    step_a = ds.INA219_SHUNT_LSB_V / ds.SHUNT_OHM
    readings_a: npt.NDArray[np.float64] = np.floor(means_a / step_a + 0.5) * step_a
    return SensorView(
        edges_s[1:],
        readings_a,
        float(readings_a.sum() * conversion_s),
        float(charges_c[-1]),
    )
