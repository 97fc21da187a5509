/* SYSCLK: what a clock needs is worked out once (clock_plan), then applied as often as wished.
 *
 * The HSI is never switched off: USART3, I2C1 and LPTIM1 run from it, so that no change of SYSCLK
 * touches baud rate, bus speed or wall clock. The HSE is an external clock (bypass). */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

/* Codes in the kernel clock multiplexers of RCC_DCKCFGR2. */
#define CLOCK_KERNEL_HSI 2u
#define CLOCK_KERNEL_LSE 3u /* USART3 and LPTIM1 have it */

typedef struct {
    uint32_t cfgr;        /* RCC_CFGR: SW, HPRE, PPRE1, PPRE2 */
    uint32_t pllcfgr;     /* RCC_PLLCFGR; 0: the clock does not come from the PLL */
    uint32_t power;       /* PWR_CR1: VOS */
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

typedef struct {
    uint32_t hops;        /* HSE to a running PLL, or back */
    uint32_t relocks;     /* PLL started with new parameters */
    uint32_t lock_ticks;  /* PLLON to PLLRDY of the last relock */
} clock_counts_t;

/* Works out what a clock needs. hse_hz = 0: there is no HSE, the PLL runs from the HSI.
 * Returns abi_status_clock_illegal, with the offending value and the limit in `error`, where the
 * data sheet forbids it. */
abi_status_t clock_plan(
    const abi_clock_t *clock, uint32_t hse_hz, clock_plan_t *plan, abi_error_reply_t *error);

/* After a reset: HSI, kernel clocks of the peripherals that must not move on HSI. */
void clock_init(void);

/* Makes a plan the system clock. The PLL relocks only where its parameters change, and keeps
 * running while SYSCLK is on HSE or HSI. Where something does not become ready in time the core
 * stays on HSI or HSE, and the answer is abi_status_clock_timeout. */
abi_status_t clock_apply(clock_plan_t *plan);

/* Stops the PLL, where SYSCLK does not need it. */
abi_status_t clock_stop_pll(void);

/* To the HSI, undivided, with over-drive left and PLL and HSE off: the regulator then is at scale
 * 3. This also is what a wake-up from Stop leaves, so that Stop from here changes nothing. */
abi_status_t clock_rest(void);

uint32_t clock_hclk_hz(void);

/* The ready bits that the last clock_timeout waited for. */
uint32_t clock_missing(void);

clock_counts_t clock_counts(void);

#endif
