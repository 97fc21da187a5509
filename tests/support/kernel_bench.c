/* The kernels without a board around them: what a test or a benchmark calls, and a record of the
 * segments that the kernels announce. */
#include "kernels/kernels.h"

/* Segments announced since the caller last cleared these; an announcement that repeats the one
 * before it, and so cuts no segment, counts as stray. */
typedef struct {
    uint32_t memory;
    uint32_t compute;
    uint32_t stray;
    uint32_t last;
} segment_record_t;

segment_record_t bench_segments;

void bench_enter_memory(void);
void bench_enter_compute(void);
void Reset_Handler(void);

void bench_enter_memory(void) {
    bench_segments.stray += bench_segments.last == abi_segment_memory;
    bench_segments.last = abi_segment_memory;
    bench_segments.memory++;
}

void bench_enter_compute(void) {
    bench_segments.stray += bench_segments.last != abi_segment_memory;
    bench_segments.last = abi_segment_compute;
    bench_segments.compute++;
}

/* Keeps what the bench calls in the ELF. */
void Reset_Handler(void) {
    static const kernel_context_t context = {.enter_memory = bench_enter_memory,
                                             .enter_compute = bench_enter_compute};
    static const abi_layer_t layer;
    (void)kernel_scratch_bytes(&layer, context.tensors, 0);
    (void)kernel_run(&layer, &context);
}
