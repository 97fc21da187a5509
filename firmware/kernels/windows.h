/* Windows of a convolution, gathered into bytes that lie side by side. */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "kernels/operators.h"

static inline int32_t window_values(const abi_layer_t *layer, const map_t *input) {
    return layer->kernel_height * layer->kernel_width * input->channels;
}

/* One window as bytes, rounded up to words, before it is widened. */
static inline uint32_t window_bytes(int32_t values) {
    return (uint32_t)((values + 3) / 4) * 4u;
}

/* The window's values in the order of the weights: kernel row, kernel column, channel. What lies
 * outside of the input is its zero point. */
void window_gather(int8_t *window, const abi_layer_t *layer, const map_t *input, int32_t top,
                   int32_t left);

void window_fill(int8_t *target, int32_t value, int32_t count);

#endif
