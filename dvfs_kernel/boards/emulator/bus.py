"""Routes the core's accesses to devices, and charges for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.core import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.emulator.accounting import BlockAccount, Held
    from dvfs_kernel.boards.emulator.core import Core
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
    """

    def __init__(self, core: Core, account: BlockAccount, timing: TimingParameters) -> None:
        self._core = core
        self._words = core.words
        self._account = account
        self._timing = timing
        self._pages: dict[int, tuple[int, int, BusDevice, _Steady]] = {}
        ppb = timing.ppb_cycles
        self._read_costs = {"ppb": ppb, "ahb": timing.ahb_read_cycles, "apb1": 0, "apb2": 0}
        self._write_costs = {"ppb": ppb, "ahb": timing.ahb_write_cycles, "apb1": 0, "apb2": 0}
        self._line_cycles = timing.interrupt_line_cycles
        self._instant = _Instant(account)
        self._polled: set[int] = set()
        self.catch_up: Callable[[], None] = _nothing
        self.cycle_at: Callable[[int], int] = lambda _time_ps: NEVER
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
            self._pages[page] = base, base + size, device, getattr(device, "steady", None)

    def connect(self) -> None:
        """Map everything that is attached; the private peripheral bus as a whole."""
        pages = sorted(page for page in self._pages if page < _PPB >> _PAGE_SHIFT)
        runs: list[list[int]] = []
        for page in pages:
            if runs and runs[-1][1] == page and self._bus_of(page) == self._bus_of(runs[-1][0]):
                runs[-1][1] = page + 1
            else:
                runs.append([page, page + 1])
        for begin, end in runs:
            self._map(begin << _PAGE_SHIFT, (end - begin) << _PAGE_SHIFT)
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
            begin, end, device, _ = pages.get(address >> _PAGE_SHIFT, _NOTHING)
            if address >= end:
                return
            pc = words[st.ACCESS_PC]
            with self.at(pc):
                if not self._account.barrier_behind(pc):
                    words[st.LINE_SETTLES] = words[st.CYCLES] + cost + self._line_cycles
                try:
                    device.write(address - begin, width, value)
                finally:
                    words[st.LINE_SETTLES] = 0

        self._core.map_devices(base, size, write)

    def _read(self, address: int, width: int) -> int:
        words = self._words
        cost = self._read_costs[self._bus_of(address >> _PAGE_SHIFT)]
        words[st.CYCLES] += cost
        words[st.DEVICE_STALL] += cost
        begin, end, device, steady = self._pages.get(address >> _PAGE_SHIFT, _NOTHING)
        if address >= end:
            return 0
        with self.at(words[st.ACCESS_PC]):
            if begin < _PPB:
                words[st.DRAINED] = words[st.CYCLES]
            value = device.read(address - begin, width)
            known = None if steady is None else steady(address - begin)
            if known is None:
                self._forget()
            else:
                self._remember(address << 4 | width, value, cost, *known)
        return value

    # ---- time within a block -----------------------------------------------------------------

    def at(self, instruction: int) -> _Instant:
        """Let devices see the cycle in which an instruction of the block under way issues.

        Returns
        -------
        context manager
            In it, the counters stand at that cycle, and all has happened that is due by then.
        """
        instant = self._instant
        instant.held = self._account.hold_back(instruction)
        if self._words[st.CYCLES] >= self._words[st.DEADLINE]:
            with instant:
                self.catch_up()
            instant.held = self._account.hold_back(instruction)
        return instant

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
        count = words[st.STEADY]
        first, stride = st.STEADY_REGISTERS, st.STEADY_STRIDE
        entries = range(first, first + count * stride, stride)
        entry = next((e for e in entries if words[e + st.STEADY_KEY] == key), None)
        if entry is None:
            if count == st.STEADY_LIMIT:
                return
            entry = first + count * stride
            words[st.STEADY] = count + 1
        until = NEVER if until_ps is None else self.cycle_at(until_ps)
        pc = block = ahead = 0
        if slope:
            pc, block = words[st.ACCESS_PC], words[st.PREVIOUS]
            behind = self._account.behind(pc)
            if behind is None or behind[0] < 0 or key & 0xF != _WORD:
                until = 0
            else:
                ahead = behind[0]
            value -= slope * words[st.CYCLES]
        words[entry + st.STEADY_KEY] = key
        words[entry + st.STEADY_VALUE] = value
        words[entry + st.STEADY_COST] = cost
        words[entry + st.STEADY_UNTIL] = until
        words[entry + st.STEADY_SLOPE] = slope
        words[entry + st.STEADY_PC] = pc
        words[entry + st.STEADY_BLOCK] = block
        words[entry + st.STEADY_AHEAD] = ahead


class _Instant:
    """What `Bus.at` holds back while a device is asked; there is one access at a time."""

    def __init__(self, account: BlockAccount) -> None:
        self._give_back = account.give_back
        self.held: Held | None = None

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        if self.held is not None:
            self._give_back(self.held)


def _nothing() -> None:
    return


class _Nothing:
    """Reserved words: read as zero, ignore writes."""

    def read(self, _offset: int, _size: int) -> int:
        return 0

    def write(self, _offset: int, _size: int, _value: int) -> None:
        return


_NOTHING: tuple[int, int, BusDevice, _Steady] = (0, 0, _Nothing(), None)
