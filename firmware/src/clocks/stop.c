#include "clocks/stop.h"

#include <stdbool.h>

#include "clocks/kernel_clock.h"
#include "clocks/lptim.h"
#include "core/core.h"
#include "core/dwt.h"

#define EXTI_LPTIM1 (1u << 23) /* line of the external interrupts that LPTIM1 drives */

/* DS11532 Rev 7, table 44: 2 s typically, no maximum. */
#define LSE_TIMEOUT_TICKS (5u * ABI_TICK_HZ)
#define LSE_POLL_TICKS (ABI_TICK_HZ / 100u)

/* 32 periods of the LSE are a whole number of ticks. */
#define LSE_HZ 32768u
#define TICKS_OF_32 15625u
_Static_assert(LSE_HZ / 32u * TICKS_OF_32 == ABI_TICK_HZ, "to the last fraction");

/* How long before the time the core has to be awake, in periods of the LSE: the timer's start and
 * the crossings of its registers, wake-up, the search for an edge, the way back to the HSI. */
#define MARGIN_PERIODS 10u
#define CHUNK_PERIODS 0x8000u

typedef struct {
    uint32_t count;  /* of the LSE */
    uint32_t cycles; /* of the core, when the count became that */
} edge_t;

static void set_lse(uint32_t on) {
    REGISTER(PWR, CR1) |= PWR_CR1_DBP_MSK;
    (void)REGISTER(PWR, CR1);
    REGISTER(RCC, BDCR) = (REGISTER(RCC, BDCR) & ~RCC_BDCR_LSEON_MSK) | on << RCC_BDCR_LSEON_POS;
    REGISTER(PWR, CR1) &= ~PWR_CR1_DBP_MSK;
}

static bool lse_ready(void) {
    return (REGISTER(RCC, BDCR) & RCC_BDCR_LSERDY_MSK) != 0;
}

void stop_end(void) {
    set_lse(0);
}

abi_status_t stop_prepare(void) {
    REGISTER(PWR, CR1) |= PWR_CR1_LPDS_MSK;
    REGISTER(EXTI, RTSR) |= EXTI_LPTIM1;
    if (lse_ready()) {
        return abi_status_ok;
    }
    set_lse(1);
    const uint32_t start = lptim_ticks();
    while (lptim_ticks() - start < LSE_TIMEOUT_TICKS) {
        lptim_sleep_until(lptim_ticks() + LSE_POLL_TICKS);
        if (lse_ready()) {
            return abi_status_ok;
        }
    }
    set_lse(0);
    return abi_status_clock_timeout;
}

/* To the nearest tick. */
static uint32_t ticks_of(uint32_t periods) {
    return periods / 32u * TICKS_OF_32 + (periods % 32u * TICKS_OF_32 + 16u) / 32u;
}

/* Whole ones. */
static uint32_t periods_of(uint32_t ticks) {
    return ticks / TICKS_OF_32 * 32u + ticks % TICKS_OF_32 * 32u / TICKS_OF_32;
}

/* The count changes asynchronously to the bus: two equal reads are right. */
static uint32_t lse_count(void) {
    uint32_t count = REGISTER_OF(LPTIM1, LPTIM, CNT);
    for (;;) {
        const uint32_t again = REGISTER_OF(LPTIM1, LPTIM, CNT);
        if (again == count) {
            return count;
        }
        count = again;
    }
}

static edge_t next_edge(void) {
    const uint32_t before = lse_count();
    edge_t edge;
    do {
        edge.cycles = dwt_cycles();
    } while (REGISTER_OF(LPTIM1, LPTIM, CNT) == before);
    edge.count = lse_count();
    return edge;
}

static void forget_interrupt(void) {
    REGISTER_OF(LPTIM1, LPTIM, ICR) = LPTIM_ICR_CMPMCF_MSK;
    REGISTER(EXTI, PR) = EXTI_LPTIM1;
    data_barrier();
    nvic_clear_pending(LPTIM1_IRQ);
}

/* Until the count is what it is compared with; it may be there already. */
static void deep_sleep(void) {
    REGISTER(SCB, SCR) |= SCB_SCR_SLEEPDEEP_MSK;
    while (!(REGISTER_OF(LPTIM1, LPTIM, ISR) & LPTIM_ISR_CMPM_MSK)) {
        wait_for_interrupt();
    }
    REGISTER(SCB, SCR) &= ~SCB_SCR_SLEEPDEEP_MSK;
    forget_interrupt();
}

/* The next stop on the way to a count: less than a period of the timer ahead, and not at its end,
 * which no compare value may be. */
static uint32_t chunk_end(uint32_t from, uint32_t to) {
    const uint32_t end = to - from > CHUNK_PERIODS ? from + CHUNK_PERIODS : to;
    return (end & LPTIM_PERIOD_LAST) == LPTIM_PERIOD_LAST ? end - 1u : end;
}

void stop_until(uint32_t time) {
    const uint32_t start = lptim_ticks();
    const uint32_t start_cycles = dwt_cycles();
    if ((int32_t)(time - start) < (int32_t)ABI_STOP_TICKS_MIN) {
        return;
    }
    const uint32_t end = periods_of(time - start) - MARGIN_PERIODS;
    uint32_t target = chunk_end(0, end);
    lptim_lend(KERNEL_CLOCK_LSE, target);
    /* Interrupts of the wall clock have left their mark. Its line of the external interrupts counts
     * in here only: nobody else takes the request back. */
    forget_interrupt();
    REGISTER(EXTI, IMR) |= EXTI_LPTIM1;
    const edge_t first = next_edge();
    deep_sleep();
    /* Where a piece of a period is left at the end, it is less than the margin. */
    while (end - target > MARGIN_PERIODS) {
        target = chunk_end(target, end);
        lptim_compare(target & LPTIM_PERIOD_LAST);
        deep_sleep();
    }
    REGISTER(EXTI, IMR) &= ~EXTI_LPTIM1;
    const edge_t last = next_edge();
    /* The timer's count is right modulo 65536, the last target to within a few periods. */
    const uint32_t periods = target + ((last.count - target) & LPTIM_PERIOD_LAST) - first.count;
    lptim_resume(start + (first.cycles - start_cycles) + ticks_of(periods), last.cycles);
}
