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
    pll_violations,
)
from .device import Device
from .oscillator import Oscillator
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
_BUSES = ("AHB1", "AHB2", "AHB3", "APB1", "APB2")


def enable_bits():
    """Return ``{peripheral: (register name, mask)}`` of every clock enable bit."""
    found = {}
    for bus in _BUSES:
        register_name = bus + "ENR"
        register = RCC.registers[register_name]
        for field in register.fields:
            found[field[:-2]] = (register_name, register.mask(field))
    return found


class Rcc(Device):
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
    reset_peripheral : callable
        Called with a peripheral's name (``"USART3"``) when its reset bit is set.
    """

    block = RCC

    def __init__(self, host, name="RCC", hse_hz=50 * ds.MHZ, hse_crystal=False, pll_lock="typ"):
        Device.__init__(self, host, name)
        self.hse_hz = hse_hz
        self.hse_crystal = hse_crystal
        self.pll_lock = pll_lock
        self.pwr = None
        self.flash = None
        self.reset_peripheral = None
        self.reset_cause = "power-on"
        self.clocks = Clocks()
        self._enable_bits = enable_bits()
        self._reported = set()
        self._sleeping_in_stop = False
        self.oscillators = {}
        for source, flag in (("hsi", "HSIRDY"), ("hse", "HSERDY"), ("lsi", "LSIRDY"),
                             ("lse", "LSERDY"), ("pll", "PLLRDY"), ("plli2s", "PLLI2SRDY"),
                             ("pllsai", "PLLSAIRDY")):  # fmt: skip
            self.oscillators[source] = Oscillator(host, self._ready_announcer(flag))
        self._source = "hsi"
        self._pll_source_hz = self._pll_m = self._pll_n = self._pll_p = 0
        self._pll_source = "hsi"
        self.oscillators["hsi"].start_ready()

    # ---- life ----

    def reset(self):
        """System reset; `reset_cause` says which flags of CSR appear beside those still there."""
        flags = self.values["CSR"]
        backup = self.values["BDCR"]
        Device.reset(self)
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
        self._sleeping_in_stop = False
        self.clocks = self._compute()
        self.host.clocks_changed(self.clocks)

    def enter_stop(self):
        """Stop mode: every oscillator but the low-speed ones halts, SYSCLK with them."""
        self._sleeping_in_stop = True
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
        self._sleeping_in_stop = False
        self.set_field("CR", "HSION", 1)
        self.oscillators["hsi"].start_ready()
        self.update()

    # ---- what others ask ----

    def enabled(self, peripheral):
        """Say whether a peripheral's bus clock is on (``"USART3"``)."""
        register_name, mask = self._enable_bits[peripheral]
        return bool(self.values[register_name] & mask)

    def enable_bit(self, peripheral):
        """Return the register's name and the mask that enable a peripheral's bus clock."""
        return self._enable_bits[peripheral]

    def ready(self, source):
        """Say whether a clock source has settled."""
        return self.oscillators[source].ready()

    def pll_on(self):
        """Say whether the PLL is switched on, locked or not."""
        return self.oscillators["pll"].on

    # ---- registers ----

    def read_CR(self):
        value = self.values["CR"]
        for field, source in (("HSIRDY", "hsi"), ("HSERDY", "hse"), ("PLLRDY", "pll"),
                              ("PLLI2SRDY", "plli2s"), ("PLLSAIRDY", "pllsai")):  # fmt: skip
            value = RCC.CR.put(value, field, int(self.oscillators[source].ready()))
        return value

    def write_CR(self, value):
        old = self.values["CR"]
        get = RCC.CR.get
        if get(value ^ old, "HSEBYP") and get(old, "HSEON"):
            self._violate("hse-bypass", "RCC_CR.HSEBYP changed while HSEON is set")
            value = RCC.CR.put(value, "HSEBYP", get(old, "HSEBYP"))
        if get(old, "PLLON") and not get(value, "PLLON") and self._source == "pll":
            self._violate("pll-in-use", "RCC_CR.PLLON cleared while SYSCLK runs on the PLL")
            value = RCC.CR.put(value, "PLLON", 1)
        pll_stays = get(old, "PLLON") and get(value, "PLLON")
        for source, field in (("hsi", "HSION"), ("hse", "HSEON")):
            if get(old, field) and not get(value, field):
                user = None
                if self._source == source:
                    user = "SYSCLK"
                elif pll_stays and self._pll_source == source:
                    user = "the PLL"
                if user is not None:
                    self._violate(
                        source + "-in-use", "RCC_CR.%s cleared while %s runs on it" % (field, user)
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
        if self.pwr is not None and not self.pwr.backup_writable():
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
        value = self.values["PLLCFGR"]
        get = RCC.PLLCFGR.get
        self._pll_source = "hse" if get(value, "PLLSRC") else "hsi"
        self._pll_source_hz = self.hse_hz if get(value, "PLLSRC") else ds.HSI_HZ
        self._pll_m, self._pll_n = get(value, "PLLM"), get(value, "PLLN")
        self._pll_p = ds.PLLP[get(value, "PLLP")]
        if not self.ready(self._pll_source):
            self._violate(
                "pll-source",
                "PLL switched on while its source %s is not ready" % self._pll_source.upper(),
            )
        if self.pwr is not None and self.pwr.scale_is_reserved():
            self._violate("vos-reserved", "PLL switched on with PWR_CR1.VOS = 0; allowed: 1 to 3")
        for rule, message in pll_violations(
            self._pll_source_hz, self._pll_m, self._pll_n, self._pll_p, get(value, "PLLQ"),
            get(value, "PLLR"),
        ):  # fmt: skip
            self._violate(rule, message)
        vco_hz = self._vco_hz()
        lock_ps = pll_lock_ps(vco_hz, self.pll_lock) if vco_hz else None
        self.oscillators["pll"].start(lock_ps)

    def _vco_hz(self):
        if self._pll_m == 0:
            return 0
        return self._pll_source_hz * self._pll_n // self._pll_m

    def _pll_output_hz(self):
        if self._pll_m == 0:
            return 0
        return self._pll_source_hz * self._pll_n // (self._pll_m * self._pll_p)

    def _source_hz(self, source):
        return {"hsi": ds.HSI_HZ, "hse": self.hse_hz, "pll": self._pll_output_hz()}[source]

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
        return self._pll_source if self._source == "pll" else self._source

    def update(self):
        """Work the tree out again; tell the host, and the user of what is beyond a limit."""
        clocks = self._compute()
        if clocks != self.clocks:
            self.clocks = clocks
            self.host.clocks_changed(clocks)
        broken = limit_violations(clocks)
        fresh = [(rule, message) for rule, message in broken if rule not in self._reported]
        self._reported = {rule for rule, _ in broken}
        for rule, message in fresh:
            self._violate(rule, message)

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
            clocks.vco_hz = self._vco_hz()
            clocks.pll_output_hz = self._pll_output_hz()
        clocks.sysclk_hz = 0 if self._sleeping_in_stop else self._source_hz(self._source)
        clocks.divide(
            AHB_DIVIDERS[self.bit("CFGR", "HPRE")],
            APB_DIVIDERS[self.bit("CFGR", "PPRE1")],
            APB_DIVIDERS[self.bit("CFGR", "PPRE2")],
            bool(self.bit("DCKCFGR1", "TIMPRE")),
        )
        clocks.vos = self.pwr.scale_in_effect() if self.pwr is not None else 3
        clocks.overdrive = self.pwr.overdrive_in_effect() if self.pwr is not None else False
        clocks.flash_wait_states = self.flash.wait_states() if self.flash is not None else 0
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


def _enable_writer(register_name):
    def write(self, value):
        self.store(register_name, value)
        self.host.power_changed()

    return write


def _reset_writer(register_name):
    register = RCC.registers[register_name]

    def write(self, value):
        rising = value & register.writable & ~self.values[register_name]
        self.store(register_name, value)
        for field in register.fields:
            if register.get(rising, field) and self.reset_peripheral is not None:
                self.reset_peripheral(field[:-3])

    return write


for _bus in _BUSES:
    setattr(Rcc, "write_" + _bus + "ENR", _enable_writer(_bus + "ENR"))
    setattr(Rcc, "write_" + _bus + "LPENR", _enable_writer(_bus + "LPENR"))
    setattr(Rcc, "write_" + _bus + "RSTR", _reset_writer(_bus + "RSTR"))
