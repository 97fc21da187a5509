#include "commands/commands.h"

#include <stdbool.h>

#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "commands/data_commands.h"
#include "core/core.h"
#include "core/memory.h"
#include "link/crc32.h"
#include "link/frame.h"
#include "link/request.h"
#include "link/usart.h"
#include "network/schedule.h"
#include "report/fault.h"
#include "report/identity.h"
#include "run/inference.h"
#include "run/measurement.h"
#include "sensor/current.h"
#include "sensor/i2c.h"
#include "sensor/ina219.h"

#define PROBE_STEPS 3u

/* What a handler needs to know of the payload: at least so many bytes, then whole items. */
typedef struct {
    uint8_t command;
    uint16_t fixed_bytes;
    uint16_t item_bytes; /* 0: none follow */
    abi_status_t (*handle)(request_t *request);
} command_t;

static frame_decoder_t decoder;
/* The last reply: header, payload, checksum. It is sent again where its request comes again. */
static uint8_t outgoing[FRAME_BODY_BYTES_MAX] __attribute__((aligned(4)));
static uint32_t outgoing_bytes;
static bool reset_wanted;

static abi_status_t handle_hello(request_t *request) {
    *(abi_hello_reply_t *)(void *)request->reply = identity();
    request->reply_bytes = sizeof(abi_hello_reply_t);
    return abi_status_ok;
}

static abi_status_t handle_schedule_begin(request_t *request) {
    return schedule_begin((const void *)request->payload, request->error);
}

static abi_status_t handle_schedule_clocks(request_t *request) {
    return schedule_clocks((const void *)request->payload, request->bytes / sizeof(abi_clock_t),
                           request->error);
}

static abi_status_t handle_schedule_layers(request_t *request) {
    return schedule_layers((const void *)request->payload,
                           request->bytes / sizeof(abi_layer_plan_t), request->error);
}

static abi_status_t handle_schedule_end(request_t *request) {
    return schedule_end(request->error);
}

static abi_status_t handle_run(request_t *request) {
    const abi_run_request_t *run = (const void *)request->payload;
    if (!schedule_ready()) {
        return abi_status_bad_state;
    }
    if (run->runs == 0) {
        return request_refuse(request, abi_status_bad_argument, run->runs, 1);
    }
    if (run->profile_level > abi_profile_level_segment) {
        return request_refuse(request, abi_status_bad_argument, run->profile_level,
                              abi_profile_level_segment);
    }
    if (run->idle_mode > abi_idle_mode_stop) {
        return request_refuse(request, abi_status_bad_argument, run->idle_mode, abi_idle_mode_stop);
    }
    if (run->window_ticks > ABI_WINDOW_TICKS_MAX) {
        return request_refuse(request, abi_status_bad_argument, run->window_ticks,
                              ABI_WINDOW_TICKS_MAX);
    }
    request->reply_bytes = sizeof(abi_run_reply_t);
    return inference_run(run, (void *)request->reply, request->error);
}

static abi_status_t handle_profile_read(request_t *request) {
    const abi_profile_read_t *read = (const void *)request->payload;
    const uint32_t bytes = read->layer_count * (uint32_t)sizeof(abi_profile_record_t);
    const uint32_t count = inference_profile_count();
    if (count == 0) {
        return abi_status_bad_state;
    }
    if (read->first_layer > count || read->layer_count > count - read->first_layer) {
        return request_refuse(request, abi_status_bad_argument,
                              (uint32_t)read->first_layer + read->layer_count, count);
    }
    if (bytes > ABI_FRAME_PAYLOAD_MAX) {
        return request_refuse(request, abi_status_bad_argument, bytes, ABI_FRAME_PAYLOAD_MAX);
    }
    memcpy(request->reply, inference_profile() + read->first_layer, bytes);
    request->reply_bytes = bytes;
    return abi_status_ok;
}

typedef struct {
    uint32_t ticks;
    bool relocked;
} step_t;

/* Goes to a, to b and back to a. A change that needed no relock is timed anew in each round, so
 * that the last round's figures are those of code in the cache, as in a DAE layer's loop. */
static abi_status_t probe_round(clock_plan_t *a, clock_plan_t *b, step_t *steps) {
    clock_plan_t *const plans[PROBE_STEPS] = {a, b, a};
    for (uint32_t i = 0; i < PROBE_STEPS; i++) {
        const uint32_t relocks = clock_counts().relocks;
        const uint32_t start = lptim_ticks();
        const abi_status_t status = clock_apply(plans[i]);
        const uint32_t end = lptim_ticks();
        if (status) {
            return status;
        }
        if (!steps[i].relocked) {
            steps[i].ticks = end - start;
            steps[i].relocked = clock_counts().relocks != relocks;
        }
    }
    return abi_status_ok;
}

static abi_status_t handle_clock_probe(request_t *request) {
    const abi_clock_probe_t *probe = (const void *)request->payload;
    static const abi_clock_t hsi = {.source = abi_clock_source_hsi};
    clock_plan_t a, b, rest;
    if (clock_plan(&probe->a, probe->hse_hz, &a, request->error) ||
        clock_plan(&probe->b, probe->hse_hz, &b, request->error) ||
        clock_plan(&hsi, 0, &rest, request->error)) {
        return abi_status_clock_illegal;
    }
    const uint32_t relocks = clock_counts().relocks;
    step_t steps[PROBE_STEPS] = {0};
    measurement_begin();
    abi_status_t status = probe_round(&a, &b, steps);
    if (status == abi_status_ok) {
        status = probe_round(&a, &b, steps);
    }
    const uint32_t missing = clock_missing();
    measurement_end();
    /* The line needs a clock that keeps up with it; a schedule has one of its own. */
    const bool resumed = schedule_ready() ? !schedule_idle(request->error) : !clock_apply(&rest);
    if (status || !resumed) {
        return request_refuse(request, abi_status_clock_timeout, missing, 0);
    }
    const clock_counts_t counts = clock_counts();
    *(abi_clock_probe_reply_t *)(void *)request->reply = (abi_clock_probe_reply_t){
        .to_a_ticks = steps[0].ticks,
        .to_b_ticks = steps[1].ticks,
        .to_a_again_ticks = steps[2].ticks,
        .lock_ticks = counts.relocks == relocks ? 0 : counts.lock_ticks,
    };
    request->reply_bytes = sizeof(abi_clock_probe_reply_t);
    return abi_status_ok;
}

static abi_status_t handle_ina219_read(request_t *request) {
    request->reply_bytes = sizeof(abi_ina219_reply_t);
    const abi_status_t status = ina219_read((const void *)request->payload, (void *)request->reply);
    return status ? request_refuse(request, status, i2c_levels(), I2C_LEVELS_AT_REST) : status;
}

static abi_status_t handle_fault_read(request_t *request) {
    *(abi_fault_report_t *)(void *)request->reply = fault_report();
    request->reply_bytes = sizeof(abi_fault_report_t);
    fault_forget();
    return abi_status_ok;
}

static abi_status_t handle_reset(request_t *request) {
    (void)request;
    reset_wanted = true;
    return abi_status_ok;
}

static const command_t commands[] = {
    {abi_command_hello, 0, 0, handle_hello},
    {abi_command_image_begin, sizeof(abi_image_begin_t), 0, data_image_begin},
    {abi_command_image_data, sizeof(abi_data_header_t), 1, data_image_data},
    {abi_command_image_end, 0, 0, data_image_end},
    {abi_command_image_use, 0, 0, data_image_end},
    {abi_command_input_write, sizeof(abi_data_header_t), 1, data_input_write},
    {abi_command_output_read, sizeof(abi_output_read_t), 0, data_output_read},
    {abi_command_schedule_begin, sizeof(abi_schedule_header_t), 0, handle_schedule_begin},
    {abi_command_schedule_clocks, 0, sizeof(abi_clock_t), handle_schedule_clocks},
    {abi_command_schedule_layers, 0, sizeof(abi_layer_plan_t), handle_schedule_layers},
    {abi_command_schedule_end, 0, 0, handle_schedule_end},
    {abi_command_run, sizeof(abi_run_request_t), 0, handle_run},
    {abi_command_profile_read, sizeof(abi_profile_read_t), 0, handle_profile_read},
    {abi_command_clock_probe, sizeof(abi_clock_probe_t), 0, handle_clock_probe},
    {abi_command_ina219_read, sizeof(abi_ina219_request_t), 0, handle_ina219_read},
    {abi_command_current_measure, sizeof(abi_current_request_t), 0, current_measure},
    {abi_command_fault_read, 0, 0, handle_fault_read},
    {abi_command_reset, 0, 0, handle_reset},
};

static abi_status_t dispatch(uint32_t code, request_t *request) {
    for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command_t *command = &commands[i];
        if (command->command != code) {
            continue;
        }
        const bool whole = request->bytes == command->fixed_bytes ||
                           (command->item_bytes != 0 && request->bytes > command->fixed_bytes &&
                            (request->bytes - command->fixed_bytes) % command->item_bytes == 0);
        return whole ? command->handle(request)
                     : request_refuse(request, abi_status_bad_length, request->bytes,
                                      (uint32_t)command->fixed_bytes + command->item_bytes);
    }
    return request_refuse(request, abi_status_bad_command, code, 0);
}

static uint8_t *outgoing_payload(void) {
    return outgoing + sizeof(abi_frame_header_t);
}

static void send(void) {
    frame_encode(outgoing, outgoing_bytes, usart_send);
    usart_flush();
    usart_discard(); /* a piece of a request that came too early would spoil the next */
}

/* Puts header and checksum around the payload, and sends. */
static void reply(uint32_t command, uint32_t sequence, uint32_t payload_bytes) {
    *(abi_frame_header_t *)(void *)outgoing = (abi_frame_header_t){
        .version = ABI_VERSION, .command = (uint8_t)command, .sequence = (uint16_t)sequence};
    const uint32_t body_bytes = sizeof(abi_frame_header_t) + payload_bytes;
    const uint32_t crc = crc32(outgoing, body_bytes);
    memcpy(outgoing + body_bytes, &crc, sizeof crc);
    outgoing_bytes = body_bytes + sizeof crc;
    send();
}

static void answer(const frame_decoder_t *frame) {
    const abi_frame_header_t *header = frame_header(frame);
    abi_error_reply_t error = {.layer = ABI_LAYER_NONE};
    request_t request = {
        .payload = frame_payload(frame),
        .bytes = frame_payload_bytes(frame),
        .reply = outgoing_payload(),
        .error = &error,
    };
    const abi_status_t status =
        header->version == ABI_VERSION
            ? dispatch(header->command, &request)
            : request_refuse(&request, abi_status_unsupported, header->version, ABI_VERSION);
    if (status == abi_status_ok) {
        reply(header->command | (uint32_t)abi_command_reply, header->sequence, request.reply_bytes);
        return;
    }
    error.status = (uint16_t)status;
    memcpy(outgoing_payload(), &error, sizeof error);
    reply(abi_command_error, header->sequence, sizeof error);
}

/* A fault before the last reset is told without being asked. */
static void announce_fault(void) {
    usart_send(0); /* ends whatever the reset left on the line */
    if (fault_pending()) {
        const abi_fault_report_t report = fault_report();
        memcpy(outgoing_payload(), &report, sizeof report);
        reply((uint32_t)abi_command_fault_read | (uint32_t)abi_command_reply,
              ABI_UNSOLICITED_SEQUENCE, sizeof report);
    }
}

_Noreturn void commands_serve(void) {
    uint8_t last[FRAME_CRC_BYTES] = {0};
    bool answered = false;
    frame_decoder_init(&decoder);
    announce_fault();
    usart_listen();
    for (;;) {
        if (!frame_decode(&decoder, usart_receive())) {
            continue;
        }
        /* A request that comes again got no reply through: the same checksum covers the same
         * sequence number. A greeting is answered anew, since a new host may begin with it. */
        const uint8_t *crc = decoder.body + decoder.length - FRAME_CRC_BYTES;
        if (answered && memcmp(crc, last, sizeof last) == 0 &&
            frame_header(&decoder)->command != abi_command_hello) {
            send();
            continue;
        }
        memcpy(last, crc, sizeof last);
        answered = true;
        answer(&decoder);
        if (reset_wanted) {
            core_reset();
        }
    }
}
