/* What the kernels share: where a layer's tensors and blobs are, and every operator's functions. */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "kernels/context.h"

/* Of a feature map: a byte each. */
#define CHANNELS_OF_A_LINE ((int32_t)ABI_TENSOR_ALIGNMENT)

/* A feature map: height x width x channels, the channels of a pixel side by side. */
typedef struct {
    int8_t *data;
    int32_t height;
    int32_t width;
    int32_t channels;
} map_t;

static inline map_t map_of(const abi_tensor_t *tensor) {
    const map_t map = {
        .data = (int8_t *)(uintptr_t)tensor->address,
        .height = tensor->height,
        .width = tensor->width,
        .channels = tensor->channels,
    };
    return map;
}

static inline int32_t map_elements(const map_t *map) {
    return map->height * map->width * map->channels;
}

static inline const void *blob_at(const kernel_context_t *context, uint32_t offset) {
    return context->image + offset;
}

static inline int32_t smaller(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* Each operator sees tensors that exist and scratch that suffices: kernel_run has checked. */
void convolution_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t convolution_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors);
void fully_connected_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t fully_connected_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors);
void pointwise_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t pointwise_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                 uint32_t granularity);
void depthwise_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t depthwise_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                 uint32_t granularity);
void add_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t add_scratch_bytes(void);
void quantize_run(const abi_layer_t *layer, const kernel_context_t *context);
void dequantize_run(const abi_layer_t *layer, const kernel_context_t *context);
void requantize_run(const abi_layer_t *layer, const kernel_context_t *context);
void max_pool_run(const abi_layer_t *layer, const kernel_context_t *context);
void average_pool_run(const abi_layer_t *layer, const kernel_context_t *context);
void mean_run(const abi_layer_t *layer, const kernel_context_t *context);
void softmax_run(const abi_layer_t *layer, const kernel_context_t *context);
uint32_t softmax_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors);
void upsample_run(const abi_layer_t *layer, const kernel_context_t *context);
void pad_run(const abi_layer_t *layer, const kernel_context_t *context);
void transpose_run(const abi_layer_t *layer, const kernel_context_t *context);
void copy_run(const abi_layer_t *layer, const kernel_context_t *context);
void concatenate_run(const abi_layer_t *layer, const kernel_context_t *context);

#endif
