"""A clock setting: what SYSCLK runs on, what that gives and needs, and whether it is allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self, get_args

import numpy as np

from dvfs_kernel.clocks import limits
from dvfs_kernel.clocks.limits import AHB_DIVIDERS, PLL_INPUT_PREFERRED_HZ, Source
from dvfs_kernel.errors import ClockError
from dvfs_kernel.link import abi
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

__all__ = ["ClockSetting"]

_TEXT = re.compile(
    r"(?P<source>hsi|hse|pll(?P<factors>:(?P<m>\d{1,3})/(?P<n>\d{1,4})/(?P<p>\d)))"
    r"(?::ahb(?P<ahb>\d{1,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """One way to clock the core.

    The PLL runs on the HSE, or on HSI on a board without one (``hse_hz`` of 0).

    Parameters
    ----------
    source
        What SYSCLK runs on: ``"hsi"``, ``"hse"`` or ``"pll"``.
    pllm, plln, pllp
        The PLL's factors, SYSCLK = source / M x N / P; 0 without the PLL.
    ahb_divider
        HCLK = SYSCLK / divider.

    Examples
    --------
    >>> fast = ClockSetting.parse("pll:25/216/2")
    >>> fast.sysclk_hz(50_000_000), fast.required_wait_states(50_000_000)
    (216000000, 7)
    >>> str(ClockSetting("hse", ahb_divider=2))
    'hse:ahb2'
    """

    source: Source
    pllm: int = 0
    plln: int = 0
    pllp: int = 0
    ahb_divider: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``hsi``, ``hse`` or ``pll:M/N/P``, each with ``:ahbD`` for an AHB divider.

        Raises
        ------
        ClockError
            The text has another form. Whether the numbers are allowed is for `check` to say.
        """
        match = _TEXT.fullmatch(text.strip().lower())
        if match is None:
            raise ClockError(
                f"clock {text!r}; allowed: hsi, hse, pll:M/N/P such as pll:25/216/2, "
                "each with :ahbD for an AHB divider"
            )
        source: Source = (
            "pll" if match["factors"] else "hse" if text.strip()[2:3] in "eE" else "hsi"
        )
        m, n, p = (int(match[name] or 0) for name in "mnp")
        return cls(source, m, n, p, int(match["ahb"] or 1))

    @classmethod
    def fastest(cls, hse_hz: int) -> Self:
        """Return the PLL setting with the highest SYSCLK that a board's HSE can give.

        Of equals, the one whose PLL input is nearest to the recommended 2 MHz.
        """
        source_hz = hse_hz or ds.HSI_HZ
        best = None
        for m in range(ds.PLLM[0], ds.PLLM[1] + 1):
            n = min(ds.VCO_HZ[1] * m // source_hz, ds.PLLN[1])
            if clock_tree.pll_violations(source_hz, m, n, ds.PLLP[0]):
                continue
            jitter = -abs(source_hz / m - PLL_INPUT_PREFERRED_HZ)
            rank = (source_hz * n // m, jitter)
            if best is None or rank > best[0]:
                best = rank, cls("pll", m, n, ds.PLLP[0])
        if best is None:
            raise ClockError(
                f"HSE of {clock_tree.megahertz(hse_hz)} cannot feed the PLL; its input, HSE / M, "
                f"may have {clock_tree.between(ds.PLL_INPUT_HZ)}"
            )
        return best[1]

    def __str__(self) -> str:
        text = f"pll:{self.pllm}/{self.plln}/{self.pllp}" if self.source == "pll" else self.source
        return text if self.ahb_divider == 1 else f"{text}:ahb{self.ahb_divider}"

    # ---- what it gives ----

    def sysclk_hz(self, hse_hz: int) -> int:
        """Return SYSCLK in hertz, rounded down."""
        if self.source == "hsi":
            return ds.HSI_HZ
        if self.source == "hse":
            return hse_hz
        if self.pllm < 1 or self.pllp < 1:
            raise ClockError(f"clock {self}: PLLM and PLLP divide; they cannot be 0")
        return (hse_hz or ds.HSI_HZ) * self.plln // (self.pllm * self.pllp)

    def hclk_hz(self, hse_hz: int) -> int:
        """Return the core's clock in hertz, rounded down."""
        return self.sysclk_hz(hse_hz) // self.ahb_divider

    def vco_hz(self, hse_hz: int) -> int:
        """Return the PLL's oscillator frequency in hertz, 0 without the PLL."""
        if self.source != "pll" or self.pllm < 1:
            return 0
        return (hse_hz or ds.HSI_HZ) * self.plln // self.pllm

    def pll_input_hz(self, hse_hz: int) -> int:
        """Return the frequency that the PLL multiplies, source / M, in hertz, 0 without the PLL."""
        if self.source != "pll" or self.pllm < 1:
            return 0
        return (hse_hz or ds.HSI_HZ) // self.pllm

    # ---- what it needs ----

    def required_wait_states(self, hse_hz: int) -> int:
        """Return the fewest flash wait states at 2.7 to 3.6 V.

        Raises
        ------
        ClockError
            HCLK is above what the flash can follow.
        """
        hclk_hz = self.hclk_hz(hse_hz)
        wait_states: int | None = clock_tree.required_wait_states(hclk_hz)
        if wait_states is None:
            raise ClockError(
                f"{self}: HCLK is {clock_tree.megahertz(hclk_hz)}; "
                f"at most {clock_tree.megahertz(ds.WAIT_STATE_HCLK_HZ[-1])}"
            )
        return wait_states

    def voltage_scale(self, hse_hz: int) -> int:
        """Return the weakest voltage scale (3 weakest) that holds SYSCLK, over-drive last.

        It goes by SYSCLK, not HCLK, so that it belongs to the PLL's factors alone and a change of
        the AHB divider needs no relock. Without the PLL the chip is at scale 3 by itself.
        """
        if self.source != "pll":
            return 3
        return limits.voltage_scale(self.sysclk_hz(hse_hz))

    def needs_overdrive(self, hse_hz: int) -> bool:
        """Say whether SYSCLK is above what the voltage scale holds without over-drive."""
        return limits.overdrive_needed(self.sysclk_hz(hse_hz), self.voltage_scale(hse_hz))

    def clocks(self, hse_hz: int) -> clock_tree.Clocks:
        """Return the state of the clock tree with this setting and the firmware's choices.

        Those are: the voltage scale and wait states above, and the smallest APB dividers allowed.
        """
        clocks = clock_tree.Clocks()
        clocks.source = self.source
        clocks.hse_hz = hse_hz
        clocks.hse_on = clocks.hse_bypass = self.source != "hsi" and hse_hz > 0
        clocks.sysclk_hz = self.sysclk_hz(hse_hz)
        clocks.vos = self.voltage_scale(hse_hz)
        clocks.overdrive = self.needs_overdrive(hse_hz)
        clocks.pll_on = self.source == "pll"
        clocks.vco_hz = self.vco_hz(hse_hz)
        clocks.pll_output_hz = clocks.sysclk_hz if clocks.pll_on else 0
        hclk_hz = self.hclk_hz(hse_hz)
        apb1_divider, apb2_divider = limits.apb_dividers(hclk_hz, overdrive=clocks.overdrive)
        clocks.divide(self.ahb_divider, apb1_divider, apb2_divider, timers_fast=False)
        wait_states = clock_tree.required_wait_states(hclk_hz)
        clocks.flash_wait_states = (
            len(ds.WAIT_STATE_HCLK_HZ) - 1 if wait_states is None else wait_states
        )
        return clocks

    def violations(self, hse_hz: int) -> list[str]:
        """Return every limit of the data sheet that the setting breaks, as messages.

        Parameters
        ----------
        hse_hz
            The board's HSE frequency, an external clock; 0 for none.
        """
        return [message for _, message in self.broken_rules(hse_hz)]

    def broken_rules(self, hse_hz: int) -> list[tuple[str, str]]:
        """Return (rule, message) of every limit of the data sheet that the setting breaks.

        Parameters
        ----------
        hse_hz
            The board's HSE frequency, an external clock; 0 for none.
        """
        factors = (self.pllm, self.plln, self.pllp)
        found = limits.broken_rules(self.source, factors, self.ahb_divider, hse_hz)
        return found or list(clock_tree.limit_violations(self.clocks(hse_hz)))

    def check(self, hse_hz: int) -> None:
        """Refuse a setting that the data sheet does not allow.

        Parameters
        ----------
        hse_hz
            The board's HSE frequency, an external clock; 0 for none.

        Raises
        ------
        ClockError
            Names every limit that is broken, with the value and what is allowed.
        """
        found = self.violations(hse_hz)
        if found:
            raise ClockError(f"clock {self}: " + "; ".join(found))

    # ---- the firmware's form ----

    def to_bytes(self) -> bytes:
        """Return the ``clock`` struct that the firmware reads."""
        record = np.zeros((), abi.CLOCK)
        values = {
            "source": int(abi.ClockSource[self.source.upper()]),
            "pllm": self.pllm,
            "plln": self.plln,
            "pllp": self.pllp,
            "ahb_divider_log2": self.ahb_divider.bit_length() - 1,
        }
        for name, value in values.items():
            limit = np.iinfo(record.dtype[name]).max
            if not 0 <= value <= limit:
                raise ClockError(f"clock {self}: {name} is {value}; 0 to {limit} can be sent")
            record[name] = value
        return record.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a ``clock`` struct.

        Raises
        ------
        ClockError
            The struct names a source or a divider that there is not.
        """
        if len(data) != abi.CLOCK.itemsize:
            raise ClockError(f"clock of {len(data)} bytes; allowed: {abi.CLOCK.itemsize}")
        record = np.frombuffer(data, abi.CLOCK)[0]
        sources: dict[int, Source] = {
            int(abi.ClockSource[name.upper()]): name for name in get_args(Source)
        }
        source, divider_log2 = int(record["source"]), int(record["ahb_divider_log2"])
        if source not in sources or divider_log2 >= len(AHB_DIVIDERS):
            raise ClockError(
                f"clock with source {source} and AHB divider 2^{divider_log2}; "
                f"allowed: source 0 to 2, divider 2^0 to 2^{len(AHB_DIVIDERS) - 1}"
            )
        return cls(
            sources[source],
            int(record["pllm"]),
            int(record["plln"]),
            int(record["pllp"]),
            AHB_DIVIDERS[divider_log2],
        )
