#include "kernels/matrix.h"

#include "kernels/matrix_runs.h"
#include "kernels/simd.h"

#define GROUP_MAX 64

int32_t matrix_group(int32_t columns, uint32_t bytes_each, uint32_t bytes_taken) {
    const int32_t fitting = bytes_taken < ABI_SCRATCH_BYTES
                                ? (int32_t)((ABI_SCRATCH_BYTES - bytes_taken) / bytes_each)
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

static inline __attribute__((always_inline)) void write_two_columns(uint32_t *target,
                                                                    const int8_t *first,
                                                                    const int8_t *second,
                                                                    int32_t values, int doubled) {
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
static inline __attribute__((always_inline)) void
multiply_two(sums_t *sums, const uint32_t *weights, const uint32_t *columns, int32_t words) {
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
static inline __attribute__((always_inline)) void multiply_one(int32_t *first, int32_t *second,
                                                               const uint32_t *weights,
                                                               const uint32_t *column,
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

/* A pair of rows, or a single one, times the columns from an even `first` on. */
static inline __attribute__((always_inline)) void
multiply_rows(const matrix_t *matrix, int32_t row, const uint32_t *columns, int32_t first,
              int32_t count, int8_t *output, abi_requantisation_t form, int both) {
    const range_t range = matrix->range;
    const int32_t rows = matrix->rows;
    const int32_t words = matrix->words;
    const uint32_t *weights = matrix->weights + row * words;
    const row_pair_t pair = row_pair_at(matrix, row, form);
    const uint32_t *x = columns + 2 * words * first;
    int8_t *y = output + first * rows + row;
    int32_t column = first;
    for (; column + 2 <= count; column += 2) {
        sums_t sums = {pair.bias[0], pair.bias[0], pair.bias[1], pair.bias[1]};
        multiply_two(&sums, weights, x, words);
        x += 4 * words;
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
    if (column < count) {
        int32_t a = pair.bias[0];
        int32_t c = pair.bias[1];
        multiply_one(&a, &c, weights, x, words);
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
        multiply_rows(matrix, row, columns, 0, count, output, form, 1);
    }
    if (row < matrix->rows) {
        multiply_rows(matrix, row, columns, 0, count, output, form, 0);
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

/* Whether there is a run (matrix_runs.h) for so many words. */
static int has_run(int32_t words) {
    return words == 2 || words >= 4;
}

static inline void run_pairs(matrix_run_t *run, const uint32_t *columns, int32_t words) {
    switch (words) {
    case 2:
        matrix_run_2(run, columns);
        return;
    case 4:
        matrix_run_4(run, columns);
        return;
    case 6:
        matrix_run_6(run, columns);
        return;
    case 7:
        matrix_run_7(run, columns);
        return;
    default:
        break;
    }
    switch (words % 4) {
    case 0:
        matrix_long_run_0(run, columns);
        break;
    case 1:
        matrix_long_run_1(run, columns);
        break;
    case 2:
        matrix_long_run_2(run, columns);
        break;
    default:
        matrix_long_run_3(run, columns);
        break;
    }
}

/* Pairs of rows and pairs of columns in runs, the rest by multiply_rows. */
static void multiply_in_runs(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                             int8_t *output) {
    const int32_t words = matrix->words;
    const int32_t paired = count & ~1;
    const abi_requantisation_t form = abi_requantisation_saturate;
    matrix_run_t run = {
        .step = matrix->rows,
        .end = columns + 2 * words * paired,
        .rounds = words / 4,
    };
    int32_t row = 0;
    for (; row + 2 <= matrix->rows; row += 2) {
        const int32_t *bias = matrix->bias + row;
        const int32_t *multiplier = matrix->multiplier + row;
        const int32_t *shift = matrix->shift + row;
        run.bias0 = bias[0];
        run.bias1 = bias[1];
        run.multiplier0 = multiplier[0];
        run.multiplier1 = multiplier[1];
        run.shift0 = shift[0];
        run.shift1 = shift[1];
        run.offset0 = rescale_of(multiplier[0], shift[0], &matrix->range, form).offset;
        run.offset1 = rescale_of(multiplier[1], shift[1], &matrix->range, form).offset;
        run.weights = matrix->weights + row * words;
        run.output = output + row;
        run_pairs(&run, columns, words);
        if (paired < count) {
            multiply_rows(matrix, row, columns, paired, count, output, form, 1);
        }
    }
    if (row < matrix->rows) {
        multiply_rows(matrix, row, columns, 0, count, output, form, 0);
    }
}

void matrix_multiply(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                     int8_t *output) {
    switch (matrix->form) {
    case abi_requantisation_saturate:
        if (count >= 2 && has_run(matrix->words)) {
            multiply_in_runs(matrix, columns, count, output);
        } else {
            multiply_saturating(matrix, columns, count, output);
        }
        break;
    case abi_requantisation_clamp:
        multiply_clamping(matrix, columns, count, output);
        break;
    default:
        multiply_exactly(matrix, columns, count, output);
        break;
    }
}
