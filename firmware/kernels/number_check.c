#include "kernels/number_check.h"

#include "kernels/parameters.h"

/* rescale_exactly shifts an int32 by no more. */
#define SHIFT_MAX 31
/* The bits of Q12.19 that a difference of inputs may be moved by. */
#define SOFTMAX_SHIFT_MAX 31

/* The bounded forms have one half ahead of the shift, beside the zero point: from 1 on. */
static bool shift_fits(const check_t *check, int32_t shift) {
    return check->layer->requantisation == abi_requantisation_exact
               ? within(check, shift, -SHIFT_MAX, SHIFT_MAX)
               : within(check, shift, 1, ABI_BOUNDED_SHIFT_MAX);
}

bool shifts_fit(const check_t *check, uint32_t channels) {
    const int32_t *shifts = checked_blob(check, check->layer->shift_offset);
    for (uint32_t i = 0; i < channels; i++) {
        if (!shift_fits(check, shifts[i])) {
            return false;
        }
    }
    return true;
}

/* Zero points of int8 and of uint8. */
static bool is_zero_point(const check_t *check, int32_t value) {
    return within(check, value, INT8_MIN, UINT8_MAX);
}

/* Differences from a zero point have nine bits: with a factor below 1 and no more than this to the
 * left of them, twice the sum of two fits 32 bits. */
static bool add_numbers_fit(const check_t *check) {
    const int32_t *parameters = check->layer->parameters;
    return within(check, parameters[add_rescale0 + 1], 0, SHIFT_MAX) &&
           within(check, parameters[add_rescale1 + 1], 0, SHIFT_MAX) &&
           shift_fits(check, parameters[add_rescale_sum + 1]) &&
           within(check, parameters[add_left_shift], 0, ABI_ADD_LEFT_SHIFT);
}

/* Differences from the largest input are never above 0, and that one itself always counts. */
static bool softmax_numbers_fit(const check_t *check) {
    const int32_t *parameters = check->layer->parameters;
    return within(check, parameters[softmax_multiplier], 0, INT32_MAX) &&
           within(check, parameters[softmax_left_shift], 0, SOFTMAX_SHIFT_MAX) &&
           within(check, parameters[softmax_least], INT32_MIN, 0);
}

bool numbers_fit(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    if (!is_zero_point(check, layer->input_zero) || !is_zero_point(check, layer->input1_zero) ||
        !is_zero_point(check, layer->output_zero) ||
        !within(check, layer->activation_min, INT8_MIN, UINT8_MAX) ||
        !within(check, layer->activation_max, layer->activation_min, UINT8_MAX)) {
        return false;
    }
    switch ((abi_operator_t)layer->operator) {
    case abi_operator_add:
        return add_numbers_fit(check);
    case abi_operator_mean:
        return within(check, layer->parameters[mean_shift], -SHIFT_MAX, SHIFT_MAX);
    case abi_operator_requantize:
        return within(check, layer->parameters[requantize_shift], -SHIFT_MAX, SHIFT_MAX);
    case abi_operator_softmax:
        return softmax_numbers_fit(check);
    default:
        return true;
    }
}
