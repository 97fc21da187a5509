"""Time and cycles of the core, on a Renode that only counts instructions.

Renode advances its clock by ``instructions / PerformanceInMips``, a whole number of MIPS. The time
that the models see is reckoned here, from the same count of instructions:

    time += instructions x cycles per instruction / HCLK + stalls + sleep

``PerformanceInMips`` is set such that Renode's clock is never ahead of this one. What it is behind,
the debt, is skipped with `SkipTime` wherever the firmware writes a register of a model; so NVIC,
SysTick and every other stock peripheral follow.
"""

PS_PER_S = 10**12
PS_PER_US = 10**6
# Renode's clock moves in steps of up to a microsecond, whatever the rate: less is no sleep.
_SLEEP_LEAST_PS = 2 * PS_PER_US
_DEBT_LEAST_PS = PS_PER_US


class CoreTime(object):
    """Picoseconds and core cycles since the board was attached.

    Parameters
    ----------
    core : object
        Renode's processor behind three calls: ``count()`` returns instructions executed, Renode's
        time, both up to now, and the time that is ordered to be skipped but was not yet, in
        picoseconds; ``set_mips(mips)``; ``skip(instructions)``.
    hclk_hz : int
    cycles, instructions : int
        The mean of cycles per instruction, as a fraction.
    """

    def __init__(self, core, hclk_hz, cycles, instructions):
        self._core = core
        self._mean = (cycles, instructions)
        self._cost = self._mean
        self._exact = False
        self._hclk_hz = hclk_hz
        self._executed, self._renode_ps, self._skipping_ps = core.count()
        self._time_ps = self._renode_ps
        self._rest = 0  # of a picosecond, in units of 1 / divisor
        self._cycles = 0
        self._cycle_rest = 0
        self._mips = 0
        self._falling_asleep = False
        self.asleep_ps = 0
        self.on_sleep = None
        self._set_rate()

    # ---- reading ----

    def now_ps(self):
        """Return the time, with everything that the core has executed until now."""
        if self._falling_asleep:
            return self._time_ps
        executed, self._renode_ps, self._skipping_ps = self._core.count()
        if executed != self._executed:
            self._run(executed - self._executed)
            self._executed = executed
        renode_ps = self._renode_ps + self._skipping_ps
        if renode_ps - self._time_ps > _SLEEP_LEAST_PS:
            self._slept_until(renode_ps)
        return self._time_ps

    def cycles(self):
        """Return core cycles; they stand while the core sleeps or HCLK is stopped."""
        self.now_ps()
        return self._cycles

    def instructions(self):
        """Return the instructions executed until the last look at the time."""
        return self._executed

    @property
    def present_ps(self):
        """The time at the last look."""
        return self._time_ps

    def _run(self, executed):
        cycles, per = self._cost
        total = executed * cycles + self._cycle_rest
        whole, self._cycle_rest = total // per, total % per
        self._cycles += whole
        # The whole of executed x cycles / per / hclk, without losing a fraction of a picosecond.
        divisor = per * self._hclk_hz
        total = executed * cycles * PS_PER_S + self._rest
        self._time_ps += total // divisor
        self._rest = total % divisor

    def _slept_until(self, time_ps):
        self.asleep_ps += time_ps - self._time_ps
        if self.on_sleep is None:
            self._time_ps = time_ps
            return
        # Whoever listens asks for the time, which stands meanwhile.
        self._falling_asleep = True
        try:
            self.on_sleep(True)
            self._time_ps = time_ps
            self.on_sleep(False)
        finally:
            self._falling_asleep = False

    # ---- what moves it ----

    def reach(self, time_ps):
        """Take note that Renode's clock says it is that late: a core behind it has slept."""
        self.now_ps()
        if time_ps > self._time_ps:
            self._slept_until(time_ps)

    def stall_until(self, time_ps):
        """Stop HCLK until a time."""
        self.now_ps()
        if time_ps > self._time_ps:
            self._time_ps = time_ps

    def set_hclk(self, hclk_hz):
        """Go on at another frequency."""
        self.now_ps()
        if hclk_hz and hclk_hz != self._hclk_hz:
            self._hclk_hz = hclk_hz
            self._rest = 0
            self._set_rate()

    def set_cost(self, cost):
        """Go on at another cost, ``(cycles, instructions)``; None is the mean."""
        self.now_ps()
        wanted = self._mean if cost is None else cost
        if wanted == self._cost and self._exact == (cost is not None):
            return
        self._cost = wanted
        self._exact = cost is not None
        self._rest = self._cycle_rest = 0
        self._set_rate()

    def _set_rate(self):
        cycles, per = self._cost
        # The next whole number of MIPS: Renode's clock runs no faster than this one.
        mips = max(-(-self._hclk_hz * per // (cycles * PS_PER_US)), 1)
        if mips != self._mips:
            self._mips = mips
            self._core.set_mips(mips)

    def debt_ps(self):
        """Return how far Renode's clock is behind, with what is ordered to be skipped done."""
        return self._time_ps - self._renode_ps - self._skipping_ps

    def renode_until_ps(self, time_ps):
        """Return how much Renode's clock has to advance to show a time."""
        self.now_ps()
        return time_ps - self._renode_ps

    def settle(self):
        """Let Renode's clock catch up before the next instruction, if it is far enough behind."""
        debt_ps = self.debt_ps()
        if debt_ps >= _DEBT_LEAST_PS:
            self._core.skip(debt_ps * self._mips // PS_PER_US)
