#include "depthwise_rows.h"

#include "simd.h"

/* A fast kernel's row of taps as int16 lanes: 3 taps (w0, w2), (w1, 0); 5 taps (w0, w2), (w1, w3),
 * (w4, 0); 7 taps (w0, w2), (w1, w3), (w4, w6), (w5, 0). In the bounded forms of requantisation the
 * taps and the bias are doubled. */
static inline __attribute__((always_inline)) void
row_of_two(const int8_t *p, const uint32_t *taps, int32_t size, int32_t stride, int32_t *first,
           int32_t *second) {
    int32_t a = *first;
    int32_t b = *second;
    const uint32_t word0 = load_word(p);
    const int16x2_t e0 = even_bytes(word0);
    const int16x2_t o0 = odd_bytes(word0);
    const int16x2_t t0 = lanes(taps[0]);
    const int16x2_t t1 = lanes(taps[1]);
    if (size == 3) {
        a = __smlad(e0, t0, a);
        a = __smlabb(o0, t1, a);
        if (stride == 1) {
            b = __smlad(o0, t0, b);
            b = __smlatb(e0, t1, b);
        } else {
            b = __smlatb(e0, t0, b);
            b = __smlatb(o0, t1, b);
            b = __smlabt(p[4], t0, b);
        }
    } else {
        const uint32_t word1 = load_word(p + 4);
        const int16x2_t e1 = even_bytes(word1);
        const int16x2_t o1 = odd_bytes(word1);
        const int16x2_t e01 = upper_lower(e0, e1);
        const int16x2_t t2 = lanes(taps[2]);
        a = __smlad(e0, t0, a);
        a = __smlad(o0, t1, a);
        if (stride == 1) {
            b = __smlad(o0, t0, b);
            b = __smlad(e01, t1, b);
        } else {
            const int16x2_t o01 = upper_lower(o0, o1);
            b = __smlad(e01, t0, b);
            b = __smlad(o01, t1, b);
        }
        if (size == 5) {
            a = __smlabb(e1, t2, a);
            b = stride == 1 ? __smlabb(o1, t2, b) : __smlatb(e1, t2, b);
        } else {
            const int16x2_t t3 = lanes(taps[3]);
            a = __smlad(e1, t2, a);
            a = __smlabb(o1, t3, a);
            if (stride == 1) {
                b = __smlad(o1, t2, b);
                b = __smlatb(e1, t3, b);
            } else {
                b = __smlatb(e1, t2, b);
                b = __smlabt(p[8], t2, b);
                b = __smlatb(o1, t3, b);
            }
        }
    }
    *first = a;
    *second = b;
}

static inline __attribute__((always_inline)) void
rows_of_two(const depthwise_job_t *job, int32_t size, int32_t stride, abi_requantisation_t form) {
    const int32_t row_bytes = job->row_bytes;
    const int32_t step = job->output_step;
    const int32_t row_words = (size + 1) / 2;
    const rescale_t rescale = job->rescale;
    const range_t range = *job->range;
    const int8_t *row = job->window;
    int8_t *output = job->output;
    for (int32_t y = 0; y < job->rows; y++) {
        const int8_t *p = row;
        for (int32_t left = job->width; left > 0; left -= 2) {
            int32_t a = job->bias;
            int32_t b = a;
            const uint32_t *taps = job->weights;
            const int8_t *q = p;
            for (int32_t i = 0; i < size; i++) {
                row_of_two(q, taps, size, stride, &a, &b);
                q += row_bytes;
                taps += row_words;
            }
            output[0] = requantise(a, &rescale, &range, form);
            if (left == 1) {
                output += step;
                break;
            }
            output[step] = requantise(b, &rescale, &range, form);
            output += 2 * step;
            p += 2 * stride;
        }
        row += stride * row_bytes;
    }
}

/* Any kernel, stride and dilation; the weights are the int8 taps in order. */
static void rows_any(const depthwise_job_t *job) {
    const abi_layer_t *layer = job->layer;
    const abi_requantisation_t form = (abi_requantisation_t)layer->requantisation;
    const int8_t *row = job->window;
    int8_t *output = job->output;
    for (int32_t y = 0; y < job->rows; y++) {
        for (int32_t x = 0; x < job->width; x++) {
            const int8_t *taps = job->weights;
            int32_t sum = 0;
            for (int32_t i = 0; i < layer->kernel_height; i++) {
                const int8_t *p = row + x * layer->stride_width +
                                  i * layer->dilation_height * job->row_bytes;
                for (int32_t j = 0; j < layer->kernel_width; j++) {
                    sum += *p * *taps++;
                    p += layer->dilation_width;
                }
            }
            const int32_t value =
                form == abi_requantisation_exact ? job->bias + sum : job->bias + 2 * sum;
            *output = requantise(value, &job->rescale, job->range, form);
            output += job->output_step;
        }
        row += layer->stride_height * job->row_bytes;
    }
}

#define ROWS(size, stride)                                                                         \
    static void rows_##size##_##stride##_exact(const depthwise_job_t *job) {                       \
        rows_of_two(job, size, stride, abi_requantisation_exact);                                  \
    }                                                                                              \
    static void rows_##size##_##stride##_clamp(const depthwise_job_t *job) {                       \
        rows_of_two(job, size, stride, abi_requantisation_clamp);                                  \
    }                                                                                              \
    static void rows_##size##_##stride##_saturate(const depthwise_job_t *job) {                    \
        rows_of_two(job, size, stride, abi_requantisation_saturate);                               \
    }

ROWS(3, 1)
ROWS(3, 2)
ROWS(5, 1)
ROWS(5, 2)
ROWS(7, 1)
ROWS(7, 2)

#define FORMS(size, stride)                                                                        \
    {                                                                                              \
        rows_##size##_##stride##_exact, rows_##size##_##stride##_clamp,                            \
            rows_##size##_##stride##_saturate                                                      \
    }

/* By size (3, 5, 7), stride (1, 2) and form (abi_requantisation_t). */
static const depthwise_rows_t fast_rows[3][2][3] = {
    {FORMS(3, 1), FORMS(3, 2)},
    {FORMS(5, 1), FORMS(5, 2)},
    {FORMS(7, 1), FORMS(7, 2)},
};

static int is_fast(const abi_layer_t *layer) {
    const int32_t size = layer->kernel_height;
    return size == layer->kernel_width && (size == 3 || size == 5 || size == 7) &&
           layer->stride_height == layer->stride_width && layer->stride_height <= 2 &&
           layer->dilation_height == 1 && layer->dilation_width == 1;
}

depthwise_rows_t depthwise_rows_of(const abi_layer_t *layer) {
    if (!is_fast(layer)) {
        return rows_any;
    }
    return fast_rows[(layer->kernel_height - 3) / 2][layer->stride_height - 1]
                    [layer->requantisation];
}

int32_t depthwise_weight_bytes(const abi_layer_t *layer) {
    const int32_t size = layer->kernel_height;
    return is_fast(layer) ? size * ((size + 1) / 2) * 4 : size * layer->kernel_width;
}
