"""What the firmware answers, one record for each command that has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.link import abi

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ClockProbe", "CurrentReadings", "Hello", "Ina219Reading", "RunResult"]


@dataclass(frozen=True)
class Hello:
    """What the firmware says of itself; fields as in ``abi.HELLO_REPLY``."""

    abi_version: int
    reset_cause: int
    device_id: int
    build_id: int
    image_bytes_max: int
    tensor_bytes: int
    scratch_bytes: int
    frame_payload_max: int
    fault_pending: int
    image_ready: int
    marker_overhead_cycles: int
    hop_overhead_cycles: int
    image_id: int


@dataclass(frozen=True)
class RunResult:
    """Totals of the last of several runs.

    Parameters
    ----------
    total_ticks
        Ticks of LPTIM1 at ``abi.TICK_HZ``, which no change of SYSCLK touches.
    total_cycles
        Core cycles.
    relocks, hops
        PLL relocks, and changes of SYSCLK between HSE and a running PLL.
    window_ticks, overrun_ticks
        Length of the last window, 0 where there was none, and how much its inference exceeded what
        was asked for.
    """

    runs: int
    layer_count: int
    total_ticks: int
    total_cycles: int
    relocks: int
    hops: int
    window_ticks: int = 0
    overrun_ticks: int = 0

    @property
    def total_s(self) -> float:
        """Duration by the firmware's wall clock."""
        return self.total_ticks / abi.TICK_HZ

    @property
    def window_s(self) -> float:
        """Length of the last window by the firmware's wall clock."""
        return self.window_ticks / abi.TICK_HZ

    @property
    def overrun_s(self) -> float:
        """How much the last inference exceeded its window."""
        return self.overrun_ticks / abi.TICK_HZ


@dataclass(frozen=True)
class ClockProbe:
    """Durations of three clock changes as the firmware timed them, in ticks of ``abi.TICK_HZ``.

    ``lock_ticks`` is the time from PLLON to PLLRDY in the last of them that relocked, 0 where none
    did.
    """

    to_a_ticks: int
    to_b_ticks: int
    to_a_again_ticks: int
    lock_ticks: int


@dataclass(frozen=True)
class Ina219Reading:
    """Registers of the INA219, as its data sheet (SBOS448G) names them."""

    configuration: int
    shunt_voltage: int
    bus_voltage: int
    power: int
    current: int
    calibration: int


@dataclass(frozen=True, eq=False)
class CurrentReadings:
    """Samples of the INA219's shunt voltage, and what the chip did meanwhile.

    Parameters
    ----------
    passes
        Whole runs of the layers, back to back; 0 where none were to run.
    total_ticks
        Ticks of ``abi.TICK_HZ`` that the passes, or the sleep or spin, took.
    total_cycles
        Core cycles likewise; a core that sleeps counts none.
    ticks : ndarray of int64, shape (samples,)
        When each sample was read, counted from the sensor's start.
    shunt_counts : ndarray of int64, shape (samples,)
        Steps of the sensor, 10 µV each.
    """

    passes: int
    total_ticks: int
    total_cycles: int
    ticks: npt.NDArray[np.int64]
    shunt_counts: npt.NDArray[np.int64]

    @classmethod
    def from_bytes(cls, payload: bytes) -> CurrentReadings:
        """Decode an ``abi.CURRENT_REPLY`` and the samples behind it."""
        head = np.frombuffer(payload, abi.CURRENT_REPLY, count=1)[0]
        samples = np.frombuffer(payload, abi.CURRENT_SAMPLE, offset=abi.CURRENT_REPLY.itemsize)
        return cls(
            passes=int(head["passes"]),
            total_ticks=int(head["total_ticks"]),
            total_cycles=int(head["total_cycles"]),
            ticks=samples["ticks"].astype(np.int64),
            shunt_counts=samples["shunt_voltage"].astype(np.int64),
        )

    @property
    def pass_s(self) -> float:
        """Duration of one pass."""
        return self.total_ticks / abi.TICK_HZ / self.passes

    @property
    def core_hz(self) -> float:
        """Clock of the core while it was awake, by the HSI: right to 1 % (DS11532, table 45)."""
        return self.total_cycles * abi.TICK_HZ / self.total_ticks
