"""Makes the device models that a platform description names, and wires them to each other.

The description names stock types of Renode; where a type stands in for several things, the entry's
name decides (``pwr``, ``powerMeter``). The models appear at the addresses, and on the interrupt
lines, that the description gives.
"""

from . import datasheet as ds
from .alternate_functions import Signal
from .board import Platform
from .dbgmcu import Dbgmcu
from .exti import Exti, Syscfg
from .flash import Flash
from .gpio import Gpio
from .i2c import I2c
from .ina219 import Ina219
from .lptim import Lptim
from .peripheral_clocks import enable_bits
from .power import CurrentModel
from .power_meter import PowerMeter
from .pwr import Pwr
from .rcc import Rcc
from .tim import Tim
from .usart import Usart

DEFAULT_SIZE = 0x400
# The stock stand-ins of these two have no interrupt output that a description could connect.
_UNCONNECTED_INTERRUPTS = (("flashController", "IRQ", 4), ("rcc", "IRQ", 5))


def build(description, host, options=None):
    """Return the `Platform` of a description.

    Parameters
    ----------
    description : PlatformDescription
        Anything with ``peripherals``, a dictionary of entries with ``name``, ``type``,
        ``registrations`` (parent, address, size), ``attributes`` and ``interrupts`` (source,
        target, line).
    host : object
        See `Device`.
    options : object, optional
        Attributes that may be there: ``hse_hz`` (overrides the board's), ``pll_lock`` (see
        `Rcc`), ``shunt_ohm``, ``supply_v``, ``line`` (see `Usart`), ``current`` (pairs of name
        and value for `CurrentModel`).

    Raises
    ------
    ValueError
        A part that the others need is missing from the description.
    """
    return _Builder(description, host, options).build()


class _Builder(object):
    def __init__(self, description, host, options):
        self.entries = description.peripherals
        self.host = host
        self.options = options
        self.enables = enable_bits()
        self.platform = Platform(host)

    def option(self, name, default):
        value = getattr(self.options, name, None)
        return default if value is None else value

    def build(self):
        platform = self.platform
        hse_hz, crystal = self.hse()
        platform.rcc = Rcc(
            self.host, hse_hz=hse_hz, hse_crystal=crystal, pll_lock=self.option("pll_lock", "typ")
        )
        platform.pwr = Pwr(self.host)
        base, size = self.flash_memory()
        platform.flash = Flash(self.host, base=base, size=size)
        platform.rcc.pwr, platform.rcc.flash = platform.pwr, platform.flash
        platform.pwr.rcc = platform.flash.rcc = platform.rcc
        platform.meter = PowerMeter(
            self.host, platform.rcc, platform.pwr, platform.flash,
            supply_v=self.option("supply_v", ds.VDD_V),
            model=CurrentModel(dict(self.option("current", ()))),
        )  # fmt: skip
        self.required("rcc", platform.rcc)
        self.required("pwr", platform.pwr)
        self.required("flashController", platform.flash)
        if "powerMeter" in self.entries:
            self.place(self.entries["powerMeter"], platform.meter)
        for entry in self.entries.values():
            if entry.name not in platform.devices and self.on_bus(entry) is not None:
                device = self.make(entry)
                if device is not None:
                    self.place(entry, device)
        self.wire_clocks()
        self.wire_pins()
        self.wire_timer_pins()
        self.wire_bus_pins()
        self.wire_sensors()
        self.wire_interrupts()
        platform.rcc.reset_peripheral = platform.reset_peripheral
        return platform

    # ---- reading the description ----

    def on_bus(self, entry):
        """Return ``(address, size)`` of an entry on the system bus, or None."""
        for parent, address, size in entry.registrations:
            if parent == "sysbus" and address is not None:
                return address, size or DEFAULT_SIZE
        return None

    def hse(self):
        """Return the HSE's frequency and whether it is a crystal."""
        hse_hz, crystal = 0, False
        for name in ("hseClock", "hseCrystal"):
            if name in self.entries:
                hse_hz = self.entries[name].attributes["frequency"]
                crystal = name == "hseCrystal"
        return self.option("hse_hz", hse_hz), crystal

    def flash_memory(self):
        """Return AXI address and size of the flash that the flash interface names."""
        entry = self.entries.get("flash")
        if entry is None:
            raise ValueError("the platform description has no memory called 'flash'")
        addresses = [address for _, address, _ in entry.registrations]
        return max(addresses), entry.attributes["size"]

    def make(self, entry):
        """Return a new device for an entry, or None where nothing models its type."""
        kind = entry.type.rpartition(".")[2]
        maker = MAKERS.get(kind, MAKERS.get(entry.name))
        return None if maker is None else maker(self, entry)

    def serial_port(self, entry):
        """Return a serial port on the kernel clock of its name."""
        name = entry.name
        return Usart(self.host, name.upper(), name + "_hz", self.option("line", None))

    def timer(self, entry):
        """Return a timer on the bus that its enable bit belongs to."""
        peripheral = entry.name.upper()
        if peripheral not in self.enables:
            raise ValueError(
                "timer '%s': the clock controller has no enable bit %sEN" % (entry.name, peripheral)
            )
        bus = self.enables[peripheral][0][:4].lower()
        width = 32 if entry.attributes.get("initialLimit", 0xFFFF) > 0xFFFF else 16
        has_channels = peripheral not in ds.BASIC_TIMERS
        return Tim(self.host, peripheral, "tim_%s_hz" % bus, width, has_channels)

    # ---- placing and wiring ----

    def required(self, name, device):
        entry = self.entries.get(name)
        if entry is None or self.on_bus(entry) is None:
            raise ValueError("the platform description has no '%s' at an address of sysbus" % name)
        self.place(entry, device)

    def place(self, entry, device):
        address, size = self.on_bus(entry)
        self.platform.devices[entry.name] = (address, size, device)

    def device(self, name):
        return self.platform.devices[name][2]

    def wire_clocks(self):
        """Tell each device which enable bit of the clock controller it needs."""
        for name, (_, _, device) in self.platform.devices.items():
            peripheral = device.name
            if peripheral in self.enables:
                register_name, _ = self.enables[peripheral]
                device.clocked = _enable_reader(self.platform.rcc, peripheral)
                device.clock_hint = "set RCC_%s.%sEN first" % (register_name, peripheral)
                self.platform.by_peripheral[peripheral] = name

    def wire_pins(self):
        """Connect ports to external interrupts, buttons and LEDs."""
        ports = [d for _, _, d in self.platform.devices.values() if isinstance(d, Gpio)]
        extis = [d for _, _, d in self.platform.devices.values() if isinstance(d, Exti)]
        syscfgs = [d for _, _, d in self.platform.devices.values() if isinstance(d, Syscfg)]
        for exti in extis if syscfgs else ():
            exti.syscfg = syscfgs[0]
            for port in ports:
                port.on_levels(exti.levels_changed)
        for port in ports:
            self.platform.ports[port.letter] = port
        for entry in self.entries.values():
            kind = entry.type.rpartition(".")[2]
            for parent, pin, _ in entry.registrations:
                if parent not in self.platform.devices:
                    continue
                if kind == "LED":
                    inverted = bool(entry.attributes.get("invert", False))
                    self.platform.add_led(entry.name, self.device(parent), pin, inverted)
                elif kind == "Button":
                    inverted = bool(entry.attributes.get("invert", False))
                    self.platform.add_button(entry.name, self.device(parent), pin, inverted)

    def wire_timer_pins(self):
        """Connect the channels of timers to the pins that can carry them."""
        for _, _, device in self.platform.devices.values():
            letters = set()
            for channel in getattr(device, "channels", ()):
                signal = Signal("%s_CH%d" % (device.name, channel.number), self.platform.ports)
                channel.signal = signal
                for port, pin, function in signal.routes:
                    letters.add(port.letter)
                    port.on_levels(_edge_teller(device, channel.number, pin, function, port))
            for letter in sorted(letters):
                self.platform.ports[letter].on_configuration(device.pins_changed)

    def wire_bus_pins(self):
        """Tell serial ports and I2C controllers of the pins that can carry their signals."""
        for _, _, device in self.platform.devices.values():
            if isinstance(device, Usart):
                names = "tx", "rx"
            elif isinstance(device, I2c):
                names = "scl", "sda"
            else:
                continue
            letters = set()
            for name in names:
                signal = Signal("%s_%s" % (device.name, name.upper()), self.platform.ports)
                setattr(device, name, signal)
                letters.update(port.letter for port, _, _ in signal.routes)
            for letter in sorted(letters):
                self.platform.ports[letter].on_configuration(device.pins_changed)

    def wire_sensors(self):
        """Put the sensors that the description registers at an I2C controller on its bus."""
        for entry in self.entries.values():
            for parent, address, _ in entry.registrations:
                if not entry.name.startswith("ina219") or parent not in self.platform.devices:
                    continue
                shunt_ohm = self.option("shunt_ohm", ds.SHUNT_OHM)
                sensor = Ina219(self.host, self.platform.meter, shunt_ohm)
                self.device(parent).attach(address, sensor)
                self.platform.sensors[entry.name] = sensor

    def wire_interrupts(self):
        """Follow every interrupt output to its line of the interrupt controller."""
        for name in self.platform.devices:
            for source, target, line in self.entries[name].interrupts:
                output = "IRQ" if source is None else str(source)
                for number in self.lines(target, line):
                    self.platform.connect_line(name, output, number)
                if target in self.platform.devices and isinstance(self.device(target), Exti):
                    self.device(name).connect(output, _line_driver(self.device(target), line))
        for name, output, number in _UNCONNECTED_INTERRUPTS:
            if name in self.platform.devices:
                self.platform.connect_line(name, output, number)

    def lines(self, target, line):
        """Return the interrupt controller's lines behind a target, through or-gates."""
        if target == "nvic":
            return [line]
        entry = self.entries.get(target)
        if entry is None or entry.type.rpartition(".")[2] != "CombinedInput":
            return []
        return [number for _, next_, following in entry.interrupts
                for number in self.lines(next_, following)]  # fmt: skip


def _edge_teller(timer, number, pin, function, port):
    def levels_changed(_letter, old, new):
        if (old ^ new) >> pin & 1 and port.function(pin) == function:
            timer.input_moved(number, bool(new >> pin & 1))

    return levels_changed


#: What makes a device, by the last part of its type, or by the name that an entry has on the chip.
MAKERS = {
    "STM32_GPIOPort": lambda builder, entry: Gpio(builder.host, entry.name[-1]),
    "STM32F7_USART": _Builder.serial_port,
    "STM32F7_I2C": lambda builder, entry: I2c(builder.host, entry.name.upper(), entry.name + "_hz"),
    "STM32L0_LpTimer": lambda builder, entry: Lptim(
        builder.host, entry.name.upper(), entry.name + "_hz"
    ),
    "STM32_Timer": _Builder.timer,
    "STM32_SYSCFG": lambda builder, _entry: Syscfg(builder.host),
    "STM32F4_EXTI": lambda builder, _entry: Exti(builder.host),
    "dbgmcu": lambda builder, _entry: Dbgmcu(builder.host),
}
#: Devices that the others need, by the names that their entries have on the chip.
SHARED = ("rcc", "pwr", "flashController", "powerMeter")


def _line_driver(exti, line):
    return lambda level: exti.line_changed(line, level)


def _enable_reader(rcc, peripheral):
    register_name, mask = rcc.enable_bit(peripheral)
    values = rcc.values

    def enabled():
        return values[register_name] & mask

    return enabled
