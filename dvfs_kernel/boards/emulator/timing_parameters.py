"""Every parameter of the timing model, in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TimingParameters"]


@dataclass(frozen=True)
class TimingParameters:
    """What the pipeline, the caches and the buses cost, in core clock cycles.

    Where a source is given the number is a published one. "Fitted" names the published figure that
    a number was chosen for, "Estimate" marks what no public source tells; those are what a
    calibration may move.

    Notes
    -----
    Sources. [M7] Arm DDI 0489F, Cortex-M7 Technical Reference Manual. [LLVM] the scheduling
    model of Cortex-M7 in LLVM (ARMScheduleM7.td). [QUIN] quinapalus.com/cm7cycles.html, cycle
    counts measured on an STM32H730. [JNK] github.com/jnk0le/random, "pipeline cycle test",
    measured on an STM32H743. [DS] DS11532 Rev 7. [AN4667] ST AN4667 Rev 4.
    """

    # ---- pipeline --------------------------------------------------------------------------
    #: Result to use of the second ALU. [JNK], [LLVM] WriteALU.
    alu_latency: int = 1
    #: Loads that issue together, if their words lie in different banks. [JNK], [M7] 1.1.
    loads_per_cycle: int = 2
    #: Result of a word load to the second ALU. [JNK], [LLVM] WriteLd.
    load_latency: int = 1
    #: Result of a byte or half-word load to the second ALU. [JNK], [LLVM] M7SlowLoad.
    narrow_load_latency: int = 2
    #: How much later a loaded word can be an address than it can be shifted: [QUIN] gives three
    #: cycles from load to address.
    load_to_address_extra: int = 1
    #: A load across a word boundary. [JNK]: three cycles as the elder, four as the younger.
    unaligned_load_cycles: int = 3
    #: Result to use of multiply and multiply-accumulate; the next accumulation takes it a cycle
    #: sooner. [JNK], [QUIN], [LLVM] WriteMAC32.
    multiply_latency: int = 2
    #: Saturating SIMD and saturation. [LLVM] M7WriteSIMD2, M7WriteShSIMD2.
    saturate_latency: int = 2
    #: Integer divide holds the pipeline. Early termination makes it 3..20 cycles by operands;
    #: this is the mean for operands of 8 to 16 bits difference. [LLVM] WriteDIV.
    divide_cycles: int = 7
    #: Floating point, single precision: addition and product; fused and chained accumulation.
    #: [JNK], [LLVM] WriteFPALU32, WriteFPMUL32, WriteFPMAC32.
    fp_latency: int = 3
    fp_fused_latency: int = 5
    fp_mac_latency: int = 6
    #: Result to accumulator of the next accumulation. [JNK].
    fp_accumulate_latency: int = 3
    #: For so long after an accumulation no addition issues, and no transfer as the younger. [JNK].
    fp_mac_shadow_cycles: int = 3
    #: Division and square root hold the pipeline. [JNK].
    fp_divide_cycles: int = 16
    fp_square_root_cycles: int = 14
    #: Double precision holds the pipeline. [JNK]: addition 1 with equal exponents, 2 otherwise;
    #: product 5; accumulation 7, 8 with different exponents.
    fp_double_cycles: int = 2
    fp_double_multiply_cycles: int = 5
    fp_double_mac_cycles: int = 8
    fp_double_divide_cycles: int = 30
    #: MSR, MRS, CPS, barriers: single issue. [LLVM] M7NonGeneralPurpose.
    special_cycles: int = 3
    #: ISB refills the pipeline. Estimate: the mispredict penalty.
    isb_cycles: int = 6
    #: TBB and TBH take two issue cycles and a load. [LLVM] M7TableLoad.
    table_branch_cycles: int = 3
    #: Words that LDM, STM, PUSH, POP and VLDM move in a cycle. [JNK].
    multiple_words_per_cycle: int = 2

    # ---- branches --------------------------------------------------------------------------
    #: A branch predicted taken: the target cache lets it go without a bubble. [JNK], [DS] 3.1.
    taken_cycles: int = 0
    #: Half cycles that a branch without a neighbour saves by pairing with its successor. [JNK]
    #: measured it for branches not taken and, depending on alignment, for taken ones.
    branch_pairing_half_cycles: int = 1
    #: A mispredicted branch whose flags were set early. [JNK] "branching/cmp".
    mispredict_cycles: int = 6
    #: What it costs more where they were not. [JNK].
    late_flag_cycles: int = 2
    #: How many cycles before the branch flags are early. [JNK].
    early_flag_cycles: int = 3
    #: Whether a return is predicted to go where the call came from; else to where it went last.
    #: Fitted: Dhrystone at 2.14 DMIPS/MHz and CoreMark at 5.01/MHz want it.
    returns_predicted: bool = True
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
    #: From a device's interrupt line to the interrupt controller. A handler whose last store clears
    #: the flag returns before the store has arrived and the line has fallen, and is entered again,
    #: which is well known of the STM32F7; by how many cycles is an estimate.
    interrupt_line_cycles: int = 2

    # ---- caches and buses ------------------------------------------------------------------
    #: Cycles that a word of flash takes: wait states + 1 (RM0410 Table 7 as cited).
    flash_access_extra: int = 1
    #: A line from flash on AXI beyond that. Fitted: [AN4667] Table 9, configuration 3 over 5.
    flash_line_latency: int = 2
    #: A line from the 32-bit SRAM1 and SRAM2, eight beats. Fitted: [AN4667] Table 9,
    #: configuration 4 over 3.
    sram_line_cycles: int = 10
    #: A line from flash on the ITCM port that the accelerator does not hold, beyond the flash
    #: word. Fitted: [AN4667] Table 9, configuration 1 over 5.
    flash_itcm_latency: int = 6
    #: Of such a line what the accelerator's prefetch hides where it follows the one before:
    #: "at least 8 CPU cycles to execute the previous line" (RM0410) holds for single issue.
    art_prefetch_hidden_cycles: int = 6
    #: 1: flash words of 128 bits, as with option bit nDBANK cleared; a line takes two. The core
    #: waits for the second in every other fill. Fitted: [AN4667] Table 11.
    flash_dual_bank: int = 0
    #: With caches off, a 64-bit fetch: the prefetch queue hides the way to the memory, not the
    #: beats of 32-bit SRAM. Fitted, as is the next: Dhrystone with caches off against caches on,
    #: from flash and from SRAM, on an STM32F723 (blog.stratifylabs.dev, 2019-05-25).
    sram_uncached_fetch_cycles: int = 3
    #: With caches off, a data read on AXI, request to data; flash adds its word.
    uncached_read_cycles: int = 2
    #: A cached store that misses, while the store buffer and the line fill absorb it. Estimate.
    store_miss_cycles: int = 2
    #: A full line written by consecutive stores does not fill: dynamic read-allocate mode after
    #: three such lines ([M7] 5.9.1); then a line costs this much. Estimate.
    streaming_store_cycles: int = 1
    #: A dirty line written back, beyond what the eviction buffer hides. Estimate.
    write_back_cycles: int = 2
    #: Uncached store: absorbed by the store buffer up to the bus rate. Estimate.
    uncached_store_cycles: int = 2
    #: Access over AHB to a device; a store is left to the bus. Fitted: HAL_GPIO_TogglePin in a
    #: loop gives 20 million edges a second at 216 MHz (github.com/hpaluch/stm32-latency-test).
    ahb_read_cycles: int = 2
    ahb_write_cycles: int = 1
    #: Additional for a device behind an APB bridge, in cycles of that APB clock. Estimate.
    apb_cycles: int = 2
    #: Access to the private peripheral bus (NVIC, SCB, DWT). Estimate.
    ppb_cycles: int = 2
