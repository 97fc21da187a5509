"""Ground truth of the virtual boards: the charge and energy that the chip has drawn."""

from . import datasheet as ds
from . import power
from .device import Device
from .peripheral_clocks import BUSES
from .registers import POWER_METER

MODES = ("run", "sleep", "stop")
# A sensor may ask for the charge this long ago: two conversions of the slowest INA219 setting.
HISTORY_PS = 300 * ds.PS_PER_MS
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
    """Integrates current over virtual time, exactly: current is constant between two updates.

    `update` closes the stretch that ends now at the current drawn during it and works out the
    current from now on; it may be called before or after whatever changes, as long as it is called
    at that time.

    Parameters
    ----------
    host : object
        See `Device`.
    rcc, pwr, flash : devices
    supply_v : float
        VDD.
    """

    block = POWER_METER

    def __init__(self, host, rcc, pwr, flash, name="POWER_METER", supply_v=ds.VDD_V):
        Device.__init__(self, host, name)
        self.rcc = rcc
        self.pwr = pwr
        self.flash = flash
        self.supply_v = supply_v
        self.mode = "run"
        self.icache = self.dcache = False
        self._before_reset_c = self._since_reset_c = 0.0
        self._since_ps = host.now_ps()
        self._held = {"ENERGY": 0, "CHARGE": 0, "TIME": 0}
        self._loads_key = None
        self._loads = None
        self._currents = {}
        self._times = [self._since_ps]
        self._history = [(self._since_ps, 0.0, 0.0)]
        self.present_a = self._work_out()
        self._remember()

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
        if now_ps != self._since_ps:
            self._since_reset_c += self.present_a * ((now_ps - self._since_ps) * 1e-12)
            self._since_ps = now_ps

    def update(self):
        """Integrate until now and work out the current from now on."""
        self._integrate()
        current = self._work_out()
        if current != self.present_a:
            self.present_a = current
            self._remember()

    def charge_at(self, time_ps):
        """Return the charge drawn until a time that is now or at most `HISTORY_PS` ago."""
        index = max(_index_after(self._times, time_ps) - 1, 0)
        since_ps, charge_c, current = self._history[index]
        return charge_c + current * ((time_ps - since_ps) * 1e-12)

    def average_current_a(self, begin_ps, end_ps):
        """Return the mean current over a stretch that ends now or earlier."""
        if end_ps <= begin_ps:
            return self.present_a
        charge_c = self.charge_at(end_ps) - self.charge_at(begin_ps)
        return charge_c / ((end_ps - begin_ps) * 1e-12)

    # ---- the current ----

    def _work_out(self):
        clocks = self.rcc.clocks
        if self.mode == "stop":
            flash_state, low_power = self.pwr.stop_option()
            return power.stop_current_a(clocks, flash_state, low_power)
        # One state of the clock tree is one object that is never altered, so its identity is its
        # value; keeping it in the entry keeps the identity from being given to another.
        enables = self.rcc.active_enables(self.mode == "sleep")
        key = (id(clocks), self.mode, self.icache, self.dcache, enables)
        known = self._currents.get(key)
        if known is None:
            if len(self._currents) >= _CURRENTS_REMEMBERED:
                self._currents.clear()
            loads = self._peripheral_loads(enables)
            current = power.current_a(clocks, self.mode, self.icache, self.dcache, loads)
            known = self._currents[key] = (current, clocks)
        current = known[0]
        if self.flash.writing():
            current += ds.FLASH_WRITE_CURRENT_A
        return current

    def _peripheral_loads(self, enables):
        if enables != self._loads_key:
            self._loads_key = enables
            self._loads = power.peripheral_loads(dict(zip(BUSES, enables)))
        return self._loads

    def _remember(self):
        if self._times[-1] == self._since_ps:
            self._history[-1] = (self._since_ps, self.charge_c, self.present_a)
            return
        self._times.append(self._since_ps)
        self._history.append((self._since_ps, self.charge_c, self.present_a))
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
