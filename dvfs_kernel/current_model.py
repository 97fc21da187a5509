"""What the chip draws while the firmware runs at a clock that need not be running just now.

The same functions that the virtual boards' power meter integrates
(``renode_platform/devices/power.py``): this is how the energy at a clock follows from counters that
were taken at another one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from renode_platform.devices import power
from renode_platform.devices.registers import RCC

if TYPE_CHECKING:
    from dvfs_kernel.clock_switching import ClockState
    from renode_platform.devices.clock_tree import Clocks

__all__ = ["FIRMWARE_CLOCKS", "run_current_a", "state_clocks"]

#: Peripherals whose bus clock the firmware switches on, by bus, beside what reset leaves on. A test
#: holds them against the registers of a board that runs the firmware.
FIRMWARE_CLOCKS: Final = {
    "AHB1": ("GPIOB", "GPIOD", "GPIOE"),
    "APB1": ("USART3", "I2C1", "LPTIM1", "PWR"),
}


@lru_cache(maxsize=1)
def _firmware_loads() -> dict[str, Any]:
    enables = {}
    for bus in ("AHB1", "AHB2", "AHB3", "APB1", "APB2"):
        register = RCC.registers[bus + "ENR"]
        enables[bus] = register.reset | sum(
            register.mask(name + "EN") for name in FIRMWARE_CLOCKS.get(bus, ())
        )
    loads: dict[str, Any] = power.peripheral_loads(enables)
    return loads


def state_clocks(state: ClockState, hse_hz: int) -> Clocks:
    """Return the clock tree as the firmware leaves it in a state.

    With SYSCLK on the HSE and the PLL still locked, the voltage scale, over-drive and the PLL's
    current stay those of the PLL setting.
    """
    clocks = state.setting.clocks(hse_hz)
    if state.on_hse and state.pll is not None:
        locked = state.pll.clocks(hse_hz)
        clocks.pll_on = True
        clocks.vos, clocks.overdrive = locked.vos, locked.overdrive
        clocks.vco_hz, clocks.pll_output_hz = locked.vco_hz, locked.pll_output_hz
    return clocks


def run_current_a(state: ClockState, hse_hz: int) -> float:
    """Return the supply current while code runs with both caches on, peripherals included."""
    return float(power.current_a(state_clocks(state, hse_hz), "run", loads=_firmware_loads()))
