/* Softmax over the channels in 32-bit fixed point. Qm.f has m integer and f fraction bits, 31 in
 * all. */
#include "kernels/operators.h"
#include "kernels/parameters.h"
#include "kernels/requantise.h"
#include "kernels/simd.h"

#define DIFFERENCE_FRACTION_BITS 26
#define SUM_INTEGER_BITS 12

uint32_t softmax_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors) {
    return tensors[layer->input0].channels * (uint32_t)sizeof(int32_t);
}

static int32_t saturating_shift_left(int32_t value, int32_t shift) {
    const int64_t shifted = (int64_t)value * (1 << shift);
    if (shifted > INT32_MAX) {
        return INT32_MAX;
    }
    return shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/* exp of a Q0.31 number in [-1/4, 0): a Taylor polynomial of degree 4 around -1/8. */
static int32_t exp_near_zero(int32_t value) {
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t one_third = 715827883;
    const int32_t x = value + (1 << 28);
    const int32_t x2 = doubling_high_multiply(x, x);
    const int32_t x3 = doubling_high_multiply(x2, x);
    const int32_t x4_over_4 = rounding_shift_right(doubling_high_multiply(x2, x2), 2);
    const int32_t tail =
        rounding_shift_right(doubling_high_multiply(x4_over_4 + x3, one_third) + x2, 1);
    return exp_of_minus_eighth + doubling_high_multiply(x + tail, exp_of_minus_eighth);
}

/* exp of a Q5.26 number <= 0 in Q0.31. */
static int32_t exp_of(int32_t value) {
    /* exp(-2^k) in Q0.31, k = -2 ... 4, for the bits of the magnitude above 1/8. */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242};
    const int32_t quarter = 1 << (DIFFERENCE_FRACTION_BITS - 2);
    if (value == 0) {
        return INT32_MAX;
    }
    const int32_t within = (value & (quarter - 1)) - quarter;
    int32_t result = exp_near_zero(saturating_shift_left(within, 31 - DIFFERENCE_FRACTION_BITS));
    const int32_t remainder = within - value;
    for (int32_t k = 0; k < (int32_t)(sizeof factors / sizeof factors[0]); k++) {
        if (((remainder >> (DIFFERENCE_FRACTION_BITS - 2 + k)) & 1) != 0) {
            result = doubling_high_multiply(result, factors[k]);
        }
    }
    return result;
}

/* 1/x of a positive Q12.19 number as r * 2^-e, r in Q0.31: Newton's iteration for 2/d, d in
 * [1/2, 1), from the linear approximation 48/17 - 32/17 d. */
static int32_t reciprocal_of(int32_t value, int32_t *exponent) {
    const int32_t headroom = __builtin_clz((uint32_t)value);
    const int32_t half_denominator = (int32_t)(((uint32_t)value << headroom) >> 1);
    /* 48/17 and -32/17 in Q2.29 */
    int32_t x = 1515870810 + doubling_high_multiply(half_denominator, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = (1 << 29) - doubling_high_multiply(half_denominator, x);
        x += saturating_shift_left(doubling_high_multiply(x, error), 2);
    }
    *exponent = SUM_INTEGER_BITS - headroom;
    return saturating_shift_left(x, 1);
}

static void softmax_of(const abi_layer_t *layer, const int8_t *input, int8_t *output,
                       int32_t channels, int32_t *exponentials) {
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < channels; i++) {
        largest = larger(largest, input[i]);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < channels; i++) {
        const int32_t difference = input[i] - largest;
        int32_t exponential = 0;
        if (difference >= layer->parameters[softmax_least]) {
            const int32_t shifted =
                (int32_t)((uint32_t)difference << layer->parameters[softmax_left_shift]);
            exponential =
                exp_of(doubling_high_multiply(shifted, layer->parameters[softmax_multiplier]));
        }
        exponentials[i] = exponential;
        sum = __qadd(sum, rounding_shift_right(exponential, SUM_INTEGER_BITS));
    }
    int32_t exponent;
    const int32_t reciprocal = reciprocal_of(sum, &exponent);
    const int32_t shift = exponent + 31 - 8;
    for (int32_t i = 0; i < channels; i++) {
        /* Of more than 31 bits' shift nothing is left: no share of a sum of 512 is half a step. */
        const int32_t share =
            shift > 31
                ? 0
                : rounding_shift_right(doubling_high_multiply(reciprocal, exponentials[i]), shift);
        output[i] = (int8_t)clamp(share + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void softmax_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    int32_t *exponentials = (int32_t *)(void *)context->scratch;
    for (int32_t pixel = 0; pixel < input.height * input.width; pixel++) {
        softmax_of(layer, input.data + pixel * input.channels, output.data + pixel * input.channels,
                   input.channels, exponentials);
    }
}
