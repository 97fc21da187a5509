"""What the data sheet allows of a clock, and what it demands at a frequency.

The numbers are those of ``renode_platform/devices/datasheet.py``, which the device models enforce:
what passes here runs on the board.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

__all__ = [
    "AHB_DIVIDERS",
    "PLL_INPUT_PREFERRED_HZ",
    "Source",
    "apb_dividers",
    "broken_rules",
    "overdrive_needed",
    "voltage_scale",
]

#: What SYSCLK can run on.
Source = Literal["hsi", "hse", "pll"]

AHB_DIVIDERS: Final = (1, 2, 4, 8, 16)
_APB_DIVIDERS: Final = (1, 2, 4, 8, 16)
#: ST recommends this PLL input, which limits jitter (RM0410, RCC_PLLCFGR.PLLM).
PLL_INPUT_PREFERRED_HZ: Final = 2_000_000


def broken_rules(
    source: str, factors: tuple[int, int, int], ahb_divider: int, hse_hz: int
) -> list[tuple[str, str]]:
    """Return (rule, message) of the limits that source, PLL factors and AHB divider break.

    Parameters
    ----------
    factors
        PLLM, PLLN, PLLP; looked at where the source is the PLL.
    hse_hz
        The board's HSE frequency, an external clock; 0 for none.
    """
    found = []
    if source not in get_args(Source):
        found.append(("source", f"source {source!r}; allowed: hsi, hse, pll"))
    if ahb_divider not in AHB_DIVIDERS:
        found.append(("ahb-divider", f"AHB divider {ahb_divider}; allowed: 1, 2, 4, 8, 16"))
    if source == "hse" or (source == "pll" and hse_hz):
        found += clock_tree.hse_violations(hse_hz, bypass=True)
    if source == "pll":
        found += clock_tree.pll_violations(hse_hz or ds.HSI_HZ, *factors)
    return found


def voltage_scale(sysclk_hz: int) -> int:
    """Return the weakest voltage scale (3 weakest) that holds a SYSCLK from the PLL."""
    return next((s for s in (3, 2) if sysclk_hz <= ds.HCLK_MAX_HZ[s][0]), 1)


def overdrive_needed(sysclk_hz: int, scale: int) -> bool:
    """Say whether a SYSCLK is above what a voltage scale holds without over-drive."""
    return sysclk_hz > int(ds.HCLK_MAX_HZ[scale][0])


def apb_dividers(hclk_hz: int, *, overdrive: bool) -> tuple[int, int]:
    """Return the smallest dividers that keep PCLK1 and PCLK2 within their limits."""
    low, high = (
        next((d for d in _APB_DIVIDERS if hclk_hz // d <= limits[int(overdrive)]), 16)
        for limits in (ds.PCLK1_MAX_HZ, ds.PCLK2_MAX_HZ)
    )
    return low, high
