"""Supply current by activity, fitted to the data sheet's tables (typical, 25 C, 3.3 V).

    static + leakage x (V12 - 1.14 V)                        the chip, always
    + V12 x HCLK x clock                                     clock tree and bus matrix
    + V12 x HCLK x (core + work x busy cycles / cycles)      the core awake, and at work
    + HCLK x flash words / cycle x charge of a word          the flash cells
    + PLL(VCO)                                               while the PLL is on, SYSCLK or not
    + HSI + HSE + LSI + LSE                                  while on
    + sum of uA/MHz x bus clock                              enabled peripherals, Table 39

A cycle in which the core waits for memory costs the clocks, not the work. So energy is linear in
what the core counts: over a stretch of constant clock the charge is the base current times the time
plus a charge for each busy cycle and one for each flash word.

What the tables hold, so that nothing counts twice (DS 6.3.7): the rows of Tables 24..30 and 33,
"all peripherals disabled", include the main PLL above 25 MHz, and no oscillator. Their code "gives
a consumption equivalent to CoreMark"; `COREMARK` says what CoreMark does with each memory.
"""

from . import datasheet as ds
from .registers import RCC

_BUSES = (("AHB1", "hclk_hz"), ("AHB2", "hclk_hz"), ("AHB3", "hclk_hz"), ("APB1", "pclk1_hz"),
          ("APB2", "pclk2_hz"))  # fmt: skip

# By place of code and caches: cycles that CoreMark waits for each busy one without wait states, and
# flash words that it waits for. Counted on the virtual board, `dvfs validate --coremark`.
COREMARK = {
    "cached": (0.0, 0.0),
    "uncached": (0.1747, 0.1691),
    "uncached_dual_bank": (0.2721, 0.2665),
    "itcm_flash_no_art": (1.1827, 0.1690),
    "itcm_flash_no_art_dual_bank": (1.2654, 0.2517),
}


class CurrentModel(object):
    """The model's parameters; `datasheet.CURRENT_MODEL` without arguments.

    Parameters
    ----------
    values : dict, optional
        What differs from the data sheet's fit, by name.

    Raises
    ------
    ValueError
        There is no such parameter.
    """

    def __init__(self, values=None):
        merged = dict(ds.CURRENT_MODEL)
        for name, value in (values or {}).items():
            if name not in merged:
                raise ValueError(
                    "current model parameter %r is unknown; allowed: %s"
                    % (name, ", ".join(sorted(merged)))
                )
            merged[name] = float(value)
        self.values = merged

    def core_voltage_v(self, vos, overdrive):
        """Return V12 at a voltage scale."""
        values = self.values
        volts = values["v12_scale%d_v" % vos]
        return volts + values["overdrive_v"] if overdrive and vos < 3 else volts

    def base_current_a(self, hclk_hz, vos, overdrive, asleep=False):
        """Return the current of core, buses and memories while the core does nothing useful."""
        values = self.values
        volts = self.core_voltage_v(vos, overdrive)
        per_cycle = values["clock_c_per_v"] + (0.0 if asleep else values["core_c_per_v"])
        leakage = values["leakage_a_per_v"] * (volts - values["v12_scale3_v"])
        return values["static_a"] + leakage + volts * hclk_hz * per_cycle

    def work_charge_c(self, vos, overdrive):
        """Return what a busy cycle draws beyond a stalled one."""
        return self.core_voltage_v(vos, overdrive) * self.values["work_c_per_v"]

    def flash_charge_c(self):
        """Return what reading a word of 256 bits from flash draws."""
        return self.values["flash_word_c"]


DEFAULT_MODEL = CurrentModel()


def coremark_activity(wait_states, table="cached"):
    """Return the activity of the data sheet's run code.

    Parameters
    ----------
    wait_states : int
    table : str
        A key of `COREMARK`.

    Returns
    -------
    tuple of (float, float)
        Busy cycles and flash words, of all cycles.
    """
    stalls, words = COREMARK[table]
    cycles = 1.0 + stalls + wait_states * words
    return 1.0 / cycles, words / float(cycles)


def typical_activity(clocks, icache, dcache):
    """Return `coremark_activity` of code in flash on AXI; one cache alone counts as halfway."""
    cached = coremark_activity(clocks.flash_wait_states)
    if icache and dcache:
        return cached
    uncached = coremark_activity(clocks.flash_wait_states, "uncached")
    if not icache and not dcache:
        return uncached
    return (cached[0] + uncached[0]) / 2.0, (cached[1] + uncached[1]) / 2.0


def pll_current_a(vco_hz):
    """Return what the PLL draws from VDD and VDDA: the middle of DS Table 47's range.

    Between and beyond the two frequencies of the table the current is linear in the frequency.
    """
    (low_hz, low_a), (high_hz, high_a) = [
        (row[0], (row[1] + row[2]) / 2.0 + (row[3] + row[4]) / 2.0) for row in ds.PLL_CURRENT_A
    ]
    return low_a + (high_a - low_a) * (vco_hz - low_hz) / float(high_hz - low_hz)


def oscillator_current_a(clocks):
    """Return the current of the oscillators that are on."""
    total = 0.0
    if clocks.hsi_on:
        total += ds.HSI_CURRENT_A
    if clocks.hse_on:
        total += ds.HSE_BYPASS_CURRENT_A if clocks.hse_bypass else ds.HSE_CRYSTAL_CURRENT_A
    if clocks.lsi_on:
        total += ds.LSI_CURRENT_A
    if clocks.lse_on:
        total += ds.LSE_CURRENT_A
    return total


def peripheral_loads(enables):
    """Return the clocked peripherals' load by bus: ``{clock name: uA/MHz at scale 1, 2, 3}``.

    Parameters
    ----------
    enables : dict
        Bus (``"AHB1"``) to the value of its enable register, low-power enables already applied.
    """
    loads = {clock_name: [0.0, 0.0, 0.0] for _, clock_name in _BUSES}
    master = False
    for bus, clock_name in _BUSES:
        register = RCC.registers[bus + "ENR"]
        for field in register.fields:
            peripheral = field[:-2]
            if not register.get(enables[bus], field):
                continue
            master = master or peripheral in ds.BUS_MASTERS
            for column, load in enumerate(ds.PERIPHERAL_UA_PER_MHZ.get(peripheral, (0, 0, 0))):
                loads[clock_name][column] += load
    if master:
        for column, load in enumerate(ds.BUS_MATRIX_UA_PER_MHZ):
            loads["hclk_hz"][column] += load
    return loads


def peripheral_current_a(clocks, loads):
    """Return the current of the peripherals of `peripheral_loads` at a state of the clocks."""
    column = clocks.vos - 1
    total_ua = 0.0
    for clock_name, load in loads.items():
        total_ua += load[column] * getattr(clocks, clock_name) / 1e6
    return total_ua * 1e-6


def stop_current_a(clocks, flash_state, low_power_regulator):
    """Return the current in Stop mode (DS Table 35) and of the low-speed oscillators."""
    total = ds.STOP_CURRENT_A[flash_state][1 if low_power_regulator else 0]
    if clocks.lsi_on:
        total += ds.LSI_CURRENT_A
    if clocks.lse_on:
        total += ds.LSE_CURRENT_A
    return total


def base_current_a(clocks, mode, loads=None, model=DEFAULT_MODEL):
    """Return the current in run or sleep mode without what busy cycles and flash words add."""
    total = model.base_current_a(clocks.hclk_hz, clocks.vos, clocks.overdrive, mode == "sleep")
    if clocks.pll_on:
        total += pll_current_a(clocks.vco_hz)
    total += oscillator_current_a(clocks)
    if loads is not None:
        total += peripheral_current_a(clocks, loads)
    return total


def current_a(
    clocks, mode, icache=True, dcache=True, loads=None, activity=None, model=DEFAULT_MODEL
):
    """Return the supply current in run or sleep mode.

    Parameters
    ----------
    clocks : Clocks
    mode : str
        ``"run"`` or ``"sleep"``.
    icache, dcache : bool
        What the data sheet's code runs with, where the activity is not known.
    loads : dict, optional
        What `peripheral_loads` returns; none without.
    activity : tuple of (float, float), optional
        Busy cycles and flash words, of all cycles of HCLK; by default those of the data sheet's
        code, which is like CoreMark.
    model : CurrentModel
    """
    total = base_current_a(clocks, mode, loads, model)
    if mode == "sleep":
        return total
    work, words = typical_activity(clocks, icache, dcache) if activity is None else activity
    per_cycle = work * model.work_charge_c(clocks.vos, clocks.overdrive)
    return total + clocks.hclk_hz * (per_cycle + words * model.flash_charge_c())
