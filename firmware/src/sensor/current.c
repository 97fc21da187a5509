#include "sensor/current.h"

#include <stdbool.h>

#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "core/core.h"
#include "core/dwt.h"
#include "network/image.h"
#include "network/schedule.h"
#include "run/inference.h"
#include "run/measurement.h"
#include "sensor/i2c.h"
#include "sensor/ina219.h"

#define SPIN_TURNS 10000u

_Static_assert(sizeof(abi_current_reply_t) +
                       ABI_CURRENT_SAMPLES_MAX * sizeof(abi_current_sample_t) <=
                   ABI_FRAME_PAYLOAD_MAX,
               "the samples fit one reply");

/* What the interrupt works on. */
static struct {
    const abi_current_request_t *request;
    abi_current_sample_t *samples;
    uint32_t start;
    uint32_t due;
    volatile uint32_t count;
    volatile bool failed;
} sampler;

static bool sampling(void) {
    return !sampler.failed && sampler.count < sampler.request->sample_count;
}

/* A result is the mean over a whole conversion. So that a sample can be read at any moment, without
 * looking for the end of the conversion, the host asks for a period that no conversion exceeds: no
 * result is then read twice. The bus is busy for less than 0.1 ms. */
static void take_sample(void) {
    const uint32_t now = lptim_ticks();
    if (!sampling() || (int32_t)(now - sampler.due) < 0) {
        return;
    }
    abi_current_sample_t *sample = &sampler.samples[sampler.count];
    int16_t shunt_voltage = 0;
    if (sampler.request->address != 0 &&
        !ina219_shunt_voltage(sampler.request->address, &shunt_voltage)) {
        sampler.failed = true;
        return;
    }
    *sample = (abi_current_sample_t){.ticks = now - sampler.start, .shunt_voltage = shunt_voltage};
    sampler.count++;
    sampler.due = now + sampler.request->period_ticks;
}

static void start_sampling(void) {
    sampler.failed = sampler.request->address != 0 &&
                     !ina219_start(sampler.request->address, sampler.request->configuration);
    sampler.start = lptim_ticks();
    sampler.due = sampler.start + sampler.request->period_ticks;
    lptim_on_interrupt = take_sample;
}

static void sleep(void) {
    wait_for_interrupt();
}

static void spin(void) {
    for (uint32_t i = 0; i < SPIN_TURNS; i++) {
        __asm volatile("" ::: "memory");
    }
}

/* Sleeps or spins on the clock that the request names, until the samples are there. */
static abi_status_t measure_idle(abi_current_reply_t *reply, abi_error_reply_t *error) {
    static const abi_clock_t hsi = {.source = abi_clock_source_hsi};
    clock_plan_t plan, rest;
    if (clock_plan(&sampler.request->clock, sampler.request->hse_hz, &plan, error) ||
        clock_plan(&hsi, 0, &rest, error)) {
        return abi_status_clock_illegal;
    }
    void (*const idle)(void) = sampler.request->activity == abi_activity_sleep ? sleep : spin;
    measurement_begin();
    abi_status_t status = clock_apply(&plan);
    if (status == abi_status_ok) {
        start_sampling();
        const uint32_t start = lptim_ticks();
        uint32_t cycles = dwt_cycles();
        while (sampling()) {
            idle();
            const uint32_t now = dwt_cycles();
            reply->total_cycles += now - cycles;
            cycles = now;
        }
        reply->total_ticks = lptim_ticks() - start;
    }
    const uint32_t missing = clock_missing();
    lptim_on_interrupt = NULL;
    measurement_end();
    const bool resumed = schedule_ready() ? !schedule_idle(error) : !clock_apply(&rest);
    if (status || !resumed) {
        error->detail0 = missing;
        error->detail1 = 0;
        return abi_status_clock_timeout;
    }
    return abi_status_ok;
}

/* Runs layers over and over until the samples are there, and ends with a whole pass. */
static abi_status_t measure_layers(abi_current_reply_t *reply, abi_error_reply_t *error) {
    const uint32_t first = sampler.request->first_layer;
    const uint32_t end = first + sampler.request->layer_count;
    abi_status_t status = abi_status_ok;
    measurement_begin();
    for (uint32_t i = 0; i < sampler.request->warmup && status == abi_status_ok; i++) {
        status = inference_pass(first, end, abi_profile_level_off);
    }
    start_sampling();
    const uint32_t start = lptim_ticks();
    uint32_t cycles = dwt_cycles();
    while (sampling() && status == abi_status_ok) {
        status = inference_pass(first, end, abi_profile_level_off);
        reply->passes++;
        const uint32_t now = dwt_cycles();
        reply->total_cycles += now - cycles;
        cycles = now;
    }
    reply->total_ticks = lptim_ticks() - start;
    lptim_on_interrupt = NULL;
    measurement_end();
    if (status != abi_status_ok) {
        abi_error_reply_t ignored;
        inference_failure(status, error);
        schedule_idle(&ignored);
        return status;
    }
    return schedule_idle(error);
}

static abi_status_t check(request_t *request) {
    const abi_current_request_t *wanted = (const void *)request->payload;
    const uint32_t samples = wanted->sample_count;
    if (samples == 0 || samples > ABI_CURRENT_SAMPLES_MAX) {
        return request_refuse(request, abi_status_bad_argument, samples, ABI_CURRENT_SAMPLES_MAX);
    }
    if (wanted->period_ticks > ABI_TICK_HZ) {
        return request_refuse(request, abi_status_bad_argument, wanted->period_ticks, ABI_TICK_HZ);
    }
    if (wanted->activity > abi_activity_layers) {
        return request_refuse(request, abi_status_bad_argument, wanted->activity,
                              abi_activity_layers);
    }
    if (wanted->activity != abi_activity_layers) {
        return abi_status_ok;
    }
    if (!schedule_ready()) {
        return abi_status_bad_state;
    }
    const uint32_t end = (uint32_t)wanted->first_layer + wanted->layer_count;
    const uint32_t layers = image_header()->layer_count;
    return wanted->layer_count != 0 && end <= layers
               ? abi_status_ok
               : request_refuse(request, abi_status_bad_argument, end, layers);
}

abi_status_t current_measure(request_t *request) {
    abi_status_t status = check(request);
    if (status != abi_status_ok) {
        return status;
    }
    abi_current_reply_t *reply = (void *)request->reply;
    *reply = (abi_current_reply_t){0};
    sampler.request = (const void *)request->payload;
    sampler.samples = (void *)(request->reply + sizeof *reply);
    sampler.count = 0;
    status = sampler.request->activity == abi_activity_layers
                 ? measure_layers(reply, request->error)
                 : measure_idle(reply, request->error);
    if (status == abi_status_ok && sampler.failed) {
        return request_refuse(request, abi_status_no_sensor, i2c_levels(), I2C_LEVELS_AT_REST);
    }
    reply->sample_count = (uint16_t)sampler.count;
    request->reply_bytes = sizeof *reply + sampler.count * (uint32_t)sizeof(abi_current_sample_t);
    return status;
}
