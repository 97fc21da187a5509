/* I2C1 as a master on PB8 (SCL) and PB9 (SDA): 400 kHz from the HSI. */
#ifndef I2C_H
#define I2C_H

#include <stdbool.h>
#include <stdint.h>

void i2c_init(void);

/* True where the device acknowledged every byte within the time-out. */
bool i2c_write(uint32_t address, const uint8_t *data, uint32_t bytes);
bool i2c_read(uint32_t address, uint8_t *data, uint32_t bytes);

/* The levels of SCL (bit 0) and SDA (bit 1), both high on a bus at rest. */
#define I2C_LEVELS_AT_REST 3u
uint32_t i2c_levels(void);

#endif
