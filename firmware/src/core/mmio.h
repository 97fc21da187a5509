/* Registers by name: REGISTER(RCC, CR) where a block exists once, REGISTER_OF(GPIOE, GPIO, BSRR)
 * for one of several instances. Offsets, fields and bases come from registers.h. */
#ifndef MMIO_H
#define MMIO_H

#include <stdint.h>

#include "registers.h"

#define REGISTER_OF(instance, block, name)                                                         \
    (*(volatile uint32_t *)(uintptr_t)(instance##_BASE + block##_##name##_OFFSET))
#define REGISTER(block, name) REGISTER_OF(block, block, name)

#endif
