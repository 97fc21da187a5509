"""Asynchronous serial frames, and what a receiver makes of frames that are not its own."""

from .datasheet import PS_PER_S

# A receiver samples the stop bit 9.5 bits after the start edge; beyond about half a bit of slip
# over that time, bits are read from their neighbours.
RATE_TOLERANCE = 0.045
# A rate that is off by more leaves little of that to the other end's own error.
RATE_MARGIN = 0.02


class FrameFormat(object):
    """Speed and layout of the frames on a line.

    Parameters
    ----------
    baud : float
        Bits a second; 0 where no clock runs.
    data_bits : int
        Without the parity bit.
    parity : str
        ``"N"``, ``"E"`` or ``"O"``: none, even, odd.
    stop_bits : float
    inverted : bool
        The line idles low.
    reversed_bits, complemented : bool
        The most significant bit comes first; data bits are sent as their opposite.
    """

    def __init__(self, baud, data_bits=8, parity="N", stop_bits=1, inverted=False,
                 reversed_bits=False, complemented=False):  # fmt: skip
        self.baud = baud
        self.data_bits = data_bits
        self.parity = parity
        self.stop_bits = stop_bits
        self.inverted = inverted
        self.reversed_bits = reversed_bits
        self.complemented = complemented

    def __str__(self):
        return "%.0f baud, %d%s%g" % (self.baud, self.data_bits, self.parity, self.stop_bits)

    def key(self):
        """Return everything as one value that can be compared."""
        return (self.baud, self.data_bits, self.parity, self.stop_bits, self.inverted,
                self.reversed_bits, self.complemented)  # fmt: skip

    def bits(self):
        """Return how many bits a frame has, as a float."""
        return 1.0 + self.data_bits + (self.parity != "N") + self.stop_bits

    def duration_ps(self, bits):
        """Return the time of so many bits, rounded; None where no clock runs."""
        if self.baud == 0:
            return None
        return int(bits * PS_PER_S / float(self.baud) + 0.5)

    def understands(self, sent):
        """Say whether a receiver of this format reads what is sent in another as it was meant."""
        return self.is_near(sent, RATE_TOLERANCE) and self.layout() == sent.layout()

    def is_near(self, other, tolerance):
        """Say whether the speeds differ by no more than a part of this one."""
        return abs(self.baud - other.baud) <= tolerance * self.baud

    def layout(self):
        """Return what of the format a receiver has to know beside the speed."""
        return self.key()[1:3] + self.key()[4:]

    def parity_of(self, data):
        """Return the parity bit that belongs to data."""
        ones = sum(data >> place & 1 for place in range(self.data_bits))
        return (ones + (self.parity == "O")) & 1

    def levels(self, value):
        """Return the line's levels for a value: start, data and parity; a stop bit follows."""
        data = value & ((1 << self.data_bits) - 1)
        places = range(self.data_bits)
        if self.reversed_bits:
            places = reversed(places)
        found = [0] + [(data >> place & 1) ^ self.complemented for place in places]
        if self.parity != "N":
            found.append(self.parity_of(data))
        return [level ^ self.inverted for level in found]

    def read(self, levels):
        """Return ``(data, parity is right, stop bit is there)`` of levels that were sampled."""
        levels = [level ^ self.inverted for level in levels]
        data = 0
        for number in range(self.data_bits):
            place = self.data_bits - 1 - number if self.reversed_bits else number
            data |= (levels[1 + number] ^ self.complemented) << place
        parity_right = self.parity == "N" or levels[1 + self.data_bits] == self.parity_of(data)
        return data, parity_right, bool(levels[-1])


class SampledLine(object):
    """A line whose receiver waits for a start edge, then looks at the middle of every bit.

    Parameters
    ----------
    host : object
        See `Device`.
    receiver : callable
        Returns the receiver's `FrameFormat`; asked at every start edge.
    received : callable
        Takes data, whether its parity is right, and whether there was a stop bit.
    """

    def __init__(self, host, receiver, received):
        self._host = host
        self._receiver = receiver
        self._received = received
        self._times = [0]  # where the line changes, and to which level
        self._levels = [1]
        self._token = None
        self._free_ps = 0  # from here on the receiver looks for a start edge

    def reset(self, idle):
        """Let the line be at its idle level, and the receiver wait."""
        self._host.cancel(self._token)
        self._token = None
        self._free_ps = self._host.now_ps()
        self._times, self._levels = [0], [idle]

    def put(self, sent, value):
        """Let a frame begin now."""
        at_ps = self._host.now_ps()
        idle = 1 ^ sent.inverted
        for number, level in enumerate(sent.levels(value) + [idle]):
            if level != self._levels[-1]:
                self._times.append(at_ps + sent.duration_ps(number))
                self._levels.append(level)
        self._look_for_start()

    def _level_at(self, time_ps):
        return self._levels[self._place_of(time_ps)]

    def _place_of(self, time_ps):
        """Return the number of the last change that is not after a time."""
        place = len(self._times) - 1
        while place and self._times[place] > time_ps:
            place -= 1
        return place

    def _look_for_start(self):
        """Wait for the middle of the stop bit behind the next start edge, where there is one."""
        if self._token is not None:
            return
        receiver = self._receiver()
        if receiver.baud == 0:
            return
        for begin_ps, level in zip(self._times[1:], self._levels[1:]):
            if begin_ps >= self._free_ps and level == receiver.inverted:
                self._await_frame(receiver, begin_ps)
                return

    def _await_frame(self, receiver, begin_ps):
        samples = int(receiver.bits() - receiver.stop_bits) + 1
        end_ps = begin_ps + receiver.duration_ps(samples - 0.5)
        self._token = self._host.call_at(
            max(end_ps, self._host.now_ps()), lambda: self._sample(receiver, begin_ps, samples)
        )

    def _sample(self, receiver, begin_ps, samples):
        self._token = None
        times = [begin_ps + receiver.duration_ps(n + 0.5) for n in range(samples)]
        levels = [self._level_at(time_ps) for time_ps in times]
        self._free_ps = times[-1]
        passed = self._place_of(self._free_ps)
        del self._times[:passed], self._levels[:passed]
        if levels[0] == receiver.inverted:  # else the edge was noise
            data, parity_right, stopped = receiver.read(levels)
            self._received(data, parity_right, stopped)
        self._look_for_start()
