/* Convolution with any kernel, stride, dilation and padding, and fully connected layers: windows
 * become columns of the matrix product. */
#include "kernels/matrix.h"
#include "kernels/windows.h"

static int32_t group_of(const map_t *output, int32_t values) {
    return matrix_group(output->height * output->width, column_bytes(values), window_bytes(values));
}

uint32_t convolution_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const int32_t values = window_values(layer, &input);
    return (uint32_t)group_of(&output, values) * column_bytes(values) + window_bytes(values);
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
    window_fill(window + values, 0, whole_words - values);
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t first = 0; first < windows; first += group) {
        const int32_t count = smaller(group, windows - first);
        for (int32_t i = 0; i < count; i++) {
            window_gather(window, layer, &input, y * layer->stride_height - layer->pad_top,
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
