"""How a machine is set up, and why a run of it ends."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.clocks.pll_lock import TYPICAL

if TYPE_CHECKING:
    from renode_platform.devices.serial_line import FrameFormat

__all__ = ["MachineOptions", "StopReason"]


class StopReason(enum.StrEnum):
    """Why `Machine.run` returned."""

    LIMIT = "limit"  # the virtual time asked for has passed
    UNTIL = "until"  # the condition came true
    WALL_LIMIT = "wall limit"  # the host's time ran out


@dataclass(frozen=True)
class MachineOptions:
    """How the board is set up.

    Parameters
    ----------
    hse_hz
        Frequency on OSC_IN; by default what the description says.
    strict
        Whether illegal programming of the chip ends the run; otherwise it is only recorded.
    pll_lock
        Lock latency: the ``which`` of a `PllLock`.
    caches
        Whether caches and memory waits are modelled. Without them code runs several times faster
        and costs what it would with memories that never wait.
    timing
        Parameters of the timing model.
    current
        Pairs of name and value that stand in place of the current model's own parameters.
    line
        How the other end of the serial lines is set up; by default as the firmware's port always.
    boot_address
        Where the vector table is after reset. The chip's default is flash on the ITCM bus
        (BOOT_ADD0 = 0x0080).
    """

    hse_hz: int | None = None
    strict: bool = True
    pll_lock: str | int = TYPICAL.which
    caches: bool = True
    timing: TimingParameters = field(default_factory=TimingParameters)
    current: tuple[tuple[str, float], ...] = ()
    line: FrameFormat | None = None
    boot_address: int = 0x00200000
