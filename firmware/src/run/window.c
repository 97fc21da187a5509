#include "run/window.h"

#include "clocks/lptim.h"
#include "core/core.h"
#include "run/idle.h"
#include "run/marker.h"

static struct {
    abi_idle_mode_t mode;
    uint32_t ticks;
    uint32_t start;
    uint32_t length;
    uint32_t overrun;
} window;

abi_status_t window_prepare(abi_idle_mode_t mode, uint32_t ticks, abi_error_reply_t *error) {
    window.mode = mode;
    window.ticks = ticks;
    interrupts_disable();
    abi_status_t status = idle_begin(mode, error);
    if (status == abi_status_ok) {
        status = idle_enter(mode, error);
    }
    interrupts_enable();
    return status;
}

/* Pin, then time, at either end: what lies between them is the same. */
void window_open(void) {
    marker_window(1);
    window.start = lptim_ticks();
}

static void shut(void) {
    marker_window(0);
    window.length = lptim_ticks() - window.start;
}

abi_status_t window_close(abi_error_reply_t *error) {
    const uint32_t end = window.start + window.ticks;
    const int32_t left = (int32_t)(end - lptim_ticks());
    window.overrun = left < 0 ? (uint32_t)-left : 0;
    abi_status_t status = abi_status_ok;
    interrupts_disable();
    if (left > (int32_t)ABI_WINDOW_ENTRY_TICKS) {
        status = idle_enter(window.mode, error);
        if (status == abi_status_ok) {
            idle_until(window.mode, end);
        }
        shut();
    } else {
        idle_until(abi_idle_mode_sleep, end);
        shut();
        status = idle_enter(window.mode, error);
    }
    interrupts_enable();
    return status;
}

void window_dismiss(void) {
    marker_window(0);
    idle_end(window.mode);
}

uint32_t window_length(void) {
    return window.length;
}

uint32_t window_overrun(void) {
    return window.overrun;
}
