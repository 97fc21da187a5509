"""Windows: a time that an inference and the idle time after it fill, as in iso-latency figures."""

from __future__ import annotations

from dataclasses import dataclass

from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.link import abi
from dvfs_kernel.storage.whole_units import whole_units

__all__ = ["Window"]

_SHORTEST_S = 1 / abi.TICK_HZ
_LONGEST_S = abi.WINDOW_TICKS_MAX / abi.TICK_HZ


@dataclass(frozen=True)
class Window:
    """A window that every run begins.

    Parameters
    ----------
    length_s
        From the start of the inference; the core idles until then.
    idle
        How it idles, and in which state of the clocks the window begins.

    Raises
    ------
    ScheduleError
        The length is shorter than a tick or longer than the firmware can count.
    """

    length_s: float
    idle: abi.IdleMode = abi.IdleMode.SLEEP

    def __post_init__(self) -> None:
        if not _SHORTEST_S <= self.length_s <= _LONGEST_S:
            raise ScheduleError(
                f"a window of {self.length_s:g} s is not possible; "
                f"{_SHORTEST_S * 1e9:g} ns to {_LONGEST_S:.0f} s is allowed"
            )

    @property
    def ticks(self) -> int:
        """Length in ticks of ``abi.TICK_HZ``."""
        return whole_units(self.length_s, abi.TICK_HZ)
