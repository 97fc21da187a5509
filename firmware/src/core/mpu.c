#include "core/mpu.h"

#include "core/core.h"

/* One region over all 4 GB, in eighths of 512 MB, of which some are left out. */
#define SIZE_4_GB 31u
#define EIGHTHS_LEFT_OPEN 0x87u /* code, SRAM, peripherals; the core's own space */

void mpu_init(void) {
    data_barrier();
    REGISTER(MPU, CTRL) = 0;
    REGISTER(MPU, RNR) = 0;
    REGISTER(MPU, RBAR) = 0;
    /* AP = 0: no access; TEX, C, B = 0: strongly ordered. */
    REGISTER(MPU, RASR) = MPU_RASR_XN_MSK | MPU_RASR_S_MSK | EIGHTHS_LEFT_OPEN << MPU_RASR_SRD_POS |
                          SIZE_4_GB << MPU_RASR_SIZE_POS | MPU_RASR_ENABLE_MSK;
    REGISTER(MPU, CTRL) = MPU_CTRL_PRIVDEFENA_MSK | MPU_CTRL_ENABLE_MSK;
    data_barrier();
    instruction_barrier();
}
