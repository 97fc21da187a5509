#include "clocks/lptim.h"

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"
#include "clocks/kernel_clock.h"
#include "core/core.h"
#include "core/dwt.h"

#define PERIOD_HALF 0x8000u
/* Core cycles between two reads of CNT in a row, at most: two accesses through the APB bridge at
 * its largest divider. */
#define READ_CYCLES_MAX 64u
#define ATTEMPTS 8
#define CROSSING_POLLS_MAX 1000 /* takes a few cycles of either clock */

#define BOTH_OK (LPTIM_ISR_ARROK_MSK | LPTIM_ISR_CMPOK_MSK)

volatile uint32_t lptim_base;
void (*volatile lptim_on_interrupt)(void);
uint32_t lptim_phase;
uint32_t lptim_read_window = READ_CYCLES_MAX;

/* A value crosses into the timer's clock; its register must not be written again before. */
static void await_crossing(uint32_t ok_flags) {
    for (int poll = 0; poll < CROSSING_POLLS_MAX; poll++) {
        if ((REGISTER_OF(LPTIM1, LPTIM, ISR) & ok_flags) == ok_flags) {
            break;
        }
    }
    REGISTER_OF(LPTIM1, LPTIM, ICR) = ok_flags;
}

void lptim_compare(uint32_t compare) {
    REGISTER_OF(LPTIM1, LPTIM, CMP) = compare;
    await_crossing(LPTIM_ISR_CMPOK_MSK);
}

/* Counts a kernel clock from 0. */
static void start(uint32_t kernel_clock, uint32_t compare, uint32_t interrupts) {
    REGISTER_OF(LPTIM1, LPTIM, CR) = 0;
    REGISTER(RCC, DCKCFGR2) = (REGISTER(RCC, DCKCFGR2) & ~RCC_DCKCFGR2_LPTIM1SEL_MSK) |
                              kernel_clock << RCC_DCKCFGR2_LPTIM1SEL_POS;
    /* CFGR = 0: internal clock, no prescaler, software start. It and IER change while disabled. */
    REGISTER_OF(LPTIM1, LPTIM, CFGR) = 0;
    REGISTER_OF(LPTIM1, LPTIM, ICR) = LPTIM_ICR_ARRMCF_MSK | LPTIM_ICR_CMPMCF_MSK;
    REGISTER_OF(LPTIM1, LPTIM, IER) = interrupts;
    REGISTER_OF(LPTIM1, LPTIM, CR) = LPTIM_CR_ENABLE_MSK;
    REGISTER_OF(LPTIM1, LPTIM, ARR) = LPTIM_PERIOD_LAST;
    REGISTER_OF(LPTIM1, LPTIM, CMP) = compare;
    await_crossing(BOTH_OK);
    REGISTER_OF(LPTIM1, LPTIM, CR) = LPTIM_CR_ENABLE_MSK | LPTIM_CR_CNTSTRT_MSK;
}

static void start_wall_clock(void) {
    start(KERNEL_CLOCK_HSI, PERIOD_HALF, LPTIM_IER_ARRMIE_MSK | LPTIM_IER_CMPMIE_MSK);
}

void lptim_init(void) {
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_LPTIM1EN_MSK;
    REGISTER(RCC, APB1LPENR) |= RCC_APB1LPENR_LPTIM1LPEN_MSK; /* it counts while the core sleeps */
    (void)REGISTER(RCC, APB1ENR);
    start_wall_clock();
}

void lptim_lend(uint32_t kernel_clock, uint32_t compare) {
    start(kernel_clock, compare, LPTIM_IER_CMPMIE_MSK);
}

void lptim_resume(uint32_t time, uint32_t cycles) {
    start_wall_clock();
    lptim_base = 0;
    lptim_phase = 0;
    const uint32_t count = lptim_ticks();
    const uint32_t now = time + (dwt_cycles() - cycles);
    lptim_phase = now - count;
    lptim_base = now;
}

uint32_t lptim_window(uint32_t hclk_hz) {
    return READ_CYCLES_MAX * (ABI_TICK_HZ / 1000u) / (hclk_hz / 1000u) + 1u;
}

__attribute__((noinline, cold)) uint32_t lptim_read_again(uint32_t earlier) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        const uint32_t later = REGISTER_OF(LPTIM1, LPTIM, CNT);
        if (((later - earlier) & LPTIM_PERIOD_LAST) <= lptim_read_window) {
            return earlier;
        }
        earlier = later;
    }
    return earlier;
}

/* Twice a period: however late this comes, less than a whole period has passed. */
void LPTIM1_Handler(void) {
    REGISTER_OF(LPTIM1, LPTIM, ICR) = LPTIM_ICR_ARRMCF_MSK | LPTIM_ICR_CMPMCF_MSK;
    lptim_base = lptim_ticks();
    void (*const also)(void) = lptim_on_interrupt;
    if (also != NULL) {
        also();
    }
    data_barrier(); /* the flags are down before the exception returns, or it comes twice */
}

void lptim_extend(void) {
    LPTIM1_Handler();
    nvic_clear_pending(LPTIM1_IRQ);
    nvic_enable(LPTIM1_IRQ);
}

void lptim_rest(void) {
    nvic_disable(LPTIM1_IRQ);
}

/* While the compare value is lent out, the end of each period still brings the base up to date. */
void lptim_sleep_until(uint32_t time) {
    bool armed = false;
    for (;;) {
        LPTIM1_Handler();
        nvic_clear_pending(LPTIM1_IRQ);
        const int32_t left = (int32_t)(time - lptim_ticks());
        if (left <= 0) {
            break;
        }
        if (!armed && left < (int32_t)PERIOD_HALF) {
            /* A match at the end of the period is the period's own. */
            const uint32_t count = (time - lptim_phase) & LPTIM_PERIOD_LAST;
            lptim_compare(count == LPTIM_PERIOD_LAST ? count - 1u : count);
            armed = true;
            continue; /* the count may have passed the value before the timer had it */
        }
        wait_for_interrupt();
    }
    if (armed) {
        lptim_compare(PERIOD_HALF);
    }
}
