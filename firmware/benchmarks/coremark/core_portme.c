/* The port's other half: time is the core's cycle counter, output is a flag for the host. */
#include "coremark.h"

#include "benchmark.h"
#include "core/dwt.h"

volatile ee_s32 seed1_volatile = 0;
volatile ee_s32 seed2_volatile = 0;
volatile ee_s32 seed3_volatile = 0x66;
volatile ee_s32 seed4_volatile = 0; /* iterations */
volatile ee_s32 seed5_volatile = 0;

ee_u32 default_num_contexts = 1;

/* For the host: cycles of the timed part, and whether CoreMark's own checks passed. */
volatile uint32_t coremark_cycles;
volatile uint32_t coremark_errors;

static uint32_t started;

void start_time(void) {
    started = dwt_cycles();
}

void stop_time(void) {
    coremark_cycles = dwt_cycles() - started;
}

CORE_TICKS get_time(void) {
    return coremark_cycles;
}

/* Long enough for CoreMark's taste: it calls runs of less than ten seconds an error. */
secs_ret time_in_secs(CORE_TICKS ticks) {
    (void)ticks;
    return 10;
}

void portable_init(core_portable *port, int *argc, char *argv[]) {
    (void)argc;
    (void)argv;
    port->portable_id = 1;
}

void portable_fini(core_portable *port) {
    port->portable_id = 0;
}

/* CoreMark announces a wrong checksum by a text with "ERROR!" in it. */
int ee_printf(const char *format, ...) {
    for (const char *at = format; *at; at++) {
        if (at[0] == 'R' && at[1] == 'R' && at[2] == 'O' && at[3] == 'R') {
            coremark_errors++;
        }
    }
    return 0;
}

int coremark_main(void);

void benchmark_run(uint32_t repeats, void *data, const void *constants);
void benchmark_run(uint32_t repeats, void *data, const void *constants) {
    (void)data;
    (void)constants;
    seed4_volatile = (ee_s32)repeats;
    coremark_main();
}
