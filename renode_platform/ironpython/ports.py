"""Renode's interfaces, put around the device models: bus ports, serial ports, I2C slaves, timers.

What Renode calls and what then raises a Python exception would end Renode itself. So all of it goes
through the board's `guarded`: what is raised is logged with its line, and counts as a fault of the
board.
"""

import sys

import System
from Antmicro.Renode.Core import Range
from Antmicro.Renode.Logging import Logger, LogLevel
from Antmicro.Renode.Peripherals import IKnownSize
from Antmicro.Renode.Peripherals.Bus import (
    BusRangeRegistration,
    IBytePeripheral,
    IDoubleWordPeripheral,
    IWordPeripheral,
)
from Antmicro.Renode.Peripherals.I2C import II2CPeripheral
from Antmicro.Renode.Peripherals.UART import Bits, Parity, UARTBase
from Antmicro.Renode.Time import ClockEntry, Direction, TimeInterval, WorkMode
from System.Reflection import BindingFlags

from ..devices.registers import USART

_RECEIVING = USART.CR1.mask("UE") | USART.CR1.mask("RE")
_STOP_BITS = {0.5: Bits.Half, 1: Bits.One, 1.5: Bits.OneAndAHalf, 2: Bits.Two}
_PARITIES = {"N": getattr(Parity, "None"), "E": Parity.Even, "O": Parity.Odd}
_NS_PER_S = 1000000000
_PS_PER_NS = 1000
_PS_PER_US = 1000000


def describe(error):
    """Return an exception with the line that raised it."""
    trace = sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        code = trace.tb_frame.f_code
        place = " (%s, line %d)" % (code.co_filename, trace.tb_lineno)
    return "%s: %s%s" % (type(error).__name__, error, place)


class Core(object):
    """Renode's processor, as `CoreTime` wants it."""

    def __init__(self, machine, cpu):
        self._source = machine.LocalTimeSource
        self._cpu = cpu
        self._residuum = _private_field(cpu, "executedResiduum")
        self.restart = False
        self._waits = 0
        cpu.AddHookAtWfiStateChange(System.Action[System.Boolean](self._waiting))

    def _waiting(self, waits):
        self._waits += int(waits)

    def waits(self):
        """Return how often the core was seen to wait for an interrupt."""
        return self._waits

    def count(self):
        """Return instructions executed and skipped, Renode's time, and the MIPS in effect."""
        cpu = self._cpu
        if cpu.OnPossessedThread:
            cpu.SyncTime()
        mips = int(cpu.PerformanceInMips)
        renode_ps = int(self._source.ElapsedVirtualTime.Ticks) * _PS_PER_NS
        if self._residuum is not None:
            renode_ps += int(self._residuum.GetValue(cpu)) * _PS_PER_US // mips
        return int(cpu.ExecutedInstructions), int(cpu.SkippedInstructions), renode_ps, mips

    def executing(self):
        """Say whether this is called from inside an access of the core."""
        return bool(self._cpu.OnPossessedThread)

    def set_mips(self, mips):
        """Set the rate; from inside an access it counts once the block is left."""
        self._cpu.PerformanceInMips = mips
        self.restart = True

    def skip(self, instructions):
        """Let Renode's clock advance as if so many instructions had been executed."""
        # Renode takes nanoseconds and makes instructions of them at the rate in effect, which is
        # the old one until the block is left.
        mips = int(self._cpu.PerformanceInMips)
        nanoseconds = -(-instructions * 1000 // mips)
        self._cpu.SkipTime(TimeInterval.FromNanoseconds(nanoseconds))
        self.restart = True

    def finish_access(self):
        """Behind a write, leave the block at its end, where a new rate or a skip has to count.

        To leave it at once, with `RequestTranslationBlockRestart`, takes Renode a millisecond.
        """
        if self.restart:
            self.restart = False
            if self._cpu.OnPossessedThread:
                self._cpu.RequestReturn()

    def program_counter(self):
        return int(self._cpu.PC.RawValue)


def _private_field(cpu, name):
    """Return a field of the processor's base class; None where Renode has no such field."""
    kind = cpu.GetType()
    while kind is not None:
        field = kind.GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)
        if field is not None:
            return field
        kind = kind.BaseType
    return None


class Timer(object):
    """One shot of Renode's clock."""

    def __init__(self, machine, cpu, owner, on_due):
        self._clock = machine.ClockSource
        self._cpu = cpu
        self._owner = owner
        self._handler = System.Action(on_due)
        self._nanoseconds = 1
        self._enabled = False
        # Renode looks an entry up by its handler, and takes the new one from a function.
        self._visitor = System.Func[ClockEntry, ClockEntry](lambda _: self._entry())
        self._clock.AddClockEntry(self._entry())

    def _entry(self):
        return ClockEntry(
            self._nanoseconds, _NS_PER_S, self._handler, self._owner, "modelEvents",
            self._enabled, Direction.Ascending, WorkMode.OneShot, 1,
        )  # fmt: skip

    def start(self, nanoseconds):
        self._nanoseconds = nanoseconds
        self._enabled = True
        self._clock.ExchangeClockEntryWith(self._handler, self._visitor, None)
        if self._cpu.OnPossessedThread:
            self._cpu.RequestReturn()  # the core was told how far it may run before


class Registers(object):
    """The registers of a device model, as Renode's interfaces name accesses."""

    def _hold(self, device, size, board):
        self._device = device
        self._size = size
        self._board = board

    def _read(self, offset, size):
        return self._board.guarded(lambda: self._taken(offset, size), 0)

    def _taken(self, offset, size):
        board = self._board
        try:
            board.begin_access()
            return self._device.read(int(offset), size)
        finally:
            board.end_access()

    def _write(self, offset, size, value):
        self._board.guarded(lambda: self._put(offset, size, value))

    def _put(self, offset, size, value):
        board = self._board
        try:
            board.begin_access()
            self._device.write(int(offset), size, int(value))
            board.after_write()
        finally:
            board.end_access()

    def ReadDoubleWord(self, offset):
        return self._read(offset, 4)

    def WriteDoubleWord(self, offset, value):
        self._write(offset, 4, value)

    def ReadWord(self, offset):
        return self._read(offset, 2)

    def WriteWord(self, offset, value):
        self._write(offset, 2, value)

    def ReadByte(self, offset):
        return self._read(offset, 1)

    def WriteByte(self, offset, value):
        self._write(offset, 1, value)

    @property
    def Size(self):
        return self._size

    def get_Size(self):
        return self._size


class RegisterPort(Registers, IDoubleWordPeripheral, IWordPeripheral, IBytePeripheral, IKnownSize):
    """A device model on the system bus."""

    def __init__(self, device, size, board):
        self._hold(device, size, board)

    def Reset(self):
        self._board.peripheral_reset(self)


class UartPort(
    Registers, UARTBase, IDoubleWordPeripheral, IWordPeripheral, IBytePeripheral, IKnownSize
):
    """A serial port: the model's registers on the bus, and the line of a UART of Renode's."""

    def __new__(cls, machine, device, size, board):
        return UARTBase.__new__(cls, machine)

    def __init__(self, machine, device, size, board):
        self._hold(device, size, board)
        device.on_transmit(self.TransmitCharacter)

    def WriteChar(self, value):
        """Take a byte from whatever is connected; it arrives at the pace of the line."""
        self._board.at_rest(lambda: self._device.receive([int(value)]))

    def receive(self, data):
        """Take bytes while the machine is at rest."""
        self._device.receive(data)

    def CharWritten(self):
        pass

    def QueueEmptied(self):
        pass

    def Reset(self):
        pass

    def get_BaudRate(self):
        return self._board.guarded(lambda: int(self._device.baud()), 0)

    def get_StopBits(self):
        return self._board.guarded(lambda: _STOP_BITS[self._device.sending().stop_bits], Bits.One)

    def get_ParityBit(self):
        return self._board.guarded(
            lambda: _PARITIES[self._device.sending().parity], getattr(Parity, "None")
        )

    BaudRate = property(get_BaudRate)
    StopBits = property(get_StopBits)
    ParityBit = property(get_ParityBit)


class Line(object):
    """The other end of a serial port, for a program: bytes to send, and a list of those received.

    Parameters
    ----------
    port : object
        Any of Renode's UARTs, or one that a model stands behind.
    """

    def __init__(self, port):
        self._port = port
        self._waiting = []
        self.received = []
        port.CharReceived += self.received.append

    def send(self, data):
        """Queue bytes while the machine is at rest."""
        if isinstance(self._port, UartPort):
            self._port.receive(data)
        else:
            self._waiting.extend(data)
            self.pump()

    def pump(self):
        """Hand bytes to a stock port once its receiver is on: it would lose them before."""
        if self._waiting and self._port.ReadDoubleWord(USART.CR1.offset) & _RECEIVING == _RECEIVING:
            for byte in self._waiting:
                self._port.WriteChar(byte)
            del self._waiting[:]


class I2cSlave(II2CPeripheral):
    """A sensor model behind Renode's I2C controllers."""

    def __init__(self, sensor, board):
        self._sensor = sensor
        self._board = board

    def Write(self, data):
        self._board.guarded(lambda: self._take(data))

    def _take(self, data):
        self._sensor.start(False)
        for byte in data:
            self._sensor.write(int(byte))

    def Read(self, count):
        found = System.Array.CreateInstance(System.Byte, count)

        def fill():
            self._sensor.start(True)
            for index in range(count):
                found[index] = self._sensor.read()

        self._board.guarded(fill)
        return found

    def FinishTransmission(self):
        self._board.guarded(self._sensor.stop)

    def Reset(self):
        pass


class Cells(object):
    """The flash memory's cells, written past the bus's rules."""

    def __init__(self, bus):
        self._bus = bus

    def read(self, address, size):
        value = 0
        for index in range(size):
            value |= int(self._bus.ReadByte(address + index)) << (8 * index)
        return value

    def write(self, address, size, value):
        for index in range(size):
            self._bus.WriteByte(address + index, (value >> (8 * index)) & 0xFF)

    def fill(self, address, length):
        ones = System.Array.CreateInstance(System.Byte, length)
        for index in range(length):
            ones[index] = 0xFF
        self._bus.WriteBytes(ones, address)


def filter_writes(bus, peripheral, filters, guarded):
    """Let functions hear the words that firmware writes to a peripheral, before they arrive.

    Renode has one such hook for each peripheral; another one takes its place.

    Parameters
    ----------
    filters : dict
        ``{offset: function}``; a function takes the value and returns the one to write.
    guarded : callable
        Of the board. Where a function fails, the value is written as it is.
    """

    def before(value, offset):
        take = filters.get(int(offset))
        return value if take is None else guarded(lambda: take(int(value)), value)

    hook = System.Func[System.UInt32, System.Int64, System.UInt32](before)
    begin, end = min(filters), max(filters) + 4
    bus.SetHookBeforePeripheralWrite[System.UInt32](peripheral, hook, Range(begin, end - begin))


def place(machine, port, name, address, size):
    """Put a port on the system bus under a name."""
    machine.SystemBus.Register(port, BusRangeRegistration(address, size))
    machine.SetLocalName(port, name)


def log(level, message):
    """Write to Renode's log."""
    wanted = LogLevel.Error if level == "error" else LogLevel.Info
    Logger.Log(wanted, message.replace("{", "{{").replace("}", "}}"))
