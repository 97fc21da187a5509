/* Sizes that are computed of what an image or a schedule says. They never wrap: what is beyond 32
 * bits is SIZE_BEYOND, and stays it, and no memory is that large. */
#ifndef SIZES_H
#define SIZES_H

#include <stdint.h>

#define SIZE_BEYOND UINT32_MAX

static inline uint32_t size_product(uint32_t a, uint32_t b) {
    const uint64_t product = (uint64_t)a * b;
    return product > SIZE_BEYOND ? SIZE_BEYOND : (uint32_t)product;
}

static inline uint32_t size_sum(uint32_t a, uint32_t b) {
    return a > SIZE_BEYOND - b ? SIZE_BEYOND : a + b;
}

#endif
