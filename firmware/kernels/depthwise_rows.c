#include "kernels/depthwise_rows.h"

#include "kernels/depthwise_steps.h"

/* The sums of two neighbouring outputs with their windows from p. */
static inline __attribute__((always_inline)) pair_t pair_at(const int8_t *p, int32_t row_bytes,
                                                            const void *taps, int32_t bias,
                                                            int32_t size, int32_t stride) {
    pair_t pair = {bias, bias};
    if (size == 3 && stride == 1) {
        depthwise_steps_3_1(&pair, p, row_bytes, taps);
    } else if (size == 3) {
        depthwise_steps_3_2(&pair, p, row_bytes, taps);
    } else if (size == 5 && stride == 1) {
        depthwise_steps_5_1(&pair, p, row_bytes, taps);
    } else if (size == 5) {
        depthwise_steps_5_2(&pair, p, row_bytes, taps);
    } else if (stride == 1) {
        depthwise_steps_7_1(&pair, p, row_bytes, taps);
    } else {
        depthwise_steps_7_2(&pair, p, row_bytes, taps);
    }
    return pair;
}

/* What all rows of a channel have in common. */
typedef struct {
    const void *taps;
    int32_t row_bytes;
    int32_t step;
    int32_t bias;
    rescale_t rescale;
    range_t range;
} channel_t;

/* Pairs of a row, then an odd last output. */
static inline __attribute__((always_inline)) void
row_of_pairs(const channel_t *channel, const int8_t *p, int8_t *output, int32_t pairs, int32_t odd,
             int32_t size, int32_t stride, abi_requantisation_t form) {
    const int32_t step = channel->step;
    for (; pairs > 0; pairs--) {
        const pair_t pair =
            pair_at(p, channel->row_bytes, channel->taps, channel->bias, size, stride);
        p += 2 * stride;
        const int8_t first = requantise(pair.a, &channel->rescale, &channel->range, form);
        const int8_t second = requantise(pair.b, &channel->rescale, &channel->range, form);
        output[0] = first;
        output[step] = second;
        output += 2 * step;
    }
    if (odd != 0) {
        const pair_t pair =
            pair_at(p, channel->row_bytes, channel->taps, channel->bias, size, stride);
        output[0] = requantise(pair.a, &channel->rescale, &channel->range, form);
    }
}

/* 3x3, saturated: rows in one run. The pair that begins with a row's odd last output ends with the
 * next row's first, which is computed later and then overwrites it. */
static inline __attribute__((always_inline)) void run_of_rows(const channel_t *channel,
                                                              const int8_t *row, int8_t *output,
                                                              int32_t width, int32_t rows,
                                                              int32_t stride) {
    const int32_t pairs = (width + 1) / 2;
    run_3_t run = {
        .bias = channel->bias,
        .multiplier = channel->rescale.multiplier,
        .offset = channel->rescale.offset,
        .shift = channel->rescale.shift,
        .step = channel->step,
        .row_advance = stride * (channel->row_bytes - 2 * pairs),
        .output_advance = (width - 2 * pairs) * channel->step,
        .pairs = (uint32_t)pairs << 16,
        .rows = rows,
    };
    if (stride == 1) {
        depthwise_run_3_1(&run, row, channel->row_bytes, channel->taps, output);
    } else {
        depthwise_run_3_2(&run, row, channel->row_bytes, channel->taps, output);
    }
}

static inline __attribute__((always_inline)) void channel_of_pairs(const depthwise_job_t *job,
                                                                   int32_t index, int32_t size,
                                                                   int32_t stride,
                                                                   abi_requantisation_t form) {
    const void *weights = job->weights + index * job->weight_bytes;
    /* A copy, which registers can hold, where all taps are in them. */
    const taps_3_t taps_3 = *(const taps_3_t *)weights;
    const channel_t channel = {
        .taps = size == 3 ? &taps_3 : weights,
        .row_bytes = job->row_bytes,
        .step = job->output_step,
        .bias = job->bias[index],
        .rescale = rescale_of(job->multiplier[index], job->shift[index], &job->range, form),
        .range = job->range,
    };
    const int32_t width = job->width;
    const int8_t *row = job->window + index * job->plane_bytes;
    int8_t *output = job->output + index;
    int32_t left = job->rows;
    if (size == 3 && form == abi_requantisation_saturate) {
        /* There is no next row after the last, nothing that overwrites beyond it. */
        const int32_t rows = job->is_last && width % 2 != 0 ? left - 1 : left;
        if (rows > 0) {
            run_of_rows(&channel, row, output, width, rows, stride);
            row += rows * stride * channel.row_bytes;
            output += rows * width * channel.step;
            left -= rows;
        }
    }
    for (; left > 0; left--) {
        row_of_pairs(&channel, row, output, width / 2, width % 2, size, stride, form);
        row += stride * channel.row_bytes;
        output += width * channel.step;
    }
}

static inline __attribute__((always_inline)) void
rows_of_pairs(const depthwise_job_t *job, int32_t size, int32_t stride, abi_requantisation_t form) {
    for (int32_t channel = 0; channel < job->channels; channel++) {
        channel_of_pairs(job, channel, size, stride, form);
    }
}

/* Any kernel, stride and dilation; the weights are the int8 taps in order. */
static void channel_any(const depthwise_job_t *job, int32_t channel) {
    const abi_layer_t *layer = job->layer;
    const abi_requantisation_t form = (abi_requantisation_t)layer->requantisation;
    const rescale_t rescale =
        rescale_of(job->multiplier[channel], job->shift[channel], &job->range, form);
    const int8_t *row = job->window + channel * job->plane_bytes;
    int8_t *output = job->output + channel;
    for (int32_t y = 0; y < job->rows; y++) {
        for (int32_t x = 0; x < job->width; x++) {
            const int8_t *taps = job->weights + channel * job->weight_bytes;
            int32_t sum = 0;
            for (int32_t i = 0; i < layer->kernel_height; i++) {
                const int8_t *p =
                    row + x * layer->stride_width + i * layer->dilation_height * job->row_bytes;
                for (int32_t j = 0; j < layer->kernel_width; j++) {
                    sum += *p * *taps++;
                    p += layer->dilation_width;
                }
            }
            /* Sums wrap as those of the other kernels do. */
            const uint32_t doubling = form == abi_requantisation_exact ? 1 : 2;
            const uint32_t whole = (uint32_t)job->bias[channel] + doubling * (uint32_t)sum;
            *output = requantise((int32_t)whole, &rescale, &job->range, form);
            output += job->output_step;
        }
        row += layer->stride_height * job->row_bytes;
    }
}

static void rows_any(const depthwise_job_t *job) {
    for (int32_t channel = 0; channel < job->channels; channel++) {
        channel_any(job, channel);
    }
}

#define ROWS(size, stride)                                                                         \
    static void rows_##size##_##stride##_exact(const depthwise_job_t *job) {                       \
        rows_of_pairs(job, size, stride, abi_requantisation_exact);                                \
    }                                                                                              \
    static void rows_##size##_##stride##_clamp(const depthwise_job_t *job) {                       \
        rows_of_pairs(job, size, stride, abi_requantisation_clamp);                                \
    }                                                                                              \
    static void rows_##size##_##stride##_saturate(const depthwise_job_t *job) {                    \
        rows_of_pairs(job, size, stride, abi_requantisation_saturate);                             \
    }

ROWS(3, 1)
ROWS(3, 2)
ROWS(5, 1)
ROWS(5, 2)
ROWS(7, 1)
ROWS(7, 2)

#define FORMS(size, stride)                                                                        \
    {rows_##size##_##stride##_exact, rows_##size##_##stride##_clamp,                               \
     rows_##size##_##stride##_saturate}

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
    if (!is_fast(layer)) {
        return size * layer->kernel_width;
    }
    return size == 3 ? (int32_t)sizeof(taps_3_t) : size * ((size + 1) / 2) * 4;
}
