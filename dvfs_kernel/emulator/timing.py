"""Every parameter of the timing model, in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TimingParameters"]


@dataclass(frozen=True)
class TimingParameters:
    """What the pipeline, the caches and the buses cost, in core clock cycles.

    Where a source is given the number is a published one. "Estimate" marks what no public source
    tells; those are what a calibration against published benchmarks may move.

    Notes
    -----
    Sources. [M7] Arm DDI 0489F, Cortex-M7 Technical Reference Manual. [LLVM] the scheduling
    model of Cortex-M7 in LLVM (ARMScheduleM7.td). [QUIN] quinapalus.com/cm7cycles.html, cycle
    counts measured on an STM32H730. [DS] DS11532 Rev 7. [AN4667] ST AN4667 Rev 4.
    """

    # ---- pipeline --------------------------------------------------------------------------
    #: Result to use of an ALU instruction. [LLVM] WriteALU.
    alu_latency: int = 1
    #: Loads that issue together: one on each 32-bit half of the data side, bank conflicts left
    #: out. [LLVM] M7UnitLoad. 1 models a core that never pairs two loads.
    loads_per_cycle: int = 2
    #: Result to use of a word load, to an operand needed in the ALU stage. [LLVM] LoadLatency.
    load_latency: int = 2
    #: Result to use of a byte or half-word load: one stage later. [LLVM] M7SlowLoad.
    narrow_load_latency: int = 3
    #: Result to use of multiply and multiply-accumulate. [LLVM] WriteMUL32, WriteMAC32.
    multiply_latency: int = 2
    #: How much later an accumulator is read than the factors. [LLVM] ReadMAC.
    accumulate_forwarding: int = 1
    #: Saturating SIMD and saturation. [LLVM] M7WriteSIMD2, M7WriteShSIMD2.
    saturate_latency: int = 2
    #: Integer divide holds the pipeline. Early termination makes it 3..20 cycles by operands;
    #: this is the mean for operands of 8 to 16 bits difference. [LLVM] WriteDIV.
    divide_cycles: int = 7
    #: Floating point, single precision. [LLVM] WriteFPALU32, WriteFPMUL32, WriteFPMAC32.
    fp_latency: int = 3
    fp_mac_latency: int = 6
    #: Floating point, double precision. [LLVM] WriteFPALU64, WriteFPMUL64, WriteFPMAC64.
    fp_double_latency: int = 4
    fp_double_multiply_latency: int = 7
    fp_double_mac_latency: int = 11
    #: Division and square root. [LLVM] WriteFPDIV32, WriteFPDIV64.
    fp_divide_cycles: int = 16
    fp_double_divide_cycles: int = 30
    #: MSR, MRS, CPS, barriers: single issue. [LLVM] M7NonGeneralPurpose.
    special_cycles: int = 3
    #: ISB refills the pipeline. Estimate: the mispredict penalty.
    isb_cycles: int = 6
    #: TBB and TBH take two issue cycles and a load. [LLVM] M7TableLoad.
    table_branch_cycles: int = 3
    #: Words that LDM, STM, PUSH, POP and VLDM move in a cycle: the data side is 64 bits wide
    #: ([M7] 5.1); one word a cycle is what LLVM assumes for the registers' availability.
    multiple_words_per_cycle: int = 2

    # ---- branches --------------------------------------------------------------------------
    #: A branch predicted taken: the target cache lets it go without a bubble (DS11532 3.1).
    taken_cycles: int = 0
    #: A mispredicted conditional or indirect branch. [LLVM] MispredictPenalty comment: 6.
    mispredict_cycles: int = 6
    #: An unconditional direct branch, call or return seen for the first time. Estimate.
    first_branch_cycles: int = 2

    # ---- exceptions ------------------------------------------------------------------------
    #: From the interrupt to the first instruction of its handler, zero-wait-state stack and
    #: vector table. Arm states 12 cycles for Cortex-M3, M4 and M7.
    exception_entry_cycles: int = 12
    #: Additional for the 18 words of the floating-point frame at two words a cycle.
    exception_fp_cycles: int = 9
    #: From the return instruction to the interrupted code. Estimate: entry without the vector.
    exception_return_cycles: int = 10

    # ---- caches and buses ------------------------------------------------------------------
    #: AXI read, request to first data, without the memory's own wait. Estimate: address and
    #: data stage of the AXIM port, bridge to the bus matrix and back.
    axi_latency: int = 4
    #: Cycles that a 256-bit flash word takes: wait states + 1 (RM0410 Table 7 as cited).
    flash_access_extra: int = 1
    #: 64-bit beats after the first of a 32-byte line from flash that the core waits for:
    #: critical word first and streaming ([M7] 5.9) hide most; estimate for code.
    flash_code_beats: int = 1
    #: The same for data.
    flash_data_beats: int = 1
    #: Beats of a line from the 32-bit SRAM1 and SRAM2 ([AN4667] Table 5) that the core waits for.
    sram_line_beats: int = 4
    #: A cached store that misses, while the store buffer and the line fill absorb it. Estimate.
    store_miss_cycles: int = 2
    #: A full line written by consecutive stores does not fill: dynamic read-allocate mode after
    #: three such lines ([M7] 5.9.1); then a line costs this much. Estimate.
    streaming_store_cycles: int = 1
    #: A dirty line written back, beyond what the eviction buffer hides. Estimate.
    write_back_cycles: int = 2
    #: Uncached read of SRAM: the AXI latency and one beat. Estimate.
    sram_uncached_extra: int = 2
    #: Uncached store: absorbed by the store buffer up to the bus rate. Estimate.
    uncached_store_cycles: int = 2
    #: Access over AHB to a device, in HCLK cycles. Estimate (AHBP: two stages and the matrix).
    ahb_cycles: int = 4
    #: Additional for a device behind an APB bridge, in cycles of that APB clock. Estimate.
    apb_cycles: int = 2
    #: Access to the private peripheral bus (NVIC, SCB, DWT). Estimate.
    ppb_cycles: int = 2
