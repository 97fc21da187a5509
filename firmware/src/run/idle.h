/* How the core waits for the end of a window. Interrupts have to be disabled in all of this, after
 * lptim_extend. */
#ifndef IDLE_H
#define IDLE_H

#include <stdint.h>

#include "abi.h"

/* Readies a mode. On a failure `error` tells which clock did not come. */
abi_status_t idle_begin(abi_idle_mode_t mode, abi_error_reply_t *error);

/* Takes the clocks to the mode's state, from which its inferences start. */
abi_status_t idle_enter(abi_idle_mode_t mode, abi_error_reply_t *error);

/* In the mode's state: waits until a time, to within a few core cycles. */
void idle_until(abi_idle_mode_t mode, uint32_t time);

/* Undoes idle_begin. */
void idle_end(abi_idle_mode_t mode);

#endif
