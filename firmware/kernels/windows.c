#include "kernels/windows.h"

/* 3x3 kernels on three channels, the first layer of many networks. */
#define STEM_RUN 9

static inline void copy_values(int8_t *target, const int8_t *source, int32_t count) {
    for (; count >= 4; count -= 4) {
        __builtin_memcpy(target, source, 4);
        target += 4;
        source += 4;
    }
    for (; count > 0; count--) {
        *target++ = *source++;
    }
}

void window_fill(int8_t *target, int32_t value, int32_t count) {
    for (; count > 0; count--) {
        *target++ = (int8_t)value;
    }
}

void window_gather(int8_t *window, const abi_layer_t *layer, const map_t *input, int32_t top,
                   int32_t left) {
    const int32_t channels = input->channels;
    const int32_t kernel_width = layer->kernel_width;
    const int32_t run = kernel_width * channels;
    const int whole_runs =
        layer->dilation_width == 1 && left >= 0 && left + kernel_width <= input->width;
    if (whole_runs && run == STEM_RUN && layer->kernel_height == 3 && layer->dilation_height == 1 &&
        top >= 0 && top + 3 <= input->height) {
        const int32_t row_bytes = input->width * channels;
        const int8_t *source = input->data + top * row_bytes + left * channels;
        __builtin_memcpy(window, source, STEM_RUN);
        __builtin_memcpy(window + STEM_RUN, source + row_bytes, STEM_RUN);
        __builtin_memcpy(window + 2 * STEM_RUN, source + 2 * row_bytes, STEM_RUN);
        return;
    }
    int32_t y = top;
    for (int32_t i = 0; i < layer->kernel_height; i++, y += layer->dilation_height) {
        if (y < 0 || y >= input->height) {
            window_fill(window, layer->input_zero, run);
            window += run;
            continue;
        }
        const int8_t *row = input->data + y * input->width * channels;
        if (whole_runs) {
            copy_values(window, row + left * channels, run);
            window += run;
            continue;
        }
        int32_t x = left;
        for (int32_t j = 0; j < kernel_width; j++, x += layer->dilation_width) {
            if (x < 0 || x >= input->width) {
                window_fill(window, layer->input_zero, channels);
            } else {
                copy_values(window, row + x * channels, channels);
            }
            window += channels;
        }
    }
}
