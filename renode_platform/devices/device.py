"""The form that all device models share."""


class Device(object):
    """A memory-mapped peripheral made of 32-bit registers.

    A subclass names its register block in `block` and adds, where a register does more than hold
    its bits, methods called ``read_<NAME>(self)`` and ``write_<NAME>(self, value)``. Without them a
    register reads back what was last written to its writable bits.

    Parameters
    ----------
    host : object
        What the model runs in. ``now_ps()``. ``call_at(time_ps, callback)`` calls something at or
        after a time, in the order of the times and of the calls, and returns a token for
        ``cancel(token)``, which takes one that is over, and None. ``stall_until(time_ps)`` stops
        HCLK, ``wait_until(time_ps)`` holds the core in its access. Times are whole numbers that
        have not passed (`host_time`). ``clocks_changed(clocks)`` and ``power_changed()`` tell of
        new clocks, which the host tells every device, and of current that is about to change or
        has just changed. ``violation(rule, message)`` of what the manual forbids raises where the
        host is strict; ``log(message)``. ``flash_read(address, size)``,
        ``flash_write(address, size, value)`` and ``flash_erase(address, length)`` are about cells,
        and refuse what lies outside; ``flash_busy(banks, until_ps)`` lets accesses wait.
    name : str
        The name used in messages, e.g. ``"USART3"``.
    """

    block = None
    # Registers whose method ``read_<NAME>`` has no effect, nor another result before an event.
    steady_readers = ()
    # Whether its interrupts reach the core while every clock of the buses stands.
    wakes_from_stop = False

    def __init__(self, host, name):
        self.host = host
        self.name = name
        self.values = {}
        # Set by the platform: a callable that says whether the bus clock runs, and what to tell
        # the user who forgot it.
        self.clocked = None
        self.clock_hint = ""
        self._outputs = {}
        self._levels = {}
        self._readers = {}
        self._writers = {}
        for register_name, register in self.block.registers.items():
            reader = getattr(self, "read_" + register_name, None)
            writer = getattr(self, "write_" + register_name, None)
            if reader is not None:
                self._readers[register.offset] = reader
            if writer is not None:
                self._writers[register.offset] = writer
        self.load_reset_values()

    # ---- bus ----

    def read(self, offset, size):
        """Return `size` bytes (1, 2 or 4) at a byte offset, as a little-endian number."""
        if self.clocked is not None and not self.clocked():
            self._report_clock_off("read of", offset)
            return 0
        aligned = offset & ~3
        value = self.read_word(aligned)
        shift = 8 * (offset - aligned)
        return (value >> shift) & ((1 << (8 * size)) - 1)

    def write(self, offset, size, value):
        """Write `size` bytes (1, 2 or 4) at a byte offset."""
        if self.clocked is not None and not self.clocked():
            self._report_clock_off("write to", offset)
            return
        aligned = offset & ~3
        if size != 4:
            shift = 8 * (offset - aligned)
            mask = ((1 << (8 * size)) - 1) << shift
            kept = self.values.get(self.block.by_offset.get(aligned), 0)
            value = (kept & ~mask) | ((value << shift) & mask)
        self.write_word(aligned, value & 0xFFFFFFFF)

    def steady(self, offset):
        """Say of a register just read how it goes on without a write or an event.

        Returns
        -------
        tuple or None
            When it ends, in picoseconds or None, and what each core cycle adds; None where that
            cannot be told, or the read had an effect.
        """
        if self.clocked is not None and not self.clocked():
            return None
        offset &= ~3
        plain = offset not in self._readers
        if plain or self.block.by_offset.get(offset) in self.steady_readers:
            return None, 0
        return None

    def read_word(self, offset):
        """Return the register at an aligned offset; reserved words read as 0."""
        reader = self._readers.get(offset)
        if reader is not None:
            return reader()
        return self.values.get(self.block.by_offset.get(offset), 0)

    def write_word(self, offset, value):
        """Write the register at an aligned offset; reserved words ignore it."""
        writer = self._writers.get(offset)
        if writer is not None:
            writer(value)
            return
        register_name = self.block.by_offset.get(offset)
        if register_name is not None:
            self.store(register_name, value)

    def _report_clock_off(self, what, offset):
        register_name = self.block.by_offset.get(offset & ~3, "0x%02X" % offset)
        self.host.violation(
            "peripheral-clock-off",
            "%s %s.%s while its clock is off: reads give 0 and writes are lost; %s"
            % (what, self.name, register_name, self.clock_hint),
        )

    # ---- registers ----

    def store(self, register_name, value):
        """Write the writable bits of a register and keep the others."""
        mask = self.block.registers[register_name].writable
        self.values[register_name] = (self.values[register_name] & ~mask) | (value & mask)

    def bit(self, register_name, field):
        """Return the value of a field as last written."""
        return self.block.registers[register_name].get(self.values[register_name], field)

    def set_field(self, register_name, field, content):
        """Set a field, whether software may write it or not."""
        register = self.block.registers[register_name]
        self.values[register_name] = register.put(self.values[register_name], field, content)

    def load_reset_values(self):
        """Give every register its reset value."""
        for register_name, register in self.block.registers.items():
            self.values[register_name] = register.reset

    # ---- life ----

    def reset(self):
        """Return to the state after a system reset; outputs fall."""
        self.load_reset_values()
        for output in list(self._levels):
            self.set_output(output, False)

    def clocks_changed(self, clocks):
        """Take note of a new state of the clock tree."""

    # ---- outputs ----

    def connect(self, output, receiver):
        """Call ``receiver(level)`` at every change of an output's level."""
        self._outputs.setdefault(output, []).append(receiver)

    def set_output(self, output, level):
        """Drive an output; its receivers hear of changes only."""
        level = bool(level)
        if self._levels.get(output, False) == level:
            return
        self._levels[output] = level
        for receiver in self._outputs.get(output, ()):
            receiver(level)


class PlainRegisters(Device):
    """A block that a start-up writes and reads back, with no effect that firmware can see."""

    def __init__(self, host, name, block):
        self.block = block
        Device.__init__(self, host, name)
