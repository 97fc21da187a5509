#include "lptim.h"

#include <stddef.h>

#include "abi.h"
#include "core.h"
#include "interrupts.h"

#define PERIOD_HALF 0x8000u
/* Core cycles between two reads of CNT in a row, at most: two accesses through the APB bridge at
 * its largest divider. */
#define READ_CYCLES_MAX 64u
#define ATTEMPTS 8
#define CROSSING_POLLS_MAX 1000 /* takes a few cycles of either clock */

volatile uint32_t lptim_base;
void (*volatile lptim_on_interrupt)(void);
uint32_t lptim_read_window = READ_CYCLES_MAX;

static void write_confirmed(volatile uint32_t *target, uint32_t value, uint32_t ok_flag) {
    *target = value;
    /* The value crosses into the HSI's domain; nothing else may be written before it is there. */
    for (int poll = 0; poll < CROSSING_POLLS_MAX; poll++) {
        if (REGISTER_OF(LPTIM1, LPTIM, ISR) & ok_flag) {
            break;
        }
    }
    REGISTER_OF(LPTIM1, LPTIM, ICR) = ok_flag;
}

void lptim_init(void) {
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_LPTIM1EN_MSK;
    (void)REGISTER(RCC, APB1ENR);
    /* CFGR = 0: internal clock, no prescaler, software start. It and IER change while disabled. */
    REGISTER_OF(LPTIM1, LPTIM, CFGR) = 0;
    REGISTER_OF(LPTIM1, LPTIM, IER) = LPTIM_IER_ARRMIE_MSK | LPTIM_IER_CMPMIE_MSK;
    REGISTER_OF(LPTIM1, LPTIM, CR) = LPTIM_CR_ENABLE_MSK;
    write_confirmed(&REGISTER_OF(LPTIM1, LPTIM, ARR), LPTIM_PERIOD_LAST, LPTIM_ISR_ARROK_MSK);
    write_confirmed(&REGISTER_OF(LPTIM1, LPTIM, CMP), PERIOD_HALF, LPTIM_ISR_CMPOK_MSK);
    REGISTER_OF(LPTIM1, LPTIM, CR) = LPTIM_CR_ENABLE_MSK | LPTIM_CR_CNTSTRT_MSK;
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
