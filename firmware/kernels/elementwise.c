/* Addition, and changes of representation: float to int8 and back, int8 and uint8 to either. */
#include "kernels/requantise.h"

#include "kernels/operators.h"
#include "kernels/parameters.h"

#define TABLE_ENTRIES 256

uint32_t add_scratch_bytes(void) {
    return 2 * TABLE_ENTRIES * sizeof(int32_t);
}

/* What each of the 256 stored values contributes to the sum; twice that in the bounded forms. */
static void fill_table(int32_t *table, int32_t zero_point, const int32_t *rescale,
                       int32_t left_shift, abi_requantisation_t form) {
    for (int32_t i = 0; i < TABLE_ENTRIES; i++) {
        const int32_t value = (int8_t)i - zero_point;
        const int32_t scaled = rescale_exactly(value * (1 << left_shift), rescale[0], rescale[1]);
        table[i] = form == abi_requantisation_exact ? scaled : 2 * scaled;
    }
}

typedef struct {
    const int32_t *table0;
    const int32_t *table1;
    rescale_t rescale;
    range_t range;
} add_t;

static inline __attribute__((always_inline)) void
add_values(const add_t *add, const int8_t *x0, int32_t step0, const int8_t *x1, int32_t step1,
           int8_t *output, int32_t count, abi_requantisation_t form) {
    const rescale_t rescale = add->rescale;
    const range_t range = add->range;
    for (; count > 0; count--) {
        const int32_t sum = add->table0[(uint8_t)*x0] + add->table1[(uint8_t)*x1];
        *output++ = requantise(sum, &rescale, &range, form);
        x0 += step0;
        x1 += step1;
    }
}

static void add_row(const add_t *add, const int8_t *x0, int32_t step0, const int8_t *x1,
                    int32_t step1, int8_t *output, int32_t count, abi_requantisation_t form) {
    if (form == abi_requantisation_exact) {
        add_values(add, x0, step0, x1, step1, output, count, abi_requantisation_exact);
    } else if (form == abi_requantisation_clamp) {
        add_values(add, x0, step0, x1, step1, output, count, abi_requantisation_clamp);
    } else if (step0 == 1 && step1 == 1) {
        add_values(add, x0, 1, x1, 1, output, count, abi_requantisation_saturate);
    } else {
        add_values(add, x0, step0, x1, step1, output, count, abi_requantisation_saturate);
    }
}

/* Elements after which an input begins anew: its own number of them, where it is broadcast. */
void add_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input0 = map_of(&context->tensors[layer->input0]);
    const map_t input1 = map_of(&context->tensors[layer->input1]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const abi_requantisation_t form = (abi_requantisation_t)layer->requantisation;
    const int32_t left_shift = layer->parameters[add_left_shift];
    int32_t *tables = (int32_t *)(void *)context->scratch;
    fill_table(tables, layer->input_zero, &layer->parameters[add_rescale0], left_shift, form);
    fill_table(tables + TABLE_ENTRIES, layer->input1_zero, &layer->parameters[add_rescale1],
               left_shift, form);
    const range_t range = range_of(layer);
    const add_t add = {
        .table0 = tables,
        .table1 = tables + TABLE_ENTRIES,
        .rescale = rescale_of(layer->parameters[add_rescale_sum],
                              layer->parameters[add_rescale_sum + 1], &range, form),
        .range = range,
    };
    const int32_t total = map_elements(&output);
    const int32_t size0 = map_elements(&input0);
    const int32_t size1 = map_elements(&input1);
    const int32_t step0 = size0 > 1;
    const int32_t step1 = size1 > 1;
    /* A run ends where a broadcast input, but for a single value, begins anew. */
    const int32_t run = smaller(size0 > 1 ? size0 : total, size1 > 1 ? size1 : total);
    for (int32_t done = 0; done < total; done += run) {
        add_row(&add, input0.data + (size0 == total ? done : 0), step0,
                input1.data + (size1 == total ? done : 0), step1, output.data + done, run, form);
    }
}

static float scale_of(const abi_tensor_t *tensor) {
    float scale;
    const uint32_t bits = tensor->scale_bits;
    __builtin_memcpy(&scale, &bits, sizeof scale);
    return scale;
}

static inline int32_t element_at(const int8_t *data, int32_t i, int is_unsigned) {
    return is_unsigned ? (int32_t)(uint8_t)data[i] : (int32_t)data[i];
}

void quantize_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const map_t input = map_of(&context->tensors[layer->input0]);
    const map_t output = map_of(&context->tensors[layer->output]);
    const float *source = (const float *)(const void *)input.data;
    const float scale = scale_of(&context->tensors[layer->output]);
    const range_t range = range_of(layer);
    for (int32_t i = 0; i < map_elements(&input); i++) {
        /* VCVTA rounds ties away from zero, saturates, and makes 0 of a NaN. */
        int32_t steps;
        const float quotient = source[i] / scale;
        float rounded;
        __asm__("vcvta.s32.f32 %0, %1" : "=t"(rounded) : "t"(quotient));
        __builtin_memcpy(&steps, &rounded, sizeof steps);
        output.data[i] = stored_value(steps, &range);
    }
}

void dequantize_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const abi_tensor_t *tensor = &context->tensors[layer->input0];
    const map_t input = map_of(tensor);
    const map_t output = map_of(&context->tensors[layer->output]);
    float *target = (float *)(void *)output.data;
    const float scale = scale_of(tensor);
    const int is_unsigned = tensor->element == abi_element_uint8;
    for (int32_t i = 0; i < map_elements(&input); i++) {
        target[i] = scale * (float)(element_at(input.data, i, is_unsigned) - layer->input_zero);
    }
}

void requantize_run(const abi_layer_t *layer, const kernel_context_t *context) {
    const abi_tensor_t *tensor = &context->tensors[layer->input0];
    const map_t input = map_of(tensor);
    const map_t output = map_of(&context->tensors[layer->output]);
    const int is_unsigned = tensor->element == abi_element_uint8;
    const int32_t multiplier = layer->parameters[requantize_multiplier];
    const int32_t shift = layer->parameters[requantize_shift];
    const range_t range = range_of(layer);
    for (int32_t i = 0; i < map_elements(&input); i++) {
        const int32_t value = element_at(input.data, i, is_unsigned) - layer->input_zero;
        output.data[i] = stored_value(rescale_exactly(value, multiplier, shift), &range);
    }
}
