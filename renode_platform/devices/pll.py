"""The main PLL's factors: taken when it starts, whatever the register holds afterwards."""

from . import datasheet as ds
from .clock_tree import fitting_hse, megahertz, pll_violations
from .registers import RCC


class Pll(object):
    """What the PLL runs on and what it makes of it.

    Attributes
    ----------
    source : str
        ``"hsi"`` or ``"hse"``.
    """

    def __init__(self):
        self.source = "hsi"
        self._source_hz = self._m = self._n = self._p = self._q = self._r = 0

    def latch(self, pllcfgr, hse_hz):
        """Take the factors of a PLLCFGR value."""
        get = RCC.PLLCFGR.get
        self.source = "hse" if get(pllcfgr, "PLLSRC") else "hsi"
        self._source_hz = hse_hz if get(pllcfgr, "PLLSRC") else ds.HSI_HZ
        self._m, self._n = get(pllcfgr, "PLLM"), get(pllcfgr, "PLLN")
        self._p = ds.PLLP[get(pllcfgr, "PLLP")]
        self._q, self._r = get(pllcfgr, "PLLQ"), get(pllcfgr, "PLLR")

    def factors(self):
        """Return what decides the frequencies, as one value."""
        return self._source_hz, self._m, self._n, self._p

    def vco_hz(self):
        """Return the oscillator's frequency; 0 where the factors give none."""
        return self._source_hz * self._n // self._m if self._m else 0

    def output_hz(self):
        """Return the frequency of the output that SYSCLK can use."""
        return self._source_hz * self._n // (self._m * self._p) if self._m else 0

    def violations(self):
        """Return ``(rule, message)`` pairs for what the factors break."""
        found = pll_violations(self._source_hz, self._m, self._n, self._p, self._q, self._r)
        fits_hz = None
        if found and self.source == "hse":
            fits_hz = fitting_hse(self._m, self._n, self._p, self._q, self._r)
        if fits_hz is None:
            return found
        stock = ", as a Nucleo-F767ZI is sold with" if fits_hz == ds.USUAL_HSE_HZ[0] else ""
        advice = "this board has %s on OSC_IN; the factors fit %s%s (--hse %s)" % (
            megahertz(self._source_hz), megahertz(fits_hz), stock,
            megahertz(fits_hz).replace(" ", ""),
        )  # fmt: skip
        return [(rule, "%s; %s" % (message, advice)) for rule, message in found]
