#include "run/inference.h"

#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "core/dwt.h"
#include "core/memory.h"
#include "kernels/kernels.h"
#include "network/image.h"
#include "network/schedule.h"
#include "run/marker.h"
#include "run/measurement.h"
#include "run/window.h"

#define CALIBRATION_BOUNDARIES 16u
#define SEGMENTS (sizeof records[0].cycles / sizeof records[0].cycles[0])

static abi_profile_record_t records[ABI_LAYERS_MAX];
static uint32_t record_count;
static volatile uint32_t layer_at_work = ABI_LAYER_NONE;
static uint32_t marker_overhead_cycles;
static uint32_t hop_overhead_cycles;

/* What goes on at this moment. "used" keeps the compiler from taking the struct apart, after which
 * each member's address would take two instructions to make. */
static struct {
    abi_profile_record_t *record;
    abi_segment_t segment;
    abi_profile_level_t level;
    uint32_t layer;
    uint32_t cycles; /* at the last boundary */
    uint32_t ticks;
    clock_plan_t *hfo;
    clock_plan_t *lfo; /* NULL: the layer does not hop */
    abi_status_t clock_status;
    uint32_t clock_index;
} now __attribute__((used));

/* Ends a segment and begins the next. The counters are read right beside the marker's edge, and
 * the code for it lies together, so that no miss of the cache comes between; the bookkeeping
 * belongs to the segment that begins, and is what marker_overhead_cycles tells. */
static __attribute__((noinline, aligned(32))) void boundary(abi_segment_t next) {
    const uint32_t word = marker_word(next, now.layer);
    const uint32_t cycles = dwt_cycles();
    marker_show(word);
    const uint32_t ticks = lptim_ticks();
    now.record->cycles[now.segment] += cycles - now.cycles;
    now.record->ticks[now.segment] += ticks - now.ticks;
    now.cycles = cycles;
    now.ticks = ticks;
    now.segment = next;
}

static void begin_segment(abi_segment_t segment) {
    boundary(segment);
    now.record->counts[segment]++;
}

static void change_clock(clock_plan_t *plan, uint32_t index) {
    if (clock_apply(plan) && now.clock_status == abi_status_ok) {
        now.clock_status = abi_status_clock_timeout;
        now.clock_index = index;
    }
}

/* A DAE layer's boundary: to the other clock, if the layer has two, then on. */
static void enter(abi_segment_t segment, clock_plan_t *plan, uint32_t index) {
    const bool timed = now.level == abi_profile_level_segment;
    if (now.lfo != NULL) {
        if (timed) {
            begin_segment(abi_segment_switching);
        }
        change_clock(plan, index);
    }
    if (timed) {
        begin_segment(segment);
    }
}

static void enter_memory(void) {
    enter(abi_segment_memory, now.lfo, schedule_layer(now.layer)->lfo);
}

static void enter_compute(void) {
    enter(abi_segment_compute, now.hfo, schedule_layer(now.layer)->hfo);
}

/* The layer's clock first, on its own account, then its kernel. */
static abi_status_t run_layer(uint32_t layer) {
    const abi_layer_plan_t *plan = schedule_layer(layer);
    const bool timed = now.level != abi_profile_level_off;
    layer_at_work = layer;
    now.layer = layer;
    now.hfo = schedule_clock(plan->hfo);
    now.lfo = plan->lfo == ABI_NO_CLOCK ? NULL : schedule_clock(plan->lfo);
    /* What has gone by is the last layer's. */
    boundary(timed ? abi_segment_switching : abi_segment_other);
    now.record = &records[layer];
    now.record->counts[now.segment]++;
    change_clock(now.hfo, plan->hfo);
    if (timed) {
        begin_segment(abi_segment_other);
    }
    const kernel_context_t context = {
        .image = image_start(),
        .tensors = image_tensors(),
        .scratch = (uint8_t *)(uintptr_t)ABI_SCRATCH_ADDRESS,
        .scratch_bytes = ABI_SCRATCH_BYTES,
        .granularity = plan->granularity,
        .enter_memory = enter_memory,
        .enter_compute = enter_compute,
    };
    const abi_status_t status = kernel_run(&image_layers()[layer], &context);
    return status != abi_status_ok ? status : now.clock_status;
}

abi_status_t inference_pass(uint32_t first, uint32_t end, abi_profile_level_t level) {
    record_count = 0;
    now.record = &records[first];
    now.segment = abi_segment_other;
    now.level = level;
    now.layer = first;
    now.clock_status = abi_status_ok;
    marker_trigger(1);
    boundary(abi_segment_other); /* the counters' values to start from */
    records[first] = (abi_profile_record_t){.cycles = {0}};
    abi_status_t status = abi_status_ok;
    for (uint32_t layer = first; layer < end && status == abi_status_ok; layer++) {
        status = run_layer(layer);
    }
    now.layer = end; /* the pins show that the last layer has ended */
    boundary(abi_segment_other);
    marker_trigger(0);
    if (status == abi_status_ok) {
        layer_at_work = ABI_LAYER_NONE;
    }
    return status;
}

abi_status_t inference_failure(abi_status_t status, abi_error_reply_t *error) {
    error->status = (uint16_t)status;
    error->layer = (uint16_t)layer_at_work;
    if (status == abi_status_clock_timeout) {
        error->detail0 = clock_missing();
        error->detail1 = now.clock_index;
    } else {
        error->detail0 = kernel_scratch_bytes(&image_layers()[layer_at_work], image_tensors(),
                                              schedule_layer(layer_at_work)->granularity);
        error->detail1 = ABI_SCRATCH_BYTES;
    }
    layer_at_work = ABI_LAYER_NONE;
    return status;
}

/* All runs one after the other, each in a window of its own if there are windows; leaves what the
 * last one did to the clock in `change`. */
static abi_status_t run_all(const abi_run_request_t *request, clock_counts_t *change,
                            abi_error_reply_t *error) {
    const bool windows = request->window_ticks != 0;
    const uint32_t layers = image_header()->layer_count;
    const uint32_t runs = (uint32_t)request->warmup + request->runs;
    abi_status_t status =
        windows ? window_prepare((abi_idle_mode_t)request->idle_mode, request->window_ticks, error)
                : abi_status_ok;
    for (uint32_t i = 0; i < runs && status == abi_status_ok; i++) {
        memset(records, 0, sizeof records);
        if (windows) {
            window_open();
        }
        const clock_counts_t before = clock_counts();
        status = inference_pass(0, layers, (abi_profile_level_t)request->profile_level);
        const clock_counts_t after = clock_counts();
        change->relocks = after.relocks - before.relocks;
        change->hops = after.hops - before.hops;
        if (status != abi_status_ok) {
            inference_failure(status, error);
        } else if (windows) {
            status = window_close(error);
        }
    }
    if (windows) {
        window_dismiss();
    }
    return status;
}

abi_status_t inference_run(const abi_run_request_t *request, abi_run_reply_t *reply,
                           abi_error_reply_t *error) {
    clock_counts_t change = {0};
    record_count = 0;
    measurement_begin();
    abi_status_t status = run_all(request, &change, error);
    measurement_end();
    if (status == abi_status_ok) {
        status = schedule_idle(error);
    }
    if (status != abi_status_ok) {
        abi_error_reply_t ignored;
        schedule_idle(&ignored);
        return status;
    }
    record_count = image_header()->layer_count;
    *reply = (abi_run_reply_t){
        .runs = request->runs,
        .layer_count = (uint16_t)record_count,
        .relocks = change.relocks,
        .hops = change.hops,
    };
    if (request->window_ticks != 0) {
        reply->window_ticks = window_length();
        reply->overrun_ticks = window_overrun();
    }
    for (uint32_t i = 0; i < record_count; i++) {
        for (uint32_t segment = 0; segment < SEGMENTS; segment++) {
            reply->total_ticks += records[i].ticks[segment];
            reply->total_cycles += records[i].cycles[segment];
        }
    }
    if (request->profile_level == abi_profile_level_off) {
        memset(records, 0, sizeof records);
    }
    return abi_status_ok;
}

void inference_calibrate(void) {
    now.record = &records[0];
    boundary(abi_segment_other); /* brings code and data into the caches */
    uint32_t start = dwt_cycles();
    for (uint32_t i = 0; i < CALIBRATION_BOUNDARIES; i++) {
        begin_segment(abi_segment_other);
    }
    marker_overhead_cycles = (dwt_cycles() - start) / CALIBRATION_BOUNDARIES;

    static const abi_clock_t hsi = {.source = abi_clock_source_hsi};
    clock_plan_t plan;
    abi_error_reply_t error;
    clock_plan(&hsi, 0, &plan, &error);
    clock_apply(&plan);
    start = dwt_cycles();
    for (uint32_t i = 0; i < CALIBRATION_BOUNDARIES; i++) {
        clock_apply(&plan);
    }
    hop_overhead_cycles = (dwt_cycles() - start) / CALIBRATION_BOUNDARIES;
}

uint32_t inference_marker_overhead(void) {
    return marker_overhead_cycles;
}

uint32_t inference_hop_overhead(void) {
    return hop_overhead_cycles;
}

uint32_t inference_profile_count(void) {
    return record_count;
}

const abi_profile_record_t *inference_profile(void) {
    return records;
}

uint32_t inference_layer(void) {
    return layer_at_work;
}
