#include "clocks/clock_plan.h"

#include "datasheet.h"
#include "clocks/lptim.h"
#include "core/mmio.h"

#define APB_DIVIDERS 5u
#define AHB_DIVIDER_LOG2_MAX 4u

static const uint32_t wait_state_hclk_hz[] = DATASHEET_WAIT_STATE_HCLK_HZ;
/* By voltage scale 1, 2, 3; over-drive off, on. */
static const uint32_t hclk_max_hz[][2] = DATASHEET_HCLK_MAX_HZ;
/* Over-drive off, on. */
static const uint32_t pclk1_max_hz[] = DATASHEET_PCLK1_MAX_HZ;
static const uint32_t pclk2_max_hz[] = DATASHEET_PCLK2_MAX_HZ;

/* PWR_CR1.VOS of voltage scale 1, 2, 3. */
static const uint8_t vos_code[] = {3, 2, 1};
/* RCC_CFGR.HPRE of /1, /2, /4, /8, /16 and PPRE likewise. */
static const uint8_t hpre_code[] = {0, 8, 9, 10, 11};
static const uint8_t ppre_code[APB_DIVIDERS] = {0, 4, 5, 6, 7};

static abi_status_t illegal(abi_error_reply_t *error, uint32_t value, uint32_t limit) {
    error->status = abi_status_clock_illegal;
    error->detail0 = value;
    error->detail1 = limit;
    return abi_status_clock_illegal;
}

/* Refuses a value outside its limits, naming the one that it breaks. */
static abi_status_t check(abi_error_reply_t *error, uint32_t value, uint32_t low, uint32_t high) {
    if (value < low) {
        return illegal(error, value, low);
    }
    return value > high ? illegal(error, value, high) : abi_status_ok;
}

static uint32_t apb_divider_log2(uint32_t hclk_hz, uint32_t limit_hz) {
    uint32_t divider_log2 = 0;
    while (hclk_hz >> divider_log2 > limit_hz) {
        divider_log2++;
    }
    return divider_log2;
}

/* Fills in what follows from SYSCLK and the AHB divider. The voltage scale goes by SYSCLK, not by
 * HCLK: then it belongs to the PLL's parameters alone, and a change of the AHB divider needs no
 * relock. */
static void derive(clock_plan_t *plan, uint32_t ahb_divider_log2, abi_clock_source_t source) {
    const bool pll = source == abi_clock_source_pll;
    uint32_t scale = 3;
    while (scale > 1 && plan->sysclk_hz > hclk_max_hz[scale - 1][0]) {
        scale--;
    }
    plan->overdrive = pll && plan->sysclk_hz > hclk_max_hz[scale - 1][0];
    plan->power = (uint32_t)vos_code[scale - 1] << PWR_CR1_VOS_POS;
    plan->hclk_hz = plan->sysclk_hz >> ahb_divider_log2;
    plan->read_window = lptim_window(plan->hclk_hz);
    plan->wait_states = 0;
    while (plan->hclk_hz > wait_state_hclk_hz[plan->wait_states]) {
        plan->wait_states++;
    }
    const uint32_t ppre1 = apb_divider_log2(plan->hclk_hz, pclk1_max_hz[plan->overdrive]);
    const uint32_t ppre2 = apb_divider_log2(plan->hclk_hz, pclk2_max_hz[plan->overdrive]);
    plan->cfgr = (uint32_t)source << RCC_CFGR_SW_POS |
                 (uint32_t)hpre_code[ahb_divider_log2] << RCC_CFGR_HPRE_POS |
                 (uint32_t)ppre_code[ppre1] << RCC_CFGR_PPRE1_POS |
                 (uint32_t)ppre_code[ppre2] << RCC_CFGR_PPRE2_POS;
}

static abi_status_t plan_pll(const abi_clock_t *clock, uint32_t hse_hz, clock_plan_t *plan,
                             abi_error_reply_t *error) {
    const uint32_t source_hz = hse_hz ? hse_hz : DATASHEET_HSI_HZ;
    if (check(error, clock->pllm, DATASHEET_PLLM_MIN, DATASHEET_PLLM_MAX) ||
        check(error, clock->plln, DATASHEET_PLLN_MIN, DATASHEET_PLLN_MAX) ||
        check(error, clock->pllp, 2, 8)) {
        return abi_status_clock_illegal;
    }
    if (clock->pllp % 2u) {
        return illegal(error, clock->pllp, clock->pllp - 1u);
    }
    const uint32_t input_hz = source_hz / clock->pllm;
    if (check(error, input_hz, DATASHEET_PLL_INPUT_HZ_MIN, DATASHEET_PLL_INPUT_HZ_MAX)) {
        return abi_status_clock_illegal;
    }
    /* The remainder's share apart: PLLN would multiply what the division has cut off. */
    const uint32_t vco_hz =
        input_hz * clock->plln + source_hz % clock->pllm * clock->plln / clock->pllm;
    if (check(error, vco_hz, DATASHEET_VCO_HZ_MIN, DATASHEET_VCO_HZ_MAX)) {
        return abi_status_clock_illegal;
    }
    plan->sysclk_hz = vco_hz / clock->pllp;
    plan->pllcfgr = (uint32_t)clock->pllm << RCC_PLLCFGR_PLLM_POS |
                    (uint32_t)clock->plln << RCC_PLLCFGR_PLLN_POS |
                    (clock->pllp / 2u - 1u) << RCC_PLLCFGR_PLLP_POS |
                    (hse_hz ? RCC_PLLCFGR_PLLSRC_MSK : 0u)
                    /* The other two outputs feed nothing here: as slow as they go. */
                    | DATASHEET_PLLQ_MAX << RCC_PLLCFGR_PLLQ_POS |
                    DATASHEET_PLLR_MAX << RCC_PLLCFGR_PLLR_POS;
    return check(error, plan->sysclk_hz, DATASHEET_PLL_OUTPUT_HZ_MIN, DATASHEET_PLL_OUTPUT_HZ_MAX);
}

abi_status_t clock_plan(const abi_clock_t *clock, uint32_t hse_hz, clock_plan_t *plan,
                        abi_error_reply_t *error) {
    *plan = (clock_plan_t){.sysclk_hz = DATASHEET_HSI_HZ};
    if (clock->source != abi_clock_source_hsi && clock->source != abi_clock_source_hse &&
        clock->source != abi_clock_source_pll) {
        return illegal(error, clock->source, abi_clock_source_pll);
    }
    if (clock->ahb_divider_log2 > AHB_DIVIDER_LOG2_MAX) {
        return illegal(error, clock->ahb_divider_log2, AHB_DIVIDER_LOG2_MAX);
    }
    const bool from_hse = clock->source == abi_clock_source_hse ||
                          (clock->source == abi_clock_source_pll && hse_hz != 0);
    if (from_hse) {
        if (check(error, hse_hz, DATASHEET_HSE_BYPASS_HZ_MIN, DATASHEET_HSE_BYPASS_HZ_MAX)) {
            return abi_status_clock_illegal;
        }
        plan->hse_hz = hse_hz;
        plan->sysclk_hz = hse_hz;
    }
    if (clock->source == abi_clock_source_pll && plan_pll(clock, hse_hz, plan, error)) {
        return abi_status_clock_illegal;
    }
    derive(plan, clock->ahb_divider_log2, (abi_clock_source_t)clock->source);
    return abi_status_ok;
}
