"""General-purpose and basic timers: counting up and down, update, compare, PWM, capture."""

from .cycle_counter import TickCounter
from .device import Device
from .registers import TIM
from .tim_channel import Channel

_CHANNELS = 4
_UNMODELLED_REQUESTS = TIM.DIER.mask("UDE") | TIM.DIER.mask("TDE")
for _number in range(1, _CHANNELS + 1):
    _UNMODELLED_REQUESTS |= TIM.DIER.mask("CC%dDE" % _number)
# Flags of SR whose enable bit has the same place in DIER.
_REQUESTING = TIM.DIER.mask("UIE") | TIM.DIER.mask("TIE")
for _number in range(1, _CHANNELS + 1):
    _REQUESTING |= TIM.DIER.mask("CC%dIE" % _number)


class Tim(Device):
    """A timer on its bus's timer clock; slave modes, DMA and other clocks are not modelled.

    A match that would change nothing is not looked for: its flag is up already, and no pin shows
    the output.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the timer's clock, e.g. ``"tim_apb1_hz"``.
    width : int
        16 or 32 bits.
    has_channels : bool
        False for a basic timer, which has nothing beside its update.
    """

    block = TIM
    steady_readers = ("SR",)

    def __init__(self, host, name, clock_name="tim_apb1_hz", width=32, has_channels=True):
        self.mask = (1 << width) - 1
        self.channels = ()
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.clock_hz = 0
        self._token = None
        self._counter = TickCounter(self.mask)
        if has_channels:
            self.channels = tuple(Channel(self, n) for n in range(1, _CHANNELS + 1))

    def load_reset_values(self):
        Device.load_reset_values(self)
        self.values["ARR"] = self.mask

    def reset(self):
        self._cancel()
        Device.reset(self)
        now_ps = self.host.now_ps()
        self._counter.run(now_ps, False)
        self._counter.configure(now_ps, limit=self.mask, prescaler=1, down=False)
        self._counter.set_value(now_ps, 0)
        for channel in self.channels:
            channel.reset()

    def clocks_changed(self, clocks):
        rate_hz = getattr(clocks, self.clock_name)
        if rate_hz != self.clock_hz:
            self.clock_hz = rate_hz
            if self._counter.running:
                self._counter.set_rate(self.host.now_ps(), rate_hz)
                self._schedule()

    # ---- pins ----

    def pins_changed(self):
        """Firmware has set up pins: an output may be seen from now on."""
        for channel in self.channels:
            channel.refresh()
            self._schedule_match(channel)

    def input_moved(self, number, level):
        """Tell the channels of an edge on the pin of channel `number`."""
        for channel in self.channels:
            channel.input_moved(number, level)

    # ---- registers ----

    def write_CR1(self, value):
        now_ps = self.host.now_ps()
        if value & TIM.CR1.mask("CMS"):
            self.host.log("%s: centre-aligned counting is not modelled, counts up" % self.name)
        self.store("CR1", value)
        self._counter.configure(now_ps, down=bool(self.bit("CR1", "DIR")))
        self._run(now_ps)
        self._refresh()
        self._schedule()

    def write_CR2(self, value):
        self.store("CR2", value)
        if self.bit("CR2", "TI1S"):
            self.host.log("%s: TI1 as the XOR of three inputs is not modelled" % self.name)

    def write_SMCR(self, value):
        self.store("SMCR", value)
        if self.bit("SMCR", "SMS") or self.bit("SMCR", "ECE"):
            self.host.log(
                "%s: slave modes and external clocks are not modelled, it counts its own clock"
                % self.name
            )

    def write_OR(self, value):
        self.store("OR", value)
        if value:
            self.host.log("%s: other inputs than pins (OR) are not modelled" % self.name)

    def write_DIER(self, value):
        self.store("DIER", value)
        if value & _UNMODELLED_REQUESTS:
            self.host.log("%s: requests of DMA are not modelled, none comes" % self.name)
        self._update_interrupt()

    def read_SR(self):
        return self.values["SR"]

    def write_SR(self, value):
        # Flags are cleared by writing zeros.
        cleared = self.values["SR"] & ~value
        self.values["SR"] &= value
        self._update_interrupt()
        for channel in self.channels:
            if TIM.SR.get(cleared, channel.flag):
                self._schedule_match(channel)

    def write_EGR(self, value):
        for channel in self.channels:
            if TIM.EGR.get(value, "CC%dG" % channel.number):
                channel.generated()
        if TIM.EGR.get(value, "TG"):
            self.raise_flag("TIF")
        if not TIM.EGR.get(value, "UG"):
            return
        now_ps = self.host.now_ps()
        self._load_shadows()
        self._counter.set_value(now_ps, self._counter.limit if self._counter.down else 0)
        if not self.bit("CR1", "UDIS") and not self.bit("CR1", "URS"):
            self.raise_flag("UIF")
        self._refresh()
        self._schedule()

    def read_CNT(self):
        count = self.count()
        if self.bit("CR1", "UIFREMAP"):
            count = (count & 0x7FFFFFFF) | (self.bit("SR", "UIF") << 31)
        return count

    def steady(self, offset):
        if offset == TIM.CNT.offset:
            return self._counter.time_of_tick(self.host.now_ps()), 0
        return Device.steady(self, offset)

    def write_CNT(self, value):
        self._counter.set_value(self.host.now_ps(), value & self.mask)
        self._refresh()
        self._schedule()

    def write_ARR(self, value):
        self.values["ARR"] = value & self.mask
        if not self.bit("CR1", "ARPE"):
            self._load_limit()
            self._schedule()

    def _configure_channels(self, register_name, value):
        if not self.channels:
            return
        self.store(register_name, value)
        for channel in self.channels:
            channel.configured()
            self._schedule_match(channel)

    def _write_compare(self, number, value):
        if self.channels:
            channel = self.channels[number - 1]
            channel.write(value & self.mask)
            self._schedule_match(channel)

    # ---- what channels ask ----

    def count(self):
        """Return the count."""
        return self._counter.value(self.host.now_ps()) & self.mask

    def before(self, value):
        """Say whether a PWM output is active: the count has not passed the value yet."""
        count = self.count()
        return count <= value if self._counter.down else count < value

    def raise_flag(self, flag):
        """Set a flag of SR."""
        self.set_field("SR", flag, 1)
        self._update_interrupt()

    def clear_flag(self, flag):
        """Clear a flag of SR."""
        self.set_field("SR", flag, 0)
        self._update_interrupt()

    # ---- inside ----

    def _load_limit(self):
        now_ps = self.host.now_ps()
        self._counter.configure(now_ps, limit=self.values["ARR"])
        self._run(now_ps)

    def _run(self, now_ps):
        """Start or hold the counter: one whose limit is 0 does not count."""
        self._counter.run(now_ps, bool(self.bit("CR1", "CEN")) and self._counter.limit > 0)
        self._counter.set_rate(now_ps, self.clock_hz)

    def _load_shadows(self):
        self._load_limit()
        self._counter.configure(self.host.now_ps(), prescaler=self.values["PSC"] + 1)
        for channel in self.channels:
            channel.load()

    def _refresh(self):
        for channel in self.channels:
            channel.refresh()

    def _schedule(self):
        self._cancel()
        at_ps = self._counter.time_of_wrap(self.host.now_ps())
        if at_ps is not None:
            self._token = self.host.call_at(at_ps, self._wrapped)
        for channel in self.channels:
            self._schedule_match(channel)

    def _schedule_match(self, channel):
        """Arrange for a channel's next match within the present round of the counter."""
        self.host.cancel(channel.token)
        channel.token = None
        if not channel.wants_match() or self._matches_at_wrap(channel):
            return
        at_ps = self._counter.time_of_value(self.host.now_ps(), channel.compare)
        if at_ps is not None:
            channel.token = self.host.call_at(at_ps, lambda: self._matched(channel))

    def _matches_at_wrap(self, channel):
        """Say whether a match comes with the wrap: the first value, or one beyond the last."""
        limit = self._counter.limit
        return channel.compare > limit or channel.compare == (limit if self._counter.down else 0)

    def _matched(self, channel):
        channel.token = None
        channel.matched()
        self._schedule_match(channel)

    def _cancel(self):
        for token in [self._token] + [channel.token for channel in self.channels]:
            self.host.cancel(token)
        self._token = None
        for channel in self.channels:
            channel.token = None

    def _wrapped(self):
        self._token = None
        overflowed = [c for c in self.channels if c.compare > self._counter.limit]
        if not self.bit("CR1", "UDIS"):
            self._load_shadows()
            self.raise_flag("UIF")
        for channel in self.channels:
            if channel in overflowed or self._matches_at_wrap(channel):
                channel.matched()
            else:
                channel.refresh()
        if self.bit("CR1", "OPM"):
            self.set_field("CR1", "CEN", 0)
            self._counter.run(self.host.now_ps(), False)
        self._schedule()

    def _update_interrupt(self):
        self.set_output("IRQ", self.values["SR"] & self.values["DIER"] & _REQUESTING)


def _configuration_writer(register_name):
    def write(self, value):
        self._configure_channels(register_name, value)

    return write


def _compare_writer(number):
    def write(self, value):
        self._write_compare(number, value)

    return write


def _compare_reader(number):
    def read(self):
        return self.channels[number - 1].read() if self.channels else 0

    return read


for _register_name in ("CCMR1", "CCMR2", "CCER"):
    setattr(Tim, "write_" + _register_name, _configuration_writer(_register_name))
for _number in range(1, _CHANNELS + 1):
    setattr(Tim, "write_CCR%d" % _number, _compare_writer(_number))
    setattr(Tim, "read_CCR%d" % _number, _compare_reader(_number))
