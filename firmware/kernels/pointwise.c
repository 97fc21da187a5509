/* 1x1 convolution, stride 1, no padding: a matrix product with the pixels as they lie in memory.
 *
 * Granularity g: an access segment widens g pixels (columns) into scratch, an execute segment
 * multiplies them with all rows of weights. g = 0 is the same without segments, in groups that suit
 * the cache. */
#include "kernels/matrix.h"

static int32_t group_of(const map_t *input, uint32_t granularity) {
    const int32_t pixels = input->height * input->width;
    if (granularity == 0) {
        return matrix_group(pixels, column_bytes(input->channels), 0);
    }
    return granularity < (uint32_t)pixels ? (int32_t)granularity : pixels;
}

uint32_t pointwise_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                 uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    return (uint32_t)group_of(&input, granularity) * column_bytes(input.channels);
}

void pointwise_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const matrix_t matrix = matrix_of(layer, context, input.channels, output.channels);
    const int32_t pixels = input.height * input.width;
    const int32_t group = group_of(&input, context->granularity);
    uint32_t *columns = (uint32_t *)(void *)context->scratch;
    for (int32_t first = 0; first < pixels; first += group) {
        const int32_t count = smaller(group, pixels - first);
        if (context->granularity != 0) {
            context->enter_memory();
        }
        matrix_write_columns(&matrix, columns, count, input.data + first * input.channels);
        if (context->granularity != 0) {
            context->enter_compute();
        }
        matrix_multiply(&matrix, columns, count, output.data + first * output.channels);
    }
}
