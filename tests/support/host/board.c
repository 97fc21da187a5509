#define _GNU_SOURCE
#include "board.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels/kernels.h"
#include "kernels/layer_code.h"
#include "kernels/operators.h"
#include "kernels/parameters.h"

/* Away from the tensors, unlike the board's: a guard lies on either side. */
#define SCRATCH_ADDRESS 0x30001000u
#define GUARD_BYTES 0x1000u
/* Columns are loaded, and not used, up to this far behind the last. */
#define READ_AHEAD_BYTES 8u
#define CANARY 0xC5

/* Peripherals that the firmware's headers write to in line. */
#define PERIPHERALS_ADDRESS 0x40000000u
#define PERIPHERALS_BYTES 0x80000u

board_counts_t counts;
uint64_t work_limit = 300000;
const abi_layer_t *layer_now;
const kernel_context_t *context_now;

/* kernels.c is compiled under this name: what guards each layer is ahead of it. */
abi_status_t firmware_kernel_run(const abi_layer_t *layer, const kernel_context_t *context);

void board_fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

static void map(uint32_t address, uint32_t bytes) {
    void *wanted = (void *)(uintptr_t)address;
    const int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap(wanted, bytes, PROT_READ | PROT_WRITE, kind, -1, 0) != wanted) {
        board_fail("a memory of the board cannot be mapped where the board has it");
    }
}

void board_map(void) {
    map(ABI_IMAGE_ADDRESS, ABI_IMAGE_BYTES_MAX);
    map(ABI_TENSOR_ADDRESS, ABI_TENSOR_BYTES);
    map(SCRATCH_ADDRESS - GUARD_BYTES, ABI_SCRATCH_BYTES + 2 * GUARD_BYTES);
    map(PERIPHERALS_ADDRESS, PERIPHERALS_BYTES);
    __asan_poison_memory_region((void *)(uintptr_t)(SCRATCH_ADDRESS - GUARD_BYTES),
                                ABI_SCRATCH_BYTES + 2 * GUARD_BYTES);
}

uint8_t *board_image(void) {
    return (uint8_t *)(uintptr_t)ABI_IMAGE_ADDRESS;
}

void board_open_image(void) {
    __asan_unpoison_memory_region(board_image(), ABI_IMAGE_BYTES_MAX);
}

void board_clear_image(void) {
    board_open_image();
    if (madvise(board_image(), ABI_IMAGE_BYTES_MAX, MADV_DONTNEED) != 0) {
        board_fail("the image region cannot be cleared");
    }
}

void board_bound_image(uint32_t bytes) {
    board_open_image();
    __asan_poison_memory_region(board_image() + bytes, ABI_IMAGE_BYTES_MAX - bytes);
}

void touch(const void *from, uint64_t bytes) {
    if (bytes == 0) {
        return;
    }
    const volatile uint8_t *first = from;
    (void)first[0];
    (void)first[bytes - 1];
    const volatile uint8_t *bad = __asan_region_is_poisoned((void *)(uintptr_t)from, bytes);
    if (bad != NULL) {
        (void)*bad;
    }
}

void touch_written(void *from, uint64_t bytes) {
    if (bytes == 0) {
        return;
    }
    touch(from, bytes);
    volatile uint8_t *first = from;
    first[0] = 0;
    first[bytes - 1] = 0;
}

static uint64_t elements(const abi_tensor_t *tensor) {
    return (uint64_t)tensor->height * tensor->width * tensor->channels;
}

/* About how many operations a layer takes. */
static uint64_t work_of(const abi_layer_t *layer, const kernel_context_t *context) {
    const abi_tensor_t *input = &context->tensors[layer->input0];
    const abi_tensor_t *output = &context->tensors[layer->output];
    const uint64_t taps = (uint64_t)layer->kernel_height * layer->kernel_width;
    const uint64_t outputs = elements(output);
    const uint64_t rows = (layer->kernel_height - 1u) * layer->dilation_height + 1u;
    const uint64_t group = context->granularity == 0 ? 32u : context->granularity;
    switch ((abi_operator_t)layer->operator) {
    case abi_operator_convolution:
        return outputs * taps * input->channels;
    case abi_operator_pointwise:
        return outputs * input->channels;
    case abi_operator_fully_connected:
        return outputs * elements(input);
    case abi_operator_depthwise:
        return outputs * taps + ABI_SCRATCH_BYTES / 4u +
               (input->channels / group + 1u) * output->height * rows * (group + 4u);
    case abi_operator_max_pool:
    case abi_operator_average_pool:
        return outputs * taps;
    default:
        return elements(input) + outputs;
    }
}

static void open_tensor(const abi_tensor_t *tensor) {
    __asan_unpoison_memory_region((void *)(uintptr_t)tensor->address, tensor->bytes);
}

/* Only what the layer names is in bounds. */
static void open_tensors(const abi_layer_t *layer, const abi_tensor_t *tensors) {
    open_tensor(&tensors[layer->input0]);
    open_tensor(&tensors[layer->output]);
    if (layer->operator == abi_operator_add) {
        open_tensor(&tensors[layer->input1]);
    }
    const bool concatenates = layer->operator == abi_operator_concatenate;
    const int32_t inputs = concatenates ? layer->parameters[concatenate_count] : 0;
    for (int32_t i = 0; i < inputs; i++) {
        const uint32_t pair = (uint32_t)layer->parameters[concatenate_inputs + i / 2];
        open_tensor(&tensors[concatenate_input(pair, i % 2 != 0)]);
    }
}

static void *tensor_region(void) {
    return (void *)(uintptr_t)ABI_TENSOR_ADDRESS;
}

abi_status_t kernel_run(const abi_layer_t *layer, const kernel_context_t *context) {
    if (work_of(layer, context) > work_limit) {
        counts.layers_too_long++;
        return abi_status_ok;
    }
    kernel_context_t guarded = *context;
    guarded.scratch = (uint8_t *)(uintptr_t)SCRATCH_ADDRESS;
    uint32_t needed = kernel_scratch_bytes(layer, context->tensors, context->granularity);
    if (needed > ABI_SCRATCH_BYTES) {
        board_fail("a layer is run whose scratch was never checked");
    }
    uint8_t *behind = guarded.scratch + needed;
    __asan_unpoison_memory_region(guarded.scratch, needed + READ_AHEAD_BYTES);
    memset(behind, CANARY, READ_AHEAD_BYTES);
    __asan_poison_memory_region(tensor_region(), ABI_TENSOR_BYTES);
    open_tensors(layer, context->tensors);
    layer_now = layer;
    context_now = &guarded;
    const abi_status_t status = firmware_kernel_run(layer, &guarded);
    for (uint32_t i = 0; i < READ_AHEAD_BYTES; i++) {
        if (behind[i] != CANARY) {
            board_fail("a layer wrote behind its scratch");
        }
    }
    __asan_poison_memory_region(guarded.scratch, needed + READ_AHEAD_BYTES);
    __asan_unpoison_memory_region(tensor_region(), ABI_TENSOR_BYTES);
    counts.layers_run++;
    counts.in_segments += context->granularity != 0;
    counts.of_kind[layer->operator][layer->form][layer->requantisation][layer_code_pools(layer)]++;
    return status;
}
