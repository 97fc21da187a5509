"""General-purpose and basic timers: counting, prescaling, auto-reload and the update interrupt."""

from .cycle_counter import TickCounter
from .device import Device
from .registers import TIM


class Tim(Device):
    """A timer as a time base; capture, compare and slave modes only keep their bits.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the timer's clock, e.g. ``"tim_apb1_hz"``.
    width : int
        16 or 32 bits.
    """

    block = TIM

    def __init__(self, host, name, clock_name="tim_apb1_hz", width=32):
        self.mask = (1 << width) - 1
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.clock_hz = 0
        self._token = None
        self._counter = TickCounter(self.mask)

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

    def clocks_changed(self, clocks):
        rate_hz = getattr(clocks, self.clock_name)
        if rate_hz != self.clock_hz:
            self.clock_hz = rate_hz
            if self._counter.running:
                self._counter.set_rate(self.host.now_ps(), rate_hz)
                self._schedule()

    # ---- registers ----

    def write_CR1(self, value):
        now_ps = self.host.now_ps()
        if value & TIM.CR1.mask("CMS"):
            self.host.log("%s: centre-aligned counting is not modelled, counts up" % self.name)
        self.store("CR1", value)
        self._counter.configure(now_ps, down=bool(self.bit("CR1", "DIR")))
        self._run(now_ps)
        self._schedule()

    def write_DIER(self, value):
        self.store("DIER", value)
        self._update_interrupt()

    def read_SR(self):
        return self.values["SR"]

    def write_SR(self, value):
        # Flags are cleared by writing zeros.
        self.values["SR"] &= value
        self._update_interrupt()

    def write_EGR(self, value):
        if not TIM.EGR.get(value, "UG"):
            return
        now_ps = self.host.now_ps()
        self._load_shadows()
        self._counter.set_value(now_ps, self._counter.limit if self._counter.down else 0)
        if not self.bit("CR1", "UDIS") and not self.bit("CR1", "URS"):
            self._set_update_flag()
        self._schedule()

    def read_CNT(self):
        count = self._counter.value(self.host.now_ps()) & self.mask
        if self.bit("CR1", "UIFREMAP"):
            count = (count & 0x7FFFFFFF) | (self.bit("SR", "UIF") << 31)
        return count

    def write_CNT(self, value):
        self._counter.set_value(self.host.now_ps(), value & self.mask)
        self._schedule()

    def write_ARR(self, value):
        self.values["ARR"] = value & self.mask
        if not self.bit("CR1", "ARPE"):
            self._load_limit()
            self._schedule()

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

    def _schedule(self):
        self._cancel()
        at_ps = self._counter.time_of_wrap(self.host.now_ps())
        if at_ps is not None:
            self._token = self.host.call_at(at_ps, self._wrapped)

    def _cancel(self):
        if self._token is not None:
            self.host.cancel(self._token)
            self._token = None

    def _wrapped(self):
        self._token = None
        if not self.bit("CR1", "UDIS"):
            self._load_shadows()
            self._set_update_flag()
        if self.bit("CR1", "OPM"):
            self.set_field("CR1", "CEN", 0)
            self._counter.run(self.host.now_ps(), False)
        self._schedule()

    def _set_update_flag(self):
        self.set_field("SR", "UIF", 1)
        self._update_interrupt()

    def _update_interrupt(self):
        self.set_output("IRQ", self.bit("SR", "UIF") and self.bit("DIER", "UIE"))
