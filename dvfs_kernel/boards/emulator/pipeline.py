"""The static cost of a basic block: an in-order, dual-issue schedule of the Cortex-M7.

`issue_stage` has the rules of issue; here a block becomes twice its cycles, its branch and flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.instruction import FLAGS, Instruction
from dvfs_kernel.boards.emulator.instructions import decode, is_it
from dvfs_kernel.boards.emulator.issue_stage import IssueRules, IssueStage

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["Block", "Issue", "Pipeline"]

_MASKING = {"msr", "cpsie", "cpsid"}
_HINTS = {
    "wfe": st.WAITS_FOR_EVENT,
    "yield": st.YIELDS,
    "wfi": st.WAITS_FOR_INTERRUPT,
    "sev": st.SENDS_EVENT,
    "dsb": st.BARS,
}
_PRIORITY_MASKS = {"basepri": st.SETS_BASEPRI, "basepri_max": st.RAISES_BASEPRI}


class Issue(NamedTuple):
    """Address of an instruction, and the cycle of its block in which it issues."""

    address: int
    cycle: int


@dataclass(frozen=True)
class Block:
    """A basic block's account.

    Attributes
    ----------
    half_cycles : int
        Twice the cycles from the issue of its first instruction to that of the one after it.
    instructions : int
    flags : int
        As in `dvfs_kernel.boards.emulator.state`.
    end : int
        Address after the last instruction.
    issue : tuple of Issue
        Of each instruction.
    backward : bool
        Whether it ends in a conditional branch to before its end.
    first_fpu : int
        Index of its first floating-point instruction, -1 where there is none.
    last_barrier : int
        Address of its last DSB, -1 where there is none.
    """

    half_cycles: int
    instructions: int
    flags: int
    end: int
    issue: tuple[Issue, ...]
    backward: bool
    first_fpu: int
    last_barrier: int = -1

    @property
    def cost(self) -> float:
        """Mean cycles of a run; a block with half a cycle takes it in every other run."""
        return self.half_cycles / 2


class Pipeline:
    """Computes blocks' costs with one set of parameters."""

    def __init__(self, timing: TimingParameters) -> None:
        self._timing = timing
        self._rules = IssueRules(timing)

    def analyse(self, code: bytes, address: int) -> Block:
        """Schedule the block of code at an address."""
        instructions = list(decode(code, address))
        stage = IssueStage()
        issue = self._schedule(instructions, stage)
        last = instructions[-1]
        flags = self._flags(instructions, issue)
        places = (item.address - address for item in instructions)
        if any(is_it(int.from_bytes(code[at : at + 2], "little")) for at in places):
            flags |= st.HAS_CONDITIONS
        half_cycles = self._end(last, issue, stage)
        if last.target == address and last.branch == "conditional":
            # A loop of one block: what one turn leaves unfinished, the next one waits for.
            again = self._schedule(instructions, stage)
            half_cycles = self._end(last, again, stage) - half_cycles
        return Block(
            max(half_cycles, 1 if last.branch == "conditional" else 2),
            len(instructions),
            flags,
            address + len(code),
            tuple(
                Issue(item.address, cycle) for item, cycle in zip(instructions, issue, strict=True)
            ),
            last.branch == "conditional"
            and last.target is not None
            and last.target <= last.address,
            next((i for i, item in enumerate(instructions) if item.fp), -1),
            max((item.address for item in instructions if item.mnemonic == "dsb"), default=-1),
        )

    def _end(self, last: Instruction, issue: list[int], stage: IssueStage) -> int:
        """Return twice the cycle in which the next block begins."""
        half_cycles = 2 * (issue[-1] + self._rules.hold(last)) + stage.conflicts
        if stage.elder is not None:
            half_cycles -= self._timing.branch_pairing_half_cycles
        return half_cycles

    def _flags(self, instructions: list[Instruction], issue: list[int]) -> int:
        last = instructions[-1]
        flags = 0
        if last.branch == "conditional":
            flags |= st.CONDITIONAL
            setters = [
                cycle
                for item, cycle in zip(instructions[:-1], issue, strict=False)
                if FLAGS in item.writes
            ]
            if last.stored or (
                setters and issue[-1] - setters[-1] < self._timing.early_flag_cycles
            ):
                flags |= st.LATE_FLAGS
        elif last.branch == "indirect" or (
            last.branch == "return" and not self._timing.returns_predicted
        ):
            flags |= st.INDIRECT
        elif last.branch and last.branch != "return":
            flags |= st.FIRST_TIME
        if len(instructions) == 1 and last.branch == "direct" and last.target == last.address:
            flags |= st.SPINS
        for item in instructions:
            flags |= _HINTS.get(item.mnemonic, 0)
            if item.mnemonic in _MASKING:
                flags |= st.MAY_UNMASK
            if item.mnemonic == "msr":
                flags |= _PRIORITY_MASKS.get(item.operands.partition(",")[0], 0)
            if item.fp:
                flags |= st.USES_FPU
        return flags

    def _schedule(self, instructions: list[Instruction], stage: IssueStage) -> list[int]:
        """Return the issue cycle of each instruction."""
        return [self._rules.issue(item, stage) for item in instructions]
