#include "kernels/depthwise_code.h"

#include "kernels/layer_code.h"
#include "kernels/operators.h"
#include "kernels/simd.h"

/* Of a cache line of a feature map. */
#define CHANNELS_OF_A_LINE 32

/* The planes of a group of channels. */
typedef struct {
    uint32_t *data;
    int32_t pairs;         /* of rows */
    int32_t pitch;         /* words of a pair of rows */
    int32_t words;         /* of a plane */
    int32_t channels;
    int32_t columns;       /* of the feature map that windows touch */
} pair_planes_t;

uint32_t depthwise_code_record_words(const abi_layer_t *layer) {
    const uint32_t height = layer->kernel_height;
    const uint32_t words = layer->stride_height == 2 ? (height + 1u) / 2u
                           : height > 1              ? height - 1u + (height + 1u) % 2u
                                                     : 1u;
    return 4u + layer->kernel_width * words;
}

static pair_planes_t planes_of(const abi_layer_t *layer, const abi_tensor_t *tensors,
                               uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const int32_t rows = (output.height - 1) * layer->stride_height + layer->kernel_height;
    pair_planes_t planes = {
        .pairs = (rows + 1) / 2,
        .pitch = (output.width - 1) * layer->stride_width + layer->kernel_width,
    };
    planes.words = planes.pairs * planes.pitch;
    planes.columns = smaller(input.width, planes.pitch - layer->pad_left);
    if (granularity != 0) {
        planes.channels =
            granularity < (uint32_t)input.channels ? (int32_t)granularity : input.channels;
        return planes;
    }
    const int32_t fitting = (int32_t)ABI_SCRATCH_BYTES / 4 / planes.words;
    const int32_t group = smaller(smaller(input.channels, CHANNELS_OF_A_LINE), fitting);
    planes.channels = larger(1, group >= 4 ? group & ~3 : group);
    return planes;
}

uint32_t depthwise_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                      uint32_t granularity) {
    const pair_planes_t planes = planes_of(layer, tensors, granularity);
    const uint64_t bytes = (uint64_t)(uint32_t)planes.channels * (uint32_t)planes.words * 4u;
    return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

/* A row of the feature map, or of padding: the step from pixel to pixel is 0 there. */
typedef struct {
    const int8_t *pixel;
    int32_t step;
} row_t;

static row_t row_at(const map_t *input, int32_t y, int32_t channel, const uint32_t *padding) {
    row_t row = {(const int8_t *)padding, 0};
    if (y >= 0 && y < input->height) {
        row.pixel = input->data + y * input->width * input->channels + channel;
        row.step = input->channels;
    }
    return row;
}

/* Four channels of a pair of rows, into four planes. */
static void pair_four(uint32_t *target, int32_t plane, row_t upper, row_t lower, int32_t columns) {
    for (; columns > 0; columns--) {
        const uint32_t a = load_word(upper.pixel);
        const uint32_t b = load_word(lower.pixel);
        const uint32_t even_a = (uint32_t)even_bytes(a);
        const uint32_t even_b = (uint32_t)even_bytes(b);
        const uint32_t odd_a = (uint32_t)odd_bytes(a);
        const uint32_t odd_b = (uint32_t)odd_bytes(b);
        upper.pixel += upper.step;
        lower.pixel += lower.step;
        target[0] = (even_a & 0xFFFFu) | (even_b << 16);
        target[plane] = (odd_a & 0xFFFFu) | (odd_b << 16);
        target[2 * plane] = (even_a >> 16) | (even_b & 0xFFFF0000u);
        target[3 * plane] = (odd_a >> 16) | (odd_b & 0xFFFF0000u);
        target++;
    }
}

static void pair_one(uint32_t *target, row_t upper, row_t lower, int32_t columns) {
    for (; columns > 0; columns--) {
        *target++ = ((uint32_t)*upper.pixel & 0xFFFFu) | ((uint32_t)*lower.pixel << 16);
        upper.pixel += upper.step;
        lower.pixel += lower.step;
    }
}

static void fill(const pair_planes_t *planes, int32_t zero_point) {
    const uint32_t word = ((uint32_t)zero_point & 0xFFFFu) | ((uint32_t)zero_point << 16);
    uint32_t *target = planes->data;
    for (int32_t i = planes->channels * planes->words; i > 0; i--) {
        *target++ = word;
    }
}

static void gather(const pair_planes_t *planes, const abi_layer_t *layer, const map_t *input,
                   int32_t channel, int32_t count) {
    const uint32_t padding = (uint32_t)(uint8_t)layer->input_zero * 0x01010101u;
    for (int32_t pair = 0; pair < planes->pairs; pair++) {
        const int32_t y = 2 * pair - layer->pad_top;
        if (y + 1 < 0 || y >= input->height) {
            continue;
        }
        uint32_t *target = planes->data + pair * planes->pitch + layer->pad_left;
        int32_t done = 0;
        for (; done + 4 <= count; done += 4) {
            pair_four(target, planes->words, row_at(input, y, channel + done, &padding),
                      row_at(input, y + 1, channel + done, &padding), planes->columns);
            target += 4 * planes->words;
        }
        for (; done < count; done++) {
            pair_one(target, row_at(input, y, channel + done, &padding),
                     row_at(input, y + 1, channel + done, &padding), planes->columns);
            target += planes->words;
        }
    }
}

void depthwise_code_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    pair_planes_t planes = planes_of(layer, context->tensors, context->granularity);
    planes.data = (uint32_t *)(void *)context->scratch;
    const abi_piece_t *piece = blob_at(context, layer->pieces_offset);
    const piece_t run = layer_code_entry(context, piece);
    const uint32_t *record = blob_at(context, piece->weights_offset);
    const uint32_t record_words = depthwise_code_record_words(layer);
    int8_t *target = output.data;
    for (int32_t channel = 0; channel < input.channels; channel += planes.channels) {
        const int32_t count = smaller(planes.channels, input.channels - channel);
        if (context->granularity != 0) {
            context->enter_memory();
        }
        if (channel == 0) {
            fill(&planes, layer->input_zero);
        }
        gather(&planes, layer, &input, channel, count);
        if (context->granularity != 0) {
            context->enter_compute();
        }
        for (int32_t i = 0; i < count; i++) {
            run(planes.data + i * planes.words, record, (const uint32_t *)(const void *)target, 0);
            record += record_words;
            target++;
        }
    }
}
