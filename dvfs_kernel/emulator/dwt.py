"""The data watchpoint and trace unit, as far as programs use it: the cycle counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Dwt"]

_CTRL, _CYCCNT, _PCSR, _LAR, _LSR = 0x000, 0x004, 0x01C, 0xFB0, 0xFB4
_CYCCNTENA = 1
_CTRL_FIXED = 0x40000000  # four comparators
_KEY = 0xC5ACCE55


class Dwt:
    """Registers at 0xE0001000.

    CYCCNT counts while DEMCR.TRCENA and CTRL.CYCCNTENA are set, and not while the core sleeps.
    Software has to open the unit with the lock access register first, as on Cortex-M7 parts.

    Parameters
    ----------
    cycles
        Tells the count of core cycles.
    trace_enabled
        Tells DEMCR.TRCENA.
    program_counter
        Tells where the core is.
    """

    def __init__(
        self,
        cycles: Callable[[], int],
        trace_enabled: Callable[[], bool],
        program_counter: Callable[[], int],
    ) -> None:
        self._cycles = cycles
        self._trace_enabled = trace_enabled
        self._program_counter = program_counter
        self.reset()

    def reset(self) -> None:
        """Stop and lock the unit."""
        self._control = 0
        self._locked = True
        self._count = 0
        self._since: int | None = None

    def trace_changed(self) -> None:
        """Follow a change of DEMCR.TRCENA."""
        self._set_running(self._control & _CYCCNTENA != 0 and self._trace_enabled())

    def _set_running(self, running: bool) -> None:
        if (self._since is not None) == running:
            return
        if running:
            self._since = self._cycles()
        else:
            self._count = self._value()
            self._since = None

    def _value(self) -> int:
        elapsed = 0 if self._since is None else self._cycles() - self._since
        return (self._count + elapsed) & 0xFFFFFFFF

    def read(self, offset: int, _size: int) -> int:
        """Read a register."""
        if offset == _CTRL:
            return self._control | _CTRL_FIXED
        if offset == _CYCCNT:
            return self._value()
        if offset == _PCSR:
            return self._program_counter()
        if offset == _LSR:
            return 1 | (2 if self._locked else 0)
        return 0

    def write(self, offset: int, _size: int, value: int) -> None:
        """Write a register; without effect while the unit is locked, except on the lock."""
        if offset == _LAR:
            self._locked = value != _KEY
        elif self._locked:
            return
        elif offset == _CTRL:
            self._control = value & _CYCCNTENA
            self.trace_changed()
        elif offset == _CYCCNT:
            self._count = value & 0xFFFFFFFF
            if self._since is not None:
                self._since = self._cycles()
