"""The INA219 on its shunt as an ammeter: amperes from counts, and how far they may be off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.link.ina219_sampling import INA219_ADDRESS, Sampling
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.link.ina219_sampling import CurrentActivity
    from dvfs_kernel.link.replies import CurrentReadings
    from dvfs_kernel.link.session import Session

__all__ = ["Ammeter"]

_SHUNT_LSB_V: float = ds.INA219_SHUNT_LSB_V
_BUS_LSB_V: float = ds.INA219_BUS_LSB_V
# Of the A grade, at most (SBOS448G, 7.5): offset by shunt range, and the current's error.
_OFFSET_MAX_V = {0.04: 100e-6, 0.08: 125e-6, 0.16: 150e-6, 0.32: 200e-6}
_GAIN_ERROR_MAX = 0.005
# Usual on modules; a shunt that was measured is better.
_SHUNT_TOLERANCE = 0.01
# Bus voltage alone, 12 bits, 8 averaged, triggered once; 16 V range. Its steps are 4 mV.
_BUS_ONCE = 11 << 7 | 2


@dataclass(frozen=True)
class Ammeter:
    """How the sensor is wired and set up.

    Parameters
    ----------
    shunt_ohm
        The resistor between IN+ and IN−.
    address
        Of the sensor on I2C1.
    """

    shunt_ohm: float = ds.SHUNT_OHM
    address: int = INA219_ADDRESS
    sampling: Sampling = field(default_factory=Sampling)

    def measure(self, session: Session, activity: CurrentActivity, samples: int) -> CurrentReadings:
        """Sample the current while the chip is kept at something.

        Raises
        ------
        BoardError
            The sensor does not answer.
        """
        return session.measure_current(
            activity, samples=samples, sampling=self.sampling, address=self.address
        )

    def amperes(self, readings: CurrentReadings) -> npt.NDArray[np.float64]:
        """Return the samples in amperes, shape (samples,)."""
        return readings.shunt_counts.astype(np.float64) * self.resolution_a

    def supply_v(self, session: Session) -> float:
        """Return the voltage at IN−, which is what the chip is left with."""
        reading = session.read_ina219(address=self.address, configuration=_BUS_ONCE)
        return (reading.bus_voltage >> 3) * _BUS_LSB_V

    def systematic_a(self, current_a: float) -> float:
        """Return how far a mean may be off, however often it is measured.

        Half a step, the data sheet's limits for offset and gain, and 1 % for the shunt, added up.
        """
        offset_a = _OFFSET_MAX_V[self.sampling.range_v] / self.shunt_ohm
        proportional_a = abs(current_a) * (_GAIN_ERROR_MAX + _SHUNT_TOLERANCE)
        return self.resolution_a / 2 + offset_a + proportional_a

    @property
    def resolution_a(self) -> float:
        """One step of the sensor."""
        return _SHUNT_LSB_V / self.shunt_ohm

    def to_dict(self) -> dict[str, Any]:
        """Return the set-up as plain values."""
        return {
            "sensor": "INA219",
            "shunt_ohm": self.shunt_ohm,
            "address": self.address,
            "averaged_conversions": self.sampling.averaged,
            "shunt_range_v": self.sampling.range_v,
            "window_s": self.sampling.conversion_s,
        }
