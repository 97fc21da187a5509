#include "clocks/clock.h"

#include "datasheet.h"
#include "clocks/kernel_clock.h"
#include "clocks/lptim.h"
#include "core/core.h"

/* Longest waits, far beyond what the data sheet promises (DS11532 Rev 7, tables 23, 43, 47). */
#define HSE_TIMEOUT_US 100000u
#define PLL_TIMEOUT_US 2000u
#define OVERDRIVE_TIMEOUT_US 10000u
#define VOLTAGE_TIMEOUT_US 10000u
#define SWITCH_TIMEOUT_US 1000u

#define SW_HSE ((uint32_t)abi_clock_source_hse)
#define SW_PLL ((uint32_t)abi_clock_source_pll)

/* What the registers hold: a hop then needs no read-modify-write. */
static struct {
    uint32_t epoch; /* moves on with every change that a hop cannot make */
    uint32_t cfgr;
    uint32_t pllcfgr; /* 0: the PLL is off */
    uint32_t power;
    uint32_t hclk_hz;
    uint32_t wait_states;
    uint32_t hse_hz; /* 0: the HSE is off */
    uint32_t missing;
    bool overdrive;
    clock_counts_t counts;
} state;

/* Rare ways out of a hop stand apart, so that a hop itself touches few registers and lines. */
#define RARE __attribute__((noinline, cold))

/* A poll takes more core cycles than this: the time-outs are lower bounds. */
#define POLL_CYCLES_MIN 4u

static RARE bool poll(volatile uint32_t *status, uint32_t mask, uint32_t wanted,
                      uint32_t timeout_us) {
    uint32_t polls = (state.hclk_hz / 1000000u + 1u) * timeout_us / POLL_CYCLES_MIN;
    do {
        if ((*status & mask) == wanted) {
            return true;
        }
    } while (--polls > 0);
    state.missing = mask;
    return false;
}

static inline bool wait_for(volatile uint32_t *status, uint32_t mask, uint32_t wanted,
                            uint32_t timeout_us) {
    return (*status & mask) == wanted || poll(status, mask, wanted, timeout_us);
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
    return accepted;
}

static void set_dividers(uint32_t cfgr) {
    if (cfgr != state.cfgr) {
        REGISTER(RCC, CFGR) = cfgr;
        state.cfgr = cfgr;
        state.epoch++;
    }
}

/* Changes SYSCLK's source, the dividers being right. Wait states that the faster of the two clocks
 * needs come before the switch, what the slower one can do with after it. */
static inline abi_status_t switch_source(const clock_plan_t *plan, uint32_t cfgr) {
    if (plan->wait_states > state.wait_states && !set_wait_states(plan->wait_states)) {
        return abi_status_clock_timeout;
    }
    REGISTER(RCC, CFGR) = cfgr;
    const uint32_t switched = (cfgr & RCC_CFGR_SW_MSK) << RCC_CFGR_SWS_POS;
    if (!wait_for(&REGISTER(RCC, CFGR), RCC_CFGR_SWS_MSK, switched, SWITCH_TIMEOUT_US)) {
        REGISTER(RCC, CFGR) = state.cfgr;
        return abi_status_clock_timeout;
    }
    state.cfgr = cfgr;
    if (plan->wait_states < state.wait_states) {
        REGISTER(FLASH, ACR) = plan->wait_states << FLASH_ACR_LATENCY_POS;
        state.wait_states = plan->wait_states;
    }
    state.hclk_hz = plan->hclk_hz;
    lptim_read_window = plan->read_window;
    return abi_status_ok;
}

/* Switches SYSCLK among clocks that run, whatever the dividers. They grow before the switch and
 * shrink after it; the APB's only grow: they are right for every clock up to the one that set
 * them, and leaving them alone keeps a hop short. */
static abi_status_t select_clock(clock_plan_t *plan) {
    const uint32_t apb = larger_field(state.cfgr, plan->cfgr, RCC_CFGR_PPRE1_MSK) |
                         larger_field(state.cfgr, plan->cfgr, RCC_CFGR_PPRE2_MSK);
    const uint32_t ahb = larger_field(state.cfgr, plan->cfgr, RCC_CFGR_HPRE_MSK);
    const uint32_t source = plan->cfgr & RCC_CFGR_SW_MSK;
    set_dividers((state.cfgr & RCC_CFGR_SW_MSK) | ahb | apb);
    if (switch_source(plan, source | ahb | apb)) {
        return abi_status_clock_timeout;
    }
    set_dividers(source | (plan->cfgr & RCC_CFGR_HPRE_MSK) | apb);
    plan->hop_cfgr = state.cfgr;
    plan->epoch = state.epoch;
    return abi_status_ok;
}

static RARE abi_status_t start_hse(void) {
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
    const bool switched = wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_ODSWRDY_MSK, PWR_CSR1_ODSWRDY_MSK,
                                   OVERDRIVE_TIMEOUT_US);
    return switched ? abi_status_ok : abi_status_clock_timeout;
}

/* Leaves the PLL for HSE or HSI. The APB dividers start anew, so that they do not depend on clocks
 * of long ago. */
static abi_status_t park(bool on_hse) {
    const abi_clock_t clock = {.source = on_hse ? abi_clock_source_hse : abi_clock_source_hsi};
    clock_plan_t plan;
    abi_error_reply_t error;
    if (clock_plan(&clock, state.hse_hz, &plan, &error) || select_clock(&plan)) {
        return abi_status_clock_timeout;
    }
    set_dividers(plan.cfgr);
    state.epoch++;
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
    state.epoch++;
    const bool stopped = wait_for(&REGISTER(RCC, CR), RCC_CR_PLLRDY_MSK, 0, PLL_TIMEOUT_US);
    return stopped ? abi_status_ok : abi_status_clock_timeout;
}

/* Writes RCC_CR, and times how long a ready bit of it takes to come. */
static __attribute__((noinline)) abi_status_t time_ready(uint32_t cr, uint32_t ready,
                                                         bool overdrive, uint32_t *ticks) {
    const uint32_t start = lptim_ticks();
    REGISTER(RCC, CR) = cr;
    /* The over-drive's own settling goes by while the PLL locks. */
    if (overdrive && enter_overdrive()) {
        return abi_status_clock_timeout;
    }
    const bool came = wait_for(&REGISTER(RCC, CR), ready, ready, PLL_TIMEOUT_US);
    *ticks = lptim_ticks() - start;
    return came ? abi_status_ok : abi_status_clock_timeout;
}

static abi_status_t lock(const clock_plan_t *plan) {
    /* PLLCFGR and VOS take a new value with the PLL off only. */
    REGISTER(RCC, PLLCFGR) = plan->pllcfgr;
    if (plan->power != state.power) {
        REGISTER(PWR, CR1) = (REGISTER(PWR, CR1) & ~PWR_CR1_VOS_MSK) | plan->power;
        state.power = plan->power;
    }
    /* A bit that is up already tells what the timing itself takes at this clock. */
    const uint32_t stopped = REGISTER(RCC, CR);
    uint32_t overhead_ticks = 0;
    uint32_t lock_ticks = 0;
    if (time_ready(stopped, RCC_CR_HSIRDY_MSK, false, &overhead_ticks)) {
        return abi_status_clock_timeout;
    }
    state.pllcfgr = plan->pllcfgr;
    const uint32_t running = stopped | RCC_CR_PLLON_MSK;
    if (time_ready(running, RCC_CR_PLLRDY_MSK, plan->overdrive, &lock_ticks)) {
        return abi_status_clock_timeout;
    }
    state.counts.lock_ticks = lock_ticks - overhead_ticks;
    state.counts.relocks++;
    const bool settled = wait_for(&REGISTER(PWR, CSR1), PWR_CSR1_VOSRDY_MSK, PWR_CSR1_VOSRDY_MSK,
                                  VOLTAGE_TIMEOUT_US);
    return settled ? abi_status_ok : abi_status_clock_timeout;
}

abi_status_t clock_rest(void) {
    if (park(false) || clock_stop_pll()) {
        return abi_status_clock_timeout;
    }
    REGISTER(RCC, CR) &= ~RCC_CR_HSEON_MSK;
    state.hse_hz = 0;
    const bool stopped = wait_for(&REGISTER(RCC, CR), RCC_CR_HSERDY_MSK, 0, HSE_TIMEOUT_US);
    return stopped ? abi_status_ok : abi_status_clock_timeout;
}

static RARE abi_status_t relock(const clock_plan_t *plan) {
    /* The relock's own instructions run on whichever of HSE and HSI is faster. */
    if (park(state.hse_hz > DATASHEET_HSI_HZ) || clock_stop_pll()) {
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

/* HSE is 1 and PLL is 2: between them both bits change. */
static void count_hop(uint32_t before, uint32_t after) {
    state.counts.hops += ((before ^ after) & RCC_CFGR_SW_MSK) == (SW_HSE ^ SW_PLL);
}

static RARE abi_status_t apply_anew(clock_plan_t *plan) {
    if (plan->hse_hz && plan->hse_hz != state.hse_hz) {
        if (!state.hse_hz && start_hse()) {
            return abi_status_clock_timeout;
        }
        state.hse_hz = plan->hse_hz;
        state.epoch++;
    }
    const bool from_pll = (plan->cfgr & RCC_CFGR_SW_MSK) == SW_PLL;
    if (!from_pll || (plan->pllcfgr == state.pllcfgr && plan->power == state.power)) {
        count_hop(state.cfgr, plan->cfgr);
    } else if (relock(plan)) {
        return abi_status_clock_timeout;
    }
    return select_clock(plan);
}

abi_status_t clock_apply(clock_plan_t *plan) {
    if (plan->epoch != state.epoch) {
        return apply_anew(plan);
    }
    const uint32_t before = state.cfgr;
    if (plan->hop_cfgr == before) {
        return abi_status_ok;
    }
    const abi_status_t status = switch_source(plan, plan->hop_cfgr);
    count_hop(before, state.cfgr); /* last, when a faster clock may run */
    return status;
}

void clock_init(void) {
    state.epoch = 1; /* a plan begins with 0 */
    state.hclk_hz = DATASHEET_HSI_HZ;
    state.power = PWR_CR1_VOS_MSK; /* reset value: scale 1 */
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_PWREN_MSK;
    (void)REGISTER(RCC, APB1ENR); /* a clock takes two bus cycles to arrive */
    REGISTER(RCC, DCKCFGR2) = KERNEL_CLOCK_HSI << RCC_DCKCFGR2_USART3SEL_POS |
                              KERNEL_CLOCK_HSI << RCC_DCKCFGR2_I2C1SEL_POS;
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
