"""Routes the core's accesses to devices, and charges for them."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.core import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.boards.emulator.accounting import BlockAccount
    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.host import DeviceHost
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

    _Steady = Callable[[int], tuple[int | None, int] | None] | None

__all__ = ["Bus", "BusDevice"]

_PAGE_SHIFT = 10
_PAGE = 1 << _PAGE_SHIFT
_PPB = 0xE0000000
_PPB_BYTES = 0x100000
# Where the buses begin (DS11532 Rev 7, memory map).
_APB2 = 0x40010000
_AHB1 = 0x40020000
_WORD = 4
_WORTH_CYCLES = 32  # what reads the same for less is not worth the trouble


class _Page(NamedTuple):
    """What is in a kilobyte of addresses: who answers from where to where, and on which bus."""

    begin: int
    end: int
    device: BusDevice
    steady: _Steady
    bus: str


class BusDevice(Protocol):
    """What answers on the bus.

    One that has ``steady(offset)`` tells of a register just read how it goes on without a write or
    an event: ``(until_ps, slope)``, or ``None`` where that cannot be told or the read had an
    effect. It reads the same plus ``slope`` for each cycle, until a time; ``None`` is for good.
    """

    def read(self, offset: int, size: int) -> int:
        """Return `size` bytes at an offset."""

    def write(self, offset: int, size: int, value: int) -> Any:
        """Write `size` bytes at an offset."""


class Bus:
    """Devices by address.

    Parameters
    ----------
    core
        Whose accesses are routed.
    account
        Tells where in its block an access stands: the device sees the counters of that cycle.
    timing
        What an access costs.
    host
        Whose time it is.
    """

    def __init__(
        self, core: Core, account: BlockAccount, timing: TimingParameters, host: DeviceHost
    ) -> None:
        self._core = core
        self._words = core.words
        self._account = account
        self._timing = timing
        self._host = host
        self._pages: dict[int, _Page] = {}
        ppb = timing.ppb_cycles
        self._read_costs = {"ppb": ppb, "ahb": timing.ahb_read_cycles, "apb1": 0, "apb2": 0}
        self._write_costs = {"ppb": ppb, "ahb": timing.ahb_write_cycles, "apb1": 0, "apb2": 0}
        self._line_cycles = timing.interrupt_line_cycles
        self._polled: set[int] = set()
        core.on_device_read(self._read)
        self.set_ratios(1, 1)

    def set_ratios(self, apb1: int, apb2: int) -> None:
        """Take how many HCLK cycles a cycle of each APB clock has."""
        timing = self._timing
        for bus, ratio in (("apb1", apb1), ("apb2", apb2)):
            cycles = timing.apb_cycles * ratio
            self._read_costs[bus] = timing.ahb_read_cycles + cycles
            self._write_costs[bus] = timing.ahb_write_cycles + cycles

    def attach(self, base: int, size: int, device: BusDevice) -> None:
        """Put a device at an address; its range is rounded up to 1 KB."""
        for page in range(base >> _PAGE_SHIFT, (base + size + _PAGE - 1) >> _PAGE_SHIFT):
            steady = getattr(device, "steady", None)
            self._pages[page] = _Page(base, base + size, device, steady, self._bus_of(page))

    def connect(self) -> None:
        """Map everything that is attached; the private peripheral bus as a whole."""
        pages = sorted(page for page in self._pages if page < _PPB >> _PAGE_SHIFT)

        def run_of(item: tuple[int, int]) -> tuple[int, str]:
            index, page = item
            return page - index, self._bus_of(page)

        for _, adjoining in groupby(enumerate(pages), run_of):
            run = [page << _PAGE_SHIFT for _, page in adjoining]
            self._map(run[0], len(run) * _PAGE)
        self._map(_PPB, _PPB_BYTES)

    @staticmethod
    def _bus_of(page: int) -> str:
        address = page << _PAGE_SHIFT
        if address >= _PPB:
            return "ppb"
        if address >= _AHB1:
            return "ahb"
        return "apb2" if address >= _APB2 else "apb1"

    def _map(self, base: int, size: int) -> None:
        bus = self._bus_of(base >> _PAGE_SHIFT)
        pages = self._pages
        costs = self._write_costs
        words = self._words

        def write(address: int, width: int, value: int) -> None:
            cost = costs[bus]
            words[st.CYCLES] += cost
            words[st.DEVICE_STALL] += cost
            self._forget()
            begin, end, device, _, _ = pages.get(address >> _PAGE_SHIFT, _NO_PAGE)
            if address >= end:
                return
            pc = words[st.ACCESS_PC]
            self._account.hold_back(pc)
            try:
                if words[st.CYCLES] >= words[st.DEADLINE]:
                    self._host.catch_up()
                if not self._account.barrier_behind(pc):
                    words[st.LINE_SETTLES] = words[st.CYCLES] + cost + self._line_cycles
                device.write(address - begin, width, value)
            finally:
                words[st.LINE_SETTLES] = 0
                self._account.give_back()

        self._core.map_devices(base, size, write)

    def _read(self, address: int, width: int) -> int:
        words = self._words
        begin, end, device, steady, bus = self._pages.get(address >> _PAGE_SHIFT, _NO_PAGE)
        cost = self._read_costs[bus]
        words[st.CYCLES] += cost
        words[st.DEVICE_STALL] += cost
        if address >= end:
            return 0
        self._account.hold_back(words[st.ACCESS_PC])
        try:
            cycle = words[st.CYCLES]
            if cycle >= words[st.DEADLINE]:
                self._host.catch_up()
            if begin < _PPB:
                words[st.DRAINED] = cycle
            value = device.read(address - begin, width)
            known = None if steady is None else steady(address - begin)
            if known is None:
                self._forget()
            else:
                self._remember(address << 4 | width, value, cost, *known)
        finally:
            self._account.give_back()
        return value

    @contextmanager
    def at(self, instruction: int) -> Iterator[None]:
        """Let devices see the cycle in which an instruction of the block under way issues."""
        self._account.hold_back(instruction)
        try:
            self._host.catch_up()
            yield
        finally:
            self._account.give_back()

    # ---- polling -----------------------------------------------------------------------------

    def _forget(self) -> None:
        """Know nothing any more: an access may have had an effect on any register."""
        self._words[st.STEADY] = 0
        self._polled.clear()

    def _remember(self, key: int, value: int, cost: int, until_ps: int | None, slope: int) -> None:
        """Let a register that is read again and again be read without asking the device."""
        if key not in self._polled:
            self._polled.add(key)
            return
        words = self._words
        until = NEVER if until_ps is None else self._host.cycle_at(until_ps)
        if until < words[st.CYCLES] + _WORTH_CYCLES:
            return
        count = words[st.STEADY]
        first, stride = st.STEADY_REGISTERS, st.STEADY_STRIDE
        entries = range(first, first + count * stride, stride)
        entry = next((e for e in entries if words[e + st.STEADY_KEY] == key), None)
        if entry is None:
            if count == st.STEADY_LIMIT:
                return
            entry = first + count * stride
            words[st.STEADY] = count + 1
        if slope:
            value -= slope * words[st.CYCLES]
            if key & 0xF != _WORD or not self._account.note_behind(words[st.ACCESS_PC]):
                until = 0
        words[entry + st.STEADY_KEY] = key
        words[entry + st.STEADY_VALUE] = value
        words[entry + st.STEADY_COST] = cost
        words[entry + st.STEADY_UNTIL] = until
        words[entry + st.STEADY_SLOPE] = slope


class _Nothing:
    """Reserved words: read as zero, ignore writes."""

    def read(self, _offset: int, _size: int) -> int:
        return 0

    def write(self, _offset: int, _size: int, _value: int) -> None:
        return


_NO_PAGE = _Page(0, 0, _Nothing(), None, "ppb")
