"""What the rest of a window costs.

How the firmware idles depends on how much is left (``firmware/src/run/window.c`` and ``idle.c``):
with less than half a millisecond the core waits asleep on the last layer's clock; with more it goes
to the HSI, from where gated Sleep and Stop are worth their way from about one millisecond on. Each
of these stretches is a line over the idle time, and they do not meet: at half a millisecond the
energy falls to a third.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from dvfs_kernel.errors import BoardError
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.clocks.state import ClockState
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link import abi

__all__ = ["UNSURE_S", "IdleCost", "IdleLine"]

#: Where a stretch of idle time ends is known to so much: how long the firmware takes to its look at
#: what is left depends on the clock and the caches. Until then the dearer line is predicted.
UNSURE_S: Final = 10e-6


@dataclass(frozen=True)
class IdleLine:
    """Energy of the idle times up to a length: a fixed part, and one that grows with time.

    Parameters
    ----------
    until_s
        The longest idle time that it holds for; infinite for the last one.
    power_w
        Of every second of it.
    fixed_j
        Of getting there and of waking up.
    waits
        Whether the core idles on the clock of the last layer, which `IdleCost.waiting` is for.
    """

    until_s: float
    power_w: float
    fixed_j: float
    waits: bool = False

    @classmethod
    def through(
        cls, shorter: Record, longer: Record, until_s: float = float("inf"), *, waits: bool = False
    ) -> Self:
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
        return cls(until_s, power_w, energies_j[0] - power_w * times_s[0], waits)

    def energy_j(self, time_s: float) -> float:
        """Return the energy of an idle time."""
        return self.fixed_j + self.power_w * time_s


@dataclass(frozen=True, eq=False)
class IdleCost(ByContent):
    """Energy of idling, by how long.

    Parameters
    ----------
    mode
        How the chip idles.
    power_w, fixed_j
        Of idle times for which the mode is meant.
    shorter
        Of shorter ones, ascending; none where the mode is the same for all.
    waiting
        What waiting on the clock of a state takes, as a part of what it takes on the fastest one.
    """

    mode: abi.IdleMode
    power_w: float
    fixed_j: float
    shorter: tuple[IdleLine, ...] = ()
    waiting: Mapping[ClockState, float] = field(default_factory=dict)

    @classmethod
    def measured(
        cls,
        mode: abi.IdleMode,
        shorter: Record,
        longer: Record,
        steps: tuple[IdleLine, ...] = (),
        waiting: Mapping[ClockState, float] | None = None,
    ) -> Self:
        """Draw the line of the mode through two runs; see `IdleLine.through`."""
        line = IdleLine.through(shorter, longer)
        return cls(mode, line.power_w, line.fixed_j, steps, waiting or {})

    @property
    def lines(self) -> Iterator[tuple[float, IdleLine]]:
        """Every stretch, shortest first, with the idle time from which it holds."""
        least_s = 0.0
        for line in (*self.shorter, IdleLine(float("inf"), self.power_w, self.fixed_j)):
            yield least_s, line
            least_s = line.until_s

    def line(self, time_s: float, last: ClockState | None = None) -> IdleLine:
        """Return the line on which an idle time lies.

        Parameters
        ----------
        last
            The state in which the inference ends; None: the fastest clock.
        """
        found = next(line for _, line in self.lines if time_s <= line.until_s)
        return self.waiting_in(found, last) if found.waits else found

    def waiting_in(self, line: IdleLine, state: ClockState | None) -> IdleLine:
        """Return what waiting takes on a state's clock, given what it takes on the fastest one."""
        part = 1.0 if state is None else self.waiting.get(state, 1.0)
        return IdleLine(line.until_s, line.power_w * part, line.fixed_j * part, waits=True)

    def step_j(self, time_s: float, within_s: float, last: ClockState | None = None) -> float:
        """Return by how much the cost steps near an idle time; 0 where it does not."""
        steps = [
            abs(
                self.line(line.until_s, last).energy_j(time_s)
                - self.line(math.nextafter(line.until_s, math.inf), last).energy_j(time_s)
            )
            for line in self.shorter
            if abs(line.until_s - time_s) <= within_s + UNSURE_S
        ]
        return max(steps, default=0.0)

    def energy_j(self, time_s: float, last: ClockState | None = None) -> float:
        """Return the energy of an idle time behind an inference that ends in a state."""
        return self.line(time_s, last).energy_j(time_s)
