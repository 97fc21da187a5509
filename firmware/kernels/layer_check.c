#include "kernels/layer_check.h"

#include "kernels/check.h"
#include "kernels/depthwise_code.h"
#include "kernels/depthwise_rows.h"
#include "kernels/kernels.h"
#include "kernels/layer_code.h"
#include "kernels/number_check.h"
#include "kernels/operators.h"
#include "kernels/parameters.h"
#include "kernels/winograd.h"

/* The tensors' sizes have been checked against their regions: a product fits 32 bits. */
static uint32_t elements(const abi_tensor_t *tensor) {
    return (uint32_t)tensor->height * tensor->width * tensor->channels;
}

static bool is_bytes(const check_t *check, const abi_tensor_t *tensor) {
    return tensor->element == abi_element_int8 || tensor->element == abi_element_uint8 ||
           refuse(check, abi_status_bad_image, tensor->element, abi_element_int8);
}

static bool tensor_exists(const check_t *check, uint32_t index) {
    return at_most(check, index, check->header->tensor_count - 1u) &&
           at_least(check, check->tensors[index].address, ABI_TENSOR_ADDRESS) &&
           at_least(check, elements(&check->tensors[index]), 1);
}

/* An output lies apart from what it is computed of. Both are within the tensor region. */
static bool lies_apart(const check_t *check, const abi_tensor_t *input) {
    const abi_tensor_t *output = check->output;
    return input->address + input->bytes <= output->address ||
           output->address + output->bytes <= input->address ||
           refuse(check, abi_status_bad_image, output->address, input->address);
}

static bool same_shape(const check_t *check) {
    return equal(check, check->output->height, check->input->height) &&
           equal(check, check->output->width, check->input->width) &&
           equal(check, check->output->channels, check->input->channels);
}

static bool blob_fits(const check_t *check, uint32_t offset, uint64_t bytes) {
    const uint32_t total = check->header->total_bytes;
    return equal(check, offset % 4u, 0) && at_least(check, offset, sizeof(abi_image_header_t)) &&
           at_most(check, offset, total) &&
           (bytes <= total - offset ||
            refuse(check, abi_status_bad_image, bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
                   total - offset));
}

static bool channel_blobs_fit(const check_t *check, uint32_t channels) {
    return blob_fits(check, check->layer->bias_offset, 4u * channels) &&
           blob_fits(check, check->layer->multiplier_offset, 4u * channels) &&
           blob_fits(check, check->layer->shift_offset, 4u * channels) &&
           shifts_fit(check, channels);
}

/* The kernels load, and do not use, a few words behind the last weights. */
static bool weights_fit(const check_t *check, uint64_t bytes) {
    return blob_fits(check, check->layer->weights_offset, bytes + ABI_WEIGHTS_READ_AHEAD_BYTES);
}

/* Rows are stored in pairs and zero-padded to words of four weights. */
static bool matrix_fits(const check_t *check, uint32_t rows, uint32_t values) {
    const uint32_t stored = (rows + 1u) & ~1u;
    const uint64_t row_bytes = ((uint64_t)values + 3u) & ~3u;
    return weights_fit(check, stored * row_bytes) && channel_blobs_fit(check, stored);
}

/* The last window along an axis begins and ends within the padded input. */
static bool axis_fits(const check_t *check, uint32_t input, uint32_t output, uint32_t kernel,
                      uint32_t stride, uint32_t dilation, int32_t before, int32_t after) {
    const uint32_t window = (kernel - 1u) * dilation + 1u;
    return at_least(check, kernel, 1) && at_least(check, stride, 1) &&
           at_least(check, dilation, 1) && at_most(check, (uint32_t)before, INT16_MAX) &&
           at_most(check, (uint32_t)after, INT16_MAX) &&
           at_most(check, (output - 1u) * stride + window,
                   input + (uint32_t)before + (uint32_t)after);
}

static bool windows_fit(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    const uint32_t side = layer_code_pools(layer) ? 2 : 1; /* windows of an output */
    return axis_fits(check, check->input->height, side * check->output->height,
                     layer->kernel_height, layer->stride_height, layer->dilation_height,
                     layer->pad_top, layer->pad_bottom) &&
           axis_fits(check, check->input->width, side * check->output->width, layer->kernel_width,
                     layer->stride_width, layer->dilation_width, layer->pad_left, layer->pad_right);
}

/* The weights' record of a streamed piece: a bias for each channel, weights as pairs of int16 lanes
 * for two of every four values, then multiplier, offset and shift. */
static uint64_t streamed_bytes(uint32_t channels, uint32_t values) {
    return 4ull * channels * (4ull + ((uint64_t)values + 3u) / 4u * 2u);
}

/* Code that the layer brings: every piece begins within the image's code, and computes channels
 * that the layer has. */
static const abi_piece_t *pieces_of(const check_t *check) {
    return (const abi_piece_t *)(const void *)((const uint8_t *)check->header +
                                               check->layer->pieces_offset);
}

static bool pieces_exist(const check_t *check, uint32_t channels) {
    const abi_layer_t *layer = check->layer;
    if (!at_most(check, layer->form, abi_kernel_form_winograd) ||
        !at_least(check, layer->columns, 1) ||
        !at_most(check, layer->columns, ABI_CODE_COLUMNS_MAX) ||
        !at_least(check, layer->piece_count, 1) ||
        !at_least(check, layer->requantisation, abi_requantisation_clamp) ||
        !blob_fits(check, layer->pieces_offset,
                   (uint64_t)layer->piece_count * sizeof(abi_piece_t))) {
        return false;
    }
    if (!at_most(check, layer->access_pieces, 2) ||
        !at_least(check, layer->piece_count, layer->access_pieces + 1u)) {
        return false;
    }
    const abi_piece_t *piece = pieces_of(check);
    for (uint32_t i = 0; i < layer->piece_count; i++, piece++) {
        if (!equal(check, piece->entry % 4u, 0) ||
            !at_most(check, piece->entry, check->header->code_bytes) ||
            !at_least(check, check->header->code_bytes - piece->entry, 4) ||
            !at_most(check, (uint32_t)piece->channel + piece->channels, channels)) {
            return false;
        }
    }
    return true;
}

/* A convolution brings two or none, for windows whose values lie side by side. */
static bool access_pieces_fit(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    if (layer->operator != abi_operator_convolution) {
        return at_most(check, layer->access_pieces, 1);
    }
    return layer->access_pieces == 0 ||
           (equal(check, layer->access_pieces, 2) && equal(check, layer->dilation_width, 1));
}

/* With more values than the scratch has bytes a column would not fit it; with no more, sizes fit
 * 32 bits. */
static bool pieces_fit(const check_t *check, uint32_t rows, uint32_t values) {
    if (!at_most(check, values, ABI_SCRATCH_BYTES) || !pieces_exist(check, rows)) {
        return false;
    }
    const abi_layer_t *layer = check->layer;
    if (!access_pieces_fit(check)) {
        return false;
    }
    const abi_piece_t *piece = pieces_of(check) + layer->access_pieces;
    for (uint32_t i = layer->access_pieces; i < layer->piece_count; i++, piece++) {
        if (layer->form == abi_kernel_form_streamed &&
            !blob_fits(check, piece->weights_offset, streamed_bytes(piece->channels, values))) {
            return false;
        }
    }
    return true;
}

/* Tiles of 4 x 4 inputs, of 2 x 2 outputs; weights and numbers of each piece. */
static bool tiles_fit(const check_t *check, uint32_t rows) {
    const abi_layer_t *layer = check->layer;
    const uint32_t channels = check->input->channels;
    if (!equal(check, layer->kernel_height, 3) || !equal(check, layer->kernel_width, 3) ||
        !equal(check, layer->stride_height, 1) || !equal(check, layer->stride_width, 1) ||
        !equal(check, layer->dilation_height, 1) || !equal(check, layer->dilation_width, 1) ||
        !equal(check, channels % 4u, 0) || !equal(check, layer->columns, WINOGRAD_TILES) ||
        !pieces_exist(check, rows) || !equal(check, layer->access_pieces, 0)) {
        return false;
    }
    const abi_piece_t *piece = pieces_of(check);
    for (uint32_t i = 0; i < layer->piece_count; i++, piece++) {
        const uint64_t bytes = 4ull * piece->channels * (WINOGRAD_PLACES * (channels / 2u) + 4u);
        if (!blob_fits(check, piece->weights_offset, bytes)) {
            return false;
        }
    }
    return true;
}

/* A record for each channel; a piece for all rows, or for bands and for a last row. */
static bool planes_fit(const check_t *check, uint32_t channels) {
    const abi_layer_t *layer = check->layer;
    const abi_tensor_t *output = check->output;
    const bool is_whole = output->height / 2 <= depthwise_code_turn(output->width);
    const uint32_t pitch = (output->width - 1u) * layer->stride_width + layer->kernel_width;
    return pieces_exist(check, channels) && equal(check, layer->form, abi_kernel_form_streamed) &&
           at_most(check, pitch, ABI_SCRATCH_BYTES / 4u) && /* words of a row pair */
           equal(check, (uint32_t)layer->piece_count - layer->access_pieces,
                 is_whole ? 1u : 1u + output->height % 2u) &&
           equal(check, layer->depth_multiplier, 1) && equal(check, layer->dilation_height, 1) &&
           equal(check, layer->dilation_width, 1) && at_most(check, layer->stride_height, 2) &&
           at_most(check, layer->access_pieces, 1) &&
           at_least(check, pitch, (uint32_t)layer->pad_left + 1u) && /* else all is padding */
           blob_fits(check, pieces_of(check)[layer->access_pieces].weights_offset,
                     4ull * channels * depthwise_code_record_words(layer));
}

/* Weights as the layer's form has them. */
static bool product_fits(const check_t *check, uint32_t rows, uint32_t values) {
    if (!at_most(check, check->layer->form, abi_kernel_form_unpacked)) {
        return false;
    }
    return check->layer->form == abi_kernel_form_packed ? matrix_fits(check, rows, values)
                                                        : pieces_fit(check, rows, values);
}

static bool convolution_fits(const check_t *check) {
    const uint32_t taps = (uint32_t)check->layer->kernel_height * check->layer->kernel_width;
    return (!layer_code_pools(check->layer) ||
            (at_least(check, check->layer->form, 1) && equal(check, check->layer->columns, 4))) &&
           windows_fit(check) &&
           (check->layer->form == abi_kernel_form_winograd
                ? tiles_fit(check, check->output->channels)
                : product_fits(check, check->output->channels, taps * check->input->channels));
}

static bool pointwise_fits(const check_t *check) {
    return equal(check, check->output->height, check->input->height) &&
           equal(check, check->output->width, check->input->width) &&
           product_fits(check, check->output->channels, check->input->channels);
}

static bool depthwise_fits(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    const uint32_t channels = check->output->channels;
    return windows_fit(check) &&
           equal(check, channels, (uint32_t)check->input->channels * layer->depth_multiplier) &&
           (layer->form == abi_kernel_form_packed
                ? weights_fit(check,
                              (uint64_t)channels * (uint32_t)depthwise_weight_bytes(layer)) &&
                      channel_blobs_fit(check, channels)
                : planes_fit(check, channels));
}

static bool fully_connected_fits(const check_t *check) {
    return product_fits(check, elements(check->output), elements(check->input));
}

/* An input is as large as the output, or repeats a whole number of times. */
static bool add_fits(const check_t *check) {
    const uint32_t total = elements(check->output);
    if (!tensor_exists(check, check->layer->input1)) {
        return false;
    }
    const abi_tensor_t *other = &check->tensors[check->layer->input1];
    return is_bytes(check, other) && lies_apart(check, other) &&
           equal(check, total % elements(check->input), 0) &&
           equal(check, total % elements(other), 0);
}

/* Pools divide by what lies inside of the input: every window has to hold something. */
static bool pool_fits(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    return axis_fits(check, check->input->height, check->output->height, layer->kernel_height,
                     layer->stride_height, 1, layer->pad_top, layer->pad_bottom) &&
           axis_fits(check, check->input->width, check->output->width, layer->kernel_width,
                     layer->stride_width, 1, layer->pad_left, layer->pad_right) &&
           at_most(check, (uint32_t)layer->pad_top, layer->kernel_height - 1u) &&
           at_most(check, (uint32_t)layer->pad_bottom, layer->kernel_height - 1u) &&
           at_most(check, (uint32_t)layer->pad_left, layer->kernel_width - 1u) &&
           at_most(check, (uint32_t)layer->pad_right, layer->kernel_width - 1u) &&
           equal(check, check->output->channels, check->input->channels);
}

static bool mean_fits(const check_t *check) {
    const uint32_t axes = (uint32_t)check->layer->parameters[mean_axes];
    return at_most(check, axes, 7) &&
           equal(check, check->output->height, (axes & 1u) != 0 ? 1u : check->input->height) &&
           equal(check, check->output->width, (axes & 2u) != 0 ? 1u : check->input->width) &&
           equal(check, check->output->channels, (axes & 4u) != 0 ? 1u : check->input->channels);
}

static bool upsample_fits(const check_t *check) {
    const int32_t *factors = check->layer->parameters;
    return at_most(check, (uint32_t)factors[upsample_height], UINT16_MAX) &&
           at_most(check, (uint32_t)factors[upsample_width], UINT16_MAX) &&
           equal(check, check->output->height,
                 check->input->height * (uint32_t)factors[upsample_height]) &&
           equal(check, check->output->width,
                 check->input->width * (uint32_t)factors[upsample_width]) &&
           equal(check, check->output->channels, check->input->channels);
}

static bool pad_fits(const check_t *check) {
    const abi_layer_t *layer = check->layer;
    return at_most(check, (uint32_t)layer->pad_top, INT16_MAX) &&
           at_most(check, (uint32_t)layer->pad_bottom, INT16_MAX) &&
           at_most(check, (uint32_t)layer->pad_left, INT16_MAX) &&
           at_most(check, (uint32_t)layer->pad_right, INT16_MAX) &&
           equal(check, check->output->height,
                 check->input->height + (uint32_t)(layer->pad_top + layer->pad_bottom)) &&
           equal(check, check->output->width,
                 check->input->width + (uint32_t)(layer->pad_left + layer->pad_right)) &&
           equal(check, check->output->channels, check->input->channels);
}

static bool quantize_fits(const check_t *check) {
    return equal(check, check->input->element, abi_element_float32) &&
           is_bytes(check, check->output) &&
           equal(check, elements(check->output), elements(check->input));
}

static bool dequantize_fits(const check_t *check) {
    return is_bytes(check, check->input) &&
           equal(check, check->output->element, abi_element_float32) &&
           equal(check, elements(check->output), elements(check->input));
}

static bool transpose_fits(const check_t *check) {
    const int32_t *axes = &check->layer->parameters[transpose_axes];
    const uint32_t sizes[3] = {check->input->height, check->input->width, check->input->channels};
    for (int i = 0; i < 3; i++) {
        if (!at_most(check, (uint32_t)axes[i], 2)) {
            return false;
        }
    }
    return equal(check, 1u << axes[0] | 1u << axes[1] | 1u << axes[2], 7) &&
           equal(check, check->output->height, sizes[axes[0]]) &&
           equal(check, check->output->width, sizes[axes[1]]) &&
           equal(check, check->output->channels, sizes[axes[2]]);
}

static bool copy_fits(const check_t *check) {
    return at_least(check, check->input->bytes, check->output->bytes);
}

/* A copy whose bytes do not move has the same memory at both ends, and so has what does nothing. */
static bool first_lies_apart(const check_t *check) {
    const uint32_t operator = check->layer->operator;
    return ((operator == abi_operator_copy || operator == abi_operator_fused) &&
            check->input->address == check->output->address) ||
           lies_apart(check, check->input);
}

static bool concatenate_fits(const check_t *check) {
    const int32_t *parameters = check->layer->parameters;
    const uint32_t count = (uint32_t)parameters[concatenate_count];
    if (!at_most(check, (uint32_t)parameters[concatenate_axis], 2) ||
        !at_most(check, count, CONCATENATE_INPUTS_MAX)) {
        return false;
    }
    const uint32_t outer = (parameters[concatenate_axis] > 0 ? check->output->height : 1u) *
                           (parameters[concatenate_axis] > 1 ? check->output->width : 1u);
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t pair = (uint32_t)parameters[concatenate_inputs + i / 2];
        const uint32_t index = concatenate_input(pair, i % 2 != 0);
        if (!tensor_exists(check, index) || !is_bytes(check, &check->tensors[index]) ||
            !lies_apart(check, &check->tensors[index]) ||
            !equal(check, elements(&check->tensors[index]) % outer, 0)) {
            return false;
        }
        total += elements(&check->tensors[index]);
    }
    return equal(check, total, elements(check->output));
}

static bool fused_fits(const check_t *check) {
    return equal(check, check->layer->input0, check->layer->output);
}

static bool (*const fits[])(const check_t *check) = {
    [abi_operator_convolution] = convolution_fits,
    [abi_operator_pointwise] = pointwise_fits,
    [abi_operator_depthwise] = depthwise_fits,
    [abi_operator_add] = add_fits,
    [abi_operator_max_pool] = pool_fits,
    [abi_operator_average_pool] = pool_fits,
    [abi_operator_mean] = mean_fits,
    [abi_operator_fully_connected] = fully_connected_fits,
    [abi_operator_upsample] = upsample_fits,
    [abi_operator_pad] = pad_fits,
    [abi_operator_quantize] = quantize_fits,
    [abi_operator_dequantize] = dequantize_fits,
    [abi_operator_requantize] = same_shape,
    [abi_operator_transpose] = transpose_fits,
    [abi_operator_copy] = copy_fits,
    [abi_operator_softmax] = same_shape,
    [abi_operator_concatenate] = concatenate_fits,
    [abi_operator_fused] = fused_fits,
};

/* Quantising, dequantising and copying see to their elements themselves. */
static bool takes_any_element(uint32_t operator) {
    return operator == abi_operator_quantize || operator == abi_operator_dequantize ||
           operator == abi_operator_copy;
}

/* Operators that may come with code of their own. */
static bool has_code(uint32_t operator) {
    return operator == abi_operator_convolution || operator == abi_operator_pointwise ||
           operator == abi_operator_fully_connected || operator == abi_operator_depthwise;
}

abi_status_t layer_check(const abi_layer_t *layer, const abi_image_header_t *header,
                         const abi_tensor_t *tensors, abi_error_reply_t *error) {
    check_t check = {.layer = layer, .header = header, .tensors = tensors, .error = error};
    if (layer->operator >= sizeof fits / sizeof fits[0] || fits[layer->operator] == NULL ||
        layer->requantisation > abi_requantisation_saturate) {
        refuse(&check, abi_status_unsupported, layer->operator, layer->requantisation);
        return abi_status_unsupported;
    }
    if (!tensor_exists(&check, layer->input0) || !tensor_exists(&check, layer->output)) {
        return abi_status_bad_image;
    }
    check.input = &tensors[layer->input0];
    check.output = &tensors[layer->output];
    const bool elements_fit = takes_any_element(layer->operator) ||
                              (is_bytes(&check, check.input) && is_bytes(&check, check.output));
    if (!elements_fit || !first_lies_apart(&check) || !numbers_fit(&check) ||
        !fits[layer->operator](&check)) {
        return abi_status_bad_image;
    }
    if (layer->form != abi_kernel_form_packed && !has_code(layer->operator)) {
        refuse(&check, abi_status_unsupported, layer->operator, layer->form);
        return abi_status_unsupported;
    }
    const uint32_t scratch = kernel_scratch_bytes(layer, tensors, 0);
    if (scratch > ABI_SCRATCH_BYTES) {
        refuse(&check, abi_status_buffer_too_small, scratch, ABI_SCRATCH_BYTES);
        return abi_status_buffer_too_small;
    }
    return abi_status_ok;
}
