"""What firmware writes to and reads from device models, to compare one engine with another."""


class TrafficLog(object):
    """Accesses to watched devices, in order; of a register that is polled the last read counts.

    Attributes
    ----------
    lines : list of str
        ``device.register > value`` for a write, ``<`` for a read.
    """

    def __init__(self):
        self.lines = []
        self._watched = set()

    def clear(self):
        """Forget what was recorded; what is watched stays so."""
        self.lines = []

    def watch(self, name, device):
        """Record what a device's registers see from now on, whole words."""
        if name in self._watched:
            return
        self._watched.add(name)
        read_word, write_word = device.read_word, device.write_word
        registers = device.block.by_offset

        def read(offset):
            value = read_word(offset)
            self._add("%s.%s < %08X" % (name, registers.get(offset, offset), value))
            return value

        def write(offset, value):
            self._add("%s.%s > %08X" % (name, registers.get(offset, offset), value))
            write_word(offset, value)

        device.read_word = read
        device.write_word = write

    def _add(self, line):
        # Reads of one register in a row are a wait, whose length is a matter of speed.
        name, read, _ = line.partition(" < ")
        if read and self.lines and self.lines[-1].startswith(name + read):
            self.lines.pop()
        self.lines.append(line)
