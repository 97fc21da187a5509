/* Channel planes convolved with their kernels: rows of outputs, two outputs at a time. */
#ifndef DEPTHWISE_ROWS_H
#define DEPTHWISE_ROWS_H

#include "kernels/operators.h"
#include "kernels/requantise.h"

typedef struct {
    const int8_t *window; /* top left of the first output's window, first channel */
    int32_t row_bytes;    /* of a plane */
    int32_t plane_bytes;  /* from a channel's plane to the next; 0: all channels have one */
    int32_t channels;
    /* Of the first channel, and the following ones after it; see packing.py. */
    const int8_t *weights;
    int32_t weight_bytes;
    const int32_t *bias;
    const int32_t *multiplier;
    const int32_t *shift;
    range_t range;
    int8_t *output;
    int32_t output_step; /* bytes from one output to the next */
    int32_t width;       /* outputs in a row */
    int32_t rows;        /* rows of outputs */
    int is_last;         /* whether the last of them is the last of the output */
    const abi_layer_t *layer;
} depthwise_job_t;

typedef void (*depthwise_rows_t)(const depthwise_job_t *job);

/* The function for a layer, fast for 3x3, 5x5 and 7x7 with stride 1 or 2 and no dilation. */
depthwise_rows_t depthwise_rows_of(const abi_layer_t *layer);

/* Bytes of packed weights that a channel takes. */
int32_t depthwise_weight_bytes(const abi_layer_t *layer);

#endif
