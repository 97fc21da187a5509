/* What a kernel works with, beside the record of its layer. */
#ifndef CONTEXT_H
#define CONTEXT_H

#include "abi.h"

typedef struct {
    const uint8_t *image; /* start of the data image: offsets in a layer count from here */
    const abi_tensor_t *tensors;
    uint8_t *scratch; /* zero-wait-state buffer, 32-byte aligned */
    uint32_t scratch_bytes;
    /* 0: interleaved, without segments; else so many channel planes (depthwise), columns
     * (pointwise, layers with code) or tiles at a time; other operators ignore it. */
    uint32_t granularity;
    void (*enter_memory)(void);  /* called before each access segment (g > 0 only) */
    void (*enter_compute)(void); /* called before each execute segment (g > 0 only) */
} kernel_context_t;

#endif
