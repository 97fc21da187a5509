/* What the words `parameters` of a layer record hold, by its operator; dvfs_kernel/image/packing.py
 * writes them. */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "abi.h"

#define PARAMETERS (sizeof((abi_layer_t *)0)->parameters / sizeof(int32_t))

/* 1 where code stores the largest of each 2 x 2 outputs. */
enum { convolution_pools = 0 };

/* A multiplier and the right shift behind it, of input 0, of input 1, of the sum; the left shift of
 * both inputs. */
enum { add_rescale0 = 0, add_rescale1 = 2, add_rescale_sum = 4, add_left_shift = 6 };

/* Bit i is set where axis i is averaged over; multiplier and right shift of a sum of differences
 * from the input's zero point. */
enum { mean_axes = 0, mean_multiplier = 1, mean_shift = 2 };

/* Factors of height and width. */
enum { upsample_height = 0, upsample_width = 1 };

/* The value of the added elements. */
enum { pad_value = 0 };

/* Multiplier and right shift. */
enum { requantize_multiplier = 0, requantize_shift = 1 };

/* Output axis i is input axis parameters[i]. */
enum { transpose_axes = 0 };

/* Multiplier and left shift that make Q5.26 of a difference of inputs, and the least difference
 * that counts. */
enum { softmax_multiplier = 0, softmax_left_shift = 1, softmax_least = 2 };

/* Axis, number of inputs, then the inputs' tensors, two in a word. */
enum { concatenate_axis = 0, concatenate_count = 1, concatenate_inputs = 2 };

#define CONCATENATE_INPUTS_MAX (2u * (PARAMETERS - concatenate_inputs))

/* A tensor of the word that names two: the first one, or the second. */
static inline uint32_t concatenate_input(uint32_t pair, int is_second) {
    return is_second ? pair >> 16 : pair & 0xFFFFu;
}

#endif
