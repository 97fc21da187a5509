/* The intrinsics of the DSP extension that the kernels use, on a host. */
#ifndef ARM_ACLE_H
#define ARM_ACLE_H

#include "assembly.h"

typedef int32_t int8x4_t;
typedef int32_t int16x2_t;

static inline int16x2_t __sxtb16(int8x4_t value) {
    return (int16x2_t)host_sxtb16((uint32_t)value);
}

static inline int16x2_t __sadd16(int16x2_t a, int16x2_t b) {
    const uint32_t low = ((uint32_t)a + (uint32_t)b) & 0xFFFFu;
    const uint32_t high = ((uint32_t)a >> 16) + ((uint32_t)b >> 16);
    return (int16x2_t)(low | high << 16);
}

static inline int16x2_t __ssub16(int16x2_t a, int16x2_t b) {
    const uint32_t low = ((uint32_t)a - (uint32_t)b) & 0xFFFFu;
    const uint32_t high = ((uint32_t)a >> 16) - ((uint32_t)b >> 16);
    return (int16x2_t)(low | high << 16);
}

static inline int32_t __smlad(int16x2_t a, int16x2_t b, int32_t sum) {
    return (int32_t)host_smlad((uint32_t)a, (uint32_t)b, (uint32_t)sum);
}

static inline int32_t __qadd(int32_t a, int32_t b) {
    const int64_t sum = (int64_t)a + b;
    return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

#endif
