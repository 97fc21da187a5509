"""The clock tree as arithmetic: from selections to frequencies, and what the data sheet allows.

Nothing here has state or knows of registers; the RCC model and the host's clock settings both use
it, so a setting that the host accepts is one that the board runs.
"""

from . import datasheet as ds

MHZ = ds.MHZ

# RCC_CFGR.HPRE and PPREx codes to dividers.
AHB_DIVIDERS = (1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512)
APB_DIVIDERS = (1, 1, 1, 1, 2, 4, 8, 16)

SERIAL_PORTS_APB1 = ("usart2", "usart3", "uart4", "uart5", "uart7", "uart8")
SERIAL_PORTS_APB2 = ("usart1", "usart6")
I2C_PORTS = ("i2c1", "i2c2", "i2c3", "i2c4")


class Clocks(object):
    """One state of the clock tree. Frequencies in hertz; 0 is a clock that stands.

    Attributes
    ----------
    source : str
        What SYSCLK runs on: ``"hsi"``, ``"hse"`` or ``"pll"``.
    sysclk_hz, hclk_hz, pclk1_hz, pclk2_hz, tim_apb1_hz, tim_apb2_hz : int
    vco_hz, pll_output_hz : int
        0 while the PLL is off.
    hse_hz : int
        The board's HSE frequency, running or not.
    hsi_on, hse_on, hse_bypass, pll_on, lsi_on, lse_on : bool
    vos : int
        The voltage scale in effect (1 strongest .. 3); 3 while the PLL is off.
    overdrive : bool
        Over-drive switched on and the switch completed.
    flash_wait_states : int
    usart1_hz .. uart8_hz, i2c1_hz .. i2c4_hz, lptim1_hz : int
        Kernel clocks.
    """

    def __init__(self):
        self.source = "hsi"
        self.sysclk_hz = self.hclk_hz = self.pclk1_hz = self.pclk2_hz = ds.HSI_HZ
        self.tim_apb1_hz = self.tim_apb2_hz = ds.HSI_HZ
        self.vco_hz = self.pll_output_hz = 0
        self.hse_hz = 0
        self.hsi_on = True
        self.hse_on = self.hse_bypass = self.pll_on = self.lsi_on = self.lse_on = False
        self.vos = 3
        self.overdrive = False
        self.flash_wait_states = 0
        for port in SERIAL_PORTS_APB1 + SERIAL_PORTS_APB2 + I2C_PORTS + ("lptim1",):
            setattr(self, port + "_hz", ds.HSI_HZ)

    def divide(self, ahb_divider, apb1_divider, apb2_divider, timers_fast):
        """Set every bus and timer clock from SYSCLK.

        `timers_fast` is RCC_DCKCFGR1.TIMPRE: timers run at HCLK up to a bus divider of 4, else at
        four times the bus clock; without it at the bus clock, doubled where that is divided.
        """
        self.hclk_hz = self.sysclk_hz // ahb_divider
        self.pclk1_hz = self.hclk_hz // apb1_divider
        self.pclk2_hz = self.hclk_hz // apb2_divider
        self.tim_apb1_hz = timer_clock_hz(self.hclk_hz, apb1_divider, timers_fast)
        self.tim_apb2_hz = timer_clock_hz(self.hclk_hz, apb2_divider, timers_fast)


def timer_clock_hz(hclk_hz, apb_divider, timers_fast):
    """Return the clock of the timers on a bus (DS Figure 2, note 1)."""
    if timers_fast:
        return hclk_hz if apb_divider <= 4 else hclk_hz * 4 // apb_divider
    return hclk_hz if apb_divider == 1 else hclk_hz * 2 // apb_divider


def required_wait_states(hclk_hz):
    """Return the fewest flash wait states for an HCLK at 2.7 to 3.6 V, or None above the limit."""
    for wait_states, limit_hz in enumerate(ds.WAIT_STATE_HCLK_HZ):
        if hclk_hz <= limit_hz:
            return wait_states
    return None


def megahertz(hz):
    """Return a frequency for a message, e.g. ``"216 MHz"``."""
    return ("%.6f" % (hz / 1e6)).rstrip("0").rstrip(".") + " MHz"


def between(bounds):
    """Return a frequency range for a message."""
    return "%s to %s" % (megahertz(bounds[0]), megahertz(bounds[1]))


def interpolate(points, x):
    """Return y at x on the line through ``(x, y)`` points, the end points' y outside."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) // (x1 - x0)
    return points[-1][1]


PLL_LOCK_CORNERS = ("min", "mid", "typ", "max")


def pll_lock_ps(vco_hz, which):
    """Return the PLL's lock time in picoseconds.

    Parameters
    ----------
    vco_hz : int
    which : str or int
        ``"min"`` and ``"max"`` are DS Table 47's at this VCO frequency, ``"mid"`` their middle;
        ``"typ"`` is the measured 200 us; a number is a time in picoseconds.
    """
    low = interpolate([(vco, short) for vco, short, _ in ds.PLL_LOCK_PS], vco_hz)
    high = interpolate([(vco, long_) for vco, _, long_ in ds.PLL_LOCK_PS], vco_hz)
    named = {"min": low, "max": high, "mid": (low + high) // 2, "typ": ds.PLL_LOCK_MEASURED_PS}
    return named[which] if which in named else int(which)


def overdrive_switch_ps(enable, source, hse_hz):
    """Return how long the system clock stands while over-drive is switched (DS Table 23).

    `source` is what SYSCLK comes from in the end, ``"hsi"`` or ``"hse"``.
    """
    if source == "hsi":
        return ds.OVERDRIVE_ENABLE_HSI_PS if enable else ds.OVERDRIVE_DISABLE_HSI_PS
    return interpolate(
        ds.OVERDRIVE_ENABLE_HSE_PS if enable else ds.OVERDRIVE_DISABLE_HSE_PS, hse_hz
    )


def hse_violations(hse_hz, bypass):
    """Return ``(rule, message)`` pairs for starting the HSE at a frequency."""
    bounds, kind = (
        (ds.HSE_BYPASS_HZ, "an external clock (HSEBYP)")
        if bypass
        else (ds.HSE_CRYSTAL_HZ, "a crystal")
    )
    if bounds[0] <= hse_hz <= bounds[1]:
        return []
    return [
        (
            "hse-frequency",
            "HSE of %s; %s may have %s" % (megahertz(hse_hz), kind, between(bounds)),
        )
    ]


def pll_violations(source_hz, m, n, p, q=ds.PLLQ[0], r=ds.PLLR[0]):
    """Return ``(rule, message)`` pairs for starting the PLL with these factors."""
    found = []
    for name, value, bounds in (("M", m, ds.PLLM), ("N", n, ds.PLLN), ("Q", q, ds.PLLQ),
                                ("R", r, ds.PLLR)):  # fmt: skip
        if not bounds[0] <= value <= bounds[1]:
            found.append(
                ("pll" + name.lower(), "PLL%s is %d; allowed: %d to %d" % ((name, value) + bounds))
            )
    if p not in ds.PLLP:
        found.append(("pllp", "PLLP is %d; allowed: 2, 4, 6, 8" % p))
    if found or m == 0:
        return found
    input_hz = source_hz // m
    vco_hz = source_hz * n // m
    output_hz = vco_hz // p
    for rule, what, value, bounds in (
        ("pll-input", "PLL input %s / %d" % (megahertz(source_hz), m), input_hz, ds.PLL_INPUT_HZ),
        ("vco", "VCO %s / %d x %d" % (megahertz(source_hz), m, n), vco_hz, ds.VCO_HZ),
        ("pll-output", "PLL output %s / %d" % (megahertz(vco_hz), p), output_hz, ds.PLL_OUTPUT_HZ),
    ):
        if not bounds[0] <= value <= bounds[1]:
            found.append((rule, "%s = %s; allowed: %s" % (what, megahertz(value), between(bounds))))
    return found


def remedy(rule, clocks, rises):
    """Return what to do first, so that a rule of `limit_violations` is kept; empty for nothing.

    Parameters
    ----------
    rule : str
    clocks : Clocks
        The state that breaks it.
    rises : bool
        Whether HCLK has just become faster, as by a switch of SYSCLK.
    """
    if not rises:
        return "lower SYSCLK first"
    column = 1 if clocks.overdrive else 0
    if rule in ("pclk1", "pclk2"):
        limit_hz = (ds.PCLK1_MAX_HZ if rule == "pclk1" else ds.PCLK2_MAX_HZ)[column]
        fitting = [d for d in sorted(set(APB_DIVIDERS)) if clocks.hclk_hz <= limit_hz * d]
        wanted = "/ %d in RCC_CFGR.PPRE%s" % (fitting[0], rule[-1]) if fitting else ""
    elif rule == "wait-states":
        wanted = "FLASH_ACR.LATENCY = %d" % required_wait_states(clocks.hclk_hz)
    elif rule == "voltage-scale":
        if clocks.hclk_hz <= ds.HCLK_MAX_HZ[clocks.vos][1]:
            wanted = "over-drive (PWR_CR1.ODEN, then ODSWEN)"
        else:
            wanted = "a stronger scale in PWR_CR1.VOS (3 is scale 1), while the PLL is off"
    else:
        wanted = ""
    return wanted and "move %s before the write to RCC_CFGR that makes SYSCLK faster" % wanted


def fitting_hse(m, n, p, q, r):
    """Return the frequency of a usual HSE that PLL factors fit, None where there is none."""
    for hse_hz in ds.USUAL_HSE_HZ:
        if not pll_violations(hse_hz, m, n, p, q, r):
            return hse_hz
    return None


def limit_violations(clocks):
    """Return ``(rule, message)`` pairs for what a state of the clock tree breaks."""
    found = []
    overdrive = "on" if clocks.overdrive else "off"
    column = 1 if clocks.overdrive else 0
    if clocks.sysclk_hz > ds.SYSCLK_MAX_HZ:
        found.append(
            (
                "sysclk",
                "SYSCLK is %s; at most %s"
                % (megahertz(clocks.sysclk_hz), megahertz(ds.SYSCLK_MAX_HZ)),
            )
        )
    hclk_limit_hz = ds.HCLK_MAX_HZ[clocks.vos][column]
    if clocks.hclk_hz > hclk_limit_hz:
        found.append(
            (
                "voltage-scale",
                "SYSCLK %s gives HCLK %s; voltage scale %d with over-drive %s allows %s"
                % (
                    megahertz(clocks.sysclk_hz),
                    megahertz(clocks.hclk_hz),
                    clocks.vos,
                    overdrive,
                    megahertz(hclk_limit_hz),
                ),
            )
        )
    for name, value, limits in (("PCLK1", clocks.pclk1_hz, ds.PCLK1_MAX_HZ),
                                ("PCLK2", clocks.pclk2_hz, ds.PCLK2_MAX_HZ)):  # fmt: skip
        if value > limits[column]:
            found.append(
                (
                    name.lower(),
                    "%s is %s; at most %s with over-drive %s"
                    % (name, megahertz(value), megahertz(limits[column]), overdrive),
                )
            )
    needed = required_wait_states(clocks.hclk_hz)
    if needed is not None and clocks.flash_wait_states < needed:
        found.append(
            (
                "wait-states",
                "%d flash wait states at HCLK %s; %d are needed at %s V"
                % (clocks.flash_wait_states, megahertz(clocks.hclk_hz), needed, ds.VDD_V),
            )
        )
    return found
