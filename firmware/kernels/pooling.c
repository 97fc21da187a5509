/* Maximum, average and mean. */
#include "kernels/operators.h"
#include "kernels/requantise.h"

/* The part of a window that lies inside the feature map. */
typedef struct {
    int32_t top;
    int32_t bottom;
    int32_t left;
    int32_t right;
} window_t;

static window_t window_at(const abi_layer_t *layer, const map_t *input, int32_t y, int32_t x) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    const int32_t left = x * layer->stride_width - layer->pad_left;
    const window_t window = {
        .top = larger(top, 0),
        .bottom = smaller(top + layer->kernel_height, input->height),
        .left = larger(left, 0),
        .right = smaller(left + layer->kernel_width, input->width),
    };
    return window;
}

void max_pool_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const range_t range = range_of(layer);
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        for (int32_t x = 0; x < output.width; x++) {
            const window_t window = window_at(layer, &input, y, x);
            for (int32_t channel = 0; channel < output.channels; channel++) {
                int32_t largest = INT8_MIN;
                for (int32_t i = window.top; i < window.bottom; i++) {
                    const int8_t *pixel =
                        input.data + (i * input.width + window.left) * input.channels + channel;
                    for (int32_t j = window.left; j < window.right; j++) {
                        largest = larger(largest, *pixel);
                        pixel += input.channels;
                    }
                }
                *target++ = (int8_t)clamp(largest, range.low, range.high);
            }
        }
    }
}

/* sum / count, rounded to nearest, ties away from zero. */
static int32_t rounded_average(int32_t sum, int32_t count) {
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void average_pool_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const range_t range = range_of(layer);
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        for (int32_t x = 0; x < output.width; x++) {
            const window_t window = window_at(layer, &input, y, x);
            const int32_t count =
                (window.bottom - window.top) * (window.right - window.left);
            for (int32_t channel = 0; channel < output.channels; channel++) {
                int32_t sum = 0;
                for (int32_t i = window.top; i < window.bottom; i++) {
                    const int8_t *pixel =
                        input.data + (i * input.width + window.left) * input.channels + channel;
                    for (int32_t j = window.left; j < window.right; j++) {
                        sum += *pixel;
                        pixel += input.channels;
                    }
                }
                *target++ = (int8_t)clamp(rounded_average(sum, count), range.low, range.high);
            }
        }
    }
}

/* parameters of mean: bit i set where axis i is averaged over; multiplier and right shift of a sum
 * of differences from the input's zero point. */
enum { mean_axes = 0, mean_multiplier = 1, mean_shift = 2 };

void mean_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int32_t axes = layer->parameters[mean_axes];
    const range_t range = range_of(layer);
    /* How far each sum runs along each axis. */
    const int32_t height = (axes & 1) != 0 ? input.height : 1;
    const int32_t width = (axes & 2) != 0 ? input.width : 1;
    const int32_t channels = (axes & 4) != 0 ? input.channels : 1;
    const int32_t zero_sum = layer->input_zero * height * width * channels;
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        for (int32_t x = 0; x < output.width; x++) {
            for (int32_t channel = 0; channel < output.channels; channel++) {
                int32_t sum = -zero_sum;
                for (int32_t i = 0; i < height; i++) {
                    const int8_t *pixel =
                        input.data + ((y + i) * input.width + x) * input.channels + channel;
                    for (int32_t j = 0; j < width; j++) {
                        for (int32_t k = 0; k < channels; k++) {
                            sum += pixel[k];
                        }
                        pixel += input.channels;
                    }
                }
                const int32_t scaled = rescale_exactly(sum, layer->parameters[mean_multiplier],
                                                       layer->parameters[mean_shift]);
                *target++ = stored_value(scaled, &range);
            }
        }
    }
}
