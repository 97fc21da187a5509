"""What the device models run in, inside Renode: time, events, clocks, complaints."""

from ..devices.host_time import coming

_PS_PER_NS = 1000
# Renode's clock moves in steps of up to a microsecond; a timer set to less fires in vain.
_TIMER_LEAST_NS = 1000
# Firmware in a loop breaks rules without end.
_VIOLATIONS_KEPT = 1000


class Host(object):
    """The interface that `renode_platform.devices` are written against.

    Parameters
    ----------
    time : CoreTime
    timer : object
        ``start(nanoseconds)``, which makes Renode call `due` when that much of its time has gone
        by.
    memory : object
        Flash cells: ``read(address, size)``, ``write(address, size, value)``, ``fill(address,
        length)``.
    report : callable
        Takes a level, ``"error"`` or ``"info"``, and a message.

    Attributes
    ----------
    platform : Platform
        Set when it is built.
    violations : list
        ``(time_ps, rule, message)`` of programming that the reference manual forbids, the first.
    violation_count : int
        Of how many these are the first.
    strict : bool
        Whether the first of them halts the core.
    """

    def __init__(self, time, timer, memory, report):
        self.time = time
        self.platform = None
        self.violations = []
        self.violation_count = 0
        self.strict = False
        self.on_changing = None
        self.on_clocks = None
        self.on_stop = None
        self.runs_from_flash = None
        self._timer = timer
        self._memory = memory
        self._report = report
        self._events = []  # (time_ps, number, callback), the next one last
        self._number = 0
        self._running = False
        self._armed_ps = None  # the time that the timer is set to

    # ---- time ----

    def now_ps(self):
        return self.time.now_ps()

    def activity(self):
        return self.time.activity()

    def call_at(self, time_ps, callback):
        coming(time_ps, self.time.now_ps())
        self._number += 1
        event = (time_ps, self._number, callback)
        events = self._events
        place = len(events)
        while place and events[place - 1][0] <= time_ps:
            place -= 1
        events.insert(place, event)
        if place == len(events) - 1 and not self._running:
            self._arm()
        return event

    def cancel(self, token):
        # The timer stays as it is: called too early it is set anew, which costs less.
        if token in self._events:
            self._events.remove(token)

    def _arm(self):
        if not self._events:
            return
        due_ps = self._events[-1][0]
        if self._armed_ps is None or due_ps < self._armed_ps:
            self._armed_ps = due_ps
            ahead_ns = (due_ps - self.time.now_ps()) // _PS_PER_NS
            self._timer.start(max(ahead_ns, _TIMER_LEAST_NS))

    def due(self):
        """Call what is due; Renode's timer does.

        It is early where Renode's clock has caught up meanwhile, and then set anew.
        """
        self._armed_ps = None
        self.catch_up()
        self._arm()

    def catch_up(self):
        """Call what is due before an access: Renode's timer may be late by a quantum."""
        if self._running or not self._events or self._events[-1][0] > self.time.now_ps():
            return
        self._running = True
        try:
            while self._events and self._events[-1][0] <= self.time.now_ps():
                self._events.pop()[2]()
        finally:
            self._running = False
        self._arm()

    def stall_until(self, time_ps):
        self.time.stall_until(coming(time_ps, self.time.now_ps()))

    def wait_until(self, time_ps):
        self.time.stall_until(coming(time_ps, self.time.now_ps()))
        self.catch_up()

    # ---- clocks, power, complaints ----

    def clocks_changed(self, clocks):
        if self.on_changing is not None:
            self.on_changing(clocks)
        self.time.set_hclk(clocks.hclk_hz)
        if self.platform is not None:
            self.platform.clocks_changed(clocks)
        if self.on_clocks is not None:
            self.on_clocks(clocks)

    def power_changed(self):
        if self.platform is not None:
            self.platform.meter.update()

    def violation(self, rule, message):
        self.violation_count += 1
        if len(self.violations) < _VIOLATIONS_KEPT:
            self.violations.append((self.time.time_ps, rule, message))
        self._report("error", "%s (%s)" % (message, rule))
        if self.strict and self.on_stop is not None:
            self.on_stop(message)

    def log(self, message):
        self._report("info", message)

    # ---- flash cells ----

    def flash_read(self, address, size):
        return self._memory.read(address, size)

    def flash_write(self, address, size, value):
        self._memory.write(address, size, value)

    def flash_busy(self, banks, until_ps):
        # Renode's memory always answers. A core that runs from it stands; one that runs from
        # elsewhere goes on, and does not wait where it reads flash.
        if self.runs_from_flash is not None and self.runs_from_flash():
            self.time.stall_until(until_ps)

    def flash_erase(self, address, length):
        self._memory.fill(address, length)
