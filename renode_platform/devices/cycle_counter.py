"""Counting the cycles of a clock that changes its rate, without losing a fraction of one."""

from .datasheet import PS_PER_S


class CycleCounter(object):
    """Cycles of a clock since a start, exact across rate changes.

    All state is in integers: whole cycles and the rest in units of 1e-12 cycle, which is what
    ``picoseconds x hertz`` gives.
    """

    def __init__(self):
        self.rate_hz = 0
        self._since_ps = 0
        self._cycles = 0
        self._rest = 0

    def restart(self, now_ps):
        """Count from 0, from now."""
        self._since_ps = now_ps
        self._cycles = 0
        self._rest = 0

    def set_rate(self, now_ps, rate_hz):
        """Go on at another rate; 0 stops the clock."""
        total = (now_ps - self._since_ps) * self.rate_hz + self._rest
        self._cycles += total // PS_PER_S
        self._rest = total % PS_PER_S
        self._since_ps = now_ps
        self.rate_hz = rate_hz

    def cycles(self, now_ps):
        """Return the whole cycles counted until now."""
        return self._cycles + ((now_ps - self._since_ps) * self.rate_hz + self._rest) // PS_PER_S

    def fraction(self, now_ps):
        """Return the part of a cycle gone by, in units of 1e-12 cycle."""
        return ((now_ps - self._since_ps) * self.rate_hz + self._rest) % PS_PER_S

    def advance(self, cycles, fraction):
        """Add cycles, and a fraction in units of 1e-12 cycle, to the count."""
        self._cycles += cycles
        self._rest += fraction

    def time_of(self, cycle):
        """Return when the count reaches `cycle` at the present rate; None if the clock stands."""
        if self.rate_hz == 0:
            return None
        wanted = (cycle - self._cycles) * PS_PER_S - self._rest
        return self._since_ps + -(-wanted // self.rate_hz)


class TickCounter(object):
    """A hardware counter: clock, prescaler, up or down between 0 and a limit.

    Attributes
    ----------
    limit : int
        The auto-reload value; the counter has ``limit + 1`` states.
    prescaler : int
        Clock cycles a tick.
    down : bool
    running : bool
    """

    def __init__(self, limit):
        self._clock = CycleCounter()
        self._rate_hz = 0
        self._start = 0  # value at the clock's cycle 0
        self.limit = limit
        self.prescaler = 1
        self.down = False
        self.running = False

    def _ticks(self, now_ps):
        return self._clock.cycles(now_ps) // self.prescaler

    def value(self, now_ps):
        """Return the count."""
        ticks = self._ticks(now_ps)
        if not self.down and self._start > self.limit:
            # Set beyond the limit, the counter is outside its cycle and goes on upwards.
            return self._start + ticks
        return (self._start - ticks if self.down else self._start + ticks) % (self.limit + 1)

    def set_value(self, now_ps, value):
        """Go on from a value, at the begin of a tick."""
        self._start = value
        self._clock.restart(now_ps)

    def configure(self, now_ps, limit=None, prescaler=None, down=None):
        """Change how the counter counts; the count stays."""
        value = self.value(now_ps)
        if prescaler is not None and prescaler != self.prescaler:
            self._clock.restart(now_ps)
            self.prescaler = prescaler
        else:
            # Keep the part of a tick that has gone by.
            rest = self._clock.cycles(now_ps) - self._ticks(now_ps) * self.prescaler
            fraction = self._clock.fraction(now_ps)
            self._clock.restart(now_ps)
            self._clock.advance(rest, fraction)
        self._start = value
        if limit is not None:
            self.limit = limit
        if down is not None:
            self.down = down

    def set_rate(self, now_ps, rate_hz):
        """Take the kernel clock's rate."""
        self._rate_hz = rate_hz
        self._clock.set_rate(now_ps, rate_hz if self.running else 0)

    def run(self, now_ps, running):
        """Start or hold the counter."""
        self.running = running
        self._clock.set_rate(now_ps, self._rate_hz if running else 0)

    def time_of_tick(self, now_ps):
        """Return when the count next changes; None if it does not."""
        return self._clock.time_of((self._ticks(now_ps) + 1) * self.prescaler)

    def time_of_wrap(self, now_ps):
        """Return when the count next passes from its last value to its first, or None."""
        first = self.limit if self.down else 0
        return self.time_of_value(now_ps, first)

    def time_of_value(self, now_ps, value):
        """Return when the count next becomes a value, later than now; None if never."""
        if not self.running or value > self.limit:
            return None
        if not self.down and self._start > self.limit:
            return None
        states = self.limit + 1
        ticks = self._ticks(now_ps)
        distance = (self._start - value if self.down else value - self._start) - ticks
        distance %= states
        if distance == 0:
            distance = states
        return self._clock.time_of((ticks + distance) * self.prescaler)
