"""Micro-benchmarks: one rule of the pipeline or of a memory each, with its known answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dvfs_kernel.evidence.validation.figure import Figure
from dvfs_kernel.evidence.validation.program import Setup, benchmarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["RULES", "Rule", "measure_rules"]

_JNK = "jnk0le/random, pipeline cycle test, STM32H743"
_QUIN = "quinapalus.com, cm7cycles, STM32H730"
_LLVM = "LLVM, ARMScheduleM7.td"
_M7 = "Arm DDI 0489F"
# Every body of micro.S stands sixteen times in its loop; the loop itself takes a cycle.
_COPIES = 16
_TURNS = 100


class Rule(NamedTuple):
    """A micro-benchmark and its cycles.

    Parameters
    ----------
    cycles
        Of one instance in a steady state.
    edge
        How much a turn of the loop takes beyond sixteen of them and the loop's own cycle: the
        loop's two instructions hide or await the end of a chain.
    """

    name: str
    text: str
    cycles: int
    source: str
    edge: int = 0

    @property
    def turn_cycles(self) -> int:
        """Cycles of one turn of the loop."""
        return _COPIES * self.cycles + 1 + self.edge


RULES = (
    Rule("alu_independent", "two independent ALU operations", 1, _JNK),
    Rule("alu_chain", "two dependent ALU operations", 2, _JNK, -1),
    Rule("alu_first_feeds_second", "sum into logic, in one cycle", 1, _JNK),
    Rule("alu_second_feeds_none", "logic into sum", 1, _JNK, 1),
    Rule("carry_chain", "two additions with carry", 2, _JNK),
    Rule("shifted_operands", "two shifted operands", 2, _JNK),
    Rule("shifted_constants", "two shifted constants", 2, _JNK),
    Rule("pattern_constants", "two pattern constants", 1, _JNK),
    Rule("plain_shifts", "two plain shifts", 1, _JNK),
    Rule("dsp_pair", "two SIMD operations", 2, _JNK),
    Rule("dsp_elder", "SIMD, then ALU", 1, _JNK),
    Rule("half_words", "MOVW and MOVT", 1, _JNK),
    Rule("mac_chain", "two chained SMLAD", 2, _JNK),
    Rule("long_mac_chain", "two chained SMLAL", 2, _JNK),
    Rule("product_to_factor", "product into factor", 3, _QUIN),
    Rule("mac_and_alu", "SMLAD beside ALU", 1, _JNK),
    Rule("mac_and_load", "SMLAD beside load", 1, _JNK),
    Rule("mac_and_store", "SMLAD beside store", 2, _JNK),
    Rule("two_products", "two products", 2, _LLVM),
    Rule("load_banks", "two loads, two banks", 1, _M7),
    Rule("load_one_bank", "two loads, one bank", 2, _JNK),
    Rule("load_to_factor", "load into factor", 2, _JNK, 1),
    Rule("byte_to_alu", "byte into ALU", 2, _LLVM, 1),
    Rule("load_and_store", "load beside store", 1, _JNK),
    Rule("two_stores", "two stores", 2, _JNK),
    Rule("load_to_store", "load into store", 1, _JNK),
    Rule("load_pair", "LDRD and ALU", 2, _JNK),
    Rule("load_unaligned", "load across words, and ALU", 4, _JNK),
    Rule("load_multiple", "LDM of eight words, and a move", 5, _JNK),
    Rule("store_multiple", "STM of eight words, and a move", 5, _JNK),
    Rule("load_to_address", "two loads, address by address", 6, _QUIN),
    Rule("fp_independent", "two sums, single precision", 2, _JNK),
    Rule("fp_chain", "dependent sum and product", 6, _JNK, -1),
    Rule("fp_and_alu", "floating point beside integer", 1, _JNK),
    Rule("fp_fused_chain", "two chained VFMA", 6, _JNK, -1),
    Rule("fp_fused_interleaved", "three independent VFMA", 3, _JNK),
    Rule("fp_divide", "VDIV, single precision", 16, _JNK),
    Rule("fp_root", "VSQRT, single precision", 14, _JNK),
    Rule("double_product", "product, double precision", 5, _JNK),
    Rule("branch_not_taken", "compare, and branch not taken", 1, _JNK),
)


def measure_rules(timing: TimingParameters) -> Iterator[Figure]:
    """Yield each rule's figure: cycles of a loop with sixteen instances."""
    program = benchmarks(timing)
    for rule in RULES:
        few, many = (
            program.run(f"micro_{rule.name}", turns, Setup())[0] for turns in (_TURNS, 2 * _TURNS)
        )
        found = (many - few) / _TURNS
        yield Figure("rules", rule.text, rule.turn_cycles, found, "cycles", rule.source, "sourced")
