/* The INA219 power monitor (SBOS448G) on I2C1. */
#ifndef INA219_H
#define INA219_H

#include <stdbool.h>

#include "abi.h"

/* Writes configuration and calibration, waits for the conversion that they start, and reads every
 * register. Returns abi_status_no_sensor where nothing answers at the address. */
abi_status_t ina219_read(const abi_ina219_request_t *request, abi_ina219_reply_t *reply);

/* Starts conversions as the configuration says, and points the sensor at their shunt voltage. */
bool ina219_start(uint32_t address, uint16_t configuration);

/* Reads the last result, after ina219_start: three bytes on the bus, and no wait. */
bool ina219_shunt_voltage(uint32_t address, int16_t *value);

#endif
