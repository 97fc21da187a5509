/* The memory protection unit keeps the core from reading ahead where nothing answers.
 *
 * By default 0x60000000..0x9FFFFFFF, the place of external memories, is normal memory, which a
 * Cortex-M7 may read speculatively; with no memory controller running behind it such a read can
 * hang the bus. What lies between the peripherals and the core's own space is closed as a whole. */
#ifndef MPU_H
#define MPU_H

void mpu_init(void);

#endif
