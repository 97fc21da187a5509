#include "kernels/winograd.h"

#include "kernels/layer_code.h"
#include "kernels/simd.h"
#include "kernels/sizes.h"
#include "kernels/windows.h"

enum { SIDE = 4 };

/* A layer as tiles of its output. */
typedef struct {
    int32_t channels; /* of the input: a multiple of 4 */
    int32_t rows;     /* output channels */
    int32_t across;   /* tiles side by side */
    int32_t tiles;
    int32_t stored; /* outputs of a tile that are stored */
    int32_t block_words;
    int32_t group; /* blocks of a group */
} tiling_t;

/* Outputs that nobody wants go beside the blocks, and a pixel of zero points lies there. */
static uint32_t bounce_bytes(const tiling_t *tiling) {
    return ((uint32_t)tiling->rows + 3u) & ~3u;
}

static uint32_t bytes_beside_blocks(const tiling_t *tiling) {
    return bounce_bytes(tiling) + (uint32_t)tiling->channels;
}

/* As many blocks as are asked for, else as many as the scratch holds and, by what they write, the
 * D-cache. */
static int32_t group_of(const tiling_t *tiling, uint32_t granularity) {
    const int32_t all = (tiling->tiles + WINOGRAD_TILES - 1) / WINOGRAD_TILES;
    if (granularity != 0) {
        return smaller(((int32_t)granularity + WINOGRAD_TILES - 1) / WINOGRAD_TILES, all);
    }
    const uint32_t beside = bytes_beside_blocks(tiling);
    const uint32_t scratch = beside < ABI_SCRATCH_BYTES ? ABI_SCRATCH_BYTES - beside : 0u;
    const int32_t fitting = (int32_t)(scratch / ((uint32_t)tiling->block_words * 4u));
    const int32_t cached =
        (int32_t)ABI_CODE_OUTPUT_BYTES_MAX / (WINOGRAD_TILES * tiling->stored * tiling->rows);
    return larger(1, smaller(all, smaller(fitting, cached)));
}

static tiling_t tiling_of(const abi_layer_t *layer, const abi_tensor_t *tensors,
                          uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const int pools = layer_code_pools(layer);
    const int32_t side = pools ? 1 : 2; /* outputs of a tile, across and down, that are stored */
    const int32_t across = (output.width + side - 1) / side;
    tiling_t tiling = {
        .channels = input.channels,
        .rows = output.channels,
        .across = across,
        .tiles = across * ((output.height + side - 1) / side),
        .stored = pools ? 1 : WINOGRAD_OUTPUTS,
    };
    tiling.block_words = WINOGRAD_TILES * (WINOGRAD_PLACES * (tiling.channels / 2) + tiling.stored);
    tiling.group = group_of(&tiling, granularity);
    return tiling;
}

uint32_t winograd_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                uint32_t granularity) {
    const tiling_t tiling = tiling_of(layer, tensors, granularity);
    const uint32_t block_bytes = size_product((uint32_t)tiling.block_words, 4u);
    return size_sum(size_product((uint32_t)tiling.group, block_bytes),
                    bytes_beside_blocks(&tiling));
}

/* B^T d, of one column: the rows of B^T are (1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0) and
 * (0, 1, 0, -1). */
static inline void transform_line(int16x2_t *target, const int16x2_t *line, int step) {
    target[0] = __ssub16(line[0], line[2 * step]);
    target[1] = __sadd16(line[step], line[2 * step]);
    target[2] = __ssub16(line[2 * step], line[step]);
    target[3] = __ssub16(line[step], line[3 * step]);
}

/* One tile at its place in a block: B^T d B of two channels at a time. */
static void write_tile(uint32_t *target, const int8_t *const *pixels, int32_t channels) {
    const int32_t place_words = WINOGRAD_TILES * (channels / 2);
    for (int32_t channel = 0; channel < channels; channel += 4) {
        uint32_t words[WINOGRAD_PLACES];
        for (int i = 0; i < WINOGRAD_PLACES; i++) {
            words[i] = load_word(pixels[i] + channel);
        }
        for (int half = 0; half < 2; half++) {
            int16x2_t columns[WINOGRAD_PLACES]; /* column by column */
            for (int x = 0; x < SIDE; x++) {
                int16x2_t lane[SIDE];
                for (int y = 0; y < SIDE; y++) {
                    const uint32_t word = words[SIDE * y + x];
                    lane[y] = half ? odd_bytes(word) : even_bytes(word);
                }
                transform_line(&columns[SIDE * x], lane, 1);
            }
            uint32_t *place = target;
            for (int y = 0; y < SIDE; y++) {
                int16x2_t row[SIDE];
                transform_line(row, &columns[y], SIDE);
                for (int x = 0; x < SIDE; x++) {
                    *place = (uint32_t)row[x];
                    place += place_words;
                }
            }
            target += WINOGRAD_TILES;
        }
    }
}

/* Where the values of a tile's pixels lie; outside of the input those of zero points. */
static void find_pixels(const int8_t **pixels, const map_t *input, int32_t top, int32_t left,
                        const int8_t *outside) {
    for (int32_t y = top; y < top + SIDE; y++) {
        for (int32_t x = left; x < left + SIDE; x++) {
            const int inside = y >= 0 && x >= 0 && y < input->height && x < input->width;
            *pixels++ = inside ? input->data + (y * input->width + x) * input->channels : outside;
        }
    }
}

/* Tells where the outputs of a tile go. */
static void write_addresses(uint32_t *addresses, const tiling_t *tiling, const map_t *output,
                            int32_t y, int32_t x, int8_t *bounce) {
    const int32_t side = tiling->stored == 1 ? 1 : 2;
    for (int32_t row = side * y; row < side * (y + 1); row++) {
        for (int32_t column = side * x; column < side * (x + 1); column++) {
            const int inside = row < output->height && column < output->width;
            int8_t *address =
                inside ? output->data + (row * output->width + column) * tiling->rows : bounce;
            *addresses++ = (uint32_t)(uintptr_t)address;
        }
    }
}

void winograd_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const tiling_t tiling = tiling_of(layer, context->tensors, context->granularity);
    uint32_t *blocks = (uint32_t *)(void *)context->scratch;
    int8_t *outside = (int8_t *)(blocks + tiling.group * tiling.block_words);
    int8_t *bounce = outside + tiling.channels;
    const int32_t step = tiling.group * WINOGRAD_TILES;
    const int32_t addresses = tiling.block_words - WINOGRAD_TILES * tiling.stored;
    window_fill(outside, layer->input_zero, tiling.channels);
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t first = 0; first < tiling.tiles; first += step) {
        const int32_t count = smaller(step, tiling.tiles - first);
        if (context->granularity != 0) {
            context->enter_memory();
        }
        uint32_t *block = blocks;
        for (int32_t done = 0; done < count; block += tiling.block_words) {
            for (int32_t tile = 0; tile < WINOGRAD_TILES; tile++, done++) {
                uint32_t *its = block + addresses + tile * tiling.stored;
                if (done >= count) { /* of a last block that is not full */
                    for (int32_t i = 0; i < tiling.stored; i++) {
                        its[i] = (uint32_t)(uintptr_t)bounce;
                    }
                    continue;
                }
                const int8_t *pixels[WINOGRAD_PLACES];
                find_pixels(pixels, &input, 2 * y - layer->pad_top, 2 * x - layer->pad_left,
                            outside);
                write_tile(block + tile, pixels, tiling.channels);
                write_addresses(its, &tiling, &output, y, x, bounce);
                if (++x == tiling.across) {
                    x = 0;
                    y++;
                }
            }
        }
        if (context->granularity != 0) {
            context->enter_compute();
        }
        layer_code_run_pieces(layer, context, blocks, block);
    }
}
