/* Channel planes: single channels of a feature map, gathered into scratch with their padding. */
#ifndef PLANES_H
#define PLANES_H

#include "kernels/operators.h"

/* A band of `rows` padded rows of `channels` planes. */
typedef struct {
    int8_t *data;
    int32_t channels;
    int32_t rows;
    int32_t row_bytes;   /* a multiple of 4 */
    int32_t plane_bytes; /* a multiple of 4 */
    int32_t left;        /* where the feature map's column 0 is */
    int32_t columns;     /* of the feature map that the windows touch */
    int32_t fill;        /* the padding's value */
    int is_band;         /* not all rows: other bands leave their rows where padding goes */
} planes_t;

/* Bytes behind the last plane: kernels load, and do not use, words past the last window of a row,
 * and of the row after the last. */
static inline int32_t planes_slack_bytes(int32_t row_bytes) {
    return row_bytes + 16;
}

/* Fills all planes with the padding's value. */
void planes_fill(const planes_t *planes);

/* Gathers `rows` rows, from `top` (negative: above the feature map), of `count` channels. */
void planes_gather(const planes_t *planes, const map_t *input, int32_t channel, int32_t count,
                   int32_t top, int32_t rows);

#endif
