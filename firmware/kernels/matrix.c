#include "matrix.h"

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

void matrix_write_column(uint32_t *columns, int32_t index, int32_t count, const int8_t *source,
                         int32_t values) {
    const int32_t words = (values + 3) / 4;
    const int32_t pair = index & ~1;
    const int32_t step = pair + 1 < count ? 4 : 2;
    uint32_t *target = columns + 2 * pair * words + 2 * (index - pair);
    for (; values >= 4; values -= 4) {
        const uint32_t word = load_word(source);
        target[0] = (uint32_t)even_bytes(word);
        target[1] = (uint32_t)odd_bytes(word);
        source += 4;
        target += step;
    }
    if (values > 0) {
        const uint32_t word = load_tail(source, values);
        target[0] = (uint32_t)even_bytes(word);
        target[1] = (uint32_t)odd_bytes(word);
    }
}

void matrix_write_columns(uint32_t *columns, int32_t count, const int8_t *source, int32_t values) {
    const int32_t whole = values / 4;
    const int32_t tail = values % 4;
    for (; count >= 2; count -= 2) {
        const int8_t *second = source + values;
        for (int32_t i = 0; i < whole; i++) {
            const uint32_t a = load_word(source);
            const uint32_t b = load_word(second);
            columns[0] = (uint32_t)even_bytes(a);
            columns[1] = (uint32_t)odd_bytes(a);
            columns[2] = (uint32_t)even_bytes(b);
            columns[3] = (uint32_t)odd_bytes(b);
            source += 4;
            second += 4;
            columns += 4;
        }
        if (tail != 0) {
            const uint32_t a = load_tail(source, tail);
            const uint32_t b = load_tail(second, tail);
            columns[0] = (uint32_t)even_bytes(a);
            columns[1] = (uint32_t)odd_bytes(a);
            columns[2] = (uint32_t)even_bytes(b);
            columns[3] = (uint32_t)odd_bytes(b);
            columns += 4;
        }
        source = second + tail;
    }
    if (count == 1) {
        matrix_write_column(columns, 0, 1, source, values);
    }
}

typedef struct {
    rescale_t rescale[2];
    int32_t bias[2];
} row_pair_t;

static inline __attribute__((always_inline)) void multiply(const matrix_t *matrix,
                                                           const uint32_t *columns, int32_t count,
                                                           int8_t *output,
                                                           abi_requantisation_t form) {
    const range_t range = matrix->range;
    const int32_t rows = matrix->rows;
    const uint32_t *weights = matrix->weights;
    const int32_t words = matrix->words;
    for (int32_t row = 0; row < rows; row += 2) {
        row_pair_t pair;
        for (int32_t i = 0; i < 2; i++) {
            pair.bias[i] = matrix->bias[row + i];
            pair.rescale[i] =
                rescale_of(matrix->multiplier[row + i], matrix->shift[row + i], &range, form);
        }
        const int32_t both = row + 1 < rows;
        const uint32_t *x = columns;
        int8_t *y = output + row;
        for (int32_t column = 0; column + 2 <= count; column += 2) {
            int32_t a = pair.bias[0];
            int32_t b = a;
            int32_t c = pair.bias[1];
            int32_t d = c;
            const uint32_t *w = weights;
            const uint32_t *end = weights + 2 * words;
            do {
                const uint32_t w0 = w[0];
                const uint32_t w1 = w[1];
                w += 2;
                const int16x2_t w0_even = even_bytes(w0);
                const int16x2_t w0_odd = odd_bytes(w0);
                const int16x2_t w1_even = even_bytes(w1);
                const int16x2_t w1_odd = odd_bytes(w1);
                const int16x2_t x0_even = lanes(x[0]);
                const int16x2_t x0_odd = lanes(x[1]);
                a = __smlad(w0_even, x0_even, a);
                c = __smlad(w1_even, x0_even, c);
                a = __smlad(w0_odd, x0_odd, a);
                c = __smlad(w1_odd, x0_odd, c);
                const int16x2_t x1_even = lanes(x[2]);
                const int16x2_t x1_odd = lanes(x[3]);
                x += 4;
                b = __smlad(w0_even, x1_even, b);
                d = __smlad(w1_even, x1_even, d);
                b = __smlad(w0_odd, x1_odd, b);
                d = __smlad(w1_odd, x1_odd, d);
            } while (w != end);
            y[0] = requantise(a, &pair.rescale[0], &range, form);
            y[rows] = requantise(b, &pair.rescale[0], &range, form);
            if (both) {
                y[1] = requantise(c, &pair.rescale[1], &range, form);
                y[rows + 1] = requantise(d, &pair.rescale[1], &range, form);
            }
            y += 2 * rows;
        }
        if (count % 2 != 0) {
            int32_t a = pair.bias[0];
            int32_t c = pair.bias[1];
            const uint32_t *w = weights;
            const uint32_t *end = weights + 2 * words;
            do {
                const uint32_t w0 = w[0];
                const uint32_t w1 = w[1];
                w += 2;
                const int16x2_t x_even = lanes(x[0]);
                const int16x2_t x_odd = lanes(x[1]);
                x += 2;
                a = __smlad(even_bytes(w0), x_even, a);
                c = __smlad(even_bytes(w1), x_even, c);
                a = __smlad(odd_bytes(w0), x_odd, a);
                c = __smlad(odd_bytes(w1), x_odd, c);
            } while (w != end);
            y[0] = requantise(a, &pair.rescale[0], &range, form);
            if (both) {
                y[1] = requantise(c, &pair.rescale[1], &range, form);
            }
        }
        weights += 2 * words;
    }
}

static void multiply_saturating(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                                int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_saturate);
}

static void multiply_clamping(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                              int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_clamp);
}

static void multiply_exactly(const matrix_t *matrix, const uint32_t *columns, int32_t count,
                             int8_t *output) {
    multiply(matrix, columns, count, output, abi_requantisation_exact);
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
