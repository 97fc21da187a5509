"""General-purpose pins."""

from .device import Device
from .registers import GPIO, GPIO_RESET

_INPUT, _OUTPUT, _ALTERNATE, _ANALOG = range(4)
_PULL_UP = 1
_CONFIGURATION = ("MODER", "OTYPER", "OSPEEDR", "PUPDR", "AFRL", "AFRH")
_PINS = 16


class Gpio(Device):
    """One port of sixteen pins.

    Outputs are named by the pin's number as a string; an output's level is what the port drives, or
    what a pull-up or the outside gives where it does not drive.

    Parameters
    ----------
    host : object
        See `Device`.
    letter : str
        ``"A"`` .. ``"K"``.
    """

    block = GPIO
    steady_readers = ("IDR", "BSRR")

    def __init__(self, host, letter):
        self.letter = letter
        self._inputs = {}
        self._listeners = []
        self._level_listeners = []
        self._configuration_listeners = []
        self._driven = {}  # (pin, alternate function) to the level that a peripheral drives
        self._levels_seen = 0
        self._push_pull = self._open_drain = 0  # masks of the pins in these modes
        self._lock_step = 0
        self._lock_mask = 0
        Device.__init__(self, host, "GPIO" + letter)

    def load_reset_values(self):
        Device.load_reset_values(self)
        self.values.update(GPIO_RESET.get(self.letter, {}))

    def reset(self):
        old = self.values["ODR"]
        self._lock_step = self._lock_mask = 0
        Device.reset(self)
        self._odr_changed(old)
        self._levels_changed()
        self._tell_of_configuration()

    # ---- outside ----

    def on_output(self, listener):
        """Call ``listener(port_letter, old_odr, new_odr)`` at every change of ODR."""
        self._listeners.append(listener)

    def on_levels(self, listener):
        """Call ``listener(port_letter, old_levels, new_levels)`` when pin levels change."""
        self._level_listeners.append(listener)

    def on_configuration(self, listener):
        """Call ``listener()`` when firmware has set up a pin anew."""
        self._configuration_listeners.append(listener)

    def function(self, pin):
        """Return the number of the alternate function that a pin has, None in another mode."""
        if (self.values["MODER"] >> (2 * pin)) & 3 != _ALTERNATE:
            return None
        register_name = "AFRH" if pin & 8 else "AFRL"
        return (self.values[register_name] >> (4 * (pin & 7))) & 15

    def drive(self, pin, function, level):
        """Give a pin a level, which it takes while it has this alternate function; None lets go."""
        if level is None:
            self._driven.pop((pin, function), None)
        else:
            self._driven[pin, function] = bool(level)
        if self.function(pin) == function:
            self._take_levels(self.levels())

    def set_input(self, pin, level):
        """Drive a pin from outside; None lets go of it."""
        if not 0 <= pin < _PINS:
            raise ValueError("pin %r of port %s; pins are 0 to 15" % (pin, self.letter))
        if level is None:
            self._inputs.pop(pin, None)
        else:
            self._inputs[pin] = bool(level)
        self._levels_changed()

    def levels(self):
        """Return the pins' levels as a number, pin 0 in bit 0."""
        found = 0
        moder, pupdr = self.values["MODER"], self.values["PUPDR"]
        odr, otyper = self.values["ODR"], self.values["OTYPER"]
        for pin in range(_PINS):
            mode = (moder >> (2 * pin)) & 3
            if mode == _ANALOG:
                continue
            high = (odr >> pin) & 1
            if mode == _ALTERNATE:
                high = self._driven.get((pin, self.function(pin))) if self._driven else None
            if mode != _INPUT and high is not None and not (high and (otyper >> pin) & 1):
                level = high
            elif pin in self._inputs:
                level = self._inputs[pin]
            else:
                level = (pupdr >> (2 * pin)) & 3 == _PULL_UP
            if level:
                found |= 1 << pin
        return found

    # ---- registers ----

    def read_IDR(self):
        return self.levels()

    def write_IDR(self, value):
        """Ignore it: inputs are not written."""

    def write_ODR(self, value):
        self._set_odr(value & 0xFFFF)

    def read_BSRR(self):
        return 0

    def write_BSRR(self, value):
        # Setting wins over resetting.
        self._set_odr((self.values["ODR"] & ~(value >> 16)) | (value & 0xFFFF))

    def write_LCKR(self, value):
        """Lock after the sequence key+mask, mask, key+mask; once locked until reset."""
        if self.bit("LCKR", "LCKK"):
            return
        mask, key = value & 0xFFFF, (value >> 16) & 1
        expected_key = (1, 0, 1)[self._lock_step]
        if key != expected_key or (self._lock_step and mask != self._lock_mask):
            self._lock_step = 0
            return
        self._lock_mask = mask
        self._lock_step += 1
        if self._lock_step == 3:
            self.values["LCKR"] = (1 << 16) | mask
            self._lock_step = 0

    def _configure(self, register_name, value):
        if self.bit("LCKR", "LCKK"):
            value = self._keep_locked(register_name, value)
        self.store(register_name, value)
        self._levels_changed()
        self._tell_of_configuration()

    def _tell_of_configuration(self):
        for listener in self._configuration_listeners:
            listener()

    def _keep_locked(self, register_name, value):
        locked = self.values["LCKR"] & 0xFFFF
        width = {"OTYPER": 1, "AFRL": 4, "AFRH": 4}.get(register_name, 2)
        first = 8 if register_name == "AFRH" else 0
        for pin in range(first, first + min(_PINS, 32 // width)):
            if (locked >> pin) & 1:
                mask = ((1 << width) - 1) << (width * (pin - first))
                value = (value & ~mask) | (self.values[register_name] & mask)
        return value

    def _set_odr(self, value):
        old = self.values["ODR"]
        if value == old:
            return
        self.values["ODR"] = value
        self._odr_changed(old)
        if (value ^ old) & self._open_drain:
            self._levels_changed()
        else:
            driven = self._push_pull
            self._take_levels((self._levels_seen & ~driven) | (value & driven))

    def _odr_changed(self, old):
        new = self.values["ODR"]
        if new != old:
            for listener in self._listeners:
                listener(self.letter, old, new)

    def _levels_changed(self):
        """Work out every pin anew: a mode, a pull or the outside has changed."""
        self._push_pull = self._open_drain = 0
        for pin in range(_PINS):
            if (self.values["MODER"] >> (2 * pin)) & 3 == _OUTPUT:
                if (self.values["OTYPER"] >> pin) & 1:
                    self._open_drain |= 1 << pin
                else:
                    self._push_pull |= 1 << pin
        self._take_levels(self.levels())

    def _take_levels(self, new):
        old = self._levels_seen
        if new == old:
            return
        self._levels_seen = new
        for pin in range(_PINS):
            if (old ^ new) >> pin & 1:
                self.set_output(str(pin), new >> pin & 1)
        for listener in self._level_listeners:
            listener(self.letter, old, new)


def _configuration_writer(register_name):
    def write(self, value):
        self._configure(register_name, value)

    return write


for _register_name in _CONFIGURATION:
    setattr(Gpio, "write_" + _register_name, _configuration_writer(_register_name))
