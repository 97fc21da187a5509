/* Micro-benchmarks with known answers: one pipeline or memory rule each.
 *
 * micro_NAME(repeats, data): runs its body `repeats` times in a loop. The cycles of one turn are the
 * difference of two runs, so that call, entry and exit fall out. r9 and r10 point to data, 4 and
 * 0x1000 bytes apart from another; s0..s31 and r0..r7 are free. The loop's own subtraction and
 * branch pair: one cycle a turn. */
    .syntax unified
    .thumb
    .section .microbenchmarks, "ax"

    /* No loop crosses a page of 1 KB, where an emulator may have to cut its blocks. */
    .macro begin name
    .balign 512
    .global micro_\name
    .type micro_\name, %function
    .thumb_func
micro_\name:
    push {r4-r11, lr}
    mov.w r8, r0
    mov.w r9, r1
    add.w r10, r1, #0x1000
    movs r2, #1
    movs r3, #3
    movs r4, #4
    movs r5, #5
    vmov s0, r2
    vmov s1, r3
    vcvt.f32.s32 s0, s0
    vcvt.f32.s32 s1, s1
    vcvt.f64.f32 d1, s0
    vcvt.f64.f32 d2, s1
    b.w 1f
    .balign 32
1:
    .endm

    .macro end name
    subs.w r8, r8, #1
    bne.w 1b
    pop {r4-r11, pc}
    .size micro_\name, . - micro_\name
    .endm

    .macro rule name, first, second, third
    begin \name
    .rept 16
    \first
    \second
    \third
    .endr
    end \name
    .endm

    begin empty
    end empty

    /* the two ALUs */
    rule alu_independent, "add.w r0, r2, r3", "add.w r1, r4, r5"
    rule alu_chain, "add.w r0, r0, r3", "add.w r0, r0, r5"
    rule alu_first_feeds_second, "add.w r0, r2, r3", "eor.w r1, r0, r5"
    rule alu_second_feeds_none, "eor.w r0, r2, r3", "add.w r1, r0, r5"
    rule carry_chain, "adcs.w r0, r0, r3", "adcs.w r1, r1, r5"
    rule shifted_operands, "add.w r0, r2, r3, lsl #2", "add.w r1, r4, r5, lsl #2"
    rule shifted_constants, "add.w r0, r2, #0x7e0", "add.w r1, r4, #0x7e0"
    rule pattern_constants, "eor.w r0, r2, #0x1b1b1b1b", "eor.w r1, r4, #0x1b1b1b1b"
    rule plain_shifts, "lsl.w r0, r2, #3", "lsr.w r1, r4, #2"
    rule dsp_pair, "sxtb16 r0, r2", "sxtb16 r1, r4"
    rule dsp_elder, "sxtb16 r0, r2", "add.w r1, r4, r5"
    rule dsp_younger, "add.w r1, r4, r5", "sxtb16 r0, r2"
    rule half_words, "movw r0, #0x1234", "movt r0, #0x5678"

    /* the multiplier */
    rule mac_chain, "smlad r0, r2, r3, r0", "smlad r0, r4, r5, r0"
    rule long_mac_chain, "smlal r0, r1, r2, r3", "smlal r0, r1, r4, r5"
    rule product_to_factor, "mul r0, r2, r3", "mul r0, r0, r5"
    rule mac_and_alu, "smlad r0, r2, r3, r0", "add.w r1, r4, r5"
    rule mac_and_load, "smlad r0, r2, r3, r0", "ldr.w r1, [r9]"
    rule mac_and_store, "smlad r0, r2, r3, r0", "str.w r1, [r9]"
    rule two_products, "mul r0, r2, r3", "mul r1, r4, r5"

    /* loads and stores, in DTCM or in the cache */
    rule load_banks, "ldr.w r0, [r9]", "ldr.w r1, [r9, #4]"
    rule load_one_bank, "ldr.w r0, [r9]", "ldr.w r1, [r9, #8]"
    rule load_to_alu, "ldr.w r0, [r9]", "add.w r1, r0, r3"
    rule load_to_factor, "ldr.w r0, [r9]", "mul r1, r0, r3"
    rule byte_to_alu, "ldrb.w r0, [r9]", "add.w r1, r0, r3"
    rule load_and_store, "ldr.w r0, [r9]", "str.w r2, [r9, #8]"
    rule two_stores, "str.w r2, [r9]", "str.w r3, [r9, #4]"
    rule load_to_store, "ldr.w r0, [r9]", "str.w r0, [r9, #8]"
    rule load_pair, "ldrd r0, r1, [r9]", "add.w r6, r2, r3"
    rule load_unaligned, "ldr.w r0, [r9, #2]", "add.w r6, r2, r3"
    rule load_multiple, "mov.w r12, r9", "ldmia.w r12, {r0-r7}"
    rule store_multiple, "mov.w r12, r9", "stmia.w r12, {r0-r7}"

    /* a word that holds its own address */
    begin load_to_address
    str.w r9, [r9]
    mov.w r0, r9
    .rept 32
    ldr.w r0, [r0]
    .endr
    end load_to_address

    /* floating point */
    rule fp_independent, "vadd.f32 s4, s0, s1", "vadd.f32 s5, s0, s1"
    rule fp_chain, "vadd.f32 s4, s4, s1", "vmul.f32 s4, s4, s1"
    rule fp_and_alu, "vadd.f32 s4, s0, s1", "add.w r0, r2, r3"
    rule fp_fused_chain, "vfma.f32 s4, s0, s1", "vfma.f32 s4, s0, s1"
    rule fp_fused_interleaved, "vfma.f32 s4, s0, s1", "vfma.f32 s5, s0, s1", "vfma.f32 s6, s0, s1"
    rule fp_chained_to_factor, "vmla.f32 s4, s0, s1", "vmul.f32 s0, s4, s1"
    rule fp_divide, "vdiv.f32 s4, s0, s1"
    rule fp_root, "vsqrt.f32 s4, s1"
    rule double_product, "vmul.f64 d5, d1, d2"
    rule double_divide, "vdiv.f64 d5, d1, d2"

    /* a branch that is never taken */
    rule branch_not_taken, "cmp.w r2, #9", "beq.w 1b"
    /* a line of 32 bytes each; the host says where and how many */
    begin read_lines
    ldr.w r0, [r9], #32
    end read_lines
    begin write_lines
    str.w r0, [r9], #32
    end write_lines
    begin write_all
    .rept 8
    str.w r0, [r9], #4
    .endr
    end write_all
    begin code_lines
    .rept 512
    .balign 32
    b.w . + 32
    .endr
    .balign 32
    end code_lines
