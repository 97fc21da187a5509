#include "cache.h"

#include "core.h"

void cache_enable(void) {
    data_barrier();
    instruction_barrier();
    REGISTER(SCB, ICIALLU) = 0;
    data_barrier();
    instruction_barrier();
    REGISTER(SCB, CCR) |= SCB_CCR_IC_MSK;
    data_barrier();
    instruction_barrier();

    /* Lines hold noise after power-on: every set of every way has to be invalidated first. */
    REGISTER(SCB, CSSELR) = 0;
    data_barrier();
    const uint32_t size = REGISTER(SCB, CCSIDR);
    const uint32_t last_set = (size & SCB_CCSIDR_NUMSETS_MSK) >> SCB_CCSIDR_NUMSETS_POS;
    const uint32_t last_way = (size & SCB_CCSIDR_ASSOCIATIVITY_MSK) >> SCB_CCSIDR_ASSOCIATIVITY_POS;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            REGISTER(SCB, DCISW) = set << SCB_DCISW_SET_POS | way << SCB_DCISW_WAY_POS;
        }
    }
    data_barrier();
    REGISTER(SCB, CCR) |= SCB_CCR_DC_MSK;
    data_barrier();
    instruction_barrier();
}

void cache_discard(uint32_t address, uint32_t bytes) {
    const uint32_t end = address + bytes;
    data_barrier();
    for (uint32_t line = address & ~(CACHE_LINE_BYTES - 1u); line < end; line += CACHE_LINE_BYTES) {
        REGISTER(SCB, DCIMVAC) = line;
    }
    data_barrier();
    instruction_barrier();
}
