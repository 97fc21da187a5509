/* What the firmware is at, on pins of GPIOE: one BSRR store a boundary, exact to the cycle for
 * whoever watches the pins. */
#ifndef MARKER_H
#define MARKER_H

#include <stdint.h>

#include "abi.h"
#include "core/mmio.h"

_Static_assert(ABI_MARKER_PIN_SEGMENT1 == ABI_MARKER_PIN_SEGMENT0 + 1, "the code's bits adjoin");

#define MARKER_PIN(pin, level) (1u << ((level) ? (pin) : (pin) + 16u))

void marker_init(void);

static inline void marker_trigger(uint32_t level) {
    REGISTER_OF(GPIOE, GPIO, BSRR) = MARKER_PIN(ABI_MARKER_PIN_TRIGGER, level);
}

static inline void marker_window(uint32_t level) {
    REGISTER_OF(GPIOE, GPIO, BSRR) = MARKER_PIN(ABI_MARKER_PIN_WINDOW, level);
}

/* What shows a segment, and the parity of the layer's number. */
static inline uint32_t marker_word(abi_segment_t segment, uint32_t layer) {
    const uint32_t ones = (uint32_t)segment << ABI_MARKER_PIN_SEGMENT0;
    const uint32_t zeros = (~(uint32_t)segment & 3u) << (ABI_MARKER_PIN_SEGMENT0 + 16u);
    return ones | zeros | MARKER_PIN(ABI_MARKER_PIN_LAYER, layer & 1u);
}

static inline void marker_show(uint32_t word) {
    REGISTER_OF(GPIOE, GPIO, BSRR) = word;
}

#endif
