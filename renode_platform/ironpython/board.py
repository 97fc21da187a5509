"""Puts the device models into a machine that Renode has loaded from our platform description.

``nucleo_f767zi.resc`` calls `attach`; everything else asks for the board with `of`.
"""

import System
from Antmicro.Renode.Core import MachineStateChangedEventArgs
from Antmicro.Renode.Core.Structure import NumberRegistrationPoint

from ..devices import attach as models
from ..devices.core_registers import SCB
from ..devices.dwt import Dwt
from ..devices.ina219 import Ina219
from ..devices.registers import GPIO
from . import ports
from .core_time import CoreTime
from .description import Description, Entry, hse_entry, is_modelled
from .host import Host
from .markers import MarkerLog, read_table

# Cycles per instruction of the built-in VWW network on the embedded board, at 216 MHz and 7 wait
# states: what an instruction costs where nothing better is known.
MEAN_COST = (12826, 21805)

_HSI_HZ = 16000000
_VECTOR_TABLE = 0x08000000  # the flash memory's begin on AXI
_TRIGGER, _LAYER = 1 << 2, 1 << 5  # marker pins of the firmware, on GPIOE
_SCB_OFFSET = 0xD00  # in Renode's interrupt controller, which has the whole system control space
_SYSTEM_RESET = SCB.AIRCR.mask("SYSRESETREQ")
_KEY = 0x05FA
_INA219 = "DummyI2CSlave"

_boards = {}


class Options(object):
    """What the `.resc` sets."""

    def __init__(self, hse_hz, pll_lock, repl, table, paced):
        self.paced = paced
        self.hse_hz = hse_hz or None
        self.pll_lock = pll_lock
        self.repl = repl
        self.table = table


def attach(machine, repl, hse_hz=0, pll_lock="typ", table="", serial="paced"):
    """Replace the stock stand-ins of a machine by the device models.

    Parameters
    ----------
    machine : Antmicro.Renode.Core.Machine
    repl : str
        The board's description, which the machine was loaded from.
    hse_hz : int
        Frequency of the HSE; 0 takes the description's.
    pll_lock : str or int
        See `renode_platform.devices.rcc.Rcc`; a number is in microseconds here.
    table : str
        A file with the cycles of every stretch between two markers; empty is the mean cost.
    serial : str
        ``"paced"``: serial ports are models, whose bytes take the time that kernel clock and BRR
        give. ``"stock"``: they are Renode's own, whose bytes take none and cost the host less.
    """
    if serial not in ("paced", "stock"):
        raise ValueError("serial is %r; allowed: paced, stock" % (serial,))
    if isinstance(pll_lock, (int, float)):
        pll_lock = int(pll_lock * 1000000)
    options = Options(hse_hz, str(pll_lock) if not isinstance(pll_lock, int) else pll_lock,
                      str(repl), str(table), serial == "paced")  # fmt: skip
    board = RenodeBoard(machine, options)
    _boards[machine] = board
    machine.StateChanged += _forget
    return board


def attach_from(monitor):
    """Attach with what the variables of ``nucleo_f767zi.resc`` say."""

    def variable(name):
        return monitor.GetVariable(name)

    pll_lock = variable("pll_lock")
    if not isinstance(pll_lock, str):
        pll_lock = float(pll_lock)
    attach(monitor.Machine, str(variable("repl")).lstrip("@"), int(variable("hse")), pll_lock,
           str(variable("cycles")).lstrip("@"), str(variable("serial")))  # fmt: skip


def load_image(monitor):
    """Put the data image that ``$image`` names into flash memory, if it names one."""
    path = str(monitor.GetVariable("image")).lstrip("@")
    if path:
        data = System.IO.File.ReadAllBytes(path)
        monitor.Machine.SystemBus.WriteBytes(data, int(monitor.GetVariable("image_address")))


def of(machine):
    """Return the board of a machine."""
    return _boards[machine]


def _forget(machine, change):
    if change.CurrentState == MachineStateChangedEventArgs.State.Disposed:
        _boards.pop(machine, None)


class RenodeBoard(object):
    """The device models in a machine, and what happened to them.

    Attributes
    ----------
    platform : Platform
    log : MarkerLog
    fatal : str or None
        Why the core was halted.
    """

    def __init__(self, machine, options):
        self.machine = machine
        self.fatal = None
        self._bus = machine.SystemBus
        self._cpu = machine["sysbus.cpu"]
        self._nvic = machine["sysbus.nvic"]
        self._ports = []
        self._cause = "pin"
        self._core = ports.Core(machine, self._cpu)
        self.time = CoreTime(self._core, _HSI_HZ, *MEAN_COST)
        self.host = Host(self.time, self, ports.Cells(self._bus), ports.log)
        self.host.on_stop = self.failed
        self.host.on_reset = self._request_reset
        self._timer = None
        self._stock = self._find_stock(options.paced)
        self.platform = models.build(self._describe(options), self.host, options)
        self.log = MarkerLog(self.host, _TRIGGER, _LAYER)
        self._replace()
        self._timer = ports.Timer(machine, self._cpu, self._ports[0], self._due)
        self.platform.on_line(self._nvic.OnGPIO)
        self._place_sensors()
        self._watch()
        self.host.platform = self.platform
        self.host.on_clocks = self._clocks_changed
        self.time.on_sleep = self._slept
        if options.table:
            self.log.table = read_table(System.IO.File.ReadAllLines(options.table))
        self._start("power-on")

    # ---- building ----

    def _find_stock(self, paced):
        """Return ``{name: peripheral}`` of what models take the place of."""
        found = {}
        for entry in list(self.machine.GetRegisteredPeripherals()):
            name, kind = str(entry.Name), str(entry.Type.Name)
            if is_modelled(name, kind, paced):
                found[name] = entry.Peripheral
        return found

    def _describe(self, options):
        description = Description()
        description.add(hse_entry(options.repl, System.IO.File.ReadAllLines)
                        or Entry("hseClock", "", [], {"frequency": 0}))  # fmt: skip
        flash = self.machine["sysbus.flash"]
        description.add(Entry("flash", "Memory.MappedMemory", self._registrations(flash),
                              {"size": int(flash.Size)}))  # fmt: skip
        for name, peripheral in self._stock.items():
            attributes = {}
            if hasattr(peripheral, "Limit"):
                attributes["initialLimit"] = int(peripheral.Limit)
            description.add(Entry(name, str(peripheral.GetType().Name),
                                  self._registrations(peripheral), attributes,
                                  self._interrupts(peripheral)))  # fmt: skip
        return description

    def _registrations(self, peripheral):
        return [
            ("sysbus", int(point.Range.StartAddress), int(point.Range.Size))
            for point in self._bus.GetRegistrationPoints(peripheral)
        ]

    def _interrupts(self, peripheral):
        """Return the lines of the interrupt controller behind a peripheral's IRQ output."""
        output = getattr(peripheral, "IRQ", None)
        return [] if output is None else [(None, "nvic", line) for line in self._lines(output)]

    def _lines(self, output):
        """Follow an output; Renode joins several sources of one line in a peripheral of its own."""
        lines = []
        for end in output.Endpoints:
            if end.Receiver == self._nvic:
                lines.append(int(end.Number))
            elif str(end.Receiver.GetType().Name) == "CombinedInput":
                lines.extend(self._lines(end.Receiver.OutputLine))
        return lines

    def _replace(self):
        machine = self.machine
        for name in sorted(self._stock):
            address, size, device = self.platform.devices[name]
            self._bus.Unregister(self._stock[name])
            if hasattr(device, "on_transmit"):
                port = ports.UartPort(machine, device, size, self)
            else:
                port = ports.RegisterPort(device, size, self)
                self._ports.append(port)
            ports.place(machine, port, name, address, size)
        self._dwt = Dwt(self.time.cycles, lambda: True, self._core.program_counter)
        stock = machine["sysbus.dwt"]
        _, address, size = self._registrations(stock)[0]
        self._bus.Unregister(stock)
        ports.place(machine, ports.RegisterPort(self._dwt, size, self), "dwt", address, size)

    def _place_sensors(self):
        """Put an INA219 in the place of every dummy that is called one."""
        for entry in list(self.machine.GetRegisteredPeripherals()):
            if str(entry.Type.Name) != _INA219 or not str(entry.Name).startswith("ina219"):
                continue
            controller = entry.Parent
            address = int(entry.RegistrationPoint.Address)
            sensor = Ina219(self.host, self.platform.meter)
            self.platform.sensors[str(entry.Name)] = sensor
            controller.Unregister(entry.Peripheral)
            slave = ports.I2cSlave(sensor, self)
            controller.Register(slave, NumberRegistrationPoint[System.Int32](address))
            self.machine.SetLocalName(slave, entry.Name)

    def _watch(self):
        """Listen to GPIOE's outputs and to the reset request of the core."""
        port = self.machine["sysbus.gpioPortE"]
        ports.watch_writes(self._bus, port, GPIO.ODR.offset, 8, self._port_written)
        ports.watch_writes(self._bus, self._nvic, _SCB_OFFSET + SCB.AIRCR.offset, 4,
                           self._reset_control_written)  # fmt: skip
        ports.watch_writes(self._bus, self._nvic, _SCB_OFFSET + SCB.CCR.offset, 4,
                           self._configuration_written)  # fmt: skip

    # ---- what happens ----

    def _port_written(self, offset, value):
        def store():
            if offset == GPIO.BSRR.offset:
                self.log.store_bits(value)
            else:
                self.log.store(value & 0xFFFF)
            self.after_write()

        self.guarded(store)

    def _reset_control_written(self, offset, value):
        if value >> 16 == _KEY and value & _SYSTEM_RESET:
            self._cause = "software"

    def _configuration_written(self, offset, value):
        caches = [bool(SCB.CCR.get(value, field)) for field in ("IC", "DC")]
        self.guarded(lambda: self.platform.meter.caches_changed(*caches))

    def after_write(self):
        """Let Renode's clock catch up and a new rate count, behind a firmware write."""
        self.time.settle()
        self._core.finish_access()

    def guarded(self, action):
        """Do something that must not raise into Renode."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - an exception here would end Renode
            self.failed(ports.describe(error))

    def at_rest(self, action):
        """Do something between two stretches of execution, from any thread."""
        self.machine.LocalTimeSource.ExecuteInNearestSyncedState(lambda _: self.guarded(action))

    def failed(self, message):
        """Halt the core for good."""
        if self.fatal is None:
            self.fatal = message
            ports.log("error", "the core is halted: " + message)
        self._cpu.IsHalted = True

    def _clocks_changed(self, clocks):
        if clocks.hclk_hz:
            self._nvic.Frequency = clocks.hclk_hz
        self.log.clocks_changed(clocks)

    def core_stands(self):
        """Say whether Renode has halted the core."""
        return bool(self._cpu.IsHalted)

    def program_counter(self):
        """Return where the core is."""
        return self._core.program_counter()

    def _slept(self, asleep):
        if not asleep:
            return self.platform.mode_changed("run")
        control = int(self._nvic.ReadDoubleWord(_SCB_OFFSET + SCB.SCR.offset))
        deep = SCB.SCR.get(control, "SLEEPDEEP")
        return self.platform.mode_changed("stop" if deep else "sleep")

    # ---- the timer, as `Host` sees it ----

    def start(self, nanoseconds):
        if self._timer is not None:
            self._timer.start(nanoseconds)

    def _due(self):
        self.guarded(self.host.due)

    # ---- reset ----

    def _request_reset(self, cause):
        self._cause = cause
        self.machine.RequestReset()

    def reset(self, cause):
        """Reset the machine, and start what flash memory holds."""
        self._cause = cause
        self.machine.Reset()
        # In this order: a core that is let go looks for its first instruction at once.
        self._cpu.VectorTableOffset = _VECTOR_TABLE
        if self._cpu.IsHalted:
            self._cpu.IsHalted = False

    def peripheral_reset(self, port):
        """Reset every model, when Renode resets the first of them."""
        if port is self._ports[0]:
            cause, self._cause = self._cause, "pin"
            self.guarded(lambda: self._start(cause))

    def _start(self, cause):
        self.fatal = None
        self.log.clear()
        self._dwt.reset()
        self.time.set_cost(None)
        self.platform.reset(cause)
        self._core.finish_access()
