/* What a clock needs, worked out once, before it is applied (clock.h). */
#ifndef CLOCK_PLAN_H
#define CLOCK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

typedef struct {
    uint32_t cfgr;    /* RCC_CFGR: SW, HPRE, PPRE1, PPRE2 */
    uint32_t pllcfgr; /* RCC_PLLCFGR; 0: the clock does not come from the PLL */
    uint32_t power;   /* PWR_CR1: VOS */
    uint32_t sysclk_hz;
    uint32_t hclk_hz;
    uint32_t wait_states;
    uint32_t hse_hz;      /* 0: the clock does without the HSE */
    uint32_t read_window; /* of the wall clock, in ticks */
    bool overdrive;
    /* How the clock came about last, kept by clock_apply. While nothing but SYSCLK's source has
     * changed since, coming back to it takes one register. */
    uint32_t epoch;
    uint32_t hop_cfgr;
} clock_plan_t;

/* Works out what a clock needs. hse_hz = 0: there is no HSE, the PLL runs from the HSI.
 * Returns abi_status_clock_illegal, with the offending value and the limit in `error`, where the
 * data sheet forbids it. */
abi_status_t clock_plan(const abi_clock_t *clock, uint32_t hse_hz, clock_plan_t *plan,
                        abi_error_reply_t *error);

#endif
