/* What the Cortex-M7 offers beside its instructions in C: barriers, interrupt mask, sleep, NVIC,
 * reset. */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

#include "core/mmio.h"

static inline void data_barrier(void) {
    __asm volatile("dsb 0xF" ::: "memory");
}

static inline void instruction_barrier(void) {
    __asm volatile("isb 0xF" ::: "memory");
}

static inline void interrupts_disable(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void interrupts_enable(void) {
    __asm volatile("cpsie i" ::: "memory");
}

/* Sleeps until an enabled interrupt is pending; with interrupts disabled none is taken. */
static inline void wait_for_interrupt(void) {
    __asm volatile("dsb 0xF\n\twfi" ::: "memory");
}

static inline volatile uint32_t *nvic_word(uint32_t first_offset, uint32_t irq) {
    return (volatile uint32_t *)(uintptr_t)(NVIC_BASE + first_offset + 4u * (irq / 32u));
}

static inline void nvic_enable(uint32_t irq) {
    *nvic_word(NVIC_ISER0_OFFSET, irq) = 1u << (irq % 32u);
}

static inline void nvic_disable(uint32_t irq) {
    *nvic_word(NVIC_ICER0_OFFSET, irq) = 1u << (irq % 32u);
    data_barrier();
    instruction_barrier();
}

static inline void nvic_clear_pending(uint32_t irq) {
    *nvic_word(NVIC_ICPR0_OFFSET, irq) = 1u << (irq % 32u);
}

#define CORE_VECTKEY 0x5FAu /* AIRCR takes a write with this key only */

/* Resets the chip, in line. */
static inline _Noreturn void core_reset_here(void) {
    data_barrier();
    REGISTER(SCB, AIRCR) = CORE_VECTKEY << SCB_AIRCR_VECTKEY_POS | SCB_AIRCR_SYSRESETREQ_MSK;
    data_barrier();
    for (;;) {
    }
}

/* Resets the chip, by code that lies apart: no line of the cache that its callers need is spent on
 * it. */
_Noreturn void core_reset(void);

#endif
