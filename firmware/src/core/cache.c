#include "core/cache.h"

#include "core/core.h"

/* Writes every set of every way to a maintenance register. */
static void each_line(volatile uint32_t *maintenance) {
    REGISTER(SCB, CSSELR) = 0; /* the data cache of level 1 */
    data_barrier();
    const uint32_t size = REGISTER(SCB, CCSIDR);
    const uint32_t last_set = (size & SCB_CCSIDR_NUMSETS_MSK) >> SCB_CCSIDR_NUMSETS_POS;
    const uint32_t last_way = (size & SCB_CCSIDR_ASSOCIATIVITY_MSK) >> SCB_CCSIDR_ASSOCIATIVITY_POS;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            *maintenance = set << SCB_DCISW_SET_POS | way << SCB_DCISW_WAY_POS;
        }
    }
    data_barrier();
}

void cache_discard_instructions(void) {
    data_barrier();
    instruction_barrier();
    REGISTER(SCB, ICIALLU) = 0;
    data_barrier();
    instruction_barrier();
}

void cache_enable(void) {
    cache_discard_instructions();
    REGISTER(SCB, CCR) |= SCB_CCR_IC_MSK;
    data_barrier();
    instruction_barrier();

    each_line(&REGISTER(SCB, DCISW)); /* lines hold noise after power-on */
    REGISTER(SCB, CCR) |= SCB_CCR_DC_MSK;
    data_barrier();
    instruction_barrier();
}

void cache_discard(uint32_t address, uint32_t bytes) {
    data_barrier();
    if (bytes > CACHE_BYTES) {
        each_line(&REGISTER(SCB, DCCISW)); /* what is dirty belongs elsewhere, and is kept */
    } else {
        const uint32_t end = address + bytes;
        uint32_t line = address & ~(CACHE_LINE_BYTES - 1u);
        for (; line < end; line += CACHE_LINE_BYTES) {
            REGISTER(SCB, DCIMVAC) = line;
        }
    }
    data_barrier();
    instruction_barrier();
}
