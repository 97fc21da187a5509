"""Exception entry and return, and the faults of the core."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import nvic as nv
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.core_registers import Floats, StackFrame
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.memory import MemoryMap
    from dvfs_kernel.boards.emulator.nvic import Nvic
    from dvfs_kernel.boards.emulator.system_control import SystemControl
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["Exceptions", "LockUp"]

_EXC_NUMBER = 0x1FF
_THUMB = 1 << 24
_ALIGNED = 1 << 9
_IT_BITS = 0x0600FC00
_FLAGS = 0xF80F0000
_CONTROL_NPRIV = 1
_CONTROL_SPSEL = 2
_CONTROL_FPCA = 4
_BASIC_FRAME = Struct("<8I")
_SINGLES_STACKED = 16
_FP_PART = Struct(f"<{_SINGLES_STACKED}III")  # S0 to S15, FPSCR, a reserved word
_RETURN_CODES = {0xFFFFFFE1, 0xFFFFFFE9, 0xFFFFFFED, 0xFFFFFFF1, 0xFFFFFFF9, 0xFFFFFFFD}


class LockUp(Exception):  # noqa: N818 - a state of the core, turned into a report by the machine
    """A fault came where no handler can take it."""


class Exceptions:
    """Moves the core into handlers and back (ARMv7-M architecture reference manual, B1.5).

    The floating-point context is saved at entry and not lazily: the frame is the same, FPCCR
    shows no lazy state.
    """

    def __init__(
        self,
        core: Core,
        memory: MemoryMap,
        nvic: Nvic,
        control: SystemControl,
        timing: TimingParameters,
    ) -> None:
        self._core = core
        self._memory = memory
        self._nvic = nvic
        self._control = control
        self._timing = timing

    # ---- choice ------------------------------------------------------------------------------

    def take_pending(self) -> bool:
        """Enter the handler of the most urgent exception if it may preempt; tell whether."""
        nvic = self._nvic
        number = nvic.first()
        state = self._core.words
        if number is None:
            if state[st.MASKED_PENDING]:
                state[st.MASKED_PENDING] = 0
            return False
        if nvic.group_priority(number) >= self._execution_priority():
            state[st.MASKED_PENDING] = 1
            return False
        self._enter(number)
        following = nvic.first()
        state[st.MASKED_PENDING] = int(following is not None)
        return True

    def wakes(self) -> bool:
        """Tell whether a pending exception ends WFI: as if PRIMASK were clear."""
        number = self._nvic.first()
        if number is None:
            return False
        specials = self._core.registers.read_specials()
        priority = self._nvic.execution_priority(0, specials.faultmask, specials.basepri)
        return self._nvic.group_priority(number) < priority

    def _execution_priority(self) -> int:
        specials = self._core.registers.read_specials()
        return self._nvic.execution_priority(specials.primask, specials.faultmask, specials.basepri)

    def supervisor_call(self) -> None:
        """SVC: enter its handler, or fault where it cannot preempt."""
        nvic = self._nvic
        if nvic.group_priority(nv.SVCALL) >= self._execution_priority():
            self._control.hard_fault_status |= self._control.HFSR_FORCED
            self._hard_fault(self._core.registers.pc)
            return
        self._enter(nv.SVCALL)

    def fault(self, number: int, return_address: int) -> None:
        """Enter a fault handler; the fault's status bits are set already.

        Raises
        ------
        LockUp
            The core is in HardFault or NMI already, or the vector cannot be read.
        """
        nvic = self._nvic
        if number == nv.HARD_FAULT:
            self._hard_fault(return_address)
        elif nvic.enabled[number] and nvic.group_priority(number) < self._execution_priority():
            self._enter(number, return_address)
        else:
            self._control.hard_fault_status |= self._control.HFSR_FORCED
            self._hard_fault(return_address)

    def _hard_fault(self, return_address: int) -> None:
        if self._execution_priority() <= -1:
            raise LockUp
        self._enter(nv.HARD_FAULT, return_address)

    # ---- entry -------------------------------------------------------------------------------

    def _enter(self, number: int, return_address: int | None = None) -> None:
        """Stack the frame and go to the handler; to return to where the core is by default."""
        core = self._core
        registers = core.registers.read_integers()
        if return_address is None:
            return_address = registers.pc
        status = registers.xpsr
        specials = core.registers.read_specials()
        from_thread = status & _EXC_NUMBER == 0
        on_psp = from_thread and bool(specials.control & _CONTROL_SPSEL)
        with_fp = bool(specials.control & _CONTROL_FPCA)
        stack = specials.psp if on_psp else specials.msp
        padding = stack & 4
        frame = (stack - _frame_bytes(with_fp)) & ~7 & 0xFFFFFFFF
        stacked = _BASIC_FRAME.pack(
            *StackFrame(
                registers.r0,
                registers.r1,
                registers.r2,
                registers.r3,
                registers.r12,
                registers.lr,
                return_address & ~1,
                status & ~_ALIGNED | (_ALIGNED if padding else 0),
            )
        )
        if with_fp:
            floats = core.registers.read_floats()
            stacked += _FP_PART.pack(*floats.singles[:_SINGLES_STACKED], floats.fpscr, 0)
        try:
            self._memory.write(frame, stacked)
        except BoardError:
            self._control.stacking_failed(frame)
            if number == nv.HARD_FAULT:
                raise LockUp from None
            # A derived fault: the frame is lost, HardFault is entered on the same stack pointer.
            self._nvic.pending.add(nv.HARD_FAULT)
            number = nv.HARD_FAULT
        self._nvic.activate(number)
        vector = self._vector(number)
        code = 0xFFFFFFF1 if not from_thread else (0xFFFFFFFD if on_psp else 0xFFFFFFF9)
        core.registers.enter_handler(
            stack=frame,
            link=code & ~0x10 if with_fp else code,
            pc=vector,
            status=status & _FLAGS | (_THUMB if vector & 1 else 0) | number,
            unprivileged=specials.control & _CONTROL_NPRIV,
            on_psp=on_psp,
        )
        cycles = self._timing.exception_entry_cycles
        if with_fp:
            cycles += self._timing.exception_fp_cycles
        self._charge(cycles)
        core.words[st.EVENT_REGISTER] = 1
        self._control.entered(number)

    def _vector(self, number: int) -> int:
        try:
            return self._memory.read_word(self._control.vector_table + 4 * number)
        except BoardError:
            self._control.hard_fault_status |= self._control.HFSR_VECTTBL
            raise LockUp from None

    def _charge(self, cycles: int) -> None:
        state = self._core.words
        state[st.CYCLES] += cycles
        state[st.EXCEPTION_CYCLES] += cycles

    # ---- return ------------------------------------------------------------------------------

    def exception_return(self) -> bool:
        """Leave the handler whose EXC_RETURN the core jumped to.

        Returns
        -------
        bool
            Whether the core is back in thread mode.
        """
        core = self._core
        registers = core.registers.read_integers()
        status = registers.xpsr
        number = status & _EXC_NUMBER
        code = registers.pc | (status >> 24 & 1)
        if code not in _RETURN_CODES or number not in self._nvic.active:
            return self._invalid_return(registers.pc, number)
        to_thread = bool(code & 8)
        if to_thread != (len(self._nvic.active) == 1):
            return self._invalid_return(registers.pc, number)
        specials = core.registers.read_specials()
        on_psp = bool(code & 4)
        with_fp = not code & 0x10
        frame = specials.psp if on_psp else specials.msp
        size = _frame_bytes(with_fp)
        try:
            data = self._memory.read(frame, size)
        except BoardError:
            self._control.unstacking_failed(frame)
            self._nvic.deactivate(number)
            self.fault(nv.BUS_FAULT, code)
            return False
        stacked = StackFrame(*_BASIC_FRAME.unpack_from(data))
        new_status = stacked.xpsr
        stack = frame + size + (4 if new_status & _ALIGNED else 0) & 0xFFFFFFFF
        if number != nv.NMI and specials.faultmask:
            core.registers.write_specials(specials._replace(faultmask=0))
        drained = max(core.words[st.BARRIER], core.words[st.DRAINED])
        self._nvic.deactivate(number, core.words[st.CYCLES], drained)
        if with_fp:
            *singles, fpscr, _ = _FP_PART.unpack_from(data, _BASIC_FRAME.size)
            kept = core.registers.read_floats().singles[_SINGLES_STACKED:]
            core.registers.write_floats(Floats([*singles, *kept], fpscr))
        new_status &= ~(_ALIGNED | _EXC_NUMBER) if to_thread else ~_ALIGNED
        core.registers.leave_handler(
            stacked,
            stack=stack,
            status=new_status,
            control=specials.control & _CONTROL_NPRIV | (_CONTROL_FPCA if with_fp else 0),
            on_psp=on_psp,
        )
        cycles = self._timing.exception_return_cycles
        if with_fp:
            cycles += self._timing.exception_fp_cycles
        self._charge(cycles)
        core.words[st.EVENT_REGISTER] = 1
        self._control.left(number)
        return to_thread

    def _invalid_return(self, address: int, number: int) -> bool:
        """Fault with INVPC: the frame stays where it is, the handler's context is stacked."""
        self._control.usage_fault_status |= self._control.UFSR_INVPC
        if len(self._nvic.active) > 1:
            self._nvic.deactivate(number)
        self.fault(nv.USAGE_FAULT, address)
        return False


def _frame_bytes(with_fp: bool) -> int:
    return _BASIC_FRAME.size + (_FP_PART.size if with_fp else 0)
