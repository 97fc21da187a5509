"""From what stopped the core to the fault that its handlers, or the user, get to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import nvic as nv
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.core import Stop, StopKind
from dvfs_kernel.boards.emulator.faults import CoreFaultError, FaultReport
from dvfs_kernel.boards.emulator.system_control import SystemControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.emulator.accounting import BlockAccount
    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.exception_entry import Exceptions
    from dvfs_kernel.boards.emulator.pipeline import Block

__all__ = ["CoreFaults"]


class CoreFaults:
    """Sets the fault status, corrects the counters and enters the handler.

    Not modelled, because the engine executes them without a word: CCR.DIV_0_TRP and
    CCR.UNALIGN_TRP, unaligned LDM, LDRD, STM and STRD in memory, and the MPU.

    Parameters
    ----------
    core, account, control, exceptions
        What a fault touches.
    report
        Makes a report of the core as it is, from a sentence.
    """

    def __init__(
        self,
        core: Core,
        account: BlockAccount,
        control: SystemControl,
        exceptions: Exceptions,
        report: Callable[[str], FaultReport],
    ) -> None:
        self._core = core
        self._words = core.words
        self._account = account
        self._control = control
        self._exceptions = exceptions
        self._report = report
        self._last: FaultReport | None = None
        self._handled: FaultReport | None = None

    def reset(self) -> None:
        """Forget the last fault."""
        self._last = self._handled = None

    def before_block(self) -> Stop | None:
        """Look why a block must not run as things are, and let it or fault.

        Returns
        -------
        Stop or None
            What was met on the way to the instruction to blame.
        """
        pc = self._core.registers.pc
        if self._words[st.IN_FAULT_HANDLER] and self._account.at(pc, st.SPINS) is not None:
            # The handler has nothing more to say: the report of the fault is what is wanted.
            raise CoreFaultError(self._last or self._report("the fault handler does not return"))
        block = self._account.at(pc, st.USES_FPU)
        if self._words[st.FPU_DISABLED] and block is not None:
            return self._step_to_fpu(block)
        self._words[st.PREVIOUS] = st.NO_BLOCK  # masks were looked at: go on
        return None

    def _step_to_fpu(self, block: Block) -> Stop | None:
        """Run a block up to its first floating-point instruction, and fault there.

        What is stepped through may have switched the FPU on.
        """
        index = block.first_fpu
        stop = None
        for done in range(index):
            stopped = self._core.step()
            if stopped.kind is not StopKind.DEADLINE:
                index, stop = done, stopped
                break
        self._account.charge_prefix(block, index)
        self._words[st.PREVIOUS] = st.NO_BLOCK
        if stop is None and self._words[st.FPU_DISABLED]:
            self._control.configurable_fault_status |= SystemControl.UFSR_NOCP
            self._enter(nv.USAGE_FAULT, "floating-point instruction while the FPU is off")
        return stop

    def take(self, stop: Stop) -> None:
        """Enter the handler of a fault that stopped the core; `LockUp` where there is none."""
        control = self._control
        kind = stop.kind
        access = stop.access
        if access is None or access.kind != "fetch":
            self._account.leave_early(self._core.registers.pc)
        self._words[st.PREVIOUS] = st.NO_BLOCK
        if kind is StopKind.BUS_ERROR and access is not None:
            text = (
                f"{access.kind} of {access.size} bytes at 0x{access.address:08X}, where nothing is"
            )
            if access.kind == "fetch":
                control.bus_fault(SystemControl.BFSR_IBUSERR)
                text = f"jump to 0x{access.address:08X}, where nothing is"
            else:
                control.bus_fault(SystemControl.BFSR_PRECISERR, access.address)
            self._enter(nv.BUS_FAULT, text)
        elif kind is StopKind.UNPRIVILEGED and access is not None:
            control.bus_fault(SystemControl.BFSR_PRECISERR, access.address)
            self._enter(
                nv.BUS_FAULT,
                f"{access.kind} of {access.size} bytes at 0x{access.address:08X} by unprivileged"
                " code: the private peripheral bus is for privileged code",
            )
        elif kind is StopKind.UNALIGNED and access is not None:
            control.configurable_fault_status |= SystemControl.UFSR_UNALIGNED
            self._enter(
                nv.USAGE_FAULT,
                f"unaligned {access.kind} of {access.size} bytes at 0x{access.address:08X}, which"
                " is Device memory",
            )
        elif kind is StopKind.FETCH_FORBIDDEN:
            control.configurable_fault_status |= SystemControl.MMFSR_IACCVIOL
            self._enter(nv.MEM_MANAGE, "execution of a region that is execute-never")
        elif kind is StopKind.BREAKPOINT:
            control.hard_fault_status |= SystemControl.HFSR_DEBUGEVT
            self._enter(nv.HARD_FAULT, "breakpoint instruction, and no debugger")
        else:
            bit, text = {
                StopKind.UNDEFINED: (SystemControl.UFSR_UNDEFINSTR, "undefined instruction"),
                StopKind.INVALID_STATE: (SystemControl.UFSR_INVSTATE, "jump to an even address"),
                StopKind.UNALIGNED: (SystemControl.UFSR_UNALIGNED, "unaligned access"),
            }[kind]
            control.configurable_fault_status |= bit
            self._enter(nv.USAGE_FAULT, text)

    def _enter(self, number: int, text: str) -> None:
        """Remember the core as it is, and enter the handler."""
        self._handled = self._last if self._words[st.IN_FAULT_HANDLER] else None
        self._last = self._report(text)
        self._exceptions.fault(number, self._core.registers.pc)

    def locked_up(self) -> FaultReport:
        """Report a fault that no handler could take."""
        fault = self._last or self._report("fault")
        where = "in a handler that cannot be interrupted by it"
        if self._handled is not None:
            first = self._handled
            where = f"in the handler of: {first.summary}, at pc {first.place('pc')}"
        report = self._report(f"the core locked up: {fault.summary}, {where}")
        return report if self._core.registers.ipsr else fault
