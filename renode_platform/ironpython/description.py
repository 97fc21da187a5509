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
    name = None
    used = []
    for number, line in enumerate(read_lines(path), 1):
        words = line.split("//")[0].split()
        if not words:
            continue
        if line[0] not in " \t":
            name = words[0].rstrip(":") if words[0].rstrip(":") in _HSE else None
            if words[0] == "using":
                used.append(_quoted(line, path, number))
        elif name is not None and words[0] == "frequency:":
            return Entry(name, "", [], {"frequency": _hertz(words[1:], path, number)})
    folder = path[: max(path.rfind("/"), path.rfind("\\")) + 1]
    for relative in reversed(used):
        if relative.startswith("./"):
            entry = hse_entry(folder + relative[2:], read_lines)
        elif relative.startswith("../"):
            entry = hse_entry(folder + relative, read_lines)
        elif _is_absolute(relative):
            entry = hse_entry(relative, read_lines)
        else:
            continue  # a file of Renode's own, which has no HSE
        if entry is not None:
            return entry
    return None


def _quoted(line, path, number):
    """Return what a line has in double quotes."""
    parts = line.split('"')
    if len(parts) != 3:
        raise ValueError("%s:%d: using takes one file in double quotes" % (path, number))
    return parts[1]


def _hertz(words, path, number):
    try:
        return int(" ".join(words), 0)
    except ValueError:
        raise ValueError(
            "%s:%d: the HSE's frequency is %s; a whole number of hertz is allowed, such as 8000000"
            % (path, number, " ".join(words) or "missing")
        )


def _is_absolute(path):
    return path.startswith("/") or path[1:2] == ":"
