"""The clock controller's enable, low-power enable and reset bits of every peripheral."""

from .device import Device
from .registers import RCC

BUSES = ("AHB1", "AHB2", "AHB3", "APB1", "APB2")


def enable_bits():
    """Return ``{peripheral: (register name, mask)}`` of every clock enable bit."""
    found = {}
    for bus in BUSES:
        register_name = bus + "ENR"
        register = RCC.registers[register_name]
        for field in register.fields:
            found[field[:-2]] = (register_name, register.mask(field))
    return found


class PeripheralClocks(Device):
    """The part of the clock controller that serves single peripherals.

    Attributes
    ----------
    reset_peripheral : callable
        Called with a peripheral's name (``"USART3"``) when its reset bit is set.
    """

    block = RCC

    def __init__(self, host, name):
        Device.__init__(self, host, name)
        self.reset_peripheral = None
        self._enable_bits = enable_bits()
        self._active = {}

    def enabled(self, peripheral):
        """Say whether a peripheral's bus clock is on (``"USART3"``)."""
        register_name, mask = self._enable_bits[peripheral]
        return bool(self.values[register_name] & mask)

    def enable_bit(self, peripheral):
        """Return the register's name and the mask that enable a peripheral's bus clock."""
        return self._enable_bits[peripheral]

    def enable_place(self, peripheral):
        """Return the index of a peripheral's bus in `BUSES`, and its mask there."""
        register_name, mask = self._enable_bits[peripheral]
        return BUSES.index(register_name[:-3]), mask

    def reset(self):
        Device.reset(self)
        self._active.clear()

    def active_enables(self, sleeping):
        """Return the enable registers in effect, in the order of `BUSES`."""
        active = self._active.get(sleeping)
        if active is None:
            active = tuple(self.values[bus + "ENR"] for bus in BUSES)
            if sleeping:
                stays = tuple(self.values[bus + "LPENR"] for bus in BUSES)
                active = tuple(on & low_power for on, low_power in zip(active, stays))
            self._active[sleeping] = active
        return active


def _enable_writer(register_name):
    def write(self, value):
        self.store(register_name, value)
        self._active.clear()
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


for _bus in BUSES:
    setattr(PeripheralClocks, "write_" + _bus + "ENR", _enable_writer(_bus + "ENR"))
    setattr(PeripheralClocks, "write_" + _bus + "LPENR", _enable_writer(_bus + "LPENR"))
    setattr(PeripheralClocks, "write_" + _bus + "RSTR", _reset_writer(_bus + "RSTR"))
