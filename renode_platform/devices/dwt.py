"""The data watchpoint and trace unit, as far as programs use it: the cycle counter."""

from .core_registers import DWT

_CTRL = DWT.CTRL.offset
_CYCCNT = DWT.CYCCNT.offset
_LAR = DWT.LAR.offset
_PCSR, _LSR = 0x01C, 0xFB4
_CYCCNTENA = 1
_CTRL_FIXED = 0x40000000  # four comparators
_KEY = 0xC5ACCE55


class Dwt(object):
    """Registers at 0xE0001000.

    CYCCNT counts while DEMCR.TRCENA and CTRL.CYCCNTENA are set, and not while the core sleeps.
    Software has to open the unit with the lock access register first, as on Cortex-M7 parts.

    Parameters
    ----------
    cycles : callable
        Tells the count of core cycles.
    trace_enabled : callable
        Tells DEMCR.TRCENA.
    program_counter : callable
        Tells where the core is.
    """

    def __init__(self, cycles, trace_enabled, program_counter):
        self._cycles = cycles
        self._trace_enabled = trace_enabled
        self._program_counter = program_counter
        self.reset()

    def reset(self):
        """Stop and lock the unit."""
        self._control = 0
        self._locked = True
        self._count = 0
        self._since = None

    def trace_changed(self):
        """Follow a change of DEMCR.TRCENA."""
        self._set_running(self._control & _CYCCNTENA != 0 and self._trace_enabled())

    def _set_running(self, running):
        if (self._since is not None) == running:
            return
        if running:
            self._since = self._cycles()
        else:
            self._count = self._value()
            self._since = None

    def _value(self):
        elapsed = 0 if self._since is None else self._cycles() - self._since
        return (self._count + elapsed) & 0xFFFFFFFF

    def read(self, offset, _size):
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

    def steady(self, offset):
        """Say of a register just read how it goes on; see `Device.steady`."""
        if offset == _PCSR:
            return None
        return None, 1 if offset == _CYCCNT and self._since is not None else 0

    def write(self, offset, _size, value):
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
