/* Depthwise convolution.
 *
 * Granularity g: an access segment gathers the whole padded planes of g channels into scratch, an
 * execute segment convolves them one by one. g = 0 is the same arithmetic without segments, on
 * bands of rows of as many channels as a cache line holds, so that input lines are read about
 * once. */
#include "kernels/depthwise_rows.h"
#include "kernels/planes.h"
#include "kernels/sizes.h"

static inline int32_t round_up(int32_t value, int32_t step) {
    return (value + step - 1) / step * step;
}

static int32_t window_extent(int32_t kernel, int32_t dilation) {
    return (kernel - 1) * dilation + 1;
}

static int32_t input_rows(const abi_layer_t *layer, int32_t output_rows) {
    return (output_rows - 1) * layer->stride_height +
           window_extent(layer->kernel_height, layer->dilation_height);
}

static int32_t row_bytes_of(const abi_layer_t *layer, const map_t *output) {
    const int32_t columns = (output->width - 1) * layer->stride_width +
                            window_extent(layer->kernel_width, layer->dilation_width);
    return round_up(columns, 4);
}

/* How the layer is cut: groups of channels, and bands of output rows. */
typedef struct {
    int32_t channels;
    int32_t output_rows;
} cut_t;

static cut_t cut_of(const abi_layer_t *layer, const map_t *input, const map_t *output,
                    uint32_t granularity) {
    cut_t cut = {.output_rows = output->height};
    if (granularity != 0) {
        cut.channels =
            granularity < (uint32_t)input->channels ? (int32_t)granularity : input->channels;
        return cut;
    }
    cut.channels = smaller(input->channels, CHANNELS_OF_A_LINE);
    const int32_t row_bytes = row_bytes_of(layer, output);
    const int32_t fitting =
        ((int32_t)ABI_SCRATCH_BYTES - planes_slack_bytes(row_bytes)) / (cut.channels * row_bytes);
    const int32_t beyond_first = fitting - input_rows(layer, 1);
    const int32_t output_rows = beyond_first < 0 ? 1 : 1 + beyond_first / layer->stride_height;
    cut.output_rows = smaller(cut.output_rows, output_rows);
    return cut;
}

static planes_t planes_of(const abi_layer_t *layer, const map_t *input, const map_t *output,
                          const cut_t *cut, uint8_t *scratch) {
    planes_t planes = {
        .data = (int8_t *)scratch,
        .channels = cut->channels,
        .rows = input_rows(layer, cut->output_rows),
        .row_bytes = row_bytes_of(layer, output),
        .left = layer->pad_left,
        .fill = layer->input_zero,
        .is_band = cut->output_rows < output->height,
    };
    planes.plane_bytes = planes.rows * planes.row_bytes;
    const int32_t columns = (output->width - 1) * layer->stride_width +
                            window_extent(layer->kernel_width, layer->dilation_width);
    planes.columns = smaller(input->width, columns - layer->pad_left);
    return planes;
}

uint32_t depthwise_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                                 uint32_t granularity) {
    const map_t input = map_of(&tensors[layer->input0]);
    const map_t output = map_of(&tensors[layer->output]);
    const cut_t cut = cut_of(layer, &input, &output, granularity);
    const int32_t row_bytes = row_bytes_of(layer, &output);
    const uint32_t plane_bytes =
        size_product((uint32_t)input_rows(layer, cut.output_rows), (uint32_t)row_bytes);
    return size_sum(size_product((uint32_t)cut.channels, plane_bytes),
                    (uint32_t)planes_slack_bytes(row_bytes));
}

typedef struct {
    depthwise_job_t job; /* for the first channel of the layer */
    depthwise_rows_t convolve;
} depthwise_t;

static depthwise_job_t job_at(const depthwise_job_t *first, const int8_t *window,
                              int32_t out_channel, int8_t *output) {
    depthwise_job_t job = *first;
    job.window = window;
    job.weights += out_channel * job.weight_bytes;
    job.bias += out_channel;
    job.multiplier += out_channel;
    job.shift += out_channel;
    job.output = output + out_channel;
    return job;
}

/* Convolves `count` planes, the first of which is channel `channel`, into `rows` rows of output
 * from row `top`. */
static void convolve(const depthwise_t *depthwise, const abi_layer_t *layer, const planes_t *planes,
                     const map_t *output, int32_t channel, int32_t count, int32_t top,
                     int32_t rows) {
    const int32_t multiplier = layer->depth_multiplier;
    const int32_t turn = larger(1, (int32_t)ABI_DEPTHWISE_TURN_OUTPUTS / output->width);
    for (int32_t done = 0; done < rows; done += turn) {
        const int8_t *window = planes->data + done * layer->stride_height * planes->row_bytes;
        int8_t *target = output->data + (top + done) * output->width * output->channels;
        depthwise_job_t first = depthwise->job;
        first.rows = smaller(turn, rows - done);
        first.is_last = top + done + first.rows == output->height;
        if (multiplier == 1) {
            depthwise_job_t job = job_at(&first, window, channel, target);
            job.channels = count;
            job.plane_bytes = planes->plane_bytes;
            depthwise->convolve(&job);
            continue;
        }
        for (int32_t i = 0; i < count; i++) {
            depthwise_job_t job = job_at(&first, window + i * planes->plane_bytes,
                                         (channel + i) * multiplier, target);
            job.channels = multiplier;
            job.plane_bytes = 0;
            depthwise->convolve(&job);
        }
    }
}

void depthwise_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const cut_t cut = cut_of(layer, &input, &output, context->granularity);
    const planes_t planes = planes_of(layer, &input, &output, &cut, context->scratch);
    const depthwise_t depthwise = {
        .job =
            {
                .row_bytes = planes.row_bytes,
                .weights = blob_at(context, layer->weights_offset),
                .weight_bytes = depthwise_weight_bytes(layer),
                .bias = blob_at(context, layer->bias_offset),
                .multiplier = blob_at(context, layer->multiplier_offset),
                .shift = blob_at(context, layer->shift_offset),
                .range = range_of(layer),
                .output_step = output.channels,
                .width = output.width,
                .layer = layer,
            },
        .convolve = depthwise_rows_of(layer),
    };
    int filled = 0;
    for (int32_t channel = 0; channel < input.channels; channel += cut.channels) {
        const int32_t count = smaller(cut.channels, input.channels - channel);
        for (int32_t top = 0; top < output.height; top += cut.output_rows) {
            const int32_t rows = smaller(cut.output_rows, output.height - top);
            if (context->granularity != 0) {
                context->enter_memory();
            }
            if (!filled) {
                planes_fill(&planes);
                filled = 1;
            }
            planes_gather(&planes, &input, channel, count,
                          top * layer->stride_height - layer->pad_top, input_rows(layer, rows));
            if (context->granularity != 0) {
                context->enter_compute();
            }
            convolve(&depthwise, layer, &planes, &output, channel, count, top, rows);
        }
    }
}
