#include "kernels/layer_code.h"

#include "kernels/simd.h"
#include "kernels/sizes.h"
#include "kernels/windows.h"

piece_t layer_code_entry(const kernel_context_t *context, const abi_piece_t *piece) {
    const abi_image_header_t *header = (const abi_image_header_t *)(const void *)context->image;
    const uint8_t *entry = context->image + header->code_offset + piece->entry;
    return (piece_t)((uintptr_t)entry | 1u); /* Thumb */
}

/* A layer as a matrix product. */
typedef struct {
    int32_t values;    /* of a column */
    int32_t rows;      /* output channels */
    int32_t columns;   /* in all: output pixels */
    int32_t at_a_time; /* columns of a block */
    int32_t stored;    /* columns of a block whose outputs are stored */
    int32_t block_words;
    int32_t group;       /* blocks of a group */
    int gathers;         /* columns are windows, which are gathered before they are widened */
    int32_t kernel_rows; /* of a window */
} product_t;

typedef void (*access_t)(uint32_t *target, const int8_t *source, const uint32_t *end);

static uint32_t bounce_bytes(const product_t *product) {
    return ((uint32_t)product->at_a_time * (uint32_t)product->rows + 3u) & ~3u;
}

/* A full buffer for the outputs of a last block that is not, and for a window as it is and as it
 * is arranged. */
static uint32_t bytes_beside_blocks(const product_t *product) {
    return bounce_bytes(product) + (product->gathers ? 2u * window_bytes(product->values) : 0u);
}

/* As many as are asked for, else as many as the scratch holds and, by what they write, the
 * D-cache. */
static int32_t group_of(const product_t *product, uint32_t granularity) {
    const int32_t all = (product->columns + product->at_a_time - 1) / product->at_a_time;
    if (granularity != 0) {
        const int32_t asked = ((int32_t)granularity + product->at_a_time - 1) / product->at_a_time;
        return smaller(asked, all);
    }
    const uint32_t beside = bytes_beside_blocks(product);
    const uint32_t scratch = beside < ABI_SCRATCH_BYTES ? ABI_SCRATCH_BYTES - beside : 0u;
    const int32_t fitting = (int32_t)(scratch / ((uint32_t)product->block_words * 4u));
    const int32_t cached = (int32_t)ABI_CODE_OUTPUT_BYTES_MAX / (product->stored * product->rows);
    return larger(1, smaller(all, smaller(fitting, cached)));
}

static product_t product_of(const abi_layer_t *layer, const abi_tensor_t *tensors,
                            uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const int is_dense = layer->operator == abi_operator_fully_connected;
    const int pools = layer_code_pools(layer);
    product_t product = {
        .rows = is_dense ? map_elements(&output) : output.channels,
        .columns = (is_dense ? 1 : output.height * output.width) * (pools ? layer->columns : 1),
        .at_a_time = layer->columns,
        .stored = pools ? 1 : layer->columns,
        .gathers = layer->operator == abi_operator_convolution,
        .kernel_rows = layer->kernel_height,
    };
    product.values = is_dense          ? map_elements(&input)
                     : product.gathers ? window_values(layer, &input)
                                       : input.channels;
    product.block_words = (product.values + 3) / 4 * 2 * product.at_a_time + 1;
    product.group = group_of(&product, granularity);
    return product;
}

uint32_t layer_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                  uint32_t granularity) {
    const product_t product = product_of(layer, tensors, granularity);
    const uint32_t block_bytes = size_product((uint32_t)product.block_words, 4u);
    return size_sum(size_product((uint32_t)product.group, block_bytes),
                    bytes_beside_blocks(&product));
}

static inline void write_lanes(uint32_t *target, int32_t step, uint32_t word) {
    target[0] = (uint32_t)even_bytes(word);
    target[step] = (uint32_t)odd_bytes(word);
}

/* One column at its place in a block. */
static void write_column(uint32_t *target, int32_t at_a_time, const int8_t *source,
                         int32_t values) {
    for (; values >= 4; values -= 4) {
        write_lanes(target, at_a_time, load_word(source));
        source += 4;
        target += 2 * at_a_time;
    }
    if (values > 0) {
        write_lanes(target, at_a_time, load_tail(source, values));
    }
}

/* A piece of the access segment; NULL where the layer brings none. */
static access_t access_of(const abi_layer_t *layer, const kernel_context_t *context,
                          uint32_t index) {
    const abi_piece_t *pieces = blob_at(context, layer->pieces_offset);
    return index < layer->access_pieces
               ? (access_t)(uintptr_t)layer_code_entry(context, &pieces[index])
               : NULL;
}

/* Columns that are pixels as they lie in memory. */
static void write_pixels(const product_t *product, uint32_t *blocks, const int8_t *source,
                         int32_t count, access_t access) {
    const int32_t at_a_time = product->at_a_time;
    const int32_t full = access != NULL ? count / at_a_time : 0;
    if (full > 0) {
        const uint32_t *end = blocks + full * product->block_words;
        access(blocks, source, end);
        source += full * at_a_time * product->values;
        blocks += full * product->block_words;
        count -= full * at_a_time;
    }
    int32_t column = 0;
    for (; count > 0; count--) {
        write_column(blocks + column, at_a_time, source, product->values);
        source += product->values;
        if (++column == at_a_time) {
            column = 0;
            blocks += product->block_words;
        }
    }
}

/* The values that fill words of each kernel row first. */
static void arrange(int8_t *target, const int8_t *window, const product_t *product) {
    const int32_t run = product->values / product->kernel_rows;
    const int32_t whole = run & ~3;
    int8_t *rest = target + whole * product->kernel_rows;
    for (int32_t row = 0; row < product->kernel_rows; row++) {
        __builtin_memcpy(target, window, (uint32_t)whole);
        __builtin_memcpy(rest, window + whole, (uint32_t)(run - whole));
        target += whole;
        rest += run - whole;
        window += run;
    }
}

/* Where the next window lies in the output; of windows that are pooled, in what pooling takes. */
typedef struct {
    int32_t y;
    int32_t x;
} place_t;

/* What windows are made of, and by what. */
typedef struct {
    const product_t *product;
    const abi_layer_t *layer;
    map_t input;
    int8_t *window; /* as it is; behind it as it is arranged */
    access_t block; /* pieces that widen windows; NULL where there are none */
    access_t single;
} windows_t;

/* Whether so many windows, side by side, have no padding. */
static int are_inside(const windows_t *windows, int32_t top, int32_t left, int32_t count) {
    const abi_layer_t *layer = windows->layer;
    const int32_t down = (layer->kernel_height - 1) * layer->dilation_height;
    const int32_t right = (count - 1) * layer->stride_width + layer->kernel_width;
    return windows->block != NULL && top >= 0 && left >= 0 && top + down < windows->input.height &&
           left + right <= windows->input.width;
}

static const int8_t *values_at(const map_t *input, int32_t top, int32_t left) {
    return input->data + (top * input->width + left) * input->channels;
}

/* One window at its place in a block. */
static void write_window(const windows_t *windows, uint32_t *target, int32_t top, int32_t left) {
    const product_t *product = windows->product;
    if (are_inside(windows, top, left, 1)) {
        windows->single(target, values_at(&windows->input, top, left), NULL);
        return;
    }
    int8_t *arranged = windows->window + window_bytes(product->values);
    window_gather(windows->window, windows->layer, &windows->input, top, left);
    arrange(arranged, windows->window, product);
    write_column(target, product->at_a_time, arranged, product->values);
}

static void write_windows(const windows_t *windows, int32_t output_width, uint32_t *blocks,
                          int32_t count, place_t *place) {
    const abi_layer_t *layer = windows->layer;
    const int32_t at_a_time = windows->product->at_a_time;
    int32_t column = 0;
    while (count > 0) {
        const int32_t top = place->y * layer->stride_height - layer->pad_top;
        const int32_t left = place->x * layer->stride_width - layer->pad_left;
        int32_t done = 1;
        if (column == 0 && at_a_time <= smaller(count, output_width - place->x) &&
            are_inside(windows, top, left, at_a_time)) {
            windows->block(blocks, values_at(&windows->input, top, left), NULL);
            done = at_a_time;
        } else {
            write_window(windows, blocks + column, top, left);
        }
        count -= done;
        column += done;
        if (column == at_a_time) {
            column = 0;
            blocks += windows->product->block_words;
        }
        place->x += done;
        if (place->x == output_width) {
            place->x = 0;
            place->y++;
        }
    }
}

/* A block for each output of pooling: the windows of a square. */
static void write_squares(const windows_t *windows, int32_t output_width, uint32_t *blocks,
                          int32_t count, place_t *place) {
    const abi_layer_t *layer = windows->layer;
    for (; count > 0; count -= windows->product->at_a_time) {
        const int32_t top = 2 * place->y * layer->stride_height - layer->pad_top;
        const int32_t left = 2 * place->x * layer->stride_width - layer->pad_left;
        const int32_t below = top + layer->stride_height;
        const int32_t beside = left + layer->stride_width;
        if (are_inside(windows, top, left, 2) && are_inside(windows, below, left, 2)) {
            windows->block(blocks, values_at(&windows->input, top, left), NULL);
        } else {
            write_window(windows, blocks, top, left);
            write_window(windows, blocks + 1, top, beside);
            write_window(windows, blocks + 2, below, left);
            write_window(windows, blocks + 3, below, beside);
        }
        blocks += windows->product->block_words;
        if (++place->x == output_width) {
            place->x = 0;
            place->y++;
        }
    }
}

/* Tells each block where its outputs go; those of a last one that is not full go to the bounce
 * buffer first. Returns the end of the blocks. */
static const uint32_t *write_addresses(const product_t *product, uint32_t *blocks, int8_t *output,
                                       int32_t count, int8_t *bounce) {
    uint32_t *address = blocks + product->block_words - 1;
    for (; count >= product->at_a_time; count -= product->at_a_time) {
        *address = (uint32_t)(uintptr_t)output;
        output += product->stored * product->rows;
        address += product->block_words;
    }
    if (count > 0) {
        *address = (uint32_t)(uintptr_t)bounce;
        address += product->block_words;
    }
    return address - (product->block_words - 1);
}

void layer_code_run_pieces(const abi_layer_t *layer, const kernel_context_t *context,
                           const uint32_t *blocks, const uint32_t *end) {
    const abi_piece_t *piece = blob_at(context, layer->pieces_offset);
    piece += layer->access_pieces;
    for (uint32_t i = layer->access_pieces; i < layer->piece_count; i++, piece++) {
        const piece_t run = layer_code_entry(context, piece);
        run(blocks, blob_at(context, piece->weights_offset), end, piece->channel);
    }
}

void layer_code_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const product_t product = product_of(layer, context->tensors, context->granularity);
    uint32_t *blocks = (uint32_t *)(void *)context->scratch;
    int8_t *bounce = (int8_t *)(blocks + product.group * product.block_words);
    const access_t access = access_of(layer, context, 0);
    const windows_t windows = {
        .product = &product,
        .layer = layer,
        .input = input,
        .window = bounce + bounce_bytes(&product),
        .block = access,
        .single = access_of(layer, context, 1),
    };
    const int32_t step = product.group * product.at_a_time;
    place_t place = {0, 0};
    for (int32_t first = 0; first < product.columns; first += step) {
        const int32_t count = smaller(step, product.columns - first);
        if (context->granularity != 0) {
            context->enter_memory();
        }
        if (layer_code_pools(layer)) {
            write_squares(&windows, output.width, blocks, count, &place);
        } else if (product.gathers) {
            write_windows(&windows, output.width, blocks, count, &place);
        } else {
            write_pixels(&product, blocks, input.data + first * product.values, count, access);
        }
        int8_t *target = output.data + first / product.at_a_time * product.stored * product.rows;
        const uint32_t *end = write_addresses(&product, blocks, target, count, bounce);
        if (context->granularity != 0) {
            context->enter_compute();
        }
        layer_code_run_pieces(layer, context, blocks, end);
        const int32_t over = count % product.at_a_time;
        __builtin_memcpy(target + (count - over) * product.rows, bounce,
                         (uint32_t)(over * product.rows));
    }
}
