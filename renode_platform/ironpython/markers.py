"""What happens on the marker pins and to SYSCLK, and the cost of what lies between two markers."""

# Nobody may ever ask for them: then the oldest half is forgotten.
_RECORDS_KEPT = 400000


def _add(records, record):
    records.append(record)
    if len(records) > _RECORDS_KEPT:
        del records[: _RECORDS_KEPT // 2]


class MarkerLog(object):
    """Every store that moved GPIOE's outputs, and every change of SYSCLK.

    Parameters
    ----------
    host : Host
    trigger : int
        Mask of the pin that is high while an inference runs.
    layer : int
        Mask of the pin that moves where a layer begins.

    Attributes
    ----------
    markers : list
        ``(time_ps, cycles, energy_j, odr, instructions)`` of each store.
    clock_changes : list
        ``(time_ps, cycles, energy_j, sysclk_hz, source, current_a)``.
    layers_begun : int
        Since the last reset.
    table : CostTable or None
        What stretches cost; the mean where there is none.
    """

    def __init__(self, host, trigger, layer):
        self._host = host
        self._trigger = trigger
        self._layer = layer
        self.layers_begun = 0
        self._odr = 0
        self._previous = None
        self.markers = []
        self.clock_changes = []
        self.table = None

    def clear(self):
        """Forget everything: the chip was reset."""
        self._odr = 0
        self._previous = None
        self.markers = []
        self.clock_changes = []
        self.layers_begun = 0
        if self.table is not None:
            self.table.leave()

    def store(self, odr):
        """Take a store to the port's outputs, of which there are sixteen."""
        odr &= 0xFFFF
        old, self._odr = self._odr, odr
        if odr == old:
            return
        if (odr ^ old) & self._layer:
            self.layers_begun += 1
        host = self._host
        meter = host.platform.meter
        time = host.time
        time.end_piece()
        meter.update()
        _add(
            self.markers,
            (time.time_ps, time.cycles(), meter.energy_since_reset_j, odr, time.executed),
        )
        if self.table is not None:
            if odr & ~old & self._trigger:
                self.table.begin()
            time.set_cost(self.table.next(odr))

    def store_bits(self, value):
        """Take a store to BSRR: setting wins over resetting."""
        self.store((self._odr & ~(value >> 16)) | (value & 0xFFFF))

    def clocks_changing(self, clocks):
        """Hear of a new state of the clock tree before it is in force."""
        if (clocks.sysclk_hz, clocks.source) != self._previous:
            self._host.time.end_piece()

    def clocks_changed(self, clocks):
        """Take a new state of the clock tree."""
        now = (clocks.sysclk_hz, clocks.source)
        if now != self._previous:
            self._previous = now
            time, meter = self._host.time, self._host.platform.meter
            if self.table is not None:
                time.set_cost(self.table.go_on())
            _add(
                self.clock_changes,
                (time.time_ps, time.cycles(), meter.energy_since_reset_j,
                 clocks.sysclk_hz, clocks.source, meter.present_a),
            )  # fmt: skip


class CostTable(object):
    """What every stretch between two markers takes, inference by inference.

    A stretch through which SYSCLK changes has one row for each piece; the first one names the pins.

    Attributes
    ----------
    missed : int
        Pieces that the table did not know; they ran at the mean cost.
    """

    def __init__(self):
        self._waiting = []
        self._rows = []
        self._place = 0
        self.missed = 0

    def add(self, rows):
        """Append an inference, a row of each piece in order: pins, and a cost as of `CoreTime`.

        Pins are None where a piece goes on with the stretch before.
        """
        self._waiting.append(rows)

    def extend(self, other):
        """Append the inferences of another table."""
        self._waiting.extend(other.take())

    def take(self):
        """Hand out the inferences that wait."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def begin(self):
        """Go on to the next inference; the last one serves again where no other waits."""
        if self._waiting:
            self._rows = self._waiting.pop(0)
        self._place = 0

    def leave(self):
        """End the inference."""
        self._place = len(self._rows)

    def next(self, odr):
        """Return the cost of the stretch that begins with these pins, None for the mean."""
        rows = self._rows
        while self._place < len(rows) and rows[self._place][0] is None:
            self._place += 1  # a change of the clock that did not come
            self.missed += 1
        if self._place < len(rows) and rows[self._place][0] != odr:
            self.leave()
            self.missed += 1
        return self._take_row()

    def go_on(self):
        """Return the cost of the piece that begins where SYSCLK changes, None for the mean."""
        if self._place < len(self._rows) and self._rows[self._place][0] is not None:
            self.missed += 1
            return None
        return self._take_row()

    def _take_row(self):
        if self._place >= len(self._rows):
            return None
        cost = self._rows[self._place][1:]
        self._place += 1
        return cost if cost[1] else None


def read_table(lines):
    """Return a `CostTable` from text, a line for each piece, blank lines between inferences.

    A line has pins, cycles, instructions, busy cycles and flash words. Instead of pins ``+`` goes
    on with a stretch, from a change of SYSCLK.

    Raises
    ------
    ValueError
        A line is not of that form; the message has its number.
    """
    table = CostTable()
    rows = []
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            if rows:
                table.add(rows)
                rows = []
            continue
        try:
            pins, cycles, instructions, busy, flash = words
            row = (None if pins == "+" else int(pins), int(cycles), int(instructions), float(busy),
                   float(flash))  # fmt: skip
        except ValueError:
            raise ValueError(
                "line %d: %r; pins or +, cycles, instructions, busy cycles and flash words "
                "are wanted" % (number, line)
            )
        if row[1] < 1 or row[2] < 0:
            raise ValueError("line %d: %r; cycles begin at 1, instructions at 0" % (number, line))
        rows.append(row)
    if rows:
        table.add(rows)
    return table
