/* Toggles PE0 as ST's HAL does it: read ODR, write BSRR, in a function of its own. */
#include "benchmark.h"

#include "core/mmio.h"

void toggle_run(uint32_t repeats, void *data, const void *constants);

static __attribute__((noinline)) void toggle(uint32_t pin) {
    const uint32_t output = REGISTER_OF(GPIOE, GPIO, ODR);
    REGISTER_OF(GPIOE, GPIO, BSRR) = (output & pin) << 16 | (~output & pin);
}

BENCHMARK(toggle) void toggle_run(uint32_t repeats, void *data, const void *constants) {
    (void)data;
    (void)constants;
    REGISTER(RCC, AHB1ENR) |= RCC_AHB1ENR_GPIOEEN_MSK;
    (void)REGISTER(RCC, AHB1ENR);
    REGISTER_OF(GPIOE, GPIO, MODER) |= 1u;
    for (uint32_t i = 0; i < repeats; i++) {
        toggle(1u);
    }
}
