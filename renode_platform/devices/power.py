"""Supply current from the data sheet's tables (typical, 25 C, 3.3 V).

What the tables hold, so that nothing counts twice (DS 6.3.7): the rows of Tables 24..30 and 33,
"all peripherals disabled", include the core, the buses, the memories, the regulator and, above
25 MHz, the main PLL. They do not include HSE, HSI and other analog parts. So the current is

    static + V12 x charge(HCLK)      core, buses, memories: a row less its PLL and static share
    + PLL(VCO)                       while the PLL is on, SYSCLK or not
    + HSI + HSE + LSI + LSE          while on
    + sum of uA/MHz x bus clock      enabled peripherals, Table 39

The regulator is linear: the current at one frequency is proportional to the core voltage V12, so
one curve of charge per volt serves every voltage scale. The curve passes through every row of its
table (mean and worst residual 0.00 mA, rounding aside) as a monotone cubic (Fritsch and Carlson,
1980) that begins at zero. It is defined for each voltage scale at every frequency, which is what
SYSCLK on HSE needs while the PLL keeps the strong scale in effect.
"""

from . import datasheet as ds
from .registers import RCC

_BUSES = (("AHB1", "hclk_hz"), ("AHB2", "hclk_hz"), ("AHB3", "hclk_hz"), ("APB1", "pclk1_hz"),
          ("APB2", "pclk2_hz"))  # fmt: skip


class MonotoneCubic(object):
    """A smooth curve through points of rising x and y that never falls between them."""

    def __init__(self, points):
        self.xs = [float(x) for x, _ in points]
        self.ys = [float(y) for _, y in points]
        widths = [b - a for a, b in zip(self.xs, self.xs[1:])]
        secants = [(b - a) / float(width) for a, b, width in zip(self.ys, self.ys[1:], widths)]
        slopes = [secants[0]]
        for i in range(1, len(secants)):
            before, after = secants[i - 1], secants[i]
            # The weighted harmonic mean keeps each piece monotone.
            first = 2 * widths[i] + widths[i - 1]
            second = widths[i] + 2 * widths[i - 1]
            slopes.append((first + second) / float(first / float(before) + second / float(after)))
        slopes.append(secants[-1])
        self.slopes = slopes

    def __call__(self, x):
        """Return y at x; beyond the last point the curve goes on straight."""
        if x >= self.xs[-1]:
            return self.ys[-1] + self.slopes[-1] * (x - self.xs[-1])
        i = 0
        while x > self.xs[i + 1]:
            i += 1
        width = self.xs[i + 1] - self.xs[i]
        t = (x - self.xs[i]) / float(width)
        return (
            self.ys[i] * (1 + 2 * t) * (1 - t) * (1 - t)
            + self.slopes[i] * width * t * (1 - t) * (1 - t)
            + self.ys[i + 1] * t * t * (3 - 2 * t)
            + self.slopes[i + 1] * width * t * t * (t - 1)
        )


def core_voltage_v(vos, overdrive):
    """Return V12 at a voltage scale."""
    return ds.V12_V[vos][1 if overdrive else 0]


def pll_current_a(vco_hz):
    """Return what the PLL draws from VDD and VDDA: the middle of DS Table 47's range.

    Between and beyond the two frequencies of the table the current is linear in the frequency.
    """
    (low_hz, low_a), (high_hz, high_a) = [
        (row[0], (row[1] + row[2]) / 2.0 + (row[3] + row[4]) / 2.0) for row in ds.PLL_CURRENT_A
    ]
    return low_a + (high_a - low_a) * (vco_hz - low_hz) / float(high_hz - low_hz)


def _charge_curve(table):
    """Return the curve from HCLK in Hz to current a volt of V12, without PLL and static current."""
    points = [(0, 0.0)]
    for (megahertz, vos, overdrive), total_ma in zip(ds.CURRENT_ROWS, ds.CURRENT_TABLES_MA[table]):
        hclk_hz = megahertz * ds.MHZ
        current_a = total_ma * 1e-3 - ds.STATIC_CURRENT_A
        if hclk_hz > ds.CURRENT_ROWS_PLL_ABOVE_HZ:
            current_a -= pll_current_a(ds.CURRENT_ROWS_VCO_PER_HCLK * hclk_hz)
        points.append((hclk_hz, current_a / float(core_voltage_v(vos, overdrive))))
    return MonotoneCubic(points)


_CURVES = {table: _charge_curve(table) for table in ds.CURRENT_TABLES_MA}


def core_current_a(hclk_hz, vos, overdrive, table="cached"):
    """Return the current of core, buses and memories, without PLL, oscillators and peripherals.

    Parameters
    ----------
    hclk_hz : int
    vos : int
        Voltage scale in effect, 1 .. 3.
    overdrive : bool
    table : str
        A key of `datasheet.CURRENT_TABLES_MA`: where code runs from and which caches are on, or
        ``"sleep"``.
    """
    return ds.STATIC_CURRENT_A + core_voltage_v(vos, overdrive) * _CURVES[table](hclk_hz)


def run_table_current_a(hclk_hz, vos, overdrive, icache, dcache):
    """Return `core_current_a` of code in flash on AXI; one cache alone counts as halfway."""
    cached = core_current_a(hclk_hz, vos, overdrive, "cached")
    if icache and dcache:
        return cached
    uncached = core_current_a(hclk_hz, vos, overdrive, "uncached")
    return (cached + uncached) / 2.0 if icache or dcache else uncached


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


def current_a(clocks, mode, icache=True, dcache=True, loads=None):
    """Return the supply current in run or sleep mode.

    Parameters
    ----------
    clocks : Clocks
    mode : str
        ``"run"`` or ``"sleep"``.
    icache, dcache : bool
    loads : dict, optional
        What `peripheral_loads` returns; none without.
    """
    if mode == "sleep":
        total = core_current_a(clocks.hclk_hz, clocks.vos, clocks.overdrive, "sleep")
    else:
        total = run_table_current_a(clocks.hclk_hz, clocks.vos, clocks.overdrive, icache, dcache)
    if clocks.pll_on:
        total += pll_current_a(clocks.vco_hz)
    total += oscillator_current_a(clocks)
    if loads is not None:
        total += peripheral_current_a(clocks, loads)
    return total
