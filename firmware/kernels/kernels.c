#include "kernels/kernels.h"

#include "kernels/depthwise_code.h"
#include "kernels/layer_code.h"
#include "kernels/operators.h"
#include "kernels/winograd.h"

typedef void (*run_t)(const abi_layer_t *layer, const kernel_context_t *context);

/* A pooling layer whose outputs the code of the convolution before it has made. */
static void fused_run(const abi_layer_t *layer, const kernel_context_t *context) {
    (void)layer;
    (void)context;
}

static const run_t runs[] = {
    [abi_operator_convolution] = convolution_run,
    [abi_operator_pointwise] = pointwise_run,
    [abi_operator_depthwise] = depthwise_run,
    [abi_operator_add] = add_run,
    [abi_operator_max_pool] = max_pool_run,
    [abi_operator_average_pool] = average_pool_run,
    [abi_operator_mean] = mean_run,
    [abi_operator_fully_connected] = fully_connected_run,
    [abi_operator_upsample] = upsample_run,
    [abi_operator_pad] = pad_run,
    [abi_operator_quantize] = quantize_run,
    [abi_operator_dequantize] = dequantize_run,
    [abi_operator_requantize] = requantize_run,
    [abi_operator_transpose] = transpose_run,
    [abi_operator_copy] = copy_run,
    [abi_operator_softmax] = softmax_run,
    [abi_operator_concatenate] = concatenate_run,
    [abi_operator_fused] = fused_run,
};

uint32_t kernel_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                              uint32_t granularity) {
    if (layer->form != abi_kernel_form_packed) {
        if (layer->operator == abi_operator_depthwise) {
            return depthwise_code_scratch_bytes(layer, tensors, granularity);
        }
        return layer->form == abi_kernel_form_winograd
                   ? winograd_scratch_bytes(layer, tensors, granularity)
                   : layer_code_scratch_bytes(layer, tensors, granularity);
    }
    switch ((abi_operator_t)layer->operator) {
    case abi_operator_convolution:
        return convolution_scratch_bytes(layer, tensors);
    case abi_operator_pointwise:
        return pointwise_scratch_bytes(layer, tensors, granularity);
    case abi_operator_depthwise:
        return depthwise_scratch_bytes(layer, tensors, granularity);
    case abi_operator_add:
        return add_scratch_bytes();
    case abi_operator_fully_connected:
        return fully_connected_scratch_bytes(layer, tensors);
    case abi_operator_softmax:
        return softmax_scratch_bytes(layer, tensors);
    default:
        return 0;
    }
}

abi_status_t kernel_run(const abi_layer_t *layer, const kernel_context_t *context) {
    if (layer->operator >= sizeof runs / sizeof runs[0] || runs[layer->operator] == NULL ||
        layer->requantisation > abi_requantisation_saturate) {
        return abi_status_unsupported;
    }
    if (kernel_scratch_bytes(layer, context->tensors, context->granularity) >
        context->scratch_bytes) {
        return abi_status_buffer_too_small;
    }
    if (layer->form == abi_kernel_form_packed) {
        runs[layer->operator](layer, context);
    } else if (layer->operator == abi_operator_depthwise) {
        depthwise_code_run(layer, context);
    } else if (layer->form == abi_kernel_form_winograd) {
        winograd_run(layer, context);
    } else {
        layer_code_run(layer, context);
    }
    return abi_status_ok;
}
