"""Reset and clock control: oscillators, the main PLL, SYSCLK and everything derived from it."""

from . import datasheet as ds
from .clock_tree import (
    AHB_DIVIDERS,
    APB_DIVIDERS,
    I2C_PORTS,
    SERIAL_PORTS_APB1,
    SERIAL_PORTS_APB2,
    Clocks,
    hse_violations,
    limit_violations,
    megahertz,
    pll_lock_ps,
    remedy,
)
from .oscillator import Oscillator
from .peripheral_clocks import PeripheralClocks
from .pll import Pll
from .registers import RCC

_SOURCES = ("hsi", "hse", "pll")
# Reset cause to the flags of RCC_CSR that it sets; every system reset pulls NRST low.
RESET_FLAGS = {
    "power-on": ("BORRSTF", "PINRSTF", "PORRSTF"),
    "pin": ("PINRSTF",),
    "software": ("PINRSTF", "SFTRSTF"),
    "independent-watchdog": ("PINRSTF", "IWDGRSTF"),
    "window-watchdog": ("PINRSTF", "WWDGRSTF"),
    "low-power": ("PINRSTF", "LPWRRSTF"),
}
_STATES_REMEMBERED = 512


class Rcc(PeripheralClocks):
    """The clock controller.

    Parameters
    ----------
    host : object
        See `Device`.
    hse_hz : int
        What the board puts on OSC_IN.
    hse_crystal : bool
        True for a crystal, False for an external clock (which needs HSEBYP).
    pll_lock : str or int
        Lock latency: ``"typ"`` (200 us), ``"min"``, ``"mid"``, ``"max"`` of the data sheet at the
        VCO frequency, or picoseconds.

    Attributes
    ----------
    clocks : Clocks
        The state in effect.
    pwr, flash : devices
        Where voltage scale, over-drive and wait states are programmed; set by the platform.
    """

    steady_readers = ("CR", "CFGR", "BDCR", "CSR")

    def __init__(self, host, name="RCC", hse_hz=0, hse_crystal=False, pll_lock="typ"):
        PeripheralClocks.__init__(self, host, name)
        self.hse_hz = hse_hz
        self.hse_crystal = hse_crystal
        self.pll_lock = pll_lock
        self.pwr = None
        self.flash = None
        self.reset_cause = "power-on"
        self.clocks = Clocks()
        self._reported = set()
        self._states = {}
        self._stopped = False
        self.oscillators = {}
        for source, flag in (("hsi", "HSIRDY"), ("hse", "HSERDY"), ("lsi", "LSIRDY"),
                             ("lse", "LSERDY"), ("pll", "PLLRDY"), ("plli2s", "PLLI2SRDY"),
                             ("pllsai", "PLLSAIRDY")):  # fmt: skip
            self.oscillators[source] = Oscillator(host, self._ready_announcer(flag))
        self._ready_bits = [
            (RCC.CR.mask(source.upper() + "RDY"), self.oscillators[source])
            for source in ("hsi", "hse", "pll", "plli2s", "pllsai")
        ]
        self._source = "hsi"
        self._pll = Pll()
        self.oscillators["hsi"].start_ready()

    # ---- life ----

    def reset(self):
        """System reset; `reset_cause` says which flags of CSR appear beside those still there."""
        flags = self.values["CSR"]
        backup = self.values["BDCR"]
        PeripheralClocks.reset(self)
        if self.reset_cause == "power-on":
            flags = 0
            self.oscillators["lse"].stop()
        else:
            self.values["BDCR"] = backup
        flags &= 0xFE000000
        for flag in RESET_FLAGS[self.reset_cause]:
            flags |= RCC.CSR.mask(flag)
        self.values["CSR"] = flags
        for source in ("hse", "lsi", "pll", "plli2s", "pllsai"):
            self.oscillators[source].stop()
        self.oscillators["hsi"].start_ready()
        self._source = "hsi"
        self._reported = set()
        self._stopped = False
        self.clocks = self._state()[0]
        self.host.clocks_changed(self.clocks)

    def enter_stop(self):
        """Stop mode: every oscillator but the low-speed ones halts, SYSCLK with them."""
        self._stopped = True
        for source, field in (("hse", "HSEON"), ("pll", "PLLON"), ("plli2s", "PLLI2SON"),
                              ("pllsai", "PLLSAION")):  # fmt: skip
            self.oscillators[source].stop()
            self.set_field("CR", field, 0)
        self.oscillators["hsi"].stop()
        self._source = "hsi"
        self.set_field("CFGR", "SW", 0)
        self.update()

    def leave_stop(self):
        """Wake from Stop: HSI is SYSCLK; the wake-up time covers its start."""
        self._stopped = False
        self.set_field("CR", "HSION", 1)
        self.oscillators["hsi"].start_ready()
        self.update()

    # ---- what others ask ----

    def ready(self, source):
        """Say whether a clock source has settled."""
        return self.oscillators[source].ready()

    def pll_on(self):
        """Say whether the PLL is switched on, locked or not."""
        return self.oscillators["pll"].on

    # ---- registers ----

    def read_CR(self):
        # Firmware polls this register: masks and oscillators stand ready.
        value = self.values["CR"]
        for mask, oscillator in self._ready_bits:
            value = value | mask if oscillator.ready() else value & ~mask
        return value

    def write_CR(self, value):
        old = self.values["CR"]
        get = RCC.CR.get
        if get(value ^ old, "HSEBYP") and get(value & old, "HSEON"):
            self._violate("hse-bypass", "RCC_CR.HSEBYP changed while HSEON is set")
            value = RCC.CR.put(value, "HSEBYP", get(old, "HSEBYP"))
        if get(old, "PLLON") and not get(value, "PLLON") and self._source == "pll":
            self._violate("pll-in-use", "RCC_CR.PLLON cleared while SYSCLK runs on the PLL")
            value = RCC.CR.put(value, "PLLON", 1)
        for source, field in (("hsi", "HSION"), ("hse", "HSEON")):
            if get(old, field) and not get(value, field) and self.sysclk_root() == source:
                through = " through the PLL" if self._source == "pll" else ""
                self._violate(
                    source + "-in-use",
                    "RCC_CR.%s cleared while SYSCLK runs on it%s" % (field, through),
                )
                value = RCC.CR.put(value, field, 1)
        self.store("CR", value)
        changed = (self.values["CR"] ^ old) & self.values["CR"]
        cleared = (self.values["CR"] ^ old) & old
        self._switch_oscillators(changed, cleared)
        if changed or cleared:
            self.update()

    def write_PLLCFGR(self, value):
        if self.pll_on():
            self._violate(
                "pllcfgr-while-on",
                "RCC_PLLCFGR written (0x%08X) while the PLL is on; it takes effect only with the "
                "PLL off" % value,
            )
            return
        self.store("PLLCFGR", value)

    def read_CFGR(self):
        return RCC.CFGR.put(self.values["CFGR"], "SWS", _SOURCES.index(self._source))

    def write_CFGR(self, value):
        self.store("CFGR", value)
        selected = RCC.CFGR.get(value, "SW")
        if selected >= len(_SOURCES):
            self._violate("sysclk-source", "RCC_CFGR.SW is 3; allowed: 0 HSI, 1 HSE, 2 PLL")
        elif _SOURCES[selected] != self._source:
            source = _SOURCES[selected]
            if self.ready(source):
                self._hand_over(source)
            else:
                self._violate(
                    "sysclk-source",
                    "SYSCLK switched to %s, which is not ready" % source.upper(),
                )
        self.update()

    def write_CIR(self, value):
        self.store("CIR", value & 0xFF00)
        flags = self.values["CIR"] & ~((value >> 16) & 0xFF)
        self.values["CIR"] = flags
        self._update_interrupt()

    def write_BDCR(self, value):
        old = self.values["BDCR"]
        if not self.pwr.backup_writable():
            self._violate(
                "backup-domain", "RCC_BDCR written without PWR_CR1.DBP; the write is lost"
            )
            return
        if RCC.BDCR.get(value, "BDRST"):
            value = RCC.BDCR.mask("BDRST")
        self.store("BDCR", value)
        on = self.bit("BDCR", "LSEON")
        if on and not RCC.BDCR.get(old, "LSEON"):
            bypass = self.bit("BDCR", "LSEBYP")
            self.oscillators["lse"].start(0 if bypass else ds.LSE_STARTUP_PS)
        elif not on:
            self.oscillators["lse"].stop()
        self.update()

    def read_BDCR(self):
        return RCC.BDCR.put(self.values["BDCR"], "LSERDY", int(self.ready("lse")))

    def read_CSR(self):
        return RCC.CSR.put(self.values["CSR"], "LSIRDY", int(self.ready("lsi")))

    def write_CSR(self, value):
        if RCC.CSR.get(value, "RMVF"):
            self.values["CSR"] &= 0x00FFFFFF
        old = self.bit("CSR", "LSION")
        self.set_field("CSR", "LSION", RCC.CSR.get(value, "LSION"))
        if self.bit("CSR", "LSION") and not old:
            self.oscillators["lsi"].start(ds.LSI_STARTUP_PS)
        elif old and not self.bit("CSR", "LSION"):
            self.oscillators["lsi"].stop()
        self.update()

    def write_DCKCFGR1(self, value):
        self.store("DCKCFGR1", value)
        self.update()

    def write_DCKCFGR2(self, value):
        self.store("DCKCFGR2", value)
        self.update()

    # ---- oscillators ----

    def _switch_oscillators(self, rising, falling):
        """Start and stop what a write to CR switched; `rising` and `falling` are bit masks."""
        get = RCC.CR.get
        for field, source in (("PLLON", "pll"), ("PLLI2SON", "plli2s"), ("PLLSAION", "pllsai"),
                              ("HSION", "hsi"), ("HSEON", "hse")):  # fmt: skip
            if get(falling, field):
                self.oscillators[source].stop()
                if source == self._pll.source and self.pll_on():
                    # Without its input the PLL loses its lock for good.
                    self.oscillators["pll"].start(None)
        if get(rising, "HSION"):
            self.oscillators["hsi"].start(ds.HSI_STARTUP_PS)
        if get(rising, "HSEON"):
            self._start_hse()
        if get(rising, "PLLON"):
            self._start_pll()
        for field, source in (("PLLI2SON", "plli2s"), ("PLLSAION", "pllsai")):
            if get(rising, field):
                self.oscillators[source].start(pll_lock_ps(ds.VCO_HZ[1], self.pll_lock))

    def _start_hse(self):
        bypass = bool(self.bit("CR", "HSEBYP"))
        for rule, message in hse_violations(self.hse_hz, bypass):
            self._violate(rule, message)
        if bypass == self.hse_crystal:
            self._violate(
                "hse-mode",
                "HSE started with HSEBYP = %d, but the board has %s of %s on OSC_IN"
                % (
                    bypass,
                    "a crystal" if self.hse_crystal else "an external clock",
                    megahertz(self.hse_hz),
                ),
            )
            self.oscillators["hse"].start(None)
        elif self.hse_hz == 0:
            self.oscillators["hse"].start(None)
        elif bypass:
            cycles = ds.HSE_BYPASS_READY_CYCLES
            self.oscillators["hse"].start(-(-cycles * ds.PS_PER_S // self.hse_hz))
        else:
            self.oscillators["hse"].start(ds.HSE_CRYSTAL_STARTUP_PS)

    def _start_pll(self):
        """Latch the factors of PLLCFGR and begin to lock on them."""
        self._pll.latch(self.values["PLLCFGR"], self.hse_hz)
        if not self.ready(self._pll.source):
            self._violate(
                "pll-source",
                "PLL switched on while its source %s is not ready" % self._pll.source.upper(),
            )
        if self.pwr.scale_is_reserved():
            self._violate("vos-reserved", "PLL switched on with PWR_CR1.VOS = 0; allowed: 1 to 3")
        for rule, message in self._pll.violations():
            self._violate(rule, message)
        vco_hz = self._pll.vco_hz()
        self.oscillators["pll"].start(pll_lock_ps(vco_hz, self.pll_lock) if vco_hz else None)

    def _source_hz(self, source):
        return {"hsi": ds.HSI_HZ, "hse": self.hse_hz, "pll": self._pll.output_hz()}[source]

    def _hand_over(self, source):
        """Switch SYSCLK; the core sees a few edges of neither clock."""
        cycles = ds.SYSCLK_SWITCH_CYCLES * ds.PS_PER_S
        pause_ps = -(-cycles // self._source_hz(self._source))
        pause_ps += -(-cycles // self._source_hz(source))
        self._source = source
        self.host.stall_until(self.host.now_ps() + pause_ps)

    def _ready_announcer(self, flag):
        def announce():
            self.values["CIR"] |= RCC.CIR.mask(flag + "F")
            self._update_interrupt()
            # Low-speed clocks reach kernel clocks only when ready; the others change the power.
            self.update()

        return announce

    def _update_interrupt(self):
        value = self.values["CIR"]
        self.set_output("IRQ", value & 0x7F & (value >> 8))

    # ---- the tree ----

    def sysclk_root(self):
        """Return the oscillator behind SYSCLK: ``"hsi"`` or ``"hse"``."""
        return self._pll.source if self._source == "pll" else self._source

    def update(self):
        """Work the tree out again; tell the host, and the user of what is beyond a limit."""
        clocks, broken = self._state()
        rises = clocks.hclk_hz > self.clocks.hclk_hz
        if clocks is not self.clocks:
            self.clocks = clocks
            self.host.clocks_changed(clocks)
        if not broken and not self._reported:
            return
        fresh = [(rule, message) for rule, message in broken if rule not in self._reported]
        self._reported = {rule for rule, _ in broken}
        for rule, message in fresh:
            advice = remedy(rule, clocks, rises)
            self._violate(rule, "%s; %s" % (message, advice) if advice else message)

    def _state(self):
        """Return the clocks now and the limits they break; one state is always one object.

        Firmware that scales its clock goes through few states very often.
        """
        oscillators = self.oscillators
        key = (
            self._source,
            self._stopped,
            self.values["CFGR"],
            self.values["DCKCFGR1"],
            self.values["DCKCFGR2"],
            self.values["CR"],
            self._pll.factors(),
            self.pwr.scale_in_effect(),
            self.pwr.overdrive_in_effect(),
            self.flash.wait_states(),
            oscillators["hsi"].ready(),
            oscillators["lse"].ready(),
            oscillators["lsi"].ready(),
            oscillators["lse"].on,
            oscillators["lsi"].on,
        )
        known = self._states.get(key)
        if known is None:
            clocks = self._compute()
            if len(self._states) >= _STATES_REMEMBERED:
                self._states.clear()
            known = self._states[key] = (clocks, limit_violations(clocks))
        return known

    def _compute(self):
        clocks = Clocks()
        clocks.source = self._source
        clocks.hse_hz = self.hse_hz
        clocks.hsi_on = self.oscillators["hsi"].on
        clocks.hse_on = self.oscillators["hse"].on
        clocks.hse_bypass = bool(self.bit("CR", "HSEBYP"))
        clocks.lsi_on = self.oscillators["lsi"].on
        clocks.lse_on = self.oscillators["lse"].on
        clocks.pll_on = self.pll_on()
        if clocks.pll_on:
            clocks.vco_hz = self._pll.vco_hz()
            clocks.pll_output_hz = self._pll.output_hz()
        clocks.sysclk_hz = 0 if self._stopped else self._source_hz(self._source)
        clocks.divide(
            AHB_DIVIDERS[self.bit("CFGR", "HPRE")],
            APB_DIVIDERS[self.bit("CFGR", "PPRE1")],
            APB_DIVIDERS[self.bit("CFGR", "PPRE2")],
            bool(self.bit("DCKCFGR1", "TIMPRE")),
        )
        clocks.vos = self.pwr.scale_in_effect()
        clocks.overdrive = self.pwr.overdrive_in_effect()
        clocks.flash_wait_states = self.flash.wait_states()
        hsi_hz = ds.HSI_HZ if self.ready("hsi") else 0
        lse_hz = ds.LSE_HZ if self.ready("lse") else 0
        lsi_hz = ds.LSI_HZ if self.ready("lsi") else 0
        for ports, bus_hz in ((SERIAL_PORTS_APB1, clocks.pclk1_hz),
                              (SERIAL_PORTS_APB2, clocks.pclk2_hz)):  # fmt: skip
            for port in ports:
                choice = self.bit("DCKCFGR2", port.upper() + "SEL")
                kernel_hz = (bus_hz, clocks.sysclk_hz, hsi_hz, lse_hz)[choice]
                setattr(clocks, port + "_hz", kernel_hz)
        for port in I2C_PORTS:
            choice = self.bit("DCKCFGR2", port.upper() + "SEL")
            setattr(clocks, port + "_hz", (clocks.pclk1_hz, clocks.sysclk_hz, hsi_hz, 0)[choice])
        choice = self.bit("DCKCFGR2", "LPTIM1SEL")
        clocks.lptim1_hz = (clocks.pclk1_hz, lsi_hz, hsi_hz, lse_hz)[choice]
        return clocks

    def _violate(self, rule, message):
        self.host.violation(rule, message)
