/* Marks on GPIOE around what takes a time that the data sheet gives: the host knows when they were
 * set. The cycle counter, which stands still with the core's clock, can time nothing of it. */
#include "benchmark.h"
#include "core/core.h"
#include "core/mmio.h"

#define PCLK1_HALF 4u
#define TICKS 9999u
#define BUTTON_LINE 13u
#define BUTTON_IRQ 40u
#define PORT_C 2u
#define NVIC_ICPR1 0xE000E284u

benchmark_t timings_run, interrupt_run, wake_run;

/* Sets pins and jumps on: an emulator may charge for all that lies up to a branch at once. */
static inline void mark(uint32_t pins) {
    REGISTER_OF(GPIOE, GPIO, ODR) = pins;
    __asm volatile("b.n 1f\n1:" ::: "memory");
}

static void set_and_wait(volatile uint32_t *control, uint32_t set, volatile uint32_t *status,
                         uint32_t mask) {
    *control |= set;
    while (!(*status & mask)) {
    }
}

static void clear_and_wait(volatile uint32_t *control, uint32_t clear, volatile uint32_t *status,
                           uint32_t mask) {
    *control &= ~clear;
    while (*status & mask) {
    }
}

static void clock_devices(void) {
    REGISTER(RCC, AHB1ENR) |= RCC_AHB1ENR_GPIOCEN_MSK | RCC_AHB1ENR_GPIOEEN_MSK;
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_PWREN_MSK;
    REGISTER(RCC, APB2ENR) |= RCC_APB2ENR_SYSCFGEN_MSK;
    (void)REGISTER(RCC, APB2ENR);
    REGISTER_OF(GPIOE, GPIO, MODER) = 0x55555555u;
}

/* HSE, PLL on 432 MHz, over-drive on and off; from SYSCLK on the HSI or, if repeats is 1, HSE. */
BENCHMARK(timings) void timings_run(uint32_t repeats, void *data, const void *constants) {
    (void)data;
    (void)constants;
    volatile uint32_t *const cr = &REGISTER(RCC, CR);
    volatile uint32_t *const pwr = &REGISTER(PWR, CR1);
    volatile uint32_t *const status = &REGISTER(PWR, CSR1);
    clock_devices();
    *cr |= RCC_CR_HSEBYP_MSK;
    mark(1);
    set_and_wait(cr, RCC_CR_HSEON_MSK, cr, RCC_CR_HSERDY_MSK);
    mark(2);
    if (repeats) {
        REGISTER(RCC, CFGR) = PCLK1_HALF << RCC_CFGR_PPRE1_POS | 1u;
        while ((REGISTER(RCC, CFGR) & RCC_CFGR_SWS_MSK) >> RCC_CFGR_SWS_POS != 1u) {
        }
    }
    REGISTER(RCC, PLLCFGR) = 25u << RCC_PLLCFGR_PLLM_POS | 216u << RCC_PLLCFGR_PLLN_POS |
                             RCC_PLLCFGR_PLLSRC_MSK | 9u << RCC_PLLCFGR_PLLQ_POS |
                             2u << RCC_PLLCFGR_PLLR_POS;
    mark(3);
    set_and_wait(cr, RCC_CR_PLLON_MSK, cr, RCC_CR_PLLRDY_MSK);
    mark(4);
    set_and_wait(pwr, PWR_CR1_ODEN_MSK, status, PWR_CSR1_ODRDY_MSK);
    mark(5);
    set_and_wait(pwr, PWR_CR1_ODSWEN_MSK, status, PWR_CSR1_ODSWRDY_MSK);
    mark(6);
    clear_and_wait(pwr, PWR_CR1_ODSWEN_MSK, status, PWR_CSR1_ODSWRDY_MSK);
    mark(7);
}

/* Reads the counter twice, each time jumping on, as `mark` does. */
static inline void read_twice(volatile uint32_t *counter, uint32_t *first, uint32_t *second) {
    __asm volatile("ldr %0, [%2]\n\tb.n 1f\n1:\tldr %1, [%2]\n\tb.n 2f\n2:"
                   : "=&r"(*first), "=&r"(*second)
                   : "r"(counter)
                   : "memory");
}

static void start_systick(uint32_t ticks) {
    REGISTER(SYSTICK, RVR) = ticks;
    REGISTER(SYSTICK, CVR) = 0;
    REGISTER(SYSTICK, CSR) = 7u; /* core clock, interrupt, on */
}

/* Cycles since SysTick has counted to 0; the first of two reads takes what lies between them. */
static uint32_t since(uint32_t ticks, uint32_t first, uint32_t second) {
    return ticks + 1u - first - (first - second);
}

static volatile uint32_t interrupt_first, interrupt_second;

void SysTick_Handler(void) {
    volatile uint32_t *const value = &REGISTER(SYSTICK, CVR);
    uint32_t first, second;
    read_twice(value, &first, &second);
    REGISTER(SYSTICK, CSR) = 0;
    interrupt_first = first;
    interrupt_second = second;
}

/* Cycles from SysTick's zero to the first instruction of its handler go to data, the fewest of all
 * turns: the core runs, and the interrupt comes at another place in its loop each time. */
BENCHMARK(interrupt) void interrupt_run(uint32_t repeats, void *data, const void *constants) {
    (void)constants;
    uint32_t fewest = UINT32_MAX;
    for (uint32_t i = 0; i < repeats; i++) {
        interrupt_first = 0;
        start_systick(TICKS + i);
        interrupts_enable();
        while (!interrupt_first) {
        }
        interrupts_disable();
        const uint32_t cycles = since(TICKS + i, interrupt_first, interrupt_second);
        fewest = cycles < fewest ? cycles : fewest;
    }
    *(uint32_t *)data = fewest;
}

static __attribute__((noinline)) void wait_once(void) {
    mark(1);
    __asm volatile("wfi\n\tb.n 1f\n1:" ::: "memory");
    mark(2);
    mark(3);
}

/* Waits, with repeats or-ed into PWR_CR1 and data in SCB_SCR, until the user button, PC13, rises.
 * The first turn finds the interrupt pending, and warms the caches; marks 2 and 3 are one mark
 * apart. */
BENCHMARK(wake) void wake_run(uint32_t repeats, void *data, const void *constants) {
    (void)constants;
    clock_devices();
    interrupts_disable();
    REGISTER(PWR, CR1) |= repeats;
    REGISTER(SYSCFG, EXTICR4) = PORT_C << 4;
    REGISTER(EXTI, IMR) = 1u << BUTTON_LINE;
    REGISTER(EXTI, RTSR) = 1u << BUTTON_LINE;
    nvic_enable(BUTTON_IRQ);
    REGISTER(EXTI, SWIER) = 1u << BUTTON_LINE;
    for (uint32_t turn = 0; turn < 2; turn++) {
        wait_once();
        REGISTER(EXTI, PR) = 1u << BUTTON_LINE;
        *(volatile uint32_t *)(uintptr_t)NVIC_ICPR1 = 1u << (BUTTON_IRQ - 32u);
        REGISTER(SCB, SCR) = (uint32_t)(uintptr_t)data;
    }
}
