"""The board as Renode holds it, in the form that the device models are made from."""

# Types of Renode that stand in for a model, wherever the description puts one.
_TIMER, _USART = "STM32_Timer", "STM32F7_USART"
# Entries whose names decide.
_NAMES = ("rcc", "pwr", "flashController", "powerMeter", "dbgmcu", "lptim1")
_HSE = ("hseClock", "hseCrystal")


class Entry(object):
    """One peripheral; attributes as `renode_platform.devices.attach` reads them."""

    def __init__(self, name, kind, registrations, attributes=None, interrupts=()):
        self.name = name
        self.type = kind
        self.registrations = registrations
        self.attributes = attributes or {}
        self.interrupts = list(interrupts)


class Description(object):
    """Entries by name."""

    def __init__(self):
        self.peripherals = {}

    def add(self, entry):
        self.peripherals[entry.name] = entry


def is_modelled(name, kind, paced):
    """Say whether a model takes the place of a peripheral; of a serial port only where paced."""
    return name in _NAMES or kind == _TIMER or (kind == _USART and paced)


def hse_entry(path, read_lines):
    """Return the entry of the HSE from a board's ``.repl``, or None.

    Renode makes an object of it and forgets it, since nothing is connected to it; so the number
    is read from the text. A file's own entry comes before that of a file it uses.

    Parameters
    ----------
    path : str
    read_lines : callable
        Returns the lines of a file.
    """
    name = frequency_hz = None
    used = []
    for line in read_lines(path):
        words = line.split("//")[0].split()
        if not words:
            continue
        if line[0] not in " \t":
            name = words[0].rstrip(":") if words[0].rstrip(":") in _HSE else None
            if words[0] == "using":
                used.append(words[1].strip('"'))
        elif name is not None and words[0] == "frequency:":
            frequency_hz = int(words[1], 0)
            return Entry(name, "", [], {"frequency": frequency_hz})
    folder = path[: max(path.rfind("/"), path.rfind("\\")) + 1]
    for relative in reversed(used):
        if relative.startswith("./"):
            entry = hse_entry(folder + relative[2:], read_lines)
            if entry is not None:
                return entry
    return None
