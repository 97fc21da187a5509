"""The virtual board: core, memories and devices, run in virtual time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.emulator import caches
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.accounting import BlockAccount
from dvfs_kernel.boards.emulator.board import Board, memories_of
from dvfs_kernel.boards.emulator.bus import Bus
from dvfs_kernel.boards.emulator.chip_parts import ChipParts
from dvfs_kernel.boards.emulator.core import NEVER, Core, Stop, StopKind
from dvfs_kernel.boards.emulator.core_faults import CoreFaults
from dvfs_kernel.boards.emulator.elf import Executable, SymbolTable
from dvfs_kernel.boards.emulator.exception_entry import Exceptions, LockUp
from dvfs_kernel.boards.emulator.faults import CoreFaultError, FaultReport, FaultStatus
from dvfs_kernel.boards.emulator.host import DeviceHost
from dvfs_kernel.boards.emulator.interrupt import deferred_interrupt
from dvfs_kernel.boards.emulator.memory import MemoryMap
from dvfs_kernel.boards.emulator.nvic import Nvic
from dvfs_kernel.boards.emulator.options import MachineOptions, StopReason
from dvfs_kernel.boards.emulator.pipeline import Pipeline
from dvfs_kernel.boards.emulator.system_control import SystemControl
from dvfs_kernel.boards.emulator.systick import SysTick
from dvfs_kernel.boards.emulator.trace import Counters, Trace, Violation
from dvfs_kernel.boards.emulator.virtual_time import picoseconds
from dvfs_kernel.boards.emulator.wait_costs import apply_wait_costs
from dvfs_kernel.errors import FileFormatError, PlatformDescriptionError
from renode_platform.devices.dwt import Dwt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dvfs_kernel.boards.emulator.board import SerialPort
    from dvfs_kernel.boards.emulator.repl import PlatformDescription

__all__ = ["Machine", "MachineOptions", "StopReason"]

_SCS = 0xE000E000
_DWT = 0xE0001000
_BLOCK_BYTES = 0x1000
# The core comes back to Python at least this often, for the wall clock and for Ctrl-C.
_QUANTUM_CYCLES = 10_000_000
_RESET_XPSR = 1 << 24
_VECTORS_BYTES = 8  # stack pointer and entry
_STOP_REASON_WAITING = "waiting for an interrupt"


class Machine:
    """A board made from a platform description.

    Parameters
    ----------
    description
        What is where.
    options
        How it is set up.

    Raises
    ------
    PlatformDescriptionError
        The description says what this board cannot be, or lacks what it needs.

    Attributes
    ----------
    trace : Trace
        Clock changes, marker writes, violations.
    symbols : SymbolTable
        Of the firmware loaded last.

    Examples
    --------
    >>> machine = Machine(PlatformDescription.load(path))  # doctest: +SKIP
    >>> machine.load_elf("firmware.elf")                   # doctest: +SKIP
    >>> machine.reset()                                    # doctest: +SKIP
    >>> machine.run(for_s=0.1)                             # doctest: +SKIP
    <StopReason.LIMIT: 'limit'>
    """

    def __init__(
        self, description: PlatformDescription, options: MachineOptions | None = None
    ) -> None:
        self.options = options or MachineOptions()
        self.trace = Trace()
        self.symbols = SymbolTable()
        self._loaded: tuple[tuple[int, int], ...] = ()
        timing = self.options.timing
        self._timing = timing
        self._state = st.new_state()
        self._words = self._state.data
        parts = ChipParts.of(description)
        #: What the description has and nothing here models: name and type.
        self.unmodelled = parts.unmodelled
        self.memory = MemoryMap(memories_of(parts))
        self._account = BlockAccount(self._state, Pipeline(timing), self.memory)
        self._core = Core(
            self._state,
            self._account.resolve,
            self._account.translated,
            self._store_to_flash,
            model_caches=self.options.caches,
        )
        for memory in self.memory.memories:
            self._core.map_memory(memory, [b for b in memory.bases if not st.is_peripheral(b)])
        self.nvic = Nvic()
        self.host = self._make_host()
        self._systick = SysTick(
            self.nvic,
            self.host.ticks,
            self.host.call_at_tick,
            self.host.cancel,
            self.host.time.time_of,
        )
        self._sleeping = False
        self._bus = Bus(self._core, self._account, timing, self.host)
        self._board = self._make_board(parts, description)
        self._dwt = Dwt(
            lambda: self._words[st.CYCLES],
            self._trace_enabled,
            lambda: self._core.registers.pc,
        )
        self._control = SystemControl(
            self._core,
            self.nvic,
            self._systick,
            self.host.request_reset,
            self._board.caches_changed,
            self._dwt.trace_changed,
            self.options.boot_address,
        )
        self._exceptions = Exceptions(self._core, self.memory, self.nvic, self._control, timing)
        self._faults = CoreFaults(
            self._core, self._account, self._control, self._exceptions, self._report
        )
        self._bus.attach(_SCS, _BLOCK_BYTES, self._control)
        self._bus.attach(_DWT, _BLOCK_BYTES, self._dwt)
        for memory in self.memory.memories:
            for base in filter(st.is_peripheral, memory.bases):
                self._bus.attach(base, memory.size, memory)  # a device to the core all the same
        self._bus.connect()
        self.flash_layout_changed()
        self._restart("power-on")

    def _make_host(self) -> DeviceHost:
        """Return what the devices run in; what it reports comes once they are there."""
        return DeviceHost(
            self._core,
            self.nvic,
            self.memory,
            on_violation=self._on_violation,
            on_message=self._on_message,
            on_clocks=self._on_clocks,
            on_ticks_moved=self._on_ticks_moved,
            on_power=self._on_power,
            on_flash=self.write_memory,
        )

    def _make_board(self, parts: ChipParts, description: PlatformDescription) -> Board:
        try:
            return Board(parts, self, self._bus)
        except PlatformDescriptionError:
            raise
        except ValueError as error:  # a part is missing that the device models need
            raise PlatformDescriptionError(f"{description.path}: {error}") from error

    # ---- memory ------------------------------------------------------------------------------

    def load_elf(self, source: str | Path | bytes) -> None:
        """Put the loadable segments of an ELF file where they belong, flash included.

        Raises
        ------
        FileFormatError
            It is not an executable for the chip.
        BoardError
            A segment is outside the chip's memories.
        """
        executable = Executable.read(source)
        for address, data in executable.segments:
            self.write_memory(address, data)
        self.symbols = executable.symbols
        self._loaded = executable.places()

    def check_vectors(self) -> None:
        """See to it that the core has something to begin with.

        Raises
        ------
        FileFormatError
            The vector table is as empty as flash memory is before anything is written there.
        """
        begin = self._control.boot_address
        if self.memory.read(begin, _VECTORS_BYTES) == b"\xff" * _VECTORS_BYTES:
            places = ", ".join(f"0x{first:08X} to 0x{last:08X}" for first, last in self._loaded)
            raise FileFormatError(
                "the vector table in flash memory, at 0x08000000, is empty: the firmware fills "
                f"{places or 'nothing'}; after reset the core begins in flash, so link the table "
                "and what starts the program there"
            )

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory from outside, flash included; `BoardError` outside the memories."""
        self.memory.write(address, data)
        self._code_changed(address, len(data))

    def read_memory(self, address: int, length: int) -> bytes:
        """Read memory from outside; `BoardError` outside the memories."""
        return self.memory.read(address, length)

    def _store_to_flash(self, address: int, size: int, value: int) -> bool:
        with self._bus.at(self._core.registers.pc):
            return self._board.store_to_flash(address, size, value)

    def _code_changed(self, address: int, size: int) -> None:
        for memory, offset, length in self.memory.parts(address, size):
            for base in memory.bases:
                if self._account.holds_code(base + offset, length):
                    self._core.forget_code(base + offset, length)
                    self._account.clear()

    # ---- observation -------------------------------------------------------------------------

    @property
    def now_ps(self) -> int:
        """Virtual time in picoseconds since the machine was made."""
        return self.host.now_ps()

    @property
    def native_state(self) -> st.NativeState:
        """The array that the native hooks work on; offsets are in `state`."""
        return self._state

    @property
    def counters(self) -> Counters:
        """What the core has counted since reset."""
        return self._account.counters()

    @property
    def energy_j(self) -> float:
        """Energy that the chip has drawn since reset, in joules."""
        return self._board.energy_j()

    @property
    def devices(self) -> Any:
        """The platform of device models."""
        return self._board.platform

    def uart(self, name: str) -> SerialPort:
        """Return a serial port by its name in the description, e.g. ``"usart3"``."""
        return self._board.serial_port(name)

    def function_at(self, address: int) -> str | None:
        """Return the firmware's function at an address."""
        return self.symbols.function_at(address & ~1)

    def whereabouts(self) -> str:
        """Say where the core is, for messages."""
        pc = self._core.registers.pc
        name = self.function_at(pc)
        place = f"at 0x{pc:08X}" + (f" ({name})" if name else "")
        return f"{_STOP_REASON_WAITING} {place}" if self._sleeping else place

    def registers(self) -> dict[str, int]:
        """Return ``r0`` .. ``r12``, ``sp``, ``lr``, ``pc`` and ``xpsr``."""
        return self._report("").registers

    def profile(self) -> dict[str, int]:
        """Return instructions by function since the code was loaded, most first."""
        found: dict[str, int] = {}
        for address, (_, instructions) in self._account.profile().items():
            name = (self.function_at(address) or f"0x{address:08X}").partition("+")[0]
            found[name] = found.get(name, 0) + instructions
        return {name: found[name] for name in sorted(found, key=lambda name: (-found[name], name))}

    def _report(self, summary: str) -> FaultReport:
        control = self._control
        return FaultReport.capture(
            summary,
            self._core.registers.read_integers(),
            time_ps=self.now_ps,
            cycles=self._words[st.CYCLES],
            status=FaultStatus(
                control.configurable_fault_status,
                control.hard_fault_status,
                control.bus_fault_address,
            ),
            symbols=self.symbols,
        )

    # ---- reset -------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset chip and counters as the reset button does; memory and time stay."""
        self._restart("pin")

    def _restart(self, cause: str) -> None:
        self.host.reset_cause = None
        self._board.counters_restart()
        state = self._state
        # Time goes on where it is: ticks begin at 0 again, with the core's cycles.
        self.host.restart_ticks()
        state[: st.COUNTERS] = 0
        state[st.PREVIOUS] = st.NO_BLOCK
        state[st.EVENT_REGISTER] = 0
        state[st.PRIVILEGE] = state[st.BASEPRI] = 0
        state[st.BARRIER] = state[st.DRAINED] = state[st.LINE_SETTLES] = 0
        self._account.forget_branches()
        caches.invalidate_instructions(state)
        caches.invalidate_data(state)
        caches.invalidate_accelerator(state)
        self._sleeping = False
        self._faults.reset()
        self.nvic.reset()
        self._systick.reset()
        self._control.reset()
        self._dwt.reset()
        self._board.reset(cause)
        vectors = self.memory.read(self._control.boot_address, 8)
        self._core.registers.reset(
            stack=int.from_bytes(vectors[:4], "little"), entry=int.from_bytes(vectors[4:], "little")
        )

    # ---- what devices report -----------------------------------------------------------------

    def _on_violation(self, rule: str, message: str) -> None:
        self.trace.add_violation(Violation(self.now_ps, rule, message))
        if self.options.strict:
            raise CoreFaultError(self._report(message), rule)

    def _on_message(self, message: str) -> None:
        self.trace.add_message(self.now_ps, message)

    def _on_clocks(self, clocks: Any) -> None:
        self._apply_wait_costs(clocks.flash_wait_states)
        if clocks.pclk1_hz and clocks.pclk2_hz:
            self._bus.set_ratios(
                clocks.hclk_hz // clocks.pclk1_hz, clocks.hclk_hz // clocks.pclk2_hz
            )
        self._board.clocks_changed(clocks)

    def _on_ticks_moved(self) -> None:
        self._systick.schedule()

    def _on_power(self) -> None:
        self._board.power_changed()

    def _trace_enabled(self) -> bool:
        return self._control.trace_enabled

    def flash_layout_changed(self) -> None:
        """Take the width of a flash word from the option bytes."""
        self._apply_wait_costs(self._board.flash_wait_states)

    def _apply_wait_costs(self, wait_states: int) -> None:
        dual_bank = self._board.dual_bank
        apply_wait_costs(self._state, self._timing, wait_states, dual_bank=dual_bank)

    # ---- running -----------------------------------------------------------------------------

    def run(
        self,
        for_s: float | None = None,
        until: Callable[[], bool] | None = None,
        wall_limit_s: float | None = None,
    ) -> StopReason:
        """Run in virtual time.

        Parameters
        ----------
        for_s
            Virtual seconds after which to stop; more than none is at least a picosecond.
        until
            Condition that stops the run; looked at whenever a device did something, and at least
            every ten million cycles.
        wall_limit_s
            Seconds of the host after which to stop.

        Returns
        -------
        StopReason

        Raises
        ------
        CoreFaultError
            The firmware faulted without surviving it, or programmed the chip illegally.
        BaseException
            What a callback or a device raised; what Ctrl-C raises, between two blocks.
        """
        limit_ps = None if for_s is None else self.now_ps + picoseconds(for_s)
        wall_limit = None if wall_limit_s is None else time.monotonic() + wall_limit_s
        reason = None
        while reason is None:
            # Between native code and a callback there is no place for what a signal raises.
            with deferred_interrupt() as interrupt:
                while reason is None and not interrupt.pending:
                    reason = self._turn(limit_ps, until, wall_limit)
        return reason

    def _turn(
        self, limit_ps: int | None, until: Callable[[], bool] | None, wall_limit: float | None
    ) -> StopReason | None:
        """Look after everything that is due, and run on where nothing ends the run."""
        host = self.host
        host.queue.run_due(host.now_ps)
        if host.reset_cause is not None:
            self._restart(host.reset_cause)
            return None
        if until is not None and until():
            return StopReason.UNTIL
        now_ps = host.now_ps()
        if limit_ps is not None and now_ps >= limit_ps:
            return StopReason.LIMIT
        if wall_limit is not None and time.monotonic() >= wall_limit:
            return StopReason.WALL_LIMIT
        try:
            self._advance(limit_ps)
        except LockUp:
            raise CoreFaultError(self._faults.locked_up()) from None
        return None

    def _advance(self, limit_ps: int | None) -> None:
        """Run the core, or let time pass while it sleeps, until something has to be looked at."""
        host = self.host
        if self._sleeping and (self._exceptions.wakes() or self._event_arrived()):
            self._wake()
        self._exceptions.take_pending()
        times = [t for t in (host.queue.next_time_ps, limit_ps) if t is not None]
        if self._sleeping:
            if not times:
                raise CoreFaultError(self._report("the core sleeps and nothing will ever wake it"))
            self._pass_time(min(times))
            return
        deadline = self._words[st.CYCLES] + _QUANTUM_CYCLES
        if times:
            deadline = min(deadline, host.time.tick_at(min(times)) - host.idle_ticks)
        self._handle(self._core.run(min(deadline, NEVER)))

    def _pass_time(self, time_ps: int) -> None:
        if self._board.stopped:
            self.host.stall_until(max(time_ps, self.now_ps))
        else:
            self.host.sleep_until(time_ps)

    def _handle(self, stop: Stop) -> None:
        kind = stop.kind
        if kind is StopKind.DEADLINE or kind is StopKind.YIELD:
            return
        if kind is StopKind.WAITING:
            self._sleep()
        elif kind is StopKind.EXCEPTION_RETURN:
            self._return_from_exception()
        elif kind is StopKind.SUPERVISOR_CALL:
            self._exceptions.supervisor_call()
        elif kind is StopKind.EVENT_WAIT:
            self._wait_for_event()
        elif kind is not StopKind.BLOCK:
            self._faults.take(stop)
        elif (met := self._faults.before_block()) is not None:
            self._handle(met)

    # ---- sleeping ----------------------------------------------------------------------------

    def _return_from_exception(self) -> None:
        if self._exceptions.exception_return() and self._control.sleep_on_exit:
            self._sleep()

    def _sleep(self) -> None:
        if self._exceptions.wakes():
            return  # WFI with an interrupt pending does not sleep
        self._sleeping = True
        self._board.sleep(deep=self._control.deep_sleep)

    def _wait_for_event(self) -> None:
        if self._words[st.EVENT_REGISTER]:
            self._words[st.EVENT_REGISTER] = 0
            return
        self._sleep()

    def _event_arrived(self) -> bool:
        pends = self._control.sleep_control & 0x10 and self.nvic.pending  # SEVONPEND
        return bool(pends)

    def _wake(self) -> None:
        self._sleeping = False
        self._board.wake()
