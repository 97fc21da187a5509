#include "network/flash.h"

#include <stdbool.h>

#include "datasheet.h"
#include "clocks/clock.h"
#include "core/cache.h"
#include "core/core.h"
#include "core/dwt.h"
#include "core/memory.h"

#define SECTOR_FIRST 5u
#define SECTOR_BYTES 0x40000u
#define PARALLEL_32 2u /* 32 bits at once, at 2.7 .. 3.6 V */

/* DS11532 Rev 7, table 56: 2 s for a sector of 256 KB, 100 us for a word, at most. */
#define ERASE_TIMEOUT_US 8000000u
#define PROGRAM_TIMEOUT_US 1000u

#define ERRORS                                                                                     \
    (FLASH_SR_OPERR_MSK | FLASH_SR_WRPERR_MSK | FLASH_SR_PGAERR_MSK | FLASH_SR_PGPERR_MSK |        \
     FLASH_SR_ERSERR_MSK)

static const uint32_t keys[] = DATASHEET_FLASH_KEYS;

static bool wait_ready(uint32_t timeout_us) {
    const uint32_t start = dwt_cycles();
    const uint32_t limit = (clock_hclk_hz() / 1000000u + 1u) * timeout_us;
    while (REGISTER(FLASH, SR) & FLASH_SR_BSY_MSK) {
        if (dwt_cycles() - start > limit) {
            return false;
        }
    }
    return !(REGISTER(FLASH, SR) & ERRORS);
}

static bool unlock(void) {
    if (REGISTER(FLASH, CR) & FLASH_CR_LOCK_MSK) {
        REGISTER(FLASH, KEYR) = keys[0];
        REGISTER(FLASH, KEYR) = keys[1];
    }
    REGISTER(FLASH, SR) = ERRORS | FLASH_SR_EOP_MSK; /* each is cleared by writing 1 */
    return !(REGISTER(FLASH, CR) & FLASH_CR_LOCK_MSK) && wait_ready(PROGRAM_TIMEOUT_US);
}

static abi_status_t lock(bool done) {
    REGISTER(FLASH, CR) = FLASH_CR_LOCK_MSK;
    data_barrier();
    return done ? abi_status_ok : abi_status_flash_failed;
}

abi_status_t flash_erase(uint32_t bytes) {
    /* With two banks the sectors have other sizes and numbers. */
    if (!(REGISTER(FLASH, OPTCR) & FLASH_OPTCR_nDBANK_MSK)) {
        return abi_status_unsupported;
    }
    const uint32_t sectors = (bytes + SECTOR_BYTES - 1u) / SECTOR_BYTES;
    bool done = unlock();
    for (uint32_t sector = SECTOR_FIRST; done && sector < SECTOR_FIRST + sectors; sector++) {
        const uint32_t erase =
            FLASH_CR_SER_MSK | sector << FLASH_CR_SNB_POS | PARALLEL_32 << FLASH_CR_PSIZE_POS;
        REGISTER(FLASH, CR) = erase;
        REGISTER(FLASH, CR) = erase | FLASH_CR_STRT_MSK;
        data_barrier();
        done = wait_ready(ERASE_TIMEOUT_US);
    }
    cache_discard(ABI_IMAGE_ADDRESS, sectors * SECTOR_BYTES);
    return lock(done);
}

abi_status_t flash_program(uint32_t offset, const uint8_t *data, uint32_t words) {
    volatile uint32_t *target = (volatile uint32_t *)(uintptr_t)(ABI_IMAGE_ADDRESS + offset);
    bool done = unlock();
    REGISTER(FLASH, CR) = FLASH_CR_PG_MSK | PARALLEL_32 << FLASH_CR_PSIZE_POS;
    data_barrier();
    instruction_barrier();
    for (uint32_t i = 0; done && i < words; i++) {
        uint32_t word;
        memcpy(&word, data + 4u * i, sizeof word);
        target[i] = word;
        /* Flash is normal memory to the core: without a barrier two words may go out as one. */
        data_barrier();
        done = wait_ready(PROGRAM_TIMEOUT_US);
    }
    const abi_status_t status = lock(done);
    cache_discard(ABI_IMAGE_ADDRESS + offset, 4u * words);
    return status == abi_status_ok &&
                   memcmp((const uint8_t *)(ABI_IMAGE_ADDRESS + offset), data, 4u * words) != 0
               ? abi_status_flash_failed
               : status;
}
