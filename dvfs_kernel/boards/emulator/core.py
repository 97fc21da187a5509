"""The processor core: Unicorn, its native hooks, and why it stopped."""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dvfs_kernel.boards.emulator import device_hooks, hooks
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.core_registers import CoreRegisters
from dvfs_kernel.boards.emulator.native_callbacks import Form, NativeCallbacks, address_of
from dvfs_kernel.boards.emulator.pc_sync import find_skip_flag
from dvfs_kernel.boards.emulator.unicorn_binding import const as uc
from dvfs_kernel.boards.emulator.unicorn_binding import error_text, new_engine
from dvfs_kernel.boards.emulator.unicorn_binding import library as uclib
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.boards.emulator.memory import Memory

__all__ = ["BusAccess", "Core", "Stop", "StopKind"]

NEVER = (1 << 63) - 1
_AT_ONCE = -(1 << 62)
_TRANSLATION_CALLBACKS = 16
# Translated code: more than an image full of unpacked layers takes. The engine's own limit is
# a gigabyte, which firmware that writes code fills.
_TRANSLATIONS_BYTES = 128 << 20

_U32, _U64, _POINTER = ctypes.c_uint, ctypes.c_uint64, ctypes.c_void_p
_READ_FORM = Form(_U64, _U64, _U32)
_WRITE_FORM = Form(None, _POINTER, _U64, _U32, _U64, _POINTER)
_INVALID_FORM = Form(
    ctypes.c_bool, _POINTER, ctypes.c_int, _U64, ctypes.c_int, ctypes.c_int64, _POINTER
)
_INTERRUPT_FORM = Form(None, _POINTER, _U32, _POINTER)
_RESOLVE_FORM = Form(ctypes.c_int32, _U64, _U64, failed=1)
_EDGE_FORM = Form(None, _POINTER, _POINTER, _POINTER, _POINTER)

_WRITE_KINDS = {uc.UC_MEM_WRITE_UNMAPPED, uc.UC_MEM_WRITE_PROT}
_LAST_ADDRESS = 0xFFFFFFFF


class StopKind(enum.Enum):
    """Why the core gave control back."""

    DEADLINE = enum.auto()  # the cycle deadline, or a device asked for attention
    BLOCK = enum.auto()  # before a block that must not run as things are
    WAITING = enum.auto()  # WFI
    EVENT_WAIT = enum.auto()  # WFE
    YIELD = enum.auto()
    SUPERVISOR_CALL = enum.auto()
    BREAKPOINT = enum.auto()
    EXCEPTION_RETURN = enum.auto()
    UNDEFINED = enum.auto()
    INVALID_STATE = enum.auto()
    UNALIGNED = enum.auto()
    FETCH_FORBIDDEN = enum.auto()
    UNPRIVILEGED = enum.auto()
    BUS_ERROR = enum.auto()


@dataclass(frozen=True)
class BusAccess:
    """An access that no memory and no device answered, or that was refused."""

    kind: str  # "fetch", "read" or "write"
    address: int
    size: int


@dataclass(frozen=True)
class Stop:
    """Why the core stopped, and the access to blame if there is one."""

    kind: StopKind
    access: BusAccess | None = None


class StoreTrap(Protocol):
    """Takes stores to read-only memory; returns whether that was all right."""

    def __call__(self, address: int, size: int, value: int) -> bool: ...


_REFUSALS = {
    st.REFUSED_UNALIGNED: StopKind.UNALIGNED,
    st.REFUSED_UNPRIVILEGED: StopKind.UNPRIVILEGED,
}
_STOPPED_AT_DEADLINE = Stop(StopKind.DEADLINE)
_STOPPED_AT_BLOCK = Stop(StopKind.BLOCK)
_STOPPED_WAITING = Stop(StopKind.WAITING)

# Exception numbers of the engine's ARM front end.
_INTERRUPTS = {
    2: StopKind.SUPERVISOR_CALL,
    3: StopKind.FETCH_FORBIDDEN,
    4: StopKind.UNALIGNED,
    7: StopKind.BREAKPOINT,
    8: StopKind.EXCEPTION_RETURN,
    17: StopKind.UNDEFINED,
    18: StopKind.INVALID_STATE,
    22: StopKind.UNALIGNED,
}


class Core:
    """A Cortex-M7 without anything around it.

    Parameters
    ----------
    state
        What the native hooks count into.
    resolve
        Called with address and size of a block that the state does not know; puts it there.
    generated
        Called with the address of every block that is translated anew.
    store_trap
        Asked about stores to read-only memory.
    model_caches
        Whether data accesses are observed. Without it the core runs several times faster.

    Attributes
    ----------
    registers : CoreRegisters
    """

    def __init__(
        self,
        state: st.NativeState,
        resolve: Callable[[int, int], None],
        generated: Callable[[int], None],
        store_trap: StoreTrap,
        *,
        model_caches: bool,
    ) -> None:
        self.state = state
        # The same memory as plain Python integers, for single words.
        self.words = state.data
        self._callbacks = NativeCallbacks(self.attention)
        self._store_trap = store_trap
        self._uc = new_engine()
        self._uc.ctl_exits_enabled(True)
        self._uc.ctl_set_tcg_buffer_size(_TRANSLATIONS_BYTES)
        self._handle: int = self._uc._uch.value  # noqa: SLF001 - it has no public name
        self._engine = ctypes.c_void_p(self._handle)
        # The binding's own object of the function, its argument types set: no conversions here.
        self._start = uclib.uc_emu_start
        self._regions: list[Any] = []
        self._access: BusAccess | None = None
        self._interrupt = -1
        self.registers = CoreRegisters(self._handle, self.words)
        self._install(resolve, generated, model_caches)

    def _install(
        self,
        resolve: Callable[[int, int], None],
        generated: Callable[[int], None],
        model_caches: bool,
    ) -> None:
        state = self.state
        guarded = self._callbacks.guarded

        @guarded(_RESOLVE_FORM, weight=_TRANSLATION_CALLBACKS)
        def on_new_block(address: int, size: int) -> int:
            resolve(address, size)
            return 0

        @guarded(_EDGE_FORM, weight=_TRANSLATION_CALLBACKS)
        def on_edge(_uc: int, block: int, _previous: int, _data: int) -> None:
            generated(_U64.from_address(block).value)

        state[st.RESOLVE] = address_of(on_new_block)
        state[st.EMU_STOP] = address_of(uclib.uc_emu_stop)
        state[st.MODEL_CACHES] = int(model_caches)
        state[st.DEADLINE] = NEVER
        state[st.REG_READ] = address_of(uclib.uc_reg_read)
        state[st.REG_WRITE] = address_of(uclib.uc_reg_write)
        self._add_hook(uc.UC_HOOK_BLOCK, hooks.block_hook.address or 0)
        if model_caches:
            state[st.SKIP_PC_SYNC] = find_skip_flag(self._uc, self._handle)
            kinds = uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE
            self._add_hook(kinds, hooks.access_hook.address or 0)
        # Before the one for invalid accesses, which hears of those that the gate refuses.
        self._add_hook(
            uc.UC_HOOK_MEM_READ_PROT | uc.UC_HOOK_MEM_WRITE_PROT,
            device_hooks.device_gate.address or 0,
            first=st.KIND_LIMIT,
        )
        on_invalid = guarded(_INVALID_FORM, weight=0)(self._on_invalid)
        on_interrupt = guarded(_INTERRUPT_FORM, weight=0)(self._on_interrupt)
        self._add_hook(uc.UC_HOOK_MEM_INVALID, address_of(on_invalid))
        self._add_hook(uc.UC_HOOK_INTR, address_of(on_interrupt))
        self._add_hook(uc.UC_HOOK_EDGE_GENERATED, address_of(on_edge))

    def _add_hook(self, kind: int, function: int, first: int = 0) -> None:
        """Install a native hook, for accesses at or above an address."""
        hook = ctypes.c_size_t()
        error = uclib.uc_hook_add(
            ctypes.c_void_p(self._handle),
            ctypes.byref(hook),
            ctypes.c_int(kind),
            ctypes.c_void_p(function),
            ctypes.c_void_p(self.state.ctypes.data),
            ctypes.c_uint64(first or 1),
            ctypes.c_uint64(_LAST_ADDRESS if first else 0),  # begin > end: every address
        )
        if error:
            raise BoardError(f"the engine refused hook {kind:#x}: error {error}")

    # ---- memory ------------------------------------------------------------------------------

    def map_memory(self, memory: Memory, bases: Sequence[int]) -> None:
        """Let the core see a memory at some addresses."""
        permissions = uc.UC_PROT_READ | uc.UC_PROT_EXEC
        if not memory.read_only:
            permissions |= uc.UC_PROT_WRITE
        for base in bases:
            self._uc.mem_map_ptr(
                base, memory.size, permissions, ctypes.c_void_p(memory.host_address)
            )
            if memory.read_only:
                # Mapped without leave to write, a store that is handled would still land; once
                # protected, the engine drops it.
                self._uc.mem_protect(base, memory.size, permissions)
        self._regions.append(memory)

    def on_device_read(self, read: Callable[[int, int], int]) -> None:
        """Answer reads of the ranges that `map_devices` maps with ``read(address, size)``."""
        self.state[st.READ_DEVICE] = address_of(self._callbacks.guarded(_READ_FORM)(read))

    def map_devices(self, base: int, size: int, write: Callable[[int, int, int], None]) -> None:
        """Route a range to the reader and to ``write(address, size, value)``."""

        @self._callbacks.guarded(_WRITE_FORM)
        def on_write(_uc: int, offset: int, width: int, value: int, _data: int) -> None:
            write(base + offset, width, value)

        error = uclib.uc_mmio_map(
            ctypes.c_void_p(self._handle),
            ctypes.c_uint64(base),
            ctypes.c_size_t(size),
            ctypes.c_void_p(device_hooks.device_read.address or 0),
            ctypes.c_void_p(self.state.ctypes.data),
            on_write,
            None,
        )
        if error:
            raise BoardError(
                f"the engine cannot map devices at 0x{base:08X}, {size:#x} bytes: error {error}"
            )
        self._uc.mem_protect(base, size, uc.UC_PROT_NONE)  # so that every access asks the gate

    def forget_code(self, address: int, size: int) -> None:
        """Drop translated code after the host changed memory under it."""
        self._uc.ctl_remove_cache(address, address + size)

    def _on_invalid(
        self, _uc: int, kind: int, address: int, size: int, value: int, _data: int
    ) -> bool:
        if kind == uc.UC_MEM_WRITE_PROT:
            mask = (1 << (8 * size)) - 1
            if self._store_trap(address, size, value & mask):
                self.registers.leave_condition()
                return True
        if kind in _WRITE_KINDS:
            name = "write"
        elif kind in {uc.UC_MEM_FETCH_UNMAPPED, uc.UC_MEM_FETCH_PROT}:
            name = "fetch"
        else:
            name = "read"
        self._access = BusAccess(name, address, size)
        if self.words[st.SKIP_PC_SYNC]:
            # The program counter is wanted after all: at the instruction to blame.
            ctypes.c_uint8.from_address(int(self.words[st.SKIP_PC_SYNC])).value = 0
        return False

    def _on_interrupt(self, _uc: int, number: int, _data: int) -> None:
        self._interrupt = number
        uclib.uc_emu_stop(ctypes.c_void_p(self._handle))

    # ---- running -----------------------------------------------------------------------------

    def attention(self) -> None:
        """Stop before the next block."""
        self.words[st.DEADLINE] = _AT_ONCE

    def shorten(self, deadline: int) -> None:
        """Stop before a block that begins at or after a cycle, if that is sooner than planned."""
        self.words[st.DEADLINE] = min(self.words[st.DEADLINE], deadline)

    def run(self, deadline: int) -> Stop:
        """Run until the cycle counter reaches a deadline or something needs the chip around.

        Raises
        ------
        BaseException
            Whatever a callback raised meanwhile.
        """
        words = self.words
        words[st.DEADLINE] = deadline
        words[st.STOPPED_BY_HOOK] = 0
        self._callbacks.begin()
        words[st.STEADY] = 0  # anything may have happened meanwhile
        words[st.REFUSED] = 0
        self._access = None
        self._interrupt = -1
        begin, status = self.registers.position()
        error = self._start(self._engine, begin | (status >> 24 & 1), 0, 0, 0)
        self._callbacks.end()
        return self._classify(error)

    def step(self) -> Stop:
        """Run one instruction of a block that is not charged: for what must stop inside it.

        What the instruction does is done: its data accesses cost what they cost, and what devices
        change of the shared state stays. The caller charges the instruction itself.
        """
        words = self.words
        self._access = None
        self._interrupt = -1
        words[st.DEADLINE] = _AT_ONCE  # where the block hook looks whether the core is stepped
        words[st.STEPPING] = 1
        words[st.PREVIOUS] = st.NO_BLOCK
        words[st.STOPPED_BY_HOOK] = 0
        words[st.STEADY] = 0
        words[st.REFUSED] = 0
        begin, status = self.registers.position()
        self._uc.ctl_flush_tb()  # translations made without counting would run on
        try:
            error = self._start(self._engine, begin | (status >> 24 & 1), 0, 0, 1)
        finally:
            words[st.STEPPING] = 0
            words[st.PREVIOUS] = st.NO_BLOCK
        self._callbacks.end()
        if error == uc.UC_ERR_OK and self._interrupt < 0:
            return Stop(StopKind.DEADLINE)
        return self._classify(error)

    def _classify(self, error: int) -> Stop:
        if error == uc.UC_ERR_OK:
            if self._interrupt >= 0:
                kind = _INTERRUPTS.get(self._interrupt)
                if kind is None:
                    raise BoardError(f"the engine raised exception {self._interrupt}, unknown here")
                return Stop(kind)
            stopped = self.words[st.STOPPED_BY_HOOK]
            if stopped == hooks.STOPPED_AT_DEADLINE:
                return _STOPPED_AT_DEADLINE
            if stopped == hooks.STOPPED_AT_BLOCK:
                return _STOPPED_AT_BLOCK
            return _STOPPED_WAITING
        if self._access is not None:
            kind = _REFUSALS.get(self.words[st.REFUSED], StopKind.BUS_ERROR)
            return Stop(kind, self._access)
        if error in {uc.UC_ERR_INSN_INVALID, uc.UC_ERR_EXCEPTION}:
            return Stop(self._invalid_instruction())
        raise BoardError(f"the engine stopped with error {error}: {error_text(error)}")

    def _invalid_instruction(self) -> StopKind:
        pc, status = self.registers.position()
        if not status >> 24 & 1:
            return StopKind.INVALID_STATE
        entry = self.words[st.PREVIOUS]
        if self.words[entry + st.BLOCK_END] == pc:
            flags = self.words[entry + st.BLOCK_FLAGS]
            if flags & st.WAITS_FOR_EVENT:
                return StopKind.EVENT_WAIT
            if flags & st.YIELDS:
                return StopKind.YIELD
        return StopKind.UNDEFINED
