/* L1 caches: 16 KB two-way instructions, 16 KB four-way data, lines of 32 bytes. */
#ifndef CACHE_H
#define CACHE_H

#include <stdint.h>

#define CACHE_BYTES 0x4000u
#define CACHE_LINE_BYTES 32u

void cache_enable(void);

/* Drops data lines of a stretch of flash whose content has changed under the cache. */
void cache_discard(uint32_t address, uint32_t bytes);

/* Drops all instruction lines: code in flash has changed under the cache. */
void cache_discard_instructions(void);

#endif
