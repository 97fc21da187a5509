/* The INA219 power monitor (SBOS448G) on I2C1. */
#ifndef INA219_H
#define INA219_H

#include "abi.h"

/* Writes configuration and calibration, waits for the conversion that they start, and reads every
 * register. Returns abi_status_no_sensor where nothing answers at the address. */
abi_status_t ina219_read(const abi_ina219_request_t *request, abi_ina219_reply_t *reply);

#endif
