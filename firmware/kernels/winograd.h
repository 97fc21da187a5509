/* Convolutions of 3 x 3 by Winograd's minimal filtering: code in the image multiplies and stores,
 * and what is here transforms tiles of 4 x 4 inputs. dvfs_kernel/image/code/winograd_code.py has
 * the arithmetic.
 *
 * A piece is called like those of layer_code.h. A block holds four tiles: for each of the 16 places
 * of a transformed tile, and for every four channels, the words (c0, c2) of all four tiles, then
 * the words (c1, c3). After them stand the addresses of the outputs of each tile: one, where the
 * layer keeps the largest of each 2 x 2 outputs, else four, row by row. */
#ifndef WINOGRAD_H
#define WINOGRAD_H

#include "kernels/context.h"

enum { WINOGRAD_TILES = 4, WINOGRAD_PLACES = 16, WINOGRAD_OUTPUTS = 4 };

/* Scratch that a layer needs at granularity g, which counts tiles; UINT32_MAX where that is beyond
 * 32 bits. */
uint32_t winograd_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                uint32_t granularity);

void winograd_run(const abi_layer_t *layer, const kernel_context_t *context);

#endif
