/* SYSCLK: makes the plan of a clock the system clock, as often as wished.
 *
 * The HSI is never switched off: USART3, I2C1 and LPTIM1 run from it, so that no change of SYSCLK
 * touches baud rate, bus speed or wall clock. The HSE is an external clock (bypass). */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#include "abi.h"
#include "clocks/clock_plan.h"

typedef struct {
    uint32_t hops;       /* HSE to a running PLL, or back */
    uint32_t relocks;    /* PLL started with new parameters */
    uint32_t lock_ticks; /* PLLON to PLLRDY of the last relock */
} clock_counts_t;

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
