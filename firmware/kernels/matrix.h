/* The matrix product under pointwise, convolution and fully connected layers. */
#ifndef MATRIX_H
#define MATRIX_H

#include "kernels/operators.h"
#include "kernels/requantise.h"

/* Columns of int8 widened to int16: bytes b0 b1 b2 b3 are the words (b0, b2), (b1, b3). Two columns
 * share a run of memory: two words of the first, two of the second, and so on; an odd last column
 * stands alone. A column has `words` groups of four values, zeros at its end. In the bounded forms
 * of requantisation the values are doubled, and so is the bias. */
static inline uint32_t column_bytes(int32_t values) {
    return (uint32_t)((values + 3) / 4) * 8u;
}

typedef struct {
    /* Two rows interleaved by words of four weights; an odd last row is paired with zeros. */
    const uint32_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int32_t *shift;
    int32_t values; /* in a row, and in a column */
    int32_t words;  /* of four values */
    int32_t rows;   /* output channels */
    range_t range;
    abi_requantisation_t form;
} matrix_t;

matrix_t matrix_of(const abi_layer_t *layer, const kernel_context_t *context, int32_t values,
                   int32_t rows);

/* Writes one column at its place among the columns of a group of `count`. Its values may be
 * followed by zeros, up to a whole word. */
void matrix_write_column(const matrix_t *matrix, uint32_t *columns, int32_t index, int32_t count,
                         const int8_t *source, int32_t values);

/* Writes a group of columns that lie one after the other. */
void matrix_write_columns(const matrix_t *matrix, uint32_t *columns, int32_t count,
                          const int8_t *source);

/* output[column * rows + row] for a group of columns. */
void matrix_multiply(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                     int8_t *output);

/* How many columns make a group where no granularity is asked for: as many as the scratch and the
 * D-cache hold (each column touches one 32-byte line of output a pass over 32 rows). */
int32_t matrix_group(int32_t columns, uint32_t bytes_each, uint32_t bytes_taken);

#endif
