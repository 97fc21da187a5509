"""What the chip draws while the firmware runs at a clock that need not be running just now.

The same functions that the virtual boards' power meter integrates
(``renode_platform/devices/power.py``): this is how the energy at a clock follows from counters that
were taken at another one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.clocks.setting import ClockSetting
from renode_platform.devices import datasheet as ds
from renode_platform.devices import power
from renode_platform.devices.registers import RCC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dvfs_kernel.clocks.state import ClockState
    from renode_platform.devices.clock_tree import Clocks

__all__ = [
    "FIRMWARE_CLOCKS",
    "firmware_current_a",
    "park_setting",
    "run_charges",
    "run_current_a",
    "running_on",
    "state_clocks",
    "waiting_current_a",
]

#: Peripherals whose bus clock the firmware switches on, by bus, beside what reset leaves on. A test
#: holds them against the registers of a board that runs the firmware.
FIRMWARE_CLOCKS: Final = {
    "AHB1": ("GPIOB", "GPIOD", "GPIOE"),
    "APB1": ("USART3", "I2C1", "LPTIM1", "PWR"),
}


#: Of these, what still has its clock while the core sleeps in gated Sleep or on its way to Stop.
_GATED_CLOCKS: Final = {"APB1": ("LPTIM1",)}


@lru_cache(maxsize=2)
def _firmware_loads(*, gated: bool = False) -> dict[str, Any]:
    clocked = _GATED_CLOCKS if gated else FIRMWARE_CLOCKS
    enables = {}
    for bus in ("AHB1", "AHB2", "AHB3", "APB1", "APB2"):
        register = RCC.registers[bus + "ENR"]
        enables[bus] = register.reset | sum(
            register.mask(name + "EN") for name in clocked.get(bus, ())
        )
    loads: dict[str, Any] = power.peripheral_loads(enables)
    return loads


def park_setting(hse_hz: int) -> ClockSetting:
    """Return what the firmware relocks the PLL on: the faster one of HSE and HSI."""
    return ClockSetting("hse" if hse_hz > ds.HSI_HZ else "hsi")


def state_clocks(state: ClockState, hse_hz: int) -> Clocks:
    """Return the clock tree as the firmware leaves it in a state.

    With SYSCLK on the HSE and the PLL still locked, the voltage scale, over-drive and the PLL's
    current stay those of the PLL setting. The APB dividers are set anew at each lock and grow from
    there: they are those of the fastest clock since.
    """
    if state.pll is None:
        return state.setting.clocks(hse_hz)
    settings = (park_setting(hse_hz), state.pll, state.setting)
    return running_on(state.setting, hse_hz, locked=state.pll, since=settings)


def running_on(
    running: ClockSetting,
    hse_hz: int,
    *,
    locked: ClockSetting,
    since: Iterable[ClockSetting] = (),
) -> Clocks:
    """Return the clock tree with SYSCLK on one setting and the PLL locked on another.

    Parameters
    ----------
    since
        Settings whose APB dividers are kept where they are the larger ones.
    """
    clocks, pll = running.clocks(hse_hz), locked.clocks(hse_hz)
    clocks.pll_on = True
    clocks.vos, clocks.overdrive = pll.vos, pll.overdrive
    clocks.vco_hz, clocks.pll_output_hz = pll.vco_hz, pll.pll_output_hz
    kept = [(c.hclk_hz // c.pclk1_hz, c.hclk_hz // c.pclk2_hz)
            for c in (clocks, *(setting.clocks(hse_hz) for setting in since))]  # fmt: skip
    apb1_divider, apb2_divider = (max(dividers) for dividers in zip(*kept, strict=True))
    clocks.divide(running.ahb_divider, apb1_divider, apb2_divider, timers_fast=False)
    return clocks


def firmware_current_a(clocks: Clocks, activity: tuple[float, float] | None = None) -> float:
    """Return the supply current while code runs with both caches on, peripherals included.

    Parameters
    ----------
    activity
        Busy cycles and flash words, of all cycles; by default those of the data sheet's code.
    """
    return float(power.current_a(clocks, "run", loads=_firmware_loads(), activity=activity))


def run_current_a(state: ClockState, hse_hz: int) -> float:
    """Return the supply current of a state while code runs, peripherals included."""
    return firmware_current_a(state_clocks(state, hse_hz))


def waiting_current_a(
    state: ClockState, hse_hz: int, model: power.CurrentModel = power.DEFAULT_MODEL
) -> float:
    """Return the supply current while the core waits asleep in a state, peripherals gated."""
    clocks = state_clocks(state, hse_hz)
    return float(power.base_current_a(clocks, "sleep", _firmware_loads(gated=True), model))


def run_charges(
    state: ClockState, hse_hz: int, model: power.CurrentModel = power.DEFAULT_MODEL
) -> tuple[float, float, float]:
    """Return what a state draws while code runs, in the terms in which energy follows from counts.

    Returns
    -------
    base_a : float
        Amperes, peripherals included, whatever the core does.
    work_c, flash_c : float
        Coulombs that every busy cycle and every flash word add.
    """
    clocks = state_clocks(state, hse_hz)
    return (
        float(power.base_current_a(clocks, "run", _firmware_loads(), model)),
        float(model.work_charge_c(clocks.vos, clocks.overdrive)),
        float(model.flash_charge_c()),
    )
