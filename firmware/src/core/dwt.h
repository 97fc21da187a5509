/* The core's cycle counter: counts HCLK, stands still while the core sleeps. */
#ifndef DWT_H
#define DWT_H

#include <stdint.h>

#include "core/mmio.h"

#define DWT_UNLOCK_KEY 0xC5ACCE55u

static inline void dwt_start(void) {
    REGISTER(COREDEBUG, DEMCR) |= COREDEBUG_DEMCR_TRCENA_MSK;
    REGISTER(DWT, LAR) = DWT_UNLOCK_KEY;
    REGISTER(DWT, CYCCNT) = 0;
    REGISTER(DWT, CTRL) |= DWT_CTRL_CYCCNTENA_MSK;
}

static inline uint32_t dwt_cycles(void) {
    return REGISTER(DWT, CYCCNT);
}

#endif
