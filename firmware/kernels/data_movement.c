/* Layers that move bytes and compute nothing. */
#include "kernels/operators.h"
#include "kernels/parameters.h"

void upsample_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t pixel_bytes = input.channels;
    const int32_t row_bytes = output.width * pixel_bytes;
    const int8_t *source = input.data;
    int8_t *target = output.data;
    for (int32_t y = 0; y < input.height; y++) {
        int8_t *row = target;
        for (int32_t x = 0; x < input.width; x++) {
            for (int32_t i = 0; i < layer->parameters[upsample_width]; i++) {
                __builtin_memcpy(target, source, (uint32_t)pixel_bytes);
                target += pixel_bytes;
            }
            source += pixel_bytes;
        }
        for (int32_t i = 1; i < layer->parameters[upsample_height]; i++) {
            __builtin_memcpy(target, row, (uint32_t)row_bytes);
            target += row_bytes;
        }
    }
}

void pad_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int value = layer->parameters[pad_value];
    const int32_t row_bytes = output.width * output.channels;
    const int32_t left = layer->pad_left * output.channels;
    const int32_t inner = input.width * input.channels;
    const int8_t *source = input.data;
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        const int32_t row = y - layer->pad_top;
        if (row < 0 || row >= input.height) {
            __builtin_memset(target, value, (uint32_t)row_bytes);
        } else {
            __builtin_memset(target, value, (uint32_t)left);
            __builtin_memcpy(target + left, source, (uint32_t)inner);
            __builtin_memset(target + left + inner, value, (uint32_t)(row_bytes - left - inner));
            source += inner;
        }
        target += row_bytes;
    }
}

void transpose_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t *axes = &layer->parameters[transpose_axes];
    const int32_t strides[3] = {input.width * input.channels, input.channels, 1};
    const int32_t step_y = strides[axes[0]];
    const int32_t step_x = strides[axes[1]];
    const int32_t step_channel = strides[axes[2]];
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        for (int32_t x = 0; x < output.width; x++) {
            const int8_t *source = input.data + y * step_y + x * step_x;
            for (int32_t channel = 0; channel < output.channels; channel++) {
                *target++ = *source;
                source += step_channel;
            }
        }
    }
}

void copy_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const abi_tensor_t *input = &context->tensors[layer->input0];
    const abi_tensor_t *output = &context->tensors[layer->output];
    if (input->address != output->address) {
        __builtin_memcpy((void *)(uintptr_t)output->address,
                         (const void *)(uintptr_t)input->address, output->bytes);
    }
}

void concatenate_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t axis = layer->parameters[concatenate_axis];
    /* The output is `outer` blocks, and each input gives a run of bytes to each block. */
    const int32_t outer = (axis > 0 ? output.height : 1) * (axis > 1 ? output.width : 1);
    const int32_t block = map_elements(&output) / outer;
    int32_t offset = 0;
    for (int32_t i = 0; i < layer->parameters[concatenate_count]; i++) {
        const uint32_t pair = (uint32_t)layer->parameters[concatenate_inputs + i / 2];
        const map_t input = map_of(&context->tensors[concatenate_input(pair, i % 2 != 0)]);
        const int32_t run = map_elements(&input) / outer;
        for (int32_t j = 0; j < outer; j++) {
            __builtin_memcpy(output.data + j * block + offset, input.data + j * run, (uint32_t)run);
        }
        offset += run;
    }
}
