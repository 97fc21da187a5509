/* The wall clock: LPTIM1 counts the HSI, 16 MHz, whatever SYSCLK does. */
#ifndef LPTIM_H
#define LPTIM_H

#include <stdint.h>

void lptim_init(void);

/* Between these two the 16-bit counter is extended to 32 bits by interrupts, and differences of
 * lptim_ticks up to 268 s are right; outside of them differences up to 4 ms, modulo 65536. */
void lptim_extend(void);
void lptim_rest(void);

/* How many ticks two reads of the counter in a row may lie apart, by HCLK; clock.c keeps it. */
uint32_t lptim_window(uint32_t hclk_hz);
extern uint32_t lptim_read_window;

uint32_t lptim_ticks(void);

#endif
