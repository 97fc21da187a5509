"""The devices of one board, wired together, and what the outside may do to them."""

from . import datasheet as ds
from .clock_tree import Clocks
from .device import Device

# What a peripheral sees whose clock is gated in Sleep.
_STANDING = Clocks()
for _clock in vars(_STANDING):
    if _clock.endswith("_hz"):
        setattr(_STANDING, _clock, 0)


class Platform(object):
    """All device models of a board.

    Attributes
    ----------
    devices : dict
        Entry name to ``(address, size, device)``.
    irqs : dict
        Line of the interrupt controller to the ``(entry name, output)`` pairs that drive it.
    rcc, pwr, flash, meter : devices
    ports : dict
        Port letter to `Gpio`.
    sensors, leds : dict
        Entry name to sensor; to the LED's present state.
    """

    def __init__(self, host):
        self.host = host
        self.devices = {}
        self.irqs = {}
        self.rcc = self.pwr = self.flash = self.meter = None
        self.ports = {}
        self.sensors = {}
        self.leds = {}
        self.by_peripheral = {}
        self._buttons = {}
        self._mode = "run"
        self._line_listener = None
        self._line_levels = {}
        self._lines_told = {}
        self._listeners = None
        self._gated = ()
        self._gated_by_enables = {}

    # ---- life ----

    def reset(self, cause="power-on"):
        """Reset the chip; `cause` is a key of `rcc.RESET_FLAGS`."""
        self._mode = "run"
        self._gated = ()
        self.rcc.reset_cause = cause
        for _, _, device in self.devices.values():
            if device is not self.rcc and device is not self.meter:
                device.reset()
        self.rcc.reset()
        self.meter.reset()

    def reset_peripheral(self, peripheral):
        """Reset one peripheral, by the name that its bit in the clock controller has."""
        name = self.by_peripheral.get(peripheral)
        if name is not None:
            device = self.devices[name][2]
            device.reset()
            device.clocks_changed(self.rcc.clocks)

    def clocks_changed(self, clocks):
        """Hand a new state of the clock tree to every device; the host calls it."""
        self.meter.update()
        if self._listeners is None:
            # Most devices do not care; firmware that scales its clock calls this very often.
            self._listeners = [
                device
                for _, _, device in self.devices.values()
                if type(device).clocks_changed is not Device.clocks_changed
            ]
        for device in self._listeners:
            device.clocks_changed(_STANDING if device in self._gated else clocks)

    def _gated_in_sleep(self):
        """Return the devices that run but for Sleep, by the low-power enable bits."""
        rcc = self.rcc
        enables = rcc.active_enables(False), rcc.active_enables(True)
        gated = self._gated_by_enables.get(enables)
        if gated is None:
            found = []
            for peripheral, name in self.by_peripheral.items():
                bus, mask = rcc.enable_place(peripheral)
                if enables[0][bus] & ~enables[1][bus] & mask:
                    found.append(self.devices[name][2])
            gated = self._gated_by_enables[enables] = tuple(found)
        return gated

    def _gate(self, gated):
        """Stop the clocks of some devices and give those back that were stopped before."""
        changed, self._gated = self._gated + gated, gated
        for device in changed:
            device.clocks_changed(_STANDING if device in gated else self.rcc.clocks)

    def mode_changed(self, mode):
        """Take the core's mode, ``"run"``, ``"sleep"`` or ``"stop"``.

        Returns
        -------
        int
            Picoseconds that the change costs before the core goes on: the wake-up time when the
            new mode is ``"run"``, else 0.
        """
        old, self._mode = self._mode, mode
        if mode == old:
            return 0
        wake_ps = 0
        self.meter.mode_changed(mode)
        if mode == "stop":
            if self.pwr.standby_selected():
                self.host.violation("standby", "deep sleep with PWR_CR1.PDDS set: Standby is not "
                                    "modelled, the chip enters Stop")  # fmt: skip
            self.rcc.enter_stop()
            self.pwr.enter_stop()
            self.rcc.update()
        elif old == "stop":
            flash_state, low_power = self.pwr.stop_option()
            wake_ps = ds.STOP_WAKE_PS[flash_state][1 if low_power else 0]
            self.rcc.leave_stop()
        elif mode == "run":
            wake_ps = ds.SLEEP_WAKE_CYCLES * ds.PS_PER_S // self.rcc.clocks.hclk_hz
        gated = self._gated_in_sleep() if mode == "sleep" else ()
        if gated or self._gated:
            self._gate(gated)
        if old == "stop":
            for line in sorted(self._line_levels):
                self._tell(line)
        return wake_ps

    # ---- interrupts ----

    def on_line(self, listener):
        """Call ``listener(line, level)`` when a line of the interrupt controller changes."""
        self._line_listener = listener

    def connect_line(self, name, output, line):
        """Let a device's output drive a line; several outputs of one line are combined by or.

        In Stop mode the interrupt controller has no clock: it hears of a line when the chip wakes,
        and the chip wakes for a device that can do without clocks.
        """
        self.irqs.setdefault(line, []).append((name, output))
        device = self.devices[name][2]

        def changed(level):
            high = self._line_levels.setdefault(line, set())
            if level:
                high.add((name, output))
            else:
                high.discard((name, output))
            if self._mode != "stop" or device.wakes_from_stop:
                self._tell(line)

        device.connect(output, changed)

    def _tell(self, line):
        """Tell the interrupt controller of a line whose level is new to it."""
        level = bool(self._line_levels[line])
        if level != self._lines_told.get(line, False):
            self._lines_told[line] = level
            if self._line_listener is not None:
                self._line_listener(line, level)

    # ---- outside ----

    def uart(self, name):
        """Return a serial port: ``receive(data)`` and ``on_transmit(listener)``."""
        return self.devices[name][2]

    def set_input(self, port_letter, pin, level):
        """Drive a pin from outside; None lets go of it."""
        self.ports[port_letter].set_input(pin, level)

    def add_led(self, name, port, pin, inverted=False):
        """Watch a pin as an LED that lights while it is high, or, inverted, while it is low."""
        self.leds[name] = inverted
        port.connect(str(pin), lambda level: self.leds.__setitem__(name, bool(level) != inverted))

    def add_button(self, name, port, pin, inverted):
        """Put a button on a pin; released until `press`."""
        self._buttons[name] = (port, pin, inverted)
        port.set_input(pin, inverted)

    def press(self, name, pressed=True):
        """Press or release a button."""
        port, pin, inverted = self._buttons[name]
        port.set_input(pin, bool(pressed) != inverted)
