#include "clock.h"

#include "core.h"
#include "datasheet.h"
#include "dwt.h"
#include "lptim.h"

/* Longest waits, far beyond what the data sheet promises (DS11532 Rev 7, tables 23, 43, 47). */
#define HSE_TIMEOUT_US 100000u
#define PLL_TIMEOUT_US 2000u
#define OVERDRIVE_TIMEOUT_US 10000u
#define VOLTAGE_TIMEOUT_US 10000u
#define SWITCH_TIMEOUT_US 1000u

#define SW_HSE ((uint32_t)abi_clock_source_hse)
#define SW_PLL ((uint32_t)abi_clock_source_pll)

#define KERNEL_CLOCK_HSI 2u /* code of HSI in the kernel clock multiplexers of RCC_DCKCFGR2 */

/* What the registers hold: a hop then needs no read-modify-write. */
static struct {
    uint32_t cfgr;
    uint32_t pllcfgr;     /* 0: the PLL is off */
    uint32_t power;
    uint32_t hclk_hz;
    uint32_t wait_states;
    uint32_t hse_hz;      /* 0: the HSE is off */
    uint32_t missing;
    bool overdrive;
    clock_counts_t counts;
} state;

static bool wait_for(volatile uint32_t *status, uint32_t mask, uint32_t wanted, uint32_t timeout_us) {
    if ((*status & mask) == wanted) {
        return true;
    }
    const uint32_t start = dwt_cycles();
    const uint32_t limit = (state.hclk_hz / 1000000u + 1u) * timeout_us;
    do {
        if ((*status & mask) == wanted) {
            return true;
        }
    } while (dwt_cycles() - start < limit);
    state.missing = mask;
    return false;
}

static uint32_t larger_field(uint32_t left, uint32_t right, uint32_t mask) {
    return (left & mask) > (right & mask) ? left & mask : right & mask;
}

static bool set_wait_states(uint32_t wait_states) {
    REGISTER(FLASH, ACR) = wait_states << FLASH_ACR_LATENCY_POS;
    state.wait_states = wait_states;
    /* The new value counts when it reads back; only then may the clock rise. */
    const bool accepted = wait_for(&REGISTER(FLASH, ACR), FLASH_ACR_LATENCY_MSK,
        wait_states << FLASH_ACR_LATENCY_POS, SWITCH_TIMEOUT_US);
    data_barrier();
    instruction_barrier();
    return accepted;
}

static void set_cfgr(uint32_t cfgr) {
    if (cfgr != state.cfgr) {
        REGISTER(RCC, CFGR) = cfgr;
        state.cfgr = cfgr;
    }
}

/* Switches SYSCLK among clocks that run. Wait states and dividers that the faster of the two
 * clocks needs come before the switch, what the slower one can do with after it. APB dividers
 * only grow here: they are right for every clock up to the one that set them, and leaving them
 * alone keeps a hop short. */
static abi_status_t select_clock(const clock_plan_t *plan) {
    const uint32_t apb = larger_field(state.cfgr, plan->cfgr, RCC_CFGR_PPRE1_MSK)
        | larger_field(state.cfgr, plan->cfgr, RCC_CFGR_PPRE2_MSK);
    const uint32_t ahb = larger_field(state.cfgr, plan->cfgr, RCC_CFGR_HPRE_MSK);
    const uint32_t source = plan->cfgr & RCC_CFGR_SW_MSK;

    if (plan->wait_states > state.wait_states && !set_wait_states(plan->wait_states)) {
        return abi_status_clock_timeout;
    }
    set_cfgr((state.cfgr & RCC_CFGR_SW_MSK) | ahb | apb);
    if ((state.cfgr & RCC_CFGR_SW_MSK) != source) {
        REGISTER(RCC, CFGR) = source | ahb | apb;
        if (!wait_for(&REGISTER(RCC, CFGR), RCC_CFGR_SWS_MSK,
                source << RCC_CFGR_SWS_POS, SWITCH_TIMEOUT_US)) {
            REGISTER(RCC, CFGR) = state.cfgr;
            return abi_status_clock_timeout;
        }
        state.cfgr = source | ahb | apb;
    }
    set_cfgr(source | (plan->cfgr & RCC_CFGR_HPRE_MSK) | apb);
    if (plan->wait_states < state.wait_states) {
        REGISTER(FLASH, ACR) = plan->wait_states << FLASH_ACR_LATENCY_POS;
        state.wait_states = plan->wait_states;
    }
    state.hclk_hz = plan->hclk_hz;
    lptim_read_window = plan->read_window;
    return abi_status_ok;
}

static abi_status_t start_hse(void) {
    /* HSEBYP can be written with the oscillator off only. */
    REGISTER(RCC, CR) |= RCC_CR_HSEBYP_MSK;
    REGISTER(RCC, CR) |= RCC_CR_HSEON_MSK;
    if (!wait_for(&REGISTER(RCC, CR), RCC_CR_HSERDY_MSK, RCC_CR_HSERDY_MSK, HSE_TIMEOUT_US)) {
        REGISTER(RCC, CR) &= ~RCC_CR_HSEON_MSK;
        return abi_status_clock_timeout;
    }
    return abi_status_ok;
}

static abi_status_t leave_overdrive(void) {
    REGISTER(PWR, CR1) &= ~PWR_CR1_ODSWEN_MSK;
    if (!wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_ODSWRDY_MSK, 0, OVERDRIVE_TIMEOUT_US)) {
        return abi_status_clock_timeout;
    }
    REGISTER(PWR, CR1) &= ~PWR_CR1_ODEN_MSK;
    if (!wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_ODRDY_MSK, 0, OVERDRIVE_TIMEOUT_US)) {
        return abi_status_clock_timeout;
    }
    state.overdrive = false;
    return abi_status_ok;
}

static abi_status_t enter_overdrive(void) {
    state.overdrive = true;
    REGISTER(PWR, CR1) |= PWR_CR1_ODEN_MSK;
    if (!wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_ODRDY_MSK, PWR_CSR1_ODRDY_MSK,
            OVERDRIVE_TIMEOUT_US)) {
        return abi_status_clock_timeout;
    }
    REGISTER(PWR, CR1) |= PWR_CR1_ODSWEN_MSK;
    const bool switched = wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_ODSWRDY_MSK,
        PWR_CSR1_ODSWRDY_MSK, OVERDRIVE_TIMEOUT_US);
    return switched ? abi_status_ok : abi_status_clock_timeout;
}

/* Leaves the PLL for whichever of HSE and HSI is faster: the relock's own instructions run there.
 * The APB dividers start anew, so that they do not depend on clocks of long ago. */
static abi_status_t park(void) {
    const bool on_hse = state.hse_hz > DATASHEET_HSI_HZ;
    const abi_clock_t clock = {.source = on_hse ? abi_clock_source_hse : abi_clock_source_hsi};
    clock_plan_t plan;
    abi_error_reply_t error;
    if (clock_plan(&clock, state.hse_hz, &plan, &error) || select_clock(&plan)) {
        return abi_status_clock_timeout;
    }
    set_cfgr(plan.cfgr);
    return abi_status_ok;
}

abi_status_t clock_stop_pll(void) {
    if ((state.cfgr & RCC_CFGR_SW_MSK) == SW_PLL) {
        return abi_status_bad_state;
    }
    if (state.overdrive && leave_overdrive()) {
        return abi_status_clock_timeout;
    }
    REGISTER(RCC, CR) &= ~RCC_CR_PLLON_MSK;
    state.pllcfgr = 0;
    const bool stopped = wait_for(&REGISTER(RCC, CR), RCC_CR_PLLRDY_MSK, 0, PLL_TIMEOUT_US);
    return stopped ? abi_status_ok : abi_status_clock_timeout;
}

static abi_status_t lock(const clock_plan_t *plan) {
    /* PLLCFGR and VOS take a new value with the PLL off only. */
    REGISTER(RCC, PLLCFGR) = plan->pllcfgr;
    if (plan->power != state.power) {
        REGISTER(PWR, CR1) = (REGISTER(PWR, CR1) & ~PWR_CR1_VOS_MSK) | plan->power;
        state.power = plan->power;
    }
    const uint32_t running = REGISTER(RCC, CR) | RCC_CR_PLLON_MSK;
    const uint32_t start = lptim_ticks();
    REGISTER(RCC, CR) = running;
    state.pllcfgr = plan->pllcfgr;
    /* The over-drive's own settling goes by while the PLL locks. */
    if (plan->overdrive && enter_overdrive()) {
        return abi_status_clock_timeout;
    }
    if (!wait_for(&REGISTER(RCC, CR), RCC_CR_PLLRDY_MSK, RCC_CR_PLLRDY_MSK, PLL_TIMEOUT_US)) {
        return abi_status_clock_timeout;
    }
    state.counts.lock_ticks = lptim_ticks() - start;
    state.counts.relocks++;
    const bool settled = wait_for(
        &REGISTER(PWR, CSR1), PWR_CSR1_VOSRDY_MSK, PWR_CSR1_VOSRDY_MSK, VOLTAGE_TIMEOUT_US);
    return settled ? abi_status_ok : abi_status_clock_timeout;
}

static abi_status_t relock(const clock_plan_t *plan) {
    if (park() || clock_stop_pll()) {
        return abi_status_clock_timeout;
    }
    if (lock(plan)) {
        const uint32_t missing = state.missing;
        clock_stop_pll();
        state.missing = missing;
        return abi_status_clock_timeout;
    }
    return abi_status_ok;
}

abi_status_t clock_apply(const clock_plan_t *plan) {
    const uint32_t before = state.cfgr & RCC_CFGR_SW_MSK;
    const uint32_t after = plan->cfgr & RCC_CFGR_SW_MSK;
    if (plan->hse_hz && plan->hse_hz != state.hse_hz) {
        if (!state.hse_hz && start_hse()) {
            return abi_status_clock_timeout;
        }
        state.hse_hz = plan->hse_hz;
    }
    if (after == SW_PLL && (plan->pllcfgr != state.pllcfgr || plan->power != state.power)) {
        if (relock(plan)) {
            return abi_status_clock_timeout;
        }
    } else if ((before == SW_PLL && after == SW_HSE) || (before == SW_HSE && after == SW_PLL)) {
        state.counts.hops++;
    }
    return select_clock(plan);
}

void clock_init(void) {
    state.hclk_hz = DATASHEET_HSI_HZ;
    state.power = PWR_CR1_VOS_MSK; /* reset value: scale 1 */
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_PWREN_MSK;
    (void)REGISTER(RCC, APB1ENR); /* a clock takes two bus cycles to arrive */
    REGISTER(RCC, DCKCFGR2) = KERNEL_CLOCK_HSI << RCC_DCKCFGR2_USART3SEL_POS
        | KERNEL_CLOCK_HSI << RCC_DCKCFGR2_I2C1SEL_POS
        | KERNEL_CLOCK_HSI << RCC_DCKCFGR2_LPTIM1SEL_POS;
}

uint32_t clock_hclk_hz(void) {
    return state.hclk_hz;
}

uint32_t clock_missing(void) {
    return state.missing;
}

clock_counts_t clock_counts(void) {
    return state.counts;
}
