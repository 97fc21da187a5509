#include "sensor/i2c.h"

#include "clocks/clock.h"
#include "core/core.h"
#include "core/dwt.h"

#define ALTERNATE_I2C1 4u /* DS11532 Rev 7, table 13: PB8, PB9 */
#define MODE_ALTERNATE 2u
#define PULL_UP 1u
#define PIN_SCL 8u /* and SDA next to it */

/* 16 MHz / 2 = 125 ns a step: SCL low 12 steps, high 6, data hold 2, data set-up 4; with the four
 * cycles that the controller needs to see its own edges 2.5 us a bit. Rising edges add to it. */
#define TIMING                                                                                     \
    (1u << I2C_TIMINGR_PRESC_POS | 11u << I2C_TIMINGR_SCLL_POS | 5u << I2C_TIMINGR_SCLH_POS |      \
     2u << I2C_TIMINGR_SDADEL_POS | 3u << I2C_TIMINGR_SCLDEL_POS)

/* A byte takes 25 us; a device that stretches the clock longer than this is taken for dead. */
#define TIMEOUT_US 10000u

#define FLAGS_CLEARED                                                                              \
    (I2C_ICR_NACKCF_MSK | I2C_ICR_STOPCF_MSK | I2C_ICR_BERRCF_MSK | I2C_ICR_ARLOCF_MSK |           \
     I2C_ICR_OVRCF_MSK)
#define FAILURES (I2C_ISR_NACKF_MSK | I2C_ISR_BERR_MSK | I2C_ISR_ARLO_MSK)

void i2c_init(void) {
    REGISTER(RCC, AHB1ENR) |= RCC_AHB1ENR_GPIOBEN_MSK;
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_I2C1EN_MSK;
    (void)REGISTER(RCC, APB1ENR);

    REGISTER_OF(GPIOB, GPIO, OTYPER) |= GPIO_OTYPER_OT8_MSK | GPIO_OTYPER_OT9_MSK;
    REGISTER_OF(GPIOB, GPIO, PUPDR) =
        (REGISTER_OF(GPIOB, GPIO, PUPDR) & ~(GPIO_PUPDR_PUPDR8_MSK | GPIO_PUPDR_PUPDR9_MSK)) |
        PULL_UP << GPIO_PUPDR_PUPDR8_POS | PULL_UP << GPIO_PUPDR_PUPDR9_POS;
    REGISTER_OF(GPIOB, GPIO, AFRH) =
        (REGISTER_OF(GPIOB, GPIO, AFRH) & ~(GPIO_AFRH_AFR8_MSK | GPIO_AFRH_AFR9_MSK)) |
        ALTERNATE_I2C1 << GPIO_AFRH_AFR8_POS | ALTERNATE_I2C1 << GPIO_AFRH_AFR9_POS;
    REGISTER_OF(GPIOB, GPIO, MODER) =
        (REGISTER_OF(GPIOB, GPIO, MODER) & ~(GPIO_MODER_MODER8_MSK | GPIO_MODER_MODER9_MSK)) |
        MODE_ALTERNATE << GPIO_MODER_MODER8_POS | MODE_ALTERNATE << GPIO_MODER_MODER9_POS;

    REGISTER_OF(I2C1, I2C, CR1) = 0;
    REGISTER_OF(I2C1, I2C, TIMINGR) = TIMING;
    REGISTER_OF(I2C1, I2C, CR1) = I2C_CR1_PE_MSK;
}

/* Waits for a flag; false on a refusal by the device, a disturbed bus or a time-out. */
static bool await(uint32_t flag) {
    const uint32_t start = dwt_cycles();
    const uint32_t limit = (clock_hclk_hz() / 1000000u + 1u) * TIMEOUT_US;
    do {
        const uint32_t status = REGISTER_OF(I2C1, I2C, ISR);
        if (status & FAILURES) {
            return false;
        }
        if (status & flag) {
            return true;
        }
    } while (dwt_cycles() - start < limit);
    return false;
}

/* Frees the bus after a failure: three bus cycles with PE at 0 reset the state machine. */
static bool give_up(void) {
    REGISTER_OF(I2C1, I2C, CR1) = 0;
    (void)REGISTER_OF(I2C1, I2C, CR1);
    (void)REGISTER_OF(I2C1, I2C, CR1);
    (void)REGISTER_OF(I2C1, I2C, CR1);
    REGISTER_OF(I2C1, I2C, CR1) = I2C_CR1_PE_MSK;
    return false;
}

static void begin(uint32_t address, uint32_t bytes, uint32_t direction) {
    REGISTER_OF(I2C1, I2C, ICR) = FLAGS_CLEARED;
    REGISTER_OF(I2C1, I2C, CR2) = address << (I2C_CR2_SADD_POS + 1u) | bytes << I2C_CR2_NBYTES_POS |
                                  direction | I2C_CR2_AUTOEND_MSK | I2C_CR2_START_MSK;
}

static bool finish(void) {
    if (!await(I2C_ISR_STOPF_MSK)) {
        return give_up();
    }
    REGISTER_OF(I2C1, I2C, ICR) = FLAGS_CLEARED;
    return true;
}

bool i2c_write(uint32_t address, const uint8_t *data, uint32_t bytes) {
    begin(address, bytes, 0);
    for (uint32_t i = 0; i < bytes; i++) {
        if (!await(I2C_ISR_TXIS_MSK)) {
            return give_up();
        }
        REGISTER_OF(I2C1, I2C, TXDR) = data[i];
    }
    return finish();
}

bool i2c_read(uint32_t address, uint8_t *data, uint32_t bytes) {
    begin(address, bytes, I2C_CR2_RD_WRN_MSK);
    for (uint32_t i = 0; i < bytes; i++) {
        if (!await(I2C_ISR_RXNE_MSK)) {
            return give_up();
        }
        data[i] = (uint8_t)REGISTER_OF(I2C1, I2C, RXDR);
    }
    return finish();
}

uint32_t i2c_levels(void) {
    return REGISTER_OF(GPIOB, GPIO, IDR) >> PIN_SCL & I2C_LEVELS_AT_REST;
}
