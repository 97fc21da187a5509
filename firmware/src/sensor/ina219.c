#include "sensor/ina219.h"

#include "clocks/clock.h"
#include "core/dwt.h"
#include "sensor/i2c.h"

#define REGISTER_CONFIGURATION 0u
#define REGISTER_SHUNT_VOLTAGE 1u
#define REGISTER_BUS_VOLTAGE 2u
#define REGISTER_POWER 3u
#define REGISTER_CURRENT 4u
#define REGISTER_CALIBRATION 5u

#define BUS_VOLTAGE_CONVERSION_READY 2u
#define CONFIGURATION_MODE_MSK 7u
#define MODE_POWER_DOWN 0u
#define MODE_ADC_OFF 4u

/* Two conversions of 128 samples take 136 ms, typically; table 5 allows 10 % more. */
#define CONVERSION_TIMEOUT_MS 200u

static bool write_register(uint32_t address, uint8_t index, uint16_t value) {
    const uint8_t bytes[] = {index, (uint8_t)(value >> 8), (uint8_t)value};
    return i2c_write(address, bytes, sizeof bytes);
}

static bool read_pointed(uint32_t address, uint16_t *value) {
    uint8_t bytes[2];
    if (!i2c_read(address, bytes, sizeof bytes)) {
        return false;
    }
    *value = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return true;
}

static bool read_register(uint32_t address, uint8_t index, uint16_t *value) {
    return i2c_write(address, &index, 1) && read_pointed(address, value);
}

static bool await_conversion(uint32_t address, uint16_t configuration) {
    const uint32_t mode = configuration & CONFIGURATION_MODE_MSK;
    if (mode == MODE_POWER_DOWN || mode == MODE_ADC_OFF) {
        return true;
    }
    const uint32_t start = dwt_cycles();
    const uint32_t limit = clock_hclk_hz() / 1000u * CONVERSION_TIMEOUT_MS;
    uint16_t bus_voltage;
    do {
        if (!read_register(address, REGISTER_BUS_VOLTAGE, &bus_voltage)) {
            return false;
        }
        if (bus_voltage & BUS_VOLTAGE_CONVERSION_READY) {
            return true;
        }
    } while (dwt_cycles() - start < limit);
    return false;
}

abi_status_t ina219_read(const abi_ina219_request_t *request, abi_ina219_reply_t *reply) {
    const uint32_t address = request->address;
    uint16_t shunt_voltage = 0;
    uint16_t current = 0;
    /* Calibration first: writing the configuration starts the conversion that uses it. The power
     * register comes last, since reading it takes the ready flag down. */
    const bool done = write_register(address, REGISTER_CALIBRATION, request->calibration) &&
                      write_register(address, REGISTER_CONFIGURATION, request->configuration) &&
                      await_conversion(address, request->configuration) &&
                      read_register(address, REGISTER_CONFIGURATION, &reply->configuration) &&
                      read_register(address, REGISTER_SHUNT_VOLTAGE, &shunt_voltage) &&
                      read_register(address, REGISTER_BUS_VOLTAGE, &reply->bus_voltage) &&
                      read_register(address, REGISTER_CURRENT, &current) &&
                      read_register(address, REGISTER_CALIBRATION, &reply->calibration) &&
                      read_register(address, REGISTER_POWER, &reply->power);
    reply->shunt_voltage = (int16_t)shunt_voltage;
    reply->current = (int16_t)current;
    return done ? abi_status_ok : abi_status_no_sensor;
}

bool ina219_start(uint32_t address, uint16_t configuration) {
    static const uint8_t shunt_voltage = REGISTER_SHUNT_VOLTAGE;
    return write_register(address, REGISTER_CONFIGURATION, configuration) &&
           i2c_write(address, &shunt_voltage, 1);
}

bool ina219_shunt_voltage(uint32_t address, int16_t *value) {
    uint16_t bits = 0;
    const bool done = read_pointed(address, &bits);
    *value = (int16_t)bits;
    return done;
}
