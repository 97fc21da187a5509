/* What the host asks of the benchmark program, and what it reads back. */
#ifndef BENCHMARK_H
#define BENCHMARK_H

#include <stdint.h>

/* Keeps a benchmark, and the place of each where it is when another one changes. */
#define BENCHMARK(name) __attribute__((section(".text.benchmark_" #name), used))

typedef void benchmark_t(uint32_t repeats, void *data, const void *constants);

struct benchmark_request {
    uint32_t function; /* a benchmark_t, at the address through which it is to be fetched */
    uint32_t repeats;
    uint32_t data;
    uint32_t constants;
    uint32_t flash_acr; /* FLASH_ACR: wait states, accelerator, prefetch */
    uint32_t caches;    /* SCB_CCR's cache bits */
    uint32_t cycles;    /* written last: DWT_CYCCNT around the call */
    uint32_t done;      /* BENCHMARK_DONE when cycles are there */
};

#define BENCHMARK_DONE 0xD0D0D0D0u

extern volatile struct benchmark_request benchmark_request;

/* Nothing but the call: what the others have in common. */
benchmark_t benchmark_empty;

/* The handler of SysTick; the harness has one that stops. */
void SysTick_Handler(void);

#endif
