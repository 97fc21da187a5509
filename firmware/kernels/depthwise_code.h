/* Depthwise layers that are computed by code in the image; see layer_code.h.
 *
 * A plane is one channel of the padded input in pairs of rows: a word holds row 2i in its lower and
 * row 2i + 1 in its upper half, as int16. Pieces of the
 * execute segment are
 *
 *     void piece(const uint32_t *plane, const uint32_t *record, int8_t *output,
 *                const limits_t *limits)
 *
 * They convolve one plane after another until their records' end. A layer whose outputs are few
 * brings one piece for all rows; others one for bands of pairs of output rows, so many bytes of a
 * plane, and one for the last row if it is without a neighbour. A channel's record is int32: the
 * bias, weights as pairs of lanes, multiplier, offset, shift. For the access segment a layer of
 * four channels or more brings
 *
 *     void piece(uint32_t *target, const int8_t *upper, const int8_t *lower,
 *                const limits_t *limits)
 *
 * which pairs two rows, four channels at a time, until the target has reached its end. */
#ifndef DEPTHWISE_CODE_H
#define DEPTHWISE_CODE_H

#include "kernels/context.h"

/* For both segments' pieces; where each lies is known to depthwise_code.py and access_code.py. */
typedef struct {
    uint32_t plane_bytes;
    uint32_t four_planes_bytes;
    const uint32_t *target_end;
    const uint32_t *records_end;
    uint32_t band_bytes; /* of a plane */
} limits_t;

/* Words of one channel's record. */
uint32_t depthwise_code_record_words(const abi_layer_t *layer);

/* How many pairs of output rows are made of each channel before it is the next one's turn. */
int32_t depthwise_code_turn(int32_t width);

/* Scratch at granularity g; UINT32_MAX where that is beyond 32 bits. */
uint32_t depthwise_code_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                      uint32_t granularity);

void depthwise_code_run(const abi_layer_t *layer, const kernel_context_t *context);

#endif
