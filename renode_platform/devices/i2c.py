"""The I2C controller of the STM32F7, as master."""

from .datasheet import PS_PER_S
from .device import Device
from .registers import I2C

# Bits of a byte on the wire: eight and the acknowledge.
_BYTE_BITS = 9
# Each edge of SCL is seen after the analog filter and two kernel clocks.
_SYNCHRONISATION_CYCLES = 2
_EVENTS = (
    ("TXIS", "TXIE"), ("RXNE", "RXIE"), ("NACKF", "NACKIE"), ("STOPF", "STOPIE"), ("TC", "TCIE"),
    ("TCR", "TCIE"),
)  # fmt: skip
_CLEARED_BY_ICR = {"NACKCF": "NACKF", "STOPCF": "STOPF", "BERRCF": "BERR", "ARLOCF": "ARLO",
                   "OVRCF": "OVR", "TIMOUTCF": "TIMEOUT"}  # fmt: skip


class I2c(Device):
    """An I2C controller; transfers take the time that TIMINGR and the kernel clock give.

    A slave is any object with ``start(read) -> bool`` (acknowledge its address), ``write(byte) ->
    bool`` (acknowledge), ``read() -> int`` and ``stop()``.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the kernel clock, e.g. ``"i2c1_hz"``.
    """

    block = I2C

    def __init__(self, host, name, clock_name):
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.kernel_hz = 0
        self.slaves = {}
        self.scl = self.sda = None  # the pins; set by the platform
        self._token = None
        self._idle()

    def _idle(self):
        """Forget the transfer."""
        if self._token is not None:
            self.host.cancel(self._token)
            self._token = None
        self._slave = None
        self._reading = False
        self._left = 0  # bytes of this NBYTES not yet on the wire
        self._wanted = 0  # bytes still to come from or go to the firmware
        self._shifting = None  # byte being sent
        self._held = None  # byte received while RXDR was full: SCL is stretched
        self._loaded = None  # byte in TXDR

    def reset(self):
        self._idle()
        Device.reset(self)

    def clocks_changed(self, clocks):
        self.kernel_hz = getattr(clocks, self.clock_name)

    def attach(self, address, slave):
        """Put a slave on the bus at a seven-bit address."""
        self.slaves[address] = slave

    def pins_changed(self):
        """Firmware has set up pins: a start condition may have waited for that."""
        if self.bit("CR2", "START") and self._token is None and not self._get("BUSY"):
            self._begin()

    def _connected(self):
        """Say whether both lines have pins, and tell the user where not."""
        missing = [s for s in (self.scl, self.sda) if s is not None and not s.connected()]
        if missing:
            self.host.log(
                "%s begins a transfer, but no pin is set up for %s: the bus is dead"
                % (self.name, " nor for ".join(
                    "%s (%s)" % (s.name.rpartition("_")[2], s.places()) for s in missing
                ))
            )  # fmt: skip
        return not missing

    # ---- timing ----

    def scl_hz(self):
        """Return the speed of the bus in hertz, as a float; 0 without a kernel clock."""
        period_ps = self._scl_ps()
        return 0.0 if period_ps is None else float(PS_PER_S) / period_ps

    def _scl_ps(self):
        if self.kernel_hz == 0:
            return None
        counts = self.bit("TIMINGR", "SCLL") + 1 + self.bit("TIMINGR", "SCLH") + 1
        cycles = counts * (self.bit("TIMINGR", "PRESC") + 1)
        cycles += 2 * (_SYNCHRONISATION_CYCLES + self.bit("CR1", "DNF"))
        return cycles * PS_PER_S // self.kernel_hz

    def _after(self, bits, callback):
        period_ps = self._scl_ps()
        if period_ps is None:
            self.host.log("%s: no kernel clock, the bus stands" % self.name)
            return
        self._token = self.host.call_at(self.host.now_ps() + bits * period_ps, callback)

    # ---- registers ----

    def write_CR1(self, value):
        self.store("CR1", value)
        if not self.bit("CR1", "PE"):
            self._release()
            self._idle()
            self.values["ISR"] = I2C.ISR.reset
            for field in ("START", "STOP"):
                self.set_field("CR2", field, 0)
        self._update()

    def write_CR2(self, value):
        old = self.values["CR2"]
        if not self.bit("CR1", "PE"):
            value &= ~(I2C.CR2.mask("START") | I2C.CR2.mask("STOP"))
        self.store("CR2", value)
        # START and STOP are set by software and cleared when they have happened.
        for field in ("START", "STOP"):
            if I2C.CR2.get(old, field):
                self.set_field("CR2", field, 1)
        if self.bit("CR2", "START") and not I2C.CR2.get(old, "START"):
            self._begin()
        elif self._get("TCR") and self.bit("CR2", "NBYTES"):
            self._clear("TCR")
            self._left = self._wanted = self.bit("CR2", "NBYTES")
            self._continue()
        if self.bit("CR2", "STOP") and not I2C.CR2.get(old, "STOP") and self._token is None:
            self._after(1, self._stopped)
        self._update()

    def write_TIMINGR(self, value):
        if self.bit("CR1", "PE"):
            self.host.violation("i2c-timing", "%s.TIMINGR written while PE is set" % self.name)
            return
        self.store("TIMINGR", value)

    def write_ISR(self, value):
        if I2C.ISR.get(value, "TXE"):
            self._loaded = None
            self._set("TXE")

    def write_ICR(self, value):
        for clear, flag in _CLEARED_BY_ICR.items():
            if I2C.ICR.get(value, clear):
                self._clear(flag)
        self._update()

    def write_TXDR(self, value):
        self.values["TXDR"] = value & 0xFF
        self._clear("TXE")
        self._clear("TXIS")
        self._loaded = value & 0xFF
        self._shift_out()
        self._update()

    def read_RXDR(self):
        value = self.values["RXDR"]
        if self._get("RXNE"):
            self._clear("RXNE")
            if self._held is not None:
                held, self._held = self._held, None
                self._deliver(held)
        self._update()
        return value

    # ---- the transfer ----

    def _begin(self):
        if not self._connected():
            return
        self._release()
        if self._token is not None:
            self.host.cancel(self._token)
            self._token = None
        self._clear("TC")
        self._reading = bool(self.bit("CR2", "RD_WRN"))
        self._left = self._wanted = self.bit("CR2", "NBYTES")
        self._shifting = self._held = None
        self._set("BUSY")
        self._after(1 + _BYTE_BITS, self._addressed)

    def _addressed(self):
        self._token = None
        self.set_field("CR2", "START", 0)
        slave = self.slaves.get((self.bit("CR2", "SADD") >> 1) & 0x7F)
        if slave is None or self.bit("CR2", "ADD10") or not slave.start(self._reading):
            self._refused()
        else:
            self._slave = slave
            self._continue()
        self._update()

    def _continue(self):
        """Go on after an acknowledge: the next byte, or the end of this NBYTES."""
        if self._left == 0:
            self._complete()
        elif self._reading:
            self._after(_BYTE_BITS, self._received)
        else:
            self._request()
            self._shift_out()

    def _request(self):
        """Ask the firmware for a byte if TXDR is empty and one is still wanted."""
        if self._loaded is None and self._wanted > 0:
            self._set("TXIS")

    def _shift_out(self):
        """Move TXDR to the wire when it is free."""
        writing = self._slave is not None and not self._reading and self._left > 0
        if not writing or self._shifting is not None or self._loaded is None:
            return
        self._shifting, self._loaded = self._loaded, None
        self._wanted -= 1
        self._set("TXE")
        self._request()
        self._after(_BYTE_BITS, self._sent)

    def _sent(self):
        self._token = None
        byte, self._shifting = self._shifting, None
        self._left -= 1
        if self._slave.write(byte):
            if self.bit("CR2", "STOP"):
                self._after(1, self._stopped)
            else:
                self._continue()
        else:
            self._refused()
        self._update()

    def _received(self):
        self._token = None
        byte = self._slave.read() & 0xFF
        if self._get("RXNE"):
            self._held = byte
        else:
            self._deliver(byte)
        self._update()

    def _deliver(self, byte):
        """Put a byte in RXDR and let the bus go on."""
        self.values["RXDR"] = byte
        self._set("RXNE")
        self._left -= 1
        if self.bit("CR2", "STOP"):
            self._after(1, self._stopped)
        else:
            self._continue()

    def _complete(self):
        if self.bit("CR2", "RELOAD"):
            self._set("TCR")
        elif self.bit("CR2", "AUTOEND") or self.bit("CR2", "STOP"):
            self._after(1, self._stopped)
        else:
            self._set("TC")

    def _refused(self):
        """No acknowledge: the controller ends the transfer by itself."""
        self._set("NACKF")
        self._clear("TXIS")
        self._after(1, self._stopped)

    def _stopped(self):
        self._token = None
        self._release()
        for flag in ("BUSY", "TC", "TCR", "TXIS"):
            self._clear(flag)
        self._shifting = None
        self.set_field("CR2", "STOP", 0)
        self._set("STOPF")
        self._update()

    def _release(self):
        if self._slave is not None:
            self._slave.stop()
            self._slave = None

    # ---- flags ----

    def _get(self, flag):
        return self.bit("ISR", flag)

    def _set(self, flag):
        self.set_field("ISR", flag, 1)

    def _clear(self, flag):
        self.set_field("ISR", flag, 0)

    def _update(self):
        level = False
        for flag, enable in _EVENTS:
            if self.bit("ISR", flag) and self.bit("CR1", enable):
                level = True
        self.set_output("EventInterrupt", level)
