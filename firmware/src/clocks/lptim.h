/* The wall clock: LPTIM1 counts the HSI, 16 MHz, whatever SYSCLK does. */
#ifndef LPTIM_H
#define LPTIM_H

#include <stdint.h>

#include "core/mmio.h"

#define LPTIM_PERIOD_LAST 0xFFFFu

void lptim_init(void);

/* Between these two the 16-bit counter is extended to 32 bits by interrupts, and differences of
 * lptim_ticks up to 268 s are right; outside of them differences up to 4 ms, modulo 65536. */
void lptim_extend(void);
void lptim_rest(void);

/* For the vector table: those interrupts. */
void LPTIM1_Handler(void);

/* Called by them, 2 ms apart, where it is not NULL. */
extern void (*volatile lptim_on_interrupt)(void);

/* Sleeps until a time less than 2^31 ticks ahead, to within a few dozen core cycles. Interrupts
 * have to be disabled after lptim_extend. */
void lptim_sleep_until(uint32_t time);

/* Lends the timer to whoever counts another clock with it: a code of kernel_clock.h, an interrupt
 * when the count becomes `compare`. lptim_resume takes it back: it was `time` when the
 * cycle counter stood at `cycles`, and HCLK has been the HSI since. */
void lptim_lend(uint32_t kernel_clock, uint32_t compare);
void lptim_resume(uint32_t time, uint32_t cycles);

/* Sets the compare value of the timer, and returns when the timer has it. */
void lptim_compare(uint32_t compare);

/* How many ticks two reads of the counter in a row may lie apart, by HCLK; clock.c keeps it. */
uint32_t lptim_window(uint32_t hclk_hz);
extern uint32_t lptim_read_window;

extern volatile uint32_t lptim_base; /* a time at most half a period ago */
extern uint32_t lptim_phase;         /* the time at which the count was 0, modulo a period */
uint32_t lptim_read_again(uint32_t earlier);

/* The counter's clock is asynchronous to the bus, so a read may catch it in mid-change. The rule
 * for a slow counter, to read until two values are equal, never ends here, where the counter moves
 * between any two reads: two reads in a row have to be as close as they can be instead. Then both
 * are right, and the first is the one nearer to what is being timed. */
static inline uint32_t lptim_ticks(void) {
    /* The base first: an interrupt after this only leaves it older. */
    const uint32_t since = lptim_base;
    uint32_t count = REGISTER_OF(LPTIM1, LPTIM, CNT);
    const uint32_t next = REGISTER_OF(LPTIM1, LPTIM, CNT);
    if (((next - count) & LPTIM_PERIOD_LAST) > lptim_read_window) {
        count = lptim_read_again(next);
    }
    return since + ((count + lptim_phase - since) & LPTIM_PERIOD_LAST);
}

#endif
