"""Power control: voltage scaling, over-drive, access to the backup domain, Stop mode's options."""

from . import datasheet as ds
from .clock_tree import overdrive_switch_ps
from .device import Device
from .oscillator import Oscillator
from .registers import PWR


class Pwr(Device):
    """The PWR block.

    The voltage scale programmed in CR1.VOS holds only while the PLL is on; without the PLL the
    regulator is at scale 3. ODRDY follows ODEN; ODSWEN stops the system clock until the voltage has
    settled, then ODSWRDY follows.

    Attributes
    ----------
    rcc : Rcc
        Set by the platform.
    """

    block = PWR
    steady_readers = ("CSR1",)

    def __init__(self, host, name="PWR"):
        Device.__init__(self, host, name)
        self.rcc = None
        self._overdrive = Oscillator(host, self._nothing)
        self._switch = Oscillator(host, self._nothing)
        self._switched = False

    def _nothing(self):
        """Nobody waits for the ready flags by interrupt."""

    def reset(self):
        Device.reset(self)
        self._overdrive.stop()
        self._switch.stop()
        self._switched = False

    # ---- what others ask ----

    def scale_in_effect(self):
        """Return the voltage scale (1 strongest .. 3) that the regulator holds."""
        if self.rcc is None or not self.rcc.pll_on():
            return 3
        return ds.VOS_SCALE[self.bit("CR1", "VOS")]

    def scale_is_reserved(self):
        """Say whether VOS holds 00, which no voltage scale has."""
        return self.bit("CR1", "VOS") == 0

    def overdrive_in_effect(self):
        """Say whether the core runs in over-drive."""
        return self._switched

    def backup_writable(self):
        """Say whether RCC_BDCR and the backup domain take writes."""
        return bool(self.bit("CR1", "DBP"))

    def stop_option(self):
        """Return ``(flash state, low-power regulator)`` for Stop mode, keys of the data sheet."""
        low_power = bool(self.bit("CR1", "LPDS"))
        if self.bit("CR1", "UDEN") == 3:
            return "under-drive", low_power
        return ("flash off" if self.bit("CR1", "FPDS") else "flash on"), low_power

    def standby_selected(self):
        """Say whether deep sleep would be Standby."""
        return bool(self.bit("CR1", "PDDS"))

    def enter_stop(self):
        """Stop mode ends over-drive; `overdrive_in_effect` is False when the core wakes."""
        self.set_field("CR1", "ODEN", 0)
        self.set_field("CR1", "ODSWEN", 0)
        self._overdrive.stop()
        self._switch.stop()
        self._switched = False

    # ---- registers ----

    def write_CR1(self, value):
        old = self.values["CR1"]
        get = PWR.CR1.get
        if get(value, "VOS") != get(old, "VOS") and self.rcc.pll_on():
            self.host.violation(
                "vos-while-pll-on",
                "PWR_CR1.VOS changed from %d to %d while the PLL is on; it may change only with "
                "the PLL off" % (get(old, "VOS"), get(value, "VOS")),
            )
            value = PWR.CR1.put(value, "VOS", get(old, "VOS"))
        if get(value, "ODSWEN") and not get(old, "ODSWEN") and not self._overdrive.ready():
            self.host.violation("overdrive-order", "PWR_CR1.ODSWEN set before PWR_CSR1.ODRDY is 1")
            value = PWR.CR1.put(value, "ODSWEN", 0)
        if get(old, "ODEN") and not get(value, "ODEN") and get(value, "ODSWEN"):
            self.host.violation(
                "overdrive-order", "PWR_CR1.ODEN cleared while ODSWEN is set; clear ODSWEN first"
            )
        self.store("CR1", value & ~PWR.CR1.mask("CSBF"))
        if get(value, "ODEN") and not get(old, "ODEN"):
            self._overdrive.start(ds.OVERDRIVE_READY_PS)
        elif not get(value, "ODEN"):
            self._overdrive.stop()
        if self.bit("CR1", "ODSWEN") != get(old, "ODSWEN"):
            self._switch_overdrive(bool(self.bit("CR1", "ODSWEN")))
        self.rcc.update()

    def _switch_overdrive(self, enable):
        root = self.rcc.sysclk_root()
        pause_ps = overdrive_switch_ps(enable, root, self.rcc.hse_hz)
        self._switched = enable
        if enable:
            self._switch.start(pause_ps)
        else:
            self._switch.stop()
        self.host.stall_until(self.host.now_ps() + pause_ps)

    def read_CSR1(self):
        value = self.values["CSR1"]
        settled = self.rcc.pll_on() and self.rcc.ready("pll")
        value = PWR.CSR1.put(value, "VOSRDY", int(settled))
        value = PWR.CSR1.put(value, "ODRDY", int(self._overdrive.ready()))
        return PWR.CSR1.put(value, "ODSWRDY", int(self._switch.ready()))

    def write_CSR1(self, value):
        # UDRDY is cleared by writing ones; the under-drive flag itself is never raised here,
        # because a wake-up from Stop clears it before software can see it.
        self.store("CSR1", value & ~PWR.CSR1.mask("UDRDY"))
