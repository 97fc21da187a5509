"""Serial ports, paced by their kernel clock: what a wrong clock does to a baud rate shows."""

from .datasheet import PS_PER_S
from .device import Device
from .registers import USART

# A receiver samples the stop bit 9.5 bits after the start edge; beyond about half a bit of slip
# over that time, bits are read from their neighbours.
RATE_TOLERANCE = 0.045
_GARBLE = 0xA5
_CLEARED_BY_ICR = {
    "PECF": "PE", "FECF": "FE", "NCF": "NE", "ORECF": "ORE", "IDLECF": "IDLE", "TCCF": "TC",
    "RTOCF": "RTOF", "CMCF": "CMF",
}  # fmt: skip
_RECEIVE_ERROR_FLAGS = USART.ISR.mask("FE") | USART.ISR.mask("NE") | USART.ISR.mask("ORE")
# Masks of a flag in ISR and of its enable bit in CR1.
_INTERRUPTS = tuple(
    (USART.ISR.mask(flag), USART.CR1.mask(enable))
    for flag, enable in (
        ("TXE", "TXEIE"), ("TC", "TCIE"), ("RXNE", "RXNEIE"), ("ORE", "RXNEIE"),
        ("IDLE", "IDLEIE"), ("PE", "PEIE"),
    )
)  # fmt: skip


class Usart(Device):
    """A USART or UART in asynchronous mode.

    Bytes leave and arrive at the speed that BRR, OVER8 and the kernel clock give. What the other
    end sends waits on its side while the receiver is off, and is lost when the firmware does not
    read in time.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the kernel clock, e.g. ``"usart3_hz"``.
    line_baud : int or None
        The speed of the other end. None: it always follows the firmware's. A number: bytes are
        garbled while the two differ by more than 4.5 percent.
    """

    block = USART

    def __init__(self, host, name, clock_name, line_baud=None):
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.line_baud = line_baud
        self.kernel_hz = 0
        self._listeners = []
        self._clear_lines()
        self._queue = bytearray()
        self._taken = 0  # bytes of the queue that have arrived
        self._arriving = None

    def _clear_lines(self):
        self._sending = None  # event of the byte in the shift register
        self._shift = 0
        self._waiting = None  # byte in TDR

    def reset(self):
        for token in (self._sending, self._arriving):
            if token is not None:
                self.host.cancel(token)
        self._clear_lines()
        self._arriving = None
        Device.reset(self)

    def clocks_changed(self, clocks):
        self.kernel_hz = getattr(clocks, self.clock_name)
        self._listen()

    # ---- outside ----

    def on_transmit(self, listener):
        """Call ``listener(byte)`` when a byte has left."""
        self._listeners.append(listener)

    def receive(self, data):
        """Queue bytes (an iterable of integers) to arrive one after the other."""
        del self._queue[: self._taken]
        self._taken = 0
        self._queue.extend(bytearray(data))
        self._listen()

    def pending(self):
        """Return how many bytes have not arrived yet."""
        return len(self._queue) - self._taken

    # ---- timing ----

    def baud(self):
        """Return the speed in bits a second, as a float; 0 where none is set or no clock runs."""
        brr = self.values["BRR"]
        if self.bit("CR1", "OVER8"):
            divider = (brr & 0xFFF0) | ((brr & 7) << 1)
            return 2.0 * self.kernel_hz / divider if divider >= 16 else 0
        return float(self.kernel_hz) / brr if brr >= 16 else 0

    def _bits_per_frame(self):
        data = {0: 8, 1: 9, 2: 7}.get(self.bit("CR1", "M0") + 2 * self.bit("CR1", "M1"), 8)
        stop_halves = (2, 1, 4, 3)[self.bit("CR2", "STOP")]
        return 1 + data + stop_halves / 2.0

    def _frame_ps(self):
        baud = self.baud()
        if baud == 0:
            return None
        return int(self._bits_per_frame() * PS_PER_S / float(baud) + 0.5)

    def _rates_differ(self):
        if self.line_baud is None:
            return False
        return abs(self.baud() - self.line_baud) > RATE_TOLERANCE * self.line_baud

    # ---- transmitter ----

    def write_TDR(self, value):
        value &= 0x1FF
        self.values["TDR"] = value
        if not (self.bit("CR1", "UE") and self.bit("CR1", "TE")):
            return
        self._clear("TC")
        if self._sending is None:
            self._send(value)
        else:
            if self._waiting is not None:
                self.host.log("%s: TDR written before TXE, a byte is lost" % self.name)
            self._waiting = value
            self._clear("TXE")
        self._update()

    def _send(self, value):
        frame_ps = self._frame_ps()
        if frame_ps is None:
            self.host.log("%s: a byte is written but no baud clock runs" % self.name)
            return
        self._shift = value
        self._sending = self.host.call_at(self.host.now_ps() + frame_ps, self._sent)

    def _sent(self):
        self._sending = None
        byte = self._shift & 0xFF
        if self._rates_differ():
            byte ^= _GARBLE
        if self._waiting is not None:
            following, self._waiting = self._waiting, None
            self._set("TXE")
            self._send(following)
        else:
            self._set("TC")
        for listener in self._listeners:
            listener(byte)
        self._update()

    # ---- receiver ----

    def _receiver_on(self):
        return bool(self.bit("CR1", "UE") and self.bit("CR1", "RE"))

    def _listen(self):
        """Let the next queued byte begin to arrive, if the receiver is there to see it."""
        if self._arriving is not None or not self.pending() or not self._receiver_on():
            return
        frame_ps = self._frame_ps()
        if frame_ps is not None:
            self._arriving = self.host.call_at(self.host.now_ps() + frame_ps, self._arrived)

    def _arrived(self):
        self._arriving = None
        byte = self._queue[self._taken]
        self._taken += 1
        if not self._receiver_on():
            self.host.log("%s: a byte arrived while the receiver was off" % self.name)
            return
        if self._rates_differ():
            byte ^= _GARBLE
            self._set("FE")
        if self.bit("ISR", "RXNE") and not self.bit("CR3", "OVRDIS"):
            self._set("ORE")
            self.host.log("%s: overrun, a received byte is lost" % self.name)
        else:
            self.values["RDR"] = byte
            self._set("RXNE")
        if self.pending():
            self._listen()
        else:
            self._set("IDLE")
        self._update()

    def read_RDR(self):
        self._clear("RXNE")
        self._update()
        return self.values["RDR"]

    # ---- other registers ----

    def write_CR1(self, value):
        self.store("CR1", value)
        for enable, acknowledge in (("TE", "TEACK"), ("RE", "REACK")):
            active = self.bit("CR1", enable) and self.bit("CR1", "UE")
            self.set_field("ISR", acknowledge, int(bool(active)))
        if not self.bit("CR1", "UE"):
            for token in (self._sending, self._arriving):
                if token is not None:
                    self.host.cancel(token)
            self._clear_lines()
            self._arriving = None
            self.set_field("ISR", "TXE", 1)
            self.set_field("ISR", "TC", 1)
            self.set_field("ISR", "RXNE", 0)
        self._listen()
        self._update()

    def write_CR3(self, value):
        self.store("CR3", value)
        self._update()

    def write_BRR(self, value):
        self.store("BRR", value)
        self._listen()

    def write_RQR(self, value):
        if USART.RQR.get(value, "RXFRQ"):
            self._clear("RXNE")
        if USART.RQR.get(value, "TXFRQ"):
            self._waiting = None
            self._set("TXE")
        self._update()

    def write_ISR(self, value):
        """Status is not written; ICR clears it."""

    def write_ICR(self, value):
        for clear, flag in _CLEARED_BY_ICR.items():
            if USART.ICR.get(value, clear):
                self._clear(flag)
        self._update()

    def read_ISR(self):
        value = self.values["ISR"]
        return USART.ISR.put(value, "BUSY", int(self._arriving is not None))

    # ---- flags ----

    def _set(self, flag):
        self.set_field("ISR", flag, 1)

    def _clear(self, flag):
        self.set_field("ISR", flag, 0)

    def _update(self):
        status, enables = self.values["ISR"], self.values["CR1"]
        level = any(status & flag and enables & enable for flag, enable in _INTERRUPTS)
        if status & _RECEIVE_ERROR_FLAGS and self.bit("CR3", "EIE"):
            level = True
        self.set_output("IRQ", level)
