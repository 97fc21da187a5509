"""The static cost of a basic block: an in-order, dual-issue schedule of the Cortex-M7.

Up to two instructions issue a cycle, in order; the first of a pair is the elder, the other the
younger. An instruction that issues in cycle c goes through these stages:

    c      first: addresses, inline shifts, the first ALU
    c + 1  second: the second ALU, products begin, a word arrives from memory
    c + 2  third: accumulation, a byte or half-word is aligned
    c + 3  fourth: store data is taken

An operand has to be there when its stage begins; a result is there one stage after it was made. So
an addition that the first ALU does feeds its younger neighbour, a product feeds the next
accumulation, and a load feeds a store of the same cycle. The rules and latencies were measured on
silicon by others; `TimingParameters` names them. Nothing but the bank of two loads at unrelated
addresses is unknown before a block runs; such a pair takes half a cycle more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.instructions import FLAGS, Instruction, Unit, decode

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["Block", "Pipeline"]

_UNITS = (
    Unit.ALU, Unit.SHIFT, Unit.LOAD, Unit.STORE, Unit.MAC, Unit.BRANCH, Unit.FP, Unit.SIMD,
)  # fmt: skip
_ACCUMULATED = 2  # the stage in which accumulators are read
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
    half_cycles : int
        Twice the cycles from the issue of its first instruction to that of the one after it.
    instructions : int
    flags : int
        As in `dvfs_kernel.boards.emulator.state`.
    end : int
        Address after the last instruction.
    issue : tuple of (int, int)
        Address of each instruction and the cycle in which it issues.
    backward : bool
        Whether it ends in a conditional branch to before its end.
    first_fpu : int
        Index of its first floating-point instruction, -1 where there is none.
    """

    half_cycles: int
    instructions: int
    flags: int
    end: int
    issue: tuple[tuple[int, int], ...]
    backward: bool
    first_fpu: int

    @property
    def cost(self) -> float:
        """Mean cycles of a run; a block with half a cycle takes it in every other run."""
        return self.half_cycles / 2


@dataclass(frozen=True)
class _Result:
    """A register's newest value: when a stage may begin that takes it, and who makes it."""

    ready: int
    issued: int
    latency_class: str


@dataclass
class _Issue:
    """What of a schedule the next instruction has to know."""

    free: int = 0  # first cycle with a free slot
    elder: Instruction | None = None  # what issued in that cycle, if one slot is taken
    accumulated: int = -9  # cycle of the last floating-point accumulation
    conflicts: int = 0  # pairs of loads whose banks are not known
    results: dict[int, _Result] = field(default_factory=dict)


class Pipeline:
    """Computes blocks' costs with one set of parameters."""

    def __init__(self, timing: TimingParameters) -> None:
        self._timing = timing
        self._units = {Unit.ALU: 2, Unit.LOAD: timing.loads_per_cycle}
        # Stages from issue to the one that may begin with the result.
        self._latency = {
            "alu": 1 + timing.alu_latency,
            "nop": 0,
            "base": 1,
            "reverse": 1,
            "load": 1 + timing.load_latency,
            "narrow": 1 + timing.narrow_load_latency,
            "multiply": 1 + timing.multiply_latency,
            "saturate": 1 + timing.saturate_latency,
            "divide": 1 + timing.divide_cycles,
            "special": 1 + timing.special_cycles,
            "isb": 1 + timing.isb_cycles,
            "table": 1 + timing.table_branch_cycles,
            "fp": 1 + timing.fp_latency,
            "fp_fused": 1 + timing.fp_fused_latency,
            "fp_mac": 1 + timing.fp_mac_latency,
            "fp_div": 1 + timing.fp_divide_cycles,
            "fp_sqrt": 1 + timing.fp_square_root_cycles,
            "fp_double": timing.fp_double_cycles + timing.fp_latency,
            "fp_double_multiply": timing.fp_double_multiply_cycles + timing.fp_latency,
            "fp_double_fused": timing.fp_double_mac_cycles + timing.fp_latency,
            "fp_double_mac": timing.fp_double_mac_cycles + timing.fp_latency,
            "fp_double_div": 1 + timing.fp_double_divide_cycles,
            "fp_double_sqrt": 1 + timing.fp_double_divide_cycles,
        }
        self._holds = {
            "divide": timing.divide_cycles,
            "special": timing.special_cycles,
            "isb": timing.isb_cycles,
            "table": timing.table_branch_cycles,
            "fp_div": timing.fp_divide_cycles,
            "fp_sqrt": timing.fp_square_root_cycles,
            "fp_double": timing.fp_double_cycles,
            "fp_double_multiply": timing.fp_double_multiply_cycles,
            "fp_double_fused": timing.fp_double_mac_cycles,
            "fp_double_mac": timing.fp_double_mac_cycles,
            "fp_double_div": timing.fp_double_divide_cycles,
            "fp_double_sqrt": timing.fp_double_divide_cycles,
        }

    def analyse(self, code: bytes, address: int) -> Block:
        """Schedule the block of code at an address."""
        instructions = list(decode(code, address))
        state = _Issue()
        issue = self._schedule(instructions, state)
        last = instructions[-1]
        flags = self._flags(instructions, issue)
        half_cycles = self._end(last, issue, state)
        if last.target == address and last.branch == "conditional":
            # A loop of one block: what one turn leaves unfinished, the next one waits for.
            again = self._schedule(instructions, state)
            half_cycles = self._end(last, again, state) - half_cycles
        return Block(
            max(half_cycles, 1 if last.branch == "conditional" else 2),
            len(instructions),
            flags,
            address + len(code),
            tuple((item.address, cycle) for item, cycle in zip(instructions, issue, strict=True)),
            last.branch == "conditional"
            and last.target is not None
            and last.target <= last.address,
            next((i for i, item in enumerate(instructions) if item.fp), -1),
        )

    def _end(self, last: Instruction, issue: list[int], state: _Issue) -> int:
        """Return twice the cycle in which the next block begins."""
        half_cycles = 2 * (issue[-1] + self._hold(last)) + state.conflicts
        if state.elder is not None:
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
            if item.fp:
                flags |= st.USES_FPU
        return flags

    def _hold(self, item: Instruction) -> int:
        """Return for how many cycles an instruction keeps the issue stage."""
        fixed = self._holds.get(item.latency_class)
        if fixed is not None:
            return fixed
        return max(1, -(-item.words // self._timing.multiple_words_per_cycle))

    # ---- operands ----------------------------------------------------------------------------

    def _ready(self, item: Instruction, state: _Issue) -> int:
        """Return the first cycle in which all operands can be forwarded."""
        timing = self._timing
        results = state.results
        shifted = bool(item.early)
        cycle = 0
        for registers, stage in (
            (item.address_registers, 0), (item.early, 0), (item.reads, 1), (item.factors, 1),
            (item.late, 2), (item.stored, 3),
        ):  # fmt: skip
            for register in registers:
                result = results.get(register)
                if result is None:
                    continue
                ready = result.ready - stage
                kind = result.latency_class
                if item.unit & Unit.FP_MAC and stage == _ACCUMULATED:
                    ready = result.issued + timing.fp_accumulate_latency
                elif kind == "load":
                    if registers is item.address_registers:
                        ready += timing.load_to_address_extra
                    elif stage == 1 and (shifted or registers is item.factors) and not item.fp:
                        ready += 1  # this way around the register file is not there
                elif kind == "reverse" and stage == 0:
                    ready += 1
                cycle = max(cycle, ready)
        if item.unit & Unit.FP_ADD or (item.alone and item.unit & Unit.FP_TRANSFER):
            cycle = max(cycle, state.accumulated + 1 + timing.fp_mac_shadow_cycles)
        return cycle

    @staticmethod
    def _in_first_alu(item: Instruction, state: _Issue, cycle: int, *, paired: bool) -> bool:
        """Tell whether the first ALU does it, because it may and its operands are early enough."""
        if not item.first_alu or (paired and item.first_alu == "elder"):
            return False
        if paired and state.elder is not None and state.elder.unit & Unit.SHIFT:
            return False
        for register in item.reads:
            result = state.results.get(register)
            if result is None:
                continue
            late = result.latency_class in {"base", "reverse"}
            if result.ready + late > cycle:
                return False
        return FLAGS not in item.reads

    # ---- issue -------------------------------------------------------------------------------

    def _schedule(self, instructions: list[Instruction], state: _Issue) -> list[int]:
        """Return the issue cycle of each instruction."""
        issue: list[int] = []
        for item in instructions:
            elder = state.elder
            cycle = max(state.free, self._ready(item, state))
            if elder is not None and cycle == state.free and not self._pairs(elder, item, state):
                cycle += 1
            paired = elder is not None and cycle == state.free
            if paired and elder is not None and elder.unit & item.unit & Unit.LOAD:
                state.conflicts += _banks_unknown(elder, item)
            early = self._in_first_alu(item, state, cycle, paired=paired)
            issue.append(cycle)
            hold = self._hold(item)
            if paired or item.alone or hold > 1:
                state.free, state.elder = cycle + hold, None
            else:
                state.free, state.elder = cycle, item
            if item.unit & Unit.FP_MAC:
                state.accumulated = cycle
            for register, kind in item.writes.items():
                ready = cycle + self._latency[kind]
                if item.words > 1 and kind != "base":
                    ready += hold - 1
                if early and kind == "alu" and register != FLAGS:
                    ready = cycle + 1
                state.results[register] = _Result(ready, cycle, kind)
        return issue

    def _pairs(self, elder: Instruction, younger: Instruction, state: _Issue) -> bool:
        """Tell whether two neighbours can issue in one cycle; operands are ready."""
        if younger.alone or younger.first_only or elder.alone or elder.branch:
            return False
        for unit in _UNITS:
            used = bool(elder.unit & unit) + bool(younger.unit & unit)
            if used > self._units.get(unit, 1):
                return False
        both = elder.unit | younger.unit
        in_shadow = state.free <= state.accumulated + self._timing.fp_mac_shadow_cycles
        if (
            _forbidden(both, Unit.MAC, Unit.STORE)
            or _forbidden(both, Unit.FP_MAC, Unit.FP_TRANSFER)
            or (elder.unit & Unit.PURE_SHIFT and younger.unit & Unit.SHIFT)
            or (younger.unit & Unit.FP_TRANSFER and in_shadow)
            or (elder.unit & younger.unit & Unit.LOAD and _same_bank(elder, younger))
        ):
            return False
        # Two writers of one register keep their order; an ALU's second result is the later one.
        twice = set(elder.writes) & set(younger.writes) - {FLAGS}
        return not twice or (elder.unit == younger.unit == Unit.ALU)


def _forbidden(both: Unit, first: Unit, second: Unit) -> bool:
    return bool(both & first and both & second)


def _distance(elder: Instruction, younger: Instruction) -> int | None:
    """Return by how many bytes the second of two loads is farther, where that is known."""
    if elder.place is None or younger.place is None or elder.place[0] != younger.place[0]:
        return None
    base = elder.place[0]
    if base in elder.writes and not elder.advance:
        return None
    # A post-indexed access uses the base as it was; what follows uses it as it is then.
    begin = elder.place[1] - (elder.advance if base in elder.writes else 0)
    return younger.place[1] - begin


def _same_bank(elder: Instruction, younger: Instruction) -> bool:
    """Tell whether two loads are known to want the same half of the data side's 64 bits."""
    distance = _distance(elder, younger)
    if distance is None:
        return False
    if elder.place is not None and elder.place[0] == 0:  # both literals: addresses are known
        return bool((elder.place[1] >> 2 & 1) == (elder.place[1] + distance >> 2 & 1))
    return not abs(distance) >> 2 & 1


def _banks_unknown(elder: Instruction, younger: Instruction) -> int:
    """Return 1 for a pair that conflicts in one run of two on average."""
    return int(_distance(elder, younger) is None)
