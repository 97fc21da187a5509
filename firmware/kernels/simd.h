/* The DSP instructions of the Cortex-M7 that the kernels are made of: two int16 lanes a word.
 *
 * A word of int8 b0 b1 b2 b3 becomes the lanes (b0, b2) and (b1, b3). */
#ifndef SIMD_H
#define SIMD_H

#include <arm_acle.h>
#include <stdint.h>

static inline uint32_t load_word(const void *address) {
    uint32_t word;
    __builtin_memcpy(&word, address, sizeof word);
    return word;
}

/* One to three values in the low bytes of a word, above them zeros. */
static inline uint32_t load_tail(const int8_t *source, int32_t values) {
    uint32_t word = 0;
    for (int32_t i = 0; i < values; i++) {
        word |= (uint32_t)(uint8_t)source[i] << (8 * i);
    }
    return word;
}

static inline void store_word(void *address, uint32_t word) {
    __builtin_memcpy(address, &word, sizeof word);
}

static inline int16x2_t lanes(uint32_t word) {
    return (int16x2_t)word;
}

/* The greater of each pair of signed bytes. */
static inline uint32_t greater_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    /* One statement: SEL takes the flags that SSUB8 leaves. */
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
}

/* The lesser of each pair of signed bytes. */
static inline uint32_t lesser_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
}

/* (b0, b2) */
static inline int16x2_t even_bytes(uint32_t word) {
    return __sxtb16((int8x4_t)word);
}

/* (b1, b3) */
static inline int16x2_t odd_bytes(uint32_t word) {
    return __sxtb16((int8x4_t)((word >> 8) | (word << 24)));
}

#endif
