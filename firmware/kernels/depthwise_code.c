#include "kernels/depthwise_code.h"

#include "kernels/layer_code.h"
#include "kernels/operators.h"

/* Of a cache line of a feature map. */
#define CHANNELS_OF_A_LINE 32

typedef void (*pair_t)(uint32_t *target, const int8_t *upper, const int8_t *lower,
                       const uint32_t *end);

typedef struct {
    uint32_t band_bytes;       /* of a plane */
    const uint32_t *records_end;
} limits_t;

typedef void (*convolve_t)(const uint32_t *plane, const uint32_t *record, int8_t *output,
                           const limits_t *limits);

/* The planes of a group of channels, and behind them a row of the feature map that is padding. */
typedef struct {
    uint32_t *data;
    int32_t pairs;         /* of rows */
    int32_t pitch;         /* words of a pair of rows */
    int32_t words;         /* of a plane */
    int32_t channels;
    int32_t columns;       /* of the feature map that windows touch */
    int32_t row_bytes;     /* of the row of padding */
} pair_planes_t;

uint32_t depthwise_code_record_words(const abi_layer_t *layer) {
    const uint32_t height = layer->kernel_height;
    const uint32_t words = layer->stride_height == 2 ? (height + 1u) / 2u
                           : height > 1              ? height - 1u + (height + 1u) % 2u
                                                     : 1u;
    return 4u + layer->kernel_width * words;
}

int32_t depthwise_code_turn(int32_t width) {
    return larger(1, (int32_t)ABI_DEPTHWISE_TURN_OUTPUTS / 2 / width);
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
    planes.row_bytes = (planes.columns * input.channels + 3) & ~3;
    if (granularity != 0) {
        planes.channels =
            granularity < (uint32_t)input.channels ? (int32_t)granularity : input.channels;
        return planes;
    }
    const int32_t fitting = ((int32_t)ABI_SCRATCH_BYTES - planes.row_bytes) / 4 / planes.words;
    const int32_t group = smaller(smaller(input.channels, CHANNELS_OF_A_LINE), fitting);
    planes.channels = larger(1, group >= 4 ? group & ~3 : group);
    return planes;
}

uint32_t depthwise_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                      uint32_t granularity) {
    const pair_planes_t planes = planes_of(layer, tensors, granularity);
    const uint64_t bytes = (uint64_t)(uint32_t)planes.channels * (uint32_t)planes.words * 4u +
                           (uint32_t)planes.row_bytes;
    return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

/* A row of the feature map from a channel on, or the row of padding. */
static const int8_t *row_at(const pair_planes_t *planes, const map_t *input, int32_t y,
                            int32_t channel) {
    if (y < 0 || y >= input->height) {
        return (const int8_t *)(planes->data + planes->channels * planes->words);
    }
    return input->data + y * input->width * input->channels + channel;
}

static void pair_one(uint32_t *target, const int8_t *upper, const int8_t *lower, int32_t step,
                     int32_t columns) {
    for (; columns > 0; columns--) {
        *target++ = ((uint32_t)*upper & 0xFFFFu) | ((uint32_t)*lower << 16);
        upper += step;
        lower += step;
    }
}

static void fill(uint32_t *target, uint32_t word, int32_t count) {
    for (; count > 0; count--) {
        *target++ = word;
    }
}

/* Puts padding around what is gathered later, the same places for every group of channels. */
static void fill_padding(const pair_planes_t *planes, const abi_layer_t *layer,
                         const map_t *input) {
    const int32_t zero_point = layer->input_zero;
    const uint32_t word = ((uint32_t)zero_point & 0xFFFFu) | ((uint32_t)zero_point << 16);
    const int32_t left = layer->pad_left;
    const int32_t right = planes->pitch - left - planes->columns;
    uint32_t *row = planes->data;
    for (int32_t i = 0; i < planes->channels; i++) {
        for (int32_t pair = 0; pair < planes->pairs; pair++) {
            const int32_t y = 2 * pair - layer->pad_top;
            if (y + 1 < 0 || y >= input->height) {
                fill(row, word, planes->pitch);
            } else {
                fill(row, word, left);
                fill(row + left + planes->columns, word, right);
            }
            row += planes->pitch;
        }
    }
    __builtin_memset(row, zero_point, (uint32_t)planes->row_bytes);
}

static void gather(const pair_planes_t *planes, const abi_layer_t *layer, const map_t *input,
                   int32_t channel, int32_t count, pair_t pair_four) {
    for (int32_t pair = 0; pair < planes->pairs; pair++) {
        const int32_t y = 2 * pair - layer->pad_top;
        if (y + 1 < 0 || y >= input->height) {
            continue;
        }
        uint32_t *target = planes->data + pair * planes->pitch + layer->pad_left;
        const int32_t fours = pair_four == NULL ? 0 : count & ~3;
        if (fours > 0) {
            const uint32_t *end = target + fours * planes->words;
            pair_four(target, row_at(planes, input, y, channel),
                      row_at(planes, input, y + 1, channel), end);
            target += fours * planes->words;
        }
        for (int32_t done = fours; done < count; done++) {
            pair_one(target, row_at(planes, input, y, channel + done),
                     row_at(planes, input, y + 1, channel + done), input->channels,
                     planes->columns);
            target += planes->words;
        }
    }
}

/* The execute segment's pieces. */
typedef struct {
    const uint32_t *records;
    uint32_t record_words;
    int32_t pair_words;        /* of a plane from one pair of output rows to the next */
    int32_t turn;              /* pairs of output rows */
    convolve_t pairs;          /* of rows; NULL where there is only one row */
    convolve_t last;           /* row; NULL where it has a neighbour, or comes with the pairs */
} pieces_t;

static pieces_t pieces_of(const abi_layer_t *layer, const kernel_context_t *context,
                          const map_t *output, const pair_planes_t *planes) {
    const abi_piece_t *piece =
        (const abi_piece_t *)blob_at(context, layer->pieces_offset) + layer->access_pieces;
    pieces_t pieces = {
        .records = blob_at(context, piece->weights_offset),
        .record_words = depthwise_code_record_words(layer),
        .pair_words = planes->pitch * layer->stride_height,
        .turn = depthwise_code_turn(output->width),
    };
    const int is_whole = output->height / 2 <= pieces.turn;
    if (is_whole || output->height > 1) {
        pieces.pairs = (convolve_t)(uintptr_t)layer_code_entry(context, piece++);
    }
    if (!is_whole && output->height % 2 != 0) {
        pieces.last = (convolve_t)(uintptr_t)layer_code_entry(context, piece);
    }
    return pieces;
}

/* `count` planes, the first of which is channel `channel`. */
static void convolve(const pieces_t *pieces, const pair_planes_t *planes, const map_t *output,
                     int32_t channel, int32_t count) {
    const uint32_t *records = pieces->records + (uint32_t)channel * pieces->record_words;
    const int32_t pairs = output->height / 2;
    const int32_t row_bytes = output->width * output->channels;
    limits_t limits = {.records_end = records + (uint32_t)count * pieces->record_words};
    int32_t first = 0;
    do {
        const int32_t band = smaller(pieces->turn, pairs - first);
        limits.band_bytes = (uint32_t)(band * pieces->pair_words) * 4u;
        pieces->pairs(planes->data + first * pieces->pair_words, records,
                      output->data + 2 * first * row_bytes + channel, &limits);
        first += pieces->turn;
    } while (first < pairs);
    if (pieces->last != NULL) {
        pieces->last(planes->data + pairs * pieces->pair_words, records,
                     output->data + 2 * pairs * row_bytes + channel, &limits);
    }
}

void depthwise_code_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    pair_planes_t planes = planes_of(layer, context->tensors, context->granularity);
    planes.data = (uint32_t *)(void *)context->scratch;
    const pieces_t pieces = pieces_of(layer, context, &output, &planes);
    const pair_t pair_four =
        layer->access_pieces == 0 ? NULL
                                  : (pair_t)(uintptr_t)layer_code_entry(
                                        context, blob_at(context, layer->pieces_offset));
    for (int32_t channel = 0; channel < input.channels; channel += planes.channels) {
        const int32_t count = smaller(planes.channels, input.channels - channel);
        if (context->granularity != 0) {
            context->enter_memory();
        }
        if (channel == 0) {
            fill_padding(&planes, layer, &input);
        }
        gather(&planes, layer, &input, channel, count, pair_four);
        if (context->granularity != 0) {
            context->enter_compute();
        }
        convolve(&pieces, &planes, &output, channel, count);
    }
}
