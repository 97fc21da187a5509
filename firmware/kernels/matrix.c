#include "matrix.h"

#include "matrix_runs.h"
#include "simd.h"

#define GROUP_MAX 64

int32_t matrix_group(int32_t columns, uint32_t bytes_each, uint32_t bytes_taken) {
    const int32_t fitting =
        bytes_taken < ABI_SCRATCH_BYTES ? (int32_t)((ABI_SCRATCH_BYTES - bytes_taken) / bytes_each)
                                        : 0;
    return larger(1, smaller(smaller(columns, GROUP_MAX), fitting));
}

matrix_t matrix_of(const abi_layer_t *layer, const kernel_context_t *context, int32_t values,
                   int32_t rows) {
    const matrix_t matrix = {
        .weights = blob_at(context, layer->weights_offset),
        .bias = blob_at(context, layer->bias_offset),
        .multiplier = blob_at(context, layer->multiplier_offset),
        .shift = blob_at(context, layer->shift_offset),
        .values = values,
        .words = (values + 3) / 4,
        .rows = rows,
        .range = range_of(layer),
        .form = (abi_requantisation_t)layer->requantisation,
    };
    return matrix;
}

/* The last one to three values of a column in the low bytes of a word. */
static uint32_t load_tail(const int8_t *source, int32_t values) {
    uint32_t word = 0;
    for (int32_t i = 0; i < values; i++) {
        word |= (uint32_t)(uint8_t)source[i] << (8 * i);
    }
    return word;
}

static inline void write_lanes(uint32_t *target, uint32_t word, int doubled) {
    const int16x2_t even = even_bytes(word);
    const int16x2_t odd = odd_bytes(word);
    target[0] = (uint32_t)(doubled ? __sadd16(even, even) : even);
    target[1] = (uint32_t)(doubled ? __sadd16(odd, odd) : odd);
}

static inline __attribute__((always_inline)) void
write_column(uint32_t *target, int32_t step, const int8_t *source, int32_t values, int doubled) {
    for (; values >= 4; values -= 4) {
        write_lanes(target, load_word(source), doubled);
        source += 4;
        target += step;
    }
    if (values > 0) {
        write_lanes(target, load_tail(source, values), doubled);
    }
}

static inline __attribute__((always_inline)) void
write_two_columns(uint32_t *target, const int8_t *first, const int8_t *second, int32_t values,
                  int doubled) {
    for (; values >= 4; values -= 4) {
        write_lanes(target, load_word(first), doubled);
        write_lanes(target + 2, load_word(second), doubled);
        first += 4;
        second += 4;
        target += 4;
    }
    if (values > 0) {
        write_lanes(target, load_tail(first, values), doubled);
        write_lanes(target + 2, load_tail(second, values), doubled);
    }
}

void matrix_write_column(const matrix_t *matrix, uint32_t *columns, int32_t index, int32_t count,
                         const int8_t *source, int32_t values) {
    const int32_t pair = index & ~1;
    const int32_t step = pair + 1 < count ? 4 : 2;
    uint32_t *target = columns + 2 * pair * matrix->words + 2 * (index - pair);
    if (matrix->form == abi_requantisation_exact) {
        write_column(target, step, source, values, 0);
    } else {
        write_column(target, step, source, values, 1);
    }
}

void matrix_write_columns(const matrix_t *matrix, uint32_t *columns, int32_t count,
                          const int8_t *source) {
    const int32_t values = matrix->values;
    for (; count >= 2; count -= 2) {
        if (matrix->form == abi_requantisation_exact) {
            write_two_columns(columns, source, source + values, values, 0);
        } else {
            write_two_columns(columns, source, source + values, values, 1);
        }
        source += 2 * values;
        columns += 4 * matrix->words;
    }
    if (count == 1) {
        matrix_write_column(matrix, columns, 0, 1, source, values);
    }
}

typedef struct {
    rescale_t rescale[2];
    int32_t bias[2];
} row_pair_t;

static row_pair_t row_pair_at(const matrix_t *matrix, int32_t row, abi_requantisation_t form) {
    row_pair_t pair;
    for (int32_t i = 0; i < 2; i++) {
        pair.bias[i] = matrix->bias[row + i];
        pair.rescale[i] =
            rescale_of(matrix->multiplier[row + i], matrix->shift[row + i], &matrix->range, form);
    }
    return pair;
}

/* Two rows times two columns. */
static inline __attribute__((always_inline)) void multiply_two(sums_t *sums,
                                                               const uint32_t *weights,
                                                               const uint32_t *columns,
                                                               int32_t words) {
    if (words >= 4) {
        matrix_rounds(sums, &weights, &columns, words / 4);
    }
    switch (words % 4) {
    case 1:
        matrix_steps_1(sums, weights, columns);
        break;
    case 2:
        matrix_steps_2(sums, weights, columns);
        break;
    case 3:
        matrix_steps_3(sums, weights, columns);
        break;
    default:
        break;
    }
}

/* Two rows times a single column. */
static inline __attribute__((always_inline)) void
multiply_one(int32_t *first, int32_t *second, const uint32_t *weights, const uint32_t *column,
             int32_t words) {
    int32_t a = *first;
    int32_t c = *second;
    const uint32_t *end = weights + 2 * words;
    do {
        const uint32_t w0 = weights[0];
        const uint32_t w1 = weights[1];
        weights += 2;
        const int16x2_t even = lanes(column[0]);
        const int16x2_t odd = lanes(column[1]);
        column += 2;
        a = __smlad(even_bytes(w0), even, a);
        c = __smlad(even_bytes(w1), even, c);
        a = __smlad(odd_bytes(w0), odd, a);
        c = __smlad(odd_bytes(w1), odd, c);
    } while (weights != end);
    *first = a;
    *second = c;
}

/* Pairs of columns through the saturating runs; returns the first column that they left. */
static const uint32_t *multiply_run(const matrix_t *matrix, const row_pair_t *pair,
                                    const uint32_t *weights, const uint32_t *columns,
                                    int32_t pairs, int8_t *output) {
    const int32_t words = matrix->words;
    const uint32_t *end = columns + 4 * words * pairs;
    matrix_run_t run = {
        .bias0 = pair->bias[0],
        .bias1 = pair->bias[1],
        .offset0 = pair->rescale[0].offset,
        .multiplier0 = pair->rescale[0].multiplier,
        .shift0 = pair->rescale[0].shift,
        .offset1 = pair->rescale[1].offset,
        .multiplier1 = pair->rescale[1].multiplier,
        .shift1 = pair->rescale[1].shift,
        .step = matrix->rows,
        .end = end,
        .weights = weights,
        .rounds = words / 4,
        .output = output,
    };
    switch (words) {
    case 2:
        matrix_run_2(&run, columns);
        return end;
    case 4:
        matrix_run_4(&run, columns);
        return end;
    case 6:
        matrix_run_6(&run, columns);
        return end;
    case 7:
        matrix_run_7(&run, columns);
        return end;
    default:
        break;
    }
    if (words < 4) {
        return columns;
    }
    switch (words % 4) {
    case 0:
        matrix_long_run_0(&run, columns);
        break;
    case 1:
        matrix_long_run_1(&run, columns);
        break;
    case 2:
        matrix_long_run_2(&run, columns);
        break;
    default:
        matrix_long_run_3(&run, columns);
        break;
    }
    return end;
}

/* A pair of rows, or a single one, times a group of columns. */
static inline __attribute__((always_inline)) void
multiply_rows(const matrix_t *matrix, int32_t row, const uint32_t *columns, int32_t count,
              int8_t *output, abi_requantisation_t form, int both) {
    const range_t range = matrix->range;
    const int32_t rows = matrix->rows;
    const int32_t words = matrix->words;
    const uint32_t *weights = matrix->weights + row * words;
    const row_pair_t pair = row_pair_at(matrix, row, form);
    int8_t *y = output + row;
    int32_t left = count / 2;
    /* A single pair does not pay for the set-up of a run. */
    if (form == abi_requantisation_saturate && both && left > 1) {
        const uint32_t *rest = multiply_run(matrix, &pair, weights, columns, left, y);
        if (rest != columns) {
            columns = rest;
            y += 2 * left * rows;
            left = 0;
        }
    }
    for (; left > 0; left--) {
        sums_t sums = {pair.bias[0], pair.bias[0], pair.bias[1], pair.bias[1]};
        multiply_two(&sums, weights, columns, words);
        columns += 4 * words;
        y[0] = requantise(sums.a, &pair.rescale[0], &range, form);
        if (both) {
            y[1] = requantise(sums.c, &pair.rescale[1], &range, form);
        }
        y += rows;
        y[0] = requantise(sums.b, &pair.rescale[0], &range, form);
        if (both) {
            y[1] = requantise(sums.d, &pair.rescale[1], &range, form);
        }
        y += rows;
    }
    if (count % 2 != 0) {
        int32_t a = pair.bias[0];
        int32_t c = pair.bias[1];
        multiply_one(&a, &c, weights, columns, words);
        y[0] = requantise(a, &pair.rescale[0], &range, form);
        if (both) {
            y[1] = requantise(c, &pair.rescale[1], &range, form);
        }
    }
}

static inline __attribute__((always_inline)) void multiply(const matrix_t *matrix,
                                                           const uint32_t *columns, int32_t count,
                                                           int8_t *output,
                                                           abi_requantisation_t form) {
    int32_t row = 0;
    for (; row + 2 <= matrix->rows; row += 2) {
        multiply_rows(matrix, row, columns, count, output, form, 1);
    }
    if (row < matrix->rows) {
        multiply_rows(matrix, row, columns, count, output, form, 0);
    }
}

static void multiply_exactly(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                             int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_exact);
}

static void multiply_clamping(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                              int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_clamp);
}

static void multiply_saturating(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                                int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_saturate);
}

void matrix_multiply(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                     int8_t *output) {
    switch (matrix->form) {
    case abi_requantisation_saturate:
        multiply_saturating(matrix, columns, count, output);
        break;
    case abi_requantisation_clamp:
        multiply_clamping(matrix, columns, count, output);
        break;
    default:
        multiply_exactly(matrix, columns, count, output);
        break;
    }
}
