"""What a platform description puts around the core: memories, devices, serial ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.init_statements import write_bus, write_memory
from dvfs_kernel.boards.emulator.memory import Memory
from dvfs_kernel.boards.emulator.trace import ClockChange, MarkerWrite
from dvfs_kernel.errors import BoardError, PlatformDescriptionError
from renode_platform.devices import datasheet as ds
from renode_platform.devices import registers as device_registers
from renode_platform.devices.attach import build
from renode_platform.devices.usart import Usart

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from dvfs_kernel.boards.emulator.bus import Bus
    from dvfs_kernel.boards.emulator.chip_parts import ChipParts
    from dvfs_kernel.boards.emulator.host import DeviceHost
    from dvfs_kernel.boards.emulator.memory import MemoryMap
    from dvfs_kernel.boards.emulator.options import MachineOptions
    from dvfs_kernel.boards.emulator.trace import Counters, Trace

__all__ = ["Board", "SerialPort", "memories_of"]

_READ_ONLY = {"flash": 0xFF, "systemMemory": 0}
_TCM = {"itcm", "dtcm"}
_PAGE = 4096
_MARKER_PORT = "E"
_ITCM_FLASH_END = 0x08000000
_ACR: Any = device_registers.FLASH.registers["ACR"]
_OTP_BEGIN = ds.OTP_BASE
_OTP_END = ds.OTP_BASE + ds.OTP_BLOCKS * (ds.OTP_BLOCK_BYTES + 1)
_EMPTY_ART = np.zeros(st.ART_LINES, np.int64)


def memories_of(parts: ChipParts) -> tuple[Memory, ...]:
    """Make the memories that a description names.

    Raises
    ------
    PlatformDescriptionError
        A memory has no size or no address, or what it is to hold cannot be read.
    """
    found = []
    for item in parts.peripherals.values():
        if not item.type.endswith("MappedMemory"):
            continue
        size = item.attributes.get("size")
        bases = tuple(
            r.address for r in item.registrations if r.parent == "sysbus" and r.address is not None
        )
        if not isinstance(size, int) or size % _PAGE or not bases:
            raise PlatformDescriptionError(
                f"{item.path}:{item.line}: memory '{item.name}' needs an address and a size that is"
                f" a multiple of {_PAGE} bytes; size is {size!r}"
            )
        memory = Memory(
            item.name,
            bases,
            size,
            read_only=item.name in _READ_ONLY,
            fill=_READ_ONLY.get(item.name, 0),
        )
        for base in bases:
            if base <= _OTP_BEGIN < _OTP_END <= base + size:
                memory.cells[_OTP_BEGIN - base : _OTP_END - base] = 0xFF
        write_memory(memory, item.init)
        found.append(memory)
    return tuple(found)


class SerialPort:
    """One end of a serial line whose other end is a UART of the chip."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def write(self, data: bytes) -> None:
        """Send bytes to the firmware; they arrive at the pace of the line."""
        self._device.receive(data)

    @property
    def speed(self) -> str:
        """What the firmware's divider gives: speed, frame, and the clock that is divided."""
        return str(self._device.described())

    def on_bytes(self, callback: Callable[[bytes], Any]) -> None:
        """Call something with every byte that the firmware has sent."""
        self._device.on_transmit(lambda byte: callback(bytes((byte,))))


class Surroundings(Protocol):
    """What the devices have to know of the machine that they are part of."""

    options: MachineOptions
    memory: MemoryMap
    host: DeviceHost
    trace: Trace

    @property
    def native_state(self) -> npt.NDArray[np.int64]:
        """The array that the native hooks count in, as `state` lays it out."""
        ...

    @property
    def counters(self) -> Counters:
        """What the core has counted since reset."""
        ...

    @property
    def now_ps(self) -> int:
        """Virtual time."""
        ...

    def flash_layout_changed(self) -> None:
        """Take the width of a flash word from the option bytes."""
        ...


class Board:
    """The devices around the core.

    Parameters
    ----------
    parts
        Which devices are where.
    machine
        The core that they serve, and what is beside it.
    bus
        Where they answer.

    Raises
    ------
    PlatformDescriptionError
        What the description puts into memory cannot be read.
    ValueError
        A part is missing that the device models need.
    """

    def __init__(self, parts: ChipParts, machine: Surroundings, bus: Bus) -> None:
        self._machine = machine
        self._names = parts.names
        write_bus(parts.bus, machine.memory.find)
        self.flash_memory = next((m for m in machine.memory.memories if m.name == "flash"), None)
        _classify(machine)
        self.platform: Any = build(parts, machine.host, machine.options)
        self.stopped = False
        self._previous: tuple[int, str] | None = None
        self._rest = range(0)  # of an unaligned store, what comes byte by byte
        self.platform.flash.on_layout = self._flash_layout_changed
        for base, size, device in self.platform.devices.values():
            port = _FlashPort(device, machine) if device is self.platform.flash else device
            bus.attach(base, size, port)
        self.platform.on_line(machine.host.set_irq)
        if _MARKER_PORT in self.platform.ports:
            self.platform.ports[_MARKER_PORT].on_output(self._on_marker)

    def reset(self, cause: str) -> None:
        """Reset every device."""
        self.stopped = False
        self._previous = None  # the trace tells the clock after a reset, whatever ran before
        self.platform.reset(cause)

    def counters_restart(self) -> None:
        """Integrate what the core has done: its counters are about to begin at 0 again."""
        self.platform.meter.update()
        self.platform.meter.restart_activity()

    # ---- clocks and power --------------------------------------------------------------------

    @property
    def flash_wait_states(self) -> int:
        """Wait states in effect."""
        return int(self.platform.rcc.clocks.flash_wait_states)

    def power_changed(self) -> None:
        """Integrate the current drawn so far."""
        self.platform.meter.update()

    def energy_j(self) -> float:
        """Energy drawn since reset."""
        self.platform.meter.update()
        return float(self.platform.meter.energy_since_reset_j)

    def clocks_changed(self, clocks: Any) -> None:
        """Tell every device, and the trace where SYSCLK changed."""
        self.platform.clocks_changed(clocks)
        now = clocks.sysclk_hz, clocks.source
        if now != self._previous:
            self._previous = now
            machine = self._machine
            counters = machine.counters
            machine.trace.clock_changes.append(
                ClockChange(
                    machine.now_ps,
                    counters.cycles,
                    self.energy_j(),
                    counters,
                    clocks.sysclk_hz,
                    clocks.source,
                    float(self.platform.meter.present_a),
                )
            )

    @property
    def dual_bank(self) -> bool:
        """Whether the option bytes make two banks of the flash."""
        return bool(self.platform.flash.dual_bank())

    def _flash_layout_changed(self) -> None:
        self._machine.flash_layout_changed()
        self.platform.meter.update()

    def caches_changed(self, instruction: bool, data: bool) -> None:
        """Tell the power model."""
        self.platform.meter.caches_changed(instruction, data)

    def sleep(self, *, deep: bool) -> None:
        """Enter Sleep or Stop mode."""
        self.stopped = deep
        self.platform.mode_changed("stop" if deep else "sleep")

    def wake(self) -> None:
        """Leave Sleep or Stop mode; the core goes on when the wake-up time has passed."""
        host = self._machine.host
        was_stopped, self.stopped = self.stopped, False
        wake_ps = self.platform.mode_changed("run")
        if was_stopped:
            host.stall_until(host.now_ps() + wake_ps)
        else:
            host.sleep_until(host.now_ps() + wake_ps)

    def _on_marker(self, _port: str, _old: int, new: int) -> None:
        machine = self._machine
        counters = machine.counters
        machine.trace.markers.append(
            MarkerWrite(
                machine.now_ps,
                counters.cycles,
                self.energy_j(),
                counters.instructions,
                counters,
                new,
            )
        )

    # ---- flash and serial ports --------------------------------------------------------------

    def store_to_flash(self, address: int, size: int, value: int) -> bool:
        """Take a store to memory that is not written as RAM is; tell whether it may be at all.

        The one-time programmable bytes are part of the system memory, whose rest is read-only.
        """
        found = self._machine.memory.find(address, size)
        if found is None:
            return False
        if address in self._rest and size == 1:
            return True
        # An unaligned store comes as a whole, and byte by byte after that.
        self._rest = range(address, address + size) if address % size else range(0)
        memory, _ = found
        if memory is self.flash_memory:
            self.platform.flash.program(address, size, value)
        elif _OTP_BEGIN <= address < _OTP_END:
            self.platform.flash.program_once(address, size, value)
        else:
            return False
        return True

    def serial_port(self, name: str) -> SerialPort:
        """Return the line to a UART, by the name that the description or the chip has for it."""
        lines = {
            part: device
            for part, (_, _, device) in self.platform.devices.items()
            if isinstance(device, Usart)
        }
        device = lines.get(self._names.get(name, name))
        if device is None:
            ports = [name for name, part in self._names.items() if part in lines]
            raise BoardError(
                f"there is no serial port {name!r} in the description; "
                f"there are {', '.join(ports) or 'none'}"
            )
        return SerialPort(device)


class _FlashPort:
    """The flash interface's registers, and what the timing model has to know of them."""

    def __init__(self, device: Any, machine: Surroundings) -> None:
        self._device = device
        self._words = machine.native_state.data
        self.read = device.read
        self.steady = device.steady

    def write(self, offset: int, size: int, value: int) -> None:
        self._device.write(offset, size, value)
        acr = _ACR
        control = self._device.values["ACR"]
        if acr.get(control, "ARTRST"):
            self._words[st.ART : st.ART + st.ART_LINES] = _EMPTY_ART.data
        self._words[st.ART_ON] = acr.get(control, "ARTEN")
        self._words[st.ART_PREFETCH_ON] = acr.get(control, "PRFTEN")


def _classify(machine: Surroundings) -> None:
    """Tell the timing model which kind of memory is where."""
    kinds = machine.native_state[st.KINDS : st.KINDS + st.KIND_COUNT]
    kinds[:] = st.KIND_DEVICE
    for memory in machine.memory.memories:
        for base in memory.bases:
            if base >= st.KIND_LIMIT:
                continue
            if memory.name in _TCM:
                kind = st.KIND_TCM
            elif memory.read_only:
                kind = st.KIND_FLASH_ITCM if base < _ITCM_FLASH_END else st.KIND_FLASH
            else:
                kind = st.KIND_SRAM
            first = base >> st.KIND_SHIFT
            last = (base + memory.size - 1) >> st.KIND_SHIFT
            kinds[first : last + 1] = kind
