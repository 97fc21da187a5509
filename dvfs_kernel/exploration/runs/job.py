"""One run to be made: a schedule, and the window it has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.inference.schedule import Schedule

__all__ = ["Job"]


@dataclass(frozen=True)
class Job:
    """A run of the workload's network.

    Parameters
    ----------
    schedule
        Granularity and clocks of every layer.
    window_s
        Time from leaving idle to the end of the idle time behind the inference; None: no window.
    idle
        What the chip does in the rest of the window.
    level
        How finely the firmware profiles the run.
    """

    schedule: Schedule
    window_s: float | None = None
    idle: abi.IdleMode = abi.IdleMode.SLEEP
    level: abi.ProfileLevel = abi.ProfileLevel.LAYER

    def __repr__(self) -> str:
        window = "" if self.window_s is None else f" in a window of {self.window_s * 1e3:.3f} ms"
        return f"<Job: {self.schedule!r}{window}>"

    def key_text(self) -> str:
        """Return text that is equal for equal jobs and for no others."""
        idle = None if self.window_s is None else self.idle.name.lower()
        key = {"schedule": self.schedule.to_dict(), "window_s": self.window_s, "idle": idle}
        if self.level is not abi.ProfileLevel.LAYER:
            key["level"] = self.level.name.lower()
        return json.dumps(key, sort_keys=True)
