/* Runs one benchmark that the host names, and counts its cycles as any firmware could. */
#include "benchmark.h"

#include "core/cache.h"
#include "core/core.h"
#include "core/dwt.h"
#include "core/memory.h"

#define FULL_ACCESS 3u

extern uint32_t stack_top[];
extern uint8_t data_start[], data_end[], bss_start[], bss_end[];
extern const uint8_t data_load[];

__attribute__((section(".request"), used)) volatile struct benchmark_request benchmark_request;

_Noreturn void Reset_Handler(void);

static _Noreturn void stop(void) {
    for (;;) {
        wait_for_interrupt();
    }
}

__attribute__((section(".vectors"), used)) static void (*const vector_table[])(void) = {
    [0] = (void (*)(void))stack_top, [1] = Reset_Handler, [2 ... 14] = stop,
    [15] = SysTick_Handler,          [16 ... 125] = stop,
};

__attribute__((weak)) void SysTick_Handler(void) {
    stop();
}

void benchmark_empty(uint32_t repeats, void *data, const void *constants) {
    (void)repeats;
    (void)data;
    (void)constants;
    __asm volatile("" ::: "memory");
}

static void set_caches(uint32_t wanted) {
    const uint32_t both = SCB_CCR_IC_MSK | SCB_CCR_DC_MSK;
    cache_enable(); /* invalidates both */
    data_barrier();
    REGISTER(SCB, CCR) = (REGISTER(SCB, CCR) & ~both) | (wanted & both);
    data_barrier();
    instruction_barrier();
}

static _Noreturn __attribute__((noinline)) void start(void) {
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    volatile struct benchmark_request *const request = &benchmark_request;
    REGISTER(FLASH, ACR) = request->flash_acr;
    (void)REGISTER(FLASH, ACR);
    set_caches(request->caches);
    dwt_start();
    benchmark_t *const function = (benchmark_t *)(uintptr_t)request->function;
    void *const data = (void *)(uintptr_t)request->data;
    const void *const constants = (const void *)(uintptr_t)request->constants;
    const uint32_t repeats = request->repeats;
    const uint32_t before = dwt_cycles();
    function(repeats, data, constants);
    request->cycles = dwt_cycles() - before;
    request->done = BENCHMARK_DONE;
    stop();
}

_Noreturn void Reset_Handler(void) {
    interrupts_disable();
    REGISTER(SCB, VTOR) = (uint32_t)(uintptr_t)vector_table;
    REGISTER(SCB, CPACR) |= FULL_ACCESS << SCB_CPACR_CP10_POS | FULL_ACCESS << SCB_CPACR_CP11_POS;
    data_barrier();
    instruction_barrier();
    start();
}
