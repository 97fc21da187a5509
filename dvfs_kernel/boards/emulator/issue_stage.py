"""The issue stage of the Cortex-M7: what can issue when, and beside what.

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

These rules stand here alone: `pipeline` accounts with them, and the code that is made for layers
(`dvfs_kernel.image.code`) is put in order by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dvfs_kernel.boards.emulator.instruction import FLAGS, Instruction, Unit

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["IssueRules", "IssueStage"]

# Of these there is one a cycle; of ALUs there are two.
_SINGLE = Unit.SHIFT | Unit.STORE | Unit.MAC | Unit.BRANCH | Unit.FP | Unit.SIMD
# By the sets of an instruction's registers: the stage that takes them.
_STAGES = (0, 0, 1, 1, 2, 3)
_ADDRESSES, _FACTORS = 0, 3
_ACCUMULATED = 2  # the stage in which accumulators are read


class Result(NamedTuple):
    """A register's newest value: when a stage may begin that takes it, and who makes it."""

    ready: int
    issued: int
    latency_class: str


@dataclass
class IssueStage:
    """What of a sequence of instructions the next one has to know.

    Attributes
    ----------
    free : int
        First cycle with a free slot.
    elder : Instruction, optional
        What issued in that cycle, if one slot is taken.
    accumulated : int
        Cycle of the last floating-point accumulation.
    conflicts : int
        Pairs of loads whose banks are not known.
    results : dict of int to Result
        By register.
    """

    free: int = 0
    elder: Instruction | None = None
    accumulated: int = -9
    conflicts: int = 0
    results: dict[int, Result] = field(default_factory=dict)


class IssueRules:
    """The rules with one set of parameters."""

    def __init__(self, timing: TimingParameters) -> None:
        self._timing = timing
        self._single = _SINGLE if timing.loads_per_cycle > 1 else _SINGLE | Unit.LOAD
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

    def earliest(self, item: Instruction, stage: IssueStage) -> int:
        """Return the cycle in which an instruction would issue next."""
        cycle = max(stage.free, self._ready(item, stage))
        elder = stage.elder
        if elder is not None and cycle == stage.free and not self._pairs(elder, item, stage):
            cycle += 1
        return cycle

    def issue(self, item: Instruction, stage: IssueStage) -> int:
        """Issue an instruction; return its cycle."""
        cycle = self.earliest(item, stage)
        elder = stage.elder
        paired = elder is not None and cycle == stage.free
        if paired and elder is not None and elder.unit & item.unit & Unit.LOAD:
            stage.conflicts += _banks_unknown(elder, item)
        early = _in_first_alu(item, stage, cycle, paired=paired)
        hold = self.hold(item)
        if paired or item.alone or hold > 1:
            stage.free, stage.elder = cycle + hold, None
        else:
            stage.free, stage.elder = cycle, item
        if item.unit & Unit.FP_MAC:
            stage.accumulated = cycle
        for register, kind in item.writes.items():
            ready = cycle + self._latency[kind]
            if item.words > 1 and kind != "base":
                ready += hold - 1
            if early and kind == "alu" and register != FLAGS:
                ready = cycle + 1
            stage.results[register] = Result(ready, cycle, kind)
        return cycle

    def hold(self, item: Instruction) -> int:
        """Return for how many cycles an instruction keeps the issue stage."""
        fixed = self._holds.get(item.latency_class)
        if fixed is not None:
            return fixed
        return max(1, -(-item.words // self._timing.multiple_words_per_cycle))

    def _ready(self, item: Instruction, stage: IssueStage) -> int:
        """Return the first cycle in which all operands can be forwarded."""
        timing = self._timing
        results = stage.results
        cycle = 0
        for register, group in item.needs:
            result = results.get(register)
            if result is None:
                continue
            ready, issued, kind = result
            place = _STAGES[group]
            ready -= place
            if place == _ACCUMULATED and item.unit & Unit.FP_MAC:
                ready = issued + timing.fp_accumulate_latency
            elif kind == "load":
                if group == _ADDRESSES:
                    ready += timing.load_to_address_extra
                elif place == 1 and (item.early or group == _FACTORS) and not item.fp:
                    ready += 1  # this way around the register file is not there
            elif kind == "reverse" and place == 0:
                ready += 1
            cycle = max(cycle, ready)
        if item.unit & Unit.FP_ADD or (item.alone and item.unit & Unit.FP_TRANSFER):
            cycle = max(cycle, stage.accumulated + 1 + timing.fp_mac_shadow_cycles)
        return cycle

    def _pairs(self, elder: Instruction, younger: Instruction, stage: IssueStage) -> bool:
        """Tell whether two neighbours can issue in one cycle; operands are ready."""
        if younger.alone or younger.first_only or elder.alone or elder.branch:
            return False
        if elder.unit & younger.unit & self._single:
            return False
        both = elder.unit | younger.unit
        in_shadow = stage.free <= stage.accumulated + self._timing.fp_mac_shadow_cycles
        if (
            _forbidden(both, Unit.MAC, Unit.STORE)
            or _forbidden(both, Unit.FP_MAC, Unit.FP_TRANSFER)
            or (elder.unit & Unit.PURE_SHIFT and younger.unit & Unit.SHIFT)
            or (younger.unit & Unit.FP_TRANSFER and in_shadow)
            or (elder.unit & younger.unit & Unit.LOAD and _same_bank(elder, younger))
        ):
            return False
        # Two writers of one register keep their order; an ALU's second result is the later one.
        if elder.unit == younger.unit == Unit.ALU:
            return True
        return not any(register in elder.writes for register in younger.writes if register != FLAGS)


def _in_first_alu(item: Instruction, stage: IssueStage, cycle: int, *, paired: bool) -> bool:
    """Tell whether the first ALU does it, because it may and its operands are early enough."""
    if not item.first_alu or (paired and item.first_alu == "elder"):
        return False
    if paired and stage.elder is not None and stage.elder.unit & Unit.SHIFT:
        return False
    for register in item.reads:
        result = stage.results.get(register)
        if result is None:
            continue
        late = result.latency_class in {"base", "reverse"}
        if result.ready + late > cycle:
            return False
    return FLAGS not in item.reads


def _forbidden(both: int, first: int, second: int) -> bool:
    return bool(both & first and both & second)


def _distance(elder: Instruction, younger: Instruction) -> int | None:
    """Return by how many bytes the second of two loads is farther, where that is known."""
    if elder.place is None or younger.place is None or elder.place.base != younger.place.base:
        return None
    base = elder.place.base
    if base in elder.writes and not elder.advance:
        return None
    # A post-indexed access uses the base as it was; what follows uses it as it is then.
    begin = elder.place.offset - (elder.advance if base in elder.writes else 0)
    return younger.place.offset - begin


def _same_bank(elder: Instruction, younger: Instruction) -> bool:
    """Tell whether two loads are known to want the same half of the data side's 64 bits."""
    distance = _distance(elder, younger)
    if distance is None:
        return False
    if elder.place is not None and elder.place.base == 0:  # both literals: addresses are known
        return bool((elder.place.offset >> 2 & 1) == (elder.place.offset + distance >> 2 & 1))
    return not abs(distance) >> 2 & 1


def _banks_unknown(elder: Instruction, younger: Instruction) -> int:
    """Return 1 for a pair that conflicts in one run of two on average."""
    return int(_distance(elder, younger) is None)
