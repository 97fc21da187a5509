"""Serial ports, paced by their kernel clock: what a wrong clock does to a baud rate shows."""

from .clock_tree import megahertz
from .device import Device
from .registers import USART
from .serial_line import RATE_MARGIN, FrameFormat, SampledLine

_STOP_BITS = (1, 0.5, 2, 1.5)
_CLEARED_BY_ICR = {
    "PECF": "PE", "FECF": "FE", "NCF": "NE", "ORECF": "ORE", "IDLECF": "IDLE", "TCCF": "TC",
    "RTOCF": "RTOF", "CMCF": "CMF",
}  # fmt: skip
# What may be written only while UE is clear (RM0410, registers of the USART).
_FIXED = {
    "CR1": ("M0", "M1", "PCE", "PS", "OVER8", "WAKE", "DEDT", "DEAT"),
    "CR2": ("ADDM7", "LBDL", "LBCL", "CPHA", "CPOL", "CLKEN", "STOP", "LINEN", "SWAP", "RXINV",
            "TXINV", "DATAINV", "MSBFIRST"),
    "CR3": ("IREN", "IRLP", "HDSEL", "NACK", "SCEN", "RTSE", "CTSE", "ONEBIT", "OVRDIS", "DDRE",
            "DEM", "DEP", "WUS"),
}  # fmt: skip
_FIXED_MASKS = {}
for _name, _fields in _FIXED.items():
    _FIXED_MASKS[_name] = sum(USART.registers[_name].mask(_field) for _field in _fields)
_UNMODELLED = (("CR2", "CLKEN"), ("CR2", "LINEN"), ("CR2", "ABREN"), ("CR3", "IREN"),
               ("CR3", "SCEN"), ("CR3", "DMAT"), ("CR3", "DMAR"))  # fmt: skip
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

    Frames leave and arrive at the speed, and with the layout, that BRR, CR1, CR2 and the kernel
    clock give, over the pins that carry TX and RX. What the other end sends waits on its side while
    the receiver is off, and is lost when the firmware does not read in time.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the kernel clock, e.g. ``"usart3_hz"``.
    line : FrameFormat or None
        How the other end is set up. None: always as the firmware's. Where the two do not fit, each
        end reads what it samples.

    Attributes
    ----------
    tx, rx : Signal or None
        The pins; set by the platform. None counts as connected.
    """

    block = USART
    steady_readers = ("ISR",)

    def __init__(self, host, name, clock_name, line=None):
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.line = line
        self.kernel_hz = 0
        self.tx = self.rx = None
        self._listeners = []
        self._outgoing = SampledLine(host, lambda: self.line, self._deliver_sampled)
        self._incoming = SampledLine(host, self.receiving, self._take)
        self._formats = {}
        self._carried = {}  # whether a pin carries what is sent (True) or received (False)
        self._told = None
        self._arrives_as_sent = False
        self._clear_lines()
        self._queue = bytearray()
        self._taken = 0  # bytes of the queue that have arrived
        self._arriving = None

    def _clear_lines(self):
        self._sending = None  # event of the frame in the shift register
        self._shift = 0
        self._read_as_sent = False  # whether the other end reads that frame as it is
        self._waiting = None  # value in TDR

    def reset(self):
        for token in (self._sending, self._arriving):
            if token is not None:
                self.host.cancel(token)
        self._clear_lines()
        self._arriving = None
        Device.reset(self)
        self._told = None
        self._formats.clear()
        self._carried.clear()
        self._reset_lines()

    def _reset_lines(self):
        self._outgoing.reset(1 ^ bool(self.bit("CR2", "TXINV")))
        self._incoming.reset(1)

    def clocks_changed(self, clocks):
        self.kernel_hz = getattr(clocks, self.clock_name)
        self._formats.clear()
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

    def sending(self):
        """Return the `FrameFormat` of what the transmitter sends."""
        return self._format("TXINV")

    def receiving(self):
        """Return the `FrameFormat` that the receiver reads."""
        return self._format("RXINV")

    def _format(self, inversion):
        known = self._formats.get(inversion)
        if known is None:
            parity = "N" if not self.bit("CR1", "PCE") else "O" if self.bit("CR1", "PS") else "E"
            word = {0: 8, 1: 9, 2: 7}.get(self.bit("CR1", "M0") + 2 * self.bit("CR1", "M1"), 8)
            known = self._formats[inversion] = FrameFormat(
                self.baud(),
                word - (parity != "N"),
                parity,
                _STOP_BITS[self.bit("CR2", "STOP")],
                bool(self.bit("CR2", inversion)),
                bool(self.bit("CR2", "MSBFIRST")),
                bool(self.bit("CR2", "DATAINV")),
            )
        return known

    def described(self):
        """Return what the divider gives, for messages."""
        sent = self.sending()
        if not sent.baud:
            return "no speed: BRR is %d, the kernel clock %s" % (
                self.values["BRR"], megahertz(self.kernel_hz),
            )  # fmt: skip
        return "%s (%s / %g)" % (sent, megahertz(self.kernel_hz), self.kernel_hz / float(sent.baud))

    def _fits(self, own, is_sender):
        """Say whether what is sent in one format is read in the other as it was meant."""
        if self.line is None:
            return True
        fits = self.line.understands(own) if is_sender else own.understands(self.line)
        if self._told != own.key() and not (fits and self.line.is_near(own, RATE_MARGIN)):
            self._told = own.key()
            self.host.log(
                "%s %s at %s, but the line is set to %s: %s"
                % (
                    self.name,
                    "sends" if is_sender else "listens",
                    self.described(),
                    self.line,
                    "hardly within what a receiver takes" if fits else "the bits are misread",
                )
            )
        return fits

    # ---- pins ----

    def _connected(self, is_sender):
        """Say whether a pin carries what is sent, or what is received."""
        known = self._carried.get(is_sender)
        if known is None:
            signal = self._signal(is_sender)
            known = self._carried[is_sender] = signal is None or signal.connected()
        return known

    def _signal(self, is_sender):
        """Return a signal's pins: CR2.SWAP exchanges the two, CR3.HDSEL makes one of them."""
        if self.bit("CR3", "HDSEL"):
            is_sender = True
        return self.tx if is_sender != bool(self.bit("CR2", "SWAP")) else self.rx

    def _tell_of_pins(self, is_sender):
        self.host.log(
            "%s %s, but no pin is set up for it (%s): nothing passes"
            % (self.name, "sends" if is_sender else "listens", self._signal(is_sender).places())
        )

    def pins_changed(self):
        """Firmware has set up pins: what waits may arrive from now on."""
        self._carried.clear()
        if self._connected(False):
            self._listen()

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
        sent = self.sending()
        frame_ps = sent.duration_ps(sent.bits())
        if frame_ps is None:
            self.host.log("%s: a byte is written but no baud clock runs" % self.name)
            return
        self._shift = value
        self._read_as_sent = False
        if not self._connected(True):
            self._tell_of_pins(True)
        elif self._fits(sent, True):
            self._read_as_sent = True
        else:
            self._outgoing.put(sent, value)
        self._sending = self.host.call_at(self.host.now_ps() + frame_ps, self._sent)

    def _sent(self):
        self._sending = None
        read_as_sent = self._read_as_sent
        data = self._shift & ((1 << self.sending().data_bits) - 1)
        if self._waiting is not None:
            following, self._waiting = self._waiting, None
            self._set("TXE")
            self._send(following)
        else:
            self._set("TC")
        if read_as_sent:
            self._deliver(data)
        self._update()

    def _deliver(self, data):
        for listener in self._listeners:
            listener(data & 0xFF)

    def _deliver_sampled(self, data, _parity_right, _stopped):
        self._deliver(data)

    # ---- receiver ----

    def _receiver_on(self):
        return bool(self.bit("CR1", "UE") and self.bit("CR1", "RE"))

    def _listen(self):
        """Let the next queued byte begin to arrive, if the receiver is there to see it."""
        if self._arriving is not None or not self.pending() or not self._receiver_on():
            return
        own = self.receiving()
        line = own if self.line is None else self.line
        if own.baud == 0:
            return
        if not self._connected(False):
            self._tell_of_pins(False)
            return
        self._arrives_as_sent = self._fits(own, False)
        if not self._arrives_as_sent:
            self._incoming.put(line, self._queue[self._taken])
        self._arriving = self.host.call_at(
            self.host.now_ps() + line.duration_ps(line.bits()), self._arrived
        )

    def _arrived(self):
        self._arriving = None
        data = self._queue[self._taken] & ((1 << self.receiving().data_bits) - 1)
        self._taken += 1
        if not self._receiver_on():
            self.host.log("%s: a byte arrived while the receiver was off" % self.name)
            return
        if self._arrives_as_sent:
            self._take(data, True, True)
        if self.pending():
            self._listen()
        else:
            self._set("IDLE")
        self._update()

    def _take(self, data, parity_right, stopped):
        """Put what was received into RDR, the parity bit behind the data."""
        if not self._receiver_on():
            return
        own = self.receiving()
        if own.parity != "N":
            data |= (own.parity_of(data) ^ (not parity_right)) << own.data_bits
        if not parity_right:
            self._set("PE")
        if not stopped:
            self._set("FE")
        if self.bit("ISR", "RXNE") and not self.bit("CR3", "OVRDIS"):
            self._set("ORE")
            self.host.log("%s: overrun, a received byte is lost" % self.name)
        else:
            self.values["RDR"] = data
            self._set("RXNE")
        self._update()

    def read_RDR(self):
        self._clear("RXNE")
        self._update()
        return self.values["RDR"]

    # ---- other registers ----

    def _store_control(self, register_name, value):
        """Write a control register, but for settings, which wait for UE to be clear."""
        old = self.values[register_name]
        if (old ^ value) & _FIXED_MASKS[register_name]:
            value = self._change_settings(register_name, old, value)
        self.store(register_name, value)
        for of, field in _UNMODELLED:
            if of == register_name and USART.registers[of].get(value & ~old, field):
                self.host.log("%s.%s.%s is not modelled" % (self.name, of, field))

    def _change_settings(self, register_name, old, value):
        """Return what of a value counts: the old settings where UE is and stays set."""
        self._formats.clear()
        self._carried.clear()
        stays_on = self.bit("CR1", "UE")
        if register_name == "CR1":
            stays_on = stays_on and USART.CR1.get(value, "UE")
        if not stays_on:
            return value
        block, mask = USART.registers[register_name], _FIXED_MASKS[register_name]
        late = [f for f in _FIXED[register_name] if block.get(old ^ value, f)]
        self.host.violation(
            "usart-configuration",
            "%s.%s.%s changed while UE is set; clear UE first, the old setting stays"
            % (self.name, register_name, ", ".join(late)),
        )
        return (value & ~mask) | (old & mask)

    def write_CR1(self, value):
        self._store_control("CR1", value)
        for enable, acknowledge in (("TE", "TEACK"), ("RE", "REACK")):
            active = self.bit("CR1", enable) and self.bit("CR1", "UE")
            self.set_field("ISR", acknowledge, int(bool(active)))
        if not self.bit("CR1", "UE"):
            for token in (self._sending, self._arriving):
                if token is not None:
                    self.host.cancel(token)
            self._clear_lines()
            self._arriving = None
            self._reset_lines()
            self.set_field("ISR", "TXE", 1)
            self.set_field("ISR", "TC", 1)
            self.set_field("ISR", "RXNE", 0)
        self._listen()
        self._update()

    def write_CR2(self, value):
        self._store_control("CR2", value)

    def write_CR3(self, value):
        self._store_control("CR3", value)
        self._update()

    def write_BRR(self, value):
        if self.bit("CR1", "UE"):
            self.host.violation(
                "usart-configuration",
                "%s.BRR written (%d) while UE is set; clear UE first, the write is lost"
                % (self.name, value),
            )
            return
        self.store("BRR", value)
        self._formats.clear()
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
