/* Flash sectors 5..11, which hold the data image; the firmware's own are out of reach here. */
#ifndef FLASH_H
#define FLASH_H

#include <stdint.h>

#include "abi.h"

/* Erases the sectors that `bytes` from the start of the image region lie in. The core stands
 * still meanwhile wherever it fetches from flash: up to 4 s a sector. */
abi_status_t flash_erase(uint32_t bytes);

/* Programs whole words at a word-aligned offset into the image region. */
abi_status_t flash_program(uint32_t offset, const uint8_t *data, uint32_t words);

#endif
