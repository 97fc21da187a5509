"""The static cost of a basic block: an in-order, dual-issue schedule of the Cortex-M7.

The pipeline issues up to two instructions a cycle, in order. An instruction waits until its
operands can be forwarded to the stage that needs them; a pair additionally needs the units that
both use and must not depend on one another. Stages and rules follow LLVM's scheduling model of
the core (ARMScheduleM7.td); latencies are in `TimingParameters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.emulator import state as st
from dvfs_kernel.emulator.instructions import Instruction, Unit, decode

if TYPE_CHECKING:
    from dvfs_kernel.emulator.timing import TimingParameters

__all__ = ["Block", "Pipeline"]

_UNITS = tuple(Unit)
_MASKING = {"msr", "cpsie", "cpsid"}
_HINTS = {
    "wfe": st.WAITS_FOR_EVENT,
    "yield": st.YIELDS,
    "wfi": st.WAITS_FOR_INTERRUPT,
    "sev": st.SENDS_EVENT,
}


@dataclass(frozen=True)
class Block:
    """A basic block's account.

    Attributes
    ----------
    cost : int
        Cycles from the issue of its first instruction to that of the one after it.
    instructions : int
    flags : int
        As in `dvfs_kernel.emulator.state`.
    end : int
        Address after the last instruction.
    issue : tuple of (int, int)
        Address of each instruction and the cycle in which it issues.
    backward : bool
        Whether it ends in a conditional branch to before its end.
    first_fpu : int
        Index of its first floating-point instruction, -1 where there is none.
    """

    cost: int
    instructions: int
    flags: int
    end: int
    issue: tuple[tuple[int, int], ...]
    backward: bool
    first_fpu: int


class Pipeline:
    """Computes blocks' costs with one set of parameters."""

    def __init__(self, timing: TimingParameters) -> None:
        self._timing = timing
        self._units = {Unit.ALU: 2, Unit.LOAD: timing.loads_per_cycle}
        self._latency = {
            "alu": timing.alu_latency,
            "nop": 0,
            "early": 0,  # forwarded from the stage before the ALU
            "load": timing.load_latency - 1,
            "narrow": timing.narrow_load_latency - 1,
            "multiply": timing.multiply_latency,
            "saturate": timing.saturate_latency,
            "divide": timing.alu_latency,
            "special": timing.alu_latency,
            "isb": timing.alu_latency,
            "table": timing.alu_latency,
            "fp": timing.fp_latency,
            "fp_mac": timing.fp_mac_latency,
            "fp_double": timing.fp_double_latency,
            "fp_double_multiply": timing.fp_double_multiply_latency,
            "fp_double_mac": timing.fp_double_mac_latency,
            "fp_divide": timing.fp_divide_cycles,
            "fp_double_divide": timing.fp_double_divide_cycles,
        }

    def analyse(self, code: bytes, address: int) -> Block:
        """Schedule the block of code at an address."""
        instructions = list(decode(code, address))
        issue = self._schedule(instructions)
        last = instructions[-1]
        flags = 0
        backward = False
        if last.branch == "conditional":
            flags |= st.CONDITIONAL
            backward = last.target is not None and last.target <= last.address
        elif last.branch == "indirect":
            flags |= st.INDIRECT
        elif last.branch:
            flags |= st.FIRST_TIME
        if len(instructions) == 1 and last.branch == "direct" and last.target == last.address:
            flags |= st.SPINS
        for item in instructions:
            flags |= _HINTS.get(item.mnemonic, 0)
            if item.mnemonic in _MASKING:
                flags |= st.MAY_UNMASK
            if item.fp:
                flags |= st.USES_FPU
        cost = max(issue[-1] + self._hold(last), 1)
        return Block(
            cost,
            len(instructions),
            flags,
            address + len(code),
            tuple((item.address, cycle) for item, cycle in zip(instructions, issue, strict=True)),
            backward,
            next((i for i, item in enumerate(instructions) if item.fp), -1),
        )

    def _hold(self, item: Instruction) -> int:
        """Return for how many cycles an instruction keeps the issue stage."""
        timing = self._timing
        fixed = {
            "divide": timing.divide_cycles,
            "special": timing.special_cycles,
            "isb": timing.isb_cycles,
            "table": timing.table_branch_cycles,
        }.get(item.latency_class)
        if fixed is not None:
            return fixed
        return max(1, -(-item.words // timing.multiple_words_per_cycle))

    def _ready(self, item: Instruction, ready: dict[int, int]) -> int:
        """Return the first cycle in which all operands can be forwarded."""
        cycle = 0
        for register in item.reads:
            cycle = max(cycle, ready.get(register, 0))
        for register in item.early:
            cycle = max(cycle, ready.get(register, -1) + 1)
        for register in item.late:
            cycle = max(cycle, ready.get(register, 0) - self._late(item))
        return cycle

    def _late(self, item: Instruction) -> int:
        if item.unit & Unit.MAC:
            return self._timing.accumulate_forwarding
        return 3 if item.unit & Unit.FP else 1

    def _schedule(self, instructions: list[Instruction]) -> list[int]:
        """Return the issue cycle of each instruction."""
        ready: dict[int, int] = {}
        issue: list[int] = []
        free = 0  # first cycle with a free slot
        elder: Instruction | None = None  # what issued in that cycle, if one slot is taken
        for item in instructions:
            cycle = max(free, self._ready(item, ready))
            if elder is not None and cycle == free and not self._pairs(elder, item):
                cycle += 1
            paired = elder is not None and cycle == free
            issue.append(cycle)
            hold = self._hold(item)
            if item.unit is Unit.NONE and item.latency_class == "nop" and paired:
                # IT folds into the slot beside its neighbour.
                free, elder = cycle + 1, None
            elif paired or item.alone or hold > 1:
                free, elder = cycle + hold, None
            else:
                free, elder = cycle, item
            # A result is late by what a multi-cycle instruction takes to issue.
            for register, latency_class in item.writes.items():
                extra = hold - 1 if item.words > 1 or latency_class == "divide" else 0
                ready[register] = cycle + extra + self._latency[latency_class]
        return issue

    def _pairs(self, elder: Instruction, younger: Instruction) -> bool:
        """Tell whether two neighbours can issue in one cycle; operands are ready."""
        if younger.alone or younger.first_only or elder.alone:
            return False
        if elder.branch:
            return False
        for unit in _UNITS:
            if unit is Unit.NONE:
                continue
            used = bool(elder.unit & unit) + bool(younger.unit & unit)
            if used > self._units.get(unit, 1):
                return False
        # A result that is forwarded in the same cycle leaves an earlier stage only for a later
        # one; two writers of one register keep their order.
        return not set(elder.writes) & set(younger.writes) - {-1}
