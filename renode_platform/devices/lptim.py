"""The low-power timer: 16 bits on a kernel clock that need not follow SYSCLK."""

from .cycle_counter import TickCounter
from .datasheet import PS_PER_S
from .device import Device
from .registers import LPTIM

# Writes to ARR and CMP cross into the kernel clock's domain.
_CROSSING_CYCLES = 3


class Lptim(Device):
    """LPTIM1, counting its kernel clock.

    Parameters
    ----------
    host : object
        See `Device`.
    name : str
    clock_name : str
        The attribute of `Clocks` that is the kernel clock.
    """

    block = LPTIM

    def __init__(self, host, name="LPTIM1", clock_name="lptim1_hz"):
        Device.__init__(self, host, name)
        self.clock_name = clock_name
        self.kernel_hz = 0
        self._single = False
        self._tokens = {}
        self._crossing = {}  # register to the flag that ends its write
        self._counter = TickCounter(self.values["ARR"])

    def reset(self):
        self._cancel_all()
        Device.reset(self)
        self._stop_counter()

    def clocks_changed(self, clocks):
        rate_hz = getattr(clocks, self.clock_name)
        if rate_hz != self.kernel_hz:
            self.kernel_hz = rate_hz
            self._counter.set_rate(self.host.now_ps(), rate_hz)
            self._schedule()
            for register_name in sorted(self._crossing):
                self._expect_crossing(register_name)

    # ---- registers ----

    def write_CFGR(self, value):
        if self._enabled():
            self.host.violation(
                "lptim-configuration",
                "%s.CFGR written while ENABLE is set; the write is lost" % self.name,
            )
            return
        if value & (LPTIM.CFGR.mask("CKSEL") | LPTIM.CFGR.mask("COUNTMODE")
                    | LPTIM.CFGR.mask("ENC") | LPTIM.CFGR.mask("TRIGEN")):  # fmt: skip
            self.host.log("%s: external clocks and triggers are not connected" % self.name)
        self.store("CFGR", value)

    def write_IER(self, value):
        if self._enabled() and value & LPTIM.IER.writable != self.values["IER"]:
            self.host.violation(
                "lptim-configuration",
                "%s.IER changed while ENABLE is set; the write is lost" % self.name,
            )
            return
        self.store("IER", value)
        self._update_interrupt()

    def write_CR(self, value):
        enabled = self._enabled()
        start = LPTIM.CR.get(value, "CNTSTRT") or LPTIM.CR.get(value, "SNGSTRT")
        if start and not enabled and not LPTIM.CR.get(value, "ENABLE"):
            self.host.violation("lptim-start", "%s started without ENABLE" % self.name)
            return
        self.set_field("CR", "ENABLE", LPTIM.CR.get(value, "ENABLE"))
        now_ps = self.host.now_ps()
        if not self._enabled():
            self._cancel_all()
            self._stop_counter()
            return
        if not enabled:
            self._counter.configure(now_ps, prescaler=1 << self.bit("CFGR", "PRESC"))
            self._counter.set_value(now_ps, 0)
        if start and not self._counter.running:
            self._single = not LPTIM.CR.get(value, "CNTSTRT")
            self._counter.run(now_ps, True)
            self._schedule()

    def write_ARR(self, value):
        self._write_crossing("ARR", value, "ARROK", self._load_limit)

    def write_CMP(self, value):
        self._write_crossing("CMP", value, "CMPOK", self._schedule)

    def read_CNT(self):
        return self._counter.value(self.host.now_ps()) & 0xFFFF

    def steady(self, offset):
        if offset == LPTIM.CNT.offset:
            return self._counter.time_of_tick(self.host.now_ps()), 0
        return Device.steady(self, offset)

    def write_ISR(self, value):
        """Ignore it: flags are cleared through ICR."""

    def write_ICR(self, value):
        self.values["ISR"] &= ~value
        self._update_interrupt()

    # ---- inside ----

    def _enabled(self):
        return bool(self.bit("CR", "ENABLE"))

    def _write_crossing(self, register_name, value, flag, then):
        if not self._enabled():
            self.host.violation(
                "lptim-disabled",
                "%s.%s written while ENABLE is clear; the write is lost"
                % (self.name, register_name),
            )
            return
        if register_name in self._crossing:
            self.host.violation(
                "lptim-crossing",
                "%s.%s written again before %s is set for the write before; which of the two "
                "counts is not defined, here the second is lost" % (self.name, register_name, flag),
            )
            return
        self.store(register_name, value)
        then()
        self._crossing[register_name] = flag
        self._expect_crossing(register_name)

    def _expect_crossing(self, register_name):
        """Arrange for the end of a write's way to the kernel clock, if that clock runs."""
        flag = self._crossing[register_name]
        at_ps = None
        if self.kernel_hz:
            at_ps = self.host.now_ps() + _CROSSING_CYCLES * PS_PER_S // self.kernel_hz
        self._call(flag, at_ps, lambda: self._crossed(register_name))

    def _crossed(self, register_name):
        self._raise(self._crossing.pop(register_name))

    def _load_limit(self):
        self._counter.configure(self.host.now_ps(), limit=max(self.values["ARR"], 1))
        self._schedule()

    def _stop_counter(self):
        now_ps = self.host.now_ps()
        self._counter.run(now_ps, False)
        self._counter.set_value(now_ps, 0)

    def _schedule(self):
        """Arrange for the next matches with ARR and CMP."""
        now_ps = self.host.now_ps()
        for flag, value in (("ARRM", self._counter.limit), ("CMPM", self.values["CMP"])):
            at_ps = None
            if self._enabled():
                at_ps = self._counter.time_of_value(now_ps, value)
            self._call(flag, at_ps, self._matched_arr if flag == "ARRM" else self._matched_cmp)

    def _call(self, what, at_ps, callback):
        token = self._tokens.pop(what, None)
        if token is not None:
            self.host.cancel(token)
        if at_ps is not None:
            self._tokens[what] = self.host.call_at(at_ps, callback)

    def _cancel_all(self):
        self._crossing.clear()
        for what in list(self._tokens):
            self._call(what, None, None)

    def _matched_arr(self):
        if self._single:
            self._stop_counter()
        self._raise("ARRM")
        self._schedule()

    def _matched_cmp(self):
        self._raise("CMPM")
        self._schedule()

    def _raise(self, flag):
        self._tokens.pop(flag, None)
        self.set_field("ISR", flag, 1)
        self._update_interrupt()

    def _update_interrupt(self):
        self.set_output("IRQ", self.values["ISR"] & self.values["IER"])
