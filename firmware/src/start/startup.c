#include <stdint.h>

#include "clocks/lptim.h"
#include "core/cache.h"
#include "core/core.h"
#include "core/memory.h"
#include "core/mpu.h"
#include "report/fault.h"
#include "start/main.h"

#define CORE_EXCEPTIONS 16u
#define INTERRUPTS 110u /* CMSIS stm32f767xx.h: the last one is the MDIO slave's, 109 */
#define FULL_ACCESS 3u

void Reset_Handler(void);

extern uint32_t stack_top[];
extern uint8_t data_start[], data_end[], bss_start[], bss_end[];
extern const uint8_t data_load[];

/* Whatever is not meant to happen is a fault, a stray interrupt too. */
__attribute__((section(".vectors"), used)) static void (*const vector_table[])(void) = {
    [0] = (void (*)(void))stack_top,
    [1] = Reset_Handler,
    [2 ... 6] = Fault_Handler,
    [11 ... 12] = Fault_Handler,
    [14 ... CORE_EXCEPTIONS + LPTIM1_IRQ - 1] = Fault_Handler,
    [CORE_EXCEPTIONS + LPTIM1_IRQ] = LPTIM1_Handler,
    [CORE_EXCEPTIONS + LPTIM1_IRQ + 1 ... CORE_EXCEPTIONS + INTERRUPTS - 1] = Fault_Handler,
};

static _Noreturn __attribute__((noinline)) void start(void) {
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    mpu_init();
    cache_enable();
    main();
    core_reset_here();
}

void Reset_Handler(void) {
    /* The protocol sleeps with interrupts disabled; they are enabled around measurements only. */
    interrupts_disable();
    /* Boot may have fetched the vectors through another alias of the flash. */
    REGISTER(SCB, VTOR) = (uint32_t)(uintptr_t)vector_table;
    REGISTER(SCB, CPACR) |= FULL_ACCESS << SCB_CPACR_CP10_POS | FULL_ACCESS << SCB_CPACR_CP11_POS;
    data_barrier();
    instruction_barrier();
    start();
}
