/* Convolution with any kernel, stride, dilation and padding, and fully connected layers: windows
 * become columns of the matrix product. */
#include "kernels/matrix.h"

static int32_t window_values(const abi_layer_t *layer, const map_t *input) {
    return layer->kernel_height * layer->kernel_width * input->channels;
}

/* One window as bytes, rounded up to words, before it is widened. */
static uint32_t window_bytes(int32_t values) {
    return (uint32_t)((values + 3) / 4) * 4u;
}

static int32_t group_of(const map_t *output, int32_t values) {
    return matrix_group(output->height * output->width, column_bytes(values),
                        window_bytes(values));
}

uint32_t convolution_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const int32_t values = window_values(layer, &input);
    return (uint32_t)group_of(&output, values) * column_bytes(values) + window_bytes(values);
}

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

static inline void fill_values(int8_t *target, int32_t value, int32_t count) {
    for (; count > 0; count--) {
        *target++ = (int8_t)value;
    }
}

/* The window's values in the order of the weights: kernel row, kernel column, channel. */
static void gather_window(int8_t *window, const abi_layer_t *layer, const map_t *input,
                          int32_t top, int32_t left) {
    const int32_t channels = input->channels;
    const int32_t kernel_width = layer->kernel_width;
    const int32_t run = kernel_width * channels;
    const int whole_runs =
        layer->dilation_width == 1 && left >= 0 && left + kernel_width <= input->width;
    if (whole_runs && run == STEM_RUN && layer->kernel_height == 3 &&
        layer->dilation_height == 1 && top >= 0 && top + 3 <= input->height) {
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
            fill_values(window, layer->input_zero, run);
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
                fill_values(window, layer->input_zero, channels);
            } else {
                copy_values(window, row + x * channels, channels);
            }
            window += channels;
        }
    }
}

void convolution_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t values = window_values(layer, &input);
    const matrix_t matrix = matrix_of(layer, context, values, output.channels);
    const int32_t windows = output.height * output.width;
    const int32_t group = group_of(&output, values);
    uint32_t *columns = (uint32_t *)(void *)context->scratch;
    int8_t *window = (int8_t *)context->scratch + (uint32_t)group * column_bytes(values);
    const int32_t whole_words = 4 * matrix.words;
    fill_values(window + values, 0, whole_words - values);
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t first = 0; first < windows; first += group) {
        const int32_t count = smaller(group, windows - first);
        for (int32_t i = 0; i < count; i++) {
            gather_window(window, layer, &input, y * layer->stride_height - layer->pad_top,
                          x * layer->stride_width - layer->pad_left);
            matrix_write_column(&matrix, columns, i, count, window, whole_words);
            if (++x == output.width) {
                x = 0;
                y++;
            }
        }
        matrix_multiply(&matrix, columns, count, output.data + first * output.channels);
    }
}

uint32_t fully_connected_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors) {
    const map_t input = map_of(&tensors[layer->input0]);
    return column_bytes(map_elements(&input));
}

void fully_connected_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t values = map_elements(&input);
    const matrix_t matrix = matrix_of(layer, context, values, map_elements(&output));
    uint32_t *column = (uint32_t *)(void *)context->scratch;
    matrix_write_columns(&matrix, column, 1, input.data);
    matrix_multiply(&matrix, column, 1, output.data);
}
