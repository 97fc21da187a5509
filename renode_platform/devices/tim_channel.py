"""One capture and compare channel of a general-purpose timer."""

# OCxM (RM0410, TIMx_CCMR1).
_FROZEN, _ACTIVE, _INACTIVE, _TOGGLE, _FORCE_INACTIVE, _FORCE_ACTIVE, _PWM1, _PWM2 = range(8)
_FORCED = {_FORCE_INACTIVE: False, _FORCE_ACTIVE: True}
_ON_MATCH = {_ACTIVE: True, _INACTIVE: False}
# CCxS: an output, or the input that the channel captures.
_OUTPUT, _OWN_INPUT, _OTHER_INPUT, _TRIGGER_INPUT = range(4)


class Channel(object):
    """What a channel does when the count is its value, or when its input moves.

    Parameters
    ----------
    timer : Tim
        Tells count, direction and registers, and takes flags.
    number : int
        1 to 4.
    """

    def __init__(self, timer, number):
        self._timer = timer
        self.number = number
        self.register_name = "CCR%d" % number
        self.flag = "CC%dIF" % number
        self._overcapture = "CC%dOF" % number
        self._mode_register = "CCMR1" if number <= 2 else "CCMR2"
        self.signal = None  # the pins; set by the platform
        self.token = None
        self.reset()

    def reset(self):
        """Be an output that nothing changes, with the value 0."""
        self.compare = 0
        self._reference = False
        self._seen = 0
        self._driven = None
        self._take_bits()
        if self.signal is not None:
            self.signal.drive(None)

    def _take_bits(self):
        number, timer = self.number, self._timer
        register_name = self._mode_register
        self._selection = timer.bit(register_name, "CC%dS" % number)
        self._mode = timer.bit(register_name, "OC%dM" % number)
        self._extended = timer.bit(register_name, "OC%dM_3" % number)
        self._preloads = timer.bit(register_name, "OC%dPE" % number)
        # An input's prescaler, ICxPSC, has the places of OCxFE and OCxPE.
        fast = timer.bit(register_name, "OC%dFE" % number)
        self._every = 1 << (fast + 2 * self._preloads)
        self._enabled = timer.bit("CCER", "CC%dE" % number)
        self._inverted = timer.bit("CCER", "CC%dP" % number)
        self._both_edges = self._inverted and timer.bit("CCER", "CC%dNP" % number)

    # ---- configuration ----

    @property
    def is_output(self):
        return self._selection == _OUTPUT

    def configured(self):
        """Follow a write to CCMRx or CCER."""
        was_captured = not self.is_output
        before = self._mode
        self._take_bits()
        name = "%s channel %d" % (self._timer.name, self.number)
        if self._selection == _TRIGGER_INPUT:
            self._timer.host.log("%s: the trigger input is not modelled, nothing comes" % name)
        elif self.is_output and self._extended:
            self._timer.host.log(
                "%s: output mode %d is not modelled, the output stands" % (name, 8 + self._mode)
            )
        if was_captured or before != self._mode:
            self._seen = 0
            self._forced()
        self.refresh()

    def write(self, value):
        """Take a value to compare with; an input's is not written."""
        if not self.is_output:
            return
        self._timer.values[self.register_name] = value
        if not self._preloads:
            self.load()

    def load(self):
        """Let the value that was written count: at once, or at an update."""
        if self.is_output:
            self.compare = self._timer.values[self.register_name]
            self.refresh()

    # ---- output ----

    def wants_match(self):
        """Say whether a match would change anything."""
        if not self.is_output:
            return False
        if not self._timer.bit("SR", self.flag):
            return True
        moves = self._mode not in (_FROZEN, _FORCE_INACTIVE, _FORCE_ACTIVE) and not self._extended
        return bool(moves and self._enabled and self.signal is not None and self.signal.pins())

    def matched(self):
        """Take note that the count has become the value."""
        if not self.is_output:
            return
        self._timer.raise_flag(self.flag)
        if not self._extended:
            if self._mode in _ON_MATCH:
                self._reference = _ON_MATCH[self._mode]
            elif self._mode == _TOGGLE:
                self._reference = not self._reference
        self.refresh()

    def _forced(self):
        if self.is_output and not self._extended and self._mode in _FORCED:
            self._reference = _FORCED[self._mode]

    def refresh(self):
        """Work out the output's level anew."""
        if self.signal is None:
            return
        level = None
        if self.is_output and self._enabled:
            if self._mode in (_PWM1, _PWM2) and not self._extended:
                self._reference = self._timer.before(self.compare) == (self._mode == _PWM1)
            level = self._reference != bool(self._inverted)
        if level is not self._driven:
            self._driven = level
            self.signal.drive(level)

    # ---- input ----

    def input_moved(self, number, level):
        """Hear of the level of the timer's input `number`."""
        captured = {_OWN_INPUT: self.number, _OTHER_INPUT: ((self.number - 1) ^ 1) + 1}
        if captured.get(self._selection) != number or not self._enabled:
            return
        if not self._both_edges and level == bool(self._inverted):
            return
        self._seen += 1
        if self._seen >= self._every:
            self._seen = 0
            self.capture()

    def capture(self):
        """Keep the count."""
        timer = self._timer
        if timer.bit("SR", self.flag):
            timer.raise_flag(self._overcapture)
        timer.values[self.register_name] = timer.count()
        timer.raise_flag(self.flag)

    def read(self):
        """Return the value; a captured one is taken by that."""
        if not self.is_output:
            self._timer.clear_flag(self.flag)
        return self._timer.values[self.register_name]

    def generated(self):
        """Follow EGR.CCxG: a match or a capture by software."""
        if self.is_output:
            self._timer.raise_flag(self.flag)
        else:
            self.capture()
