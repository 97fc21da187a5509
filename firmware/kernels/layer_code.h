/* Layers that are computed by code in the image: a matrix product like the packed one, but each
 * layer brings the code for its shape, or even for its weights.
 *
 * The code is made by dvfs_kernel/image/code. Its pieces are functions by the procedure call
 * standard. Those of the execute segment are
 *
 *     void piece(const uint32_t *blocks, const void *weights, const uint32_t *end,
 *                uint32_t channel)
 *
 * A block holds as many columns as the layer's record says, widened to int16: for every four values
 * of a column the words (b0, b2) of all columns, then the words (b1, b3). After them stands the
 * address of the first column's output; those of the others follow one pixel later each. A piece
 * computes some output channels, from `channel` on, of all blocks before `end`. `weights` is what
 * streamed pieces read; unpacked ones hold theirs.
 *
 * For the access segment a pointwise layer may bring one piece, another convolution two,
 *
 *     void piece(uint32_t *target, const int8_t *source, const uint32_t *end)
 *
 * That of a pointwise layer widens columns that lie one after the other from `source` on into full
 * blocks, up to `end`. Those of a convolution widen windows that have no padding, the first one a
 * block of windows that lie side by side in a row, the second a single one, whose place in its
 * block is `target`; `source` is the first value. Where the layer pools, the windows of a block lie
 * in a square, row by row, and only the largest output of a channel is stored. The values of a
 * window are in the order of whole words: of each kernel row the values that fill words of four,
 * then the others of each row. */
#ifndef LAYER_CODE_H
#define LAYER_CODE_H

#include "kernels/context.h"
#include "kernels/parameters.h"

typedef void (*piece_t)(const uint32_t *blocks, const void *weights, const uint32_t *end,
                        uint32_t channel);

/* Whether code stores the largest of each 2 x 2 of a convolution's outputs, not all of them. */
static inline int layer_code_pools(const abi_layer_t *layer) {
    return layer->operator == abi_operator_convolution && layer->parameters[convolution_pools] != 0;
}

piece_t layer_code_entry(const kernel_context_t *context, const abi_piece_t *piece);

/* Calls the pieces of the execute segment for blocks that are ready. */
void layer_code_run_pieces(const abi_layer_t *layer, const kernel_context_t *context,
                           const uint32_t *blocks, const uint32_t *end);

/* Scratch that a layer with code needs at granularity g; UINT32_MAX where it is beyond 32 bits. */
uint32_t layer_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                  uint32_t granularity);

/* Runs a convolution, pointwise or fully connected layer whose form is not the packed one. */
void layer_code_run(const abi_layer_t *layer, const kernel_context_t *context);

#endif
