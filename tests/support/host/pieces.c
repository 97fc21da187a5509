/* Models of the code that an image brings: they read and write all that a piece may, by the record
 * of its layer (firmware/kernels/layer_code.h and depthwise_code.h), and compute nothing. */
#include "board.h"
#include "kernels/depthwise_code.h"
#include "kernels/layer_code.h"
#include "kernels/operators.h"
#include "kernels/winograd.h"

static const abi_piece_t *piece_now;

static map_t input_map(void) {
    return map_of(&context_now->tensors[layer_now->input0]);
}

static map_t output_map(void) {
    return map_of(&context_now->tensors[layer_now->output]);
}

static uint64_t column_values(void) {
    const map_t input = input_map();
    if (layer_now->operator == abi_operator_fully_connected) {
        return (uint64_t)map_elements(&input);
    }
    const bool is_window = layer_now->operator == abi_operator_convolution;
    const uint64_t taps = (uint64_t)layer_now->kernel_height * layer_now->kernel_width;
    return (is_window ? taps : 1u) * (uint64_t)input.channels;
}

/* Words of lanes; one more, the address of the outputs, ends a block. */
static uint64_t lane_words(void) {
    return (column_values() + 3u) / 4u * 2u * layer_now->columns;
}

static void execute(const uint32_t *blocks, const void *weights, const uint32_t *end,
                    uint32_t channel) {
    const map_t output = output_map();
    const uint64_t rows = layer_now->operator == abi_operator_fully_connected
                              ? (uint64_t)map_elements(&output)
                              : (uint64_t)output.channels;
    if (layer_now->form == abi_kernel_form_streamed) {
        touch(weights, 4u * piece_now->channels * (4u + (column_values() + 3u) / 4u * 2u));
    }
    for (; blocks < end; blocks += lane_words() + 1u) {
        touch(blocks, 4u * (lane_words() + 1u));
        uint8_t *target = (uint8_t *)(uintptr_t)blocks[lane_words()];
        const uint32_t stored = layer_code_pools(layer_now) ? 1u : layer_now->columns;
        for (uint32_t column = 0; column < stored; column++) {
            touch_written(target + column * rows + channel, piece_now->channels);
        }
    }
    if (blocks != end) {
        board_fail("blocks do not end where their group does");
    }
}

/* Four tiles, and after them the address of each output that is stored. */
static void execute_tiles(const uint32_t *blocks, const void *weights, const uint32_t *end,
                          uint32_t channel) {
    const uint32_t inputs = (uint32_t)input_map().channels / 2u * WINOGRAD_PLACES;
    const uint32_t outputs =
        WINOGRAD_TILES * (layer_code_pools(layer_now) ? 1u : (uint32_t)WINOGRAD_OUTPUTS);
    const uint32_t words = WINOGRAD_TILES * inputs + outputs;
    touch(weights, 4u * (uint64_t)piece_now->channels * (inputs + 4u));
    for (; blocks < end; blocks += words) {
        touch(blocks, 4u * (uint64_t)words);
        for (uint32_t i = 0; i < outputs; i++) {
            uint8_t *target = (uint8_t *)(uintptr_t)blocks[words - outputs + i];
            touch_written(target + channel, piece_now->channels);
        }
    }
    if (blocks != end) {
        board_fail("tiles do not end where their group does");
    }
}

static void widen_pixels(uint32_t *target, const int8_t *source, const uint32_t *end) {
    for (; target < end; target += lane_words() + 1u) {
        touch(source, layer_now->columns * column_values());
        touch_written(target, 4u * lane_words());
        source += layer_now->columns * column_values();
    }
    if (target != end) {
        board_fail("columns do not end where their group does");
    }
}

/* One window, which has no padding. */
static void read_window(const int8_t *source) {
    const map_t input = input_map();
    for (int32_t row = 0; row < layer_now->kernel_height; row++) {
        const int64_t first = (int64_t)row * layer_now->dilation_height * input.width;
        touch(source + first * input.channels,
              (uint64_t)layer_now->kernel_width * (uint64_t)input.channels);
    }
}

static void widen_block(uint32_t *target, const int8_t *source, const uint32_t *end) {
    (void)end;
    const map_t input = input_map();
    const bool is_square = layer_code_pools(layer_now);
    for (int64_t column = 0; column < layer_now->columns; column++) {
        const int64_t y = is_square ? column / 2 * layer_now->stride_height : 0;
        const int64_t x = (is_square ? column % 2 : column) * layer_now->stride_width;
        read_window(source + (y * input.width + x) * input.channels);
    }
    touch_written(target, 4u * lane_words());
}

static void widen_single(uint32_t *target, const int8_t *source, const uint32_t *end) {
    (void)end;
    read_window(source);
    for (uint64_t word = 0; word < lane_words(); word += layer_now->columns) {
        touch_written(target + word, 4u);
    }
}

static int64_t pitch(void) {
    return (int64_t)(output_map().width - 1) * layer_now->stride_width + layer_now->kernel_width;
}

static void pair_four(uint32_t *target, const int8_t *upper, const int8_t *lower,
                      const limits_t *limits) {
    const map_t input = input_map();
    const int64_t inside = pitch() - layer_now->pad_left;
    const int64_t columns = inside < input.width ? inside : input.width;
    for (; target < limits->target_end; target += limits->four_planes_bytes / 4u) {
        for (int64_t x = 0; x < columns; x++) {
            touch(upper + x * input.channels, 4u);
            touch(lower + x * input.channels, 4u);
        }
        for (uint32_t plane = 0; plane < 4u; plane++) {
            touch_written(target + plane * limits->plane_bytes / 4u, 4u * (uint64_t)columns);
        }
        upper += 4;
        lower += 4;
    }
    if (target != limits->target_end) {
        board_fail("planes do not end where their group does");
    }
}

/* So many rows of outputs of all channels, from windows that need so many pairs of rows. */
static void convolve(const uint32_t *plane, const uint32_t *record, int8_t *output,
                     const limits_t *limits, int64_t rows) {
    const map_t map = output_map();
    const int64_t needed = (rows - 1) * layer_now->stride_height + layer_now->kernel_height;
    const uint32_t words = depthwise_code_record_words(layer_now);
    for (; record < limits->records_end; record += words) {
        touch(record, 4u * words);
        touch(plane, 4u * (uint64_t)((needed + 1) / 2 * pitch()));
        for (int64_t i = 0; i < rows * map.width; i++) {
            touch_written(output + i * map.channels, 1);
        }
        plane += limits->plane_bytes / 4u;
        output++;
    }
    if (record != limits->records_end) {
        board_fail("records do not end where their group does");
    }
}

static void convolve_whole(const uint32_t *plane, const uint32_t *record, int8_t *output,
                           const limits_t *limits) {
    convolve(plane, record, output, limits, output_map().height);
}

static void convolve_pairs(const uint32_t *plane, const uint32_t *record, int8_t *output,
                           const limits_t *limits) {
    const int64_t pair_bytes = 4 * pitch() * layer_now->stride_height;
    if (limits->band_bytes % pair_bytes != 0) {
        board_fail("a band is not made of pairs");
    }
    convolve(plane, record, output, limits, 2 * (limits->band_bytes / pair_bytes));
}

static void convolve_last(const uint32_t *plane, const uint32_t *record, int8_t *output,
                          const limits_t *limits) {
    convolve(plane, record, output, limits, 1);
}

/* Ahead of the firmware's own, which is compiled as a weak symbol. */
piece_t layer_code_entry(const kernel_context_t *context, const abi_piece_t *piece) {
    const abi_piece_t *first = blob_at(context, layer_now->pieces_offset);
    const uint32_t index = (uint32_t)(piece - first);
    const bool is_access = index < layer_now->access_pieces;
    touch(piece, sizeof *piece);
    piece_now = piece;
    if (layer_now->operator == abi_operator_depthwise) {
        const map_t output = output_map();
        if (is_access) {
            return (piece_t)(uintptr_t)pair_four;
        }
        if (output.height / 2 <= depthwise_code_turn(output.width)) {
            return (piece_t)(uintptr_t)convolve_whole;
        }
        return (piece_t)(uintptr_t)(index == layer_now->access_pieces ? convolve_pairs
                                                                      : convolve_last);
    }
    if (!is_access) {
        return layer_now->form == abi_kernel_form_winograd ? execute_tiles : execute;
    }
    if (layer_now->operator != abi_operator_convolution) {
        return (piece_t)(uintptr_t)widen_pixels;
    }
    return (piece_t)(uintptr_t)(index == 0 ? widen_block : widen_single);
}
