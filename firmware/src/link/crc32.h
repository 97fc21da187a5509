/* CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320, start and final exclusive-or all ones),
 * as zlib computes it. */
#ifndef CRC32_H
#define CRC32_H

#include <stdint.h>

#define CRC32_START 0xFFFFFFFFu
/* What the running value is after a message followed by its own CRC, little endian. */
#define CRC32_RESIDUE 0xDEBB20E3u

extern uint32_t crc32_table[256];

/* Fills the table; to be called before anything else here. */
void crc32_init(void);

static inline uint32_t crc32_step(uint32_t running, uint8_t byte) {
    return running >> 8 ^ crc32_table[(running ^ byte) & 0xFFu];
}

uint32_t crc32(const uint8_t *data, uint32_t bytes);

#endif
