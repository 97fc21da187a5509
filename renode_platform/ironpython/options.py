"""What the variables of ``nucleo_f767zi_machine.resc`` say."""

from ..devices.clock_tree import PLL_LOCK_CORNERS

_PS_DIGITS = 6  # decimals of a microsecond


class Options(object):
    """How a board is to be, with the attributes that `renode_platform.devices.attach` asks for.

    Parameters
    ----------
    repl : str
        The board's description, which the machine was loaded from.
    hse_hz : int
        Frequency of the HSE; 0 takes the description's.
    pll_lock : str or int or float
        See `renode_platform.devices.rcc.Rcc`; a number, or one as text, is in microseconds here.
    table : str
        A file with the cycles of every stretch between two markers; empty is the mean cost.
    serial : str
        ``"paced"``: serial ports are models, whose bytes take the time that kernel clock and BRR
        give. ``"stock"``: they are Renode's own, whose bytes take none and cost the host less.
    mpu : str
        ``"off"``: firmware cannot switch the memory protection on. Renode checks it at every access
        where a region has subregions, and then runs at a sixth of its speed.
    access : int
        Core cycles that an access to a device model takes where the mean cost holds.

    Raises
    ------
    ValueError
        A word is not one of those allowed.
    """

    def __init__(
        self, repl, hse_hz=0, pll_lock="typ", table="", serial="paced", mpu="on", access=0
    ):
        _check("serial", serial, ("paced", "stock"))
        _check("mpu", mpu, ("on", "off"))
        self.repl = repl
        self.hse_hz = hse_hz or None
        self.pll_lock = _lock(pll_lock)
        self.table = table
        self.paced = serial == "paced"
        self.guarded = mpu == "on"
        self.access_cycles = access


def from_variables(variable):
    """Return the options that ``variable(name)`` tells."""
    return Options(
        _path(variable("repl")),
        int(variable("hse")),
        variable("pll_lock"),
        _path(variable("cycles")),
        str(variable("serial")),
        str(variable("mpu")),
        int(variable("access")),
    )


def _lock(value):
    """Return a corner, or picoseconds of microseconds as they are written: no float in between."""
    text = str(value)
    if text in PLL_LOCK_CORNERS:
        return text
    whole, _, decimals = text.partition(".")
    if not (whole + decimals).isdigit():
        raise ValueError(
            "pll_lock is %r; allowed: %s, or microseconds such as 150 or 87.5"
            % (text, ", ".join(PLL_LOCK_CORNERS))
        )
    kept = decimals[:_PS_DIGITS].ljust(_PS_DIGITS, "0")
    return int(whole + kept) + (decimals[_PS_DIGITS : _PS_DIGITS + 1] >= "5")


def _path(value):
    """Return a path without the sign that Renode's monitor marks paths with."""
    return str(value).lstrip("@")


def _check(name, value, allowed):
    if value not in allowed:
        raise ValueError("%s is %r; allowed: %s" % (name, value, ", ".join(allowed)))
