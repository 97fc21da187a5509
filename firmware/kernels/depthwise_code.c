#include "kernels/depthwise_code.h"

#include "kernels/layer_code.h"
#include "kernels/operators.h"
#include "kernels/sizes.h"

typedef void (*pair_rows_t)(uint32_t *target, const int8_t *upper, const int8_t *lower,
                            const limits_t *limits);

typedef void (*convolve_t)(const uint32_t *plane, const uint32_t *record, int8_t *output,
                           const limits_t *limits);

/* The planes of a group of channels, or a band of rows of them, and behind them a row of the
 * feature map that is padding. */
typedef struct {
    uint32_t *data;
    int32_t band;  /* pairs of output rows; a single last row counts as one */
    int32_t pairs; /* of rows that these need */
    int32_t pitch; /* words of a pair of rows */
    int32_t words; /* of a plane */
    int32_t channels;
    int32_t columns;   /* of the feature map that windows touch */
    int32_t row_bytes; /* of the row of padding */
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

/* Pairs of input rows that so many pairs of output rows need. */
static int32_t pairs_for(const abi_layer_t *layer, int32_t output_pairs) {
    return ((2 * output_pairs - 1) * layer->stride_height + layer->kernel_height + 1) / 2;
}

/* As many channels as are asked for, else those of a cache line; as many rows as fit then. */
static pair_planes_t planes_of(const abi_layer_t *layer, const abi_tensor_t *tensors,
                               uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    pair_planes_t planes = {
        .band = (output.height + 1) / 2,
        .pitch = (output.width - 1) * layer->stride_width + layer->kernel_width,
        .channels = CHANNELS_OF_A_LINE,
    };
    if (granularity != 0) {
        planes.channels = (int32_t)granularity;
    }
    planes.channels = smaller(planes.channels, input.channels);
    planes.columns = smaller(input.width, planes.pitch - layer->pad_left);
    planes.row_bytes = (planes.columns * input.channels + 3) & ~3;
    planes.pairs = pairs_for(layer, planes.band);
    const int32_t fitting =
        larger(0, (int32_t)ABI_SCRATCH_BYTES - planes.row_bytes) / 4 / planes.pitch;
    if (output.height / 2 <= depthwise_code_turn(output.width)) {
        planes.channels = larger(1, smaller(planes.channels, fitting / planes.pairs));
    } else if (planes.pairs > fitting / planes.channels) {
        const int32_t beyond_first = fitting / planes.channels - pairs_for(layer, 1);
        planes.band = 1 + larger(0, beyond_first) / layer->stride_height;
        planes.pairs = pairs_for(layer, planes.band);
    }
    planes.words = planes.pairs * planes.pitch;
    return planes;
}

uint32_t depthwise_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                      uint32_t granularity) {
    const pair_planes_t planes = planes_of(layer, tensors, granularity);
    const uint32_t plane_bytes = size_product((uint32_t)planes.words, 4u);
    return size_sum(size_product((uint32_t)planes.channels, plane_bytes),
                    (uint32_t)planes.row_bytes);
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

/* Puts padding beside what is gathered later, the same places for every band and group. */
static void fill_sides(const pair_planes_t *planes, uint32_t word, int32_t left) {
    const int32_t right = planes->pitch - left - planes->columns;
    uint32_t *row = planes->data;
    for (int32_t i = planes->channels * planes->pairs; i > 0; i--) {
        fill(row, word, left);
        fill(row + left + planes->columns, word, right);
        row += planes->pitch;
    }
    __builtin_memset(row, (int8_t)word, (uint32_t)planes->row_bytes);
}

/* A band of `count` channels, from a pair of input rows on. */
static void gather(const pair_planes_t *planes, const abi_layer_t *layer, const map_t *input,
                   int32_t channel, int32_t count, int32_t first, uint32_t word,
                   pair_rows_t pair_four) {
    const int32_t fours = pair_four == NULL ? 0 : count & ~3;
    for (int32_t pair = 0; pair < planes->pairs; pair++) {
        const int32_t y = 2 * (first + pair) - layer->pad_top;
        uint32_t *target = planes->data + pair * planes->pitch + layer->pad_left;
        if (y + 1 < 0 || y >= input->height) {
            for (int32_t i = 0; i < count; i++) {
                fill(target, word, planes->columns);
                target += planes->words;
            }
            continue;
        }
        if (fours > 0) {
            const limits_t limits = {
                .plane_bytes = (uint32_t)planes->words * 4u,
                .four_planes_bytes = (uint32_t)planes->words * 16u,
                .target_end = target + fours * planes->words,
            };
            pair_four(target, row_at(planes, input, y, channel),
                      row_at(planes, input, y + 1, channel), &limits);
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
    int32_t pair_words; /* of a plane from one pair of output rows to the next */
    int32_t turn;       /* pairs of output rows */
    convolve_t whole;   /* all rows; NULL where there are pieces for bands */
    convolve_t pairs;   /* of rows */
    convolve_t last;    /* row, where it has no neighbour */
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
    const convolve_t first = (convolve_t)(uintptr_t)layer_code_entry(context, piece);
    if (output->height / 2 <= pieces.turn) {
        pieces.whole = first;
        return pieces;
    }
    pieces.pairs = first;
    if (output->height % 2 != 0) {
        pieces.last = (convolve_t)(uintptr_t)layer_code_entry(context, piece + 1);
    }
    return pieces;
}

/* `count` planes, the first of which is channel `channel`, and a band of pairs of output rows from
 * `top` on. */
static void convolve(const pieces_t *pieces, const pair_planes_t *planes, const map_t *output,
                     int32_t channel, int32_t count, int32_t top) {
    const uint32_t *records = pieces->records + (uint32_t)channel * pieces->record_words;
    const int32_t end = smaller(planes->band, output->height / 2 - top);
    const int32_t row_bytes = output->width * output->channels;
    const uint32_t *plane = planes->data;
    int8_t *target = output->data + 2 * top * row_bytes + channel;
    limits_t limits = {
        .plane_bytes = (uint32_t)planes->words * 4u,
        .records_end = records + (uint32_t)count * pieces->record_words,
    };
    if (pieces->whole != NULL) {
        pieces->whole(plane, records, target, &limits);
        return;
    }
    for (int32_t first = 0; first < end; first += pieces->turn) {
        const int32_t turn = smaller(pieces->turn, end - first);
        limits.band_bytes = (uint32_t)(turn * pieces->pair_words) * 4u;
        pieces->pairs(plane, records, target, &limits);
        plane += turn * pieces->pair_words;
        target += 2 * turn * row_bytes;
    }
    if (output->height % 2 != 0 && end < planes->band) {
        pieces->last(plane, records, target, &limits);
    }
}

void depthwise_code_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    pair_planes_t planes = planes_of(layer, context->tensors, context->granularity);
    planes.data = (uint32_t *)(void *)context->scratch;
    const pieces_t pieces = pieces_of(layer, context, &output, &planes);
    const pair_rows_t pair_four = layer->access_pieces == 0
                                      ? NULL
                                      : (pair_rows_t)(uintptr_t)layer_code_entry(
                                            context, blob_at(context, layer->pieces_offset));
    const uint32_t word =
        ((uint32_t)layer->input_zero & 0xFFFFu) | ((uint32_t)layer->input_zero << 16);
    int sides = 0;
    for (int32_t channel = 0; channel < input.channels; channel += planes.channels) {
        const int32_t count = smaller(planes.channels, input.channels - channel);
        for (int32_t top = 0; 2 * top < output.height; top += planes.band) {
            if (context->granularity != 0) {
                context->enter_memory();
            }
            if (!sides) {
                fill_sides(&planes, word, layer->pad_left);
                sides = 1;
            }
            gather(&planes, layer, &input, channel, count, top * layer->stride_height, word,
                   pair_four);
            if (context->granularity != 0) {
                context->enter_compute();
            }
            convolve(&pieces, &planes, &output, channel, count, top);
        }
    }
}
