"""Puts the device models into a machine that Renode has loaded from our platform description.

``nucleo_f767zi.resc`` calls `attach`; everything else asks for the board with `of`.
"""

import System
from Antmicro.Renode.Core import MachineStateChangedEventArgs
from Antmicro.Renode.Core.Structure import NumberRegistrationPoint

from ..devices import attach as models
from ..devices.core_registers import CORE_BASE, MPU, SCB
from ..devices.datasheet import HSI_HZ
from ..devices.dwt import Dwt
from ..devices.ina219 import Ina219
from ..devices.registers import GPIO
from . import ports
from .core_time import CoreTime
from .description import Description, Entry, hse_entry, is_modelled
from .host import Host
from .markers import MarkerLog, read_table
from .options import from_variables

_VECTOR_TABLE = 0x08000000  # the flash memory's begin on AXI
_TRIGGER, _LAYER = 1 << 2, 1 << 5  # marker pins of the firmware, on GPIOE
# Offsets in Renode's interrupt controller, which has the whole system control space.
_SCB_OFFSET = CORE_BASE["SCB"] - 0xE000E000
_MPU_CTRL = CORE_BASE["MPU"] - 0xE000E000 + MPU.CTRL.offset
_SYSTEM_RESET = SCB.AIRCR.mask("SYSRESETREQ")
_KEY = 0x05FA
_INA219 = "DummyI2CSlave"

_boards = {}


def attach(machine, options):
    """Replace the stock stand-ins of a machine by the device models.

    Parameters
    ----------
    machine : Antmicro.Renode.Core.Machine
    options : Options
    """
    board = RenodeBoard(machine, options)
    _boards[machine] = board
    machine.StateChanged += _forget
    return board


def attach_from(monitor):
    """Attach with what the variables of ``nucleo_f767zi_machine.resc`` say."""
    attach(monitor.Machine, from_variables(monitor.GetVariable))


def load_image(monitor):
    """Put the data image that ``$image`` names into flash memory, if it names one."""
    path = str(monitor.GetVariable("image")).lstrip("@")
    if path:
        data = System.IO.File.ReadAllBytes(path)
        monitor.Machine.SystemBus.WriteBytes(data, int(monitor.GetVariable("image_address")))


def of(machine):
    """Return the board of a machine."""
    return _boards[machine]


def show(monitor):
    """Print what ``runMacro $state`` shows."""
    print(of(monitor.Machine).summary())


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
        self.time = CoreTime(self._core, HSI_HZ)
        self.time.access_cycles = options.access_cycles
        self.host = Host(self.time, self, ports.Cells(self._bus), ports.log)
        self.host.on_stop = self.failed
        self.host.runs_from_flash = self._runs_from_flash
        self._timer = None
        self._stock = self._find_stock(options.paced)
        self.platform = models.build(self._describe(options), self.host, options)
        self.log = MarkerLog(self.host, _TRIGGER, _LAYER)
        self._replace()
        self._timer = ports.Timer(machine, self._cpu, self._ports[0], self._due)
        self.platform.on_line(self._nvic.OnGPIO)
        self._place_sensors()
        self._watch(options.guarded)
        machine.MachineReset += self._restart
        self.host.platform = self.platform
        self.host.on_changing = self.log.clocks_changing
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

    def _watch(self, guarded):
        """Listen to GPIOE's outputs, and to the core's registers that Renode has no effect for."""
        port = self.machine["sysbus.gpioPortE"]
        ports.filter_writes(self._bus, port, {
            GPIO.ODR.offset: lambda value: self._outputs_written(self.log.store, value),
            GPIO.BSRR.offset: lambda value: self._outputs_written(self.log.store_bits, value),
        }, self.guarded)  # fmt: skip
        core = {
            _SCB_OFFSET + SCB.AIRCR.offset: self._reset_control_written,
            _SCB_OFFSET + SCB.CCR.offset: self._configuration_written,
        }
        if not guarded:
            core[_MPU_CTRL] = lambda _: 0
        ports.filter_writes(self._bus, self._nvic, core, self.guarded)

    # ---- what happens ----

    def _outputs_written(self, store, value):
        self.begin_access()
        try:
            store(value)
            self.after_write()
        finally:
            self.end_access()
        return value

    def _reset_control_written(self, value):
        if value >> 16 == _KEY and value & _SYSTEM_RESET:
            self._cause = "software"
        return value

    def _configuration_written(self, value):
        caches = [bool(SCB.CCR.get(value, field)) for field in ("IC", "DC")]
        self.platform.meter.caches_changed(*caches)
        return value

    def begin_access(self):
        """Let the time stand, and everything have happened that is due by now."""
        self.time.hold()
        self.host.catch_up()

    def end_access(self):
        """Let the time go on."""
        self.time.release()

    def after_write(self):
        """Let Renode's clock catch up and a new rate count, behind a firmware write."""
        self.time.settle()
        self._core.finish_access()

    def guarded(self, action, failed=None):
        """Return what an action returns, which must not raise into Renode.

        Parameters
        ----------
        failed : object
            What Renode gets where the action fails, and with it the board.
        """
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - an exception here would end Renode
            self.failed(ports.describe(error))
            return failed

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

    def summary(self):
        """Return time, clock, energy and place of the core as a line of text."""
        now_ps = self.time.now_ps()
        meter, clocks = self.platform.meter, self.platform.rcc.clocks
        meter.update()
        return "%.3f ms: SYSCLK %g MHz (%s), %.3f mA, %.6f mJ, core %s at 0x%08X, %d violations" % (
            now_ps * 1e-9, clocks.sysclk_hz * 1e-6, clocks.source, meter.present_a * 1e3,
            meter.energy_j * 1e3, "halted" if self.core_stands() else meter.mode,
            self.program_counter(), self.host.violation_count,
        )  # fmt: skip

    def core_stands(self):
        """Say whether Renode has halted the core."""
        return bool(self._cpu.IsHalted)

    def program_counter(self):
        """Return where the core is."""
        return self._core.program_counter()

    def _runs_from_flash(self):
        address = self.program_counter()
        ranges = self._registrations(self.machine["sysbus.flash"])
        return any(begin <= address < begin + size for _, begin, size in ranges)

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

    def reset(self, cause):
        """Reset the machine, and start what flash memory holds."""
        self._cause = cause
        self.machine.Reset()
        if self._cpu.IsHalted:
            self._cpu.IsHalted = False

    def _restart(self, _):
        """Let the core begin where flash memory begins; Renode forgets that at every reset.

        Before the core is let go: it then looks for its first instruction at once.
        """
        self._cpu.VectorTableOffset = _VECTOR_TABLE

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
