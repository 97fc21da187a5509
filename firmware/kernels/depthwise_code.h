/* Depthwise layers that are computed by code in the image; see layer_code.h.
 *
 * A plane is one channel of the padded input in pairs of rows: a word holds row 2i in its lower and
 * row 2i + 1 in its upper half, as int16. The piece is called once a channel: `blocks` is the
 * plane, `weights` the channel's record, `end` the address of its first output. A record is int32:
 * the bias, weights as pairs of lanes, multiplier, offset, shift. */
#ifndef DEPTHWISE_CODE_H
#define DEPTHWISE_CODE_H

#include "kernels/context.h"

/* Words of one channel's record. */
uint32_t depthwise_code_record_words(const abi_layer_t *layer);

/* Scratch at granularity g; UINT32_MAX where that is beyond 32 bits. */
uint32_t depthwise_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                      uint32_t granularity);

void depthwise_code_run(const abi_layer_t *layer, const kernel_context_t *context);

#endif
