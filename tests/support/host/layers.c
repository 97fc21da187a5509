/* One layer: its record, its three tensors, and blobs that are just large enough. */
#include "layers.h"

#include <string.h>

#include "board.h"
#include "draw.h"
#include "kernels/parameters.h"

#define CODE_BYTES 64u

static abi_image_header_t *header(void) {
    return (void *)board_image();
}

/* ---- shapes -------------------------------------------------------------------------------- */

static uint64_t volume(const abi_tensor_t *tensor) {
    return (uint64_t)tensor->height * tensor->width * tensor->channels;
}

/* Makes the largest dimension smaller until so many elements hold all. */
static void shrink(abi_tensor_t *tensor, uint64_t most) {
    while (volume(tensor) > most) {
        if (tensor->height >= tensor->width && tensor->height >= tensor->channels) {
            tensor->height = (uint16_t)(tensor->height / 2u + 1u - (tensor->height == 2));
        } else if (tensor->width >= tensor->channels) {
            tensor->width = (uint16_t)(tensor->width / 2u + 1u - (tensor->width == 2));
        } else {
            tensor->channels = (uint16_t)(tensor->channels / 2u + 1u - (tensor->channels == 2));
        }
    }
}

static abi_tensor_t tensor_draw(uint64_t most) {
    abi_tensor_t tensor = {
        .height = (uint16_t)draw_size(1, 65535),
        .width = (uint16_t)draw_size(1, 65535),
        .channels = (uint16_t)draw_size(1, 65535),
        .zero_point = (int32_t)draw_between(0, 255) - 128,
        .scale_bits = 0x3D000000u + draw_below(0x01000000u),
    };
    shrink(&tensor, most);
    return tensor;
}

typedef struct {
    uint32_t kernel;
    uint32_t stride;
    uint32_t dilation;
    uint32_t before;
    uint32_t after;
    uint32_t output;
} axis_t;

/* Padding is none, or up to a window, or as much as there can be. */
static uint32_t padding_draw(uint32_t window, bool is_pool) {
    if (draw_one_in(2)) {
        return 0;
    }
    const uint32_t most = draw_one_in(6) && !is_pool ? INT16_MAX : window - 1u;
    return most > INT16_MAX ? INT16_MAX : draw_one_in(4) ? most : draw_below(most + 1u);
}

static axis_t axis_draw(uint32_t input, bool is_pool) {
    axis_t axis = {
        .kernel = draw_size(1, 255),
        .stride = draw_one_in(2) ? draw_between(1, 2) : draw_size(1, 255),
        .dilation = is_pool || !draw_one_in(3) ? 1 : draw_size(1, 255),
    };
    if (draw_one_in(3)) {
        axis.kernel = 3u + 2u * draw_below(3);
    }
    const uint32_t window = (axis.kernel - 1u) * axis.dilation + 1u;
    axis.before = padding_draw(is_pool ? axis.kernel : window, is_pool);
    axis.after = padding_draw(is_pool ? axis.kernel : window, is_pool);
    if (window > input + axis.before + axis.after) {
        const uint32_t missing = window - input;
        axis.before = missing / 2u > INT16_MAX ? INT16_MAX : missing / 2u;
        axis.after = missing - axis.before > INT16_MAX ? INT16_MAX : missing - axis.before;
    }
    const uint32_t padded = input + axis.before + axis.after;
    axis.output = padded < window ? 1u : (padded - window) / axis.stride + 1u;
    if (axis.output > UINT16_MAX || draw_one_in(6)) {
        axis.output = draw_between(1, axis.output < 8u ? axis.output : 8u);
    }
    return axis;
}

static void windows_draw(abi_layer_t *layer, const abi_tensor_t *input, abi_tensor_t *output,
                         bool is_pool) {
    const axis_t down = axis_draw(input->height, is_pool);
    const axis_t right = axis_draw(input->width, is_pool);
    layer->kernel_height = (uint8_t)down.kernel;
    layer->stride_height = (uint8_t)down.stride;
    layer->dilation_height = (uint8_t)down.dilation;
    layer->pad_top = (int16_t)down.before;
    layer->pad_bottom = (int16_t)down.after;
    layer->kernel_width = (uint8_t)right.kernel;
    layer->stride_width = (uint8_t)right.stride;
    layer->dilation_width = (uint8_t)right.dilation;
    layer->pad_left = (int16_t)right.before;
    layer->pad_right = (int16_t)right.after;
    output->height = (uint16_t)down.output;
    output->width = (uint16_t)right.output;
    /* Fewer outputs than there could be are as good. */
    const uint16_t channels = output->channels;
    shrink(output, ABI_TENSOR_BYTES / 2u);
    output->channels = channels < output->channels ? output->channels : channels;
    while (volume(output) > ABI_TENSOR_BYTES / 2u && (output->height > 1 || output->width > 1)) {
        output->height = (uint16_t)((output->height + 1u) / 2u);
        output->width = (uint16_t)((output->width + 1u) / 2u);
    }
}

/* ---- blobs --------------------------------------------------------------------------------- */

uint32_t image_end;

/* A place for so many bytes, and extreme values there. */
static uint32_t blob_draw(uint64_t bytes) {
    const uint32_t offset = (image_end + 3u) & ~3u;
    if (bytes > ABI_IMAGE_BYTES_MAX - offset) {
        return offset; /* too much: refused */
    }
    image_end = offset + (uint32_t)bytes;
    draw_values(board_image() + offset, (uint32_t)bytes);
    return offset;
}

static uint32_t numbers_draw(uint32_t channels, int32_t (*draw)(const abi_layer_t *layer),
                             const abi_layer_t *layer) {
    const uint32_t offset = blob_draw(4ull * channels);
    for (uint32_t i = 0; image_end == offset + 4u * channels && i < channels; i++) {
        const int32_t number = draw(layer);
        memcpy(board_image() + offset + 4u * i, &number, sizeof number);
    }
    return offset;
}

static int32_t any_number(const abi_layer_t *layer) {
    (void)layer;
    return draw_number();
}

static int32_t shift_draw(const abi_layer_t *layer) {
    return layer->requantisation == abi_requantisation_exact
               ? (int32_t)draw_below(63) - 31
               : (int32_t)draw_between(1, ABI_BOUNDED_SHIFT_MAX);
}

/* What a packer would write is a small part of what the checks take. */
static void channel_numbers_draw(abi_layer_t *layer, uint32_t channels) {
    layer->bias_offset = numbers_draw(channels, any_number, layer);
    layer->multiplier_offset = numbers_draw(channels, any_number, layer);
    layer->shift_offset = numbers_draw(channels, shift_draw, layer);
}

static void code_draw(abi_layer_t *layer, uint32_t channels, uint64_t weights_bytes_a_channel) {
    const bool is_planes = layer->operator == abi_operator_depthwise;
    const bool is_windows = layer->operator == abi_operator_convolution;
    layer->form = is_planes || draw_one_in(2) ? abi_kernel_form_streamed : abi_kernel_form_unpacked;
    layer->requantisation = (uint8_t)draw_between(1, 2);
    layer->columns = (uint8_t)draw_between(1, ABI_CODE_COLUMNS_MAX);
    layer->access_pieces = (uint16_t)(draw_one_in(2) ? 0u : is_windows ? 2u : 1u);
    layer->piece_count = (uint16_t)(layer->access_pieces + draw_between(1, 2));
    layer->pieces_offset = blob_draw(layer->piece_count * sizeof(abi_piece_t));
    abi_piece_t *pieces =
        image_table(layer->pieces_offset, layer->piece_count * (uint32_t)sizeof(abi_piece_t));
    const uint32_t half = channels / 2u;
    for (uint32_t i = 0; pieces != NULL && i < layer->piece_count; i++) {
        const bool is_last = i + 1u == layer->piece_count;
        pieces[i] = (abi_piece_t){.entry = 4u * draw_below(CODE_BYTES / 4u)};
        if (i >= layer->access_pieces) {
            pieces[i].channel = (uint16_t)(is_last ? half : 0);
            pieces[i].channels = (uint16_t)(is_last ? channels - half : half);
            const uint32_t rows = is_planes ? channels : pieces[i].channels;
            pieces[i].weights_offset = blob_draw(weights_bytes_a_channel * rows);
        }
    }
    if (header()->code_bytes == 0) {
        header()->code_offset =
            (image_end + ABI_CODE_ALIGNMENT - 1u) / ABI_CODE_ALIGNMENT * ABI_CODE_ALIGNMENT;
        header()->code_bytes = CODE_BYTES;
        image_end = header()->code_offset + CODE_BYTES;
    }
}

/* Tiles of a convolution of 3 x 3. */
static void winograd_draw(abi_layer_t *layer, abi_tensor_t *input, abi_tensor_t *output) {
    input->channels = (uint16_t)((input->channels + 3u) & ~3u);
    layer->kernel_height = layer->kernel_width = 3;
    layer->stride_height = layer->stride_width = 1;
    layer->dilation_height = layer->dilation_width = 1;
    code_draw(layer, output->channels, 4u * (8u * (uint64_t)input->channels + 4u));
    layer->form = abi_kernel_form_winograd;
    layer->columns = 4;
    layer->piece_count = (uint16_t)(layer->piece_count - layer->access_pieces);
    layer->pieces_offset += layer->access_pieces * (uint32_t)sizeof(abi_piece_t);
    layer->access_pieces = 0;
}

/* A matrix product of so many rows, of columns of so many values. */
static void product_draw(abi_layer_t *layer, uint32_t rows, uint64_t values) {
    if (draw_one_in(3)) {
        code_draw(layer, rows, 4u * (4u + (values + 3u) / 4u * 2u));
        return;
    }
    const uint32_t stored = (rows + 1u) & ~1u;
    const uint64_t bytes = stored * ((values + 3u) & ~3ull) + ABI_WEIGHTS_READ_AHEAD_BYTES;
    if (draw_one_in(2)) {
        channel_numbers_draw(layer, stored);
        layer->weights_offset = blob_draw(bytes);
    } else {
        layer->weights_offset = blob_draw(bytes);
        channel_numbers_draw(layer, stored);
    }
}

static void depthwise_draw(abi_layer_t *layer, abi_tensor_t *input, abi_tensor_t *output) {
    layer->depth_multiplier = (uint16_t)(draw_one_in(3) ? draw_size(1, 8) : 1u);
    const bool has_code = draw_one_in(3);
    if (has_code) {
        layer->depth_multiplier = 1;
    }
    output->channels = (uint16_t)((uint32_t)input->channels * layer->depth_multiplier);
    windows_draw(layer, input, output, has_code && draw_one_in(2));
    if (has_code) {
        layer->stride_height = (uint8_t)(1u + layer->stride_height % 2u);
        layer->dilation_height = layer->dilation_width = 1;
        const uint32_t taps = (uint32_t)layer->kernel_height * layer->kernel_width;
        code_draw(layer, output->channels, 4u * (4u + (uint64_t)taps));
        const uint32_t turn = ABI_DEPTHWISE_TURN_OUTPUTS / 2u / output->width;
        const bool is_whole = output->height / 2u <= (turn < 1u ? 1u : turn);
        layer->access_pieces = (uint16_t)draw_below(2);
        layer->piece_count =
            (uint16_t)(layer->access_pieces + (is_whole ? 1u : 1u + output->height % 2u));
        return;
    }
    if (draw_one_in(3)) { /* the fast kernels, which are square */
        layer->kernel_width = layer->kernel_height = (uint8_t)(3u + 2u * draw_below(3));
        layer->stride_width = layer->stride_height = (uint8_t)draw_between(1, 2);
        layer->dilation_height = layer->dilation_width = 1;
    }
    const uint32_t taps = (uint32_t)layer->kernel_height * (layer->kernel_width + 1u) * 2u + 20u;
    layer->weights_offset = blob_draw((uint64_t)taps * output->channels);
    channel_numbers_draw(layer, output->channels);
}

/* ---- operators ----------------------------------------------------------------------------- */

static void parameters_draw(abi_layer_t *layer, const abi_tensor_t *input, abi_tensor_t *output) {
    int32_t *const p = layer->parameters;
    const uint16_t sizes[3] = {input->height, input->width, input->channels};
    switch ((abi_operator_t)layer->operator) {
    case abi_operator_mean:
        p[0] = (int32_t)draw_below(8);
        p[1] = draw_number();
        p[2] = (int32_t)draw_below(63) - 31;
        output->height = (p[0] & 1) != 0 ? 1u : sizes[0];
        output->width = (p[0] & 2) != 0 ? 1u : sizes[1];
        output->channels = (p[0] & 4) != 0 ? 1u : sizes[2];
        break;
    case abi_operator_upsample:
        p[0] = (int32_t)draw_size(1, 65535u / sizes[0]);
        p[1] = (int32_t)draw_size(1, 65535u / sizes[1]);
        output->height = (uint16_t)(sizes[0] * (uint32_t)p[0]);
        output->width = (uint16_t)(sizes[1] * (uint32_t)p[1]);
        break;
    case abi_operator_pad:
        layer->pad_top = (int16_t)draw_size(0, 32767);
        layer->pad_bottom = (int16_t)draw_size(0, 32767);
        layer->pad_left = (int16_t)draw_size(0, 32767);
        layer->pad_right = (int16_t)draw_size(0, 32767);
        p[0] = (int32_t)draw_below(UINT32_MAX);
        output->height = (uint16_t)(sizes[0] + layer->pad_top + layer->pad_bottom);
        output->width = (uint16_t)(sizes[1] + layer->pad_left + layer->pad_right);
        break;
    case abi_operator_transpose: {
        const int32_t first = (int32_t)draw_below(3);
        const int32_t second = (first + (int32_t)draw_between(1, 2)) % 3;
        p[0] = first;
        p[1] = second;
        p[2] = 3 - first - second;
        output->height = sizes[p[0]];
        output->width = sizes[p[1]];
        output->channels = sizes[p[2]];
        break;
    }
    case abi_operator_softmax:
        p[0] = draw_number() & INT32_MAX;
        p[1] = (int32_t)draw_below(32);
        p[2] = -(draw_number() & INT32_MAX);
        break;
    case abi_operator_requantize:
        p[0] = draw_number();
        p[1] = (int32_t)draw_below(63) - 31;
        break;
    case abi_operator_add:
        for (int i = 0; i < 6; i += 2) {
            p[i] = draw_number();
            p[i + 1] = i == 4 ? shift_draw(layer) : (int32_t)draw_below(32);
        }
        p[6] = (int32_t)draw_below(ABI_ADD_LEFT_SHIFT + 1u);
        break;
    default:
        break;
    }
}

/* An input of an addition may be broadcast; those of a concatenation share all axes but one. */
static void second_draw(abi_layer_t *layer, const abi_tensor_t *input, abi_tensor_t *second,
                        abi_tensor_t *output) {
    *second = *input;
    if (layer->operator == abi_operator_add && draw_one_in(3)) {
        second->height = second->width = 1;
    }
    if (layer->operator != abi_operator_concatenate) {
        return;
    }
    int32_t *const p = layer->parameters;
    const uint32_t pairs = draw_one_in(2) ? 1u : CONCATENATE_INPUTS_MAX / 2u;
    p[0] = (int32_t)draw_below(3);
    p[1] = (int32_t)(2u * pairs);
    for (uint32_t i = 0; i < pairs; i++) { /* the same two over and over */
        p[2 + i] = (int32_t)(layer->input0 | (uint32_t)layer->input1 << 16);
    }
    uint16_t *const axes[3] = {&second->height, &second->width, &second->channels};
    uint16_t *const whole[3] = {&output->height, &output->width, &output->channels};
    *axes[p[0]] = (uint16_t)draw_size(1, 65535);
    *whole[p[0]] = (uint16_t)(pairs * (*whole[p[0]] + *axes[p[0]]));
}

static uint32_t bytes_of(const abi_tensor_t *tensor) {
    const bool is_wide =
        tensor->element == abi_element_float32 || tensor->element == abi_element_int32;
    const uint64_t bytes = volume(tensor) * (is_wide ? 4u : 1u);
    return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

/* Places three tensors one after another: from a word on, or up to the end of the region. */
static void addresses_draw(abi_tensor_t *tensors) {
    uint64_t total = 0;
    for (int i = 0; i < 3; i++) {
        tensors[i].bytes = bytes_of(&tensors[i]);
        total += (tensors[i].bytes + 3ull) & ~3ull;
    }
    const uint64_t room = total > ABI_TENSOR_BYTES ? 0 : ABI_TENSOR_BYTES - total;
    uint64_t offset = draw_one_in(2) ? room : 4u * (uint64_t)draw_below((uint32_t)room / 4u + 1u);
    for (int i = 0; i < 3; i++) {
        tensors[i].address = (uint32_t)(ABI_TENSOR_ADDRESS + offset);
        offset += (tensors[i].bytes + 3ull) & ~3ull;
    }
}

static int16_t zero_point_draw(void) {
    static const int16_t limits[] = {INT8_MIN, 0, INT8_MAX, UINT8_MAX};
    return draw_one_in(2) ? limits[draw_below(sizeof limits / sizeof limits[0])]
                          : (int16_t)((int32_t)draw_below(256) - 128);
}

/* From all that is stored to a single value. */
static void activation_draw(abi_layer_t *layer) {
    layer->activation_min = INT8_MIN;
    layer->activation_max = INT8_MAX;
    if (draw_one_in(3)) {
        layer->activation_min = (int16_t)((int32_t)draw_below(384) - 128);
        layer->activation_max =
            (int16_t)(255 - (int32_t)draw_below(256u - (uint32_t)layer->activation_min));
    }
}

void layer_draw(abi_layer_t *layer, abi_tensor_t *tensors, uint32_t first) {
    *layer = (abi_layer_t){
        .operator = (uint8_t)draw_between(abi_operator_convolution, abi_operator_fused),
        .requantisation = (uint8_t)draw_below(3),
        .input0 = (uint16_t)first,
        .input1 = (uint16_t)(first + 1u),
        .output = (uint16_t)(first + 2u),
        .input_zero = zero_point_draw(),
        .input1_zero = zero_point_draw(),
        .output_zero = zero_point_draw(),
    };
    activation_draw(layer);
    abi_tensor_t *input = &tensors[0];
    abi_tensor_t *output = &tensors[2];
    *input = tensor_draw(draw_one_in(4) ? ABI_TENSOR_BYTES : 4096u);
    *output = *input;
    parameters_draw(layer, input, output);
    second_draw(layer, input, &tensors[1], output);
    switch ((abi_operator_t)layer->operator) {
    case abi_operator_convolution:
        output->channels = (uint16_t)draw_size(1, 65535);
        if (draw_one_in(4)) {
            input->channels = 3; /* as a picture has */
        }
        windows_draw(layer, input, output, false);
        if (draw_one_in(4)) {
            layer->kernel_height = layer->kernel_width = 3;
            layer->dilation_height = layer->dilation_width = 1;
        }
        product_draw(layer, output->channels,
                     (uint64_t)layer->kernel_height * layer->kernel_width * input->channels);
        if (draw_one_in(4)) {
            winograd_draw(layer, input, output);
        }
        if (layer->form != abi_kernel_form_packed && draw_one_in(2)) {
            layer->parameters[0] = 1; /* code that pools, too */
            layer->columns = 4;
            output->height = (uint16_t)(output->height > 1 ? output->height / 2u : 1u);
            output->width = (uint16_t)(output->width > 1 ? output->width / 2u : 1u);
        }
        break;
    case abi_operator_fused:
        layer->input0 = layer->output;
        break;
    case abi_operator_pointwise:
        output->channels = (uint16_t)draw_size(1, 65535);
        product_draw(layer, output->channels, input->channels);
        break;
    case abi_operator_fully_connected:
        *output = tensor_draw(256u);
        product_draw(layer, (uint32_t)volume(output), volume(input));
        break;
    case abi_operator_depthwise:
        depthwise_draw(layer, input, output);
        break;
    case abi_operator_max_pool:
    case abi_operator_average_pool:
        windows_draw(layer, input, output, true);
        break;
    case abi_operator_quantize:
        input->element = abi_element_float32;
        break;
    case abi_operator_dequantize:
        output->element = abi_element_float32;
        break;
    default:
        break;
    }
    addresses_draw(tensors);
}
