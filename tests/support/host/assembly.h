/* The core's instructions in C, for what tests/support/inline_assembly.py has translated; included
 * ahead of every translated file. */
#ifndef ASSEMBLY_H
#define ASSEMBLY_H

#include <stdint.h>

/* pieces.c has one of its own: a host cannot run what an image brings. */
#pragma weak layer_code_entry

/* Where the core would wait for an interrupt. */
void host_wait(void);

static inline uint32_t host_ldr(uint32_t address) {
    uint32_t word;
    __builtin_memcpy(&word, (const void *)(uintptr_t)address, sizeof word);
    return word;
}

static inline uint32_t host_ldrsb(uint32_t address) {
    return (uint32_t)(int32_t)*(const int8_t *)(uintptr_t)address;
}

static inline void host_str(uint32_t address, uint32_t word) {
    __builtin_memcpy((void *)(uintptr_t)address, &word, sizeof word);
}

static inline void host_strb(uint32_t address, uint32_t byte) {
    *(uint8_t *)(uintptr_t)address = (uint8_t)byte;
}

static inline uint32_t host_lsl(uint32_t value, uint32_t amount) {
    return (amount & 0xFFu) > 31u ? 0u : value << (amount & 0xFFu);
}

static inline uint32_t host_asr(uint32_t value, uint32_t amount) {
    const uint32_t bits = (amount & 0xFFu) > 31u ? 31u : amount & 0xFFu;
    return (uint32_t)((int32_t)value >> bits);
}

static inline uint32_t host_ror(uint32_t value, uint32_t amount) {
    return value >> amount | value << (32u - amount);
}

static inline uint32_t host_sxtb16(uint32_t value) {
    const uint32_t low = (uint16_t)(int16_t)(int8_t)value;
    const uint32_t high = (uint16_t)(int16_t)(int8_t)(value >> 16);
    return low | high << 16;
}

static inline int64_t host_bottom(uint32_t value) {
    return (int16_t)value;
}

static inline int64_t host_top(uint32_t value) {
    return (int16_t)(value >> 16);
}

static inline uint32_t host_smlad(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_bottom(a) * host_bottom(b) + host_top(a) * host_top(b) + (int64_t)sum);
}

static inline uint32_t host_smladx(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_bottom(a) * host_top(b) + host_top(a) * host_bottom(b) + (int64_t)sum);
}

static inline uint32_t host_smlabb(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_bottom(a) * host_bottom(b) + (int64_t)sum);
}

static inline uint32_t host_smlabt(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_bottom(a) * host_top(b) + (int64_t)sum);
}

static inline uint32_t host_smlatb(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_top(a) * host_bottom(b) + (int64_t)sum);
}

static inline uint32_t host_smlatt(uint32_t a, uint32_t b, uint32_t sum) {
    return (uint32_t)(host_top(a) * host_top(b) + (int64_t)sum);
}

static inline uint32_t host_pkhbt(uint32_t bottom, uint32_t top) {
    return (bottom & 0xFFFFu) | (top & 0xFFFF0000u);
}

static inline uint32_t host_smmlar(uint32_t a, uint32_t b, uint32_t addend) {
    const int64_t product = (int64_t)(int32_t)a * (int32_t)b;
    const uint64_t sum = ((uint64_t)addend << 32) + (uint64_t)product + 0x80000000u;
    return (uint32_t)(sum >> 32);
}

static inline uint32_t host_ssat(uint32_t bits, uint32_t value) {
    const int32_t most = (int32_t)(1u << (bits - 1u)) - 1;
    const int32_t number = (int32_t)value;
    return (uint32_t)(number > most ? most : number < -most - 1 ? -most - 1 : number);
}

static inline uint32_t host_ssub8(uint32_t a, uint32_t b, uint32_t *ge) {
    uint32_t result = 0;
    *ge = 0;
    for (uint32_t lane = 0; lane < 32u; lane += 8u) {
        const int32_t difference = (int8_t)(a >> lane) - (int8_t)(b >> lane);
        result |= (uint32_t)(uint8_t)difference << lane;
        *ge |= difference >= 0 ? 0xFFu << lane : 0u;
    }
    return result;
}

static inline uint32_t host_sel(uint32_t a, uint32_t b, uint32_t ge) {
    return (a & ge) | (b & ~ge);
}

/* A single to the nearest int32, ties away from zero, saturated; 0 of a NaN. */
static inline uint32_t host_vcvta(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    if (!(value > -2147483648.0f)) {
        return value != value ? 0u : 0x80000000u;
    }
    if (value >= 2147483648.0f) {
        return 0x7FFFFFFFu;
    }
    const int32_t whole = (int32_t)value;
    const float rest = value - (float)whole;
    return (uint32_t)(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

#endif
