"""Ground truth of the virtual boards: the charge and energy that the chip has drawn."""

from . import datasheet as ds
from . import power
from .device import Device
from .peripheral_clocks import BUSES
from .registers import POWER_METER

MODES = ("run", "sleep", "stop")
# A sensor may ask for the charge this long ago: two conversions of the slowest INA219 setting.
HISTORY_PS = 300 * ds.PS_PER_MS
# Finer than the quickest conversion of an INA219, 84 us.
HISTORY_STEP_PS = 20 * ds.PS_PER_US
_PRUNE_AT = 4096
_CURRENTS_REMEMBERED = 1024


def _index_after(times, time):
    """Return the index of the first element greater than `time` in a sorted list."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if time < times[middle]:
            high = middle
        else:
            low = middle + 1
    return low


class PowerMeter(Device):
    """Integrates current over virtual time, exactly.

    Between two updates the base current is constant, and every busy cycle and flash word of the
    core adds its charge. `update` closes the stretch that ends now and works out the base current
    from now on; it may be called before or after whatever changes, as long as it is called at that
    time. A host that counts what the core does has a method ``activity``, which returns cycles of
    HCLK, busy cycles and flash words since some moment; without it the core is taken to do what the
    data sheet's code does.

    Parameters
    ----------
    host : object
        See `Device`.
    rcc, pwr, flash : devices
    supply_v : float
        VDD.
    model : CurrentModel
    """

    block = POWER_METER

    def __init__(
        self, host, rcc, pwr, flash, name="POWER_METER", supply_v=ds.VDD_V,
        model=power.DEFAULT_MODEL,
    ):  # fmt: skip
        Device.__init__(self, host, name)
        self.rcc = rcc
        self.pwr = pwr
        self.flash = flash
        self.supply_v = supply_v
        self.model = model
        self.mode = "run"
        self.icache = self.dcache = False
        self._before_reset_c = self._since_reset_c = 0.0
        self._since_ps = host.now_ps()
        self._held = {"ENERGY": 0, "CHARGE": 0, "TIME": 0}
        self._loads_key = None
        self._loads = None
        self._known = {}
        self._counted = getattr(host, "activity", None)
        self._done = self._counted() if self._counted is not None else None
        self._last_activity = None
        self._times = [self._since_ps]
        self._history = [(self._since_ps, 0.0)]
        self._base_a, self._work_c, self._flash_c = self._work_out()
        self.present_a = self._present()

    @property
    def charge_c(self):
        """Charge drawn until the last update, in coulombs."""
        return self._before_reset_c + self._since_reset_c

    @property
    def energy_j(self):
        """Energy drawn until the last update, in joules."""
        return self.charge_c * self.supply_v

    @property
    def energy_since_reset_j(self):
        """The same from the last reset on: equal to the last bit whatever was drawn before."""
        return self._since_reset_c * self.supply_v

    # ---- what changes the current ----

    def reset(self):
        """Note a system reset: the meter goes on, the core wakes with its caches off."""
        self._integrate()
        self._before_reset_c, self._since_reset_c = self.charge_c, 0.0
        self._last_activity = None
        self.mode = "run"
        self.icache = self.dcache = False
        self.update()

    def mode_changed(self, mode):
        """Take the core's mode: ``"run"``, ``"sleep"`` or ``"stop"``."""
        if mode not in MODES:
            raise ValueError("mode %r; allowed: run, sleep, stop" % (mode,))
        self._integrate()
        self.mode = mode
        self.update()

    def caches_changed(self, icache, dcache):
        """Take which caches are on."""
        self._integrate()
        self.icache = bool(icache)
        self.dcache = bool(dcache)
        self.update()

    def _integrate(self):
        now_ps = self.host.now_ps()
        if now_ps == self._since_ps:
            return
        self._since_reset_c += self._base_a * ((now_ps - self._since_ps) * 1e-12)
        if self._counted is not None:
            done = self._counted()
            cycles, busy, words = [b - a for a, b in zip(self._done, done)]
            self._since_reset_c += busy * self._work_c + words * self._flash_c
            self._done = done
            if cycles > 0:
                self._last_activity = busy / float(cycles), words / float(cycles)
        self._since_ps = now_ps
        if now_ps - self._times[-1] >= HISTORY_STEP_PS:
            self._remember()

    def update(self):
        """Integrate until now and work out the base current from now on."""
        self._integrate()
        terms = self._work_out()
        if terms != (self._base_a, self._work_c, self._flash_c):
            self._base_a, self._work_c, self._flash_c = terms
            self._remember()
        self.present_a = self._present()

    def restart_activity(self):
        """Take note that the host counts from 0 again."""
        self._done = (0, 0, 0) if self._counted is not None else None

    def charge_at(self, time_ps):
        """Return the charge drawn until a time that is now or at most `HISTORY_PS` ago."""
        if time_ps >= self._since_ps:
            return self.charge_c + self.present_a * ((time_ps - self._since_ps) * 1e-12)
        index = max(_index_after(self._times, time_ps) - 1, 0)
        begin_ps, begin_c = self._history[index]
        end_ps, end_c = self._since_ps, self.charge_c
        if index + 1 < len(self._history):
            end_ps, end_c = self._history[index + 1]
        return begin_c + (end_c - begin_c) * (time_ps - begin_ps) / float(end_ps - begin_ps)

    def average_current_a(self, begin_ps, end_ps):
        """Return the mean current over a stretch that ends now or earlier."""
        if end_ps <= begin_ps:
            return self.present_a
        charge_c = self.charge_at(end_ps) - self.charge_at(begin_ps)
        return charge_c / ((end_ps - begin_ps) * 1e-12)

    # ---- the current ----

    def _present(self):
        """Return the current if the core goes on as it did last."""
        if self.mode != "run" or self._last_activity is None:
            return self._base_a
        busy, words = self._last_activity
        hclk_hz = self.rcc.clocks.hclk_hz
        return self._base_a + hclk_hz * (busy * self._work_c + words * self._flash_c)

    def _work_out(self):
        """Return the base current, and the charges of a busy cycle and of a flash word."""
        clocks = self.rcc.clocks
        if self.mode == "stop":
            flash_state, low_power = self.pwr.stop_option()
            return power.stop_current_a(clocks, flash_state, low_power), 0.0, 0.0
        # One state of the clock tree is one object that is never altered, so its identity is its
        # value; keeping it in the entry keeps the identity from being given to another.
        enables = self.rcc.active_enables(self.mode == "sleep")
        key = (id(clocks), self.mode, self.icache, self.dcache, enables)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _CURRENTS_REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._terms(clocks, self._peripheral_loads(enables))
        base_a, work_c, flash_c, _ = known
        if flash_c and self.flash.dual_bank():
            flash_c = self.model.values["flash_half_word_c"]
        if self.flash.writing():
            base_a += ds.FLASH_WRITE_CURRENT_A
        return base_a, work_c, flash_c

    def _terms(self, clocks, loads):
        if self._counted is None:
            current = power.current_a(
                clocks, self.mode, self.icache, self.dcache, loads, None, self.model
            )
            return current, 0.0, 0.0, clocks
        base_a = power.base_current_a(clocks, self.mode, loads, self.model)
        work_c = self.model.work_charge_c(clocks.vos, clocks.overdrive)
        return base_a, work_c, self.model.flash_charge_c(), clocks

    def _peripheral_loads(self, enables):
        if enables != self._loads_key:
            self._loads_key = enables
            self._loads = power.peripheral_loads(dict(zip(BUSES, enables)))
        return self._loads

    def _remember(self):
        if self._times[-1] == self._since_ps:
            self._history[-1] = (self._since_ps, self.charge_c)
            return
        self._times.append(self._since_ps)
        self._history.append((self._since_ps, self.charge_c))
        if len(self._times) >= _PRUNE_AT:
            self._prune()

    def _prune(self):
        keep = max(_index_after(self._times, self._since_ps - HISTORY_PS) - 1, 0)
        if keep > len(self._times) // 2:
            del self._times[:keep]
            del self._history[:keep]

    # ---- registers ----

    def _low(self, what, value):
        self._held[what] = value >> 32
        return value & 0xFFFFFFFF

    def read_ENERGY_LOW(self):
        self.update()
        return self._low("ENERGY", int(self.energy_j * 1e9))

    def read_ENERGY_HIGH(self):
        return self._held["ENERGY"]

    def read_CHARGE_LOW(self):
        self.update()
        return self._low("CHARGE", int(self.charge_c * 1e9))

    def read_CHARGE_HIGH(self):
        return self._held["CHARGE"]

    def read_TIME_LOW(self):
        return self._low("TIME", self.host.now_ps() // 1000)

    def read_TIME_HIGH(self):
        return self._held["TIME"]

    def read_CURRENT(self):
        self.update()
        return int(self.present_a * 1e9 + 0.5)

    def read_SUPPLY(self):
        return int(self.supply_v * 1000 + 0.5)
