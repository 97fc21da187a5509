#include "core/memory.h"

#include <stdint.h>

/* Words may alias anything. */
typedef uint32_t __attribute__((may_alias, aligned(1))) any_word_t;

/* Keeps the compiler from recognising a loop as the function that it stands in. */
#define KEEP_LOOP __asm volatile("" ::: "memory")

/* Right for a target below an overlapping source, too: each word is read before it is written. */
static void copy_upwards(uint8_t *to, const uint8_t *from, size_t bytes) {
    for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
        *(any_word_t *)to = *(const any_word_t *)from;
        KEEP_LOOP;
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
        KEEP_LOOP;
    }
}

void *memcpy(void *restrict target, const void *restrict source, size_t bytes) {
    copy_upwards(target, source, bytes);
    return target;
}

void *memmove(void *target, const void *source, size_t bytes) {
    uint8_t *to = target;
    const uint8_t *from = source;
    if (to <= from || to >= from + bytes) {
        copy_upwards(to, from, bytes);
        return target;
    }
    while (bytes-- > 0) {
        to[bytes] = from[bytes];
        KEEP_LOOP;
    }
    return target;
}

void *memset(void *target, int value, size_t bytes) {
    uint8_t *to = target;
    const uint32_t word = (uint8_t)value * 0x01010101u;
    for (; bytes >= 4; bytes -= 4, to += 4) {
        *(any_word_t *)to = word;
        KEEP_LOOP;
    }
    for (; bytes > 0; bytes--) {
        *to++ = (uint8_t)value;
        KEEP_LOOP;
    }
    return target;
}

int memcmp(const void *left, const void *right, size_t bytes) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; bytes > 0; bytes--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}
