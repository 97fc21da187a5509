"""The core's registers and the changes of mode that Unicorn leaves to its host."""

from __future__ import annotations

from typing import NamedTuple

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.registers import RegisterBatch
from dvfs_kernel.boards.emulator.unicorn_binding import arm

__all__ = ["CoreRegisters", "Floats", "Integers", "Specials", "StackFrame"]

_THUMB = 1 << 24
_IPSR = 0x1FF
_NPRIV = 1
_SPSEL = 2


class Integers(NamedTuple):
    """R0 to R12 and what is behind them."""

    r0: int
    r1: int
    r2: int
    r3: int
    r4: int
    r5: int
    r6: int
    r7: int
    r8: int
    r9: int
    r10: int
    r11: int
    r12: int
    sp: int
    lr: int
    pc: int
    xpsr: int


class Specials(NamedTuple):
    """The registers that exceptions and privilege depend on."""

    msp: int
    psp: int
    primask: int
    faultmask: int
    basepri: int
    control: int


class Floats(NamedTuple):
    """S0 to S31 and FPSCR."""

    singles: list[int]
    fpscr: int


class StackFrame(NamedTuple):
    """What every exception stacks (ARMv7-M ARM B1.5.6)."""

    r0: int
    r1: int
    r2: int
    r3: int
    r12: int
    lr: int
    pc: int
    xpsr: int


_SINGLES = 32
_GENERAL_REGISTERS = [arm.UC_ARM_REG_R0 + i for i in range(13)]
_INTEGER_REGISTERS = [
    *_GENERAL_REGISTERS,
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
_FP_REGISTERS = [arm.UC_ARM_REG_S0 + i for i in range(_SINGLES)] + [arm.UC_ARM_REG_FPSCR]


class CoreRegisters:
    """Registers of an engine, in batches.

    Parameters
    ----------
    engine
        Address of the engine's structure.
    words
        The hooks' array: a change of mode interrupts the sequence of blocks.
    """

    def __init__(self, engine: int, words: memoryview) -> None:
        self._engine = engine
        self._words = words
        self._integers = RegisterBatch(engine, _INTEGER_REGISTERS)
        self._specials = RegisterBatch(engine, _SPECIAL_REGISTERS)
        self._floats = RegisterBatch(engine, _FP_REGISTERS)
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
        self._words[st.PREVIOUS] = st.NO_BLOCK
        self._words[st.PRIVILEGE] = 0

    def leave_handler(
        self, frame: StackFrame, *, stack: int, status: int, control: int, on_psp: bool
    ) -> None:
        """Go back to what an exception interrupted.

        Parameters
        ----------
        frame
            What was stacked at its begin; `status` stands for its xPSR.
        stack
            New value of the stack pointer that the frame was on.
        status
            xPSR; an exception number of 0 is thread mode.
        control
            CONTROL without SPSEL.
        on_psp
            Whether the frame was on the process stack; implies thread mode.
        """
        low = [frame.r0, frame.r1, frame.r2, frame.r3, frame.r12]
        registers = [*low, frame.lr, frame.pc & ~1 | (status >> 24 & 1), status]
        if on_psp:
            self._leave_psp.write([0, status, _SPSEL, stack, control | _SPSEL, *registers])
        else:
            self._leave_msp.write([stack, 0, status, control, *registers])
        self._words[st.PREVIOUS] = st.NO_BLOCK
        self._words[st.PRIVILEGE] = 0

    def leave_condition(self) -> None:
        """Clear the IT bits that finding the program counter has set; see `native_calls`."""
        self._condition.write([_THUMB])

    @property
    def pc(self) -> int:
        """Address of the next instruction."""
        pc, _ = self._pc.read()
        return pc

    def position(self) -> tuple[int, int]:
        """Return the program counter and xPSR."""
        pc, status = self._pc.read()
        return pc, status

    @property
    def ipsr(self) -> int:
        """Number of the active exception, 0 in thread mode."""
        _, status = self._pc.read()
        return status & _IPSR

    def reset(self, stack: int, entry: int) -> None:
        """Put every register to its reset value and start at an entry point."""
        self._set_status(_THUMB | 1)  # handler mode: privileged, whatever was before
        self._set_control(0)
        self._set_status(_THUMB)
        self._set_control(0)
        stack &= ~3
        self.write_specials(Specials(stack, 0, 0, 0, 0, 0))
        self.write_floats(Floats([0] * _SINGLES, 0))
        status = _THUMB if entry & 1 else 0
        low = [0] * len(_GENERAL_REGISTERS)
        self._integers.write([*low, stack, 0xFFFFFFFF, entry, status])
        self._set_status(status)

    def _set_status(self, status: int) -> None:
        """Write the whole xPSR; a change of the exception number changes the mode and stack."""
        self._status.write([status])
        self._flags.write([status])

    def _set_control(self, control: int) -> None:
        """Write CONTROL; ignored in unprivileged thread mode as for the core itself."""
        self._control.write([control])
        _, status = self._pc.read()
        self._flags.write([status])

    def read_integers(self) -> Integers:
        """Return R0 to R12, SP, LR, PC and xPSR."""
        return Integers(*self._integers.read())

    def read_floats(self) -> Floats:
        """Return S0 to S31 and FPSCR."""
        *singles, fpscr = self._floats.read()
        return Floats(singles, fpscr)

    def write_floats(self, floats: Floats) -> None:
        """Write S0 to S31 and FPSCR."""
        self._floats.write([*floats.singles, floats.fpscr])

    def read_specials(self) -> Specials:
        """Return the special registers, whatever the privilege."""
        *values, status = self._specials_and_status.read()
        found = Specials(*values)
        if found.control & _NPRIV and not status & _IPSR:
            # The engine hides them from unprivileged code: look from handler mode.
            self._status.write([status | 1])
            found = Specials(*self._specials.read())
            self._status.write([status])
        return found

    def write_specials(self, specials: Specials) -> None:
        """Write the special registers, as far as the present privilege may."""
        self._specials.write(specials)
