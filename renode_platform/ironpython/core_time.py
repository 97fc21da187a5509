"""Time and cycles of the core, on a Renode that only counts instructions.

Renode advances its clock by ``instructions / PerformanceInMips``, a whole number of MIPS. The time
that the models see is reckoned here, from the same count of instructions:

    time += (instructions x cycles per instruction + accesses x cycles) / HCLK + stalls + sleep

Sleep is what Renode's clock has gone on beyond the instructions executed and the time skipped.
``PerformanceInMips`` is set such that Renode's clock runs no faster than this one. What it is
behind, the debt, is skipped with `SkipTime` wherever the firmware writes a register of a model; so
NVIC, SysTick and every other stock peripheral follow.
"""

# Cycles, instructions, busy cycles and flash words of the built-in VWW network on the embedded
# board, at 216 MHz and 7 wait states: what an instruction takes where nothing better is known.
MEAN_COST = (13467264, 21805250, 12608440, 20173)

PS_PER_S = 10**12
PS_PER_US = 10**6
# Renode's clock moves in steps of up to a microsecond, whatever the rate: less is no sleep. What of
# a step was executed at the old rate counts at the new one, where the rate changed.
_STEP_PS = PS_PER_US
_DEBT_LEAST_PS = PS_PER_US
# Once in some thousand times that a block is left, Renode's clock goes on by its quantum although
# the core executes on: that is no sleep, if Renode saw no WFI.
_QUANTUM_PS = 100 * PS_PER_US
# Renode tells instructions as of the begin of the translation block that the core is in, and a wait
# for a device may end a pass of its loop earlier or later: a piece of known cost that executed no
# more than so many more or less than it should costs what it should.
_SLACK_INSTRUCTIONS = 64
_SLACK_PART = 32


class CoreTime(object):
    """Picoseconds and core cycles since the board was attached.

    Parameters
    ----------
    core : object
        Renode's processor behind five calls: ``count()`` returns instructions executed and
        instructions skipped so far, Renode's time in picoseconds, and the MIPS in effect;
        ``waits()`` counts the times that it began to wait for an interrupt, the last one perhaps
        not yet; ``executing()`` tells whether it is the core that asks; ``set_mips(mips)``;
        ``skip(instructions)``.
    hclk_hz : int
    mean : tuple
        Cycles, instructions, busy cycles and flash words that go together.

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
    access_cycles : int
        What an access to a device costs beside its instruction, where the mean holds.
    on_sleep : callable or None
        Called with True and False where a stretch of sleep begins and ends; returns the
        picoseconds that the change costs.
    """

    def __init__(self, core, hclk_hz, mean=MEAN_COST):
        self._core = core
        self._mean = mean
        self._cost = mean
        self._known = False  # whether the cost is that of a piece, and not of a mean instruction
        self._ran = 0  # instructions of the piece
        self._hclk_hz = hclk_hz
        self.executed, self._skipped, self._renode_ps, self._rate = core.count()
        self._ordered = self._skipped  # instructions skipped once every order is carried out
        self.time_ps = self._renode_ps
        self._cycles = 0
        self._busy = self._words = 0.0
        self._mips = 0
        self._changing = False
        self._held = False
        self.access_cycles = 0
        self._waits = core.waits()
        self.asleep = False
        self.asleep_ps = 0
        self.on_sleep = None
        self._set_rate()

    # ---- reading ----

    def now_ps(self):
        """Return the time, with everything that the core has executed until now."""
        if self._changing or self._held:
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
                if not self._slipped(gone_ps):
                    self._sleep(gone_ps)
            elif not ran and not passed:
                return self.time_ps  # a core that stands: the next look sees it all
            self._skipped = skipped
            self._renode_ps = renode_ps
            self._rate = rate
        return self.time_ps

    def hold(self):
        """Look at the time, which then stands until `release`: an access takes none of its own."""
        self.now_ps()
        if not self._known and self.access_cycles and self._core.executing():
            before = self._cycles
            self._cycles = before + self.access_cycles * self._cost[1]
            self.time_ps += self._to_ps(self._cycles) - self._to_ps(before)
        self._held = True

    def release(self):
        """Let the time go on."""
        self._held = False

    def cycles(self):
        """Return core cycles; they stand while the core sleeps or HCLK is stopped."""
        self.now_ps()
        return self._cycles // self._cost[1]

    def activity(self):
        """Return cycles, busy cycles and flash words: what the current depends on."""
        cycles = self.cycles()
        return cycles, self._busy, self._words

    def _run(self, executed):
        if self._known:
            before = self._ran
            self._ran = before + executed
            executed = self._counted(self._ran) - self._counted(before)
        self._spend(executed)

    def _counted(self, ran):
        """Return how many of the instructions of a piece count: not those a little beyond it."""
        wanted = self._cost[1]
        return wanted if wanted < ran <= wanted + self._slack() else ran

    def _slack(self):
        return _SLACK_INSTRUCTIONS + self._cost[1] // _SLACK_PART

    def _spend(self, instructions):
        # In units of 1 / instructions: no fraction of a cycle is lost while the cost stays.
        cycles, per, busy, words = self._cost
        before = self._cycles
        self._cycles = before + instructions * cycles
        self.time_ps += self._to_ps(self._cycles) - self._to_ps(before)
        part = float(instructions) / per
        self._busy += part * busy
        self._words += part * words

    def _to_ps(self, cycles):
        return cycles * PS_PER_S // (self._cost[1] * self._hclk_hz)

    def _slipped(self, gone_ps):
        before, self._waits = self._waits, self._core.waits()
        if self.asleep or self._waits != before or not self._core.executing():
            return False
        return abs(gone_ps - _QUANTUM_PS) < _STEP_PS

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
        """Begin a piece that takes so much, in the form of the mean; with None the mean holds."""
        self.end_piece()
        wanted = self._mean if cost is None else cost
        self._known = cost is not None
        self._ran = 0
        if wanted != self._cost:
            self._cycles = self._cycles * wanted[1] // self._cost[1]
            self._cost = wanted
            self._set_rate()

    def end_piece(self):
        """Let a piece of known cost have taken what it should, where it ends as it should."""
        self.now_ps()
        if self._known:
            self._known = False
            left = self._cost[1] - self._ran
            if 0 < left <= self._slack():
                self._spend(left)

    def _set_rate(self):
        cycles, per = self._cost[:2]
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
