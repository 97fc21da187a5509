/* A stretch whose time is measured: the wall clock is kept up by interrupts, which are disabled
 * outside of such stretches. */
#ifndef MEASUREMENT_H
#define MEASUREMENT_H

#include "clocks/lptim.h"
#include "core/core.h"
#include "link/usart.h"

static inline void measurement_begin(void) {
    usart_silence();
    lptim_extend();
    interrupts_enable();
}

static inline void measurement_end(void) {
    interrupts_disable();
    lptim_rest();
}

#endif
