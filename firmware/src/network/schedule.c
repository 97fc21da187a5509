#include "network/schedule.h"

#include "clocks/clock.h"
#include "core/memory.h"
#include "kernels/kernels.h"
#include "network/image.h"

static abi_schedule_header_t header;
static clock_plan_t clocks[ABI_CLOCKS_MAX];
static abi_layer_plan_t layers[ABI_LAYERS_MAX];

/* How far a new schedule has come; nothing runs before it is whole. */
static enum { NONE, BEGUN, CLOCKS_GIVEN, LAYERS_GIVEN, READY } stage;

static abi_status_t refuse(abi_error_reply_t *error, abi_status_t status, uint32_t asked,
                           uint32_t allowed) {
    stage = NONE;
    error->status = (uint16_t)status;
    error->detail0 = asked;
    error->detail1 = allowed;
    return status;
}

void schedule_default(void) {
    static const abi_clock_t hsi = {.source = abi_clock_source_hsi};
    abi_error_reply_t error;
    header = (abi_schedule_header_t){.layer_count = image_header()->layer_count, .clock_count = 1};
    clock_plan(&hsi, 0, &clocks[0], &error);
    for (uint32_t i = 0; i < header.layer_count; i++) {
        layers[i] = (abi_layer_plan_t){.lfo = ABI_NO_CLOCK};
    }
    stage = READY;
}

abi_status_t schedule_begin(const abi_schedule_header_t *new_header, abi_error_reply_t *error) {
    stage = NONE;
    if (!image_ready()) {
        return refuse(error, abi_status_bad_state, 0, 0);
    }
    if (new_header->layer_count != image_header()->layer_count) {
        return refuse(error, abi_status_bad_argument, new_header->layer_count,
                      image_header()->layer_count);
    }
    if (new_header->clock_count == 0 || new_header->clock_count > ABI_CLOCKS_MAX) {
        return refuse(error, abi_status_bad_argument, new_header->clock_count, ABI_CLOCKS_MAX);
    }
    if (new_header->idle_clock >= new_header->clock_count) {
        return refuse(error, abi_status_bad_argument, new_header->idle_clock,
                      new_header->clock_count - 1u);
    }
    header = *new_header;
    stage = BEGUN;
    return abi_status_ok;
}

abi_status_t schedule_clocks(const abi_clock_t *new_clocks, uint32_t count,
                             abi_error_reply_t *error) {
    if (stage != BEGUN) {
        return refuse(error, abi_status_bad_state, 0, 0);
    }
    if (count != header.clock_count) {
        return refuse(error, abi_status_bad_length, count, header.clock_count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (clock_plan(&new_clocks[i], header.hse_hz, &clocks[i], error)) {
            stage = NONE;
            return abi_status_clock_illegal;
        }
    }
    if (clocks[header.idle_clock].hclk_hz < ABI_IDLE_HCLK_HZ_MIN) {
        return refuse(error, abi_status_clock_illegal, clocks[header.idle_clock].hclk_hz,
                      ABI_IDLE_HCLK_HZ_MIN);
    }
    stage = CLOCKS_GIVEN;
    return abi_status_ok;
}

static abi_status_t check_layer(const abi_layer_plan_t *plan, const abi_layer_t *layer,
                                abi_error_reply_t *error) {
    if (plan->hfo >= header.clock_count) {
        return refuse(error, abi_status_bad_argument, plan->hfo, header.clock_count - 1u);
    }
    if (plan->lfo != ABI_NO_CLOCK && plan->lfo >= header.clock_count) {
        return refuse(error, abi_status_bad_argument, plan->lfo, header.clock_count - 1u);
    }
    const uint32_t needed = kernel_scratch_bytes(layer, image_tensors(), plan->granularity);
    if (needed > ABI_SCRATCH_BYTES) {
        return refuse(error, abi_status_buffer_too_small, needed, ABI_SCRATCH_BYTES);
    }
    return abi_status_ok;
}

abi_status_t schedule_layers(const abi_layer_plan_t *new_layers, uint32_t count,
                             abi_error_reply_t *error) {
    if (stage != CLOCKS_GIVEN) {
        return refuse(error, abi_status_bad_state, 0, 0);
    }
    if (count != header.layer_count) {
        return refuse(error, abi_status_bad_length, count, header.layer_count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const abi_status_t status = check_layer(&new_layers[i], &image_layers()[i], error);
        if (status != abi_status_ok) {
            error->layer = (uint16_t)i;
            return status;
        }
    }
    memcpy(layers, new_layers, count * sizeof layers[0]);
    stage = LAYERS_GIVEN;
    return abi_status_ok;
}

static bool uses_pll(void) {
    for (uint32_t i = 0; i < header.clock_count; i++) {
        if (clocks[i].pllcfgr != 0) {
            return true;
        }
    }
    return false;
}

abi_status_t schedule_end(abi_error_reply_t *error) {
    if (stage != LAYERS_GIVEN) {
        return refuse(error, abi_status_bad_state, 0, 0);
    }
    if (schedule_idle(error)) {
        stage = NONE;
        return abi_status_clock_timeout;
    }
    /* A PLL that nothing uses would only draw current. */
    if (!uses_pll() && clock_stop_pll()) {
        return refuse(error, abi_status_clock_timeout, clock_missing(), header.idle_clock);
    }
    stage = READY;
    return abi_status_ok;
}

void schedule_forget(void) {
    stage = NONE;
}

bool schedule_ready(void) {
    return stage == READY;
}

const abi_layer_plan_t *schedule_layer(uint32_t layer) {
    return &layers[layer];
}

clock_plan_t *schedule_clock(uint32_t index) {
    return &clocks[index];
}

abi_status_t schedule_idle(abi_error_reply_t *error) {
    if (clock_apply(&clocks[header.idle_clock])) {
        error->status = abi_status_clock_timeout;
        error->detail0 = clock_missing();
        error->detail1 = header.idle_clock;
        return abi_status_clock_timeout;
    }
    return abi_status_ok;
}
