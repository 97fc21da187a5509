"""SysTick: a 24-bit down counter on HCLK or HCLK / 8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.nvic import SYSTICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.emulator.nvic import Nvic

__all__ = ["SysTick"]

_CSR, _RVR, _CVR, _CALIB = 0x010, 0x014, 0x018, 0x01C
_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16
_COUNT_MASK = 0xFFFFFF
_EXTERNAL_DIVIDER = 8  # STM32: the external clock is HCLK / 8
_CALIBRATION = 0x40000000 | 18750  # 1 ms at HCLK / 8 = 18.75 MHz; SKEW as on the STM32F7


class SysTick:
    """The counter and its interrupt; nothing is computed while nobody looks.

    Parameters
    ----------
    nvic
        Where the interrupt goes.
    ticks
        Tells the count of HCLK.
    call_at_tick
        Runs a callable at a count of HCLK; returns what `cancel` takes.
    time_of
        Tells the time of a count of HCLK, in picoseconds.
    """

    def __init__(
        self,
        nvic: Nvic,
        ticks: Callable[[], int],
        call_at_tick: Callable[[int, Callable[[], None]], int],
        cancel: Callable[[int | None], None],
        time_of: Callable[[int], int],
    ) -> None:
        self._nvic = nvic
        self._ticks = ticks
        self._call_at_tick = call_at_tick
        self._cancel = cancel
        self._time_of = time_of
        self._token: int | None = None
        self.reset()

    def reset(self) -> None:
        """Stop the counter."""
        self._cancel(self._token)
        self._token = None
        self._control = 0
        self._reload = 0
        self._value = 0  # at the anchor
        self._anchor = 0
        self._wraps_seen = 0
        self._flag = False
        self._told = False  # whether the last reading of CSR had the flag, and cleared it

    # The counter goes v, v-1, .. 1, 0, reload, .. with a period of reload + 1; from 0 it first
    # loads the reload value without having wrapped.

    def _elapsed(self) -> int:
        if not self._control & _ENABLE:
            return 0
        ticks = self._ticks() - self._anchor
        return ticks if self._control & _CLKSOURCE else ticks // _EXTERNAL_DIVIDER

    @property
    def _begin(self) -> int:
        return self._value or self._reload + 1

    def _current(self) -> int:
        if not self._reload and not self._value:
            return 0
        elapsed = self._elapsed()
        if elapsed <= self._begin:
            return (
                (self._begin - elapsed) % (self._reload + 1)
                if not self._value
                else (self._value - elapsed)
            )
        return (self._begin - elapsed) % (self._reload + 1)

    def _wraps(self) -> int:
        elapsed = self._elapsed()
        if elapsed < self._begin or (not self._reload and not self._value):
            return 0
        return 1 + (elapsed - self._begin) // (self._reload + 1)

    def _re_anchor(self, value: int) -> None:
        """Start to count from a value, now."""
        if self._wraps() > self._wraps_seen:
            self._flag = True
        self._wraps_seen = 0
        self._anchor = self._ticks()
        self._value = value

    def schedule(self) -> None:
        """Plan the next interrupt; to be called again when HCLK changes or stands still."""
        self._cancel(self._token)
        self._token = None
        if self._control & (_ENABLE | _TICKINT) != _ENABLE | _TICKINT:
            return
        if not self._reload and not self._value:
            return
        self._token = self._call_at_tick(self._next_wrap(), self._on_wrap)

    def _next_wrap(self) -> int:
        """Return the count of HCLK at which the counter next becomes 0."""
        elapsed = self._begin + self._wraps() * (self._reload + 1)
        divider = 1 if self._control & _CLKSOURCE else _EXTERNAL_DIVIDER
        return self._anchor + elapsed * divider

    def _on_wrap(self) -> None:
        self._token = None
        self._nvic.pending.add(SYSTICK)
        if self._reload:
            self.schedule()

    def read(self, offset: int) -> int:
        """Read a register, by its offset in the system control space."""
        if offset == _CSR:
            wraps = self._wraps()
            flag = self._flag or wraps > self._wraps_seen
            self._wraps_seen = wraps
            self._flag = False
            self._told = flag
            return self._control | (_COUNTFLAG if flag else 0)
        if offset == _RVR:
            return self._reload
        if offset == _CVR:
            return self._current()
        return _CALIBRATION if offset == _CALIB else 0

    def steady(self, offset: int) -> tuple[int | None, int] | None:
        """Tell how the register just read goes on; see `dvfs_kernel.boards.emulator.bus`."""
        if offset == _CSR and self._told:
            return None
        moves = bool(self._control & _ENABLE and (self._reload or self._value))
        if offset in {_RVR, _CALIB} or not moves:
            return None, 0
        if offset == _CVR and (not self._control & _CLKSOURCE or not self._current()):
            return None
        return self._time_of(self._next_wrap()), -1 if offset == _CVR else 0

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == _CSR:
            self._re_anchor(self._current())
            self._control = value & (_ENABLE | _TICKINT | _CLKSOURCE)
        elif offset == _RVR:
            self._re_anchor(self._current())
            self._reload = value & _COUNT_MASK
        elif offset == _CVR:
            self._re_anchor(0)
            self._flag = False
        self.schedule()
