"""Virtual time: core clock ticks over stretches of constant clock, without drift."""

from __future__ import annotations

from fractions import Fraction

from dvfs_kernel.errors import ClockError
from dvfs_kernel.storage.whole_units import whole_units
from renode_platform.devices import datasheet as ds

__all__ = ["VirtualTime", "picoseconds"]

_UNITS_PER_PS = 10**9  # stretches begin on a grid of 1e-21 s: a million clock changes move 1 fs
_UNITS_PER_S = ds.PS_PER_S * _UNITS_PER_PS


def picoseconds(duration_s: float) -> int:
    """Return a time to wait in whole picoseconds, of a positive one at least one.

    A wait for less would end before it begins: whoever waits for the rest of a time would never see
    it pass.
    """
    return max(whole_units(duration_s, ds.PS_PER_S), 1) if duration_s > 0 else 0


class VirtualTime:
    """Maps ticks of HCLK to picoseconds.

    Within a stretch of constant clock ``time = start + ticks / f`` exactly; a new stretch starts
    where the last one ended.

    Parameters
    ----------
    hclk_hz
        Clock of the first stretch.
    """

    def __init__(self, hclk_hz: Fraction | int) -> None:
        self._start = 0
        self._start_ticks = 0
        self._set_rate(hclk_hz)

    def _set_rate(self, hclk_hz: Fraction | float) -> None:
        rate = Fraction(hclk_hz)
        if rate <= 0:
            raise ClockError(f"HCLK is {hclk_hz} Hz; it must be above 0 Hz")
        self.hclk_hz = rate
        self._multiplier = rate.denominator * _UNITS_PER_S
        self._divisor = rate.numerator

    def now_ps(self, ticks: int) -> int:
        """Return the time at a tick of the present stretch, rounded down to a picosecond."""
        ahead = (ticks - self._start_ticks) * self._multiplier // self._divisor
        return (self._start + ahead) // _UNITS_PER_PS

    def _units(self, ticks: int) -> int:
        return self._start + (ticks - self._start_ticks) * self._multiplier // self._divisor

    def tick_at(self, time_ps: int) -> int:
        """Return the first tick that is not before a time, at the present clock."""
        ahead = time_ps * _UNITS_PER_PS - self._start
        return self._start_ticks - (-ahead * self._divisor // self._multiplier)

    def time_of(self, tick: int) -> int:
        """Return the time of a tick at the present clock, such that `tick_at` gives it back."""
        return self.now_ps(tick)

    def change_rate(self, ticks: int, hclk_hz: Fraction | float) -> None:
        """Begin a stretch of another clock at a tick."""
        self._start = self._units(ticks)
        self._start_ticks = ticks
        self._set_rate(hclk_hz)

    def restart(self, ticks: int) -> None:
        """Let the count of ticks begin again at 0, at the time of a tick."""
        self._start = self._units(ticks)
        self._start_ticks = 0

    def advance_to(self, ticks: int, time_ps: int) -> None:
        """Let time pass to ``time_ps`` while HCLK stands still (stall, Stop mode)."""
        self._start = max(self._units(ticks), time_ps * _UNITS_PER_PS)
        self._start_ticks = ticks
