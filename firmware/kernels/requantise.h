/* From an int32 sum to a stored int8 value: TensorFlow Lite's double rounding, in two exact forms.
 *
 * value = round(round(sum * multiplier / 2^31) / 2^shift) + zero point, clamped. The first rounding
 * takes ties upwards, the second away from zero. */
#ifndef REQUANTISE_H
#define REQUANTISE_H

#include "abi.h"

typedef struct {
    int32_t multiplier;
    int32_t shift;  /* right; negative: left, before the multiplication */
    int32_t offset; /* bounded forms: zero point and one half, ahead of the shift */
} rescale_t;

typedef struct {
    int32_t zero_point;
    int32_t low;
    int32_t high;
} range_t;

static inline range_t range_of(const abi_layer_t *layer) {
    const range_t range = {layer->output_zero, layer->activation_min, layer->activation_max};
    return range;
}

static inline rescale_t rescale_of(int32_t multiplier, int32_t shift, const range_t *range,
                                   abi_requantisation_t form) {
    rescale_t rescale = {multiplier, shift, 0};
    if (form != abi_requantisation_exact) {
        rescale.offset = (int32_t)((uint32_t)(2 * range->zero_point + 1) << (shift - 1));
    }
    return rescale;
}

static inline int32_t doubling_high_multiply(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

static inline int32_t rounding_shift_right(int32_t value, int32_t shift) {
    const int32_t mask = (int32_t)((1u << shift) - 1u);
    const int32_t threshold = (mask >> 1) + (value < 0);
    return (value >> shift) + ((value & mask) > threshold);
}

/* sum * multiplier * 2^-shift for any multiplier and any shift in -31 ... 31. A left shift that
 * overflows wraps. */
static inline int32_t rescale_exactly(int32_t sum, int32_t multiplier, int32_t shift) {
    const int32_t left = shift < 0 ? -shift : 0;
    const int32_t shifted = (int32_t)((uint32_t)sum << left);
    return rounding_shift_right(doubling_high_multiply(shifted, multiplier), shift > 0 ? shift : 0);
}

/* (addend * 2^32 + a * b + 2^31) / 2^32: one SMMLAR. */
static inline int32_t high_multiply_accumulate(int32_t a, int32_t b, int32_t addend) {
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
}

static inline int32_t clamp(int32_t value, int32_t low, int32_t high) {
    value = value < low ? low : value;
    return value > high ? high : value;
}

/* Adds the zero point and clamps; no value overflows. */
static inline int8_t stored_value(int32_t value, const range_t *range) {
    const int32_t zero_point = range->zero_point;
    return (int8_t)(clamp(value, range->low - zero_point, range->high - zero_point) + zero_point);
}

/* `value` is the sum in the exact form, twice the sum in the bounded ones, so that the high word of
 * the 64-bit product is the doubling high multiplication. The packer grants them where
 * |2 sum| < 2^31 and 0 < shift, small enough for `offset`. Rounding away from zero adds one half
 * less one for a negative product; the sum's sign serves, because the two only differ where the
 * product is 0, and (2^(shift - 1) - 1) >> shift is 0 like 2^(shift - 1) >> shift. */
static inline int8_t requantise(int32_t value, const rescale_t *rescale, const range_t *range,
                                abi_requantisation_t form) {
    if (form == abi_requantisation_exact) {
        const int32_t scaled = rescale_exactly(value, rescale->multiplier, rescale->shift);
        return stored_value(scaled, range);
    }
    const int32_t scaled =
        high_multiply_accumulate(value, rescale->multiplier, rescale->offset + (value >> 31)) >>
        rescale->shift;
    return (int8_t)(form == abi_requantisation_saturate ? clamp(scaled, INT8_MIN, INT8_MAX)
                                                        : clamp(scaled, range->low, range->high));
}

#endif
