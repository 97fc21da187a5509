/* Granularity and clocks of every layer. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>

#include "abi.h"
#include "clocks/clock_plan.h"

/* The schedule of an image that has been given none: g = 0 everywhere, on the HSI. */
void schedule_default(void);

/* The steps of a new schedule, in this order. A refused one leaves none. */
abi_status_t schedule_begin(const abi_schedule_header_t *header, abi_error_reply_t *error);
abi_status_t schedule_clocks(const abi_clock_t *clocks, uint32_t count, abi_error_reply_t *error);
abi_status_t schedule_layers(const abi_layer_plan_t *layers, uint32_t count,
                             abi_error_reply_t *error);
abi_status_t schedule_end(abi_error_reply_t *error);

void schedule_forget(void);
bool schedule_ready(void);

const abi_layer_plan_t *schedule_layer(uint32_t layer);
clock_plan_t *schedule_clock(uint32_t index);

/* The clock between inferences. */
abi_status_t schedule_idle(abi_error_reply_t *error);

#endif
