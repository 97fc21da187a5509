"""External interrupts: edges on pins, chosen in SYSCFG, and of some peripherals."""

from .device import Device
from .registers import EXTI, SYSCFG

_PIN_LINES = 16
_LINES = 25


class Syscfg(Device):
    """System configuration: which port feeds each of the sixteen external interrupts."""

    block = SYSCFG
    steady_readers = ("CMPCR",)

    def __init__(self, host, name="SYSCFG"):
        Device.__init__(self, host, name)

    def port_of(self, line):
        """Return the index (0 for A) of the port that feeds a line."""
        return self.bit("EXTICR%d" % (line // 4 + 1), "EXTI%d" % line)

    def read_CMPCR(self):
        # The compensation cell is ready as soon as it is on.
        value = self.values["CMPCR"]
        return SYSCFG.CMPCR.put(value, "READY", SYSCFG.CMPCR.get(value, "CMP_PD"))


class Exti(Device):
    """Edge detection and the pending register; output ``"0"`` .. ``"24"``, one a line.

    It needs no clock: its lines are the only ones that end Stop mode.
    """

    block = EXTI
    wakes_from_stop = True

    def __init__(self, host, name="EXTI"):
        Device.__init__(self, host, name)
        self.syscfg = None

    def levels_changed(self, port_letter, old, new):
        """Take the changed levels of a port's pins; see `Gpio.on_levels`."""
        port = ord(port_letter) - ord("A")
        for line in range(_PIN_LINES):
            mask = 1 << line
            if not (old ^ new) & mask or self.syscfg.port_of(line) != port:
                continue
            self.line_changed(line, bool(new & mask))

    def line_changed(self, line, level):
        """Take the new level of a line, as a pin or another device drives it."""
        mask = 1 << line
        if self.values["RTSR" if level else "FTSR"] & mask:
            self._pend(mask)

    def _pend(self, mask):
        self.values["PR"] |= mask
        self._update()

    def _update(self):
        for line in range(_LINES):
            self.set_output(str(line), (self.values["PR"] & self.values["IMR"]) >> line & 1)

    def write_IMR(self, value):
        self.store("IMR", value)
        self._update()

    def write_SWIER(self, value):
        rising = value & ~self.values["SWIER"]
        self.store("SWIER", value)
        self._pend(rising & self.values["IMR"])

    def write_PR(self, value):
        self.values["PR"] &= ~value
        self.values["SWIER"] &= ~value
        self._update()
