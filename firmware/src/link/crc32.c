#include "link/crc32.h"

#define POLYNOMIAL 0xEDB88320u

/* In RAM: start-up needs 1 ms at 16 MHz for it, and DTCM answers without wait states. */
uint32_t crc32_table[256];

void crc32_init(void) {
    for (uint32_t byte = 0; byte < 256u; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1u ? value >> 1 ^ POLYNOMIAL : value >> 1;
        }
        crc32_table[byte] = value;
    }
}

uint32_t crc32(const uint8_t *data, uint32_t bytes) {
    uint32_t running = CRC32_START;
    for (uint32_t i = 0; i < bytes; i++) {
        running = crc32_step(running, data[i]);
    }
    return ~running;
}
