/* A window: an inference, then idle time until a fixed time after its start. Its pin is high
 * meanwhile. Windows follow each other; each begins in the idle state. */
#ifndef WINDOW_H
#define WINDOW_H

#include "abi.h"

/* Before the first window: enters the idle state without waiting in it. */
abi_status_t window_prepare(abi_idle_mode_t mode, uint32_t ticks, abi_error_reply_t *error);

/* Around the inference. Where that took longer than the window there is no idle time. */
void window_open(void);
abi_status_t window_close(abi_error_reply_t *error);

/* After the last window, or where something failed. */
void window_dismiss(void);

/* Of the last window: its length, and how much the inference exceeded what was asked. */
uint32_t window_length(void);
uint32_t window_overrun(void);

#endif
