"""A host of nothing but a clock and an event queue."""

from __future__ import annotations

import heapq
import itertools
from pathlib import Path

from dvfs_kernel.boards.emulator.repl import PlatformDescription
from dvfs_kernel.errors import BoardError
from renode_platform.devices import attach
from renode_platform.devices.alternate_functions import routes_of
from renode_platform.devices.host_time import coming

PLATFORM = Path(__file__).parents[2] / "renode_platform"
FLASH_BASE = 0x08000000
BOARD = PlatformDescription.load(PLATFORM / "nucleo_f767zi.repl")


class ViolationError(Exception):
    """What a strict host makes of illegal programming."""


class FakeHost:
    def __init__(self, *, strict=False):
        self.time_ps = 0
        self.strict = strict
        self.violations = []
        self.logged = []
        self.clock_states = []
        self.stalls = []
        self.waits = []
        self.busy_banks = []
        self.flash = bytearray(b"\xff" * (2 << 20))
        self.platform = None
        self._events = []
        self._ids = itertools.count()
        self._cancelled = set()

    # ---- what devices call ----

    def now_ps(self):
        return self.time_ps

    def call_at(self, time_ps, callback):
        token = next(self._ids)
        heapq.heappush(self._events, (coming(time_ps, self.time_ps), token, callback))
        return token

    def cancel(self, token):
        self._cancelled.add(token)

    def stall_until(self, time_ps):
        self.stalls.append((self.time_ps, coming(time_ps, self.time_ps)))
        self.advance_to(time_ps)

    def wait_until(self, time_ps):
        self.waits.append((self.time_ps, coming(time_ps, self.time_ps)))
        self.advance_to(time_ps)

    def flash_busy(self, banks, until_ps):
        self.busy_banks.append((banks, until_ps))

    def clocks_changed(self, clocks):
        self.clock_states.append((self.time_ps, clocks))
        if self.platform is not None:
            self.platform.clocks_changed(clocks)

    def violation(self, rule, message):
        self.violations.append((rule, message))
        if self.strict:
            raise ViolationError(f"{rule}: {message}")

    def log(self, message):
        self.logged.append(message)

    def power_changed(self):
        if self.platform is not None:
            self.platform.meter.update()

    def flash_erase(self, address, length):
        self.flash[self._cells(address, length)] = b"\xff" * length

    def flash_read(self, address, size):
        return int.from_bytes(self.flash[self._cells(address, size)], "little")

    def flash_write(self, address, size, value):
        self.flash[self._cells(address, size)] = value.to_bytes(size, "little")

    def _cells(self, address, size):
        begin = address - FLASH_BASE
        if not 0 <= begin <= begin + size <= len(self.flash):
            raise BoardError(f"no flash at {address:#x}")
        return slice(begin, begin + size)

    # ---- what tests call ----

    def advance_to(self, time_ps):
        while self._events and self._events[0][0] <= time_ps:
            at_ps, token, callback = heapq.heappop(self._events)
            if token in self._cancelled:
                self._cancelled.discard(token)
                continue
            self.time_ps = max(self.time_ps, at_ps)
            callback()
        self.time_ps = max(self.time_ps, time_ps)

    def advance_us(self, microseconds):
        self.advance_to(self.time_ps + int(microseconds * 1_000_000))

    @property
    def rules(self):
        return [rule for rule, _ in self.violations]


class Options:
    def __init__(self, **values):
        self.__dict__.update(values)


def make_board(*, strict=False, description=BOARD, **options):
    host = FakeHost(strict=strict)
    host.platform = attach.build(description, host, Options(**options))
    host.platform.reset("power-on")
    return host, host.platform


def set_up_pins(platform, *signals):
    """Give each signal the first pin that can carry it."""
    for signal in signals:
        letter, pin, function = routes_of(signal)[0]
        Registers(platform, "rcc").set("AHB1ENR", **{f"GPIO{letter}EN": 1})
        port = Registers(platform, "gpioPort" + letter)
        port.set("AFRH" if pin > 7 else "AFRL", **{f"AFR{pin}": function})
        port.set("MODER", **{f"MODER{pin}": 2})


class Registers:
    """Firmware's view of one device: whole-word registers and fields by name."""

    def __init__(self, platform, name):
        self.device = platform.devices[name][2]
        self.block = self.device.block

    def read(self, register):
        return self.device.read(self.block.registers[register].offset, 4)

    def write(self, register, value):
        self.device.write(self.block.registers[register].offset, 4, value & 0xFFFFFFFF)

    def get(self, register, field):
        return self.block.registers[register].get(self.read(register), field)

    def set(self, register, **fields):
        value = self.read(register)
        for field, content in fields.items():
            value = self.block.registers[register].put(value, field, content)
        self.write(register, value)
