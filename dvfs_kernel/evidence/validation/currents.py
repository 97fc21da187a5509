"""Every row of the data sheet's current tables against the current model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.evidence.validation.figure import Figure
from renode_platform.devices import datasheet as ds
from renode_platform.devices import power
from renode_platform.devices.clock_tree import Clocks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTRADICTING", "measure_currents", "row_clocks", "table_current_a"]

_MHZ = 1_000_000

#: Rows that the rest of the data sheet contradicts, and how.
CONTRADICTING = {
    ("itcm_ram", 144): "15 % above the line through its neighbours, and above Table 25",
}

_TABLES = {
    "itcm_ram": ("24", "code in ITCM RAM"),
    "cached": ("25", "flash or SRAM on AXI, caches on"),
    "cached_dual_bank": ("26", "dual bank flash, caches on"),
    "uncached": ("27", "flash on AXI, caches off"),
    "uncached_dual_bank": ("28", "dual bank flash, caches off"),
    "itcm_flash_no_art": ("29", "flash on ITCM, accelerator off"),
    "itcm_flash_no_art_dual_bank": ("30", "dual bank flash on ITCM, accelerator off"),
    "sleep": ("33", "Sleep"),
}
_LOW_POWER = ("main regulator", "low-power regulator")


def row_clocks(megahertz: int, vos: int, overdrive: bool) -> Any:
    """Return the conditions under which a row of the tables was measured."""
    clocks = Clocks()
    clocks.hsi_on = False
    clocks.hse_on = clocks.hse_bypass = True
    clocks.hse_hz = 25 * _MHZ
    clocks.sysclk_hz = clocks.hclk_hz = megahertz * _MHZ
    # DS 6.3.7: PCLK1 is a quarter, PCLK2 half of HCLK.
    clocks.pclk1_hz, clocks.pclk2_hz = clocks.hclk_hz // 4, clocks.hclk_hz // 2
    clocks.vos, clocks.overdrive = vos, overdrive
    clocks.flash_wait_states = next(
        n for n, limit in enumerate(ds.WAIT_STATE_HCLK_HZ) if clocks.hclk_hz <= limit
    )
    clocks.pll_on = clocks.hclk_hz > ds.CURRENT_ROWS_PLL_ABOVE_HZ
    clocks.vco_hz = ds.CURRENT_ROWS_VCO_PER_HCLK * clocks.hclk_hz if clocks.pll_on else 0
    return clocks


def table_current_a(
    table: str,
    clocks: Any,
    model: power.CurrentModel = power.DEFAULT_MODEL,
    reads_without_art: float = ds.FLASH_READS_WITHOUT_ART,
) -> float:
    """Return what the model says of a row: CoreMark from that memory, peripherals off."""
    if table == "sleep":
        return float(power.current_a(clocks, "sleep", model=model))
    values = model.values
    kind = "cached" if table in {"itcm_ram", "cached_dual_bank"} else table
    work, words = power.coremark_activity(clocks.flash_wait_states, kind)
    total = power.current_a(clocks, "run", activity=(work, 0.0), model=model)
    word_c = values["flash_half_word_c" if table.endswith("dual_bank") else "flash_word_c"]
    reads = reads_without_art if table.startswith("itcm_flash") else 1
    total += clocks.hclk_hz * words * reads * word_c
    if table == "itcm_ram":
        volts = model.core_voltage_v(clocks.vos, clocks.overdrive)
        total += volts * clocks.hclk_hz * values["itcm_ram_c_per_v"]
    return float(total)


def measure_currents(model: power.CurrentModel = power.DEFAULT_MODEL) -> Iterator[Figure]:
    """Yield every row with peripherals disabled, and the currents in Stop."""
    for table, row_ma in ds.CURRENT_TABLES_MA.items():
        number, text = _TABLES[table]
        for row, published_ma in zip(ds.CURRENT_ROWS, row_ma, strict=True):
            yield Figure(
                "current",
                f"{text}, {row[0]} MHz",
                published_ma,
                table_current_a(table, row_clocks(*row), model) * 1e3,
                "mA",
                f"ST DS11532 Rev 7, Table {number}",
                "fitted",
                excepted=CONTRADICTING.get((table, row[0]), ""),
            )
    clocks = row_clocks(25, 3, overdrive=False)
    for state, published in ds.STOP_CURRENT_A.items():
        for low_power, published_a in enumerate(published):
            yield Figure(
                "current in Stop",
                f"Stop, {state}, {_LOW_POWER[low_power]}",
                published_a * 1e3,
                float(power.stop_current_a(clocks, state, bool(low_power))) * 1e3,
                "mA",
                "ST DS11532 Rev 7, Table 35",
                "sourced",
            )
