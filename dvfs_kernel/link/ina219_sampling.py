"""How the supply current is sampled, and what the chip does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import BoardError
from dvfs_kernel.link import abi
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.link.requests import ClockRequest

__all__ = ["INA219_ADDRESS", "CurrentActivity", "Layers", "Sampling", "Sleep", "Spin"]

#: With both address pins at ground (SBOS448G, table 1).
INA219_ADDRESS = 0x40

_CONTINUOUS_SHUNT = 5  # mode 101 (SBOS448G, table 6)
# The converter's clock may be this much slower than typical (SBOS448G, table 5: 586 us for 532 us).
_SLOWEST = 586 / 532
# Samples are taken in interrupts this far apart.
_INTERRUPT_TICKS = 0x8000


@dataclass(frozen=True)
class Sampling:
    """The INA219's set-up for shunt voltage alone, converted over and over.

    Parameters
    ----------
    averaged
        Conversions of 12 bits that make a result: 1, 2, 4 … 128. With 128 a result is the mean over
        68.1 ms.
    range_v
        Full scale of the shunt voltage: 0.04, 0.08, 0.16 or 0.32. With 0.1 Ω the least is 400 mA,
        and has the least offset.

    Raises
    ------
    BoardError
        The sensor has no such setting.
    """

    averaged: int = 128
    range_v: float = 0.04

    def __post_init__(self) -> None:
        averages = sorted({samples for bits, samples, _ in _SETTINGS.values() if bits == 12})
        if self.averaged not in averages:
            raise BoardError(
                f"the INA219 averages {', '.join(map(str, averages))} conversions, "
                f"not {self.averaged}"
            )
        if self.range_v not in ds.INA219_SHUNT_RANGE_V:
            raise BoardError(
                f"the INA219's shunt ranges are {', '.join(map(str, ds.INA219_SHUNT_RANGE_V))} V, "
                f"not {self.range_v}"
            )

    @property
    def _code(self) -> int:
        matching = [
            code
            for code, (bits, samples, _) in _SETTINGS.items()
            if (bits, samples) == (12, self.averaged)
        ]
        return max(matching)

    @property
    def configuration(self) -> int:
        """Value of the sensor's configuration register."""
        gain = ds.INA219_SHUNT_RANGE_V.index(self.range_v)
        return gain << 11 | self._code << 7 | self._code << 3 | _CONTINUOUS_SHUNT

    @property
    def conversion_s(self) -> float:
        """Typical time that a result averages over."""
        return float(_SETTINGS[self._code][2]) / ds.PS_PER_US * 1e-6

    @property
    def period_ticks(self) -> int:
        """Time from one sample to the next that even the slowest sensor keeps, in ticks."""
        return int(self.conversion_s * _SLOWEST * abi.TICK_HZ) + 1

    def duration_s(self, samples: int) -> float:
        """Return how long so many samples take at most."""
        return samples * (self.period_ticks + _INTERRUPT_TICKS) / abi.TICK_HZ


_SETTINGS: dict[int, tuple[int, int, int]] = ds.INA219_CONVERSION


@dataclass(frozen=True)
class Sleep:
    """The core sleeps on a clock."""

    clock: ClockRequest
    hse_hz: int

    def request(self) -> npt.NDArray[Any]:
        """Return an ``abi.CURRENT_REQUEST`` with the activity's fields."""
        return _on_clock(abi.Activity.SLEEP, self.clock, self.hse_hz)


@dataclass(frozen=True)
class Spin:
    """The core counts in registers on a clock: a load that is the same on every board."""

    clock: ClockRequest
    hse_hz: int

    def request(self) -> npt.NDArray[Any]:
        """Return an ``abi.CURRENT_REQUEST`` with the activity's fields."""
        return _on_clock(abi.Activity.SPIN, self.clock, self.hse_hz)


@dataclass(frozen=True)
class Layers:
    """Layers of the network run over and over, as the schedule says.

    Parameters
    ----------
    first, count
        Which layers make a pass; what lies in their input tensors is what they work on.
    warmup
        Passes before the sensor starts.
    """

    first: int
    count: int
    warmup: int = 1

    def request(self) -> npt.NDArray[Any]:
        """Return an ``abi.CURRENT_REQUEST`` with the activity's fields."""
        request = np.zeros((), abi.CURRENT_REQUEST)
        request["activity"] = abi.Activity.LAYERS
        request["first_layer"] = self.first
        request["layer_count"] = self.count
        request["warmup"] = self.warmup
        return request


CurrentActivity = Sleep | Spin | Layers


def _on_clock(activity: abi.Activity, clock: ClockRequest, hse_hz: int) -> npt.NDArray[Any]:
    request = np.zeros((), abi.CURRENT_REQUEST)
    request["activity"] = activity
    request["hse_hz"] = hse_hz
    request["clock"] = np.frombuffer(clock.to_bytes(), abi.CLOCK)[0]
    return request
