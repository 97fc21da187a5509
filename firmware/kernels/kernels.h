/* The int8 kernels: plain functions of a layer record and memory. They know nothing of clocks,
 * timers or the protocol; the runtime passes what happens at a DAE boundary as two functions.
 *
 * The arithmetic is that of TensorFlow Lite's reference kernels, byte for byte, at every
 * granularity. Blobs and parameters of a record are what dvfs_kernel/packing.py writes. */
#ifndef KERNELS_H
#define KERNELS_H

#include "abi.h"

typedef struct {
    const uint8_t *image;          /* start of the data image: offsets in a layer count from here */
    const abi_tensor_t *tensors;
    uint8_t *scratch;              /* zero-wait-state buffer, 32-byte aligned */
    uint32_t scratch_bytes;
    uint32_t granularity;          /* 0: interleaved form; other operators than these two ignore it:
                                    * g channel planes (depthwise), g columns (pointwise) */
    void (*enter_memory)(void);    /* called before each access segment (g > 0 only) */
    void (*enter_compute)(void);   /* called before each execute segment (g > 0 only) */
} kernel_context_t;

/* Runs one layer. Returns abi_status_ok, abi_status_buffer_too_small or abi_status_unsupported;
 * anything but ok leaves the output tensor untouched. */
abi_status_t kernel_run(const abi_layer_t *layer, const kernel_context_t *context);

/* Bytes of scratch that kernel_run needs for this layer at granularity g. */
uint32_t kernel_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                              uint32_t granularity);

#endif
