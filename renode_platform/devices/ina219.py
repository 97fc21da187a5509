"""The INA219 current sensor: its registers, its resolution and the time it takes."""

from . import datasheet as ds

CONFIGURATION, SHUNT_VOLTAGE, BUS_VOLTAGE, POWER, CURRENT, CALIBRATION = range(6)

_MODE_CONTINUOUS = 4
_MODE_SHUNT = 1
_MODE_BUS = 2


class Ina219(object):
    """A sensor whose shunt carries the chip's supply current.

    A conversion sees the mean of the true current over its window. Continuous conversions run
    shunt first, then bus, over and over (SBOS448G 8.3.1); results are worked out when they are
    read, from the meter's history, so the sensor costs nothing until somebody looks.

    Parameters
    ----------
    host : object
        Gives the time; see `Device`.
    meter : PowerMeter
        Where the true current comes from.
    shunt_ohm : float
    """

    def __init__(self, host, meter, shunt_ohm=ds.SHUNT_OHM):
        self.host = host
        self.meter = meter
        self.shunt_ohm = shunt_ohm
        self._received = []
        self._pointer = CONFIGURATION
        self._sent = []
        self._power_up()

    def _power_up(self):
        self._results = {SHUNT_VOLTAGE: 0, BUS_VOLTAGE: 0, CURRENT: 0, POWER: 0}
        self._overflow = self._overflow_current = False
        self._configuration = 0
        self._calibration = self._old_calibration = 0
        self._calibrated_ps = self.host.now_ps()
        self._ready_cleared_ps = self.host.now_ps()
        self._configure(ds.INA219_RESET_CONFIGURATION)

    # ---- the bus (see `I2c`) ----

    def start(self, read):
        """Take a start condition; the address is acknowledged."""
        self._received = []
        if read:
            value = self.register(self._pointer)
            self._sent = [value >> 8, value & 0xFF]
        return True

    def write(self, byte):
        """Take a byte: the register pointer, then a register's two bytes."""
        self._received.append(byte)
        if len(self._received) == 1:
            self._pointer = byte & 7
        elif len(self._received) == 3:
            self.write_register(self._pointer, (self._received[1] << 8) | byte)
            self._received = self._received[:1]
        return True

    def read(self):
        """Give the next byte, the most significant first; after two the bus floats high."""
        return self._sent.pop(0) if self._sent else 0xFF

    def stop(self):
        """Take a stop condition."""
        self._sent = []

    # ---- registers ----

    def register(self, pointer):
        """Return a register as the bus would read it now, with the side effects of reading."""
        self._convert()
        if pointer == CONFIGURATION:
            return self._configuration
        if pointer == CALIBRATION:
            return self._calibration
        if pointer == BUS_VOLTAGE:
            ready = self._completed_ps() > self._ready_cleared_ps
            return (self._results[BUS_VOLTAGE] << 3) | (int(ready) << 1) | int(self._overflow)
        if pointer == POWER:
            self._ready_cleared_ps = self.host.now_ps()
        return self._results.get(pointer, 0) & 0xFFFF

    def write_register(self, pointer, value):
        """Write a register; results are not written."""
        self._convert()
        if pointer == CONFIGURATION:
            if value & 0x8000:
                self._power_up()
            else:
                self._configure(value & 0x3FFF)
        elif pointer == CALIBRATION:
            # Bit 0 is not used by the arithmetic and reads as 0. The new value serves the
            # conversions that end from now on.
            self._old_calibration = self._calibration
            self._calibration = value & 0xFFFE
            self._calibrated_ps = self.host.now_ps()

    # ---- conversion ----

    def _configure(self, value):
        wakes = not self._configuration & 3 and value & 3
        self._configuration = value
        mode = value & 7
        self._continuous = bool(mode & _MODE_CONTINUOUS)
        shunt, bus = bool(mode & _MODE_SHUNT), bool(mode & _MODE_BUS)
        self._shunt_bits, self._shunt_ps = self._conversion((value >> 3) & 15)
        self._bus_bits, self._bus_ps = self._conversion((value >> 7) & 15)
        if not shunt:
            self._shunt_ps = 0
        if not bus:
            self._bus_ps = 0
        self._begin_ps = self.host.now_ps() + (ds.INA219_POWER_UP_PS if wakes else 0)
        if self._shunt_ps or self._bus_ps:
            self._ready_cleared_ps = self._begin_ps

    def _conversion(self, code):
        """Return resolution and duration of an ADC setting; bit 2 is ignored without bit 3."""
        bits, _, duration_ps = ds.INA219_CONVERSION[code if code & 8 else code & 3]
        return bits, duration_ps

    def _period_ps(self):
        return self._shunt_ps + self._bus_ps

    def _cycles_begun(self):
        """Return how many conversion cycles have begun, at least 1 where any runs."""
        period_ps = self._period_ps()
        if period_ps == 0:
            return 0
        if not self._continuous:
            return 1
        return max((self.host.now_ps() - self._begin_ps) // period_ps, 0) + 1

    def _last_window(self, offset_ps, duration_ps):
        """Return begin and end of the last finished window that starts `offset_ps` in a cycle."""
        if duration_ps == 0:
            return None
        for cycle in (self._cycles_begun() - 1, self._cycles_begun() - 2):
            begin_ps = self._begin_ps + cycle * self._period_ps() + offset_ps
            if cycle >= 0 and begin_ps + duration_ps <= self.host.now_ps():
                return begin_ps, begin_ps + duration_ps
        return None

    def _completed_ps(self):
        """Return when the last whole conversion cycle ended; the beginning where none has."""
        last = self._shunt_ps if not self._bus_ps else self._bus_ps
        window = self._last_window(self._period_ps() - last, last)
        return self._begin_ps if window is None else window[1]

    def _convert(self):
        """Bring the results up to now."""
        self.meter.update()
        shunt = self._last_window(0, self._shunt_ps)
        bus = self._last_window(self._shunt_ps, self._bus_ps)
        if shunt is not None:
            current = self.meter.average_current_a(shunt[0], shunt[1])
            self._results[SHUNT_VOLTAGE] = self._shunt_counts(current * self.shunt_ohm)
            calibration = (
                self._calibration if shunt[1] >= self._calibrated_ps else self._old_calibration
            )
            self._results[CURRENT] = self._to_current(calibration)
        if bus is not None:
            drop_v = self.meter.average_current_a(bus[0], bus[1]) * self.shunt_ohm
            self._results[BUS_VOLTAGE] = self._bus_counts(self.meter.supply_v - drop_v)
        power = abs(self._results[CURRENT]) * self._results[BUS_VOLTAGE] // 5000
        self._overflow = self._overflow_current or power > 0xFFFF
        self._results[POWER] = power & 0xFFFF

    def _to_current(self, calibration):
        product = self._results[SHUNT_VOLTAGE] * calibration
        current = product // 4096 if product >= 0 else -(-product // 4096)
        self._overflow_current = not -0x8000 <= current <= 0x7FFF
        return current

    def _shunt_counts(self, volts):
        limit_v = ds.INA219_SHUNT_RANGE_V[(self._configuration >> 11) & 3]
        limit = int(limit_v / float(ds.INA219_SHUNT_LSB_V) + 0.5)
        return max(-limit, min(limit, _quantise(volts, ds.INA219_SHUNT_LSB_V, self._shunt_bits)))

    def _bus_counts(self, volts):
        limit_v = ds.INA219_BUS_RANGE_V[(self._configuration >> 13) & 1]
        limit = int(limit_v / float(ds.INA219_BUS_LSB_V) + 0.5)
        return max(0, min(limit, _quantise(volts, ds.INA219_BUS_LSB_V, self._bus_bits)))


def _quantise(volts, lsb_v, bits):
    """Return counts of `lsb_v`, in the coarser steps of a resolution below 12 bits."""
    step = 1 << (12 - bits)
    steps = volts / float(lsb_v * step)
    rounded = int(steps + 0.5) if steps >= 0 else -int(-steps + 0.5)
    return rounded * step
