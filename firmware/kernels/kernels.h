/* The int8 kernels: plain functions of a layer record and memory. They know nothing of clocks,
 * timers or the protocol; the runtime passes what happens at a DAE boundary as two functions.
 *
 * The arithmetic is that of TensorFlow Lite's reference kernels, byte for byte, at every
 * granularity. Blobs and parameters of a record are what dvfs_kernel/image/packing.py writes. */
#ifndef KERNELS_H
#define KERNELS_H

#include "abi.h"
#include "kernels/context.h"

/* Runs one layer. Returns abi_status_ok, abi_status_buffer_too_small or abi_status_unsupported;
 * anything but ok leaves the output tensor untouched. */
abi_status_t kernel_run(const abi_layer_t *layer, const kernel_context_t *context);

/* Bytes of scratch that kernel_run needs for this layer at granularity g. */
uint32_t kernel_scratch_bytes(const abi_layer_t *layer, const abi_tensor_t *tensors,
                              uint32_t granularity);

#endif
