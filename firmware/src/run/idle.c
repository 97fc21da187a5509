#include "run/idle.h"

#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "clocks/stop.h"
#include "core/core.h"
#include "core/dwt.h"
#include "network/schedule.h"

/* Gated Sleep on 16 MHz / 16: of the 1.6 mA that the core draws asleep above its static current at
 * 25 MHz (DS11532 Rev 7, table 33) 0.06 are left, and a wake-up from there is still fast. */
#define GATED_DIVIDER_LOG2 4u
/* From 1 MHz: the wake-up, and back to 16 MHz in time for the exact end. */
#define RETURN_TICKS (ABI_GATED_TICKS_MIN / 2u)
/* What lptim_sleep_until may need to wake and return, in core cycles. */
#define WAKE_CYCLES 600u
/* From a look at the time to the caller's next instruction, beside the wait in between. */
#define END_CYCLES 34u

/* What may stand while the core sleeps: every peripheral that this firmware enables, but for
 * LPTIM1. Memories and their interfaces stay: the data sheet gives no figure that would pay for a
 * risk. */
#define AHB1_GATED                                                                                 \
    (RCC_AHB1LPENR_GPIOALPEN_MSK | RCC_AHB1LPENR_GPIOBLPEN_MSK | RCC_AHB1LPENR_GPIODLPEN_MSK |     \
     RCC_AHB1LPENR_GPIOELPEN_MSK)
#define APB1_GATED                                                                                 \
    (RCC_APB1LPENR_USART3LPEN_MSK | RCC_APB1LPENR_I2C1LPEN_MSK | RCC_APB1LPENR_PWRLPEN_MSK)

static abi_status_t refuse(abi_error_reply_t *error, uint32_t missing) {
    error->status = abi_status_clock_timeout;
    error->detail0 = missing;
    error->detail1 = ABI_NO_CLOCK;
    return abi_status_clock_timeout;
}

abi_status_t idle_begin(abi_idle_mode_t mode, abi_error_reply_t *error) {
    if (mode == abi_idle_mode_sleep) {
        return abi_status_ok;
    }
    REGISTER(RCC, AHB1LPENR) &= ~AHB1_GATED;
    REGISTER(RCC, APB1LPENR) &= ~APB1_GATED;
    if (mode == abi_idle_mode_stop && stop_prepare()) {
        return refuse(error, RCC_BDCR_LSERDY_MSK);
    }
    return abi_status_ok;
}

void idle_end(abi_idle_mode_t mode) {
    if (mode == abi_idle_mode_stop) {
        stop_end();
    }
    if (mode != abi_idle_mode_sleep) {
        REGISTER(RCC, AHB1LPENR) |= AHB1_GATED;
        REGISTER(RCC, APB1LPENR) |= APB1_GATED;
    }
}

abi_status_t idle_enter(abi_idle_mode_t mode, abi_error_reply_t *error) {
    if (mode == abi_idle_mode_sleep) {
        return schedule_idle(error);
    }
    return clock_rest() ? refuse(error, clock_missing()) : abi_status_ok;
}

static clock_plan_t hsi(uint32_t divider_log2) {
    const abi_clock_t clock = {.source = abi_clock_source_hsi,
                               .ahb_divider_log2 = (uint8_t)divider_log2};
    clock_plan_t plan;
    abi_error_reply_t error;
    clock_plan(&clock, 0, &plan, &error);
    return plan;
}

static void sleep_gated_until(uint32_t time) {
    if ((int32_t)(time - lptim_ticks()) > (int32_t)ABI_GATED_TICKS_MIN) {
        clock_plan_t slow = hsi(GATED_DIVIDER_LOG2);
        clock_plan_t fast = hsi(0); /* worked out before: a slow core has better things to do */
        clock_apply(&slow);         /* the HSI always runs */
        lptim_sleep_until(time - RETURN_TICKS);
        clock_apply(&fast);
    }
}

void idle_until(abi_idle_mode_t mode, uint32_t time) {
    if (mode == abi_idle_mode_stop) {
        stop_until(time);
    }
    if (mode != abi_idle_mode_sleep) {
        sleep_gated_until(time);
    }
    const uint32_t hclk_khz = clock_hclk_hz() / 1000u;
    const uint32_t tick_khz = ABI_TICK_HZ / 1000u;
    const uint32_t wake = time - WAKE_CYCLES * tick_khz / hclk_khz;
    if ((int32_t)(wake - lptim_ticks()) > 0) {
        lptim_sleep_until(wake);
    }
    const uint32_t since = dwt_cycles();
    const int32_t left = (int32_t)(time - lptim_ticks());
    const uint32_t cycles = left > 0 ? (uint32_t)left * hclk_khz / tick_khz : 0;
    while (dwt_cycles() - since + END_CYCLES < cycles) {
    }
}
