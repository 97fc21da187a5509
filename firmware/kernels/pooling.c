/* Maximum, average and mean. */
#include "kernels/operators.h"
#include "kernels/parameters.h"
#include "kernels/requantise.h"
#include "kernels/simd.h"

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

static const int8_t *pixel_at(const map_t *input, const window_t *window, int32_t channel) {
    return input->data + (window->top * input->width + window->left) * input->channels + channel;
}

/* The largest values of four channels in a window, from its first pixel on. */
static uint32_t largest_of_four(const window_t *window, const int8_t *pixel, const map_t *input) {
    const int32_t step = input->channels;
    const int32_t columns = window->right - window->left;
    const int32_t next_row = (input->width - columns) * step;
    uint32_t largest = load_word(pixel);
    for (int32_t row = window->top; row < window->bottom; row++) {
        for (int32_t column = columns; column > 0; column--) {
            largest = greater_bytes(largest, load_word(pixel));
            pixel += step;
        }
        pixel += next_row;
    }
    return largest;
}

static uint32_t four_times(int32_t value) {
    return (uint32_t)(uint8_t)value * 0x01010101u;
}

void max_pool_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const range_t range = range_of(layer);
    const uint32_t low = four_times(range.low);
    const uint32_t high = four_times(range.high);
    int8_t *target = output.data;
    for (int32_t y = 0; y < output.height; y++) {
        for (int32_t x = 0; x < output.width; x++) {
            const window_t window = window_at(layer, &input, y, x);
            int32_t channel = 0;
            for (; channel + 4 <= output.channels; channel += 4) {
                const uint32_t largest =
                    largest_of_four(&window, pixel_at(&input, &window, channel), &input);
                store_word(target, lesser_bytes(greater_bytes(largest, low), high));
                target += 4;
            }
            for (; channel < output.channels; channel++) {
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
            const int32_t count = (window.bottom - window.top) * (window.right - window.left);
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
