"""How a register block is written down: offsets, reset values and fields."""


def _parse_fields(text):
    """Return ``{name: (position, width)}`` and the mask of software-writable bits."""
    fields = {}
    writable = 0
    for item in text.split(","):
        words = item.split()
        if not words:
            continue
        high, _, low = words[1].partition(":")
        position = int(low or high)
        width = int(high) - position + 1
        fields[words[0]] = (position, width)
        if words[2:] != ["r"]:
            writable |= ((1 << width) - 1) << position
    return fields, writable


class Register(object):
    """One register of a block.

    Attributes
    ----------
    offset : int
        Bytes from the block's base.
    reset : int
        Value after a system reset.
    fields : dict
        Field name to ``(position, width)``, in bits.
    writable : int
        Mask of the bits that software can write; all ones where no field is listed.
    """

    def __init__(self, offset, reset=0, fields=""):
        self.offset = offset
        self.reset = reset
        self.fields, self.writable = _parse_fields(fields)
        if not self.fields:
            self.writable = 0xFFFFFFFF

    def mask(self, field):
        """Return the mask of a field, in place."""
        position, width = self.fields[field]
        return ((1 << width) - 1) << position

    def get(self, value, field):
        """Return a field's value out of a register value."""
        position, width = self.fields[field]
        return (value >> position) & ((1 << width) - 1)

    def put(self, value, field, content):
        """Return the register value with one field replaced."""
        mask = self.mask(field)
        return (value & ~mask) | ((content << self.fields[field][0]) & mask)


class Block(object):
    """A named set of registers; ``block.CR`` is the register called CR."""

    def __init__(self, name, registers):
        self.name = name
        self.registers = registers
        self.by_offset = {}
        for register_name, register in registers.items():
            setattr(self, register_name, register)
            self.by_offset[register.offset] = register_name
