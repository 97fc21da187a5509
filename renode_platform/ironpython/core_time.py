"""Time and cycles of the core, on a Renode that only counts instructions.

Renode advances its clock by ``instructions / PerformanceInMips``, a whole number of MIPS. The time
that the models see is reckoned here, from the same count of instructions:

    time += instructions x cycles per instruction / HCLK + stalls + sleep

Sleep is what Renode's clock has gone on beyond the instructions executed and the time skipped.
``PerformanceInMips`` is set such that Renode's clock runs no faster than this one. What it is
behind, the debt, is skipped with `SkipTime` wherever the firmware writes a register of a model; so
NVIC, SysTick and every other stock peripheral follow.
"""

PS_PER_S = 10**12
PS_PER_US = 10**6
# Renode's clock moves in steps of up to a microsecond, whatever the rate: less is no sleep. What of
# a step was executed at the old rate counts at the new one, where the rate changed.
_STEP_PS = PS_PER_US
_DEBT_LEAST_PS = PS_PER_US


class CoreTime(object):
    """Picoseconds and core cycles since the board was attached.

    Parameters
    ----------
    core : object
        Renode's processor behind four calls: ``count()`` returns instructions executed and
        instructions skipped so far, Renode's time in picoseconds, and the MIPS in effect;
        ``executing()`` tells whether it is the core that asks; ``set_mips(mips)``;
        ``skip(instructions)``.
    hclk_hz : int
    cycles, instructions : int
        The mean of cycles per instruction, as a fraction.

    Attributes
    ----------
    time_ps : int
        The time at the last look.
    executed : int
        Instructions executed until the last look.
    asleep : bool
        Whether the core slept at the last look, and has executed nothing since.
    asleep_ps : int
        Time spent asleep.
    on_sleep : callable or None
        Called with True and False where a stretch of sleep begins and ends; returns the
        picoseconds that the change costs.
    """

    def __init__(self, core, hclk_hz, cycles, instructions):
        self._core = core
        self._mean = (cycles, instructions)
        self._cost = self._mean
        self._hclk_hz = hclk_hz
        self.executed, self._skipped, self._renode_ps, self._rate = core.count()
        self._ordered = self._skipped  # instructions skipped once every order is carried out
        self.time_ps = self._renode_ps
        self._cycles = 0
        self._mips = 0
        self._changing = False
        self.asleep = False
        self.asleep_ps = 0
        self.on_sleep = None
        self._set_rate()

    # ---- reading ----

    def now_ps(self):
        """Return the time, with everything that the core has executed until now."""
        if self._changing:
            return self.time_ps
        executed, skipped, renode_ps, rate = self._core.count()
        ran, passed = executed - self.executed, skipped - self._skipped
        if ran:
            if self.asleep:
                self._change(False)
            self.executed = executed
            self._run(ran)
        gone_ps = renode_ps - self._renode_ps
        if gone_ps:
            # The slower of two rates: what the instructions took of Renode's clock, at most.
            slower, faster = sorted((rate, self._rate))
            gone_ps -= (ran + passed) * PS_PER_US // slower
            doubtful_ps = 0 if self.asleep else _STEP_PS + _STEP_PS * faster // slower
            if gone_ps > doubtful_ps:
                self._sleep(gone_ps)
            elif not ran and not passed:
                return self.time_ps  # a core that stands: the next look sees it all
            self._skipped = skipped
            self._renode_ps = renode_ps
            self._rate = rate
        return self.time_ps

    def cycles(self):
        """Return core cycles; they stand while the core sleeps or HCLK is stopped."""
        self.now_ps()
        return self._cycles // self._cost[1]

    def _run(self, executed):
        cycles = self._cost[0]
        # In units of 1 / instructions: no fraction of a cycle is lost while the cost stays.
        before = self._cycles
        self._cycles = before + executed * cycles
        self.time_ps += self._to_ps(self._cycles) - self._to_ps(before)

    def _to_ps(self, cycles):
        return cycles * PS_PER_S // (self._cost[1] * self._hclk_hz)

    def _sleep(self, gone_ps):
        if not self.asleep:
            self._change(True)
        self.asleep_ps += gone_ps
        self.time_ps += gone_ps
        if self._core.executing():
            self._change(False)

    def _change(self, asleep):
        """Fall asleep or wake; whoever listens asks for the time, which stands meanwhile."""
        self.asleep = asleep
        if self.on_sleep is None:
            return
        self._changing = True
        try:
            self.time_ps += self.on_sleep(asleep)
        finally:
            self._changing = False

    # ---- what moves it ----

    def stall_until(self, time_ps):
        """Stop HCLK until a time."""
        self.now_ps()
        self.time_ps = max(self.time_ps, time_ps)

    def set_hclk(self, hclk_hz):
        """Go on at another frequency."""
        self.now_ps()
        if hclk_hz and hclk_hz != self._hclk_hz:
            self._hclk_hz = hclk_hz
            self._set_rate()

    def set_cost(self, cost):
        """Go on at another cost, ``(cycles, instructions)``; None is the mean."""
        self.now_ps()
        wanted = self._mean if cost is None else cost
        if wanted != self._cost:
            self._cycles = self._cycles * wanted[1] // self._cost[1]
            self._cost = wanted
            self._set_rate()

    def _set_rate(self):
        cycles, per = self._cost
        # The next whole number of MIPS: Renode's clock runs no faster than this one.
        mips = max(-(-self._hclk_hz * per // (cycles * PS_PER_US)), 1)
        if mips != self._mips:
            self._mips = mips
            self._core.set_mips(mips)

    def settle(self):
        """Let Renode's clock catch up before the next instruction, if it is far enough behind."""
        ordered_ps = (self._ordered - self._skipped) * PS_PER_US // self._mips
        debt_ps = self.time_ps - self._renode_ps - ordered_ps
        if debt_ps >= _DEBT_LEAST_PS:
            instructions = debt_ps * self._mips // PS_PER_US
            self._ordered += instructions
            self._core.skip(instructions)
