"""Routes the core's accesses to devices, and charges for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dvfs_kernel.boards.emulator import state as st

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["Bus", "BusDevice"]

_PAGE_SHIFT = 10
_PAGE = 1 << _PAGE_SHIFT
_PPB = 0xE0000000
_PPB_BYTES = 0x100000
# Where the buses begin (DS11532 Rev 7, memory map).
_APB2 = 0x40010000
_AHB1 = 0x40020000


class BusDevice(Protocol):
    """What answers on the bus."""

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
    timing
        What an access costs.
    """

    def __init__(self, core: Core, timing: TimingParameters) -> None:
        self._core = core
        self._timing = timing
        self._pages: dict[int, tuple[int, int, BusDevice]] = {}
        ppb = timing.ppb_cycles
        self._read_costs = {"ppb": ppb, "ahb": timing.ahb_read_cycles, "apb1": 0, "apb2": 0}
        self._write_costs = {"ppb": ppb, "ahb": timing.ahb_write_cycles, "apb1": 0, "apb2": 0}
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
            self._pages[page] = base, base + size, device

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
        read_costs, write_costs = self._read_costs, self._write_costs
        state = self._core.words

        def read(address: int, width: int) -> int:
            cost = read_costs[bus]
            state[st.CYCLES] += cost
            state[st.DEVICE_STALL] += cost
            begin, end, device = pages.get(address >> _PAGE_SHIFT, _NOTHING)
            if address >= end:
                return 0
            return device.read(address - begin, width)

        def write(address: int, width: int, value: int) -> None:
            cost = write_costs[bus]
            state[st.CYCLES] += cost
            state[st.DEVICE_STALL] += cost
            begin, end, device = pages.get(address >> _PAGE_SHIFT, _NOTHING)
            if address < end:
                device.write(address - begin, width, value)

        self._core.map_devices(base, size, read, write)


class _Nothing:
    """Reserved words: read as zero, ignore writes."""

    def read(self, _offset: int, _size: int) -> int:
        return 0

    def write(self, _offset: int, _size: int, _value: int) -> None:
        return


_NOTHING: tuple[int, int, BusDevice] = (0, 0, _Nothing())
