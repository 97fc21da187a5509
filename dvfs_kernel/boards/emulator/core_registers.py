"""The core's registers and the changes of mode that Unicorn leaves to its host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.registers import RegisterBatch
from dvfs_kernel.boards.emulator.unicorn_binding import arm

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CoreRegisters"]

_THUMB = 1 << 24
_IPSR = 0x1FF
_SPSEL = 2

_INTEGER_REGISTERS = [arm.UC_ARM_REG_R0 + i for i in range(13)] + [
    arm.UC_ARM_REG_R13,
    arm.UC_ARM_REG_R14,
    arm.UC_ARM_REG_R15,
    arm.UC_ARM_REG_XPSR,
]
_SPECIAL_REGISTERS = [
    arm.UC_ARM_REG_MSP,
    arm.UC_ARM_REG_PSP,
    arm.UC_ARM_REG_PRIMASK,
    arm.UC_ARM_REG_FAULTMASK,
    arm.UC_ARM_REG_BASEPRI,
    arm.UC_ARM_REG_CONTROL,
]
_FP_REGISTERS = [arm.UC_ARM_REG_S0 + i for i in range(32)] + [arm.UC_ARM_REG_FPSCR]


class CoreRegisters:
    """Registers of an engine, in batches.

    Parameters
    ----------
    engine
        Address of the engine's structure.
    words
        The hooks' array: a change of mode interrupts the sequence of blocks.

    Attributes
    ----------
    integers : RegisterBatch
        R0 to R12, SP, LR, PC, xPSR.
    specials : RegisterBatch
        MSP, PSP, PRIMASK, FAULTMASK, BASEPRI, CONTROL, as the present privilege sees them.
    floats : RegisterBatch
        S0 to S31, FPSCR.
    """

    def __init__(self, engine: int, words: memoryview) -> None:
        self._engine = engine
        self._words = words
        self.integers = RegisterBatch(engine, _INTEGER_REGISTERS)
        self.specials = RegisterBatch(engine, _SPECIAL_REGISTERS)
        self.floats = RegisterBatch(engine, _FP_REGISTERS)
        self._pc = RegisterBatch(engine, [arm.UC_ARM_REG_R15, arm.UC_ARM_REG_XPSR])
        self._specials_and_status = RegisterBatch(
            engine, [*_SPECIAL_REGISTERS, arm.UC_ARM_REG_XPSR]
        )
        self._control = RegisterBatch(engine, [arm.UC_ARM_REG_CONTROL])
        self._status = RegisterBatch(engine, [arm.UC_ARM_REG_XPSR_NZCVQG])
        self._condition = RegisterBatch(engine, [arm.UC_ARM_REG_EPSR])
        # Writing the flags alone makes the engine look at the mode again.
        self._flags = RegisterBatch(engine, [arm.UC_ARM_REG_APSR_NZCV])
        self._make_mode_batches()

    def _make_mode_batches(self) -> None:
        """Prepare the sequences of register writes that change the mode.

        Writing the flags alone, at the end, makes the engine look at the mode again.
        """
        stack, link, pc = arm.UC_ARM_REG_R13, arm.UC_ARM_REG_R14, arm.UC_ARM_REG_R15
        status, control = arm.UC_ARM_REG_XPSR_NZCVQG, arm.UC_ARM_REG_CONTROL
        look = arm.UC_ARM_REG_APSR_NZCV
        restored = [*(arm.UC_ARM_REG_R0 + i for i in (0, 1, 2, 3, 12)), link, pc, look]

        def batch(*identifiers: int) -> RegisterBatch:
            return RegisterBatch(self._engine, identifiers)

        self._enter_msp = batch(stack, status, link, pc, control, look)
        self._enter_psp = batch(
            status, control, status, stack, control, status, link, pc, control, look
        )
        self._leave_msp = batch(stack, control, status, control, *restored)
        self._leave_psp = batch(control, status, control, stack, control, *restored)

    def enter_handler(
        self, *, stack: int, link: int, pc: int, status: int, unprivileged: int, on_psp: bool
    ) -> None:
        """Go to handler mode on the main stack.

        Parameters
        ----------
        stack
            New value of the stack pointer that was in use.
        link, pc, status
            LR, PC and xPSR in the handler.
        unprivileged
            CONTROL.nPRIV, which stays.
        on_psp
            Whether the process stack was in use.
        """
        if on_psp:
            # SPSEL reads as 0 in a handler and can only be cleared in privileged thread mode:
            # pass through handler mode to gain privilege.
            thread = status & ~_IPSR
            self._enter_psp.write(
                [status, _SPSEL, thread, stack, 0, status, link, pc, unprivileged, status]
            )
        else:
            self._enter_msp.write([stack, status, link, pc, unprivileged, status])
        self._words[st.PREVIOUS] = -1
        self._words[st.PRIVILEGE] = 0

    def leave_handler(
        self, frame: Sequence[int], *, stack: int, status: int, control: int, on_psp: bool
    ) -> None:
        """Go back to what an exception interrupted.

        Parameters
        ----------
        frame
            R0 to R3, R12, LR and PC.
        stack
            New value of the stack pointer that the frame was on.
        status
            xPSR; an exception number of 0 is thread mode.
        control
            CONTROL without SPSEL.
        on_psp
            Whether the frame was on the process stack; implies thread mode.
        """
        pc = frame[6] & ~1 | (status >> 24 & 1)
        registers = [*frame[:6], pc, status]
        if on_psp:
            self._leave_psp.write([0, status, _SPSEL, stack, control | _SPSEL, *registers])
        else:
            self._leave_msp.write([stack, 0, status, control, *registers])
        self._words[st.PREVIOUS] = -1
        self._words[st.PRIVILEGE] = 0

    def leave_condition(self) -> None:
        """Clear the IT bits that finding the program counter has set; see `native_calls`."""
        self._condition.write([_THUMB])

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        return self._pc.read()[0]

    def position(self) -> tuple[int, int]:
        """Return the program counter and xPSR."""
        pc, status = self._pc.read()
        return pc, status

    @property
    def ipsr(self) -> int:
        """Number of the active exception, 0 in thread mode."""
        return self._pc.read()[1] & 0x1FF

    def reset(self, stack: int, entry: int) -> None:
        """Put every register to its reset value and start at an entry point."""
        self._set_status(_THUMB | 1)  # handler mode: privileged, whatever was before
        self._set_control(0)
        self._set_status(_THUMB)
        self._set_control(0)
        self.specials.write([stack & ~3, 0, 0, 0, 0, 0])
        self.floats.write([0] * 33)
        status = _THUMB if entry & 1 else 0
        registers = [0] * 13 + [stack & ~3, 0xFFFFFFFF, entry, status]
        self.integers.write(registers)
        self._set_status(status)

    def _set_status(self, status: int) -> None:
        """Write the whole xPSR; a change of the exception number changes the mode and stack."""
        self._status.write([status])
        self._flags.write([status])

    def _set_control(self, control: int) -> None:
        """Write CONTROL; ignored in unprivileged thread mode as for the core itself."""
        self._control.write([control])
        self._flags.write([self.integers.read()[16]])

    def read_specials(self) -> list[int]:
        """Return MSP, PSP, PRIMASK, FAULTMASK, BASEPRI, CONTROL, whatever the privilege."""
        *values, status = self._specials_and_status.read()
        if values[5] & 1 and not status & 0x1FF:
            # The engine hides them from unprivileged code: look from handler mode.
            self._status.write([status | 1])
            values = self.specials.read()
            self._status.write([status])
        return values
